"""The standard normal distribution in reproducible arithmetic: quantile and probability."""

from __future__ import annotations

import numpy as np

from trialsim.foundation.arithmetic import INF, NAN, compiled, exact_product, exp_of_sum, inlined, log_of_sum

INVERSE_ROOT_2_PI = 0.3989422804014327
# Wichura (1988), algorithm AS 241, PPND16: numerators and denominators of the centre, the tails and the far tails.
CENTRE_TOP = (
    3.3871328727963665,
    133.14166789178438,
    1971.5909503065513,
    13731.69376550946,
    45921.95393154987,
    67265.7709270087,
    33430.57558358813,
    2509.0809287301227,
)
CENTRE_BOTTOM = (
    1.0,
    42.31333070160091,
    687.1870074920579,
    5394.196021424751,
    21213.794301586597,
    39307.89580009271,
    28729.085735721943,
    5226.495278852854,
)
TAIL_TOP = (
    1.4234371107496835,
    4.630337846156546,
    5.769497221460691,
    3.6478483247632045,
    1.2704582524523684,
    0.2417807251774506,
    0.022723844989269184,
    0.0007745450142783414,
)
TAIL_BOTTOM = (
    1.0,
    2.053191626637759,
    1.6763848301838038,
    0.6897673349851,
    0.14810397642748008,
    0.015198666563616457,
    0.0005475938084995345,
    1.0507500716444169e-09,
)
FAR_TOP = (
    6.657904643501103,
    5.463784911164114,
    1.7848265399172913,
    0.29656057182850487,
    0.026532189526576124,
    0.0012426609473880784,
    2.7115555687434876e-05,
    2.0103343992922881e-07,
)
FAR_BOTTOM = (
    1.0,
    0.599832206555888,
    0.1369298809227358,
    0.014875361290850615,
    0.0007868691311456133,
    1.8463183175100548e-05,
    1.421511758316446e-07,
    2.0442631033899397e-15,
)
# Cody (1969), rational functions of the normal distribution: |x| below 0.67448975, below sqrt(32), beyond.
NEAR_TOP = (
    18154.98125334356,
    1067.6894854603709,
    161.02823106855587,
    2.2352520354606837,
    0.06568233791820745,
)
NEAR_BOTTOM = (
    45507.78933502673,
    10260.932208618979,
    976.0985517377767,
    47.202581904688245,
    1.0,
)
MIDDLE_TOP = (
    9842.714838383978,
    11602.65143764735,
    6848.190450536283,
    2494.5375852903726,
    597.2702763948002,
    93.50665613217785,
    8.883149794388377,
    0.39894151208813466,
    1.0765576773720192e-08,
)
MIDDLE_BOTTOM = (
    19685.429676859992,
    38912.00328609327,
    34900.95272114598,
    18615.571640885097,
    6485.558298266761,
    1519.3775994075547,
    235.387901782625,
    22.266688044328117,
    1.0,
)
OUTER_TOP = (
    2.9112874951168793e-05,
    0.0014216191932278934,
    0.022235277870649807,
    0.12740116116024736,
    0.215898534057957,
    0.023073441764940174,
)
OUTER_BOTTOM = (
    7.297515550839662e-05,
    0.0037823963320275824,
    0.06598813786892856,
    0.4682382124808651,
    1.284260096144911,
    1.0,
)


@inlined("float64(UniTuple(float64, 8), float64)")
def _polynomial_7(c: tuple[float, ...], x: float) -> float:
    """c0 + c1 x + ... + c7 x^7, grouped so that the sums run side by side."""
    x2 = x * x
    low = (c[0] + c[1] * x) + (c[2] + c[3] * x) * x2
    return low + ((c[4] + c[5] * x) + (c[6] + c[7] * x) * x2) * (x2 * x2)


@inlined("float64(float64)")
def normal_quantile(p: float) -> float:
    """Return the standard normal deviate below which a share p lies; relative error below 1e-15; NaN outside [0, 1].

    Wichura (1988), algorithm AS 241. All three ranges are computed and one is taken, which suits vector registers.
    """
    q = p - 0.5
    x = 0.180625 - q * q
    centre = q * (_polynomial_7(CENTRE_TOP, x) / _polynomial_7(CENTRE_BOTTOM, x))
    r = np.sqrt(-log_of_sum(p if q < 0.0 else 1.0 - p, 0.0))
    x = r - 1.6
    tail = _polynomial_7(TAIL_TOP, x) / _polynomial_7(TAIL_BOTTOM, x)
    x = r - 5.0
    far = _polynomial_7(FAR_TOP, x) / _polynomial_7(FAR_BOTTOM, x)
    outer = tail if r <= 5.0 else far
    outer = -outer if q < 0.0 else outer
    result = centre if abs(q) <= 0.425 else outer
    result = result if p > 0.0 else (-INF if p == 0.0 else NAN)
    return result if p < 1.0 else (INF if p == 1.0 else NAN)


@compiled("float64(float64)")
def normal_cdf(x: float) -> float:
    """Return the share of a standard normal population below x; below 8 ulp (Cody 1969)."""
    size = abs(x)
    if size <= 0.67448975:
        z = x * x
        top = 0.0
        bottom = 0.0
        for i in range(4, -1, -1):
            top = top * z + NEAR_TOP[i]
            bottom = bottom * z + NEAR_BOTTOM[i]
        return 0.5 + x * (top / bottom)
    if size > 40.0:
        return 1.0 if x > 0.0 else 0.0
    top = 0.0
    bottom = 0.0
    square, lost = exact_product(size, size)
    density = exp_of_sum(-0.5 * square, -0.5 * lost)
    if size <= 5.656854249492381:
        for i in range(8, -1, -1):
            top = top * size + MIDDLE_TOP[i]
            bottom = bottom * size + MIDDLE_BOTTOM[i]
        beyond = density * (top / bottom)
    else:
        z = 1.0 / square
        for i in range(5, -1, -1):
            top = top * z + OUTER_TOP[i]
            bottom = bottom * z + OUTER_BOTTOM[i]
        beyond = density * ((INVERSE_ROOT_2_PI - z * (top / bottom)) / size)
    return 1.0 - beyond if x > 0.0 else beyond
