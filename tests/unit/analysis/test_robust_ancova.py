"""Variances that hold whatever the residuals are: against statsmodels, by hand, and in how often tests err."""

import numpy as np
import pytest
import statsmodels.api as sm

from trialsim.analysis.ancova import ancova
from trialsim.analysis.comparisons import OK, REASONS
from trialsim.analysis.own_slopes import ancova_by_arm
from trialsim.analysis.robust_ancova import robust_ancova

PAIRS = [(1, 0), (2, 0), (2, 1)]


def made(seed, sizes=(60, 45, 38)):
    """Return rows of trials of three arms whose residuals and slopes differ."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    arm, stratum = rng.integers(0, 3, n), rng.integers(0, 3, n)
    covariates = np.column_stack([rng.normal(150.0, 12.0, n), rng.normal(size=n)])
    slope = 0.05 + 0.04 * arm
    y = 0.4 * arm + slope * (covariates[:, 0] - 150.0) + 0.3 * covariates[:, 1] + 0.2 * stratum
    y = y + rng.normal(size=n) * (0.5 + 0.8 * arm)
    y[7] = covariates[9, 1] = np.nan
    return y, arm, covariates, stratum, np.concatenate([[0], np.cumsum(sizes)])


@pytest.mark.parametrize("variance", ["hc0", "hc3"])
def test_robust_variances_are_those_of_statsmodels(variance):
    y, arm, covariates, stratum, offsets = made(1)
    result = robust_ancova(y, arm, offsets, covariates, stratum, 3, PAIRS, 1, 0.025, variance=variance)
    plain = ancova(y, arm, offsets, covariates, stratum, 3, PAIRS, 1, 0.025)
    assert result.estimate == pytest.approx(plain.estimate, rel=1e-13)
    assert result.df.tolist() == plain.df.tolist()
    for t in range(3):
        rows = slice(offsets[t], offsets[t + 1])
        kept = ~np.isnan(y[rows]) & ~np.isnan(covariates[rows]).any(axis=1)
        a, s = arm[rows][kept], stratum[rows][kept]
        design = np.column_stack([*(a == k for k in range(3)), covariates[rows][kept], s == 1, s == 2]).astype(float)
        fit = sm.OLS(y[rows][kept], design).fit(cov_type=variance.upper())
        for c, (treated, control) in enumerate(PAIRS):
            contrast = np.zeros(7)
            contrast[treated], contrast[control] = 1.0, -1.0
            peer = fit.t_test(contrast)
            assert (result.estimate[t, c], result.se[t, c]) == pytest.approx((peer.effect[0], peer.sd[0, 0]), rel=1e-9)


def test_without_covariates_hc3_is_nearly_welch():
    y, arm, _, _, offsets = made(2, (50,))
    result = robust_ancova(y, arm, offsets, None, None, 0, [(1, 0)], 1, 0.025, variance="hc3")
    y, arm = y[~np.isnan(y)], arm[~np.isnan(y)]
    own = [((y[arm == a] - y[arm == a].mean()) ** 2).sum() / (sum(arm == a) - 1) ** 2 for a in (0, 1)]
    assert result.se[0, 0] == pytest.approx(np.sqrt(sum(own)), rel=1e-13)


def test_slopes_of_each_arm_by_hand():
    y, arm, covariates, stratum, offsets = made(3)
    result = ancova_by_arm(y, arm, offsets, covariates, stratum, 3, PAIRS, 1, 0.025)
    assert (result.status == OK).all()
    for t in range(3):
        rows = slice(offsets[t], offsets[t + 1])
        kept = ~np.isnan(y[rows]) & ~np.isnan(covariates[rows]).any(axis=1)
        a, s, values = arm[rows][kept], stratum[rows][kept], y[rows][kept]
        x = np.column_stack([covariates[rows][kept], s == 1, s == 2]).astype(float)
        centred = x - x.mean(axis=0)
        design = np.column_stack([(a == k)[:, None] * np.column_stack([np.ones(len(a)), centred]) for k in range(3)])
        fit = np.linalg.lstsq(design, values, rcond=None)[0].reshape(3, 5)
        residuals = values - design @ fit.ravel()
        own = [(residuals[a == k] ** 2).sum() / ((a == k).sum() - 5) / (a == k).sum() for k in range(3)]
        spread = np.cov(x.T) / len(a)
        for c, (treated, control) in enumerate(PAIRS):
            gap = fit[treated, 1:] - fit[control, 1:]
            variance = own[treated] + own[control] + gap @ spread @ gap
            expected = fit[treated, 0] - fit[control, 0], np.sqrt(variance)
            assert (result.estimate[t, c], result.se[t, c]) == pytest.approx(expected, rel=1e-9)


def test_what_cannot_be_estimated_has_a_reason():
    y = np.array([1.0, 2.0, 3.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, np.nan, 0.5, 2.0, 3.0, 1.0])
    arm = np.array([0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1])
    offsets = [0, 4, 8, 12, 16]
    found = {}
    for name, method in (("hc3", robust_ancova), ("own", ancova_by_arm)):
        result = method(y, arm, offsets, None, None, 0, [(1, 0)], 1, 0.025)
        found[name] = [REASONS[int(code)] for code in result.status[:, 0]]
        assert np.isfinite(result.se[3, 0]) and np.isnan(result.se[:3, 0]).all()
    expected = ["too few patients", "no variance", "too few patients", None]  # one patient in an arm has leverage 1
    assert found == {"hc3": expected, "own": expected}


def test_type_1_error_where_variances_and_slopes_differ():
    rng = np.random.default_rng(5)
    sizes, n_trials = (90, 30), 4000
    n = sum(sizes)
    arm = np.tile(np.repeat([0, 1], sizes), n_trials)
    x = rng.normal(size=arm.size)
    y = x * (0.5 + 1.0 * arm) + rng.normal(size=arm.size) * (0.6 + 1.2 * arm)
    offsets = np.arange(n_trials + 1) * n
    arguments = (y, arm, offsets, x[:, None], None, 0, [(1, 0)], 1, 0.025)
    shares = {name: (method(*arguments).p_value < 0.025).mean() for name, method in (
        ("model", ancova), ("hc3", robust_ancova), ("own", ancova_by_arm))}  # fmt: skip
    # Smaller arms that vary more: with one variance the test errs far more often than one in forty.
    assert shares["model"] > 0.04
    error = np.sqrt(0.025 * 0.975 / n_trials)
    assert shares["hc3"] == pytest.approx(0.027, abs=0.004 + 3 * error)
    assert shares["own"] == pytest.approx(0.027, abs=0.005 + 3 * error)
