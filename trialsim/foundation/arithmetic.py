"""The arithmetic below exp and log: bits of a number, exact sums and products, argument reduction.

Only ``+ - * /`` on float64 (each correctly rounded by IEEE 754), comparisons and integer operations on the bits of
a number are used: no library of the operating system, no fused multiply-add, no fast-math. The compiler may put
several numbers into one vector register, which changes no result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

EXACT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": False}
INLINED: dict[str, Any] = {**EXACT, "forceinline": True}

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(signature: str) -> Callable[[Function], Function]:
    """Return a decorator that compiles a function for one signature, in reproducible arithmetic, kept on disk."""
    return cast(Callable[[Function], Function], njit(signature, **EXACT))


def inlined(signature: str) -> Callable[[Function], Function]:
    """Return ``compiled`` for functions that are to be part of their caller's loop, so that it can be vectorised."""
    return cast(Callable[[Function], Function], njit(signature, **INLINED))


INF = np.inf
NAN = np.nan
LN2_HI = float.fromhex("0x1.62e42feep-1")  # the first 32 bits of ln 2: k * LN2_HI is exact for every exponent k
LN2_LO = float.fromhex("0x1.a39ef35793c76p-33")  # ln 2 - LN2_HI
INVERSE_LN2 = float.fromhex("0x1.71547652b82fep+0")
ROUNDER = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest integer in the low bits
ROUNDER_BITS = 0x4338000000000000
ONE_BITS = 0x3FF0000000000000
ROOT_HALF_BITS = 0x3FE6A09E00000000  # just below sqrt(1/2)
EXPONENT_MASK = -0x10000000000000  # sign and exponent bits
SMALLEST_NORMAL = 2.2250738585072014e-308
TWO_POWER_54 = 18014398509481984.0
SPLITTER = 134217729.0  # 2^27 + 1 (Dekker 1971)


@inlined("int64(float64)")
def bits_of(x: float) -> int:
    return np.float64(x).view(np.int64)  # type: ignore[return-value]


@inlined("float64(int64)")
def number_of_bits(bits: int) -> float:
    return np.int64(bits).view(np.float64)


@inlined("UniTuple(float64, 2)(float64, float64)")
def exact_product(a: float, b: float) -> tuple[float, float]:
    """a * b as a rounded value and its exact remainder (Dekker 1971; Veltkamp's splitting)."""
    p = a * b
    t = SPLITTER * a
    a_hi = t - (t - a)
    a_lo = a - a_hi
    t = SPLITTER * b
    b_hi = t - (t - b)
    b_lo = b - b_hi
    return p, ((a_hi * b_hi - p) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo


@inlined("UniTuple(float64, 2)(float64, float64)")
def exact_sum(a: float, b: float) -> tuple[float, float]:
    """a + b as a rounded value and its exact remainder (Knuth 1969)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@inlined("UniTuple(float64, 4)(float64, float64)")
def reduced_exponent(x: float, low: float) -> tuple[float, float, float, float]:
    """k, r, the rounding remainder of r, and (e^r - 1 - r) with x + low = k ln 2 + r, |r| <= (ln 2) / 2."""
    k = (x * INVERSE_LN2 + ROUNDER) - ROUNDER
    hi = x - k * LN2_HI
    lo = k * LN2_LO - low
    r = hi - lo
    r2 = r * r
    r4 = r2 * r2
    # Taylor coefficients 1/2! ... 1/13! (truncation below 2^-57), grouped so that the sums run side by side.
    a = (1.0 / 2.0 + r * (1.0 / 6.0)) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0))
    b = (1.0 / 720.0 + r * (1.0 / 5040.0)) + r2 * (1.0 / 40320.0 + r * (1.0 / 362880.0))
    c = (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) + r2 * (1.0 / 479001600.0 + r * (1.0 / 6227020800.0))
    return k, r, (hi - r) - lo, r2 * (a + r4 * (b + r4 * c))


@inlined("float64(float64, float64)")
def exp_of_sum(x: float, low: float) -> float:
    """e^(x + low) for a correction low far smaller than x."""
    x = 720.0 if x > 720.0 else x
    x = -760.0 if x < -760.0 else x
    k, r, remainder, rest = reduced_exponent(x, low)
    y = 1.0 + r
    y = y + (((1.0 - y) + r) + (rest + remainder))
    # 2^k in two factors, so that results below 2^-1022 are rounded once and those above 2^1023 overflow only if due.
    half = (k * 0.5 + ROUNDER) - ROUNDER
    first = number_of_bits((bits_of(half + ROUNDER) << 52) + ONE_BITS)
    second = number_of_bits((bits_of((k - half) + ROUNDER) << 52) + ONE_BITS)
    return (y * first) * second


@inlined("UniTuple(float64, 2)(float64)")
def exponent_and_fraction(x: float) -> tuple[float, float]:
    """k and f with x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), for 0 < x < infinity."""
    is_small = x < SMALLEST_NORMAL
    bits = bits_of(x * TWO_POWER_54 if is_small else x)
    offset = bits - ROOT_HALF_BITS
    k = number_of_bits((offset >> 52) + ROUNDER_BITS) - ROUNDER
    f = number_of_bits(bits - (offset & EXPONENT_MASK)) - 1.0
    return (k - 54.0 if is_small else k), f


@inlined("float64(float64)")
def atanh_tail(z: float) -> float:
    """2/5 + 2/7 z + ... + 2/21 z^8: what follows 2 s + 2/3 s^3 in log((1+s)/(1-s)), over s^5; z = s^2 <= 0.0295."""
    z2 = z * z
    z4 = z2 * z2
    a = (2.0 / 5.0 + z * (2.0 / 7.0)) + z2 * (2.0 / 9.0 + z * (2.0 / 11.0))
    b = (2.0 / 13.0 + z * (2.0 / 15.0)) + z2 * (2.0 / 17.0 + z * (2.0 / 19.0))
    return a + z4 * (b + z4 * (2.0 / 21.0))


@inlined("float64(float64, float64)")
def log_of_sum(x: float, low: float) -> float:
    """log(x) + low for a correction low far smaller than one; 0 < x < infinity."""
    k, f = exponent_and_fraction(x)
    s = f / (2.0 + f)
    z = s * s
    half_square = 0.5 * f * f
    rest = z * (2.0 / 3.0 + z * atanh_tail(z))
    return k * LN2_HI - ((half_square - (s * (half_square + rest) + (k * LN2_LO + low))) - f)
