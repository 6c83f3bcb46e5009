"""Scores of patients at points in time: standard normal, correlated as said, moved by no other point."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.statistics import assert_matches
from trialsim.cohort.model import TimeCorrelation
from trialsim.cohort.time_scores import counts, time_scores

N = 40_000
TRIALS, PATIENTS = np.zeros(N, dtype=np.int64), np.arange(N)
DAYS = (-14.0, 0.0, 28.0, 84.0)
TABLE = TimeCorrelation(
    kind="table", table=((-14.0, ()), (0.0, (0.8,)), (28.0, (0.6, 0.7)), (84.0, (0.3, 0.45, 0.6)))
)
KINDS = {
    "none": (TimeCorrelation(kind="none"), lambda s, t: 0.0),
    "exchangeable": (TimeCorrelation(kind="exchangeable", value=0.6), lambda s, t: 0.6),
    "ar1": (TimeCorrelation(kind="ar1", value=0.7, over=28.0), lambda s, t: 0.7 ** (abs(s - t) / 28.0)),
    "table": (TABLE, lambda s, t: dict(TABLE.table)[max(s, t)][DAYS.index(min(s, t))]),
}


def scores(correlation, day, patients=PATIENTS):
    return time_scores("sbp", correlation, day, 1, TRIALS[: patients.size], patients)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_standard_normal_and_correlated_as_said(kind):
    correlation, known = KINDS[kind]
    found = {day: scores(correlation, day) for day in DAYS}
    for i, day in enumerate(DAYS):
        assert_matches(found[day].mean(), 0.0, 1.0 / np.sqrt(N), detects=0.05)
        assert_matches(found[day].var(), 1.0, np.sqrt(2.0 / N), detects=0.05)
        for other in DAYS[:i]:
            wanted = known(day, other)
            se = (1.0 - wanted**2) / np.sqrt(N)
            assert_matches(np.corrcoef(found[day], found[other])[0, 1], wanted, se, detects=0.04)


def test_a_path_is_one_path_however_finely_it_is_asked_for():
    correlation = KINDS["ar1"][0]
    near, later = scores(correlation, 28.0), scores(correlation, 28.0 + 1.0 / 24.0)
    apart = 0.7 ** (1.0 / 24.0 / 28.0)
    assert_matches((near - later).var(), 2.0 * (1.0 - apart), 2.0 * (1.0 - apart) * np.sqrt(2.0 / N), detects=1e-4)
    # Markov: given the middle, the ends are independent.
    before, middle, after = (scores(correlation, day) for day in (0.0, 28.0, 56.0))
    left, right = before - 0.7 * middle, after - 0.7 * middle
    assert_matches(np.corrcoef(left, right)[0, 1], 0.0, 1.0 / np.sqrt(N), detects=0.04)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_depends_on_who_else_is_asked_for(kind):
    correlation = KINDS[kind][0]
    assert scores(correlation, 28.0, PATIENTS[100:200]).tobytes() == scores(correlation, 28.0)[100:200].tobytes()


def test_a_path_begins_and_ends_somewhere():
    told = "^day 12000 is beyond the 30 years for which summary assumptions have scores$"
    with pytest.raises(ValueError, match=told):
        scores(KINDS["ar1"][0], 12_000.0)


MEANS = [(0.0, 0.0), (0.3, 0.0), (4.0, 0.5), (80.0, 2.0), (500.0, 0.0), (500.0, 1e-4)]


@pytest.mark.parametrize(("mean", "dispersion"), MEANS)
def test_counts_are_quantiles(mean, dispersion):
    shares = np.array([1e-9, 0.01, 0.2, 0.5, 0.9, 0.999, 1.0 - 1e-9])
    found = counts(np.full(7, mean), np.full(7, dispersion), shares)
    known = stats.poisson(mean) if dispersion == 0.0 else stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))
    np.testing.assert_array_equal(found, known.ppf(shares) if mean > 0.0 else 0.0)


def test_a_share_of_one_ends():
    assert counts(np.array([3.0]), np.array([0.4]), np.array([1.0]))[0] < 200.0
