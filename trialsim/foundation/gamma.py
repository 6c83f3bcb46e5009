"""The logarithm of the gamma function, the same bits everywhere."""

from __future__ import annotations

from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import log

HALF_LOG_TWO_PI = 0.91893853320467274178
FROM = 15.0  # where Stirling's series with the terms below is complete to 1e-17


@compiled("float64(float64)")
def log_gamma(x: float) -> float:
    """Return log Γ(x) for x > 0.

    Stirling's series (Abramowitz & Stegun 1964, 6.1.41) from fifteen on; below by Γ(x) = Γ(x + 1) / x.
    """
    product = 1.0
    while x < FROM:
        product *= x
        x += 1.0
    y = 1.0 / x
    z = y * y
    tail = 1.0 / 1188.0 + z * (-691.0 / 360360.0 + z / 156.0)
    series = 1.0 / 12.0 + z * (-1.0 / 360.0 + z * (1.0 / 1260.0 + z * (-1.0 / 1680.0 + z * tail)))
    return (x - 0.5) * log(x) - x + HALF_LOG_TWO_PI + y * series - log(product)
