"""The logarithm of the gamma function against mpmath at fifty digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from trialsim.foundation.gamma import log_gamma


@pytest.mark.parametrize("x", [1e-8, 0.1, 0.5, 1.0, 1.4616321449683622, 2.0, 2.37, 7.5, 14.999, 15.0, 80.0, 1e3, 1e8])
def test_log_gamma_to_the_last_digits(x):
    with mpmath.workdps(50):
        exact = float(mpmath.loggamma(mpmath.mpf(x)))
    # Near 1 and 2, where it is zero, the error is that of the terms that cancel there.
    assert abs(log_gamma(x) - exact) <= 4e-15 * max(abs(exact), 10.0)


def test_log_gamma_rises_by_the_logarithm():
    for x in np.linspace(0.3, 40.0, 50):
        assert log_gamma(x + 1.0) - log_gamma(x) == pytest.approx(np.log(x), abs=1e-12)
