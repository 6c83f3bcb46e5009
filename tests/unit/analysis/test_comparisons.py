"""Comparisons of arms against textbook twins, scipy and statsmodels, and where they cannot be made."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from tests.reference.comparison_twins import least_squares, mantel_haenszel_difference, student, welch
from trialsim.analysis.ancova import ancova
from trialsim.analysis.comparisons import NO_VARIANCE, OK, REASONS, TOO_FEW_PATIENTS
from trialsim.analysis.risk_difference import risk_difference
from trialsim.analysis.t_test import t_test
from trialsim.foundation.distributions import t_quantile

ALPHA = 0.025
PAIRS = [(1, 0), (2, 0), (2, 1)]


def trials(seed, sizes=(60, 45, 33)):
    """Rows of several trials of three arms: y, arm, covariates, stratum, offsets."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    arm, stratum = rng.integers(0, 3, n), rng.integers(0, 4, n)
    covariates = np.column_stack([rng.normal(150.0, 12.0, n), rng.normal(size=n)])
    y = 0.4 * arm + covariates @ [0.05, 0.3] + 0.2 * stratum + rng.normal(size=n) * (1.0 + 0.5 * arm)
    return y, arm, covariates, stratum, np.concatenate([[0], np.cumsum(sizes)])


@pytest.mark.parametrize(("equal_variances", "twin"), [(True, student), (False, welch)])
def test_t_test_agrees_with_its_twin_and_with_scipy(equal_variances, twin):
    y, arm, _, _, offsets = trials(1)
    y[::11] = np.nan
    better = [1, -1, 1]
    result = t_test(y, arm, offsets, PAIRS, better, ALPHA, 0.0, equal_variances)
    assert (result.status == OK).all()
    for t in range(3):
        rows = slice(offsets[t], offsets[t + 1])
        for c, (treated, control) in enumerate(PAIRS):
            arms = [y[rows][(arm[rows] == a) & ~np.isnan(y[rows])] for a in (treated, control)]
            expected = twin(*arms)
            observed = result.estimate[t, c], result.se[t, c], result.df[t, c]
            assert observed == pytest.approx(expected, rel=1e-12)
            assert (result.n_treated[t, c], result.n_control[t, c]) == (len(arms[0]), len(arms[1]))
            side = "greater" if better[c] == 1 else "less"
            peer = stats.ttest_ind(*arms, equal_var=equal_variances, alternative=side)
            assert result.p_value[t, c] == pytest.approx(peer.pvalue, rel=1e-9)
            both = stats.ttest_ind(*arms, equal_var=equal_variances).confidence_interval(1 - 2 * ALPHA)
            assert (result.lower[t, c], result.upper[t, c]) == pytest.approx((both.low, both.high), rel=1e-9)


def test_a_margin_shifts_the_null_and_test_and_interval_agree():
    y, arm, _, _, offsets = trials(2, (40,) * 50)
    for better in (1, -1):
        result = t_test(y, arm, offsets, [(1, 0)], better, 0.1, -0.3 * better, True)
        bound = result.lower if better == 1 else -result.upper
        assert ((result.p_value < 0.1) == (bound > -0.3)).all()
        assert 0 < (result.p_value < 0.1).sum() < 50
        assert result.statistic == pytest.approx((result.estimate + 0.3 * better) / result.se, rel=1e-15)


def test_ancova_agrees_with_its_twin_and_with_statsmodels():
    y, arm, covariates, stratum, offsets = trials(3)
    y[5] = covariates[17, 1] = np.nan
    stratum[29] = -1
    result = ancova(y, arm, offsets, covariates, stratum, 4, PAIRS, 1, ALPHA)
    complete = ~np.isnan(y) & ~np.isnan(covariates).any(axis=1) & (stratum >= 0)
    for t in range(3):
        rows = np.flatnonzero(complete[offsets[t] : offsets[t + 1]]) + offsets[t]
        expected = least_squares(y[rows], arm[rows], covariates[rows], stratum[rows], 4, PAIRS)
        assert result.estimate[t] == pytest.approx(expected[0], rel=1e-9)
        assert result.se[t] == pytest.approx(expected[1], rel=1e-9)
        assert (result.df[t] == expected[2]).all()
        assert result.covariance[t] == pytest.approx(expected[3], rel=1e-9)
        indicators = [arm[rows] == a for a in range(3)] + [stratum[rows] == s for s in (1, 2, 3)]
        fit = sm.OLS(y[rows], np.column_stack([*indicators, covariates[rows]]).astype(float)).fit()
        contrasts = np.zeros((3, 8))
        for c, (treated, control) in enumerate(PAIRS):
            contrasts[c, treated], contrasts[c, control] = 1.0, -1.0
        peer = fit.t_test(contrasts)
        assert 2.0 * np.minimum(result.p_value[t], 1.0 - result.p_value[t]) == pytest.approx(peer.pvalue, rel=1e-7)
        interval = np.column_stack([result.lower[t], result.upper[t]])
        assert interval == pytest.approx(peer.conf_int(2 * ALPHA), rel=1e-8)


def test_ancova_without_covariates_is_the_analysis_of_variance():
    y, arm, _, _, offsets = trials(4, (50,))
    result = ancova(y, arm, offsets, None, None, 0, [(1, 0)], 1, ALPHA, 0.0, 3)
    squares = sum(((y[arm == a] - y[arm == a].mean()) ** 2).sum() for a in range(3))
    error = np.sqrt(squares / 47 * (1 / (arm == 1).sum() + 1 / (arm == 0).sum()))
    assert (result.se[0, 0], result.df[0, 0]) == (pytest.approx(error, rel=1e-13), 47.0)
    assert result.covariance[0, 0, 0] == pytest.approx(1 / (arm == 1).sum() + 1 / (arm == 0).sum(), rel=1e-15)


def test_ancova_leaves_out_columns_that_others_determine():
    y, arm, covariates, stratum, offsets = trials(5, (48,))
    plain = ancova(y, arm, offsets, covariates, stratum, 4, PAIRS, 1, ALPHA)
    constant, copy, by_arm = np.full(48, 0.1), 3.0 * covariates[:, 0] - 7.0, 2.5 * arm
    wide = np.column_stack([constant, covariates, copy, by_arm])
    doubled = ancova(y, arm, offsets, wide, np.where(stratum >= 2, stratum + 2, stratum), 9, PAIRS, 1, ALPHA)
    assert doubled.estimate == pytest.approx(plain.estimate, rel=1e-12)
    assert doubled.se == pytest.approx(plain.se, rel=1e-12)
    assert doubled.df.tolist() == plain.df.tolist()


def test_risk_difference_by_hand():
    # 30 of 40 against 18 of 36: 0.75 - 0.5; variance 0.75 * 0.25 / 40 + 0.5 * 0.5 / 36.
    success = np.array([1.0] * 30 + [0.0] * 10 + [1.0] * 18 + [0.0] * 18 + [np.nan])
    arm = np.array([1] * 40 + [0] * 37)
    result = risk_difference(success, arm, [0, 77], None, 0, [(1, 0)], 1, ALPHA)
    error = np.sqrt(0.0046875 + 0.25 / 36)
    assert result.estimate[0, 0] == pytest.approx(0.25, rel=1e-15)
    assert result.se[0, 0] == pytest.approx(error, rel=1e-14)
    assert result.p_value[0, 0] == pytest.approx(stats.norm.sf(0.25 / error), rel=1e-12)
    assert result.lower[0, 0] == pytest.approx(0.25 - stats.norm.ppf(0.975) * error, rel=1e-12)
    assert (result.df[0, 0], result.n_treated[0, 0], result.n_control[0, 0]) == (np.inf, 40, 36)


def test_stratified_risk_difference_agrees_with_its_twin():
    rng = np.random.default_rng(6)
    n = 300
    stratum, arm = rng.integers(-1, 7, n), rng.integers(0, 3, n)
    success = (rng.uniform(size=n) < 0.2 + 0.1 * arm + 0.05 * stratum).astype(float)
    result = risk_difference(success, arm, [0, 140, n], stratum, 7, PAIRS, 1, ALPHA)
    for t, rows in enumerate((slice(0, 140), slice(140, n))):
        kept = stratum[rows] >= 0
        for c, pair in enumerate(PAIRS):
            twin = mantel_haenszel_difference(success[rows][kept], arm[rows][kept], stratum[rows][kept], *pair)
            assert (result.estimate[t, c], result.se[t, c]) == pytest.approx(twin, rel=1e-12)


def test_one_stratum_is_no_stratum():
    rng = np.random.default_rng(7)
    success, arm = rng.integers(0, 2, 70).astype(float), (np.arange(70) % 3 == 0).astype(int)
    plain = risk_difference(success, arm, [0, 70], None, 0, [(1, 0)], 1, ALPHA)
    one = risk_difference(success, arm, [0, 70], np.zeros(70, int), 1, [(1, 0)], 1, ALPHA)
    assert one.se == pytest.approx(plain.se, rel=1e-13)
    assert one.estimate == pytest.approx(plain.estimate, rel=1e-13)


def test_satos_variance_is_the_variance_of_many_small_strata():
    # 4000 trials of 30 strata of four patients: the standard error of a standard deviation is 1.1 percent; 4.5 of them.
    rng = np.random.default_rng(8)
    n_trials, n = 4000, 120
    stratum = np.tile(np.repeat(np.arange(30), 4), n_trials)
    arm = np.tile([0, 1, 0, 1], n_trials * 30)
    success = (rng.uniform(size=n_trials * n) < 0.15 + 0.15 * arm + 0.015 * stratum).astype(float)
    result = risk_difference(success, arm, np.arange(n_trials + 1) * n, stratum, 30, [(1, 0)], 1, ALPHA)
    assert np.sqrt((result.se**2).mean()) == pytest.approx(result.estimate.std(), rel=0.05)
    assert result.estimate.mean() == pytest.approx(0.15, abs=4.5 * result.estimate.std() / np.sqrt(n_trials))


def three_kinds(y, arm, pairs=((1, 0),)):
    offsets = [0, len(y)]
    return {
        "student": t_test(y, arm, offsets, pairs, 1, ALPHA),
        "welch": t_test(y, arm, offsets, pairs, 1, ALPHA, 0.0, False),
        "ancova": ancova(y, arm, offsets, None, None, 0, pairs, 1, ALPHA),
    }


def test_too_few_patients_is_a_status():
    for result in three_kinds([0.1, 0.5, np.nan], [0, 1, 1]).values():
        assert REASONS[int(result.status[0, 0])] == "too few patients"
        assert np.isnan([result.p_value[0, 0], result.se[0, 0], result.lower[0, 0], result.statistic[0, 0]]).all()
    for result in three_kinds([0.1, 0.5, 0.7, 0.2], [0, 0, 0, 0]).values():
        assert result.status.tolist() == [[TOO_FEW_PATIENTS]]
        assert np.isnan(result.estimate).all()
    empty = risk_difference([1.0, 0.0], [0, 0], [0, 2], None, 0, [(1, 0)], 1, ALPHA)
    assert empty.status.tolist() == [[TOO_FEW_PATIENTS]]


def test_no_variance_is_a_status_even_where_rounding_leaves_some():
    for result in three_kinds([0.1] * 7 + [0.7] * 7, [0] * 7 + [1] * 7).values():
        assert result.status.tolist() == [[NO_VARIANCE]]
        assert result.estimate[0, 0] == pytest.approx(0.6, rel=1e-15)
        assert np.isnan([result.p_value[0, 0], result.se[0, 0], result.upper[0, 0]]).all()
    result = risk_difference([1.0, 1.0, 0.0, 0.0], [1, 1, 0, 0], [0, 4], None, 0, [(1, 0)], 1, ALPHA)
    assert (result.status.tolist(), result.estimate.tolist()) == ([[NO_VARIANCE]], [[1.0]])


def test_strata_that_never_hold_both_arms_are_not_estimable():
    result = risk_difference([1.0, 0.0, 1.0, 0.0], [1, 1, 0, 0], [0, 4], [0, 0, 1, 1], 2, [(1, 0)], 1, ALPHA)
    assert REASONS[int(result.status[0, 0])] == "not estimable"


def test_an_empty_arm_leaves_the_other_comparisons_alone():
    rng = np.random.default_rng(9)
    y, arm = rng.normal(size=20), np.arange(20) % 2 * 2
    result = ancova(y, arm, [0, 20], None, None, 0, [(1, 0), (2, 0)], 1, ALPHA)
    alone = t_test(y, arm, [0, 20], [(2, 0)], 1, ALPHA)
    assert result.status.tolist() == [[TOO_FEW_PATIENTS, OK]]
    assert result.p_value[0, 1] == pytest.approx(alone.p_value[0, 0], rel=1e-12)
    assert np.isnan(result.covariance[0, 0]).all() and result.covariance[0, 1, 1] == pytest.approx(0.2, rel=1e-14)


def test_a_trial_does_not_depend_on_its_neighbours():
    y, arm, covariates, stratum, offsets = trials(10)
    whole = ancova(y, arm, offsets, covariates, stratum, 4, PAIRS, 1, ALPHA)
    for t in range(3):
        rows = slice(offsets[t], offsets[t + 1])
        n = offsets[t + 1] - offsets[t]
        alone = ancova(y[rows], arm[rows], [0, n], covariates[rows], stratum[rows], 4, PAIRS, 1, ALPHA)
        for name in ("estimate", "se", "p_value", "lower", "upper", "covariance"):
            assert getattr(alone, name)[0].tolist() == getattr(whole, name)[t].tolist()


def test_coverage_and_type_1_error_of_ancova():
    # 4000 trials: standard errors 0.0034 of the coverage, 0.0025 of the error; four of them.
    rng = np.random.default_rng(11)
    n_trials, n = 4000, 30
    covariate, arm = rng.normal(size=(n_trials * n, 1)), np.tile(np.arange(n) % 2, n_trials)
    y = 2.0 * covariate[:, 0] + rng.normal(size=n_trials * n)
    result = ancova(y, arm, np.arange(n_trials + 1) * n, covariate, None, 0, [(1, 0)], 1, ALPHA)
    assert ((result.lower < 0) & (result.upper > 0)).mean() == pytest.approx(0.95, abs=0.014)
    assert (result.p_value < ALPHA).mean() == pytest.approx(ALPHA, abs=0.010)
    width = result.upper[0, 0] - result.estimate[0, 0]
    assert width == pytest.approx(t_quantile(0.975, 27.0) * result.se[0, 0], rel=1e-13)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pairs": [(1, 1)]}, "a comparison needs two different arms, numbered from 0"),
        ({"pairs": [(1, -1)]}, "a comparison needs two different arms, numbered from 0"),
        ({"better": 0}, "the direction of benefit is +1 (higher is better) or -1 (lower is better)"),
        ({"alpha": 0.5}, "the one-sided level 0.5 is not between 0 and 0.5"),
        ({"margin": np.nan}, "a margin is not a finite number"),
        ({"arm": [0, 1]}, "there are (3,) values and (2,) arms"),
        ({"offsets": [0, 2]}, "offsets do not divide the rows into trials"),
    ],
)
def test_senseless_questions_are_refused(change, message):
    question = {"y": [1.0, 2.0, 3.0], "arm": [0, 1, 0], "offsets": [0, 3], "pairs": [(1, 0)], "better": 1, "alpha": 0.1}
    with pytest.raises(ValueError) as caught:
        t_test(**{**question, **change})
    assert str(caught.value) == message


def test_a_success_is_one_or_zero():
    with pytest.raises(ValueError) as caught:
        risk_difference([1.0, 0.5], [0, 1], [0, 2], None, 0, [(1, 0)], 1, ALPHA)
    assert str(caught.value) == "a success is neither 1 nor 0 nor missing"


def test_arms_strata_and_covariates_must_fit():
    with pytest.raises(ValueError) as caught:
        ancova([1.0, 2.0], [0, 1], [0, 2], None, None, 0, [(2, 0)], 1, ALPHA, 0.0, 2)
    assert str(caught.value) == "a comparison names arm 2, and there are 2 arms"
    with pytest.raises(ValueError) as caught:
        ancova([1.0, 2.0], [0, 1], [0, 2], [[1.0]], None, 0, [(1, 0)], 1, ALPHA)
    assert str(caught.value) == "there are (2,) values and covariates of shape (1, 1)"
    with pytest.raises(ValueError) as caught:
        risk_difference([1.0, 0.0], [0, 1], [0, 2], [0], 1, [(1, 0)], 1, ALPHA)
    assert str(caught.value) == "there are (2,) values and (1,) strata"
