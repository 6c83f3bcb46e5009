"""Two arms' Kaplan-Meier curves compared up to a horizon: restricted mean survival times, and shares at a milestone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    FOLLOW_UP_TOO_SHORT,
    NO_VARIANCE,
    NOT_ESTIMABLE,
    OK,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    concluded,
    contrasts,
)
from trialsim.analysis.kaplan_meier import fill_curve
from trialsim.analysis.time_order import checked_times, fill_time_order, most_rows
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import log

AREA, LOG_AREA, SHARE = range(3)


@compiled("UniTuple(float64, 2)(float64[::1], float64[::1], float64[::1], int64, float64)")
def restricted_mean(at: Floats, survival: Floats, spread: Floats, m: int, horizon: float) -> tuple[float, float]:
    """Return the area under a curve up to a horizon, and its variance: the sum of (area beyond)^2 d / (n (n - d)).

    Irwin (1949); the variance of Kaplan and Meier (1958, section 6.1).
    """
    area, variance = 0.0, 0.0
    until = horizon
    for k in range(m - 1, -1, -1):  # backwards: at an event, `area` is what lies beyond it
        if at[k] < horizon:
            area += survival[k] * (until - at[k])
            variance += area * area * spread[k]
            until = at[k]
    return area + until, variance


@compiled("UniTuple(float64, 2)(float64[::1], float64[::1], float64[::1], int64, float64)")
def share_free(at: Floats, survival: Floats, spread: Floats, m: int, horizon: float) -> tuple[float, float]:
    """Return a curve at the horizon and Greenwood's variance there."""
    share, total = 1.0, 0.0
    for k in range(m):
        if at[k] <= horizon:
            share = survival[k]
            total += spread[k]
    return share, share * share * total


@compiled(
    "void(float64[::1], int8[::1], int64[::1], int64[::1], int64, int64, int64[:, ::1], float64, int64, "
    "float64[:, ::1], float64[:, ::1], float64[:, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    time: Floats, event: Codes, arm: Integers, offsets: Integers, n_arms: int, most: int, pairs: Integers,
    horizon: float, measure: int, estimate: Floats, se: Floats, df: Floats, status: Codes, n_treated: Integers,
    n_control: Integers,
) -> None:  # fmt: skip
    times, spare = np.empty(most), np.empty(most)
    row, spare_row = np.empty(most, np.int64), np.empty(most, np.int64)
    begins, first = np.empty(most + 2 * n_arms + 1, np.int64), np.empty(n_arms + 1, np.int64)
    at, survival, spread = np.empty(most), np.empty(most), np.empty(most)
    value, variance = np.empty(n_arms), np.empty(n_arms)
    is_followed = np.empty(n_arms, np.bool_)
    for t in range(offsets.size - 1):
        fill_time_order(time, arm, n_arms, offsets[t], offsets[t + 1], times, row, first, spare, spare_row, begins)
        for a in range(n_arms):
            m = fill_curve(times, row, event, first[a], first[a + 1], at, survival, spread)
            is_followed[a] = first[a + 1] > first[a] and times[first[a + 1] - 1] >= horizon
            is_followed[a] = is_followed[a] or (m > 0 and survival[m - 1] <= 0.0)
            if measure == SHARE:
                value[a], variance[a] = share_free(at, survival, spread, m, horizon)
            else:
                value[a], variance[a] = restricted_mean(at, survival, spread, m, horizon)
            if measure == LOG_AREA:
                variance[a] = variance[a] / (value[a] * value[a]) if value[a] > 0.0 else np.nan
                value[a] = log(value[a])
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            n_treated[t, c] = first[a + 1] - first[a]
            n_control[t, c] = first[b + 1] - first[b]
            total = variance[a] + variance[b]
            if n_treated[t, c] == 0 or n_control[t, c] == 0:
                status[t, c] = TOO_FEW_PATIENTS
            elif not (is_followed[a] and is_followed[b]):
                status[t, c] = FOLLOW_UP_TOO_SHORT
            elif total != total:  # everybody of an arm had the event at once: no ratio
                status[t, c] = NOT_ESTIMABLE
            else:
                status[t, c] = OK if total > 0.0 else NO_VARIANCE
                estimate[t, c] = value[a] - value[b]
                if total > 0.0:
                    se[t, c] = np.sqrt(total)
                    df[t, c] = np.inf


def _compared(
    measure: int, time: ArrayLike, event: ArrayLike, arm: ArrayLike, offsets: ArrayLike, pairs: ArrayLike,
    better: ArrayLike, alpha: float, margin: ArrayLike, horizon: float,
) -> Comparisons:  # fmt: skip
    """Return the comparisons of one measure of the curves."""
    times, events, arms, bounds = checked_times(time, event, arm, offsets)
    what = contrasts(pairs, better, alpha, margin)
    if not 0.0 < horizon < np.inf:
        raise ValueError(f"the horizon {horizon} is not a positive number")
    shape = (bounds.size - 1, len(what.pairs))
    estimate, se, df = (np.full(shape, np.nan) for _ in range(3))
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _compare(
        times, events, arms, bounds, what.n_arms, most_rows(bounds), what.pairs, float(horizon), measure, estimate,
        se, df, status, *counts,
    )  # fmt: skip
    return concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin)


def rmst_difference(
    time: ArrayLike, event: ArrayLike, arm: ArrayLike, offsets: ArrayLike, pairs: ArrayLike, better: ArrayLike,
    alpha: float, margin: ArrayLike, horizon: float,
) -> Comparisons:  # fmt: skip
    """Return the differences of restricted mean survival times (treated minus control), in the unit of time.

    The area under each arm's Kaplan-Meier curve up to the horizon (Royston and Parmar 2013). ``better`` is +1 where
    to be longer without the event is a benefit. An arm whose longest follow-up ends before the horizon with patients
    still free of the event is refused by status: nothing is extrapolated. Rows as for ``log_rank``.
    """
    return _compared(AREA, time, event, arm, offsets, pairs, better, alpha, margin, horizon)


def rmst_ratio(
    time: ArrayLike, event: ArrayLike, arm: ArrayLike, offsets: ArrayLike, pairs: ArrayLike, better: ArrayLike,
    alpha: float, margin: ArrayLike, horizon: float,
) -> Comparisons:  # fmt: skip
    """Return the logs of ratios of restricted mean survival times (treated over control), by the delta method.

    The margin is the log of a ratio. Otherwise as ``rmst_difference``.
    """
    return _compared(LOG_AREA, time, event, arm, offsets, pairs, better, alpha, margin, horizon)


def milestone_difference(
    time: ArrayLike, event: ArrayLike, arm: ArrayLike, offsets: ArrayLike, pairs: ArrayLike, better: ArrayLike,
    alpha: float, margin: ArrayLike, horizon: float,
) -> Comparisons:  # fmt: skip
    """Return the differences of the shares free of the event at a horizon (treated minus control), by Kaplan-Meier.

    Variances are Greenwood's (1926); otherwise as ``rmst_difference``.
    """
    return _compared(SHARE, time, event, arm, offsets, pairs, better, alpha, margin, horizon)
