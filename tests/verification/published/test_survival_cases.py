"""Published analyses of times to an event: numbers printed in vignettes and manuals of other programs, to their digits.

The data stand in `../peers/survival.json` and `survival_trials.json`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.cox import cox
from trialsim.analysis.kaplan_meier import survival_quantiles
from trialsim.analysis.log_rank import PLAIN, fleming_harrington, log_rank
from trialsim.analysis.max_combo import max_combo
from trialsim.analysis.survival_difference import rmst_difference, rmst_ratio

HERE = Path(__file__).parent
TRIALS = json.loads((HERE / "survival_trials.json").read_text(encoding="utf-8"))
RECORDED = json.loads((Path(__file__).parents[1] / "peers" / "survival.json").read_text(encoding="utf-8"))["data"]


def rows(name, unit=1.0):
    data = RECORDED[name]
    return np.array(data["time"]) / unit, np.array(data["event"]), np.array(data["arm"]), [0, len(data["time"])]


def test_restricted_means_of_primary_biliary_cirrhosis():
    # survRM2 1.0-4, vignette 3-2: time in years, tau = 10; difference, interval, two-sided p; ratio and its interval.
    at = [(1, 0)], 1, 0.025, 0.0, 10.0
    difference, ratio = rmst_difference(*rows("pbc", 365.25), *at), rmst_ratio(*rows("pbc", 365.25), *at)
    found = difference.estimate, difference.lower, difference.upper, 2.0 * (1.0 - difference.p_value)
    assert [v[0, 0] for v in found] == pytest.approx([-0.137, -0.939, 0.665, 0.738], abs=5e-4)
    found = ratio.estimate, ratio.lower, ratio.upper
    assert [np.exp(v[0, 0]) for v in found] == pytest.approx([0.981, 0.878, 1.096], abs=5e-4)


def test_restricted_means_of_veterans_and_of_leukaemia():
    # SAS PROC LIFETEST, as in the tests of lrstat. tau = 90: means 62.75618 and 56.45116, chi-square 1.2388, p 0.2657.
    result = rmst_difference(*rows("veteran"), [(1, 0)], 1, 0.025, 0.0, 90.0)
    assert result.estimate[0, 0] == pytest.approx(56.45116 - 62.75618, abs=1e-5)
    assert result.statistic[0, 0] ** 2 == pytest.approx(1.2388, abs=5e-5)
    assert 2.0 * (1.0 - result.p_value[0, 0]) == pytest.approx(0.2657, abs=5e-5)
    # The maintained of the leukaemia data, tau = 161: 52.64545 (19.8286), here beside an arm without an event.
    time, event, arm, _ = rows("aml")
    time, event = np.append(time[arm == 1], 200.0), np.append(event[arm == 1], 0)
    beside = rmst_difference(time, event, np.repeat([1, 0], [11, 1]), [0, 12], [(1, 0)], 1, 0.025, 0.0, 161.0)
    assert (161.0 + beside.estimate[0, 0], beside.se[0, 0]) == pytest.approx((52.64545, 19.8286), abs=5e-5)


def test_log_rank_medians_and_max_combo_of_leukaemia():
    # survdiff of survival 3.5-3; simtrial's vignette on MaxCombo: both statistics and p.
    data = rows("aml")
    plain = log_rank(*data, None, 0, [(1, 0)], -1, 0.025)
    weighted = log_rank(*data, None, 0, [(1, 0)], -1, 0.025, fleming_harrington(1.0, 0.0))
    assert plain.statistic[0, 0] ** 2 == pytest.approx(3.396389, abs=1e-6)
    assert weighted.statistic[0, 0] ** 2 == pytest.approx(2.77928, abs=1e-5)
    assert survival_quantiles(*data, 2).value[0].tolist() == [23.0, 31.0]
    combined = max_combo(*data, None, 0, [(1, 0)], -1, 0.025, (PLAIN, fleming_harrington(0.0, 1.0)))
    assert -combined.statistic[0, 0] == pytest.approx([1.842929, 1.621762], abs=1e-6)
    assert combined.comparisons.p_value[0, 0] == pytest.approx(0.0491509, abs=1e-7)


def test_log_rank_and_cox_of_lung_cancer():
    # survdiff and coxph of survival 3.5-3: chi-square for sex, coefficient and standard error.
    data = rows("lung")
    assert log_rank(*data, None, 0, [(1, 0)], -1, 0.025).statistic[0, 0] ** 2 == pytest.approx(10.32674, abs=1e-5)
    fit = cox(*data, None, None, 0, [(1, 0)], -1, 0.025)
    assert (fit.estimate[0, 0], fit.se[0, 0]) == pytest.approx((-0.53102, 0.16718), abs=1e-5)


@pytest.mark.parametrize(
    ("event", "ratios", "interval"),
    [("death", [0.9737, 0.6896], (0.5464, 0.8703)), ("recurrence", [0.985, 0.5992], None)],
)
def test_three_arms_of_colon_cancer(event, ratios, interval):
    # coxph of survival 3.5-3, reference observation, ties after Efron; the interval is that of the combination.
    data = {name: np.array(v) for name, v in TRIALS["colon"].items() if name != "what"}
    rows = data[f"{event}_time"], data[event], data["arm"], [0, data["arm"].size]
    fit = cox(*rows, None, None, 0, [(1, 0), (2, 0)], -1, 0.025)
    assert np.exp(fit.estimate[0]) == pytest.approx(ratios, abs=5e-5)
    if interval is not None:
        assert (np.exp(fit.lower[0, 1]), np.exp(fit.upper[0, 1])) == pytest.approx(interval, abs=5e-5)


def test_hormones_in_breast_cancer():
    data = {name: np.array(v) for name, v in TRIALS["gbsg2"].items() if name != "what"}
    assert (data["time"].size, data["event"].sum()) == (686, 299)
    fit = cox(data["time"], data["event"], data["arm"], [0, 686], None, None, 0, [(1, 0)], -1, 0.025)
    found = fit.estimate[0, 0], fit.lower[0, 0], fit.upper[0, 0]
    assert np.exp(found) == pytest.approx([0.6949, 0.5438, 0.8879], abs=5e-5)


def test_veterans_adjusted_for_everything():
    data = {name: np.array(v) for name, v in TRIALS["veteran"].items() if name != "what"}
    kinds = [data["celltype"] == k for k in (1, 2, 3)]
    covariates = np.column_stack([*kinds, data["karno"], data["diagtime"], data["age"], data["prior"]]).astype(float)
    fit = cox(data["time"], data["event"], data["arm"], [0, 137], covariates, None, 0, [(1, 0)], -1, 0.025)
    assert fit.estimate[0, 0] == pytest.approx(0.2946, abs=5e-5)
