"""Adjusted p values against plain twins and statsmodels, with failed comparisons, and family-wise error rates."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from tests.reference import multiplicity_twins as twins
from trialsim.analysis.ancova import ancova
from trialsim.analysis.comparisons import TOO_FEW_PATIENTS
from trialsim.analysis.dunnett import exceedance
from trialsim.analysis.multiplicity import (
    PROCEDURES,
    adjusted_p_values,
    bonferroni,
    fixed_sequence,
    hochberg,
    holm,
    hommel,
)
from trialsim.analysis.t_test import t_test

P = np.random.default_rng(1).uniform(0.0, 0.2, (200, 4)).round(2)  # rounded: ties


def test_step_procedures_agree_with_their_twins():
    assert holm(P) == pytest.approx(np.array([twins.holm(row) for row in P.tolist()]), rel=1e-15)
    assert hochberg(P) == pytest.approx(np.array([twins.hochberg(row) for row in P.tolist()]), rel=1e-15)
    assert hommel(P) == pytest.approx(np.array([twins.hommel(row) for row in P.tolist()]), rel=1e-15)
    order = [2, 0, 3, 1]
    assert fixed_sequence(P, order).tolist() == [twins.fixed_sequence(row, order) for row in P.tolist()]


def test_step_procedures_agree_with_statsmodels():
    named = {"holm": holm, "simes-hochberg": hochberg, "hommel": hommel, "bonferroni": bonferroni}
    for name, procedure in named.items():
        expected = np.array([multipletests(row, method=name)[1] for row in P[:8]])
        assert procedure(P[:8]) == pytest.approx(expected, rel=1e-12)


def family(n_trials, n=12, n_arms=4, effect=0.0, seed=2):
    """Comparisons of three arms to one control in many trials."""
    rng = np.random.default_rng(seed)
    arm = np.tile(np.arange(n * n_arms) % n_arms, n_trials)
    y = rng.normal(size=arm.size) + effect * (arm > 0)
    pairs = [(a, 0) for a in range(1, n_arms)]
    return ancova(y, arm, np.arange(n_trials + 1) * n * n_arms, None, None, 0, pairs, 1, 0.025)


def test_no_adjustment_is_none():
    comparisons = family(20)
    assert adjusted_p_values("none", comparisons, 1).tolist() == comparisons.p_value.tolist()


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_failed_comparisons_count_as_one(procedure):
    comparisons = family(3)
    status, p_value = comparisons.status.copy(), comparisons.p_value.copy()
    status[1, 1], p_value[1, 1] = TOO_FEW_PATIENTS, np.nan
    adjusted = adjusted_p_values(procedure, replace(comparisons, status=status, p_value=p_value), 1, [0, 1, 2])
    assert adjusted[1, 1] == 1.0
    assert (adjusted[1, 0] >= p_value[1, 0]) and not np.isnan(adjusted).any()
    if procedure == "fixed_sequence":
        assert adjusted[1].tolist() == [p_value[1, 0], 1.0, 1.0]
    if procedure == "co_primary":
        assert adjusted[1].tolist() == [1.0, 1.0, 1.0]


def test_dunnett_of_one_testable_comparison_is_its_p_value():
    comparisons = family(1)
    status = np.array([[0, 1, 1]], np.int8)
    adjusted = adjusted_p_values("dunnett", replace(comparisons, status=status), 1)
    assert adjusted[0, 0] == pytest.approx(comparisons.p_value[0, 0], rel=1e-13)


def test_step_down_dunnett_is_closed_testing():
    comparisons = family(20, effect=0.6)
    adjusted = adjusted_p_values("step_down_dunnett", comparisons, 1)
    for trial in range(20):
        covariance = comparisons.covariance[trial]
        sd = np.sqrt(np.diag(covariance))
        correlation = covariance / np.outer(sd, sd)

        def exceedance_of(members, t, correlation=correlation, df=comparisons.df[trial, 0]):
            return exceedance(t, df, np.ascontiguousarray(correlation[np.ix_(members, members)]))

        expected = twins.step_down_dunnett(comparisons.statistic[trial].tolist(), exceedance_of)
        assert adjusted[trial] == pytest.approx(expected, rel=1e-9)
    assert (adjusted <= adjusted_p_values("dunnett", comparisons, 1)).all()


def test_dunnett_lies_between_no_adjustment_and_bonferroni():
    comparisons = family(100, effect=0.5)
    adjusted = adjusted_p_values("dunnett", comparisons, 1)
    assert (adjusted > comparisons.p_value).all()
    assert (adjusted <= bonferroni(comparisons.p_value) + 1e-12).all()


@pytest.mark.parametrize(("procedure", "expected"), [("dunnett", 0.05), ("holm", 0.0435), ("hochberg", 0.0445)])
def test_family_wise_error_stays_at_the_level(procedure, expected):
    # 4000 trials at 0.05: a standard error of 0.0034; four of them. Dunnett's test uses the whole level.
    adjusted = adjusted_p_values(procedure, family(4000), 1)
    assert (adjusted.min(axis=1) <= 0.05).mean() == pytest.approx(expected, abs=4 * 0.0034)


def test_small_tails_keep_their_digits():
    correlation = np.array([[1.0, 0.5], [0.5, 1.0]])
    # Bonferroni's bound is sharp far out: 2 P(T > 40), with 30 degrees of freedom.
    value = exceedance(12.0, 30.0, correlation)
    assert 0.5 < value / (2.0 * exceedance(12.0, 30.0, np.eye(1))) < 1.0


def test_order_of_comparisons_moves_no_adjusted_value():
    correlation = np.array([[1.0, 0.6, 0.5, 0.2], [0.6, 1.0, 0.4, 0.3], [0.5, 0.4, 1.0, 0.1], [0.2, 0.3, 0.1, 1.0]])
    order = [2, 0, 3, 1]
    turned = np.ascontiguousarray(correlation[np.ix_(order, order)])
    assert exceedance(2.0, 25.0, turned) == pytest.approx(exceedance(2.0, 25.0, correlation), abs=1e-4)


def test_senseless_families_are_refused():
    comparisons = family(1)
    with pytest.raises(ValueError) as caught:
        adjusted_p_values("fixed_sequence", comparisons, 1, [0, 1, 1])
    assert str(caught.value) == "the order [0, 1, 1] does not name each of the 3 comparisons once"
    with pytest.raises(ValueError) as caught:
        adjusted_p_values("fixed_sequence", comparisons, 1)
    assert str(caught.value) == "fixed_sequence needs the order of the comparisons"
    with pytest.raises(ValueError) as caught:
        adjusted_p_values("tukey", comparisons, 1)
    assert str(caught.value) == (
        "there is no procedure 'tukey'; there are none, bonferroni, holm, hochberg, hommel, fixed_sequence, "
        "co_primary, dunnett, step_down_dunnett"
    )
    with pytest.raises(ValueError) as caught:
        pairwise = t_test([1.0, 2.0, 4.0, 3.0], [0, 0, 1, 1], [0, 4], [(1, 0)], 1, 0.025)
        adjusted_p_values("dunnett", pairwise, 1)
    assert str(caught.value) == "dunnett needs estimates of one model with one variance (ancova)"
    with pytest.raises(ValueError) as caught:
        y, arm = np.random.default_rng(3).normal(size=12), np.arange(12) % 3
        dependent = ancova(y, arm, [0, 12], None, None, 0, [(1, 0), (2, 0), (2, 1)], 1, 0.025)
        adjusted_p_values("dunnett", dependent, 1)
    assert str(caught.value) == "dunnett needs comparisons of which none is a combination of the others"
