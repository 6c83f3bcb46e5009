"""Difference of two proportions: Wald's test, or Mantel and Haenszel's over strata."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
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
from trialsim.analysis.two_by_two import checked_tables, counted
from trialsim.foundation.arithmetic import compiled


@compiled("UniTuple(float64, 2)(float64, float64, float64, float64)")
def _wald(n1: float, y1: float, n0: float, y0: float) -> tuple[float, float]:
    """The difference of two proportions and its variance, each arm with its own (unpooled)."""
    p1 = y1 / n1
    p0 = y0 / n0
    return p1 - p0, p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0


@compiled("UniTuple(float64, 2)(float64[:, ::1], float64[:, ::1], int64, int64)")
def mantel_haenszel_difference(n: Floats, events: Floats, a: int, b: int) -> tuple[float, float]:
    """Return the difference over strata with Mantel-Haenszel weights and its variance after Sato (1989)."""
    weights = 0.0
    difference = 0.0
    p = 0.0
    q = 0.0
    for s in range(n.shape[0]):
        n1, n0, y1, y0 = n[s, a], n[s, b], events[s, a], events[s, b]
        if n1 == 0.0 or n0 == 0.0:
            continue
        both = n1 + n0
        weights += n1 * n0 / both
        difference += (y1 * n0 - y0 * n1) / both
        p += (n1 * n1 * y0 - n0 * n0 * y1 + n1 * n0 * (n0 - n1) * 0.5) / (both * both)
        q += (y1 * (n0 - y0) + y0 * (n1 - y1)) / (2.0 * both)
    if weights == 0.0:
        return np.nan, np.nan
    difference = difference / weights
    return difference, (difference * p + q) / (weights * weights)


@compiled(
    "void(float64[::1], int64[::1], int64[::1], int64[::1], int64, int64[:, ::1], int64, float64[:, ::1], "
    "float64[:, ::1], float64[:, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    success: Floats,
    arm: Integers,
    offsets: Integers,
    stratum: Integers,
    n_strata: int,
    pairs: Integers,
    n_arms: int,
    estimate: Floats,
    se: Floats,
    df: Floats,
    status: Codes,
    n_treated: Integers,
    n_control: Integers,
) -> None:
    n = np.zeros((max(n_strata, 1), n_arms))
    events = np.zeros((max(n_strata, 1), n_arms))
    for t in range(offsets.size - 1):
        counted(success, arm, stratum, offsets[t], offsets[t + 1], n, events)
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            for s in range(n.shape[0]):
                n_treated[t, c] += int(n[s, a])
                n_control[t, c] += int(n[s, b])
            if n_treated[t, c] == 0 or n_control[t, c] == 0:
                status[t, c] = TOO_FEW_PATIENTS
                continue
            if n_strata > 0:
                difference, variance = mantel_haenszel_difference(n, events, a, b)
            else:
                difference, variance = _wald(n[0, a], events[0, a], n[0, b], events[0, b])
            estimate[t, c] = difference
            if difference != difference:
                status[t, c] = NOT_ESTIMABLE
            elif not variance > 1e-14 / (n_treated[t, c] + n_control[t, c]):
                status[t, c] = NO_VARIANCE
            else:
                status[t, c] = OK
                se[t, c] = np.sqrt(variance)
                df[t, c] = np.inf


def risk_difference(
    success: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    stratum: ArrayLike | None,
    n_strata: int,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
) -> Comparisons:
    """Return the differences of success probabilities (treated minus control), with normal tests and intervals.

    ``success`` is 1, 0 or missing (NaN, left out). Without strata (n_strata = 0) test and interval are Wald's with
    the variance of each arm; with strata the Mantel-Haenszel difference with the variance of Sato (1989), which holds
    for many small strata and for few large ones. Patients of no stratum (-1) are left out; strata with patients in
    one arm only carry no information. No observed variance: no test, status "no variance". Rows, pairs, better
    and margin as for ``t_test``.
    """
    values, arms, bounds, strata = checked_tables(success, arm, offsets, stratum, n_strata)
    what = contrasts(pairs, better, alpha, margin)
    shape = (bounds.size - 1, len(what.pairs))
    estimate, se, df = (np.full(shape, np.nan) for _ in range(3))
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _compare(values, arms, bounds, strata, int(n_strata), what.pairs, what.n_arms, estimate, se, df, status, *counts)
    return concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin)
