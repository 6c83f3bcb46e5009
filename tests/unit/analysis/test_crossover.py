"""Crossover trials: the paired t test, many trials at once, designs that tell nothing, and how often tests err."""

import numpy as np
import pytest
from scipy import stats

from trialsim.analysis.comparisons import REASONS
from trialsim.analysis.crossover import crossover, within_patients
from trialsim.analysis.scaled_bioequivalence import expanding_limits, reference_scaled
from trialsim.foundation.chi_square import chi_square_cdf, chi_square_quantile

TWO_BY_TWO = [[0, 1], [1, 0]]
REPLICATE = [[0, 1, 0, 1], [1, 0, 1, 0]]


def made(seed, n_trials, n, treatments, effect=0.0, sd=0.3):
    rng = np.random.default_rng(seed)
    given = np.array(treatments)
    sequence = np.tile(np.arange(n) % len(given), n_trials)
    y = rng.normal(0.0, 0.6, len(sequence))[:, None] + effect * (given[sequence] == 1)
    y = y + 0.1 * np.arange(given.shape[1]) + sd * rng.normal(size=(len(sequence), given.shape[1]))
    return y, sequence, np.arange(n_trials + 1) * n, treatments


def test_two_by_two_is_the_t_test_of_half_differences():
    y, sequence, offsets, treatments = made(1, 5, 22, TWO_BY_TWO, 0.2)
    y[3, 0] = np.nan
    result, within = crossover(y, sequence, offsets, treatments, [(1, 0)], 1, 0.05)
    for t in range(5):
        rows = slice(offsets[t], offsets[t + 1])
        half = (y[rows, 1] - y[rows, 0]) / 2.0
        groups = [half[(sequence[rows] == s) & ~np.isnan(half)] for s in (0, 1)]
        peer = stats.ttest_ind(*groups)
        both = peer.confidence_interval(0.9)
        assert result.estimate[t, 0] == pytest.approx(groups[0].mean() - groups[1].mean(), rel=1e-9)
        assert (result.lower[t, 0], result.upper[t, 0]) == pytest.approx((both.low, both.high), rel=1e-9)
        assert result.df[t, 0] == within.df[t] == peer.df
    assert (result.n_treated[:, 0].tolist(), result.n_control[:, 0].tolist()) == ([21] + [22] * 4, [22] * 5)


def test_three_treatments_and_patients_who_left_against_least_squares():
    latin = [[0, 1, 2], [1, 2, 0], [2, 0, 1]]
    y, sequence, offsets, _ = made(2, 3, 15, latin, 0.3)
    y[np.random.default_rng(3).uniform(size=y.shape) < 0.15] = np.nan
    result, within = crossover(y, sequence, offsets, latin, [(1, 0), (2, 1)], 1, 0.05)
    for t in range(3):
        columns, values = [], []
        for i in range(offsets[t], offsets[t + 1]):
            for k in range(3):
                if not np.isnan(y[i, k]):
                    x, given = np.zeros(5 + 15), latin[sequence[i]][k]
                    if given:
                        x[given - 1] = 1.0
                    if k:
                        x[1 + k] = 1.0
                    x[5 + i - offsets[t]] = 1.0
                    columns.append(x)
                    values.append(y[i, k])
        design, values = np.array(columns), np.array(values)
        inverse = np.linalg.pinv(design.T @ design)
        fit = inverse @ design.T @ values
        df = len(values) - np.linalg.matrix_rank(design)
        variance = ((values - design @ fit) ** 2).sum() / df
        for c, weights in enumerate(([1, 0], [-1, 1])):
            contrast = np.zeros(20)
            contrast[:2] = weights
            expected = contrast @ fit, np.sqrt(variance * contrast @ inverse @ contrast), df
            found = result.estimate[t, c], result.se[t, c], result.df[t, c]
            assert found == pytest.approx(expected, rel=1e-9)
        assert within.variance[t] == pytest.approx(variance, rel=1e-9)


def test_what_cannot_be_compared_has_a_reason():
    y, sequence, offsets, treatments = made(4, 5, 6, TWO_BY_TWO)
    y[0:6][sequence[:6] == 1] = np.nan  # one sequence: treatment and period are one
    y[6:12, 1] = np.nan  # one period
    y[12:18] = 0.25  # nothing varies
    y[18:24] = np.nan
    result, within = crossover(y, sequence, offsets, treatments, [(1, 0)], 1, 0.05)
    reasons = [REASONS[int(code)] for code in result.status[:, 0]]
    assert reasons == ["too few patients", "too few patients", "no variance", "too few patients", None]
    assert np.isnan(result.se[:4, 0]).all() and np.isfinite(result.se[4, 0])
    assert np.isnan(within_patients(y, sequence, offsets, treatments, 0).variance).all()
    scaled = expanding_limits(y, sequence, offsets, treatments)
    assert not scaled.passes.any() and np.isnan(scaled.limit).all()


def test_trials_alone_are_the_same_bits_and_units_do_not_matter():
    y, sequence, offsets, treatments = made(5, 4, 12, REPLICATE)
    whole = expanding_limits(y, sequence, offsets, treatments)
    for t in range(4):
        rows = slice(offsets[t], offsets[t + 1])
        alone = expanding_limits(y[rows], sequence[rows], [0, 12], treatments)
        assert (alone.lower[0], alone.reference_sd[0]) == (whole.lower[t], whole.reference_sd[t])
    moved = expanding_limits(y + 50.0, sequence, offsets, treatments)
    assert moved.reference_sd == pytest.approx(whole.reference_sd, rel=1e-10)


def test_power_of_two_one_sided_tests_is_the_exact_one():
    # PowerTOST 1.5-7, sampleN.TOST(CV = 0.3, theta0 = 0.95): n = 40, power 0.815845 (Hauschke, Steinijans and Pigeot
    # 2007, table 5.1).
    sd, n_trials = np.sqrt(np.log1p(0.09)), 8000
    y, sequence, offsets, treatments = made(6, n_trials, 40, TWO_BY_TWO, np.log(0.95), sd)
    result, _ = crossover(y, sequence, offsets, treatments, [(1, 0)], 1, 0.05)
    limit = np.log(1.25)
    shown = (result.lower[:, 0] > -limit) & (result.upper[:, 0] < limit)
    assert shown.mean() == pytest.approx(0.815845, abs=4 * np.sqrt(0.8158 * 0.1842 / n_trials))


def test_scaled_criteria_err_rarely_at_their_limits():
    # At the FDA's implied limit the criterion passes in about one of twenty trials, with the estimate's bound fewer.
    sd = 0.5
    edge = np.log(1.25) / 0.25 * sd
    y, sequence, offsets, treatments = made(7, 4000, 60, REPLICATE, edge, sd)
    scaled = reference_scaled(y, sequence, offsets, treatments)
    assert scaled.is_scaled.all()
    assert 0.03 < (scaled.criterion <= 0.0).mean() < 0.06
    assert scaled.passes.mean() < 0.05


def test_chi_square_is_that_of_scipy():
    for df in (1.0, 2.0, 3.5, 11.0, 54.0, 400.0):
        for p in (1e-8, 0.01, 0.3, 0.5, 0.95, 0.9999):
            value = chi_square_quantile(p, df)
            assert value == pytest.approx(stats.chi2.ppf(p, df), rel=1e-9)
            assert chi_square_cdf(value, df) == pytest.approx(p, rel=1e-10)
    assert (chi_square_quantile(0.0, 3.0), chi_square_quantile(1.0, 3.0)) == (0.0, np.inf)
    assert np.isnan(chi_square_quantile(0.5, 0.0)) and np.isnan(chi_square_cdf(np.nan, 1.0))


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError) as caught:
        crossover(np.zeros((2, 3)), [0, 1], [0, 2], TWO_BY_TWO, [(1, 0)], 1, 0.05)
    assert str(caught.value) == "values (2, 3), sequences (2,), treatments (2, 2) do not fit"
    with pytest.raises(ValueError) as caught:
        crossover(np.zeros((2, 2)), [0, 1], [0, 3], TWO_BY_TWO, [(1, 0)], 1, 0.05)
    assert str(caught.value) == "offsets do not divide the patients into trials"
    with pytest.raises(ValueError) as caught:
        reference_scaled(np.zeros((2, 2)), [0, 1], [0, 2], TWO_BY_TWO)
    assert str(caught.value) == "every sequence must give the reference twice"
