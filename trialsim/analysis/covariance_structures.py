"""Covariance of repeated values: unstructured, Toeplitz, AR(1), compound symmetry; with first and second derivatives.

An unstructured covariance has its own elements as parameters (row by row, the lower triangle). The others are
sd_j sd_k rho(|j - k|): first the logarithms of the standard deviations (one, or one a visit), then the correlations:
one a lag (Toeplitz), rho^lag (AR(1)), or one (compound symmetry). Lags count planned visits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import exp, log

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STRUCTURES = (
    "unstructured",
    "heterogeneous_toeplitz",
    "toeplitz",
    "heterogeneous_ar1",
    "ar1",
    "heterogeneous_compound_symmetry",
    "compound_symmetry",
)
UNSTRUCTURED = 0
TOEPLITZ, AR1 = 0, 1  # kinds of correlation; the third is compound symmetry
LARGEST_LOG_SD = 300.0


@compiled("int64(int64)")
def _kind(structure: int) -> int:
    return (structure - 1) // 2


@compiled("int64(int64, int64)")
def _n_spreads(structure: int, m: int) -> int:
    """How many standard deviations there are: the heterogeneous structures have one a visit."""
    is_heterogeneous = structure % 2 == 1
    return m if is_heterogeneous else 1


@compiled("int64(int64, int64[::1])")
def n_parameters(structure: int, position: Integers) -> int:
    """Return the number of parameters of a structure over visits at these positions in the plan."""
    m = len(position)
    if structure == UNSTRUCTURED:
        return m * (m + 1) // 2
    span = int(position[m - 1] - position[0])
    return _n_spreads(structure, m) + (span if _kind(structure) == TOEPLITZ else min(span, 1))


@compiled("Tuple((int64, float64, float64, float64))(int64, float64[::1], int64, int64)")
def _correlation(structure: int, theta: Floats, first: int, lag: int) -> tuple[int, float, float, float]:
    """The correlation at a lag above 0: its parameter, its value, its first and second derivative in that."""
    if _kind(structure) == TOEPLITZ:
        return first + lag - 1, theta[first + lag - 1], 1.0, 0.0
    rho = theta[first]
    if _kind(structure) != AR1:
        return first, rho, 1.0, 0.0
    before = 0.0  # rho^(lag - 2)
    below = 1.0  # rho^(lag - 1)
    for _ in range(lag - 1):
        before = below
        below = below * rho
    return first, below * rho, lag * below, lag * (lag - 1.0) * before


@compiled("void(int64, float64[::1], int64[::1], float64[:, ::1])")
def fill_covariance(structure: int, theta: Floats, position: Integers, sigma: Floats) -> None:
    """Fill the covariance [m, m] of the visits."""
    m = position.size
    if structure == UNSTRUCTURED:
        for j in range(m):
            for k in range(j + 1):
                sigma[j, k] = sigma[k, j] = theta[j * (j + 1) // 2 + k]
        return
    n = _n_spreads(structure, m)
    spread = np.zeros(m)
    for j in range(m):
        spread[j] = exp(min(theta[j if n > 1 else 0], LARGEST_LOG_SD))
    for j in range(m):
        for k in range(j + 1):
            c = 1.0 if k == j else _correlation(structure, theta, n, position[j] - position[k])[1]
            sigma[j, k] = sigma[k, j] = spread[j] * spread[k] * c


@compiled("void(int64, float64[::1], int64[::1], float64[:, ::1], float64[:, :, ::1])")
def fill_slopes(structure: int, theta: Floats, position: Integers, sigma: Floats, slopes: Floats) -> None:
    """Fill the derivatives [parameters, m, m] of the covariance."""
    slopes[:] = 0.0
    m = position.size
    n = _n_spreads(structure, m)
    for j in range(m):
        for k in range(j + 1):
            if structure == UNSTRUCTURED:
                a = j * (j + 1) // 2 + k
                slopes[a, j, k] = slopes[a, k, j] = 1.0
                continue
            slopes[j if n > 1 else 0, j, k] += sigma[j, k]
            slopes[k if n > 1 else 0, j, k] += sigma[j, k]
            if k < j:
                a, c, first, _ = _correlation(structure, theta, n, position[j] - position[k])
                slopes[a, j, k] = first * np.sqrt(sigma[j, j] * sigma[k, k])
    if structure != UNSTRUCTURED:
        for a in range(slopes.shape[0]):
            for j in range(m):
                for k in range(j):
                    slopes[a, k, j] = slopes[a, j, k]


@compiled("void(int64, float64[::1], int64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1])")
def add_curvature(
    structure: int, theta: Floats, position: Integers, sigma: Floats, weight: Floats, hessian: Floats
) -> None:
    """Add half the sum of weight [m, m] times each second derivative of the covariance to the hessian."""
    if structure == UNSTRUCTURED:
        return
    m = position.size
    n = _n_spreads(structure, m)
    for j in range(m):
        for k in range(m):
            half = 0.5 * weight[j, k]
            s, t = (j, k) if n > 1 else (0, 0)
            own = half * sigma[j, k]  # each log sd multiplies the element once
            hessian[s, s] += own
            hessian[t, t] += own
            hessian[s, t] += own
            hessian[t, s] += own
            if k == j:
                continue
            a, _, first, second = _correlation(structure, theta, n, abs(position[j] - position[k]))
            scale = half * np.sqrt(sigma[j, j] * sigma[k, k])
            hessian[a, a] += scale * second
            for b in (s, t):
                hessian[a, b] += scale * first
                hessian[b, a] += scale * first


@compiled("void(int64, float64[:, ::1], float64, int64[::1], float64[::1])")
def fill_start(structure: int, spread: Floats, share: float, position: Integers, theta: Floats) -> None:
    """Fill the parameters that describe a first covariance [m, m], its correlations taken times a share."""
    m = position.size
    if structure == UNSTRUCTURED:
        for j in range(m):
            for k in range(j + 1):
                theta[j * (j + 1) // 2 + k] = spread[j, k] * (1.0 if k == j else share)
        return
    n = _n_spreads(structure, m)
    theta[:] = 0.0
    for j in range(m):
        theta[j if n > 1 else 0] += 0.5 * log(spread[j, j]) / (1.0 if n > 1 else m)
    count = np.zeros(theta.size)
    total = np.zeros(theta.size)
    for j in range(m):
        for k in range(j):
            lag = position[j] - position[k]
            if _kind(structure) == AR1 and lag > 1:
                continue
            a = _correlation(structure, theta, n, lag)[0]
            count[a] += 1.0
            total[a] += spread[j, k] / np.sqrt(spread[j, j] * spread[k, k])
    for a in range(n, theta.size):
        theta[a] = share * total[a] / count[a] if count[a] > 0.0 else 0.0
