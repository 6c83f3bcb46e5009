"""Rows of a regression of one trial: an indicator a arm, scaled covariates, indicators of strata; and its equations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.comparisons import Floats, Integers, checked_rows
from trialsim.foundation.arithmetic import compiled

Flags = NDArray[np.bool_]

# A column of which this share or less of its sum of squares is left beside the earlier columns counts as aliased.
ALIASED_SHARE = 1e-10
SMALLEST_PIVOT = 1e-13  # of an information, over its diagonal: below, rounding alone decides


@compiled(
    "int64(float64[::1], float64[::1], int64[::1], float64[:, ::1], int64[::1], int64, int64, int64, int64, "
    "float64[::1], float64[::1], int64[::1], float64[:, ::1])"
)
def complete_rows(
    y: Floats, offset: Floats, arm: Integers, covariates: Floats, stratum: Integers, n_strata: int, n_arms: int,
    start: int, stop: int, values: Floats, offsets: Floats, arms: Integers, x: Floats,
) -> int:  # fmt: skip
    """Fill the values, offsets, arms and columns of patients with everything known; return how many they are.

    Columns: an indicator of every arm, covariates with mean 0 and mean square 1, indicators of strata 1, 2, ...
    """
    n = 0
    n_covariates = covariates.shape[1]
    for i in range(start, stop):
        is_complete = y[i] == y[i] and offset[i] == offset[i] and 0 <= arm[i] < n_arms
        is_complete = is_complete and (n_strata == 0 or 0 <= stratum[i] < n_strata)
        for k in range(n_covariates):
            is_complete = is_complete and covariates[i, k] == covariates[i, k]
        if not is_complete:
            continue
        values[n], offsets[n], arms[n] = y[i], offset[i], arm[i]
        x[n] = 0.0
        x[n, arm[i]] = 1.0
        for k in range(n_covariates):
            x[n, n_arms + k] = covariates[i, k]
        if n_strata > 0 and stratum[i] > 0:
            x[n, n_arms + n_covariates + stratum[i] - 1] = 1.0
        n += 1
    for k in range(n_arms, n_arms + n_covariates):
        mean, square, greatest = 0.0, 0.0, 0.0
        for i in range(n):
            mean += x[i, k]
            greatest = max(greatest, abs(x[i, k]))
        mean = mean / max(n, 1)
        for i in range(n):
            x[i, k] -= mean
            square += x[i, k] * x[i, k]
        scale = np.sqrt(square / max(n, 1))
        is_constant = scale <= 1e-14 * greatest
        for i in range(n):
            x[i, k] = 0.0 if is_constant else x[i, k] / scale
    return n


@compiled("void(float64[:, ::1], int64, float64[:, ::1], boolean[::1])")
def mark_kept(x: Floats, n: int, factor: Floats, is_kept: Flags) -> None:
    """Mark the columns that earlier ones do not determine; ``factor`` is room for their products."""
    p = is_kept.size
    for j in range(p):
        whole = 0.0
        for k in range(j + 1):
            factor[j, k] = 0.0
            if k < j and not is_kept[k]:
                continue
            total = 0.0
            for i in range(n):
                total += x[i, j] * x[i, k]
            whole = total
            for m in range(k):
                total -= factor[j, m] * factor[k, m]
            factor[j, k] = total / factor[k, k] if k < j else total
        is_kept[j] = whole > 0.0 and factor[j, j] > ALIASED_SHARE * whole
        if is_kept[j]:
            factor[j, j] = np.sqrt(factor[j, j])
        else:
            factor[j, : j + 1] = 0.0


@compiled("void(float64[::1], float64, float64[:, ::1])")
def add_product(x: Floats, weight: float, information: Floats) -> None:
    """Add weight x x' to the lower triangle of the information."""
    for j in range(x.size):
        if x[j] != 0.0:
            part = weight * x[j]
            for k in range(j + 1):
                information[j, k] += part * x[k]


@compiled("boolean(float64[:, ::1], boolean[::1], float64[:, ::1])")
def factored(information: Floats, is_kept: Flags, factor: Floats) -> bool:
    """Fill the Cholesky factor of the kept columns' information; return whether it is positive definite."""
    for j in range(is_kept.size):
        for k in range(j + 1):
            factor[j, k] = 0.0
            if not (is_kept[j] and is_kept[k]):
                continue
            total = information[j, k]
            for m in range(k):
                total -= factor[j, m] * factor[k, m]
            if k < j:
                factor[j, k] = total / factor[k, k]
            elif total > SMALLEST_PIVOT * information[j, j]:
                factor[j, j] = np.sqrt(total)
            else:
                return False
    return True


@compiled("void(float64[:, ::1], boolean[::1], float64[::1])")
def solve_below(factor: Floats, is_kept: Flags, v: Floats) -> None:
    """Replace v by the solution u of L u = v; zero in columns left out."""
    for j in range(v.size):
        if not is_kept[j]:
            v[j] = 0.0
            continue
        for k in range(j):
            v[j] -= factor[j, k] * v[k]
        v[j] = v[j] / factor[j, j]


@compiled("void(float64[:, ::1], boolean[::1], float64[::1])")
def solve(factor: Floats, is_kept: Flags, v: Floats) -> None:
    """Replace v by the solution u of L L' u = v; zero in columns left out."""
    solve_below(factor, is_kept, v)
    for j in range(v.size - 1, -1, -1):
        if is_kept[j]:
            for k in range(j + 1, v.size):
                v[j] -= factor[k, j] * v[k]
            v[j] = v[j] / factor[j, j]


@compiled("float64(float64[::1], float64[::1])")
def product(a: Floats, b: Floats) -> float:
    """Return the sum of the products of two lists, in their order."""
    total = 0.0
    for j in range(a.size):
        total += a[j] * b[j]
    return total


def checked_columns(
    y: ArrayLike, arm: ArrayLike, offsets: ArrayLike, covariates: ArrayLike | None, stratum: ArrayLike | None,
    n_strata: int,
) -> tuple[Floats, Integers, Integers, Floats, Integers]:  # fmt: skip
    """Return values, arms, offsets, covariates [N, K] and strata in the types the kernels take, or a ValueError."""
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
