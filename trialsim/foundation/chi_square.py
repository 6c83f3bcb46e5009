"""The chi-square distribution in reproducible arithmetic: its probability and its quantile."""

from __future__ import annotations

import numpy as np

from trialsim.foundation.arithmetic import INF, NAN, compiled
from trialsim.foundation.distributions import log_gamma
from trialsim.foundation.elementary import exp, log, normal_quantile

MOST_TERMS = 100_000
TINY = 1e-300


@compiled("float64(float64, float64)")
def _series(a: float, x: float) -> float:
    """Sum over n of x^n / ((a + 1) ... (a + n)) (DLMF 8.11.4), which converges fast below about a."""
    total = 1.0
    term = 1.0
    for n in range(1, MOST_TERMS):
        term = term * x / (a + n)
        total += term
        if term < 1e-17 * total:
            return total
    return NAN


@compiled("float64(float64, float64)")
def _fraction(a: float, x: float) -> float:
    """The continued fraction of Gamma(a, x) e^x x^-a (DLMF 8.9.2) by the rule of Lentz (1976), for x above about a."""
    b = x + 1.0 - a
    c = 1.0 / TINY
    d = 1.0 / b
    value = d
    for n in range(1, MOST_TERMS):
        share = -n * (n - a)
        b += 2.0
        d = share * d + b
        d = 1.0 / (d if abs(d) > TINY else TINY)
        c = b + share / c
        c = c if abs(c) > TINY else TINY
        change = c * d
        value = value * change
        if abs(change - 1.0) < 4e-16:
            return value
    return NAN


@compiled("UniTuple(float64, 2)(float64, float64)")
def _shares(x: float, df: float) -> tuple[float, float]:
    """The probabilities below and above x."""
    a, z = 0.5 * df, 0.5 * x
    weight = a * log(z) - z - log_gamma(a)
    if z < a + 1.0:
        below = exp(weight) / a * _series(a, z)
        return below, 1.0 - below
    above = exp(weight) * _fraction(a, z)
    return 1.0 - above, above


@compiled("float64(float64, float64)")
def chi_square_cdf(x: float, df: float) -> float:
    """Return the probability that chi-square with df > 0 degrees of freedom is below x; relative error below 1e-11."""
    if x != x or not 0.0 < df < INF:
        return NAN
    if x <= 0.0:
        return 0.0
    return 1.0 if x == INF else _shares(x, df)[0]


@compiled("float64(float64, float64)")
def chi_square_quantile(p: float, df: float) -> float:
    """Return the value below which chi-square with df > 0 lies with probability p; relative error below 1e-11.

    Newton's steps for log(probability), of the smaller tail, in log(value), from Wilson and Hilferty (1931).
    """
    if not (0.0 <= p <= 1.0 and 0.0 < df < INF):
        return NAN
    if p == 0.0 or p == 1.0:
        return 0.0 if p == 0.0 else INF
    spread = 2.0 / (9.0 * df)
    root = 1.0 - spread + normal_quantile(p) * np.sqrt(spread)
    x = df * root * root * root if root > 0.1 else 1e-3 * df
    for _ in range(200):
        below, above = _shares(x, df)
        log_density = (0.5 * df - 1.0) * log(0.5 * x) - 0.5 * x - log_gamma(0.5 * df) + log(0.5)
        if p <= 0.5:
            step = (log(p) - log(max(below, TINY))) * below / exp(log_density + log(x))
        else:
            step = (log(max(above, TINY)) - log(1.0 - p)) * above / exp(log_density + log(x))
        step = 2.0 if not step < 2.0 else (-2.0 if step < -2.0 else step)
        x = x * exp(step)
        if abs(step) < 1e-14:
            break
    return x
