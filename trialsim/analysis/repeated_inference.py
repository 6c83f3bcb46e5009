"""Standard errors and degrees of freedom of one visit's differences, from the maximum of a restricted likelihood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.reml import add_cross_products, fill_product, fill_spread, trace_of_product
from trialsim.foundation.arithmetic import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@compiled(
    "UniTuple(float64, 2)(float64[::1], float64, float64[:, ::1], float64[::1], float64[:, :, ::1], "
    "float64[:, :, ::1], int64[:, ::1], float64[:, :, ::1], float64[:, ::1])"
)
def variance_and_df(
    weight: Floats,
    variance: float,
    uncertainty: Floats,
    count: Floats,
    inverse: Floats,
    xx: Floats,
    index: Integers,
    slopes: Floats,
    phi: Floats,
) -> tuple[float, float]:
    """The variance of a contrast as Kenward and Roger (1997, equation 3 and section 2) adjust it, and its df.

    ``weight`` is phi times the contrast, ``variance`` the unadjusted one, ``uncertainty`` the covariance of the
    covariance's parameters. The second derivatives of the covariance are left out, which makes the adjustment the
    same for every way to write it. For one contrast Kenward and Roger's df are Satterthwaite's and their scale is 1.
    """
    n, m, p, q = slopes.shape[0], slopes.shape[1], weight.size, xx.shape[1]
    outer = np.zeros((p, p))
    for i in range(p):
        for j in range(p):
            outer[i, j] = weight[i] * weight[j]
    spread, by_spread = np.zeros((m, m)), np.zeros((m, m))
    left, sandwich = np.zeros((n, m, m)), np.zeros((n, m, m))
    fitted = np.zeros((q, m))
    gradient = np.zeros(n)
    turned, solved = np.zeros((n, p)), np.zeros((n, p))
    quadratic = np.zeros((n, n))
    for g in range(count.size):
        fill_spread(outer, xx[g], index, spread)
        fitted[:] = 0.0
        for k in range(q):
            for h in range(q):
                for j in range(m):
                    if index[h, j] >= 0:
                        fitted[k, j] += xx[g, k, h] * weight[index[h, j]]
        for a in range(n):
            fill_product(inverse[g], slopes[a], left[a])
            fill_product(left[a], inverse[g], sandwich[a])
            gradient[a] += trace_of_product(sandwich[a], spread)
            add_cross_products(sandwich[a], fitted, index, turned[a])
        for b in range(n):
            fill_product(sandwich[b], spread, by_spread)
            for a in range(n):
                quadratic[a, b] += trace_of_product(left[a], by_spread)
    fill_product(turned, phi, solved)
    spent = 0.0
    bias = 0.0
    for a in range(n):
        for b in range(n):
            spent += gradient[a] * uncertainty[a, b] * gradient[b]
            inner = quadratic[a, b]
            for i in range(p):
                inner -= solved[a, i] * turned[b, i]
            bias += uncertainty[a, b] * inner
    return variance + 2.0 * bias, 2.0 * variance * variance / spent if spent > 0.0 else np.inf
