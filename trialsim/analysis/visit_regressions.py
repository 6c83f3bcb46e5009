"""Values at several visits as a normal vector: each visit regressed on arm, covariates and all visits before it.

With a mean for each arm at each visit, slopes of the covariates that differ between visits, and one unstructured
covariance, the joint normal model is the product of these regressions (Rubin 1987, section 5.4; Schafer 1997, section
6.5): nothing is lost, and rows whose values are there up to some visit and then missing (monotone) need no iteration.

Rows are [arm indicators, covariates, values at visits]. ``last`` is how many visits a row reaches, what is missing
before is filled already.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import Floats, Integers
from trialsim.foundation.arithmetic import compiled

Flags = NDArray[np.bool_]
ALIASED_SHARE = 1e-10  # a column of which this share or less is left beside earlier ones is left out
MAR, JUMP_TO_REFERENCE, COPY_REFERENCE, COPY_INCREMENT = range(4)


@compiled("void(float64[::1], int64, float64, float64[:, ::1])")
def add_row(row: Floats, size: int, times: float, products: Floats) -> None:
    """Add a row's products of its first columns, lower triangle."""
    for j in range(size):
        if row[j] == 0.0:
            continue
        for k in range(j + 1):
            products[j, k] += times * row[j] * row[k]


@compiled("void(float64[:, ::1], int64[::1], float64[:, ::1], int64, int64, int64, float64[::1])")
def row_of(y: Floats, arm: Integers, x: Floats, n_arms: int, i: int, reach: int, row: Floats) -> None:
    """Fill a patient's columns up to the visits reached."""
    for a in range(n_arms):
        row[a] = 1.0 if arm[i] == a else 0.0
    for k in range(x.shape[1]):
        row[n_arms + k] = x[i, k]
    for v in range(reach):
        row[n_arms + x.shape[1] + v] = y[i, v]


@compiled("void(float64[:, ::1], int64[::1], int64[::1], float64[:, ::1], int64, float64[:, :, ::1])")
def add_products(
    y: Floats, last: Integers, arm: Integers, x: Floats, n_arms: int, products: Floats
) -> None:
    """Add every row's products of columns to those of the number of visits it reaches, [V + 1, Q, Q]; arm -1 is out."""
    n_own = n_arms + x.shape[1]
    row = np.zeros(n_own + y.shape[1])
    for i in range(y.shape[0]):
        if arm[i] < 0:
            continue
        row_of(y, arm, x, n_arms, i, last[i], row)
        add_row(row, n_own + last[i], 1.0, products[last[i]])


@compiled("void(float64[:, ::1], boolean[::1], int64, float64[::1])")
def solve_above(factor: Floats, is_kept: Flags, size: int, v: Floats) -> None:
    """Replace v by the solution of L' x = v, zero in aliased columns."""
    for j in range(size - 1, -1, -1):
        if not is_kept[j]:
            v[j] = 0.0
            continue
        for k in range(j + 1, size):
            v[j] -= factor[k, j] * v[k]
        v[j] = v[j] / factor[j, j]


@compiled("int64(float64[:, ::1], int64, float64[:, ::1], boolean[::1])")
def _factored(total: Floats, size: int, factor: Floats, is_kept: Flags) -> int:
    """Fill the Cholesky factor of the first columns' products, aliased ones left out; return the rank."""
    rank = 0
    for j in range(size):
        left = 0.0
        for k in range(j + 1):
            factor[j, k] = 0.0
            if k < j and not is_kept[k]:
                continue
            left = total[j, k]
            for m in range(k):
                left -= factor[j, m] * factor[k, m]
            if k < j:
                factor[j, k] = left / factor[k, k]
        is_kept[j] = total[j, j] > 0.0 and left > ALIASED_SHARE * total[j, j]
        if is_kept[j]:
            factor[j, j] = np.sqrt(left)
            rank += 1
        else:
            for k in range(j):
                factor[j, k] = 0.0
    return rank


@compiled("float64(float64[:, ::1], int64, float64[:, ::1], boolean[::1], float64[::1])")
def _solved(total: Floats, size: int, factor: Floats, is_kept: Flags, slopes: Floats) -> float:
    """Fill the slopes of the column after the first ones on these; return the residual sum of squares."""
    left = total[size, size]
    for j in range(size):
        slopes[j] = 0.0
        if is_kept[j]:
            slopes[j] = total[size, j]
            for k in range(j):
                slopes[j] -= factor[j, k] * slopes[k]
            slopes[j] = slopes[j] / factor[j, j]
            left -= slopes[j] * slopes[j]
    solve_above(factor, is_kept, size, slopes)
    return left if left > 1e-13 * total[size, size] else 0.0


@compiled("boolean(float64[:, :, ::1], int64[::1], int64, int64, float64[:, ::1], float64[:, :, ::1], float64[::1], "
          "int64[::1], boolean[:, ::1])")  # fmt: skip
def fit_visits(
    products: Floats, arm_count: Integers, n_arms: int, n_own: int, slopes: Floats, factors: Floats, squares: Floats,
    df: Integers, is_kept: Flags,
) -> bool:  # fmt: skip
    """Fill each visit's slopes, Cholesky factor, residual squares and degrees of freedom; False if not estimable.

    ``arm_count`` [n_arms] are the patients of each arm; one that has some needs a value at every visit.
    """
    n_visits = slopes.shape[0]
    total = np.zeros(products.shape[1:])
    for v in range(n_visits - 1, -1, -1):
        size = n_own + v
        for j in range(size + 1):
            for k in range(j + 1):
                total[j, k] += products[v + 1, j, k]
        n = 0.0
        for a in range(n_arms):
            n += total[a, a]
            if arm_count[a] > 0 and not total[a, a] > 0.5:
                return False
        rank = _factored(total, size, factors[v], is_kept[v])
        squares[v] = _solved(total, size, factors[v], is_kept[v], slopes[v])
        df[v] = int(n + 0.5) - rank
        if df[v] < 1 or not squares[v] > 0.0:
            return False
    return True


@compiled("void(float64[:, ::1], int64, int64, float64[::1], float64[::1])")
def fill_means(slopes: Floats, n_arms: int, a: int, x: Floats, mean: Floats) -> None:
    """Fill the marginal means of a patient's visits, were they in arm a."""
    n_own = n_arms + x.size
    for v in range(mean.size):
        mean[v] = slopes[v, a]
        for k in range(x.size):
            mean[v] += slopes[v, n_arms + k] * x[k]
        for u in range(v):
            mean[v] += slopes[v, n_own + u] * mean[u]


@compiled("void(int64, int64, float64[::1], float64[::1], float64[::1])")
def fill_strategy_means(how: int, first: int, own: Floats, reference: Floats, mean: Floats) -> None:
    """Fill the means from which values after a deviation are imputed (Carpenter, Roger and Kenward 2013).

    ``first`` is the first visit after the deviation; as many as there are visits if there is none, which is MAR.
    """
    n_visits = mean.size
    for v in range(n_visits):
        mean[v] = own[v]
        if first >= n_visits or how == MAR:
            continue
        if how == COPY_REFERENCE or (how == JUMP_TO_REFERENCE and v >= first):
            mean[v] = reference[v]
        elif how == COPY_INCREMENT and v >= first:
            mean[v] = reference[v]
            if first > 0:
                mean[v] = own[first - 1] + (reference[v] - reference[first - 1])


@compiled("void(float64[:, ::1], float64[::1], int64, int64, float64[:, ::1])")
def fill_precision(slopes: Floats, variances: Floats, n_own: int, reach: int, precision: Floats) -> None:
    """Fill the inverse covariance of the first visits given arm and covariates: A' D^-1 A."""
    for j in range(reach):
        for k in range(j + 1):
            total = 0.0
            for v in range(j, reach):
                left = 1.0 if v == j else -slopes[v, n_own + j]
                right = 1.0 if v == k else -slopes[v, n_own + k]
                total += left * right / variances[v]
            precision[j, k] = total
            precision[k, j] = total
