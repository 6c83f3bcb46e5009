"""Restricted likelihood of repeated values, its derivatives, and its maximum, from one trial's sums of products.

Patients of one pattern of seen visits share the covariance of those visits, so that their sums of products
(``visit_patterns``) are all that is needed. ``index`` [features, visits] says which fixed effect multiplies a feature
at a visit (-1: none). Matrices over visits have the full size, with zeros where a pattern has not seen a visit.
See docs/methods/repeated-measures.md for the formulas.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.covariance_structures import add_curvature, fill_covariance, fill_slopes
from trialsim.analysis.positive_definite import factor, invert, log_determinant, solve
from trialsim.foundation.arithmetic import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_STEPS = 60
MOST_HALVINGS = 30
CONVERGED = 1e-14  # of the squared distance to the maximum in standard errors of the parameters
NEARLY = 1e-8  # accepted where rounding lets no smaller step improve the likelihood
NEAR = 1.0  # from here on the observed information steers, where it is positive definite
ROUNDING = 1e-13  # of the likelihood, which a step may lose


@compiled("float64(float64[:, ::1], float64[::1], boolean[:, ::1], float64[:, :, ::1])")
def fill_inverses(sigma: Floats, count: Floats, is_seen: Flags, inverse: Floats) -> float:
    """Fill each pattern's inverse covariance; return the sum of log determinants over patients, NaN if singular."""
    m = sigma.shape[0]
    total = 0.0
    at = np.zeros(m, np.int64)
    for g in range(count.size):
        n = 0
        for j in range(m):
            if is_seen[g, j]:
                at[n] = j
                n += 1
        own = np.zeros((n, n))
        lower = np.zeros((n, n))
        for j in range(n):
            for k in range(n):
                own[j, k] = sigma[at[j], at[k]]
        if not factor(own, lower):
            return float(np.nan)
        total += count[g] * log_determinant(lower)
        invert(lower, own)
        inverse[g] = 0.0
        for j in range(n):
            for k in range(n):
                inverse[g, at[j], at[k]] = own[j, k]
    return total


@compiled("void(float64[:, ::1], float64[:, ::1], int64[:, ::1], float64[:, ::1])")
def add_products(weight: Floats, xx: Floats, index: Integers, out: Floats) -> None:
    """Add the sum of X' weight X over the patients of one pattern to out [p, p]."""
    q, m = index.shape
    for k in range(q):
        for h in range(q):
            x = xx[k, h]
            if x == 0.0:
                continue
            for j in range(m):
                a = index[k, j]
                if a < 0:
                    continue
                for i in range(m):
                    b = index[h, i]
                    if b >= 0:
                        out[a, b] += x * weight[j, i]


@compiled("void(float64[:, ::1], float64[:, ::1], int64[:, ::1], float64[::1])")
def add_cross_products(weight: Floats, xv: Floats, index: Integers, out: Floats) -> None:
    """Add the sum of X' weight v over the patients of one pattern to out [p], from the sums xv [features, visits]."""
    q, m = index.shape
    for k in range(q):
        for j in range(m):
            a = index[k, j]
            if a < 0:
                continue
            for i in range(m):
                out[a] += weight[j, i] * xv[k, i]


@compiled("void(float64[:, ::1], float64[:, ::1], int64[:, ::1], float64[:, ::1])")
def fill_spread(phi: Floats, xx: Floats, index: Integers, out: Floats) -> None:
    """Fill out [m, m] with the sum of X phi X' over the patients of one pattern."""
    q, m = index.shape
    out[:] = 0.0
    for k in range(q):
        for h in range(q):
            x = xx[k, h]
            if x == 0.0:
                continue
            for j in range(m):
                a = index[k, j]
                if a < 0:
                    continue
                for i in range(m):
                    b = index[h, i]
                    if b >= 0:
                        out[j, i] += x * phi[a, b]


@compiled(
    "void(float64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], int64[:, ::1], float64[:, ::1], "
    "float64[:, ::1])"
)
def _fill_residuals(
    beta: Floats, xx: Floats, xy: Floats, yy: Floats, index: Integers, xr: Floats, rr: Floats
) -> None:
    """Fill the sums of products of one pattern's features and residuals, and of its residuals."""
    q, m = index.shape
    slope = np.zeros((q, m))
    for k in range(q):
        for j in range(m):
            slope[k, j] = beta[index[k, j]] if index[k, j] >= 0 else 0.0
    for k in range(q):
        for j in range(m):
            total = xy[k, j]
            for h in range(q):
                total -= xx[k, h] * slope[h, j]
            xr[k, j] = total
    for j in range(m):
        for i in range(j + 1):
            total = yy[j, i]
            for k in range(q):
                total -= slope[k, j] * xr[k, i] + xy[k, j] * slope[k, i]
            rr[j, i] = rr[i, j] = total


@compiled(
    "float64(float64[:, ::1], float64[::1], boolean[:, ::1], float64[:, :, ::1], float64[:, :, ::1], "
    "float64[:, :, ::1], int64[:, ::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1], float64[::1], "
    "float64[:, ::1])"
)
def deviance(
    sigma: Floats,
    count: Floats,
    is_seen: Flags,
    xx: Floats,
    xy: Floats,
    yy: Floats,
    index: Integers,
    inverse: Floats,
    xr: Floats,
    rr: Floats,
    beta: Floats,
    phi: Floats,
) -> float:
    """Return -2 log restricted likelihood without its constant, NaN if singular (Patterson and Thompson 1971).

    Fills the inverse covariances, the sums of residual products, the fixed effects and their covariance phi.
    """
    total = fill_inverses(sigma, count, is_seen, inverse)
    if total != total:
        return float(np.nan)
    p = beta.size
    products = np.zeros((p, p))
    beta[:] = 0.0
    for g in range(count.size):
        add_products(inverse[g], xx[g], index, products)
        add_cross_products(inverse[g], xy[g], index, beta)
    lower = np.zeros((p, p))
    if not factor(products, lower):
        return float(np.nan)
    solve(lower, beta)
    invert(lower, phi)
    for g in range(count.size):
        _fill_residuals(beta, xx[g], xy[g], yy[g], index, xr[g], rr[g])
        for j in range(sigma.shape[0]):
            for i in range(sigma.shape[0]):
                total += inverse[g, j, i] * rr[g, j, i]
    return total + log_determinant(lower)


@compiled("void(float64[:, ::1], float64[:, ::1], float64[:, ::1])")
def fill_product(a: Floats, b: Floats, out: Floats) -> None:
    """Fill out with a b."""
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            out[i, j] = 0.0
        for k in range(b.shape[0]):
            x = a[i, k]
            if x == 0.0:
                continue
            for j in range(b.shape[1]):
                out[i, j] += x * b[k, j]


@compiled("float64(float64[:, ::1], float64[:, ::1])")
def trace_of_product(a: Floats, b: Floats) -> float:
    """Return the trace of a b."""
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += a[i, j] * b[j, i]
    return total


@compiled(
    "void(float64, float64[:, ::1], float64[:, :, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], "
    "float64[:, ::1], float64[:, ::1], float64[:, :, ::1])"
)
def _add_pattern(
    count: float,
    inverse: Floats,
    slopes: Floats,
    spread: Floats,
    rr: Floats,
    excess: Floats,
    expected: Floats,
    quadratic: Floats,
    sandwiches: Floats,
) -> None:
    """Add one pattern to what the derivatives are made of; fill its inverse * slope * inverse of every parameter."""
    n, m = slopes.shape[:2]
    left = np.zeros((n, m, m))
    by_spread = np.zeros((n, m, m))
    by_residuals = np.zeros((n, m, m))
    inner = np.zeros((m, m))
    outer = np.zeros((m, m))
    both = rr + spread
    fill_product(inverse, both, inner)
    fill_product(inner, inverse, outer)
    for j in range(m):
        for i in range(m):
            excess[j, i] += count * inverse[j, i] - outer[j, i]
    for a in range(n):
        fill_product(inverse, slopes[a], left[a])
        fill_product(left[a], inverse, sandwiches[a])
        fill_product(sandwiches[a], spread, by_spread[a])
        fill_product(sandwiches[a], rr, by_residuals[a])
        for j in range(m):
            for i in range(m):
                by_spread[a, j, i] = 0.5 * count * left[a, j, i] - by_spread[a, j, i]
    for a in range(n):
        for b in range(a + 1):
            expected[a, b] += trace_of_product(left[a], by_spread[b])
            quadratic[a, b] += trace_of_product(left[a], by_residuals[b])


@compiled(
    "void(int64, float64[::1], int64[::1], float64[:, ::1], float64[::1], float64[:, :, ::1], int64[:, ::1], "
    "float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], float64[:, :, ::1], float64[::1], "
    "float64[:, ::1], float64[:, ::1])"
)
def fill_derivatives(
    structure: int,
    theta: Floats,
    position: Integers,
    sigma: Floats,
    count: Floats,
    xx: Floats,
    index: Integers,
    inverse: Floats,
    xr: Floats,
    rr: Floats,
    phi: Floats,
    slopes: Floats,
    score: Floats,
    expected: Floats,
    observed: Floats,
) -> None:
    """Fill the score, the expected and the observed information of the covariance's parameters.

    Jennrich and Schluchter (1986, Biometrics 42:805); Kenward and Roger (1997, Biometrics 53:983).
    """
    n, m, p = theta.size, sigma.shape[0], phi.shape[0]
    fill_slopes(structure, theta, position, sigma, slopes)
    excess = np.zeros((m, m))
    spread = np.zeros((m, m))
    sandwiches = np.zeros((n, m, m))
    products = np.zeros((n, p, p))
    crosses = np.zeros((n, p))
    expected[:] = 0.0
    observed[:] = 0.0
    for g in range(count.size):
        fill_spread(phi, xx[g], index, spread)
        _add_pattern(count[g], inverse[g], slopes, spread, rr[g], excess, expected, observed, sandwiches)
        for a in range(n):
            add_products(sandwiches[a], xx[g], index, products[a])
            add_cross_products(sandwiches[a], xr[g], index, crosses[a])
    turned = np.zeros((n, p, p))
    solved = np.zeros((1, p))
    for a in range(n):
        score[a] = -0.5 * trace_of_product(excess, slopes[a])
        fill_product(phi, products[a], turned[a])
    for a in range(n):
        fill_product(crosses[a : a + 1], phi, solved)
        for b in range(a + 1):
            expected[a, b] += 0.5 * trace_of_product(turned[a], turned[b])
            observed[a, b] -= expected[a, b]
            for i in range(p):
                observed[a, b] -= solved[0, i] * crosses[b, i]
            expected[b, a] = expected[a, b]
            observed[b, a] = observed[a, b]
    add_curvature(structure, theta, position, sigma, excess, observed)


@compiled(
    "boolean(int64, int64[::1], float64[::1], boolean[:, ::1], float64[:, :, ::1], float64[:, :, ::1], "
    "float64[:, :, ::1], int64[:, ::1], float64[::1], float64[:, ::1], float64[:, :, ::1], float64[:, :, ::1], "
    "float64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1])"
)
def maximised(
    structure: int,
    position: Integers,
    count: Floats,
    is_seen: Flags,
    xx: Floats,
    xy: Floats,
    yy: Floats,
    index: Integers,
    theta: Floats,
    sigma: Floats,
    slopes: Floats,
    inverse: Floats,
    beta: Floats,
    phi: Floats,
    expected: Floats,
    observed: Floats,
    found: Floats,
) -> bool:
    """Move theta to the maximum of the restricted likelihood; return whether it was reached.

    Fisher scoring far from it, Newton near it; a step that loses likelihood is halved. Everything is left as it is at
    the maximum; ``found`` takes -2 log likelihood and the number of steps.
    """
    n, g, q, m = theta.size, count.size, xx.shape[1], sigma.shape[0]
    xr = np.zeros((g, q, m))
    rr = np.zeros((g, m, m))
    score, step, tried = np.zeros(n), np.zeros(n), np.zeros(n)
    lower = np.zeros((n, n))
    fill_covariance(structure, theta, position, sigma)
    value = deviance(sigma, count, is_seen, xx, xy, yy, index, inverse, xr, rr, beta, phi)
    distance = np.inf
    for i in range(MOST_STEPS):
        if value != value:
            return False
        fill_derivatives(
            structure, theta, position, sigma, count, xx, index, inverse, xr, rr, phi, slopes, score, expected, observed
        )
        is_newton = distance < NEAR and factor(observed, lower)
        if not is_newton and not factor(expected, lower):
            return False
        step[:] = score
        solve(lower, step)
        distance = 0.0
        for a in range(n):
            distance += score[a] * step[a]
        found[0], found[1] = value, i
        if distance < CONVERGED:
            return True
        before = value
        for _ in range(MOST_HALVINGS):
            for a in range(n):
                tried[a] = theta[a] + step[a]
                step[a] *= 0.5
            fill_covariance(structure, tried, position, sigma)
            value = deviance(sigma, count, is_seen, xx, xy, yy, index, inverse, xr, rr, beta, phi)
            if value <= before + ROUNDING * (1.0 + abs(before)):
                break
        if value <= before + ROUNDING * (1.0 + abs(before)):
            theta[:] = tried
        else:
            fill_covariance(structure, theta, position, sigma)
            deviance(sigma, count, is_seen, xx, xy, yy, index, inverse, xr, rr, beta, phi)
            return distance < NEARLY
    return False
