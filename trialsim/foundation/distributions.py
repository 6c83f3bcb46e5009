"""Student's t, the incomplete beta and the logarithm of the gamma function, in reproducible arithmetic.

Scalars for compiled code, in the arithmetic of ``elementary``: the same bits on every x86-64 processor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.foundation.arithmetic import INF, NAN, compiled
from trialsim.foundation.elementary import exp, log, log1p, normal_cdf, normal_quantile

HALF_LOG_2_PI = 0.9189385332046727
LARGE = 10.0  # arguments from here on take Stirling's series
TINY = 1e-300
LOG_GREATEST = 709.7
MOST_FRACTION_TERMS = 100_000


@compiled("float64(float64)")
def stirling_remainder(x: float) -> float:
    """Return log Gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2) for x >= 10 (Whittaker and Watson 1927, 12.33)."""
    z = 1.0 / (x * x)
    s = -1.0 / 360.0 + z * (
        1.0 / 1260.0 + z * (-1.0 / 1680.0 + z * (1.0 / 1188.0 + z * (-691.0 / 360360.0 + z / 156.0)))
    )
    return (1.0 / 12.0 + z * s) / x


@compiled("float64(float64)")
def log_gamma(x: float) -> float:
    """Return the logarithm of the gamma function for x > 0; error below 1e-14 of the larger of 1 and the value.

    Stirling's series from 10 on; smaller arguments are first moved up by Gamma(x + 1) = x Gamma(x).
    """
    if not x > 0.0:
        return NAN
    if x == INF:
        return INF
    product = 1.0
    while x < LARGE:
        product = product * x
        x += 1.0
    return ((x - 0.5) * log(x) - x + HALF_LOG_2_PI + stirling_remainder(x)) - log(product)


@compiled("float64(float64, float64)")
def log_beta(a: float, b: float) -> float:
    """Return the logarithm of the beta function for a, b > 0; a large argument beside a small one loses no digits."""
    small, large = (a, b) if a < b else (b, a)
    if large < LARGE:
        return log_gamma(small) + log_gamma(large) - log_gamma(small + large)
    whole = small + large
    # log Gamma(large) - log Gamma(whole), the great terms cancelled by hand (Didonato and Morris 1992, section 8).
    fall = small - (large - 0.5) * log1p(small / large) - small * log(whole)
    if small < LARGE:
        return log_gamma(small) + fall + stirling_remainder(large) - stirling_remainder(whole)
    near = (small - 0.5) * log(small) - small + HALF_LOG_2_PI + stirling_remainder(small)
    return near + fall + stirling_remainder(large) - stirling_remainder(whole)


@compiled("float64(float64)")
def _excess(e: float) -> float:
    """e - log(1 + e) for e > -1, without cancellation near zero."""
    if not abs(e) < 0.4:
        return e - log1p(e)
    s = e / (2.0 + e)
    z = s * s
    total = 0.0
    for n in range(12, 0, -1):
        total = z * (1.0 / (2.0 * n + 1.0) + total)
    return s * (e - 2.0 * total)


@compiled("float64(float64, float64, float64, float64)")
def _beta_weight(a: float, b: float, x: float, y: float) -> float:
    """x^a y^b / B(a, b) for x + y = 1; for great a and b by the distance from the mean (Loader 2000)."""
    if a >= LARGE and b >= LARGE:
        whole = a + b
        gap = a - whole * x if x <= y else whole * y - b
        distance = a * _excess(-gap / a) + b * _excess(gap / b)
        rest = stirling_remainder(whole) - stirling_remainder(a) - stirling_remainder(b)
        return float(np.sqrt(a / whole)) * float(np.sqrt(b)) * exp(rest - distance - HALF_LOG_2_PI)
    log_x = log(x) if x <= 0.5 else log1p(-y)
    log_y = log(y) if y <= 0.5 else log1p(-x)
    return exp(a * log_x + b * log_y - log_beta(a, b))


@compiled("float64(float64, float64, float64, float64)")
def _beta_fraction(a: float, b: float, x: float, y: float) -> float:
    """I_x(a, b) B(a, b) / (x^a y^b) for x + y = 1 and x below about the mean, by the rule of Lentz (1976).

    The continued fraction of Didonato and Morris (1992, equation 21), written in a y - b x, which keeps its digits
    when a is great and x near one.
    """
    gap = a * y - b * x
    value = a / (a + 1.0) * (gap + 1.0)
    c = value
    d = 0.0
    for n in range(1, MOST_FRACTION_TERMS):
        share = n * (b - n) / (a + 2.0 * n - 1.0) * x
        top = (a + n - 1.0) / (a + 2.0 * n - 1.0) * (a + b + n - 1.0) * x * share
        bottom = n + share + (a + n) / (a + 2.0 * n + 1.0) * (gap + 1.0 + n * (1.0 + y))
        d = bottom + top * d
        d = 1.0 / (d if abs(d) > TINY else TINY)
        c = bottom + top / c
        c = c if abs(c) > TINY else TINY
        change = c * d
        value = value * change
        if abs(change - 1.0) < 4e-16:
            return 1.0 / value
    return NAN


@compiled("float64(float64, float64, float64, float64)")
def _beta_share(a: float, b: float, x: float, y: float) -> float:
    """I_x(a, b) for x + y = 1, both given so that neither is rounded away."""
    if x <= 0.0:
        return 0.0
    if y <= 0.0:
        return 1.0
    weight = _beta_weight(a, b, x, y)
    if x < (a + 1.0) / (a + b + 2.0):
        return weight * _beta_fraction(a, b, x, y)
    return 1.0 - weight * _beta_fraction(b, a, y, x)


@compiled("float64(float64, float64, float64)")
def regularized_beta(a: float, b: float, x: float) -> float:
    """Return I_x(a, b), the probability below x under a beta distribution with a, b > 0; NaN outside [0, 1]."""
    if not (a > 0.0 and b > 0.0 and a < INF and b < INF and 0.0 <= x <= 1.0):
        return NAN
    return _beta_share(a, b, x, 1.0 - x)


@compiled("UniTuple(float64, 2)(float64, float64)")
def _t_shares(t: float, df: float) -> tuple[float, float]:
    """The probabilities that Student's t lies above t, and between 0 and t, for t >= 0 and finite df."""
    a = 0.5 * df
    r = t / df * t
    if not r < 1e200:  # the first term of the tail is the whole of it, and x would soon underflow
        above = 0.5 * exp(a * (log(df) - 2.0 * log(t)) - log_beta(a, 0.5)) / a if t < INF else 0.0
        return above, 0.5 - above
    x, y = 1.0 / (1.0 + r), r / (1.0 + r)
    weight = _beta_weight(a, 0.5, x, y) if y > 0.0 else 0.0
    if x < (a + 1.0) / (a + 2.5):
        above = 0.5 * weight * _beta_fraction(a, 0.5, x, y)
        return above, 0.5 - above
    between = 0.5 * weight * _beta_fraction(0.5, a, y, x)
    return 0.5 - between, between


@compiled("float64(float64, float64)")
def t_cdf(t: float, df: float) -> float:
    """Return the probability that Student's t with df > 0 degrees of freedom lies below t; relative error below 1e-12.

    One half of I_x(df / 2, 1 / 2) with x = df / (df + t^2) (DLMF 8.17; Abramowitz and Stegun 1964, 26.7.1). Infinite
    df give the normal distribution.
    """
    if t != t or not df > 0.0:
        return NAN
    if df == INF:
        return normal_cdf(t)
    above, between = _t_shares(abs(t), df)
    if t < 0.0:
        return above
    return 0.5 + between if between < 0.25 else 1.0 - above


@compiled("float64(float64, float64)")
def t_quantile(p: float, df: float) -> float:
    """Return the value below which Student's t with df > 0 lies with probability p; relative error below 1e-10.

    Newton's iteration for the logarithm of the probability (beyond the value, or from 0 to it near the median) as a
    function of the logarithm of the value: nearly a line where the tail is heavy, concave everywhere.
    """
    if not (0.0 <= p <= 1.0 and df > 0.0):
        return NAN
    if p == 0.5:
        return 0.0
    if p == 0.0 or p == 1.0:
        return INF if p == 1.0 else -INF
    if df == INF:
        return normal_quantile(p)
    sign = 1.0 if p > 0.5 else -1.0
    beyond = 1.0 - p if p > 0.5 else p
    is_central = beyond > 0.25
    log_target = log(0.5 - beyond if is_central else beyond)
    z = -normal_quantile(beyond)
    log_t = log(z * (1.0 + (z * z + 1.0) / (4.0 * df)))
    log_scale = -log_beta(0.5, 0.5 * df) - 0.5 * log(df)
    for _ in range(200):
        t = exp(log_t)
        above, between = _t_shares(t, df)
        log_ratio = 2.0 * log_t - log(df)
        growth = log1p(exp(log_ratio)) if log_ratio < 700.0 else log_ratio
        log_slope = log_scale - 0.5 * (df + 1.0) * growth + log_t
        if is_central:
            step = (log_target - log(between)) * between / exp(log_slope)
        else:
            step = (log(above) - log_target) * above / exp(log_slope)
        step = 4.0 if not step < 4.0 else step  # also where the probability was rounded away
        if log_t >= LOG_GREATEST and step > 0.0:
            return sign * INF
        log_t += step if step > -4.0 else -4.0
        log_t = log_t if log_t < LOG_GREATEST else LOG_GREATEST
        if abs(step) < 1e-14:
            break
    return sign * exp(log_t)


@compiled("void(float64[::1], float64[::1], float64[::1])")
def _t_cdf_into(t: NDArray[np.float64], df: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(t.size):
        out[i] = t_cdf(t[i], df[i])


def t_cdf_array(t: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    """Return ``t_cdf`` of every pair of elements, in the shape to which t and df broadcast.

    >>> t_cdf_array([0.0, 1.0], 1.0).tolist()
    [0.5, 0.75]
    """
    values, freedoms = np.broadcast_arrays(np.asarray(t, dtype=np.float64), np.asarray(df, dtype=np.float64))
    out = np.empty(values.shape)
    values, freedoms = (np.require(a, None, ["C", "W"]) for a in (values, freedoms))
    _t_cdf_into(values.reshape(-1), freedoms.reshape(-1), out.reshape(-1))
    return out
