"""Imputation against R 4.2.2: conditional means and jackknife by nlme 3.1-162 and by regressions, pooling by mice 3.15.

The data sets, estimates and standard errors beside this file were computed by a script of its own: maximum likelihood
of the joint normal model by gls(correlation = corSymm, weights = varIdent, method = "ML"), without gaps by lm visit by
visit; expectations of missing values by the formulas of the multivariate normal distribution; lm of the last visit.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.imputation import STRATEGIES, Luck
from trialsim.analysis.imputed_comparisons import Imputation, imputed_comparisons
from trialsim.analysis.rubin import pooled

POOLED = [1.96, 0.7467261881037789, 10.02924668360723]
RECORDED = json.loads((Path(__file__).parent / "imputation.json").read_text())
LUCK = Luck(seed=1, name="primary")


def compared(case, strategy, variance, n=0):
    y = np.array(case["y"], float)
    arm = np.array(case["arm"])
    pairs = [(a, 0) for a in range(1, arm.max() + 1)]
    how = Imputation(strategy=strategy, variance=variance, n=n)
    rows = np.arange(len(arm))
    return imputed_comparisons(y, arm, [0, len(arm)], case["x"], None, 0, how, LUCK, [0], rows, pairs, 1, 0.025)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_conditional_means_and_their_jackknife(case, strategy):
    result, recorded = compared(case, strategy, "jackknife"), case["estimates"][strategy]
    # gls stops at 1e-5 or so of the estimates; regressions are exact.
    allowed = 1e-10 if case["name"] == "monotone" else 2e-5
    assert result.estimate[0] == pytest.approx(recorded["estimate"], rel=allowed)
    if recorded["se"] is not None:
        assert result.se[0] == pytest.approx(recorded["se"], rel=max(allowed, 1e-9) * 10)
    assert np.isinf(result.df).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_many_draws_have_the_estimate_of_conditional_means(case, strategy):
    n = 4000
    drawn, expected = compared(case, strategy, "rubin", n), case["estimates"][strategy]["estimate"]
    # The mean of n draws has a standard error below that of the pooled estimate over the root of n; five of them, and
    # the posterior mean of slopes with a prior of 1 / variance is that of maximum likelihood but for gaps.
    slack = 5.0 * drawn.se[0] / np.sqrt(n) + (0.0 if case["name"] == "monotone" else 0.05 * drawn.se[0])
    assert (np.abs(drawn.estimate[0] - expected) < slack).all()
    assert (drawn.df < len(case["arm"]) - 2).all() and (drawn.df > 5).all()


def test_pooling():
    # pool.scalar(Q, U, n = 40, k = 4), mice 3.15.0: qbar, sqrt(t), df (Barnard and Rubin 1999).
    q, u = [2.1, 1.7, 2.6, 2.0, 1.4], [0.31, 0.28, 0.35, 0.30, 0.33]
    result = pooled(np.array([q]).T, np.array([u]).T, np.array([36.0]))
    assert [result.estimate[0], result.se[0], result.df[0]] == pytest.approx(POOLED, rel=1e-12)
    alike = pooled(np.full((3, 1), 2.0), np.full((3, 1), 0.25), np.array([36.0]))
    assert [alike.se[0], alike.df[0]] == pytest.approx([0.5, 37.0 / 39.0 * 36.0], rel=1e-12)


def test_draws_agree_with_those_of_mice():
    # mice(m = 4000, maxit = 1, method = "norm", ridge = 0, seed = 11), each visit predicted by arm, x and the visits
    # before it; lm of the last visit, pool.scalar(n = 60, k = 3): estimate, standard error, df, between-imputation SD.
    estimate, se, df, between = 1.0949933485, 0.5984105873, 42.3413658665, 0.2876491521
    drawn = compared(RECORDED[0], "missing_at_random", "rubin", 4000)
    assert drawn.estimate[0, 0] == pytest.approx(estimate, abs=4.0 * between * np.sqrt(2.0 / 4000))
    # Of 4000 draws the between variance has a relative error of 2.2%; it is a quarter of the whole. Four of both.
    assert drawn.se[0, 0] == pytest.approx(se, rel=0.016)
    assert drawn.df[0, 0] == pytest.approx(df, rel=0.03)
