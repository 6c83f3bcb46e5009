"""Elementary functions: errors against mpmath, and edges."""

import math

import mpmath
import numpy as np
import pytest

from trialsim.foundation import elementary

RNG = np.random.default_rng(20240611)
SUBNORMAL = 5e-324


def largest_error_ulp(function, exact, arguments):
    """The largest distance from the exact value in units in the last place of that value."""
    worst = 0.0
    with mpmath.workprec(220):
        for x in arguments:
            numbers = [float(a) for a in (x if isinstance(x, tuple) else (x,))]
            truth = exact(*(mpmath.mpf(a) for a in numbers))
            error = abs(mpmath.mpf(function(*numbers)) - truth) / float(np.spacing(abs(float(truth))))
            worst = max(worst, float(error))
    return worst


def both_signs(magnitudes):
    return np.concatenate([magnitudes, -magnitudes])


@pytest.mark.parametrize(
    ("name", "exact", "arguments", "bound"),
    [
        ("exp", mpmath.exp, np.concatenate([RNG.uniform(-708, 709.78, 2000), RNG.uniform(-1, 1, 1000)]), 0.6),
        ("exp", mpmath.exp, RNG.uniform(-745, -708, 500), 1.0 + 1e-9),
        ("log", mpmath.log, np.concatenate([np.exp(RNG.uniform(-708, 709, 1500)), RNG.uniform(0.5, 2, 1500)]), 1.0),
        ("log", mpmath.log, SUBNORMAL * 2.0 ** RNG.integers(0, 52, 100), 1.0),
        ("expm1", mpmath.expm1, np.concatenate([RNG.uniform(-3, 3, 2000), RNG.uniform(-50, 700, 500)]), 2.0),
        ("expm1", mpmath.expm1, both_signs(10.0 ** RNG.uniform(-300, -1, 500)), 2.0),
        ("log1p", mpmath.log1p, np.concatenate([RNG.uniform(-0.9999, 3, 2000), RNG.uniform(3, 1e9, 500)]), 1.0),
        ("log1p", mpmath.log1p, both_signs(10.0 ** RNG.uniform(-300, -0.01, 500)), 1.0),
        ("log1p", mpmath.log1p, 10.0 ** RNG.uniform(0, 308, 500), 1.0),
        ("logistic", lambda x: 1 / (1 + mpmath.exp(-x)), RNG.uniform(-708, 40, 2000), 2.5),
        ("logit", lambda p: mpmath.log(p / (1 - p)), RNG.uniform(0, 1, 2000), 3.0),
        ("logit", lambda p: mpmath.log(p / (1 - p)), 0.5 + both_signs(10.0 ** RNG.uniform(-15, -1, 500)), 3.0),
        ("normal_cdf", mpmath.ncdf, np.concatenate([RNG.uniform(-37.5, 8, 1500), RNG.uniform(-6, 6, 1500)]), 8.0),
    ],
)
def test_errors_stay_below_the_stated_bounds(name, exact, arguments, bound):
    assert largest_error_ulp(getattr(elementary, name), exact, arguments) <= bound


def test_power_errors_stay_below_the_stated_bounds():
    bases = np.exp(RNG.uniform(-30, 30, 1500))
    moderate = list(zip(bases, RNG.uniform(-20, 20, 1500), strict=True))
    near_one = RNG.uniform(0.5, 2, 1500)
    huge = list(zip(near_one, RNG.uniform(-700, 700, 1500) / np.log(near_one), strict=True))
    whole = list(zip(near_one, RNG.integers(-16, 17, 1500), strict=True))
    assert largest_error_ulp(elementary.power, mpmath.power, moderate + huge) <= 1.0
    assert largest_error_ulp(elementary.power, mpmath.power, whole) <= 10.0


def test_normal_quantile_is_good_to_1e_15_in_every_range():
    ranges = [RNG.uniform(0, 1, 500), 10.0 ** RNG.uniform(-320, 0, 500), [0.075, 0.925, np.exp(-25.0), 0.5 - 1e-9]]
    with mpmath.workprec(200):
        for p in map(float, np.concatenate(ranges)):
            x = mpmath.mpf(elementary.normal_quantile(p))
            truth = x
            for _ in range(3):
                truth -= (mpmath.ncdf(truth) - mpmath.mpf(p)) / mpmath.npdf(truth)
            assert abs(x - truth) <= 1e-15 * abs(truth)


INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", 0.0, 1.0),
        ("exp", INF, INF),
        ("exp", -INF, 0.0),
        ("exp", NAN, NAN),
        ("exp", 709.79, INF),
        ("exp", -745.2, 0.0),
        ("exp", 1e308, INF),
        ("exp", -1e308, 0.0),
        ("log", 0.0, -INF),
        ("log", -0.0, -INF),
        ("log", 1.0, 0.0),
        ("log", INF, INF),
        ("log", -1.0, NAN),
        ("log", NAN, NAN),
        ("log", SUBNORMAL, -744.4400719213812),
        ("expm1", 0.0, 0.0),
        ("expm1", SUBNORMAL, SUBNORMAL),
        ("expm1", -INF, -1.0),
        ("expm1", INF, INF),
        ("expm1", NAN, NAN),
        ("log1p", -1.0, -INF),
        ("log1p", -1.5, NAN),
        ("log1p", INF, INF),
        ("log1p", SUBNORMAL, SUBNORMAL),
        ("logistic", INF, 1.0),
        ("logistic", -INF, 0.0),
        ("logistic", 0.0, 0.5),
        ("logistic", NAN, NAN),
        ("logit", 0.0, -INF),
        ("logit", 1.0, INF),
        ("logit", 0.5, 0.0),
        ("logit", 1.5, NAN),
        ("normal_quantile", 0.0, -INF),
        ("normal_quantile", 1.0, INF),
        ("normal_quantile", 0.5, 0.0),
        ("normal_quantile", -0.1, NAN),
        ("normal_quantile", 1.1, NAN),
        ("normal_quantile", NAN, NAN),
        ("normal_cdf", INF, 1.0),
        ("normal_cdf", -INF, 0.0),
        ("normal_cdf", 0.0, 0.5),
        ("normal_cdf", NAN, NAN),
    ],
)
def test_edges(name, x, expected):
    result = getattr(elementary, name)(x)
    assert result == expected or (math.isnan(result) and math.isnan(expected))


def test_negative_zero_survives_where_the_function_is_odd():
    assert math.copysign(1.0, elementary.expm1(-0.0)) == -1.0
    assert math.copysign(1.0, elementary.log1p(-0.0)) == -1.0


def test_powers_of_two_are_exact():
    for k in range(-1074, 1024):
        assert elementary.power(2.0, float(k)) == math.ldexp(1.0, k)
        assert elementary.power(math.ldexp(1.0, k), 1.0) == math.ldexp(1.0, k)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.0, 0.0, 1.0),
        (NAN, 0.0, 1.0),
        (NAN, 2.0, NAN),
        (2.0, NAN, NAN),
        (0.0, -1.0, INF),
        (0.0, 2.5, 0.0),
        (-2.0, 3.0, -8.0),
        (-2.0, -3.0, -0.125),
        (-2.0, 0.5, NAN),
        (-2.0, 19.0, -524288.0),
        (-2.0, 20.0, 1048576.0),
        (-1.0, 9007199254740991.0, -1.0),
        (-1.0, 4503599627370495.0, -1.0),
        (-1.0, 1e300, 1.0),
        (1.0, INF, 1.0),
        (2.0, INF, INF),
        (0.5, INF, 0.0),
        (2.0, -INF, 0.0),
        (INF, -0.5, 0.0),
        (INF, 0.5, INF),
        (1e20, -16.0, 1e-320),
        (4.0, 0.5, 2.0),
        (2.0, 1e300, INF),
        (10.0, 22.0, 1e22),
    ],
)
def test_edges_of_power(x, y, expected):
    result = elementary.power(x, y)
    assert result == expected or (math.isnan(result) and math.isnan(expected))


@pytest.mark.parametrize("name", ["exp", "log", "normal_quantile", "normal_cdf"])
def test_array_forms_give_the_bits_of_the_scalars_in_any_shape(name):
    x = RNG.uniform(0.0, 1.0, (3, 5, 7))[:, ::2, ::-1]
    x.flags.writeable = False
    result = getattr(elementary, name + "_array")(x)
    scalar = getattr(elementary, name)
    assert result.shape == x.shape
    assert result.tolist() == [[[scalar(v) for v in row] for row in sheet] for sheet in x.tolist()]
    assert getattr(elementary, name + "_array")(0.25).shape == ()


def test_power_array_broadcasts():
    bases, exponents = np.array([[0.5], [3.0]]), np.array([2.0, 0.3, -1.7])
    result = elementary.power_array(bases, exponents)
    assert result.tolist() == [[elementary.power(b, e) for e in exponents] for (b,) in bases.tolist()]
