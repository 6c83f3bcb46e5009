"""Analysis of covariance: all arms, covariates and strata in one least-squares model with one residual variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.comparisons import (
    NO_VARIANCE,
    OK,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Contrasts,
    Floats,
    Integers,
    checked_rows,
    concluded,
    contrasts,
    rounding_square,
)
from trialsim.foundation.arithmetic import compiled

# A column of which this share or less of its sum of squares is left beside the earlier columns counts as aliased.
ALIASED_SHARE = 1e-10


@compiled(
    "int64(float64[::1], int64[::1], float64[:, ::1], int64[::1], int64, int64, int64, int64, float64[:, ::1], "
    "int64[::1])"
)
def complete_cases(
    y: Floats,
    arm: Integers,
    covariates: Floats,
    stratum: Integers,
    n_strata: int,
    n_arms: int,
    start: int,
    stop: int,
    rows: Floats,
    arms: Integers,
) -> int:
    """Fill rows with (y, covariates, indicators of strata 1, 2, ...) of complete patients; return how many."""
    n = 0
    n_covariates = covariates.shape[1]
    for i in range(start, stop):
        is_complete = y[i] == y[i] and 0 <= arm[i] < n_arms and (n_strata == 0 or 0 <= stratum[i] < n_strata)
        for k in range(n_covariates):
            is_complete = is_complete and covariates[i, k] == covariates[i, k]
        if not is_complete:
            continue
        arms[n] = arm[i]
        rows[n, 0] = y[i]
        for k in range(n_covariates):
            rows[n, 1 + k] = covariates[i, k]
        for s in range(1, n_strata):
            rows[n, n_covariates + s] = 1.0 if stratum[i] == s else 0.0
        n += 1
    return n


@compiled("void(float64[:, ::1], int64[::1], int64, int64[::1], float64[:, ::1], float64[::1])")
def centred_within_arms(rows: Floats, arms: Integers, n: int, count: Integers, means: Floats, noise: Floats) -> None:
    """Subtract each arm's mean from its rows; fill the counts, the means and what rounding may leave of each column."""
    count[:] = 0
    means[:] = 0.0
    noise[:] = 0.0
    for i in range(n):
        count[arms[i]] += 1
        for j in range(rows.shape[1]):
            means[arms[i], j] += rows[i, j]
            noise[j] = max(noise[j], abs(rows[i, j]))
    for a in range(count.size):
        for j in range(rows.shape[1]):
            means[a, j] = means[a, j] / count[a] if count[a] > 0 else np.nan
    for i in range(n):
        for j in range(rows.shape[1]):
            rows[i, j] -= means[arms[i], j]
    for j in range(noise.size):
        noise[j] = rounding_square(n, noise[j])


@compiled("int64(float64[:, ::1], int64, float64[::1], float64[:, ::1], boolean[::1])")
def factored(rows: Floats, n: int, noise: Floats, factor: Floats, is_kept: NDArray[np.bool_]) -> int:
    """Fill the Cholesky factor of the columns' products (columns after the first), aliased ones left out; the rank."""
    rank = 0
    for j in range(factor.shape[0]):
        for k in range(j + 1):
            factor[j, k] = 0.0
            if k < j and not is_kept[k]:
                continue
            total = 0.0
            for i in range(n):
                total += rows[i, 1 + j] * rows[i, 1 + k]
            whole = total
            for m in range(k):
                total -= factor[j, m] * factor[k, m]
            if k < j:
                factor[j, k] = total / factor[k, k]
            else:
                is_kept[j] = whole > noise[1 + j] and total > ALIASED_SHARE * whole
        if is_kept[j]:
            factor[j, j] = np.sqrt(total)
            rank += 1
        else:
            for k in range(j):
                factor[j, k] = 0.0
    return rank


@compiled("void(float64[:, ::1], boolean[::1], float64[::1])")
def solved_below(factor: Floats, is_kept: NDArray[np.bool_], v: Floats) -> None:
    """Replace v by the solution of L x = v, zero in aliased columns."""
    for j in range(v.size):
        if not is_kept[j]:
            v[j] = 0.0
            continue
        for k in range(j):
            v[j] -= factor[j, k] * v[k]
        v[j] = v[j] / factor[j, j]


@compiled("float64(float64[:, ::1], int64, float64[:, ::1], boolean[::1], float64[::1])")
def residual_squares(rows: Floats, n: int, factor: Floats, is_kept: NDArray[np.bool_], slopes: Floats) -> float:
    """Fill the slopes; return the sum of squared residuals, from the residuals themselves."""
    p = slopes.size
    for j in range(p):
        slopes[j] = 0.0
        for i in range(n):
            slopes[j] += rows[i, 1 + j] * rows[i, 0]
    solved_below(factor, is_kept, slopes)
    for j in range(p - 1, -1, -1):
        if is_kept[j]:
            for k in range(j + 1, p):
                slopes[j] -= factor[k, j] * slopes[k]
            slopes[j] = slopes[j] / factor[j, j]
    squares = 0.0
    for i in range(n):
        residual = rows[i, 0]
        for j in range(p):
            residual -= rows[i, 1 + j] * slopes[j]
        squares += residual * residual
    return squares


@compiled(
    "void(int64[:, ::1], int64[::1], float64[:, ::1], float64[:, ::1], boolean[::1], float64[::1], float64[::1], "
    "float64[:, ::1])"
)
def _contrast(
    pairs: Integers,
    count: Integers,
    means: Floats,
    factor: Floats,
    is_kept: NDArray[np.bool_],
    slopes: Floats,
    estimate: Floats,
    covariance: Floats,
) -> None:
    """Fill the adjusted differences, and their covariances over the residual variance; NaN where an arm is empty."""
    n_pairs = pairs.shape[0]
    p = slopes.size
    gaps = np.zeros((n_pairs, p))
    for c in range(n_pairs):
        a, b = pairs[c, 0], pairs[c, 1]
        estimate[c] = means[a, 0] - means[b, 0]
        for j in range(p):
            gap = means[a, 1 + j] - means[b, 1 + j]
            estimate[c] -= slopes[j] * gap
            gaps[c, j] = gap
        solved_below(factor, is_kept, gaps[c])
    for c in range(n_pairs):
        for d in range(n_pairs):
            total = 0.0
            for j in range(p):
                total += gaps[c, j] * gaps[d, j]
            for i in range(2):
                for k in range(2):
                    if pairs[c, i] == pairs[d, k]:
                        total += (1.0 if i == k else -1.0) / count[pairs[c, i]]
            is_empty = estimate[c] != estimate[c] or estimate[d] != estimate[d]
            covariance[c, d] = np.nan if is_empty else total


@compiled(
    "void(float64[::1], int64[::1], int64[::1], float64[:, ::1], int64[::1], int64, int64[:, ::1], int64, "
    "float64[:, ::1], float64[:, ::1], float64[:, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1], "
    "float64[:, :, ::1])"
)
def _compare(
    y: Floats,
    arm: Integers,
    offsets: Integers,
    covariates: Floats,
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
    covariance: Floats,
) -> None:
    p = covariates.shape[1] + max(n_strata - 1, 0)
    most = 0
    for t in range(offsets.size - 1):
        most = max(most, offsets[t + 1] - offsets[t])
    rows = np.zeros((most, 1 + p))
    arms = np.zeros(most, np.int64)
    count = np.zeros(n_arms, np.int64)
    means = np.zeros((n_arms, 1 + p))
    noise = np.zeros(1 + p)
    factor = np.zeros((p, p))
    is_kept = np.zeros(p, np.bool_)
    slopes = np.zeros(p)
    for t in range(offsets.size - 1):
        n = complete_cases(y, arm, covariates, stratum, n_strata, n_arms, offsets[t], offsets[t + 1], rows, arms)
        centred_within_arms(rows, arms, n, count, means, noise)
        freedom = n - factored(rows, n, noise, factor, is_kept)
        for a in range(n_arms):
            freedom -= 1 if count[a] > 0 else 0
        squares = residual_squares(rows, n, factor, is_kept, slopes)
        _contrast(pairs, count, means, factor, is_kept, slopes, estimate[t], covariance[t])
        for c in range(pairs.shape[0]):
            n_treated[t, c] = count[pairs[c, 0]]
            n_control[t, c] = count[pairs[c, 1]]
            if n_treated[t, c] == 0 or n_control[t, c] == 0 or freedom < 1:
                status[t, c] = TOO_FEW_PATIENTS
            elif squares <= noise[0]:
                status[t, c] = NO_VARIANCE
            else:
                status[t, c] = OK
                df[t, c] = freedom
                se[t, c] = np.sqrt(squares / freedom * covariance[t, c, c])


def linear_rows(
    y: ArrayLike, arm: ArrayLike, offsets: ArrayLike, covariates: ArrayLike | None, stratum: ArrayLike | None,
    n_strata: int,
) -> tuple[Floats, Integers, Integers, Floats, Integers]:  # fmt: skip
    """Return values, arms, offsets, covariates and strata as kernels take them; ValueError where they do not fit."""
    values, arms, bounds = checked_rows(y, arm, offsets)
    columns = np.zeros((values.size, 0)) if covariates is None else np.require(covariates, np.float64, ["C", "W"])
    if columns.ndim != 2 or len(columns) != values.size:
        raise ValueError(f"there are {values.shape} values and covariates of shape {columns.shape}")
    strata = np.zeros(values.size, np.int64)
    if n_strata > 0:
        strata = np.require(stratum, np.int64, ["C", "W"])
        if strata.shape != values.shape:
            raise ValueError(f"there are {values.shape} values and {strata.shape} strata")
    return values, arms, bounds, columns, strata


def arms_in_all(what: Contrasts, n_arms: int | None) -> int:
    """Return how many arms there are: those told, or those compared; ValueError where more are compared than told."""
    n_all = what.n_arms if n_arms is None else int(n_arms)
    if n_all < what.n_arms:
        raise ValueError(f"a comparison names arm {what.n_arms - 1}, and there are {n_all} arms")
    return n_all


def ancova(
    y: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    covariates: ArrayLike | None,
    stratum: ArrayLike | None,
    n_strata: int,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
    n_arms: int | None = None,
) -> Comparisons:
    """Return the adjusted differences of means (treated minus control) in the unit of y, with t tests and intervals.

    Ordinary least squares with a mean for each arm, a common slope for each covariate [N, K] and a shift for each
    stratum; one residual variance of all ``n_arms`` arms. Without covariates and strata it is the analysis of
    variance. Rows, pairs, better and margin as for ``t_test``. Patients with a missing value, covariate (NaN) or
    stratum (-1) are left out. Columns that the arms and earlier columns determine (an empty stratum, a constant
    covariate) are left out in order, so that covariates go before strata. See docs/methods/ancova.md.
    """
    values, arms, bounds, columns, strata = linear_rows(y, arm, offsets, covariates, stratum, n_strata)
    what = contrasts(pairs, better, alpha, margin)
    n_all = arms_in_all(what, n_arms)
    shape = (bounds.size - 1, len(what.pairs))
    estimate, se, df = (np.full(shape, np.nan) for _ in range(3))
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    covariance = np.full((*shape, shape[1]), np.nan)
    _compare(
        values,
        arms,
        bounds,
        columns,
        strata,
        int(n_strata),
        what.pairs,
        n_all,
        estimate,
        se,
        df,
        status,
        *counts,
        covariance,
    )
    return concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin, covariance)
