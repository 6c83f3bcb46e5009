"""Crossover: every patient in several periods, compared within patients by one linear model with fixed effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    NO_VARIANCE,
    OK,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    concluded,
    contrasts,
    rounding_square,
)
from trialsim.analysis.fixed_effects import kept_columns
from trialsim.foundation.arithmetic import compiled

EVERY = -1  # in place of one treatment: the values under all


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinPatients:
    """The variance within patients of T trials, in the square of the unit of y, with its degrees of freedom; [T]."""

    variance: Floats
    df: Floats


@compiled(
    "int64(float64[:, ::1], int64[::1], int64[:, ::1], int64, int64, int64, int64, float64[:, ::1], float64[::1], "
    "float64[::1], float64[::1])"
)
def fill_products(
    y: Floats,
    sequence: Integers,
    treatments: Integers,
    only: int,
    start: int,
    stop: int,
    n_treatments: int,
    products: Floats,
    cross: Floats,
    totals: Floats,
    counts: Floats,
) -> int:
    """Fill products [p, p] of the columns and their cross products with y, all within patients; return the values used.

    Columns: periods 1, 2, ..., then treatments 1, 2, ...: what both could tell is the periods'. ``totals`` takes the
    squares of y within patients and what rounding leaves of them, ``counts`` the patients with a value under each
    treatment, then those with any at all.
    """
    n_periods = y.shape[1]
    p = cross.size
    products[:] = 0.0
    cross[:] = 0.0
    totals[:] = 0.0
    counts[:] = 0.0
    row, mean = np.zeros((n_periods, 1 + p)), np.zeros(1 + p)
    used = 0
    greatest = 0.0
    has = np.zeros(n_treatments, np.bool_)
    for i in range(start, stop):
        if not 0 <= sequence[i] < treatments.shape[0]:
            continue
        n = 0
        mean[:] = 0.0
        has[:] = False
        for k in range(n_periods):
            given = treatments[sequence[i], k]
            if y[i, k] != y[i, k] or not 0 <= given < n_treatments or (only >= 0 and given != only):
                continue
            row[n] = 0.0
            row[n, 0] = y[i, k]
            if given > 0:
                row[n, n_periods - 1 + given] = 1.0
            if k > 0:
                row[n, k] = 1.0
            for j in range(1 + p):
                mean[j] += row[n, j]
            greatest = max(greatest, abs(y[i, k]))
            has[given] = True
            n += 1
        for a in range(n_treatments):
            counts[a] += 1.0 if has[a] else 0.0
        if n == 0:
            continue
        counts[n_treatments] += 1.0
        used += n
        for r in range(n):
            for j in range(1 + p):
                row[r, j] -= mean[j] / n
        for r in range(n):
            totals[0] += row[r, 0] * row[r, 0]
            for j in range(p):
                cross[j] += row[r, 1 + j] * row[r, 0]
                for k in range(p):
                    products[j, k] += row[r, 1 + j] * row[r, 1 + k]
    totals[1] = rounding_square(used, greatest)
    return used


@compiled("int64(float64[:, ::1], float64[::1], int64[::1], float64[:, ::1], float64[::1])")
def solve_kept(products: Floats, cross: Floats, kept: Integers, inverse: Floats, slopes: Floats) -> int:
    """Fill the inverse and the solution over columns that earlier ones do not determine, zero elsewhere; the rank."""
    p = cross.size
    rank = kept_columns(products, kept)
    lower = np.zeros((rank, rank))
    inverse[:] = 0.0
    slopes[:] = 0.0
    at = np.zeros(rank, np.int64)
    for j in range(p):
        if kept[j] >= 0:
            at[kept[j]] = j
    for j in range(rank):
        for k in range(j + 1):
            total = products[at[j], at[k]]
            for i in range(k):
                total -= lower[j, i] * lower[k, i]
            lower[j, k] = np.sqrt(total) if k == j else total / lower[k, k]
    unit = np.zeros(rank)
    for c in range(rank):
        unit[:] = 0.0
        unit[c] = 1.0
        for j in range(rank):
            for k in range(j):
                unit[j] -= lower[j, k] * unit[k]
            unit[j] = unit[j] / lower[j, j]
        for j in range(rank - 1, -1, -1):
            for k in range(j + 1, rank):
                unit[j] -= lower[k, j] * unit[k]
            unit[j] = unit[j] / lower[j, j]
        for j in range(rank):
            inverse[at[j], at[c]] = unit[j]
    for j in range(p):
        for k in range(p):
            slopes[j] += inverse[j, k] * cross[k]
    return rank


@compiled(
    "void(float64[:, ::1], int64[::1], int64[::1], int64[:, ::1], int64, int64, int64[:, ::1], float64[:, ::1], "
    "float64[:, ::1], float64[:, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1], float64[::1], float64[::1])"
)
def _compare(
    y: Floats,
    sequence: Integers,
    offsets: Integers,
    treatments: Integers,
    n_treatments: int,
    only: int,
    pairs: Integers,
    estimate: Floats,
    se: Floats,
    df: Floats,
    status: Codes,
    n_treated: Integers,
    n_control: Integers,
    variance: Floats,
    freedom: Floats,
) -> None:
    p = n_treatments - 1 + y.shape[1] - 1
    products, cross, totals = np.zeros((p, p)), np.zeros(p), np.zeros(2)
    counts, inverse, slopes = np.zeros(n_treatments + 1), np.zeros((p, p)), np.zeros(p)
    kept = np.zeros(p, np.int64)
    for t in range(offsets.size - 1):
        used = fill_products(
            y, sequence, treatments, only, offsets[t], offsets[t + 1], n_treatments, products, cross, totals, counts
        )
        rank = solve_kept(products, cross, kept, inverse, slopes)
        free = used - int(counts[n_treatments]) - rank
        squares = totals[0]
        for j in range(p):
            squares -= slopes[j] * cross[j]
        is_flat = squares <= max(totals[1], 1e-13 * totals[0])
        if free > 0:
            freedom[t] = free
            variance[t] = 0.0 if is_flat else squares / free
        for c in range(pairs.shape[0]):
            n_treated[t, c], n_control[t, c] = int(counts[pairs[c, 0]]), int(counts[pairs[c, 1]])
            a = pairs[c, 0] + y.shape[1] - 2 if pairs[c, 0] > 0 else -1  # treatment 0 has no column
            b = pairs[c, 1] + y.shape[1] - 2 if pairs[c, 1] > 0 else -1
            is_told = (a < 0 or kept[a] >= 0) and (b < 0 or kept[b] >= 0)  # apart from the periods
            if free < 1 or n_treated[t, c] == 0 or n_control[t, c] == 0 or not is_told:
                status[t, c] = TOO_FEW_PATIENTS
                continue
            share = 0.0
            estimate[t, c] = 0.0
            if a >= 0:
                estimate[t, c] += slopes[a]
                share += inverse[a, a]
            if b >= 0:
                estimate[t, c] -= slopes[b]
                share += inverse[b, b]
            if a >= 0 and b >= 0:
                share -= 2.0 * inverse[a, b]
            if is_flat:
                status[t, c] = NO_VARIANCE
                continue
            status[t, c] = OK
            df[t, c] = free
            se[t, c] = np.sqrt(variance[t] * share)


def _rows(
    y: ArrayLike, sequence: ArrayLike, offsets: ArrayLike, treatments: ArrayLike
) -> tuple[Floats, Integers, Integers, Integers]:
    """Return values, sequences, offsets and treatments as kernels take them; ValueError where they do not fit."""
    values = np.require(y, np.float64, ["C", "W"])
    sequences = np.require(sequence, np.int64, ["C", "W"])
    bounds = np.require(offsets, np.int64, ["C", "W"])
    given = np.require(treatments, np.int64, ["C", "W"])
    if values.ndim != 2 or given.ndim != 2 or given.shape[1] != values.shape[1] or sequences.shape != values.shape[:1]:
        raise ValueError(f"values {values.shape}, sequences {sequences.shape}, treatments {given.shape} do not fit")
    if not bounds.size or bounds[0] != 0 or bounds[-1] != len(values) or np.any(np.diff(bounds) < 0):
        raise ValueError("offsets do not divide the patients into trials")
    return values, sequences, bounds, given


def crossover(
    y: ArrayLike,
    sequence: ArrayLike,
    offsets: ArrayLike,
    treatments: ArrayLike,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
) -> tuple[Comparisons, WithinPatients]:
    """Return the differences of treatments (treated minus control) in the unit of y, and the variance within patients.

    y [N, P] is a row a patient and a column a period, NaN where nothing was seen; ``sequence`` [N] is a row of
    ``treatments`` [S, P], which says what is given in each period, numbered from 0. Least squares with fixed effects
    of treatment, period, sequence and patient within sequence, one residual variance: 2 by 2, replicated and
    incomplete designs alike, whatever patients have seen. Trials and pairs (of treatments) as for ``t_test``.
    """
    values, sequences, bounds, given = _rows(y, sequence, offsets, treatments)
    what = contrasts(pairs, better, alpha, margin)
    n_treatments = max(what.n_arms, int(given.max()) + 1)
    shape = (bounds.size - 1, len(what.pairs))
    estimate, se, df = (np.full(shape, np.nan) for _ in range(3))
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    within = WithinPatients(variance=np.full(shape[0], np.nan), df=np.full(shape[0], np.nan))
    _compare(
        values, sequences, bounds, given, n_treatments, EVERY, what.pairs, estimate, se, df, status, *counts,
        within.variance, within.df,
    )  # fmt: skip
    return concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin), within


def within_patients(
    y: ArrayLike, sequence: ArrayLike, offsets: ArrayLike, treatments: ArrayLike, treatment: int
) -> WithinPatients:
    """Return the variance within patients under one treatment that is given repeatedly, rows as for ``crossover``.

    From its values alone, with fixed effects of period and patient: s_wR^2 of the European guideline where it is the
    reference. NaN where no degree of freedom is left.
    """
    values, sequences, bounds, given = _rows(y, sequence, offsets, treatments)
    n = bounds.size - 1
    within = WithinPatients(variance=np.full(n, np.nan), df=np.full(n, np.nan))
    none, codes, counts = np.zeros((n, 0)), np.zeros((n, 0), np.int8), np.zeros((n, 0), np.int64)
    _compare(
        values, sequences, bounds, given, int(given.max()) + 1, int(treatment), np.zeros((0, 2), np.int64), none,
        none.copy(), none.copy(), codes, counts, counts.copy(), within.variance, within.df,
    )  # fmt: skip
    return within
