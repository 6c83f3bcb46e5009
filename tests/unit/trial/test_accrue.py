"""Arrivals: the rate, the ramp, the order and the sites."""

from __future__ import annotations

import numpy as np

from trialsim.protocol.model import Accrual
from trialsim.trial.accrue import arrival_times, sites

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
