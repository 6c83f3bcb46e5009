"""Elementary functions whose bits are the same on every x86-64 processor.

Scalars for compiled code (``exp``, ``log``, ``expm1``, ``log1p``, ``power``, ``logistic``, ``logit``,
``normal_quantile``, ``normal_cdf``) and the same functions over arrays (``exp_array`` and so on). The arithmetic and
its rules stand in ``arithmetic``. Errors are stated in units in the last place as measured against mpmath; see
docs/methods/elementary-functions.md. Importing this module imports numba; only running paths do.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.foundation.arithmetic import (
    INF,
    LN2_HI,
    LN2_LO,
    NAN,
    ONE_BITS,
    ROUNDER,
    SMALLEST_NORMAL,
    atanh_tail,
    bits_of,
    compiled,
    exact_product,
    exact_sum,
    exp_of_sum,
    exponent_and_fraction,
    inlined,
    log_of_sum,
    number_of_bits,
    reduced_exponent,
)
from trialsim.foundation.normal import normal_cdf as normal_cdf
from trialsim.foundation.normal import normal_quantile as normal_quantile

Floats = NDArray[np.float64]

TWO_POWER_52 = 4503599627370496.0
TWO_THIRDS_HI = 2.0 / 3.0
TWO_THIRDS_LO = 3.700743415417188e-17
LARGEST_MULTIPLIED_POWER = 16.0


@inlined("float64(float64)")
def exp(x: float) -> float:
    """Return e^x; below 0.6 ulp (1 ulp where the result is subnormal).

    Reduction of Cody and Waite (1980), Taylor sum of degree 13.
    """
    return exp_of_sum(x, 0.0)


@inlined("float64(float64)")
def log(x: float) -> float:
    """Return the natural logarithm; below 1 ulp; -inf at 0, NaN below. Tang (1990) reduction, atanh series."""
    y = log_of_sum(x, 0.0)
    y = y if x < INF else x
    return y if x > 0.0 else (-INF if x == 0.0 else NAN)


@compiled("float64(float64)")
def expm1(x: float) -> float:
    """Return e^x - 1 without cancellation near zero; below 2 ulp."""
    if not -40.0 < x < 40.0:
        return exp(x) - 1.0
    k, r, remainder, rest = reduced_exponent(x, 0.0)
    t = r + (rest + remainder)
    if k == 0.0:
        return t if x != 0.0 else x
    scale = number_of_bits((bits_of(k + ROUNDER) << 52) + ONE_BITS)
    return scale * t + (scale - 1.0)


@compiled("float64(float64)")
def log1p(x: float) -> float:
    """Return log(1 + x) without cancellation near zero; below 1 ulp; -inf at -1, NaN below."""
    u = 1.0 + x
    if not (0.0 < u < INF):
        return log(u)
    if x == 0.0:
        return x
    lost = x - (u - 1.0) if u < 2.0 else 1.0 - (u - x)
    return log_of_sum(u, lost / u)


@compiled("UniTuple(float64, 2)(float64)")
def _log_in_two_parts(x: float) -> tuple[float, float]:
    """log(x) as a sum of two numbers, good to about 2^-65, for 0 < x < infinity."""
    k, f = exponent_and_fraction(x)
    d = 2.0 + f
    s = f / d
    p, e = exact_product(s, d)
    s_lo = (((f - p) - e) - s * (f - (d - 2.0))) / d
    z, z_lo = exact_product(s, s)
    z_lo += 2.0 * s * s_lo
    cube, cube_lo = exact_product(s, z)
    cube_lo += s * z_lo + s_lo * z
    third, third_lo = exact_product(cube, TWO_THIRDS_HI)
    third_lo += cube * TWO_THIRDS_LO + cube_lo * TWO_THIRDS_HI
    further = z * z * z
    further = further * further * further * (2.0 / 23.0 + z * (2.0 / 25.0 + z * (2.0 / 27.0)))
    a, e1 = exact_sum(k * LN2_HI, 2.0 * s)
    b, e2 = exact_sum(a, third)
    rest = (e1 + e2) + (2.0 * s_lo + third_lo + cube * z * (atanh_tail(z) + further) + k * LN2_LO)
    hi = b + rest
    return hi, rest - (hi - b)


@compiled("float64(float64, float64)")
def _positive_power(x: float, y: float) -> float:
    """x^y for x >= 0 by e^(y log x) with the logarithm in two parts."""
    if x == 1.0:
        return 1.0
    if x == 0.0:
        return 0.0 if y > 0.0 else INF
    if x == INF:
        return INF if y > 0.0 else 0.0
    hi, lo = _log_in_two_parts(x)
    if not abs(y * hi) < 800.0:
        return exp(y * hi)
    p, e = exact_product(y, hi)
    return exp_of_sum(p, e + y * lo)


@compiled("float64(float64, float64)")
def _multiplied_power(x: float, n: float) -> float:
    """x^n for a whole n >= 0 by squaring and multiplying."""
    result = 1.0
    square = x
    count = int(n)
    while count > 0:
        if count & 1:
            result = result * square
        count >>= 1
        if count > 0:
            square = square * square
    return result


@compiled("float64(float64, float64)")
def power(x: float, y: float) -> float:
    """Return x^y; below 1 ulp, or below 10 ulp for whole y up to 16 in size, which are multiplied out.

    Multiplication keeps x^2 equal to x * x. x^0 is 1 for every x; 0 to a negative power is infinite; a negative x to a
    power that is not whole is NaN.
    """
    if y != y or (x != x and y != 0.0):
        return NAN
    size = abs(y)
    is_whole = size >= TWO_POWER_52 or (size + TWO_POWER_52) - TWO_POWER_52 == size
    if is_whole and size <= LARGEST_MULTIPLIED_POWER:
        result = _multiplied_power(x, size)
        if y >= 0.0:
            return result
        if SMALLEST_NORMAL < abs(result) < INF:
            return 1.0 / result
    if x >= 0.0:
        return _positive_power(x, y)
    if not is_whole:
        return NAN
    half = 0.5 * size
    is_odd = half < TWO_POWER_52 and (half + TWO_POWER_52) - TWO_POWER_52 != half
    result = _positive_power(-x, y)
    return -result if is_odd else result


@compiled("float64(float64)")
def logistic(x: float) -> float:
    """Return 1 / (1 + e^-x), a probability; below 2.5 ulp in both tails."""
    z = exp(-abs(x))
    return (1.0 if x >= 0.0 else z) / (1.0 + z)


@compiled("float64(float64)")
def logit(p: float) -> float:
    """Return log(p / (1 - p)), the log odds; below 3 ulp, also near one half; NaN outside [0, 1]."""
    if 0.25 < p < 0.75:
        return log1p((2.0 * p - 1.0) / (1.0 - p))
    return log(p / (1.0 - p))


def _mapped(into: Callable[[Floats, Floats], None], x: ArrayLike) -> Floats:
    values = np.require(x, np.float64, ["C", "W"])  # a copy of a read-only array, which compiled loops do not take
    out = np.empty(values.shape)
    into(values.reshape(-1), out.reshape(-1))
    return out


@compiled("void(float64[::1], float64[::1])")
def _exp_into(x: Floats, out: Floats) -> None:
    for i in range(x.size):
        out[i] = exp(x[i])


@compiled("void(float64[::1], float64[::1])")
def _log_into(x: Floats, out: Floats) -> None:
    for i in range(x.size):
        out[i] = log(x[i])


@compiled("void(float64[::1], float64[::1], float64[::1])")
def _power_into(x: Floats, y: Floats, out: Floats) -> None:
    for i in range(x.size):
        out[i] = power(x[i], y[i])


@compiled("void(float64[::1], float64[::1])")
def _normal_quantile_into(p: Floats, out: Floats) -> None:
    for i in range(p.size):
        out[i] = normal_quantile(p[i])


@compiled("void(float64[::1], float64[::1])")
def _normal_cdf_into(x: Floats, out: Floats) -> None:
    for i in range(x.size):
        out[i] = normal_cdf(x[i])


def exp_array(x: ArrayLike) -> Floats:
    """Return e^x of every element, in the shape of x.

    >>> exp_array([0.0, 1.0]).tolist()
    [1.0, 2.718281828459045]
    """
    return _mapped(_exp_into, x)


def log_array(x: ArrayLike) -> Floats:
    """Return the natural logarithm of every element, in the shape of x.

    >>> log_array([1.0, 10.0]).tolist()
    [0.0, 2.302585092994046]
    """
    return _mapped(_log_into, x)


def power_array(x: ArrayLike, y: ArrayLike) -> Floats:
    """Return x^y of every pair of elements, in the shape to which x and y broadcast.

    >>> power_array([4.0, 9.0], 0.5).tolist()
    [2.0, 3.0]
    """
    bases, exponents = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    out = np.empty(bases.shape)
    bases, exponents = (np.require(a, None, ["C", "W"]) for a in (bases, exponents))
    _power_into(bases.reshape(-1), exponents.reshape(-1), out.reshape(-1))
    return out


def normal_quantile_array(p: ArrayLike) -> Floats:
    """Return the standard normal deviate of every probability, in the shape of p.

    >>> normal_quantile_array([0.5, 0.975]).tolist()
    [0.0, 1.9599639845400536]
    """
    return _mapped(_normal_quantile_into, p)


def normal_cdf_array(x: ArrayLike) -> Floats:
    """Return the standard normal probability below every element, in the shape of x.

    >>> normal_cdf_array([0.0, 1.959963984540054]).tolist()
    [0.5, 0.975]
    """
    return _mapped(_normal_cdf_into, x)
