"""Arrivals: the rate, the ramp, the order and the sites."""

from __future__ import annotations

import numpy as np

from trialsim.protocol.model import Accrual
from trialsim.trial.accrue import arrival_times, opening_days, sites

TRIALS, PATIENTS = 400, 50
ROWS = np.repeat(np.arange(TRIALS), PATIENTS), np.tile(np.arange(PATIENTS), TRIALS)


def test_arrivals_ascend_within_a_trial_and_come_at_the_rate():
    days = arrival_times(Accrual(rate=2.0, sites=1, ramp_up=0.0), 3, *ROWS, PATIENTS).reshape(TRIALS, PATIENTS)
    assert np.all(np.diff(days, axis=1) > 0)
    mean, se = days[:, -1].mean(), np.sqrt(PATIENTS) / 2.0 / np.sqrt(TRIALS)
    assert abs(mean - PATIENTS / 2.0) < 4 * se


def test_a_ramp_maps_the_same_expected_numbers_to_later_days():
    flat = arrival_times(Accrual(rate=2.0, sites=1, ramp_up=0.0), 3, *ROWS, PATIENTS)
    ramped = arrival_times(Accrual(rate=2.0, sites=1, ramp_up=10.0), 3, *ROWS, PATIENTS)
    expected = np.where(ramped < 10.0, 2.0 * ramped**2 / 20.0, 2.0 * (ramped - 5.0))
    np.testing.assert_allclose(expected, 2.0 * flat, rtol=1e-12)
    assert np.any(ramped < 10.0)
    assert np.any(ramped > 10.0)


def test_sites_are_numbered_from_one_and_equally_likely():
    drawn = sites(Accrual(rate=2.0, sites=5, ramp_up=0.0), 3, *ROWS)
    counts = np.bincount(drawn, minlength=6)
    assert counts[0] == 0
    assert counts.shape == (6,)
    expected = TRIALS * PATIENTS / 5
    assert np.sum((counts[1:] - expected) ** 2 / expected) < 23.5  # 1 - 1e-4 quantile of chi-squared on 4


def accrual(**values):
    return Accrual(**({"rate": 2.0, "sites": 1, "ramp_up": 0.0} | values))


def test_a_pattern_maps_the_same_expected_numbers_to_its_own_days():
    """Λ of steps, a pause among them, worked out by adding up what each step has given until then."""
    steps = ((0.0, 0.5), (4.0, 0.0), (9.0, 2.0), (12.0, 1.0))
    flat = 2.0 * arrival_times(accrual(), 3, *ROWS, PATIENTS)
    days = arrival_times(accrual(pattern=steps), 3, *ROWS, PATIENTS)
    ends = [4.0, 9.0, 12.0, np.inf]
    given = sum(
        2.0 * share * (np.clip(days, start, end) - start) for (start, share), end in zip(steps, ends, strict=True)
    )
    np.testing.assert_allclose(given, flat, rtol=1e-12)
    assert not np.any((days > 4.0) & (days < 9.0)) and np.any(days < 4.0) and np.any(days > 12.0)


def test_a_pattern_that_repeats_is_itself_again_and_again():
    days = arrival_times(accrual(pattern=((0.0, 1.0), (6.0, 0.0)), repeats=10.0), 3, *ROWS, PATIENTS)
    assert np.all(days % 10.0 < 6.0 + 1e-9)
    flat = arrival_times(accrual(), 3, *ROWS, PATIENTS)
    np.testing.assert_allclose(6.0 * np.floor(days / 10.0) + days % 10.0, flat, rtol=1e-9)


def test_sites_open_at_random_and_only_open_ones_have_patients():
    opening = accrual(sites=8, opening=12.0)
    days = arrival_times(opening, 3, *ROWS, PATIENTS)
    at = sites(opening, 3, *ROWS, days)
    opened = opening_days(opening, 3, np.arange(TRIALS))
    assert np.all(opened[ROWS[0], at - 1] <= days)
    assert np.all(opened[:, 0] == 0.0) and np.all((opened >= 0.0) & (opened < 12.0))
    given = (2.0 / 8.0) * np.maximum(days[:, None] - opened[ROWS[0]], 0.0).sum(axis=1)
    np.testing.assert_allclose(given, 2.0 * arrival_times(accrual(), 3, *ROWS, PATIENTS), rtol=1e-9)
    assert set(at.tolist()) == set(range(1, 9))


def test_a_trials_arrivals_do_not_depend_on_the_others():
    opening = accrual(sites=8, opening=12.0)
    alone = np.full(PATIENTS, 17), np.arange(PATIENTS)
    days = arrival_times(opening, 3, *ROWS, PATIENTS)
    assert np.array_equal(arrival_times(opening, 3, *alone, PATIENTS), days[ROWS[0] == 17])
    at = sites(opening, 3, *ROWS, days)
    assert np.array_equal(sites(opening, 3, *alone, days[ROWS[0] == 17]), at[ROWS[0] == 17])
