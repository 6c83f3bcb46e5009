"""Powers without branches: the bits of `elementary.power`, in a form that fits into a loop over lanes.

Every case is computed and the one that holds is chosen, so that a compiler can raise eight patients' numbers at once.
"""

from numba import njit

from trialsim.foundation import elementary
from trialsim.foundation.arithmetic import (
    INF,
    INLINED,
    NAN,
    ROUNDER,
    SMALLEST_NORMAL,
    bits_of,
    exact_product,
    exp_of_sum,
    inlined,
)
from trialsim.foundation.elementary import LARGEST_MULTIPLIED_POWER, TWO_POWER_52

# Not kept on disk: it would be taken for the function of the same name that is not inlined.
_log_in_two_parts = njit(**{**INLINED, "cache": False})(
    getattr(elementary._log_in_two_parts, "py_func", elementary._log_in_two_parts))


@inlined("float64(float64, float64)")
def _multiplied(x: float, n: float) -> float:
    """x^n for a whole n from 0 to 16, in the order of `elementary`."""
    count = bits_of(n + ROUNDER)
    result = x if count & 1 else 1.0
    square = x * x
    result = result * square if count & 2 else result
    square = square * square
    result = result * square if count & 4 else result
    square = square * square
    result = result * square if count & 8 else result
    square = square * square
    return result * square if count & 16 else result


@inlined("float64(float64, float64)")
def _raised(x: float, y: float) -> float:
    """x^y for x >= 0 by e^(y log x) with the logarithm in two parts."""
    hi, lo = _log_in_two_parts(x)
    p, e = exact_product(y, hi)
    result = exp_of_sum(p, e + y * lo if abs(p) < 800.0 else 0.0)
    grows = y > 0.0
    at_nought = 0.0 if grows else INF
    at_infinity = INF if grows else 0.0
    result = at_infinity if x == INF else result
    result = at_nought if x == 0.0 else result
    return 1.0 if x == 1.0 else result


@inlined("float64(float64, float64)")
def lane_power(x: float, y: float) -> float:
    """Return x^y, bit for bit `elementary.power`."""
    size = abs(y)
    is_whole = (size >= TWO_POWER_52) | ((size + TWO_POWER_52) - TWO_POWER_52 == size)
    is_small = is_whole & (size <= LARGEST_MULTIPLIED_POWER)
    product = _multiplied(x, size if is_small else 0.0)
    inverse = 1.0 / product
    is_sound = (abs(product) > SMALLEST_NORMAL) & (abs(product) < INF)
    half = 0.5 * size
    is_odd = (half < TWO_POWER_52) & ((half + TWO_POWER_52) - TWO_POWER_52 != half)
    raised = _raised(abs(x), y)
    mirrored = -raised if is_odd else raised
    result = mirrored if is_whole else NAN
    result = raised if x >= 0.0 else result
    result = inverse if is_small & is_sound & (y < 0.0) else result
    result = product if is_small & (y >= 0.0) else result
    return NAN if (y != y) | ((x != x) & (y != 0.0)) else result
