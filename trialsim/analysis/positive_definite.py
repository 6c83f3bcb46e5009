"""Symmetric positive definite matrices: Cholesky factors, inverses and solutions, in reproducible arithmetic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import log

Floats = NDArray[np.float64]

LEAST_PIVOT = 1e-12  # of the diagonal; below it a matrix counts as singular


@compiled("boolean(float64[:, ::1], float64[:, ::1])")
def factor(a: Floats, lower: Floats) -> bool:
    """Fill the lower Cholesky factor of a [n, n]; return whether a is positive definite beyond rounding."""
    for j in range(a.shape[0]):
        for k in range(j + 1):
            total = a[j, k]
            for i in range(k):
                total -= lower[j, i] * lower[k, i]
            if k < j:
                lower[j, k] = total / lower[k, k]
            elif not total > LEAST_PIVOT * a[j, j]:
                return False
            else:
                lower[j, j] = np.sqrt(total)
    return True


@compiled("float64(float64[:, ::1])")
def log_determinant(lower: Floats) -> float:
    """Return the logarithm of the determinant of the matrix that has this Cholesky factor."""
    total = 0.0
    for j in range(lower.shape[0]):
        total += log(lower[j, j])
    return 2.0 * total


@compiled("void(float64[:, ::1], float64[::1])")
def solve(lower: Floats, v: Floats) -> None:
    """Replace v by the solution of (L L') x = v."""
    n = lower.shape[0]
    for j in range(n):
        for k in range(j):
            v[j] -= lower[j, k] * v[k]
        v[j] = v[j] / lower[j, j]
    for j in range(n - 1, -1, -1):
        for k in range(j + 1, n):
            v[j] -= lower[k, j] * v[k]
        v[j] = v[j] / lower[j, j]


@compiled("void(float64[:, ::1], float64[:, ::1])")
def invert(lower: Floats, inverse: Floats) -> None:
    """Fill the inverse of the matrix that has this Cholesky factor; exactly symmetric."""
    n = lower.shape[0]
    for k in range(n):
        for j in range(k):
            inverse[j, k] = 0.0
        inverse[k, k] = 1.0 / lower[k, k]
        for j in range(k + 1, n):
            total = 0.0
            for i in range(k, j):
                total -= lower[j, i] * inverse[i, k]
            inverse[j, k] = total / lower[j, j]
    for j in range(n):  # inverse = (L^-1)' L^-1, row by row from the lower triangle of L^-1
        for k in range(j + 1):
            total = 0.0
            for i in range(j, n):
                total += inverse[i, j] * inverse[i, k]
            inverse[j, k] = total
    for j in range(n):
        for k in range(j):
            inverse[k, j] = inverse[j, k]
