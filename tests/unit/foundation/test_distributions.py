"""Special functions against mpmath and scipy, and at their edges."""

import math

import mpmath
import numpy as np
import pytest
from scipy import special, stats

from trialsim.foundation import distributions
from trialsim.foundation.normal import normal_cdf, normal_quantile

RNG = np.random.default_rng(7)
INF, NAN = math.inf, math.nan


def exact_t_cdf(t, df):
    x = mpmath.mpf(df) / (mpmath.mpf(df) + mpmath.mpf(t) ** 2)
    above = mpmath.betainc(mpmath.mpf(df) / 2, mpmath.mpf(1) / 2, 0, x, regularized=True) / 2
    return above if t < 0 else 1 - above


def test_t_cdf_agrees_with_mpmath():
    with mpmath.workprec(120):
        for df in (0.1, 0.7, 1.0, 2.0, 3.5, 11.0, 87.3, 400.0):
            for t in map(float, np.concatenate([RNG.normal(size=8) * 3.0, [-1e-9, -40.0, 25.0, -1.7320508]])):
                truth = exact_t_cdf(t, df)
                assert abs(distributions.t_cdf(t, df) - truth) <= 1e-13 * truth


def test_t_cdf_agrees_with_scipy_for_many_degrees_of_freedom():
    for df in (1e3, 1e5, 1e7, 1e9):
        for t in (-30.0, -8.0, -3.0, -1.74, -1.73, -0.5, 0.3, 2.0):
            assert distributions.t_cdf(t, df) == pytest.approx(stats.t.cdf(t, df), rel=3e-13)


@pytest.mark.parametrize(
    ("t", "df", "expected"),
    [
        (0.0, 5.0, 0.5),
        (INF, 5.0, 1.0),
        (-INF, 5.0, 0.0),
        (NAN, 5.0, NAN),
        (1.0, NAN, NAN),
        (1.0, 0.0, NAN),
        (1.0, -2.0, NAN),
        (1.5, INF, normal_cdf(1.5)),
        (1.0, 1.0, 0.75),
        (-1e200, 1e300, 0.0),
    ],
)
def test_edges_of_t_cdf(t, df, expected):
    result = distributions.t_cdf(t, df)
    assert result == pytest.approx(expected, rel=1e-15) or (math.isnan(result) and math.isnan(expected))


def test_t_quantile_inverts_mpmath():
    probabilities = np.concatenate(
        [RNG.uniform(size=6), 10.0 ** RNG.uniform(-12, -1, 4), 0.5 + 10.0 ** RNG.uniform(-9, -1, 3)]
    )
    with mpmath.workprec(120):
        for df in (0.4, 1.0, 2.0, 7.3, 60.0, 350.0):
            scale = mpmath.exp(-mpmath.log(mpmath.beta(mpmath.mpf(df) / 2, 0.5)) - mpmath.log(df) / 2)
            for p in map(float, probabilities):
                q = distributions.t_quantile(p, df)
                density = scale * (1 + mpmath.mpf(q) ** 2 / df) ** (-(df + 1) / 2)
                assert abs((exact_t_cdf(q, df) - p) / density) <= 1e-11 * abs(q)


@pytest.mark.parametrize(
    ("p", "df", "expected"),
    [
        (0.5, 3.0, 0.0),
        (0.0, 3.0, -INF),
        (1.0, 3.0, INF),
        (-0.1, 3.0, NAN),
        (1.1, 3.0, NAN),
        (NAN, 3.0, NAN),
        (0.3, 0.0, NAN),
        (0.3, NAN, NAN),
        (0.975, INF, normal_quantile(0.975)),
        (1e-300, 0.5, -INF),
        (1e-100, 0.5, -1.02849115631634e199),
        (0.75, 1.0, 1.0),
    ],
)
def test_edges_of_t_quantile(p, df, expected):
    result = distributions.t_quantile(p, df)
    assert result == pytest.approx(expected, rel=1e-12) or (math.isnan(result) and math.isnan(expected))


def test_t_quantile_is_antisymmetric():
    for p in (0.25, 0.3, 0.0625, 0.5 - 2.0**-30):
        assert distributions.t_quantile(1.0 - p, 4.2) == -distributions.t_quantile(p, 4.2)


def test_regularized_beta_agrees_with_scipy():
    for _ in range(400):
        a, b = 10.0 ** RNG.uniform(-2, 4, 2)
        x = RNG.beta(a, b)
        expected = special.betainc(a, b, x)
        if expected > 1e-290:
            assert distributions.regularized_beta(a, b, x) == pytest.approx(expected, rel=2e-12)


@pytest.mark.parametrize(
    ("a", "b", "x", "expected"),
    [
        (2.0, 3.0, 0.0, 0.0),
        (2.0, 3.0, 1.0, 1.0),
        (1.0, 1.0, 0.3, 0.3),
        (0.0, 1.0, 0.3, NAN),
        (1.0, 1.0, -0.1, NAN),
        (1.0, 1.0, NAN, NAN),
        (2.0, 2.0, 0.5, 0.5),
    ],
)
def test_edges_of_regularized_beta(a, b, x, expected):
    result = distributions.regularized_beta(a, b, x)
    assert result == pytest.approx(expected, rel=1e-14) or (math.isnan(result) and math.isnan(expected))


def test_log_gamma_agrees_with_mpmath():
    for x in map(float, np.concatenate([10.0 ** RNG.uniform(-5, 8, 300), [1.0, 2.0, 10.0, 9.999999]])):
        truth = float(mpmath.loggamma(x))
        assert abs(distributions.log_gamma(x) - truth) <= 1e-14 * max(1.0, abs(truth))
    assert math.isnan(distributions.log_gamma(0.0)) and math.isnan(distributions.log_gamma(NAN))
    assert distributions.log_gamma(INF) == INF


def test_t_cdf_array_broadcasts():
    t, df = np.array([[-1.0], [2.0]]), np.array([1.0, 5.0, 30.5])
    expected = [[distributions.t_cdf(a, b) for b in df.tolist()] for (a,) in t.tolist()]
    assert distributions.t_cdf_array(t, df).tolist() == expected
