"""Analyses of yes-or-no, ordered, counted or recurring outcomes take any trial, however small, and say what they found.

A look may come when an arm has nobody, one patient, or nobody known: the answer is a number or a reason, never neither.
"""

import numpy as np
import pytest

from trialsim.analysis.comparisons import OK, REASONS
from trialsim.analysis.event_rates import rate_ratios
from trialsim.analysis.logistic import logistic_regression
from trialsim.analysis.mantel_haenszel import cochran_mantel_haenszel, log_ratios
from trialsim.analysis.proportional_odds import proportional_odds
from trialsim.analysis.recurrent_events import recurrent_events
from trialsim.analysis.score_test import score_test
from trialsim.analysis.win_ratio import Outcome, win_ratio

MEASURES = ("risk_difference", "risk_ratio", "odds_ratio")
PAIRS, ALPHA = [(1, 0), (2, 0), (2, 1)], 0.05


def tiny_trials(seed, n_trials=1500):
    """Rows of trials of 0 to 20 patients in three arms and two strata, with each trial's own share of successes."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 21, n_trials)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    n = offsets[-1]
    of_trial = np.repeat(np.arange(n_trials), sizes)
    share = rng.choice([0.0, 0.2, 0.5, 0.8, 1.0], n_trials)[of_trial]
    arm = np.minimum(rng.integers(0, 3, n), rng.integers(0, 3, n_trials)[of_trial])
    stratum = rng.integers(-1, 2, n)
    x = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n).round(1))
    y = np.where(rng.random(n) < 0.1, np.nan, (rng.random(n) < share) * 1.0)
    return y, arm, offsets, x[:, None], stratum, rng


def check(found, may_be_infinite=False):
    is_ok = found.status == OK
    assert set(np.unique(found.status)) <= set(REASONS)
    assert 0.005 < is_ok.mean() < 1.0
    for name in ("estimate", "se", "statistic", "p_value"):
        values = getattr(found, name)
        assert np.isfinite(values[is_ok]).all(), name
    assert ((found.p_value[is_ok] >= 0) & (found.p_value[is_ok] <= 1)).all()
    assert (found.se[is_ok] > 0).all()
    assert np.isnan(found.p_value[~is_ok]).all() and np.isnan(found.lower[~is_ok]).all()
    assert not np.isnan(found.lower[is_ok]).any() and not np.isnan(found.upper[is_ok]).any()
    assert (found.lower[is_ok] <= found.upper[is_ok]).all()
    assert may_be_infinite or np.isfinite(found.upper[is_ok] - found.lower[is_ok]).all()
    assert (found.df[is_ok] == np.inf).all()
    assert (np.minimum(found.n_treated, found.n_control)[is_ok] > 0).all()


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("n_strata", [0, 2])
@pytest.mark.parametrize("margin", [0.0, -0.15])
@pytest.mark.parametrize("is_corrected", [True, False])
def test_score_tests(measure, n_strata, margin, is_corrected):
    y, arm, offsets, _, stratum, _ = tiny_trials(1)
    of = (y, arm, offsets, stratum, n_strata, PAIRS, [1, -1, 1], ALPHA, margin)
    found = score_test(measure, *of, is_corrected=is_corrected)
    check(found, may_be_infinite=True)
    is_ok = found.status == OK
    for c, better in enumerate((1, -1, 1)):
        bound = found.lower[:, c] if better == 1 else -found.upper[:, c]
        beyond = bound[is_ok[:, c]] > margin * better + 1e-9
        assert (beyond == (found.p_value[is_ok[:, c], c] < ALPHA - 1e-9)).all()


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("n_strata", [0, 2])
def test_mantel_haenszel(measure, n_strata):
    y, arm, offsets, _, stratum, _ = tiny_trials(2)
    of = (y, arm, offsets, stratum, n_strata, PAIRS, 1, ALPHA)
    check(cochran_mantel_haenszel(measure, *of))
    if measure != "risk_difference":
        check(log_ratios(measure, *of))


@pytest.mark.parametrize("measure", (*MEASURES, "conditional_odds_ratio"))
@pytest.mark.parametrize("has_fallback", [True, False])
@pytest.mark.parametrize("n_strata", [0, 2])
def test_logistic_regression(measure, has_fallback, n_strata):
    y, arm, offsets, x, stratum, _ = tiny_trials(3)
    for variance in ("robust", "model"):
        check(
            logistic_regression(
                measure, y, arm, offsets, x, stratum, n_strata, PAIRS, 1, ALPHA, variance=variance,
                has_fallback=has_fallback,
            )
        )  # fmt: skip


@pytest.mark.parametrize("distribution", ["poisson", "negative_binomial"])
@pytest.mark.parametrize("variance", ["model", "robust"])
def test_rates(distribution, variance):
    y, arm, offsets, x, stratum, rng = tiny_trials(4)
    count = np.where(np.isnan(y), np.nan, y * rng.poisson(3.0, y.size))
    exposure = rng.uniform(0.1, 2.0, y.size)
    found = rate_ratios(distribution, count, exposure, arm, offsets, x, stratum, 2, PAIRS, 1, ALPHA, variance=variance)
    check(found.comparisons)


def test_proportional_odds():
    y, arm, offsets, x, stratum, rng = tiny_trials(5)
    category = np.where(np.isnan(y), np.nan, rng.integers(0, 4, y.size) * y)
    check(proportional_odds(category, arm, offsets, x, stratum, 2, PAIRS, 1, ALPHA))


@pytest.mark.parametrize("variance", ["model", "robust"])
def test_recurrent_events(variance):
    y, arm, offsets, _, stratum, rng = tiny_trials(6)
    ends = np.where(np.isnan(y), np.nan, rng.integers(1, 9, y.size))
    count = rng.poisson(np.where(np.isnan(y), 0.0, 2.0 * y))
    divided = np.concatenate([[0], np.cumsum(count)])
    days = rng.integers(1, 9, divided[-1]) * 1.0
    for n_strata in (0, 2):
        of = (days, divided, ends, arm, offsets, stratum, n_strata, PAIRS, 1, ALPHA)
        check(recurrent_events(*of, variance=variance))


@pytest.mark.parametrize("measure", ["net_benefit", "win_ratio", "win_odds"])
def test_win_ratio(measure):
    y, arm, offsets, x, _, rng = tiny_trials(7)
    outcomes = (
        Outcome(values=y + rng.integers(0, 3, y.size), events=rng.random(y.size) < 0.6),
        Outcome(values=x[:, 0]),
    )
    check(win_ratio(measure, outcomes, arm, offsets, PAIRS, ALPHA).comparisons)
