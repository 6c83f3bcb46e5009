"""What methods for shares compare, and the truth on the same scale."""

import numpy as np
import pytest

from tests.calibration.share_settings import SHARE_SETTINGS
from trialsim.protocol.model import Method
from trialsim.trial.share_comparisons import compared_shares, true_measures
from trialsim.trial.simulate import simulate_trials


def method(kind, measure, test=None):
    return Method(kind=kind, covariates=(), strata=(), missing="complete_cases", measure=measure, test=test)


def counterfactual(seed, n=400):
    rng = np.random.default_rng(seed)
    stratum = rng.integers(0, 3, n)
    risk = 0.15 + 0.25 * stratum
    values = (rng.random((2, n)) < np.stack([risk, risk + 0.1])) * 1.0
    values[1, ::37] = np.nan
    return values, stratum


def test_the_truth_of_a_ratio_is_the_log_of_the_ratio_of_what_both_arms_would_have():
    values, stratum = counterfactual(1)
    shares = np.nanmean(np.where(np.isnan(values).any(axis=0), np.nan, values), axis=1)
    odds = shares / (1 - shares)
    expected = {
        "risk_difference": shares[1] - shares[0],
        "risk_ratio": np.log(shares[1] / shares[0]),
        "odds_ratio": np.log(odds[1] / odds[0]),
    }
    for measure, value in expected.items():
        found = true_measures(method(measure, measure), values, 1, 0, 400, stratum, 0)
        assert found.tolist() == pytest.approx([value], rel=1e-12)
    # A risk ratio is that of the whole, whatever the strata.
    within = true_measures(method("risk_ratio", "risk_ratio"), values, 1, 0, 400, stratum, 3)
    assert within.tolist() == pytest.approx([expected["risk_ratio"]], rel=1e-12)


def test_the_truth_of_an_odds_ratio_within_strata_is_that_of_mantel_and_haenszel():
    values, stratum = counterfactual(2)
    known = ~np.isnan(values).any(axis=0)
    over = np.zeros(2)
    for s in range(3):
        treated, control = values[1][known & (stratum == s)].mean(), values[0][known & (stratum == s)].mean()
        n = (known & (stratum == s)).sum()
        over += n * np.array([treated * (1 - control), control * (1 - treated)])
    found = true_measures(method("cmh", "odds_ratio"), values, 1, 0, 400, stratum, 3)
    assert found.tolist() == pytest.approx([np.log(over[0] / over[1])], rel=1e-12)
    whole = true_measures(method("cmh", "odds_ratio"), values, 1, 0, 400, stratum, 0)
    assert abs(found[0] - whole[0]) > 0.02  # odds ratios of parts do not average to that of the whole


def test_a_ratio_to_nobody_has_no_truth():
    values = np.array([[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0]])
    stratum = np.zeros(4, np.int64)
    for measure in ("risk_ratio", "odds_ratio"):
        found = true_measures(method(measure, measure), values, 1, 0, 2, stratum, 0)
        assert np.isnan(found).tolist() == [True, measure == "odds_ratio"]


@pytest.mark.parametrize(
    "chosen",
    [
        method("risk_difference", "risk_difference", "wald"),
        method("risk_difference", None),
        method("risk_difference", "risk_difference", "farrington_manning"),
        method("risk_ratio", "risk_ratio", "miettinen_nurminen"),
        method("risk_ratio", "risk_ratio", "wald"),
        method("odds_ratio", "odds_ratio", "miettinen_nurminen"),
        method("odds_ratio", "odds_ratio", "wald"),
        method("cmh", "odds_ratio"),
        method("cmh", "risk_difference"),
    ],
    ids=lambda m: f"{m.kind}-{m.measure}-{m.test}",
)
def test_estimates_lie_around_the_truth_of_their_scale(chosen):
    rng = np.random.default_rng(3)
    n_trials, per_trial = 300, 200
    n = n_trials * per_trial
    stratum, arm = rng.integers(0, 2, n), rng.integers(0, 2, n)
    risk = np.where(stratum == 1, 0.55, 0.25)
    values = (rng.random(n) < np.stack([risk, risk + 0.15])) * 1.0
    y = values[arm, np.arange(n)]
    offsets, pairs = np.arange(0, n + 1, per_trial), np.array([[1, 0]])
    found = compared_shares(chosen, y, arm, offsets, stratum, 2, pairs, np.array([1], np.int8), 0.025, np.zeros(1))
    truth = true_measures(chosen, values, 1, 0, per_trial, stratum, 2)
    bias = found.estimate[:, 0] - truth
    error = bias.std() / np.sqrt(n_trials)
    assert abs(bias.mean()) < 4 * error + 0.01
    inside = (found.lower[:, 0] < truth.mean()) & (truth.mean() < found.upper[:, 0])
    assert 0.91 < inside.mean() < 0.99


def test_whole_trials_tell_ratios_as_logarithms_and_truth_on_the_same_scale():
    setting = SHARE_SETTINGS[1]  # three measures by three tests; the treated fail more often, exactly by the margin
    looks = simulate_trials(setting.world(seed=5), range(60), 0)["looks"]
    units = looks["unit"]
    told = np.array([*units.categories])[units.codes].reshape(60, 9)
    expected = ["", "log risk ratio", "log odds ratio"]
    assert [list(row) for row in np.unique(told, axis=0)] == [[word for word in expected for _ in range(3)]]
    truth, estimate = (looks[name].reshape(60, 9) for name in ("truth", "estimate"))
    margins = np.array([test.margin for test in setting.tests])
    assert truth.mean(axis=0) == pytest.approx(margins, abs=0.12)
    assert np.nanmean(estimate - truth, axis=0) == pytest.approx(np.zeros(9), abs=0.25)
    assert (truth[:, 0] == truth[:, 2]).all()
    assert estimate[:, 0] == pytest.approx(estimate[:, 2], abs=1e-14)  # one difference by two formulas
