"""Shares and quantiles of gamma distributions, against scipy and mpmath's values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from trialsim.foundation.incomplete_gamma import gamma_factors, gamma_quantile, log_gamma_shares

SHAPES = (0.05, 0.3, 1.0, 2.5, 20.0, 300.0)
SCORES = np.linspace(-8.0, 8.0, 321)

# mpmath 1.4.1, 40 digits: gammainc(a, 0, x, regularized=True) and gammainc(a, x, inf, regularized=True).
KNOWN = [
    (0.3, 0.001, 0.14024245892486736, 0.85975754107513264),
    (2.5, 0.1, 0.00088613878881244249, 0.99911386121118756),
    (2.5, 12.0, 0.99978288705654728, 0.00021711294345272332),
    (20.0, 26.0, 0.90317915020751742, 0.096820849792482575),
]


@pytest.mark.parametrize(("a", "x", "below", "above"), KNOWN)
def test_shares_are_those_of_many_digits(a, x, below, above):
    np.testing.assert_allclose(np.exp(log_gamma_shares(a, x)), (below, above), rtol=1e-13)


@pytest.mark.parametrize("a", SHAPES)
def test_quantiles_leave_the_shares_that_were_asked_for(a):
    below, above = special.ndtr(SCORES), special.ndtr(-SCORES)
    found = np.array([gamma_quantile(a, p, q) for p, q in zip(below, above, strict=True)])
    known = np.where(below < above, special.gammaincinv(a, below), special.gammainccinv(a, above))
    seen = known > 1e-290
    np.testing.assert_allclose(found[seen], known[seen], rtol=1e-11)
    for x, p, q in zip(found[seen], below[seen], above[seen], strict=True):
        low, high = log_gamma_shares(a, x)
        assert (low if p < q else high) == pytest.approx(np.log(min(p, q)), rel=1e-12, abs=1e-12)


def test_the_ends():
    assert gamma_quantile(2.0, 0.0, 1.0) == 0.0 and gamma_quantile(2.0, 1.0, 0.0) == np.inf
    assert log_gamma_shares(2.0, 0.0) == (-np.inf, 0.0)
    assert np.isnan(gamma_quantile(0.0, 0.5, 0.5)) and np.isnan(log_gamma_shares(1.0, -1.0)).all()


def test_factors_have_mean_one_and_the_variation_asked_for():
    share = (np.arange(200_000) + 0.5) / 200_000
    for cv in (0.3, 0.7, 1.5):
        factors = gamma_factors(cv, special.ndtri(share))
        assert factors.mean() == pytest.approx(1.0, abs=1e-4)
        assert factors.std() == pytest.approx(cv, rel=5e-3)
        assert (np.diff(factors) > 0.0).all()
