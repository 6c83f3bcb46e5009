"""Dunnett's many-to-one test: the chance that the greatest of several correlated t statistics exceeds a value.

Given the pooled standard deviation, s times the true one, the statistics are normal. With correlations of product
form, l_i l_j, they are independent given one further normal variable (Dunnett 1955; Hochberg and Tamhane 1987,
appendix 3), so that two sums remain. Both are trapezoidal sums of smooth integrands that vanish at their ends, whose
error falls faster than any power of the step (Trefethen and Weideman 2014). Other correlations take the nearest product
form, and a fixed lattice in the transformation of Genz (1992) for the difference, which is small.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.distributions import t_cdf
from trialsim.foundation.elementary import exp, expm1, normal_cdf, normal_quantile

Floats = NDArray[np.float64]
PRODUCT_TOLERANCE = 1e-9
GREATEST_LOADING_SQUARE = 0.999  # nearer to one, the steps of the product form would be too many
LATTICE_POINTS = 251
# Fractional parts of their square roots make a good lattice (Richtmyer 1951).
PRIMES = (2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0, 41.0, 43.0, 47.0, 53.0)
MOST_COMPARISONS = len(PRIMES)


@compiled("boolean(float64[:, ::1], float64[::1])")
def product_loadings(correlation: Floats, loading: Floats) -> bool:
    """Fill the l_i with correlation l_i l_j for i != j; return whether there are such, of moderate size."""
    k = loading.size
    loading[:] = 0.0
    if k == 2:
        r = correlation[0, 1]
        loading[0] = np.sqrt(abs(r))
        loading[1] = loading[0] if r >= 0.0 else -loading[0]
    elif k > 2:
        for i in range(k):  # from the two others with the largest correlation between them
            best = 0.0
            for a in range(k):
                for b in range(a):
                    if a != i and b != i and abs(correlation[a, b]) > abs(best):
                        best = correlation[a, b]
                        loading[i] = correlation[i, a] * correlation[i, b] / best
            if loading[i] < 0.0:
                return False
            loading[i] = np.sqrt(loading[i])
        first = 0
        for i in range(k):
            first = i if loading[i] > loading[first] else first
        for i in range(k):
            if i != first and correlation[first, i] < 0.0:
                loading[i] = -loading[i]
    for i in range(k):
        if loading[i] * loading[i] > GREATEST_LOADING_SQUARE:
            return False
        for j in range(i):
            if abs(loading[i] * loading[j] - correlation[i, j]) > PRODUCT_TOLERANCE:
                return False
    return True


@compiled("float64(float64, float64[::1])")
def _product_exceedance(x: float, loading: Floats) -> float:
    """P(max Z_i > x) of standard normals with correlations l_i l_j."""
    greatest = 0.0
    for i in range(loading.size):
        greatest = max(greatest, abs(loading[i]))
    step = 0.6 * np.sqrt(1.0 - greatest * greatest)
    n = int(8.8 / step) + 1
    total = 0.0
    weights = 0.0
    for m in range(-n, n + 1):
        z = m * step
        weight = exp(-0.5 * z * z)
        below = 1.0
        above = 0.0
        for i in range(loading.size):
            tail = normal_cdf((loading[i] * z - x) / np.sqrt(1.0 - loading[i] * loading[i]))
            above += below * tail  # the first i to exceed: no cancellation when all tails are small
            below *= 1.0 - tail
        total += weight * above
        weights += weight
    return total / weights


@compiled("boolean(float64[:, ::1], float64[:, ::1])")
def _root(correlation: Floats, root: Floats) -> bool:
    """Fill the lower triangular root of a correlation matrix; return whether it is positive definite."""
    for j in range(root.shape[0]):
        for k in range(j + 1):
            total = correlation[j, k]
            for m in range(k):
                total -= root[j, m] * root[k, m]
            if k < j:
                root[j, k] = total / root[k, k]
            elif total > 1e-10:
                root[j, j] = np.sqrt(total)
            else:
                return False
    return True


@compiled("float64(float64, float64[:, ::1], int64)")
def _lattice_exceedance(x: float, root: Floats, offset: int) -> float:
    """P(max Z_i > x) of correlated standard normals, over a lattice that begins at the given offset."""
    k = root.shape[0]
    z = np.zeros(k)
    total = 0.0
    for point in range(1, LATTICE_POINTS + 1):
        below = 1.0
        above = 0.0
        for i in range(k):
            bound = x
            for j in range(i):
                bound -= root[i, j] * z[j]
            tail = normal_cdf(-bound / root[i, i])
            above += below * tail
            share = 1.0 - tail
            below *= share
            if i + 1 < k:
                u = (point + offset) * np.sqrt(PRIMES[i])
                u = u - int(u)
                u = abs(2.0 * u - 1.0)  # folded: the periodic integrand converges faster
                u = u if u > 1e-16 else 1e-16
                z[i] = normal_quantile(u * share)
                z[i] = z[i] if z[i] > -40.0 else -40.0
        total += above
    return total / LATTICE_POINTS


@compiled("void(float64[:, ::1], float64[::1])")
def _nearest_loadings(correlation: Floats, loading: Floats) -> None:
    """Fill loadings whose products come near the correlations: least squares, one loading at a time, thirty rounds."""
    k = loading.size
    loading[:] = 0.5
    for _ in range(30):
        for i in range(k):
            top = 0.0
            bottom = 0.0
            for j in range(k):
                if j != i:
                    top += correlation[i, j] * loading[j]
                    bottom += loading[j] * loading[j]
            value = top / bottom if bottom > 0.0 else 0.0
            loading[i] = max(-0.95, min(0.95, value))


@compiled("float64(float64, float64[::1], boolean, float64[:, ::1], float64[:, ::1], int64)")
def _normal_exceedance(
    x: float, loading: Floats, is_product: bool, root: Floats, near_root: Floats, offset: int
) -> float:
    """P(max Z_i > x): the sum for the (nearest) product form, and the lattice for the difference from it."""
    value = _product_exceedance(x, loading)
    if is_product:
        return value
    return value + (_lattice_exceedance(x, root, offset) - _lattice_exceedance(x, near_root, offset))


@compiled("float64(float64, float64, float64[:, ::1])")
def exceedance(t: float, df: float, correlation: Floats) -> float:
    """Return P(max T_i > t), T multivariate Student with df and that correlation; NaN where it is no correlation.

    Error below 1e-9 for correlations of product form (any two comparisons, any balanced or unbalanced many-to-one
    design without covariates), below 1e-4 otherwise.
    """
    k = correlation.shape[0]
    if k == 1:
        return t_cdf(-t, df)
    loading = np.zeros(k)
    root = np.zeros((k, k))
    near_root = np.zeros((k, k))
    is_product = product_loadings(correlation, loading)
    if not is_product:
        _nearest_loadings(correlation, loading)
        near = np.eye(k)
        for i in range(k):
            for j in range(k):
                near[i, j] = loading[i] * loading[j] if i != j else 1.0
        if not (_root(correlation, root) and _root(near, near_root)):
            return np.nan
    if df == np.inf:
        return _normal_exceedance(t, loading, is_product, root, near_root, 0)
    # s = e^w with density proportional to exp(df (w - (e^2w - 1) / 2)); the steps resolve it and what varies as s t.
    # The bound is for few df: e^(-e^2w) is tame only within pi / 4 of the real line: an error of e^(-pi^2 / (2 step)).
    step = min(0.7 / np.sqrt(2.0 * df + t * t), 0.16)
    total = 0.0
    weights = 0.0
    for side in range(2):
        m = side
        while True:
            w = m * step if side == 1 else -m * step
            exponent = df * (w - 0.5 * expm1(2.0 * w))
            if exponent < -40.0:
                break
            weight = exp(exponent)
            x = t * exp(w)
            offset = LATTICE_POINTS * (2 * m + side)  # another stretch of the lattice for each s
            total += weight * _normal_exceedance(x, loading, is_product, root, near_root, offset)
            weights += weight
            m += 1
    return total / weights


@compiled("float64[:, ::1](float64[:, ::1], int64[::1])")
def _correlation(covariance: Floats, family: NDArray[np.int64]) -> Floats:
    """The correlations of some of the estimates."""
    k = family.size
    correlation = np.eye(k)
    for i in range(k):
        for j in range(k):
            a, b = family[i], family[j]
            if i != j:
                spread = np.sqrt(covariance[a, a]) * np.sqrt(covariance[b, b])
                correlation[i, j] = covariance[a, b] / spread
    return correlation


@compiled("void(float64[:, ::1], float64[:, ::1], float64[:, :, ::1], boolean[:, ::1], float64[:, ::1])")
def dunnett_into(
    statistic: Floats, df: Floats, covariance: Floats, is_tested: NDArray[np.bool_], adjusted: Floats
) -> None:
    """Fill the single-step adjusted p values of each trial; the family is its comparisons that could be tested."""
    n_pairs = statistic.shape[1]
    for trial in range(statistic.shape[0]):
        correlation = _correlation(covariance[trial], np.nonzero(is_tested[trial])[0])
        for c in range(n_pairs):
            adjusted[trial, c] = 1.0
            if is_tested[trial, c]:
                adjusted[trial, c] = exceedance(statistic[trial, c], df[trial, c], correlation)


@compiled("void(float64[:, ::1], float64[:, ::1], float64[:, :, ::1], boolean[:, ::1], float64[:, ::1])")
def step_down_dunnett_into(
    statistic: Floats, df: Floats, covariance: Floats, is_tested: NDArray[np.bool_], adjusted: Floats
) -> None:
    """Fill the step-down adjusted p values of each trial: the greatest statistic against all, the next one of the rest.

    Of equal statistics the first goes first.
    """
    for trial in range(statistic.shape[0]):
        is_left = is_tested[trial].copy()
        greatest = 0.0
        adjusted[trial, :] = 1.0
        for _ in range(np.sum(is_tested[trial])):
            family = np.nonzero(is_left)[0]
            c = family[0]
            for i in family:
                c = i if statistic[trial, i] > statistic[trial, c] else c
            value = exceedance(statistic[trial, c], df[trial, c], _correlation(covariance[trial], family))
            greatest = value if value != value or value > greatest else greatest
            adjusted[trial, c] = greatest
            is_left[c] = False
