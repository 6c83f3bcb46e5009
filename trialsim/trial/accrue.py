"""When patients come: the days on which a trial's patients are randomised, and where."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.streams import exponentials, uniforms
from trialsim.protocol.model import Accrual
from trialsim.trial.keys import gap_key, opening_key, site_key

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def arrival_times(accrual: Accrual, seed: int, trials: Ints, patients: Ints, per_trial: int) -> Floats:
    """Return each patient's day of randomisation since the first site opened, ascending within a trial.

    Patients come as a Poisson process: unit-exponential gaps, one a candidate, are summed up and mapped through the
    inverse of the expected number Λ(t) (Çinlar 1975, Introduction to Stochastic Processes, section 4.7). Rows are
    trials of `per_trial` patients. The rate is constant, climbs linearly from zero over `ramp_up` days, follows a
    pattern of steps, or is shared by the sites that are open.
    """
    gaps = exponentials(seed, gap_key(), trials, patients)
    expected = np.cumsum(gaps.reshape(-1, per_trial), axis=1)  # one after the other, in order
    if accrual.opening:
        opened = np.sort(opening_days(accrual, seed, trials.reshape(-1, per_trial)[:, 0]), axis=1)
        return np.concatenate([open_sites_days(accrual, *row) for row in zip(opened, expected, strict=True)])
    days = ramped_days(accrual, expected) if not accrual.pattern else patterned_days(accrual, expected)
    return days.reshape(-1)


def ramped_days(accrual: Accrual, expected: Floats) -> Floats:
    """Return the day by which a number is expected: Λ = rate t² / (2 ramp_up), later rate (t - ramp_up / 2)."""
    rate, ramp = accrual.rate, accrual.ramp_up
    during = np.sqrt(2.0 * ramp * expected / rate)
    return np.where(expected < rate * ramp / 2.0, during, expected / rate + ramp / 2.0)


def patterned_days(accrual: Accrual, expected: Floats) -> Floats:
    """Return the day by which a number is expected where the rate has steps, which may come again and again."""
    start = np.array([day for day, _ in accrual.pattern])
    rates = accrual.rate * np.array([share for _, share in accrual.pattern])
    cycle, rounds = 0.0, np.zeros(expected.shape)
    rest = expected
    if accrual.repeats:
        lengths = np.diff(np.append(start, accrual.repeats))
        cycle = float(np.cumsum(lengths * rates)[-1])
        rounds = np.floor(expected / cycle)
        rest = expected - rounds * cycle
    return stepped_days(start, rates, rest) + rounds * accrual.repeats


def stepped_days(start: Floats, rates: Floats, expected: Floats) -> Floats:
    """Return the day by which a number is expected, of a rate with steps that begin at these days."""
    until = np.concatenate(([0.0], np.cumsum(np.diff(start) * rates[:-1])))
    flowing = np.flatnonzero(rates > 0.0)  # nobody comes in a pause
    at = flowing[np.maximum(np.searchsorted(until[flowing], expected, side="right") - 1, 0)]
    return np.asarray(start[at] + (expected - until[at]) / rates[at])


def opening_days(accrual: Accrual, seed: int, trials: Ints) -> Floats:
    """Return the day each site opens in each trial [T, S]: the first at once, the others at random within `opening`."""
    number = np.arange(accrual.sites)
    rows, sites_of = np.repeat(trials, accrual.sites), np.tile(number, trials.shape[0])
    days = uniforms(seed, opening_key(), rows, sites_of).reshape(-1, accrual.sites) * accrual.opening
    days[:, 0] = 0.0
    return days


def open_sites_days(accrual: Accrual, opened: Floats, expected: Floats) -> Floats:
    """Return the days of one trial's patients where its sites, each with its share of the rate, open one by one."""
    rates: Floats = accrual.rate / accrual.sites * np.arange(1.0, accrual.sites + 1.0)
    return stepped_days(opened, rates, expected)


def sites(accrual: Accrual, seed: int, trials: Ints, patients: Ints, arrived: Floats | None = None) -> Ints:
    """Return each patient's site, counted from 1; every site that is open on the day of arrival is as likely."""
    drawn = uniforms(seed, site_key(), trials, patients)
    if not accrual.opening or arrived is None:
        return np.minimum((drawn * accrual.sites).astype(np.int64), accrual.sites - 1) + 1
    numbers, row = np.unique(trials, return_inverse=True)
    days = opening_days(accrual, seed, numbers)
    order = np.argsort(days, axis=1, kind="stable")
    n_open = np.empty(trials.shape[0], dtype=np.int64)
    by_trial = np.argsort(row, kind="stable")
    for t, here in enumerate(np.split(by_trial, np.searchsorted(row[by_trial], np.arange(1, numbers.shape[0])))):
        n_open[here] = np.searchsorted(days[t, order[t]], arrived[here], side="right")
    which = np.minimum((drawn * n_open).astype(np.int64), n_open - 1)
    return np.asarray(order[row, which] + 1, dtype=np.int64)
