"""Dunnett's test against values recorded from R: mvtnorm 1.1-3 and multcomp 1.4-22 under R 4.2.2."""

import numpy as np
import pytest
from scipy import integrate, stats

from trialsim.analysis.ancova import ancova
from trialsim.analysis.dunnett import exceedance, step_down_dunnett_into
from trialsim.analysis.multiplicity import adjusted_p_values


def many_to_one(n_control, n_treated):
    """Correlations of differences to one control with the given numbers of patients."""
    loadings = np.sqrt(np.array(n_treated) / (np.array(n_treated) + n_control))
    correlation = np.outer(loadings, loadings)
    np.fill_diagonal(correlation, 1.0)
    return correlation


BALANCED = many_to_one(10, [10, 10, 10])


@pytest.mark.parametrize(
    ("t", "df", "correlation", "recorded"),
    [
        # 1 - pmvt(upper = rep(t, k), df = df, corr = R, algorithm = GenzBretz(maxpts = 5e7, abseps = 1e-9)),
        # df = 0 standing for infinity; R's own error at most 2e-8.
        (2.0, 10.0, BALANCED, 0.0855182445),
        (2.0, 100.0, BALANCED, 0.0603338676),
        (3.0, 30.0, BALANCED, 0.0073137535),
        (6.0, 5.0, BALANCED, 0.0022347516),
        (2.2, np.inf, BALANCED, 0.0362009344),
        (-0.5, 20.0, BALANCED, 0.8919605997),
        (2.0, 1.0, BALANCED, 0.2650282665),
        # The same with maxpts = 2e6; R's own error at most 8e-7.
        (2.1, 37.0, many_to_one(20, [12, 30]), 0.038877738),
        (2.1, 37.0, many_to_one(20, [12, 30, 25]), 0.053063119),
        (2.4, 60.0, many_to_one(40, [12, 30, 25, 8]), 0.035713515),
        (1.5, 8.0, many_to_one(10, [10, 10, 10, 10]), 0.218964137),
    ],
)
def test_exceedance_of_many_to_one_designs(t, df, correlation, recorded):
    assert exceedance(t, df, correlation) == pytest.approx(recorded, abs=1e-6)


NO_PRODUCT = np.array([[1.0, 0.6, 0.5, 0.2], [0.6, 1.0, 0.4, 0.3], [0.5, 0.4, 1.0, 0.1], [0.2, 0.3, 0.1, 1.0]])


@pytest.mark.parametrize(("t", "df", "recorded"), [(2.2, 40.0, 0.056878984), (1.2, 12.0, 0.334863034)])
def test_exceedance_of_correlations_that_are_no_product(t, df, recorded):
    assert exceedance(t, df, NO_PRODUCT) == pytest.approx(recorded, abs=1e-4)


@pytest.mark.parametrize(("t", "df", "rho"), [(2.0, 7.0, 0.5), (2.5, 60.0, -0.4), (4.0, 3.0, 0.9), (1.0, 2.0, 0.0)])
def test_two_comparisons_are_exact(t, df, rho):
    def density_above(v):
        x = t * np.sqrt(v / df)
        joint = stats.multivariate_normal.cdf([x, x], cov=[[1, rho], [rho, 1]], abseps=1e-13)
        return (1.0 - joint) * stats.chi2.pdf(v, df)

    expected = integrate.quad(density_above, 0, stats.chi2.isf(1e-14, df), limit=200, epsabs=1e-11)[0]
    assert exceedance(t, df, np.array([[1.0, rho], [rho, 1.0]])) == pytest.approx(expected, abs=1e-9)


def test_adjusted_p_values_of_a_trial_agree_with_multcomp():
    # glht(aov(y ~ g), linfct = mcp(g = "Dunnett"), alternative = "greater"), test = adjusted("single-step").
    y = [51, 87, 50, 48, 79, 61, 82, 91, 92, 80, 52, 90, 85, 101, 77]
    arm = [0] * 6 + [1] * 5 + [2] * 4
    result = ancova(y, arm, [0, 15], None, None, 0, [(1, 0), (2, 0)], 1, 0.05)
    assert result.statistic[0] == pytest.approx([1.83304126154052, 2.62898582252156], rel=1e-12)
    adjusted = adjusted_p_values("dunnett", result, 1)
    assert adjusted[0] == pytest.approx([0.0812008444385, 0.0203363116343], abs=1e-9)
    # Lower is better: the same trial turned round.
    turned = ancova([-v for v in y], arm, [0, 15], None, None, 0, [(1, 0), (2, 0)], -1, 0.05)
    assert adjusted_p_values("dunnett", turned, -1).tolist() == adjusted.tolist()


FREE_OF_TWO = [0.0458544053080, 0.0203363116343]
FREE_OF_THREE = [0.07412636499536, 0.00189857305072, 0.01049352875080]
FOUR_ARMS = [
    -0.96, -0.29, 0.26, -1.15, 0.2, 0.03, 0.09, 1.12, -1.22, 1.27, -0.74, -1.13, -0.22, 0.75, 0.65,
    0.19, -0.45, -0.15, 1.72, 0.7, -0.08, -0.04, 0.7, -0.77, 0.42, 0.16, 2.06, 1.91, 0.83, -0.24,
    1.8, 1.75, 1.63, 1.64, 0.55, 1.61, 1.7, 0.44, -0.58, 1.19, 1.19, 0.09, 2.1,
]  # fmt: skip


def test_step_down_p_values_agree_with_multcomp():
    # As above with test = adjusted("free", maxpts = 5e7, abseps = 1e-9): step-down.
    y = [51, 87, 50, 48, 79, 61, 82, 91, 92, 80, 52, 90, 85, 101, 77]
    arm = [0] * 6 + [1] * 5 + [2] * 4
    result = ancova(y, arm, [0, 15], None, None, 0, [(1, 0), (2, 0)], 1, 0.05)
    assert adjusted_p_values("step_down_dunnett", result, 1)[0] == pytest.approx(FREE_OF_TWO, abs=1e-8)
    turned = ancova([-v for v in y], arm, [0, 15], None, None, 0, [(1, 0), (2, 0)], -1, 0.05)
    assert adjusted_p_values("step_down_dunnett", turned, -1)[0] == pytest.approx(FREE_OF_TWO, abs=1e-8)
    arms = np.repeat(np.arange(4), (12, 9, 15, 7))
    result = ancova(FOUR_ARMS, arms, [0, 43], None, None, 0, [(1, 0), (2, 0), (3, 0)], 1, 0.05)
    assert adjusted_p_values("step_down_dunnett", result, 1)[0] == pytest.approx(FREE_OF_THREE, abs=1e-6)


def test_published_step_down_p_values():
    # Mediana 1.0.8, vignette adjusted-pvalues: differences 2.3, 2.5, 1.9, SD 9.5, 180 patients an arm.
    statistic = np.array([[2.3, 2.5, 1.9]]) / (9.5 * np.sqrt(2 / 180))
    covariance = np.full((1, 3, 3), 0.5) + 0.5 * np.eye(3)
    adjusted, tested = np.ones((1, 3)), np.ones((1, 3), np.bool_)
    step_down_dunnett_into(statistic, np.full((1, 3), 716.0), covariance, tested, adjusted)
    assert adjusted[0] == pytest.approx([0.0204382, 0.01722544, 0.02909082], abs=2e-4)
