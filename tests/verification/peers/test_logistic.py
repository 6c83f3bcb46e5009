"""Logistic regression, its fallback and its standardised shares against R."""

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.comparisons import NOT_ESTIMABLE, OK, REASONS, SEPARATED, TOO_FEW_PATIENTS
from trialsim.analysis.logistic import logistic_regression
from trialsim.analysis.risk_difference import risk_difference

RECORD = json.loads((Path(__file__).parent / "logistic.json").read_text())
DATA = [name for name in RECORD if name != "source"]
MEASURES = ("risk_difference", "risk_ratio", "odds_ratio")


def regression(name, measure, **options):
    arm, x1, x2, stratum, y = np.array(RECORD[name]["rows"], dtype=float).T
    n_strata = int(stratum.max()) + 1
    return logistic_regression(
        measure, y, arm.astype(int), [0, y.size], np.column_stack([x1, x2]), stratum.astype(int),
        n_strata if n_strata > 1 else 0, [(1, 0)], 1, 0.025, n_arms=int(arm.max()) + 1, **options,
    )  # fmt: skip


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("variance", ["robust", "model"])
def test_standardised_shares_are_those_of_r(name, measure, variance):
    found = regression(name, measure, variance=variance, has_fallback=True)
    estimate, se = RECORD[name]["found"][f"{measure} {variance}"]
    if estimate is None:
        assert found.status[0, 0] == NOT_ESTIMABLE
    else:
        assert found.status[0, 0] == OK
        assert (found.estimate[0, 0], found.se[0, 0]) == pytest.approx((estimate, se), rel=2e-7)


@pytest.mark.parametrize("name", DATA)
def test_the_odds_ratio_of_the_model_is_that_of_r(name):
    found = regression(name, "conditional_odds_ratio", has_fallback=True)
    expected = RECORD[name]["found"]["conditional_odds_ratio"]
    assert (found.estimate[0, 0], found.se[0, 0]) == pytest.approx(expected, rel=2e-7)


@pytest.mark.parametrize("name", DATA)
def test_separation_is_found_and_named(name):
    found = regression(name, "risk_difference")
    if RECORD[name]["separated"]:
        assert found.status[0, 0] == SEPARATED
        assert REASONS[SEPARATED] == "separated: a slope has no finite estimate"
        assert np.isnan([found.estimate[0, 0], found.p_value[0, 0]]).all()
    else:
        assert found.status[0, 0] == OK
        plain = regression(name, "risk_difference", has_fallback=True)
        assert plain.estimate[0, 0] == found.estimate[0, 0]


def test_without_covariates_it_is_the_difference_of_shares_with_the_variance_of_wald():
    rng = np.random.default_rng(8)
    y, arm = (rng.random(300) < 0.4) * 1.0, rng.integers(0, 2, 300)
    of = [(1, 0)], 1, 0.025
    plain = risk_difference(y, arm, [0, 300], None, 0, *of)
    found = logistic_regression("risk_difference", y, arm, [0, 300], None, None, 0, *of, variance="model")
    assert found.estimate[0, 0] == pytest.approx(plain.estimate[0, 0], abs=1e-12)
    assert found.se[0, 0] == pytest.approx(plain.se[0, 0], rel=1e-9)


def test_aliased_columns_are_left_out_and_empty_arms_have_a_reason():
    rng = np.random.default_rng(9)
    y, arm, x = (rng.random(120) < 0.4) * 1.0, rng.integers(0, 2, 120), rng.normal(size=120)
    of = [(1, 0)], 1, 0.025
    once = logistic_regression("odds_ratio", y, arm, [0, 120], x[:, None], None, 0, *of)
    columns = np.column_stack([x, 3 - 2 * x, np.ones(120)])
    again = logistic_regression("odds_ratio", y, arm, [0, 120], columns, None, 0, *of, n_arms=4)
    assert again.estimate[0, 0] == pytest.approx(once.estimate[0, 0], rel=1e-10)
    assert again.se[0, 0] == pytest.approx(once.se[0, 0], rel=1e-10)
    empty = logistic_regression("odds_ratio", y, arm, [0, 120, 120], x[:, None], None, 0, [(1, 0), (2, 0)], 1, 0.025)
    assert empty.status.tolist() == [[OK, TOO_FEW_PATIENTS], [TOO_FEW_PATIENTS, TOO_FEW_PATIENTS]]


def test_trials_do_not_depend_on_each_other():
    rng = np.random.default_rng(10)
    n, size = 40 * 50, 50
    y, arm, x = (rng.random(n) < 0.3) * 1.0, rng.integers(0, 2, n), rng.normal(size=(n, 2))
    x[::17, 0] = np.nan
    of = [(1, 0)], 1, 0.025
    whole = logistic_regression("risk_ratio", y, arm, np.arange(0, n + 1, size), x, None, 0, *of, has_fallback=True)
    for t in (0, 7, 39):
        rows = slice(t * size, (t + 1) * size)
        one = logistic_regression("risk_ratio", y[rows], arm[rows], [0, size], x[rows], None, 0, *of, has_fallback=True)
        assert (one.estimate[0, 0], one.se[0, 0]) == (whole.estimate[t, 0], whole.se[t, 0])


def test_an_arm_of_failures_leaves_the_other_arms_their_fit():
    rng = np.random.default_rng(13)
    arm, x = np.repeat([0, 1, 2], 40), rng.normal(size=(120, 2))
    y = np.where(arm == 0, 0.0, (rng.random(120) < 0.5) * 1.0)
    pairs, of = [(1, 0), (2, 0), (2, 1)], (1, 0.025)
    for measure in (*MEASURES, "conditional_odds_ratio"):
        found = logistic_regression(measure, y, arm, [0, 120], x, None, 0, pairs, *of)
        assert found.status.tolist() == [[SEPARATED, SEPARATED, OK]]
        declared = logistic_regression(measure, y, arm, [0, 120], x, None, 0, pairs, *of, has_fallback=True)
        assert declared.status[0, 2] == OK
        assert declared.estimate[0, 2] == found.estimate[0, 2]
        # A share of 0 is corrected to about 0: a difference to it can be told, a ratio only if it lies above.
        assert (declared.status[0, :2] == OK).all() or measure in ("risk_ratio", "odds_ratio")
    two = logistic_regression("conditional_odds_ratio", y[40:], arm[40:], [0, 80], x[40:], None, 0, [(2, 1)], *of)
    three = logistic_regression("conditional_odds_ratio", y, arm, [0, 120], x, None, 0, pairs, *of)
    assert three.estimate[0, 2] == pytest.approx(two.estimate[0, 0], rel=1e-9)
    assert three.se[0, 2] == pytest.approx(two.se[0, 0], rel=1e-9)
