"""Probabilities that two, three or four correlated standard normal variables all lie below bounds.

Two: the integral over the correlation (Plackett 1954; Drezner and Wesolowsky 1990). Three and four: Plackett's identity
again, along correlations t r_ij for t from 0 to 1, where the derivative is a sum of two-dimensional densities times a
probability of the others given these two, of one or two dimensions (as used by Gassmann 2003 and Genz 2004). The
correlation matrix may be singular. Angles are written by the tangent of their half, so that no sine is needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import exp, normal_cdf

Floats = NDArray[np.float64]
FARTHEST = 39.0  # bounds beyond it are put there: nothing lies farther
MOST_DIMENSIONS = 4
TWO_PI = 6.283185307179586
ROOT_TWO_PI = 2.5066282746310002
STEEP = 0.925  # correlations above it are integrated from 1 downwards
# Gauss and Legendre's rule of 20 points: the positive ones, and their weights.
NODES = (
    0.07652652113349734, 0.22778585114164507, 0.37370608871541955, 0.5108670019508271, 0.636053680726515,
    0.7463319064601508, 0.8391169718222188, 0.912234428251326, 0.9639719272779138, 0.9931285991850949,
)  # fmt: skip
WEIGHTS = (
    0.15275338713072584, 0.14917298647260374, 0.14209610931838204, 0.13168863844917664, 0.11819453196151841,
    0.10193011981724044, 0.08327674157670475, 0.06267204833410907, 0.04060142980038694, 0.017614007139152118,
)  # fmt: skip
GREATEST_ERROR = 1e-9  # of a stretch
MOST_HALVINGS = 30


@compiled("float64(float64, float64, float64)")
def _from_independence(h: float, k: float, r: float) -> float:
    """P(X < h, Y < k) for a moderate correlation: what independence gives, and the integral from there."""
    end = r / (1.0 + np.sqrt(1.0 - r * r))
    total = 0.0
    for i in range(10):
        for side in range(2):
            u = 0.5 * end * (1.0 + (NODES[i] if side == 0 else -NODES[i]))
            whole = 1.0 + u * u
            sine, cosine = 2.0 * u / whole, (1.0 - u * u) / whole
            total += WEIGHTS[i] * exp((h * k * sine - 0.5 * (h * h + k * k)) / (cosine * cosine)) / whole
    return float(normal_cdf(h) * normal_cdf(k) + total * end / TWO_PI)


@compiled("float64(float64, float64, float64)")
def _from_identity(h: float, k: float, r: float) -> float:
    """P(X < h, Y < k) for a correlation near 1: what X = Y gives, less the integral from there.

    In x, the root of 1 - r^2, the integrand is exp(-(h - k)^2 / (2 x^2)) g(x); what the first three terms of the
    series of g give is known, and the rest is smooth.
    """
    both = normal_cdf(min(h, k))
    end = np.sqrt((1.0 - r) * (1.0 + r))
    gap, product = abs(h - k), h * k
    if end <= 0.0 or (gap / end) * (gap / end) + product > 160.0:
        return both
    c = (4.0 - product) / 8.0
    d = c * (12.0 - product) / 16.0
    start = exp(-0.5 * product)
    edge = exp(-0.5 * ((gap / end) * (gap / end) + product))
    zeroth = end * edge - gap * ROOT_TWO_PI * start * normal_cdf(-gap / end)
    second = (end * end * end * edge - gap * gap * zeroth) / 3.0
    fourth = (end * end * end * end * end * edge - gap * gap * second) / 5.0
    total = zeroth + c * second + d * fourth
    for i in range(10):
        for side in range(2):
            x = 0.5 * end * (1.0 + (NODES[i] if side == 0 else -NODES[i]))
            square = x * x
            s = np.sqrt(1.0 - square)
            fall = -0.5 * (gap / x) * (gap / x)
            rest = exp(fall - product / (1.0 + s)) / s - exp(fall - 0.5 * product) * (1.0 + square * (c + square * d))
            total += 0.5 * end * WEIGHTS[i] * rest
    return float(both - total / TWO_PI)


@compiled("float64(float64, float64, float64)")
def normal_pair_below(h: float, k: float, r: float) -> float:
    """Return P(X < h, Y < k) of standard normal X and Y with correlation r in [-1, 1]; error below 1e-13."""
    h, k = max(-FARTHEST, min(FARTHEST, h)), max(-FARTHEST, min(FARTHEST, k))
    if abs(r) <= STEEP:
        return _from_independence(h, k, r)
    if r > 0.0:
        return _from_identity(h, k, min(r, 1.0))
    return max(0.0, normal_cdf(h) - _from_identity(h, -k, min(-r, 1.0)))


@compiled("float64(float64[::1], float64[:, ::1], float64, float64, int64, int64, float64[:, ::1])")
def _others_below(bound: Floats, correlation: Floats, t: float, less: float, i: int, j: int, given: Floats) -> float:
    """P(the others < bounds | Z_i and Z_j at theirs) under correlations t r; one or two others.

    By the sum and the difference of Z_i and Z_j, which are independent with variances 2 (1 + r) and `less` = 2 (1 - r).
    `given` is room for the standardised bounds and standard deviations.
    """
    more = 2.0 * (1.0 + t * correlation[i, j])
    n = 0
    cross = 0.0
    last = -1
    for k in range(bound.size):
        if k in (i, j):
            continue
        with_sum = t * (correlation[k, i] + correlation[k, j])
        with_gap = t * (correlation[k, i] - correlation[k, j])
        mean = with_sum * (bound[i] + bound[j]) / more + with_gap * (bound[i] - bound[j]) / less
        variance = 1.0 - (with_sum * with_sum / more + with_gap * with_gap / less)
        given[1, n] = np.sqrt(variance) if variance > 1e-14 else 1e-7
        given[0, n] = (bound[k] - mean) / given[1, n]
        if n == 1:
            last_sum = t * (correlation[last, i] + correlation[last, j])
            last_gap = t * (correlation[last, i] - correlation[last, j])
            cross = t * correlation[last, k] - (with_sum * last_sum / more + with_gap * last_gap / less)
        last = k
        n += 1
    if n == 1:
        return normal_cdf(given[0, 0])
    partial = cross / (given[1, 0] * given[1, 1])
    return normal_pair_below(given[0, 0], given[0, 1], max(-1.0, min(1.0, partial)))


@compiled("float64(float64[::1], float64[:, ::1], float64, float64[:, ::1])")
def _slope(bound: Floats, correlation: Floats, u: float, given: Floats) -> float:
    """The derivative of the probability along t = sin(angle), by u, the tangent of half the angle."""
    whole = 1.0 + u * u
    t, rest, cosine = 2.0 * u / whole, (1.0 - u) * (1.0 - u) / whole, (1.0 - u) * (1.0 + u) / whole
    total = 0.0
    for i in range(bound.size):
        for j in range(i):
            r = correlation[i, j]
            if r == 0.0:
                continue
            # 1 - t r and 1 + t r without cancellation where t and r are near 1 or -1.
            less, more = rest + t * (1.0 - r), rest + t * (1.0 + r)
            if not (less > 0.0 and more > 0.0):
                continue
            gap, total_bound = bound[i] - bound[j], bound[i] + bound[j]
            density = exp(-0.25 * (gap * gap / less + total_bound * total_bound / more))
            below = _others_below(bound, correlation, t, 2.0 * less, i, j, given)
            total += r * below * density / (TWO_PI * np.sqrt(less * more))
    return total * cosine * 2.0 / whole


@compiled("float64(float64[::1], float64[:, ::1], float64, float64, float64[:, ::1])")
def _stretch(bound: Floats, correlation: Floats, low: float, high: float, given: Floats) -> float:
    total = 0.0
    for i in range(10):
        for side in range(2):
            u = 0.5 * (low + high) + 0.5 * (high - low) * (NODES[i] if side == 0 else -NODES[i])
            total += WEIGHTS[i] * _slope(bound, correlation, u, given)
    return 0.5 * (high - low) * total


@compiled("float64(float64[::1], float64[:, ::1])")
def normals_below(bounds: Floats, correlation: Floats) -> float:
    """Return P(Z_1 < b_1, ..., Z_k < b_k) of standard normals with a correlation matrix; k from 1 to 4.

    The matrix may be singular. Error below 1e-8: stretches of the integral are halved until both halves together agree
    with the whole. NaN for more than four dimensions.
    """
    k = bounds.size
    bound = np.empty(k)
    below = 1.0
    for i in range(k):
        bound[i] = max(-FARTHEST, min(FARTHEST, bounds[i]))
        below *= normal_cdf(bound[i])
    if k == 1:
        return below
    if k == 2:
        return normal_pair_below(bound[0], bound[1], correlation[0, 1])
    if k > MOST_DIMENSIONS:
        return np.nan
    given = np.empty((2, 2))
    lows, highs, values = np.empty(MOST_HALVINGS + 2), np.empty(MOST_HALVINGS + 2), np.empty(MOST_HALVINGS + 2)
    depths = np.empty(MOST_HALVINGS + 2, np.int64)
    lows[0], highs[0], depths[0] = 0.0, 1.0, 0
    values[0] = _stretch(bound, correlation, 0.0, 1.0, given)
    n = 1
    while n > 0:
        n -= 1
        low, high, value, depth = lows[n], highs[n], values[n], depths[n]
        middle = 0.5 * (low + high)
        left = _stretch(bound, correlation, low, middle, given)
        right = _stretch(bound, correlation, middle, high, given)
        if abs(left + right - value) <= GREATEST_ERROR or depth >= MOST_HALVINGS - 1:
            below += left + right
            continue
        lows[n], highs[n], values[n], depths[n] = low, middle, left, depth + 1
        lows[n + 1], highs[n + 1], values[n + 1], depths[n + 1] = middle, high, right, depth + 1
        n += 2
    return min(1.0, max(0.0, below))
