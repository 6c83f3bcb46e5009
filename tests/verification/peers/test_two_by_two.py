"""Score tests of two shares against R, statsmodels and numbers printed in papers."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom
from statsmodels.stats import proportion

from trialsim.analysis.comparisons import OK
from trialsim.analysis.restricted_shares import DIFFERENCE, scored
from trialsim.analysis.score_test import score_test
from trialsim.foundation.distributions import t_quantile

RECORD = json.loads((Path(__file__).parent / "two_by_two.json").read_text())
MEASURES = {"risk_difference": "diff", "risk_ratio": "ratio", "odds_ratio": "odds-ratio"}


def rows(strata):
    """Patients of tables (n1, y1, n0, y0): their successes, arms and strata."""
    success, arm, stratum = [], [], []
    for s, (n1, y1, n0, y0) in enumerate(strata):
        success += [1.0] * y1 + [0.0] * (n1 - y1) + [1.0] * y0 + [0.0] * (n0 - y0)
        arm += [1] * n1 + [0] * n0
        stratum += [s] * (n1 + n0)
    return np.array(success), np.array(arm), np.array(stratum)


def compared(measure, strata, is_stratified=True, margin=0.0, corrected=True, better=1, alpha=0.025):
    y, arm, stratum = rows(strata)
    n_strata = len(strata) if is_stratified else 0
    found = score_test(
        measure, y, arm, [0, y.size], stratum, n_strata, [(1, 0)], better, alpha, margin, is_corrected=corrected
    )
    assert (found.status == OK).all()
    return found


@pytest.mark.parametrize("case", RECORD["cases"], ids=lambda c: f"{c['table']}-{c['measure']}")
def test_score_tests_and_their_limits_are_those_of_r(case):
    found = compared(
        case["measure"], RECORD["tables"][case["table"]], case["stratified"], case["null"], case["corrected"]
    )
    assert found.statistic[0, 0] == pytest.approx(case["z"], rel=1e-8, abs=1e-8)
    assert (found.lower[0, 0], found.upper[0, 0]) == pytest.approx(case["limits"], rel=1e-7, abs=1e-8)
    assert found.lower[0, 0] < found.estimate[0, 0] < found.upper[0, 0]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("corrected", [True, False])
@pytest.mark.parametrize("table", [(30, 14, 50, 31), (200, 3, 180, 9), (11, 10, 9, 4)])
def test_unstratified_score_tests_are_those_of_statsmodels(measure, corrected, table):
    n1, y1, n0, y0 = table
    value = 0.0 if measure == "risk_difference" else 1.3  # its tests of other differences are not those of R and print
    margin = value if measure == "risk_difference" else np.log(value)
    found = compared(measure, [table], False, margin, corrected)
    peer = proportion.test_proportions_2indep(
        y1, n1, y0, n0, value=value, method="score", compare=MEASURES[measure], alternative="larger",
        correction=corrected,
    )  # fmt: skip
    assert found.statistic[0, 0] == pytest.approx(peer.statistic, rel=1e-9)
    assert found.p_value[0, 0] == pytest.approx(peer.pvalue, rel=1e-7)
    if measure == "risk_ratio":
        limits = np.log(proportion.confint_proportions_2indep(
            y1, n1, y0, n0, method="score", compare="ratio", correction=corrected
        ))  # fmt: skip
        assert (found.lower[0, 0], found.upper[0, 0]) == pytest.approx(limits, abs=2e-5)


# Newcombe (1998, Statistics in Medicine 17:873-890, table II): Mee's interval and that of Miettinen and Nurminen
@pytest.mark.parametrize(
    ("table", "corrected", "limits"),
    [
        ((70, 56, 80, 48), True, (0.0528, 0.3382)),
        ((70, 56, 80, 48), False, (0.0533, 0.3377)),
        ((10, 9, 10, 3), True, (0.1700, 0.8406)),
        ((10, 9, 10, 3), False, (0.1821, 0.8370)),
        ((10, 10, 20, 0), True, (0.7156, 1.0000)),
    ],
)
def test_intervals_for_a_difference_are_those_in_print(table, corrected, limits):
    found = compared("risk_difference", [table], False, 0.0, corrected)
    assert (found.lower[0, 0], found.upper[0, 0]) == pytest.approx(limits, abs=5.1e-5)


# Friede, Mitchell and Mueller-Velten (2007), and PASS 16.0.3, as asserted by the tests of the R package blindrecalc
@pytest.mark.parametrize(
    ("per_arm", "share", "margin", "power"),
    [
        (329, 0.3, 0.1, 0.8005762),
        (32, 0.2, 0.2, 0.5107838),
        (40, 0.3, 0.2, 0.5123605),
        (45, 0.4, 0.2, 0.5083387),
        (46, 0.5, 0.2, 0.5026442),
        (11, 0.2, 0.2, 0.2192882),
        (18, 0.5, 0.2, 0.2123263),
    ],
)
def test_exact_power_of_farrington_and_manning_is_the_published_one(per_arm, share, margin, power):
    chance = binom.pmf(np.arange(per_arm + 1), per_arm, share)
    critical = -t_quantile(0.025, np.inf)
    total = 0.0
    for y1 in range(per_arm + 1):
        for y0 in range(per_arm + 1):
            score, variance, _ = scored(DIFFERENCE, per_arm, y1, per_arm, y0, -margin)
            if variance > 0 and score > critical * np.sqrt(variance):
                total += chance[y1] * chance[y0]
    assert total == pytest.approx(power, abs=1e-7)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("better", [1, -1])
def test_a_p_value_below_alpha_is_an_interval_beyond_the_margin(measure, better):
    rng = np.random.default_rng(4)
    y, arm, stratum = (rng.random(400 * 60) < 0.3) * 1.0, rng.integers(0, 2, 400 * 60), rng.integers(0, 3, 400 * 60)
    margin = -0.1 * better if measure == "risk_difference" else -0.2 * better
    found = score_test(measure, y, arm, np.arange(0, 24001, 60), stratum, 3, [(1, 0)], better, 0.1, margin)
    bound = found.lower if better == 1 else -found.upper
    assert (found.status == OK).all()
    assert 20 < (found.p_value < 0.1).sum() < 300
    assert ((found.p_value < 0.1) == (bound > -abs(margin))).all()


# N in all by gsDesign 3.11 and rpact 3.3.4, which take a normal approximation; the power of the whole tables is near it
@pytest.mark.parametrize(
    ("per_arm", "shares", "margin", "power"),
    [(476, (0.65, 0.65), -0.1, 0.9), (686, (0.15, 0.10), 0.0, 0.8), (161, (0.30, 0.15), 0.0, 0.9)],
)
def test_designs_of_other_programs_have_their_power(per_arm, shares, margin, power):
    chance = [binom.pmf(np.arange(per_arm + 1), per_arm, share) for share in shares]
    low = [int(binom.ppf(1e-7, per_arm, share)) for share in shares]
    high = [int(binom.ppf(1 - 1e-7, per_arm, share)) for share in shares]
    critical = -t_quantile(0.025, np.inf)
    total = 0.0
    for y1 in range(low[0], high[0] + 1):
        for y0 in range(low[1], high[1] + 1):
            score, variance, _ = scored(DIFFERENCE, per_arm, y1, per_arm, y0, margin)
            if score > critical * np.sqrt(variance):
                total += chance[0][y1] * chance[1][y0]
    assert total == pytest.approx(power, abs=0.004)
