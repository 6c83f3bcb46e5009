"""Events that recur: the ratio of two arms' rates, with the robust variance of Lin, Wei, Yang and Ying."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    NO_CONVERGENCE,
    NO_VARIANCE,
    OK,
    TOO_FEW_EVENTS,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    checked_rows,
    concluded,
    contrasts,
)
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import exp

MOST_STEPS = 100


@compiled("int64(float64[::1], float64[::1], int64[::1], int64[::1], int64, int64, int64, int64, float64[:, ::1])")
def _risk_sets(
    happened: Floats, follow_up: Floats, side: Integers, of: Integers, n: int, first: int, last: int, n_events: int,
    table: Floats,
) -> int:  # fmt: skip
    """Fill, of each time at which something happens: time, events and patients at risk of either side; the number.

    ``happened`` [n_events] and its sides ``of``; patients first ... last - 1 with their follow-up and sides.
    """
    order = np.argsort(happened[:n_events], kind="mergesort")
    count = 0
    for k in range(n_events):
        i = order[k]
        if count == 0 or happened[i] != table[count - 1, 0]:
            table[count] = 0.0
            table[count, 0] = happened[i]
            count += 1
        table[count - 1, 1 + of[i]] += 1.0
    for i in range(first, last):
        low, high = 0, count  # how many of the times are not after the patient's end
        while low < high:
            middle = (low + high) // 2
            if table[middle, 0] <= follow_up[i]:
                low = middle + 1
            else:
                high = middle
        if low > 0:
            table[low - 1, 3 + side[i]] += 1.0
    for k in range(count - 2, -1, -1):
        table[k, 3] += table[k + 1, 3]
        table[k, 4] += table[k + 1, 4]
    return count


@compiled("UniTuple(float64, 2)(float64[:, ::1], int64, float64)")
def _score(table: Floats, count: int, slope: float) -> tuple[float, float]:
    """The score of the partial likelihood (Breslow's for ties) and its information; side 1 is the treated arm."""
    score, information = 0.0, 0.0
    ratio = exp(slope)
    for k in range(count):
        treated = table[k, 4] * ratio
        p = treated / (treated + table[k, 3])
        events = table[k, 1] + table[k, 2]
        score += table[k, 2] - events * p
        information += events * p * (1.0 - p)
    return score, information


@compiled("Tuple((int64, float64, float64))(float64[:, :, ::1], int64[::1])")
def _fitted(tables: Floats, counts: Integers) -> tuple[int, float, float]:
    """OK or why there is no fit, the slope of the treated arm over all strata, and its information."""
    slope = 0.0
    for _ in range(MOST_STEPS):
        score, information = 0.0, 0.0
        for s in range(counts.size):
            u, v = _score(tables[s], counts[s], slope)
            score += u
            information += v
        if not information > 0.0:
            return NO_VARIANCE, slope, information
        step = max(-1.0, min(1.0, score / information))
        if abs(step) < 1e-12:
            return OK, slope, information
        slope += step
    return NO_CONVERGENCE, slope, information


@compiled("float64(float64[:, ::1], int64, float64, float64, int64, float64[::1], int64, int64)")
def _residual(
    table: Floats, count: int, slope: float, end: float, side: int, happened: Floats, first: int, last: int
) -> float:
    """One patient's part of the score: his events, less what was expected while he was followed (Lin et al. 2000)."""
    total = 0.0
    ratio = exp(slope)
    for k in range(count):
        if table[k, 0] > end:
            break
        treated = table[k, 4] * ratio
        both = treated + table[k, 3]
        x = side - treated / both
        total -= x * (table[k, 1] + table[k, 2]) / both * (ratio if side == 1 else 1.0)
        for e in range(first, last):
            if happened[e] == table[k, 0]:
                total += x
    return total


@compiled(
    "void(boolean, float64[::1], int64[::1], float64[::1], int64[::1], int64[::1], int64[::1], int64, int64[:, ::1], "
    "float64[:, :, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    is_robust: bool, happened: Floats, event_offsets: Integers, follow_up: Floats, arm: Integers, offsets: Integers,
    stratum: Integers, n_strata: int, pairs: Integers,
    found: Floats, status: Codes, n_treated: Integers, n_control: Integers,
) -> None:  # fmt: skip
    most, most_events = 1, 1
    for t in range(offsets.size - 1):
        most = max(most, offsets[t + 1] - offsets[t])
        most_events = max(most_events, event_offsets[offsets[t + 1]] - event_offsets[offsets[t]])
    strata = max(n_strata, 1)
    ends, side, who = np.zeros(most), np.zeros(most, np.int64), np.zeros(most, np.int64)
    times, of = np.zeros(most_events), np.zeros(most_events, np.int64)
    tables, counts = np.zeros((strata, most_events, 5)), np.zeros(strata, np.int64)
    bounds = np.zeros(strata + 1, np.int64)
    for t in range(offsets.size - 1):
        for c in range(pairs.shape[0]):
            n = 0
            events = np.zeros(2)
            for s in range(strata):
                first, n_events = n, 0
                for i in range(offsets[t], offsets[t + 1]):
                    is_one = arm[i] == pairs[c, 0] or arm[i] == pairs[c, 1]
                    is_here = stratum[i] == s if n_strata > 0 else True
                    if not (is_one and is_here and follow_up[i] == follow_up[i]):
                        continue
                    ends[n], who[n], side[n] = follow_up[i], i, 1 if arm[i] == pairs[c, 0] else 0
                    for e in range(event_offsets[i], event_offsets[i + 1]):
                        if happened[e] <= follow_up[i]:
                            times[n_events], of[n_events] = happened[e], side[n]
                            events[side[n]] += 1.0
                            n_events += 1
                    if side[n] == 1:
                        n_treated[t, c] += 1
                    else:
                        n_control[t, c] += 1
                    n += 1
                bounds[s + 1] = n
                counts[s] = _risk_sets(times, ends, side, of, n, first, n, n_events, tables[s])
            if n_treated[t, c] == 0 or n_control[t, c] == 0:
                status[t, c] = TOO_FEW_PATIENTS
                continue
            if events[0] == 0.0 or events[1] == 0.0:
                status[t, c] = TOO_FEW_EVENTS
                continue
            fit, slope, information = _fitted(tables, counts)
            if fit != OK:
                status[t, c] = fit
                continue
            variance = 1.0 / information
            if is_robust:
                squares = 0.0
                for s in range(strata):
                    for i in range(bounds[s], bounds[s + 1]):
                        begin, end = event_offsets[who[i]], event_offsets[who[i] + 1]
                        part = _residual(tables[s], counts[s], slope, ends[i], side[i], happened, begin, end)
                        squares += part * part
                variance = squares / (information * information)
            found[0, t, c] = slope
            status[t, c] = OK if variance > 1e-14 else NO_VARIANCE
            found[1, t, c] = np.sqrt(variance)


def recurrent_events(
    happened: ArrayLike,
    event_offsets: ArrayLike,
    follow_up: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    stratum: ArrayLike | None,
    n_strata: int,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
    *,
    variance: Literal["robust", "model"] = "robust",
) -> Comparisons:
    """Return logarithms of ratios of the rates at which events recur (treated over control), with Wald's tests.

    ``happened`` are the days of all events since each patient's start, ``event_offsets`` [N + 1] divide them among
    the patients, ``follow_up`` [N] is the day up to which he was seen (NaN: not in the analysis); later events do not
    count. The estimate is Andersen and Gill's (1982), ties after Breslow, a baseline a stratum. ``variance``:
    "robust" (Lin, Wei, Yang and Ying 2000), which lets a patient's events depend on each other, or that of the
    "model", which does not. Rows, pairs, better and margin (a logarithm) as for ``t_test``.
    """
    ends, arms, bounds = checked_rows(follow_up, arm, offsets)
    days = np.require(happened, np.float64, ["C", "W"])
    divided = np.require(event_offsets, np.int64, ["C", "W"])
    if divided.shape != (ends.size + 1,) or divided[0] != 0 or divided[-1] != days.size or np.any(np.diff(divided) < 0):
        raise ValueError("event offsets do not divide the events among the patients")
    strata = np.zeros(ends.size, np.int64)
    if n_strata > 0:
        strata = np.require(stratum, np.int64, ["C", "W"])
        if strata.shape != ends.shape:
            raise ValueError(f"there are {ends.shape} values and {strata.shape} strata")
    what = contrasts(pairs, better, alpha, margin)
    shape = (bounds.size - 1, len(what.pairs))
    found, status = np.full((2, *shape), np.nan), np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    rows = (days, divided, ends, arms, bounds, strata, int(n_strata), what.pairs)
    _compare(variance == "robust", *rows, found, status, *counts)
    df = np.where(status == OK, np.inf, np.nan)
    return concluded(found[0], found[1], df, status, counts, what.better, what.alpha, what.margin)
