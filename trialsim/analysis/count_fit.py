"""One Poisson or negative-binomial regression of counts with exposure: slopes and dispersion of greatest likelihood."""

from __future__ import annotations

import numpy as np

from trialsim.analysis.comparisons import NO_CONVERGENCE, OK, SEPARATED, Floats
from trialsim.analysis.model_rows import Flags, add_product, factored, product, solve
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import exp, log1p

MOST_STEPS = 60
MOST_HALVINGS = 40
MOST_ROUNDS = 100  # between slopes and dispersion, whose estimates hardly depend on each other
FURTHEST = 14.0  # a slope this far from zero without an end: its arm or stratum has no events
LARGEST_DISPERSION = 1e8


@compiled("float64(float64[:, ::1], float64[::1], float64[::1], int64, float64, float64[::1], float64[::1])")
def _log_likelihood(
    x: Floats, y: Floats, exposure: Floats, n: int, dispersion: float, slopes: Floats, means: Floats
) -> float:
    """Fill the means; return the logarithm of the likelihood but for what slopes do not change."""
    total = 0.0
    for i in range(n):
        linear = product(x[i], slopes) + exposure[i]
        means[i] = exp(linear)
        if dispersion > 0.0:
            total += y[i] * linear - (y[i] + 1.0 / dispersion) * log1p(dispersion * means[i])
        else:
            total += y[i] * linear - means[i]
    return total


@compiled(
    "int64(float64[:, ::1], float64[::1], float64[::1], int64, boolean[::1], float64, float64[::1], float64[::1], "
    "float64[:, ::1])"
)
def fitted_slopes(
    x: Floats, y: Floats, exposure: Floats, n: int, is_kept: Flags, dispersion: float, slopes: Floats, means: Floats,
    factor: Floats,
) -> int:  # fmt: skip
    """Fill slopes, means and the factor of the expected information at a dispersion; return OK or why there is no fit.

    Fisher's scoring from the slopes given, steps halved while the likelihood falls. ``exposure`` is its logarithm.
    """
    p = slopes.size
    information, score, moved = np.zeros((p, p)), np.zeros(p), np.zeros(p)
    value = _log_likelihood(x, y, exposure, n, dispersion, slopes, means)
    for _ in range(MOST_STEPS):
        information[:] = 0.0
        score[:] = 0.0
        for i in range(n):
            shrunk = 1.0 + dispersion * means[i]
            add_product(x[i], means[i] / shrunk, information)
            for j in range(p):
                score[j] += x[i, j] * (y[i] - means[i]) / shrunk
        if not factored(information, is_kept, factor):
            return NO_CONVERGENCE
        solve(factor, is_kept, score)
        longest = 0.0
        for j in range(p):
            longest = max(longest, abs(score[j]))
        if longest < 1e-10:
            return OK
        share = min(1.0, 4.0 / longest)
        for _ in range(MOST_HALVINGS):
            for j in range(p):
                moved[j] = slopes[j] + share * score[j]
            following = _log_likelihood(x, y, exposure, n, dispersion, moved, means)
            if following >= value - 1e-12 * abs(value):
                break
            share = 0.5 * share
        slopes[:] = moved
        value = following
        for j in range(p):
            if abs(slopes[j]) > FURTHEST and score[j] * slopes[j] > 0.0 and abs(score[j]) > 0.1:
                return SEPARATED
    return NO_CONVERGENCE


@compiled("float64(float64)")
def _curved(u: float) -> float:
    """(log(1 + u) - u / (1 + u)) / u^2, without cancellation near zero."""
    if u > 0.02:
        return (log1p(u) - u / (1.0 + u)) / (u * u)
    total, power = 0.0, 1.0
    for m in range(10):
        total += power * (m + 1.0) / (m + 2.0)
        power = -power * u
    return total


@compiled("float64(float64[::1], float64[::1], int64, float64)")
def _dispersion_score(y: Floats, means: Floats, n: int, dispersion: float) -> float:
    """The slope of the log likelihood along the dispersion (Lawless 1987, equation 2.5)."""
    total = 0.0
    for i in range(n):
        for j in range(1, int(y[i])):
            total += j / (1.0 + dispersion * j)
        u = dispersion * means[i]
        total += means[i] * means[i] * _curved(u) - y[i] * means[i] / (1.0 + u)
    return total


@compiled("float64(float64[::1], float64[::1], int64, float64)")
def _likeliest_dispersion(y: Floats, means: Floats, n: int, start: float) -> float:
    """The dispersion of greatest likelihood at given means; 0 where the counts vary less than Poisson's."""
    if _dispersion_score(y, means, n, 0.0) <= 0.0:
        return 0.0
    low, high = 0.0, start if start > 0.0 else 1.0
    while _dispersion_score(y, means, n, high) > 0.0:
        low = high
        high = 2.0 * high
        if high > LARGEST_DISPERSION:
            return np.inf
    at_low, at_high = _dispersion_score(y, means, n, low), _dispersion_score(y, means, n, high)
    for _ in range(200):
        middle = low + (high - low) * at_low / (at_low - at_high)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        at_middle = _dispersion_score(y, means, n, middle)
        if at_middle > 0.0:
            low, at_low, at_high = middle, at_middle, 0.5 * at_high
        else:
            high, at_high, at_low = middle, at_middle, 0.5 * at_low
        if high - low <= 1e-13 * high or at_middle == 0.0:
            return middle
    return 0.5 * (low + high)


@compiled(
    "Tuple((int64, float64))(float64[:, ::1], float64[::1], float64[::1], int64, boolean[::1], boolean, float64[::1], "
    "float64[::1], float64[:, ::1])"
)
def fitted(
    x: Floats, y: Floats, exposure: Floats, n: int, is_kept: Flags, is_dispersed: bool, slopes: Floats, means: Floats,
    factor: Floats,
) -> tuple[int, float]:  # fmt: skip
    """Fill slopes, means and the factor; return OK or why there is no fit, and the dispersion (0: Poisson).

    The variance of a count is mean + dispersion * mean^2. Slopes and dispersion are fitted in turn until neither moves.
    """
    slopes[:] = 0.0
    status = fitted_slopes(x, y, exposure, n, is_kept, 0.0, slopes, means, factor)
    dispersion = 0.0
    if not is_dispersed or status != OK:
        return status, dispersion
    for _ in range(MOST_ROUNDS):
        following = _likeliest_dispersion(y, means, n, dispersion)
        if not following < LARGEST_DISPERSION:
            return NO_CONVERGENCE, following
        is_settled = abs(following - dispersion) <= 1e-10 * following
        dispersion = following
        status = fitted_slopes(x, y, exposure, n, is_kept, dispersion, slopes, means, factor)
        if status != OK or is_settled:
            return status, dispersion
    return NO_CONVERGENCE, dispersion
