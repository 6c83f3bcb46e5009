"""Visits in their windows, visits missed, and values as an instrument reads them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.unit.trial.worlds import pressure_cohort, pressure_world
from trialsim.protocol.model import Visit
from trialsim.trial.observe import as_measured, missed_visits, visit_days
from trialsim.trial.setup import setup_of

N = 4000
TRIALS, PATIENTS = np.zeros(N, dtype=np.int64), np.arange(N)


@pytest.mark.parametrize(
    ("at", "window", "low", "high"),
    [(28.0, 2.0, 26.0, 30.0), (-7.0, 2.0, -9.0, -5.0), (0.0, 3.0, -3.0, 0.0), (-1.0, 3.0, -4.0, 0.0),
     (1.0, 3.0, 0.0, 4.0)],
)  # fmt: skip
def test_visits_are_uniform_in_their_windows_and_never_cross_randomisation(at, window, low, high):
    days = visit_days(Visit(name="v", at=at, window=window), 2, TRIALS, PATIENTS)
    assert stats.kstest(days, "uniform", args=(low, high - low)).pvalue > 1e-4
    assert days.min() >= low
    assert days.max() <= high


def test_a_visit_without_a_window_is_on_its_day():
    assert np.all(visit_days(Visit(name="v", at=28.0, window=0.0), 2, TRIALS, PATIENTS) == 28.0)


def test_visits_after_randomisation_are_missed_at_their_rate():
    setup = setup_of(pressure_world(30))
    missed = missed_visits(setup, TRIALS, PATIENTS)
    names = [moment.visit.name for moment in setup.calendar.moments]
    assert not missed[:, [names.index("screening"), names.index("baseline")]].any()
    share = missed[:, names.index("w4")].mean()
    assert abs(share - 0.05) < 4 * np.sqrt(0.05 * 0.95 / N)
    two = [i for i, name in enumerate(names) if name == "w2"]
    assert len(two) == 2
    assert np.array_equal(missed[:, two[0]], missed[:, two[1]])


def test_variances_of_the_errors_add_and_low_readings_count_as_half_the_limit():
    measure = pressure_cohort().measures[1]
    true, luck = np.array([1.0, 2.0, 0.01]), np.array([1.0, -1.0, 0.0])
    value, below = as_measured(measure, true, luck, np.full(3, 0.3), np.full(3, 0.2))
    np.testing.assert_allclose(value, [1.0 + np.hypot(0.3, 0.2), 2.0 - 0.5, 0.01])
    assert below.tolist() == [False, False, True]
    no_limit, none_below = as_measured(replace(measure, lloq=None), true, luck, np.zeros(3), np.zeros(3))
    assert no_limit.tolist() == true.tolist()
    assert not none_below.any()
