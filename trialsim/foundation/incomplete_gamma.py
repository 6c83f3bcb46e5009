"""The gamma distribution's shares and quantiles, the same bits on every x86-64 processor."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.foundation.arithmetic import INF, NAN, compiled
from trialsim.foundation.distributions import log_gamma
from trialsim.foundation.elementary import exp, log, log1p, normal_cdf, normal_quantile

Floats = NDArray[np.float64]

MOST_TERMS = 100_000
MOST_STEPS = 200
SMALL = 1e-300
ENOUGH = 1e-16
LEAST_LOG, GREATEST_LOG = -745.0, 709.0
NINTH = 1.0 / 9.0


@compiled("float64(float64, float64, float64)")
def _log_weight(a: float, x: float, log_gamma_a: float) -> float:
    """Return log(x^a e^-x / Gamma(a))."""
    return a * log(x) - x - log_gamma_a


@compiled("float64(float64, float64)")
def _series(a: float, x: float) -> float:
    """Return the sum of x^n / (a (a + 1) ... (a + n)) (Abramowitz & Stegun 1964, 6.5.29)."""
    term = 1.0 / a
    total = term
    for n in range(1, MOST_TERMS):
        term = term * (x / (a + n))
        total = total + term
        if term < total * ENOUGH:
            break
    return total


@compiled("float64(float64, float64)")
def _fraction(a: float, x: float) -> float:
    """Return 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...)), by Lentz (Abramowitz & Stegun 1964, 6.5.31)."""
    b = x + 1.0 - a
    c = 1.0 / SMALL
    d = 1.0 / b
    h = d
    for n in range(1, MOST_TERMS):
        an = -n * (n - a)
        b = b + 2.0
        d = an * d + b
        d = 1.0 / (d if d > SMALL or d < -SMALL else SMALL)
        c = b + an / c
        c = c if c > SMALL or c < -SMALL else SMALL
        change = d * c
        h = h * change
        if -4e-16 < change - 1.0 < 4e-16:
            break
    return h


@compiled("UniTuple(float64, 2)(float64, float64, float64)")
def _log_shares(a: float, x: float, log_weight: float) -> tuple[float, float]:
    if x < a + 1.0:
        below = log_weight + log(_series(a, x))
        return below, log1p(-exp(below)) if below < 0.0 else -INF
    above = log_weight + log(_fraction(a, x))
    return log1p(-exp(above)) if above < 0.0 else -INF, above


@compiled("UniTuple(float64, 2)(float64, float64)")
def log_gamma_shares(a: float, x: float) -> tuple[float, float]:
    """Return the logs of the shares of a gamma distribution of shape a and scale 1 below and above x.

    The smaller share is computed, the larger is what is left: relative error below 1e-12 for shapes up to a thousand.
    """
    if not (a > 0.0 and x >= 0.0):
        return NAN, NAN
    return _log_shares(a, x, _log_weight(a, x, log_gamma(a))) if x > 0.0 else (-INF, 0.0)


@compiled("float64(float64, float64, float64)")
def gamma_quantile(a: float, below: float, above: float) -> float:
    """Return the x that leaves a share `below` under it and `above` over it, gamma of shape a and scale 1.

    The two sum to 1; the smaller is the one that counts. Newton steps on the log of that share over the log of x,
    kept between bounds; the start is Wilson and Hilferty's (1931) cube, or the first term of the series.
    """
    if not (a > 0.0 and below >= 0.0 and above >= 0.0):
        return NAN
    if below == 0.0:
        return 0.0
    if above == 0.0:
        return INF
    is_low = below < above
    target = log(below) if is_low else log(above)
    z = normal_quantile(below) if is_low else -normal_quantile(above)
    cube = 1.0 - NINTH / a + z * np.sqrt(NINTH / a)
    log_gamma_a = log_gamma(a)
    first = (log(below) + log(a) + log_gamma_a) / a
    y = log(a) + 3.0 * log(cube) if cube > 0.3 else first
    low, high = LEAST_LOG, GREATEST_LOG
    y = min(max(y, low), high)
    for _ in range(MOST_STEPS):
        x = exp(y)
        weight = _log_weight(a, x, log_gamma_a)
        shares = _log_shares(a, x, weight)
        share = shares[0] if is_low else shares[1]
        miss = share - target
        if (miss > 0.0) == is_low:
            high = y
        else:
            low = y
        slope = exp(weight - share)
        step = miss / slope if is_low else -miss / slope
        new = y - step
        # Newton's error is the square of the step: there is nothing left to find.
        if -1e-8 < step < 1e-8:
            y = new
            break
        y = new if low < new < high else 0.5 * (low + high)
    return exp(y) if y > LEAST_LOG + 1.0 else 0.0


@compiled("void(float64[::1], float64[::1], float64[::1])")
def _factors_into(cvs: Floats, scores: Floats, out: Floats) -> None:
    for i in range(out.size):
        shape = 1.0 / (cvs[i] * cvs[i])
        out[i] = gamma_quantile(shape, normal_cdf(scores[i]), normal_cdf(-scores[i])) / shape


def gamma_factors(cvs: ArrayLike, scores: ArrayLike) -> Floats:
    """Return gamma numbers of mean 1 and these coefficients of variation, at the shares of standard normal scores."""
    cv, score = (np.require(each, np.float64, ["C", "W"]) for each in np.broadcast_arrays(cvs, scores))
    out = np.empty(score.shape)
    _factors_into(cv.reshape(-1), score.reshape(-1), out.reshape(-1))
    return out
