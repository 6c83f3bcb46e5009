"""Whole trials against exact theory: from candidate to decision, rejection rates are those of the noncentral t.

A patient's score is normal; a dose raises it for good, so that arms differ by exact shifts and the two-sample
t test's power is known (Johnson, Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2, chapter 31).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from tests.unit.trial.worlds import comparison, method, pressure_world, shift_world
from trialsim.foundation.tables import Coded
from trialsim.protocol.model import Analysis
from trialsim.trial.simulate import simulate_trials

N_TRIALS = 3000
CHUNK = 500
SETTINGS = [  # patients of control and dose, effect, SD between patients, SD of error, one-sided alpha
    (10, 10, 0.0, 1.0, 0.0, 0.025),
    (10, 10, 1.3, 1.0, 0.0, 0.025),
    (6, 6, 2.0, 1.0, 0.5, 0.025),
    (3, 3, 3.0, 1.0, 0.0, 0.05),
    (20, 10, 1.0, 0.8, 0.6, 0.025),
    (10, 30, 1.0, 0.8, 0.6, 0.025),
    (30, 30, 0.7, 1.0, 0.0, 0.025),
    (30, 30, 0.7, 0.0, 1.0, 0.1),
    (5, 25, 0.0, 2.0, 1.0, 0.05),
    (15, 15, 5.0, 4.0, 3.0, 0.025),
    (8, 24, 2.5, 2.0, 0.5, 0.01),
    (12, 12, 0.0, 1.0, 1.0, 0.1),
]


def analysis(alpha, kind="t_test", multiplicity="none", n_doses=1, margin=0.0):
    return Analysis(
        name="primary",
        estimand="main",
        method=method(kind),
        comparisons=tuple(comparison(f"dose{i + 1}", "control", "higher", margin) for i in range(n_doses)),
        alpha=alpha,
        multiplicity=multiplicity,
    )


def looks(world, n_trials=N_TRIALS):
    pieces = [
        simulate_trials(world, range(first, min(first + CHUNK, n_trials)), 0)["looks"]
        for first in range(0, n_trials, CHUNK)
    ]
    wanted = ("rejected", "truth", "estimate", "lower", "upper", "standard_error", "n_treated", "n_control")
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in wanted}


def exact_power(n_control, n_treated, effect, sd, alpha):
    df = n_control + n_treated - 2
    noncentrality = effect / (sd * np.sqrt(1 / n_control + 1 / n_treated))
    return stats.nct.sf(stats.t.isf(alpha, df), df, noncentrality) if effect else alpha


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_power_and_type_one_error_are_exact(setting):
    n_control, n_treated, effect, sd, error, alpha = setting
    seen = looks(shift_world((n_control, n_treated), (effect,), sd, error, analysis(alpha), seed=20261121))
    assert np.all(seen["n_control"] == n_control)
    assert np.all(seen["n_treated"] == n_treated)
    np.testing.assert_allclose(seen["truth"], effect, rtol=1e-9, atol=1e-9)
    power = exact_power(n_control, n_treated, effect, np.hypot(sd, error), alpha)
    se = np.sqrt(power * (1 - power) / N_TRIALS)
    assert abs(seen["rejected"].mean() - power) < 3 * se
    spread = np.hypot(sd, error) * np.sqrt(1 / n_control + 1 / n_treated)
    assert abs(seen["estimate"].mean() - effect) < 3 * spread / np.sqrt(N_TRIALS)
    covered = ((seen["lower"] <= effect) & (effect <= seen["upper"])).mean()
    assert abs(covered - (1 - 2 * alpha)) < 3 * np.sqrt(2 * alpha * (1 - 2 * alpha) / N_TRIALS)


def test_a_margin_moves_the_null_hypothesis():
    seen = looks(shift_world((15, 15), (1.0,), 1.0, 0.0, analysis(0.05, margin=1.0), seed=3))
    assert abs(seen["rejected"].mean() - 0.05) < 3 * np.sqrt(0.05 * 0.95 / N_TRIALS)


def test_dunnett_holds_the_family_wise_error_and_none_does_not():
    n, worlds = 2500, {}
    for multiplicity in ("dunnett", "none"):
        plan = analysis(0.05, "ancova", multiplicity, 3)
        world = shift_world((12, 12, 12, 12), (0.0, 0.0, 0.0), 1.0, 0.5, plan, seed=8)
        worlds[multiplicity] = looks(world, n)["rejected"].reshape(n, 3).any(axis=1).mean()
    assert abs(worlds["dunnett"] - 0.05) < 3 * np.sqrt(0.05 * 0.95 / n)
    assert worlds["none"] > 0.10


def frame(table, *names):
    columns = {}
    for name in names:
        column = table[name]
        columns[name] = np.array(column.categories)[column.codes] if isinstance(column, Coded) else np.asarray(column)
    return pd.DataFrame(columns)


def test_ancova_of_a_simulated_trial_is_that_of_statsmodels():
    tables = simulate_trials(pressure_world(90, seed=4), range(1), 1)
    patients = frame(tables["patients"], "patient", "arm", "sex", "weight")
    ends = frame(tables["endpoints"], "patient", "estimand", "value")
    visits = frame(tables["visits"], "patient", "measure", "visit", "value")
    baseline = visits[(visits.measure == "sbp") & (visits.visit == "baseline")].rename(columns={"value": "baseline"})
    data = patients.merge(ends[ends.estimand == "policy"], on="patient").merge(baseline, on="patient").dropna()
    assert 60 < len(data) < 90
    fit = smf.ols("value ~ C(arm, Treatment('placebo')) + baseline + weight + C(sex)", data).fit()
    theirs = fit.conf_int(0.05)
    looked = frame(tables["looks"], "analysis", "comparison", "estimate", "standard_error", "df", "p_value", "lower")
    ours = looked[looked.analysis == "primary"]
    for arm in ("high", "low"):
        row, term = ours[ours.comparison == f"{arm} vs placebo"].iloc[0], f"C(arm, Treatment('placebo'))[T.{arm}]"
        np.testing.assert_allclose(row.estimate, fit.params[term], rtol=1e-9)
        np.testing.assert_allclose(row.standard_error, fit.bse[term], rtol=1e-9)
        np.testing.assert_allclose(row.lower, theirs.loc[term, 0], rtol=1e-8)
        np.testing.assert_allclose(row.p_value, stats.t.cdf(fit.tvalues[term], fit.df_resid), rtol=1e-8)
        assert row.df == fit.df_resid


def test_a_t_test_of_a_simulated_trial_is_that_of_scipy():
    tables = simulate_trials(shift_world((9, 14), (1.0,), 1.0, 0.5, analysis(0.025), seed=2), range(1), 1)
    ends = frame(tables["endpoints"], "arm", "value")
    result = stats.ttest_ind(
        ends.value[ends.arm == "dose1"], ends.value[ends.arm == "control"], alternative="greater"
    )
    row = tables["looks"]
    np.testing.assert_allclose([row["statistic"][0], row["p_value"][0]], [result.statistic, result.pvalue], rtol=1e-10)
