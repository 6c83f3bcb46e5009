"""Rank sums: order statistics of differences, the test that its interval inverts, and what cannot be tested."""

import numpy as np
import pytest
from scipy import stats

from trialsim.analysis.comparisons import REASONS
from trialsim.analysis.wilcoxon import kth_difference, median_difference, true_median_differences, wilcoxon


def test_any_difference_in_order_is_found_exactly():
    rng = np.random.default_rng(1)
    for n, m, scale in ((7, 5, 1.0), (1, 1, 1e-300), (30, 41, 1e200), (12, 12, 0.0)):
        x, y = np.sort(rng.normal(size=n) * scale), np.sort(rng.normal(size=m).round(1) * scale)
        expected = np.sort((x[:, None] - y).ravel())
        assert [kth_difference(x, y, k + 1) for k in range(n * m)] == expected.tolist()
        assert median_difference(x, y) == np.median(expected)
        assert (kth_difference(x, y, 0), kth_difference(x, y, n * m + 1)) == (-np.inf, np.inf)


def test_test_and_interval_agree_where_no_two_arms_tie_at_the_margin():
    rng = np.random.default_rng(2)
    arm = np.tile(np.repeat([0, 1], [17, 21]), 300)
    y = rng.normal(size=arm.size) + 0.9 * arm
    for better, margin, continuity in ((1, 0.301, True), (-1, 1.402, False)):
        result = wilcoxon(y, arm, np.arange(301) * 38, [(1, 0)], better, 0.05, margin, continuity)
        beyond = result.lower > margin if better == 1 else result.upper < margin
        assert ((result.p_value < 0.05) == beyond).all()
        assert 0.1 < beyond.mean() < 0.9
        assert result.se == pytest.approx((result.upper - result.lower) / (2 * stats.norm.ppf(0.95)), rel=1e-12)


def test_what_cannot_be_tested_has_a_reason():
    y = np.array([1.0, 2.0, np.nan, 3.0, 5.0, 5.0, 5.0, 5.0, 1.0, 2.0, np.nan, np.nan])
    arm = np.array([0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1])
    result = wilcoxon(y, arm, [0, 4, 8, 12], [(1, 0)], 1, 0.025)
    found = [REASONS[int(code)] for code in result.status[:, 0]]
    assert found == ["too few patients", "no variance", "too few patients"]
    assert result.estimate[1, 0] == 0.0 and np.isnan(result.p_value).all()
    assert (result.n_treated[:, 0].tolist(), result.n_control[:, 0].tolist()) == ([0, 2, 1], [3, 2, 1])


def test_few_patients_have_an_interval_without_ends():
    result = wilcoxon([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1], [0, 4], [(1, 0)], 1, 0.025)
    assert (result.lower[0, 0], result.upper[0, 0], result.estimate[0, 0]) == (-np.inf, np.inf, 2.0)
    assert result.p_value[0, 0] > 0.025


def test_the_true_value_is_the_median_of_all_differences():
    values = np.random.default_rng(3).lognormal(size=(3, 40))
    values[2, 5] = np.nan
    found = true_median_differences(values, 2, 0, 20)
    kept = np.arange(20) != 5
    expected = [np.median(values[2, :20][kept][:, None] - values[0, :20][kept]),
                np.median(values[2, 20:][:, None] - values[0, 20:])]  # fmt: skip
    assert found.tolist() == expected


def test_type_1_error_of_skew_values():
    rng = np.random.default_rng(4)
    arm = np.tile(np.repeat([0, 1], [18, 24]), 4000)
    y = rng.lognormal(size=arm.size)
    result = wilcoxon(y, arm, np.arange(4001) * 42, [(1, 0)], 1, 0.05, 0.0, False)
    assert (result.p_value < 0.05).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 4000))
    inside = (result.lower <= 0.0) & (result.upper >= 0.0)
    assert inside.mean() == pytest.approx(0.9, abs=4 * np.sqrt(0.1 * 0.9 / 4000))
