"""Imputation against closed forms of simple cases, its laws, and what cannot be imputed."""

import numpy as np
import pytest

from trialsim.analysis.ancova import ancova
from trialsim.analysis.comparisons import NOT_ESTIMABLE, OK, contrasts
from trialsim.analysis.imputation import STRATEGIES, Luck, imputed, visit_data
from trialsim.analysis.imputed_comparisons import Imputation, imputed_comparisons, tipping_delta
from trialsim.analysis.mean_imputation import mean_imputed

LUCK = Luck(seed=3, name="primary")


def trial(n=60, n_visits=3, drop=0.3, gaps=0.0, effect=1.0, seed=1, n_arms=2):
    """Return values [n, n_visits] with NaN, arms and one covariate."""
    rng = np.random.default_rng(seed)
    arm = np.arange(n) % n_arms
    x = rng.normal(size=(n, 1))
    gain = effect * arm[:, None] * np.arange(1, n_visits + 1)
    y = 100.0 + np.cumsum(rng.normal(size=(n, n_visits)), axis=1) + x + gain
    for i in np.nonzero(rng.random(n) < drop)[0]:
        y[i, rng.integers(0, n_visits) :] = np.nan
    y[rng.random(y.shape) < gaps] = np.nan
    return y, arm, x


def compared(y, arm, x, strategy="jump_to_reference", variance="rubin", n=5, **other):
    how = Imputation(strategy=strategy, variance=variance, n=n, delta=other.pop("delta", ()))
    rows = np.arange(len(arm))
    values = {"covariates": x, "stratum": None, "n_strata": 0, "trials": [0], "patients": rows} | other
    return imputed_comparisons(
        y, arm, [0, len(arm)], how=how, luck=LUCK, pairs=[(1, 0)], better=1, alpha=0.025, **values
    )  # fmt: skip


@pytest.mark.parametrize("variance", ["rubin", "jackknife"])
def test_without_missing_values_it_is_analysis_of_covariance(variance):
    y, arm, x = trial(drop=0.0)
    result = compared(y, arm, x, variance=variance)
    plain = ancova(y[:, -1], arm, [0, len(arm)], x, None, 0, [(1, 0)], 1, 0.025)
    assert result.estimate == pytest.approx(plain.estimate, rel=1e-12)
    if variance == "rubin":
        df = plain.df[0, 0]
        assert result.se == pytest.approx(plain.se, rel=1e-9)
        assert result.df[0, 0] == pytest.approx((df + 1) / (df + 3) * df, rel=1e-12)
    else:
        assert result.se == pytest.approx(plain.se, rel=0.15)
    assert result.n_treated.tolist() == [[30]] and result.status.tolist() == [[OK]]


def test_one_visit_has_a_closed_form():
    # Without covariates: MAR is the difference of those who are seen; jumping to the reference shrinks it by the share
    # of the treated arm that is imputed (Carpenter, Roger and Kenward 2013; White, Joseph and Best 2020).
    y, arm, _ = trial(n=40, n_visits=1)
    seen = ~np.isnan(y[:, 0])
    difference = y[seen & (arm == 1), 0].mean() - y[seen & (arm == 0), 0].mean()
    share = 1.0 - seen[arm == 1].mean()
    at_random = compared(y, arm, None, "missing_at_random", "jackknife").estimate[0, 0]
    assert at_random == pytest.approx(difference, rel=1e-12)
    jump = compared(y, arm, None, "jump_to_reference", "jackknife").estimate[0, 0]
    assert jump == pytest.approx((1.0 - share) * difference, rel=1e-12)


def test_two_visits_have_closed_forms():
    # One treated patient drops out after the first visit, at y1; b is the slope of the second visit on the first.
    rng = np.random.default_rng(8)
    arm = np.arange(20) % 2
    y = rng.normal(size=(20, 2)) + arm[:, None] * [1.0, 3.0]
    y[1, 1] = np.nan
    others = np.arange(20) != 1
    centred = y[others] - np.array([y[others & (arm == a)].mean(axis=0) for a in arm[others]])
    b = (centred[:, 0] @ centred[:, 1]) / (centred[:, 0] @ centred[:, 0])
    own1, ref1, ref2 = y[arm == 1, 0].mean(), y[arm == 0, 0].mean(), y[arm == 0, 1].mean()
    own2 = y[others & (arm == 1), 1].mean() + b * (own1 - y[others & (arm == 1), 0].mean())
    expected = {
        "missing_at_random": own2 + b * (y[1, 0] - own1),
        "jump_to_reference": ref2 + b * (y[1, 0] - own1),
        "copy_reference": ref2 + b * (y[1, 0] - ref1),
        "copy_increment": own1 + (ref2 - ref1) + b * (y[1, 0] - own1),
    }
    for strategy, value in expected.items():
        assert mean_imputed(visit_data(y, arm, None, 2), strategy, 0)[0, 1] == pytest.approx(value, rel=1e-12)


def test_a_later_deviation_keeps_the_own_arm_until_then():
    y, arm, x = trial()
    whole = visit_data(y, arm, x, 2, np.full(len(arm), 3))
    at_random = mean_imputed(visit_data(y, arm, x, 2), "missing_at_random", 0)
    assert mean_imputed(whole, "jump_to_reference", 0) == pytest.approx(at_random, nan_ok=True)
    # A deviation before the last value counts from there on: values that are there stand.
    early = visit_data(y, arm, x, 2, np.zeros(len(arm), int))
    assert early.first.tolist() == visit_data(y, arm, x, 2).first.tolist()


def test_draws_are_those_of_the_posterior():
    # One visit and no covariates: imputed values are Student, mean of the arm, n - 2 degrees of freedom.
    y, arm, _ = trial(n=24, n_visits=1)
    seen = ~np.isnan(y[:, 0])
    drawn = imputed(visit_data(y, arm, None, 2), "missing_at_random", 0, 20_000, LUCK, 0, np.arange(24))
    squares = sum(((y[seen & (arm == a), 0] - y[seen & (arm == a), 0].mean()) ** 2).sum() for a in (0, 1))
    df, i = seen.sum() - 2, np.nonzero(~seen)[0][0]
    n_own = (seen & (arm == arm[i])).sum()
    spread = np.sqrt(squares / (df - 2) * (1.0 + 1.0 / n_own))
    assert drawn[:, i].mean() == pytest.approx(y[seen & (arm == arm[i]), 0].mean(), abs=4.0 * spread / np.sqrt(20_000))
    assert drawn[:, i].std() == pytest.approx(spread, rel=0.03)
    assert (drawn[:, seen] == drawn[0, seen]).all()


@pytest.mark.parametrize("gaps", [0.0, 0.08])
def test_a_trial_is_the_same_whatever_comes_with_it(gaps):
    parts = [trial(gaps=gaps, seed=seed) for seed in (1, 2)]
    y, arm, x = (np.concatenate([part[i] for part in parts]) for i in range(3))
    how = Imputation(strategy="copy_reference", variance="rubin", n=4)
    rows = np.tile(np.arange(60), 2)
    both = imputed_comparisons(
        y, arm, [0, 60, 120], x, None, 0, how, LUCK, [5, 9], rows, [(1, 0)], 1, 0.025
    )  # fmt: skip
    alone = imputed_comparisons(
        *parts[1][:2], [0, 60], parts[1][2], None, 0, how, LUCK, [9], rows[:60], [(1, 0)], 1, 0.025
    )  # fmt: skip
    assert both.estimate[1].tolist() == alone.estimate[0].tolist() and both.se[1].tolist() == alone.se[0].tolist()
    name = Luck(seed=3, name="other")
    other = imputed_comparisons(
        *parts[1][:2], [0, 60], parts[1][2], None, 0, how, name, [9], rows[:60], [(1, 0)], 1, 0.025
    )  # fmt: skip
    assert other.estimate[0, 0] != alone.estimate[0, 0]


def test_order_of_patients_hardly_matters():
    y, arm, x = trial(gaps=0.08)
    order = np.random.default_rng(2).permutation(60)
    turned = compared(y[order], arm[order], x[order], patients=order)
    assert turned.estimate == pytest.approx(compared(y, arm, x).estimate, rel=1e-9)


def test_strata_are_columns_and_patients_without_a_covariate_are_out():
    y, arm, x = trial()
    stratum = np.arange(60) // 20
    indicators = np.column_stack([x, stratum == 1, stratum == 2])
    by_strata = compared(y, arm, x, variance="jackknife", stratum=stratum, n_strata=3)
    assert by_strata.se == pytest.approx(compared(y, arm, indicators, variance="jackknife").se, rel=1e-12)
    x[[1, 3]] = np.nan
    result, without = compared(y, arm, x), np.delete(np.arange(60), [1, 3])
    assert result.n_treated.tolist() == [[28]]
    alone = compared(y[without], arm[without], x[without], patients=without)
    assert result.estimate == pytest.approx(alone.estimate, rel=1e-9)


def test_delta_shifts_the_imputed():
    y, arm, x = trial()
    share = np.isnan(y[arm == 1, -1]).mean()
    plain, shifted = (compared(y, arm, None, "missing_at_random", "jackknife", delta=d) for d in ((), (0.0, -2.0)))
    assert shifted.estimate[0, 0] - plain.estimate[0, 0] == pytest.approx(-2.0 * share, rel=1e-9)


@pytest.mark.parametrize("variance", ["rubin", "jackknife"])
def test_at_the_tipping_point_the_p_value_is_alpha(variance):
    y, arm, x = trial(n=80)
    data, what = visit_data(y, arm, x, 2), contrasts([(1, 0)], 1, 0.025)
    how = Imputation(strategy="missing_at_random", variance=variance, n=10)
    tip = tipping_delta(data, x, how, LUCK, 0, np.arange(80), what, 100.0)
    assert 0.0 < tip < 100.0
    at = compared(y, arm, x, "missing_at_random", variance, n=10, delta=(0.0, -tip))
    assert at.p_value[0, 0] == pytest.approx(0.025, abs=1e-9)
    assert tipping_delta(data, x, how, LUCK, 0, np.arange(80), what, 0.01) == np.inf
    assert np.isnan(tipping_delta(data, x, how, LUCK, 0, np.arange(80), contrasts([(1, 0)], -1, 0.025), 1.0))


@pytest.mark.parametrize("variance", ["rubin", "jackknife"])
def test_what_cannot_be_imputed_has_a_status(variance):
    y, arm, x = trial()
    y[arm == 1, -1] = np.nan  # nobody of the arm is seen at the last visit
    result = compared(y, arm, x, variance=variance)
    assert result.status.tolist() == [[NOT_ESTIMABLE]] and np.isnan(result.estimate).all()
    few = compared(y[:4], arm[:4], x[:4], variance=variance)
    assert few.status.tolist() == [[NOT_ESTIMABLE]] and np.isnan(few.p_value).all()


def test_type_one_error_and_coverage_under_mar():
    # 1500 null trials at 0.05: a standard error of 0.0056; four of them.
    parts = [trial(n=40, n_visits=2, effect=0.0, seed=seed) for seed in range(1500)]
    y, arm, x = (np.concatenate([part[i] for part in parts]) for i in range(3))
    how = Imputation(strategy="missing_at_random", variance="rubin", n=10)
    result = imputed_comparisons(
        y, arm, np.arange(1501) * 40, x, None, 0, how, LUCK, np.arange(1500), np.tile(np.arange(40), 1500), [(1, 0)], 1,
        0.05,
    )  # fmt: skip
    assert (result.p_value[:, 0] <= 0.05).mean() == pytest.approx(0.05, abs=4 * 0.0056)
    assert ((result.lower <= 0.0) & (result.upper >= 0.0)).mean() == pytest.approx(0.9, abs=4 * 0.0078)


def test_strange_wishes_are_refused():
    y, arm, x = trial()
    with pytest.raises(ValueError) as caught:
        compared(y, arm, x, "last_value")
    assert str(caught.value) == "there is no imputation by last_value with 5 draws and the variance rubin"
    with pytest.raises(ValueError) as caught:
        compared(y, arm, x, n=1)
    assert str(caught.value) == "there is no imputation by jump_to_reference with 1 draws and the variance rubin"
    assert set(STRATEGIES) == {"missing_at_random", "jump_to_reference", "copy_reference", "copy_increment"}
