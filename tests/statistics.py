"""The one way a test judges a simulated number: a stated false-alarm rate, and no test too small to see its defect."""

from __future__ import annotations

from statistics import NormalDist

FALSE_ALARM = 1e-4
POWER_AGAINST_DEFECT = 0.9


def assert_matches(observed: float, expected: float, se: float, *, detects: float) -> None:
    """Assert that a number with standard error `se` agrees with what it should be.

    The two-sided false-alarm rate is 1e-4. A test that would miss a defect of size `detects` more often than one time
    in ten is refused: it would pass whatever the code does.
    """
    threshold = NormalDist().inv_cdf(1 - FALSE_ALARM / 2)
    needed = (threshold + NormalDist().inv_cdf(POWER_AGAINST_DEFECT)) * se
    assert se > 0, "a simulated number has a standard error"
    assert needed <= detects, f"too small a test: it detects {needed:.3g} reliably, not {detects:.3g}"
    z = (observed - expected) / se
    assert abs(z) <= threshold, f"observed {observed:.6g}, expected {expected:.6g} ± {se:.2g}: z = {z:.1f}"
