"""Mantel-Haenszel estimates and the Cochran-Mantel-Haenszel test against R."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.verification.peers.test_two_by_two import rows
from trialsim.analysis.comparisons import NO_VARIANCE, NOT_ESTIMABLE, OK
from trialsim.analysis.mantel_haenszel import cochran_mantel_haenszel, log_ratios
from trialsim.analysis.risk_difference import risk_difference
from trialsim.analysis.score_test import score_test
from trialsim.foundation.distributions import t_cdf, t_quantile

RECORD = json.loads((Path(__file__).parent / "mantel_haenszel.json").read_text())


@pytest.mark.parametrize("case", RECORD["cases"], ids=lambda c: f"{c['table']}-{c['measure']}")
def test_estimates_variances_and_tests_are_those_of_r(case):
    strata = RECORD["tables"][case["table"]]
    y, arm, stratum = rows(strata)
    of = (y, arm, [0, y.size], stratum, len(strata), [(1, 0)], -1, 0.025)
    wald = risk_difference(*of) if case["measure"] == "risk_difference" else log_ratios(case["measure"], *of)
    found = cochran_mantel_haenszel(case["measure"], *of)
    for each in (wald, found):
        assert (each.estimate[0, 0], each.se[0, 0]) == pytest.approx((case["estimate"], case["se"]), rel=1e-10)
        half = -t_quantile(0.025, np.inf) * case["se"]
        limits = case["estimate"] - half, case["estimate"] + half
        assert (each.lower[0, 0], each.upper[0, 0]) == pytest.approx(limits, rel=1e-10)
    if case["chi"] is not None:
        assert found.statistic[0, 0] ** 2 == pytest.approx(case["chi"], rel=1e-10)
        assert found.p_value[0, 0] == t_cdf(found.statistic[0, 0], np.inf)


def test_the_cmh_test_is_the_corrected_score_test_of_no_difference():
    rng = np.random.default_rng(5)
    y, arm, stratum = (rng.random(6000) < 0.2) * 1.0, rng.integers(0, 2, 6000), rng.integers(0, 3, 6000)
    of = (y, arm, np.arange(0, 6001, 60), stratum, 3, [(1, 0)], 1, 0.025)
    for measure in ("risk_difference", "risk_ratio", "odds_ratio"):
        score = score_test(measure, *of)
        cmh = cochran_mantel_haenszel(measure, *of)
        assert score.statistic == pytest.approx(cmh.statistic, rel=1e-9, abs=1e-12)


def test_a_ratio_without_events_in_one_arm_is_tested_but_has_no_wald_test():
    y, arm, stratum = rows([(20, 0, 20, 5), (10, 0, 10, 2)])
    of = (y, arm, [0, y.size], stratum, 2, [(1, 0)], -1, 0.025)
    for measure in ("risk_ratio", "odds_ratio"):
        wald, cmh = log_ratios(measure, *of), cochran_mantel_haenszel(measure, *of)
        score = score_test(measure, *of)
        assert wald.status[0, 0] == NOT_ESTIMABLE
        assert np.isnan(wald.estimate[0, 0])
        assert cmh.status[0, 0] == score.status[0, 0] == OK
        assert cmh.p_value[0, 0] == pytest.approx(score.p_value[0, 0], rel=1e-9)
        assert np.isfinite(cmh.lower[0, 0])
        assert score.lower[0, 0] == -np.inf
        assert -4 < cmh.estimate[0, 0] < -1
        assert -4 < score.estimate[0, 0] < -1


def test_nobody_succeeds_is_no_variance():
    y, arm, stratum = rows([(20, 0, 20, 0)])
    of = (y, arm, [0, y.size], stratum, 1, [(1, 0)], -1, 0.025)
    for measure in ("risk_ratio", "odds_ratio"):
        for found in (log_ratios(measure, *of), cochran_mantel_haenszel(measure, *of), score_test(measure, *of)):
            assert found.status[0, 0] == NO_VARIANCE
            assert np.isnan(found.p_value[0, 0])
