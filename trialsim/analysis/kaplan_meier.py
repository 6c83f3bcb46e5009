"""Kaplan and Meier's estimate of the share free of an event: its variance, intervals, quantiles and area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import Codes, Floats, Integers
from trialsim.analysis.time_order import checked_times, fill_time_order, most_rows
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import exp, log, normal_quantile

FLAT = 1e-12  # a curve this near to a share is on it


@compiled(
    "int64(float64[::1], int64[::1], int8[::1], int64, int64, float64[::1], float64[::1], float64[::1])"
)
def fill_curve(
    time: Floats, row: Integers, event: Codes, start: int, stop: int, at: Floats, survival: Floats, spread: Floats
) -> int:  # fmt: skip
    """Fill one arm's curve at its times with events, and return how many there are.

    `time` is in order; patient k is row[k] of `event`. survival: the product of (1 - d / n) (Kaplan and Meier 1958).
    spread: the terms d / (n (n - d)) of Greenwood (1926), 0 where nobody is left.
    """
    m = 0
    share = 1.0
    k = start
    while k < stop:
        now = time[k]
        n = float(stop - k)
        deaths = 0
        while k < stop and time[k] == now:
            deaths += 1 if event[row[k]] != 0 else 0
            k += 1
        if deaths > 0:
            share *= (n - deaths) / n
            at[m], survival[m] = now, share
            spread[m] = deaths / (n * (n - deaths)) if deaths < n else 0.0
            m += 1
    return m


@compiled("UniTuple(float64, 3)(float64, float64, float64)")
def log_log_interval(survival: float, spread: float, quantile: float) -> tuple[float, float, float]:
    """Return the standard error and the bounds S^exp(± z sqrt(spread) / log S) (Kalbfleisch and Prentice 1980).

    At a share of 1 both bounds are 1. At 0 there is no interval: NaN.
    """
    if survival <= 0.0:
        return 0.0, np.nan, np.nan
    if survival >= 1.0:
        return 0.0, 1.0, 1.0
    log_share = log(survival)
    width = quantile * np.sqrt(spread) / log_share  # negative
    return survival * np.sqrt(spread), exp(log_share * exp(-width)), exp(log_share * exp(width))


@compiled(
    "void(float64[::1], int8[::1], int64[::1], int64[::1], int64, int64, float64[::1], float64, "
    "float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1], int64[:, :, ::1])"
)
def _fill_shares(
    time: Floats, event: Codes, arm: Integers, offsets: Integers, n_arms: int, most: int, at: Floats, quantile: float,
    survival: Floats, se: Floats, lower: Floats, upper: Floats, n_at_risk: Integers,
) -> None:  # fmt: skip
    times, spare = np.empty(most), np.empty(most)
    row, spare_row = np.empty(most, np.int64), np.empty(most, np.int64)
    begins, first = np.empty(most + 2 * n_arms + 1, np.int64), np.empty(n_arms + 1, np.int64)
    when, share, spread = np.empty(most), np.empty(most), np.empty(most)
    for t in range(offsets.size - 1):
        fill_time_order(time, arm, n_arms, offsets[t], offsets[t + 1], times, row, first, spare, spare_row, begins)
        for a in range(n_arms):
            m = fill_curve(times, row, event, first[a], first[a + 1], when, share, spread)
            last = times[first[a + 1] - 1] if first[a + 1] > first[a] else -1.0
            for i in range(at.size):
                for k in range(first[a], first[a + 1]):
                    n_at_risk[t, a, i] += 1 if times[k] >= at[i] else 0
                s, total = 1.0, 0.0
                for k in range(m):
                    if when[k] <= at[i]:
                        s = share[k]
                        total += spread[k]
                if at[i] > last and s > 0.0:
                    continue
                survival[t, a, i] = s
                se[t, a, i], lower[t, a, i], upper[t, a, i] = log_log_interval(s, total, quantile)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurvivalShares:
    """Shares free of the event in T trials, A arms, at M times: arrays [T, A, M]; NaN beyond an arm's follow-up."""

    survival: Floats
    se: Floats  # Greenwood's
    lower: Floats  # of the log-log interval; NaN where the share is 0
    upper: Floats
    n_at_risk: Integers  # followed at least so long


def survival_shares(
    time: ArrayLike, event: ArrayLike, arm: ArrayLike, offsets: ArrayLike, n_arms: int, at: ArrayLike,
    level: float = 0.95,
) -> SurvivalShares:  # fmt: skip
    """Return each arm's Kaplan-Meier share free of the event at given times, with standard errors and intervals.

    Beyond the longest time followed the share is known only if it has come to 0. Rows as for ``log_rank``.
    """
    times, events, arms, bounds = checked_times(time, event, arm, offsets)
    moments = np.require(at, np.float64, ["C", "W"]).reshape(-1)
    if not 0.0 < level < 1.0:
        raise ValueError(f"the level {level} is not between 0 and 1")
    shape = (bounds.size - 1, n_arms, moments.size)
    survival, se, lower, upper = (np.full(shape, np.nan) for _ in range(4))
    n_at_risk = np.zeros(shape, np.int64)
    quantile = -normal_quantile(0.5 - 0.5 * level)
    _fill_shares(
        times, events, arms, bounds, n_arms, most_rows(bounds), moments, quantile, survival, se, lower, upper, n_at_risk
    )
    return SurvivalShares(survival=survival, se=se, lower=lower, upper=upper, n_at_risk=n_at_risk)


@compiled("float64(float64[::1], float64[::1], int64, float64)")
def _reached(at: Floats, curve: Floats, m: int, share: float) -> float:
    """Return when a falling curve first comes below a share, the middle of a step that lies on it, or infinity."""
    for k in range(m):
        if curve[k] < share - FLAT:
            return float(at[k])
        if curve[k] <= share + FLAT:
            for later in range(k + 1, m):
                if curve[later] < share - FLAT:
                    return float(0.5 * (at[k] + at[later]))
            return float(at[k])
    return np.inf


@compiled(
    "void(float64[::1], int8[::1], int64[::1], int64[::1], int64, int64, float64, float64, float64[:, ::1], "
    "float64[:, ::1], float64[:, ::1])"
)
def _fill_quantiles(
    time: Floats, event: Codes, arm: Integers, offsets: Integers, n_arms: int, most: int, share: float,
    quantile: float, value: Floats, lower: Floats, upper: Floats,
) -> None:  # fmt: skip
    times, spare = np.empty(most), np.empty(most)
    row, spare_row = np.empty(most, np.int64), np.empty(most, np.int64)
    begins, first = np.empty(most + 2 * n_arms + 1, np.int64), np.empty(n_arms + 1, np.int64)
    when, curve, spread = np.empty(most), np.empty(most), np.empty(most)
    low, high = np.empty(most), np.empty(most)
    for t in range(offsets.size - 1):
        fill_time_order(time, arm, n_arms, offsets[t], offsets[t + 1], times, row, first, spare, spare_row, begins)
        for a in range(n_arms):
            if first[a + 1] == first[a]:
                continue
            m = fill_curve(times, row, event, first[a], first[a + 1], when, curve, spread)
            total = 0.0
            n_bounds = m
            for k in range(m):
                total += spread[k]
                _, low[k], high[k] = log_log_interval(curve[k], total, quantile)
                if curve[k] <= 0.0:
                    n_bounds = k
            value[t, a] = _reached(when, curve, m, share)
            lower[t, a] = _reached(when, low, n_bounds, share)
            upper[t, a] = _reached(when, high, n_bounds, share)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurvivalQuantiles:
    """Times by which a share has had the event, [T, A]; infinite where not reached, NaN where an arm is empty."""

    value: Floats
    lower: Floats
    upper: Floats


def survival_quantiles(
    time: ArrayLike, event: ArrayLike, arm: ArrayLike, offsets: ArrayLike, n_arms: int, p: float = 0.5,
    level: float = 0.95,
) -> SurvivalQuantiles:  # fmt: skip
    """Return the time by which a share p of each arm has had the event, in the unit of time, and its interval.

    The first time at which the curve is below 1 - p; the middle of the step where it is 1 - p on a step. The interval
    is where the log-log bounds of the curve cross 1 - p (Brookmeyer and Crowley 1982). Rows as for ``log_rank``.
    """
    times, events, arms, bounds = checked_times(time, event, arm, offsets)
    if not (0.0 < p < 1.0 and 0.0 < level < 1.0):
        raise ValueError(f"the share {p} or the level {level} is not between 0 and 1")
    value, lower, upper = (np.full((bounds.size - 1, n_arms), np.nan) for _ in range(3))
    z = -normal_quantile(0.5 - 0.5 * level)
    _fill_quantiles(times, events, arms, bounds, n_arms, most_rows(bounds), 1.0 - p, z, value, lower, upper)
    return SurvivalQuantiles(value=value, lower=lower, upper=upper)
