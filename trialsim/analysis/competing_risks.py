"""Cumulative incidence where other events compete: Aalen and Johansen's estimate, and its difference between arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    FOLLOW_UP_TOO_SHORT,
    NO_VARIANCE,
    OK,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    concluded,
    contrasts,
)
from trialsim.analysis.time_order import checked_times, fill_time_order, most_rows
from trialsim.foundation.arithmetic import compiled


@compiled(
    "UniTuple(float64, 2)(float64[::1], int64[::1], int8[::1], int64, int64, int64, float64, float64[:, ::1])"
)
def incidence(
    time: Floats, row: Integers, event: Codes, cause: int, start: int, stop: int, horizon: float, terms: Floats
) -> tuple[float, float]:
    """Return one arm's cumulative incidence of a cause by the horizon and its variance; NaN where not known.

    F = sum S(t-) d_1 / n (Aalen and Johansen 1978). The variance, by the delta method (Dinse and Larson 1986), is the
    sum over times of (F - F(t))^2 d / (n (n - d)) + S(t-)^2 d_1 (n - d_1) / n^3 - 2 (F - F(t)) S(t-) d_1 / n^2; with
    one cause it is Greenwood's. `terms` [4, rows] is room.
    """
    free, share = 1.0, 0.0
    m = 0
    k = start
    while k < stop and time[k] <= horizon:
        now = time[k]
        n = float(stop - k)
        of_cause, of_any = 0.0, 0.0
        while k < stop and time[k] == now:
            of_cause += 1.0 if event[row[k]] == cause else 0.0
            of_any += 1.0 if event[row[k]] != 0 else 0.0
            k += 1
        if of_any > 0.0:
            share += free * (of_cause / n)
            terms[0, m] = share
            terms[1, m] = of_any / (n * (n - of_any)) if of_any < n else 0.0
            terms[2, m] = free * free * of_cause * (n - of_cause) / (n * n * n)
            terms[3, m] = free * of_cause / (n * n)
            free *= (n - of_any) / n
            m += 1
    if k == stop and free > 0.0 and (stop == start or time[stop - 1] < horizon):
        return np.nan, np.nan
    variance = 0.0
    for i in range(m):
        beyond = share - terms[0, i]
        variance += beyond * beyond * terms[1, i] + terms[2, i] - 2.0 * beyond * terms[3, i]
    return share, variance


@compiled(
    "void(float64[::1], int8[::1], int64, int64[::1], int64[::1], int64, int64, float64[::1], float64[:, :, ::1], "
    "float64[:, :, ::1], int64[:, ::1])"
)
def _fill_incidences(
    time: Floats, event: Codes, cause: int, arm: Integers, offsets: Integers, n_arms: int, most: int, at: Floats,
    share: Floats, variance: Floats, count: Integers,
) -> None:  # fmt: skip
    times, spare, terms = np.empty(most), np.empty(most), np.empty((4, most))
    row, spare_row = np.empty(most, np.int64), np.empty(most, np.int64)
    begins, first = np.empty(most + 2 * n_arms + 1, np.int64), np.empty(n_arms + 1, np.int64)
    for t in range(offsets.size - 1):
        fill_time_order(time, arm, n_arms, offsets[t], offsets[t + 1], times, row, first, spare, spare_row, begins)
        for a in range(n_arms):
            count[t, a] = first[a + 1] - first[a]
            for i in range(at.size):
                share[t, a, i], variance[t, a, i] = incidence(
                    times, row, event, cause, first[a], first[a + 1], at[i], terms
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidences:
    """Shares that had an event of one cause, in T trials, A arms, by M times: [T, A, M]; NaN beyond the follow-up."""

    share: Floats
    se: Floats


def cumulative_incidences(
    time: ArrayLike, event: ArrayLike, arm: ArrayLike, offsets: ArrayLike, n_arms: int, at: ArrayLike, cause: int = 1
) -> Incidences:
    """Return each arm's share that had an event of one cause by given times, events of other causes competing.

    ``event`` is 0 where a patient was censored, else the cause. Rows as for ``log_rank``.
    """
    times, events, arms, bounds = checked_times(time, event, arm, offsets)
    moments = np.require(at, np.float64, ["C", "W"]).reshape(-1)
    share, variance = np.full((2, bounds.size - 1, n_arms, moments.size), np.nan)
    count = np.zeros((bounds.size - 1, n_arms), np.int64)
    _fill_incidences(
        times, events, int(cause), arms, bounds, n_arms, most_rows(bounds), moments, share, variance, count
    )
    return Incidences(share=share, se=np.sqrt(np.maximum(variance, 0.0)))


def incidence_difference(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike,
    horizon: float,
    cause: int = 1,
) -> Comparisons:
    """Return the differences of cumulative incidences of one cause by a horizon (treated minus control).

    ``better`` is -1 where fewer such events are a benefit. An arm whose follow-up ends before the horizon with patients
    still free of all events is refused by status. Otherwise as ``milestone_difference``.
    """
    times, events, arms, bounds = checked_times(time, event, arm, offsets)
    what = contrasts(pairs, better, alpha, margin)
    if not 0.0 < horizon < np.inf:
        raise ValueError(f"the horizon {horizon} is not a positive number")
    n_trials = bounds.size - 1
    share, variance = np.full((2, n_trials, what.n_arms, 1), np.nan)
    count = np.zeros((n_trials, what.n_arms), np.int64)
    at = np.array([horizon], np.float64)
    _fill_incidences(
        times, events, int(cause), arms, bounds, what.n_arms, most_rows(bounds), at, share, variance, count
    )
    treated, control = what.pairs[:, 0], what.pairs[:, 1]
    estimate = np.ascontiguousarray(share[:, treated, 0] - share[:, control, 0])
    spread = variance[:, treated, 0] + variance[:, control, 0]
    counts = np.ascontiguousarray(count[:, treated]), np.ascontiguousarray(count[:, control])
    is_empty = (counts[0] == 0) | (counts[1] == 0)
    status = np.where(spread > 0.0, OK, np.where(np.isnan(spread), FOLLOW_UP_TOO_SHORT, NO_VARIANCE))
    status = np.where(is_empty, TOO_FEW_PATIENTS, status).astype(np.int8)
    is_known = status == OK
    se = np.full(estimate.shape, np.nan)
    se[is_known] = np.sqrt(spread[is_known])
    df = np.where(is_known, np.inf, np.nan)
    return concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin)
