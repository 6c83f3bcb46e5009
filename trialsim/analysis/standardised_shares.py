"""Shares that all patients of a trial would have under each arm, from a logistic regression, and their covariances."""

from __future__ import annotations

import numpy as np

from trialsim.analysis.comparisons import Floats, Integers
from trialsim.analysis.model_rows import Flags, product, solve_below
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import logistic


@compiled(
    "void(float64[:, ::1], float64[::1], int64[::1], int64, float64[::1], int64[::1], float64[:, ::1], float64[::1])"
)
def standardise(
    x: Floats, y: Floats, arms: Integers, n: int, slopes: Floats, count: Integers, predicted: Floats, shares: Floats
) -> None:
    """Fill every patient's probability under every arm [n, A] and the standardised share of every arm.

    The mean prediction over all patients, plus the mean residual of the arm's own, which is zero at the greatest
    likelihood and keeps the share unbiased for other slopes (Ge et al. 2011; Ye et al. 2023, equation 3).
    """
    n_arms = count.size
    count[:] = 0
    shares[:] = 0.0
    for i in range(n):
        others = product(x[i], slopes) - slopes[arms[i]]
        count[arms[i]] += 1
        for a in range(n_arms):
            predicted[i, a] = logistic(others + slopes[a])
            shares[a] += predicted[i, a]
    for a in range(n_arms):
        residual = 0.0
        for i in range(n):
            if arms[i] == a:
                residual += y[i] - predicted[i, a]
        shares[a] = shares[a] / n + residual / count[a] if count[a] > 0 else np.nan


@compiled("float64(float64[::1], float64[::1], int64[::1], int64, int64)")
def _covariance(u: Floats, v: Floats, arms: Integers, n: int, arm: int) -> float:
    """The covariance of two columns within an arm (-1: over all), over one less than their number."""
    count, mean_u, mean_v, total = 0, 0.0, 0.0, 0.0
    for i in range(n):
        if arm < 0 or arms[i] == arm:
            count += 1
            mean_u += u[i]
            mean_v += v[i]
    mean_u, mean_v = mean_u / count, mean_v / count
    for i in range(n):
        if arm < 0 or arms[i] == arm:
            total += (u[i] - mean_u) * (v[i] - mean_v)
    return total / (count - 1)


@compiled("UniTuple(float64, 3)(float64[::1], float64[:, ::1], int64[::1], int64, int64[::1], int64, int64)")
def robust_covariances(
    y: Floats, predicted: Floats, arms: Integers, n: int, count: Integers, a: int, b: int
) -> tuple[float, float, float]:
    """Return the variances of two standardised shares and their covariance (Ye et al. 2023, theorem 1).

    They hold whether or not the model is right, and count that the patients are a sample. At least two patients in
    each arm.
    """
    own = np.zeros(n)
    at = np.zeros(n)
    other = np.zeros(n)
    variances = np.zeros(2)
    for k in range(2):
        arm = a if k == 0 else b
        for i in range(n):
            at[i] = predicted[i, arm]
            own[i] = y[i] - at[i]
        variances[k] = _covariance(own, own, arms, n, arm) * n / count[arm]
        variances[k] += 2.0 * _covariance(y, at, arms, n, arm) - _covariance(at, at, arms, n, -1)
    for i in range(n):
        at[i], other[i] = predicted[i, a], predicted[i, b]
    both = _covariance(y, other, arms, n, a) + _covariance(y, at, arms, n, b) - _covariance(at, other, arms, n, -1)
    return variances[0] / n, variances[1] / n, both / n


@compiled(
    "UniTuple(float64, 3)(float64[:, ::1], float64[:, ::1], int64[::1], int64, float64[:, ::1], boolean[::1], int64, "
    "int64)"
)
def model_covariances(
    x: Floats, predicted: Floats, arms: Integers, n: int, factor: Floats, is_kept: Flags, a: int, b: int
) -> tuple[float, float, float]:
    """Return the variances of two standardised shares and their covariance by the delta method (Ge et al. 2011).

    They trust the model, and take the patients' covariates as given.
    """
    slopes = np.zeros((2, is_kept.size))
    for i in range(n):
        for k in range(2):
            arm = a if k == 0 else b
            weight = predicted[i, arm] * (1.0 - predicted[i, arm]) / n
            for j in range(is_kept.size):
                slopes[k, j] += weight * x[i, j]
            slopes[k, arms[i]] -= weight
            slopes[k, arm] += weight
    solve_below(factor, is_kept, slopes[0])
    solve_below(factor, is_kept, slopes[1])
    return product(slopes[0], slopes[0]), product(slopes[1], slopes[1]), product(slopes[0], slopes[1])
