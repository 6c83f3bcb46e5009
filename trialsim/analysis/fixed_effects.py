"""Which fixed effects a model of repeated values has, and the covariance that least squares leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import NO_VARIANCE, OK, TOO_FEW_PATIENTS, rounding_square
from trialsim.analysis.reml import add_products, deviance
from trialsim.foundation.arithmetic import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# A column of which this share or less of its sum of squares is left beside the earlier columns counts as aliased.
ALIASED_SHARE = 1e-10


@compiled("int64(float64[:, ::1], int64[::1])")
def kept_columns(products: Floats, kept: Integers) -> int:
    """Fill each column's position among those that earlier columns do not determine, -1 for the others; the rank."""
    n = kept.size
    lower = np.zeros((n, n))
    rank = 0
    for j in range(n):
        total = products[j, j]
        for k in range(j):
            if kept[k] < 0:
                continue
            cross = products[j, k]
            for i in range(k):
                cross -= lower[j, i] * lower[k, i]
            lower[j, k] = cross / lower[k, k]
            total -= lower[j, k] * lower[j, k]
        kept[j] = -1
        if total > ALIASED_SHARE * products[j, j]:
            kept[j] = rank
            lower[j, j] = np.sqrt(total)
            rank += 1
        else:
            lower[j] = 0.0
    return rank


@compiled(
    "int64(boolean[::1], boolean, int64, float64[::1], boolean[:, ::1], float64[:, :, ::1], int64[::1], int64[:, ::1])"
)
def numbered_effects(
    by_visit: Flags,
    equal_first: bool,
    n_arms: int,
    count: Floats,
    is_seen: Flags,
    xx: Floats,
    active: Integers,
    index: Integers,
) -> int:
    """Fill which fixed effect multiplies each feature at each visit, -1 where there is none; return how many.

    Features are arms (an effect a visit), then covariates and indicators (an effect a visit where ``by_visit`` says
    so, else one of all visits). Effects that earlier ones determine are left out.
    """
    q, m = index.shape
    n = 0
    for k in range(q):
        for j in range(m):
            if k < n_arms and k > 0 and equal_first and active[j] == 0:
                index[k, j] = index[0, j]
            elif k < n_arms or j == 0 or by_visit[k - n_arms]:
                index[k, j] = n
                n += 1
            else:
                index[k, j] = index[k, 0]
    products = np.zeros((n, n))
    seen = np.zeros((m, m))
    for g in range(count.size):
        for j in range(m):
            seen[j, j] = 1.0 if is_seen[g, j] else 0.0
        add_products(seen, xx[g], index, products)
    kept = np.zeros(n, np.int64)
    rank = kept_columns(products, kept)
    for k in range(q):
        for j in range(m):
            index[k, j] = kept[index[k, j]]
    return rank


@compiled(
    "int64(float64[::1], boolean[:, ::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1], "
    "int64[:, ::1], int64, float64[::1], float64[:, ::1])"
)
def first_covariance(
    count: Floats,
    is_seen: Flags,
    xx: Floats,
    xy: Floats,
    yy: Floats,
    index: Integers,
    p: int,
    greatest: Floats,
    spread: Floats,
) -> int:
    """Fill the covariance of the residuals of least squares, pair by pair of visits; return OK or what is wrong.

    ``greatest`` [m] is the size of each visit's values, to tell a variance from what rounding leaves.
    """
    g, q, m = count.size, xx.shape[1], spread.shape[0]
    one = np.eye(m)
    rr = np.zeros((g, m, m))
    deviance(
        one,
        count,
        is_seen,
        xx,
        xy,
        yy,
        index,
        np.zeros((g, m, m)),
        np.zeros((g, q, m)),
        rr,
        np.zeros(p),
        np.zeros((p, p)),
    )
    n_values = 0
    status = OK
    for j in range(m):
        for k in range(j + 1):
            n = 0.0
            total = 0.0
            for i in range(g):
                if is_seen[i, j] and is_seen[i, k]:
                    n += count[i]
                    total += rr[i, j, k]
            spread[j, k] = spread[k, j] = total / n if n > 0.0 else 0.0
        n_values += int(n)
        if total <= rounding_square(int(n), greatest[j]):
            status = NO_VARIANCE
    return status if n_values > p else TOO_FEW_PATIENTS
