"""Analyses of times to an event: against plain twins at any look, and where they cannot be made."""

import numpy as np
import pytest

from tests.reference.survival_twins import restricted_mean, survival_at, weighted_log_rank
from trialsim.analysis.comparisons import (
    FOLLOW_UP_TOO_SHORT,
    NO_CONVERGENCE,
    NO_VARIANCE,
    NOT_ESTIMABLE,
    OK,
    REASONS,
    TOO_FEW_EVENTS,
    TOO_FEW_PATIENTS,
)
from trialsim.analysis.competing_risks import cumulative_incidences, incidence_difference
from trialsim.analysis.cox import cox
from trialsim.analysis.gray import gray
from trialsim.analysis.kaplan_meier import survival_quantiles, survival_shares
from trialsim.analysis.log_rank import PLAIN, Weight, fleming_harrington, log_rank, log_rank_scores, modestly_weighted
from trialsim.analysis.max_combo import greatest_bound, max_combo
from trialsim.analysis.survival_difference import milestone_difference, rmst_difference, rmst_ratio
from trialsim.analysis.survival_truth import (
    true_incidence_difference,
    true_log_hazard_ratio,
    true_milestone_difference,
    true_rmst_difference,
    true_rmst_ratio,
)
from trialsim.analysis.time_order import fill_time_order
from trialsim.foundation.elementary import normal_cdf_array

PAIRS = [(1, 0), (2, 0), (2, 1)]


def trials(seed, sizes=(70, 55, 90), whole=True):
    """Rows of several trials of three arms: time, event (0, 1 or 2), arm, stratum, offsets."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    arm, stratum = rng.integers(0, 3, n), rng.integers(0, 3, n)
    latent = rng.exponential(1.0, (3, n)) * np.array([[40.0], [90.0], [60.0]]) * (1.0 + 0.3 * arm)
    time = latent.min(axis=0)
    event = np.array([1, 2, 0])[latent.argmin(axis=0)]
    return np.ceil(time) if whole else time, event, arm, stratum, np.concatenate([[0], np.cumsum(sizes)])


WEIGHTS = {
    "plain": (PLAIN, lambda before, at: np.ones(before.size)),
    "late": (fleming_harrington(0.0, 1.0), lambda before, at: 1.0 - before),
    "middle": (fleming_harrington(0.5, 2.0), lambda before, at: before**0.5 * (1.0 - before) ** 2),
    "delay": (modestly_weighted(12.0), lambda before, at: 1.0 / np.maximum(before, at(12.0))),
    "floor": (modestly_weighted(floor=0.6), lambda before, at: 1.0 / np.maximum(before, 0.6)),
}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("stratified", [False, True])
def test_log_rank_agrees_with_its_twin(name, stratified):
    weight, weight_of = WEIGHTS[name]
    time, event, arm, stratum, offsets = trials(1)
    time[::9] = np.nan
    stratum[5] = -1
    by = (stratum, 3) if stratified else (None, 0)
    result = log_rank(time, event, arm, offsets, *by, PAIRS, -1, 0.025, weight)
    assert (result.status == OK).all()
    for t in range(3):
        for c, (treated, control) in enumerate(PAIRS):
            rows = np.arange(offsets[t], offsets[t + 1])
            rows = rows[~np.isnan(time[rows]) & np.isin(arm[rows], (treated, control))]
            rows = rows[stratum[rows] >= 0] if stratified else rows
            groups = stratum[rows] if stratified else np.zeros(rows.size)
            score, variance, information = weighted_log_rank(
                time[rows], event[rows] > 0, arm[rows] == treated, groups, weight_of
            )
            assert result.statistic[t, c] == pytest.approx(score / np.sqrt(variance), rel=1e-11)
            assert result.estimate[t, c] == pytest.approx(score / information, rel=1e-11)
            assert result.n_treated[t, c] == (arm[rows] == treated).sum()


def test_curves_agree_with_their_twins_and_intervals_with_p_values():
    time, event, arm, _, offsets = trials(2)
    any_event = (event > 0).astype(np.int8)
    restricted = rmst_difference(time, event, arm, offsets, PAIRS, 1, 0.1, -2.0, 25.0)
    shares = milestone_difference(time, event, arm, offsets, PAIRS, 1, 0.1, 0.1, 20.0)
    ratio = rmst_ratio(time, event, arm, offsets, PAIRS, 1, 0.1, 0.0, 25.0)
    incidence = incidence_difference(time, any_event, arm, offsets, PAIRS, -1, 0.1, 0.0, 20.0)
    for result, margin, sign in ((restricted, -2.0, 1), (shares, 0.1, 1), (ratio, 0.0, 1), (incidence, 0.0, -1)):
        assert (result.status == OK).all()
        assert result.statistic == pytest.approx((result.estimate - margin) / result.se, rel=1e-14)
        bound = result.lower if sign == 1 else -result.upper
        assert ((result.p_value < 0.1) == (bound > sign * margin)).all()
    for t in range(3):
        for c, pair in enumerate(PAIRS):
            means, frees = [], []
            for a in pair:
                rows = np.arange(offsets[t], offsets[t + 1])
                rows = rows[arm[rows] == a]
                means.append(restricted_mean(time[rows], event[rows] > 0, 25.0))
                frees.append(survival_at(time[rows], event[rows] > 0, 20.0))
            assert restricted.estimate[t, c] == pytest.approx(means[0][0] - means[1][0], rel=1e-11)
            assert restricted.se[t, c] == pytest.approx(np.sqrt(means[0][1] + means[1][1]), rel=1e-11)
            assert shares.estimate[t, c] == pytest.approx(frees[0][0] - frees[1][0], rel=1e-11)
            assert shares.se[t, c] == pytest.approx(np.sqrt(frees[0][1] + frees[1][1]), rel=1e-11)
    # One cause alone: incidence is what is not free, with Greenwood's variance.
    assert incidence.estimate == pytest.approx(-shares.estimate, rel=1e-10)
    assert incidence.se == pytest.approx(shares.se, rel=1e-10)


def test_incidences_of_all_causes_and_the_share_free_add_up_to_one():
    time, event, arm, _, offsets = trials(3)
    at = [5.0, 10.0, 25.0]
    free = survival_shares(time, event, arm, offsets, 3, at).survival
    parts = [cumulative_incidences(time, event, arm, offsets, 3, at, cause).share for cause in (1, 2)]
    assert free + parts[0] + parts[1] == pytest.approx(np.ones((3, 3, 3)), rel=1e-13)


@pytest.mark.parametrize("analysis", [
    lambda rows, s: log_rank(*rows, s, 3, PAIRS, -1, 0.025, fleming_harrington(0.0, 1.0)),
    lambda rows, s: cox(*rows, None, s, 3, PAIRS, -1, 0.025),
    lambda rows, s: gray(*rows, s, 3, PAIRS, -1, 0.025),
    lambda rows, s: max_combo(*rows, s, 3, PAIRS, -1, 0.025).comparisons,
    lambda rows, s: rmst_difference(*rows, PAIRS, 1, 0.025, 0.0, 20.0),
    lambda rows, s: incidence_difference(*rows, PAIRS, -1, 0.025, 0.0, 20.0),
])  # fmt: skip
def test_the_order_of_patients_the_unit_of_time_and_the_other_trials_change_nothing(analysis):
    time, event, arm, stratum, offsets = trials(4, whole=False)
    whole = analysis((time, event, arm, offsets), stratum)
    assert (whole.status == OK).all()
    rng = np.random.default_rng(4)
    order = np.concatenate([rng.permutation(np.arange(offsets[t], offsets[t + 1])) for t in range(3)])
    shuffled = analysis((time[order], event[order], arm[order], offsets), stratum[order])
    assert shuffled.statistic == pytest.approx(whole.statistic, rel=1e-11)
    for t in range(3):
        rows = slice(offsets[t], offsets[t + 1])
        alone = analysis((time[rows], event[rows], arm[rows], [0, offsets[t + 1] - offsets[t]]), stratum[rows])
        assert alone.p_value[0].tolist() == whole.p_value[t].tolist()


def test_times_are_put_in_order_however_they_cluster():
    rng = np.random.default_rng(5)
    clustered = np.concatenate([rng.uniform(0, 1e-3, 200), rng.integers(0, 4, 200), [1e6], [np.nan] * 5])
    for values in (clustered, np.full(100, 7.0), np.array([3.0]), np.array([]), np.array([5e-324, 0.0, 5e-324])):
        group = rng.integers(-1, 3, values.size)
        n = values.size
        times, row, first = np.empty(n), np.empty(n, np.int64), np.empty(4, np.int64)
        fill_time_order(
            values, group, 3, 0, n, times, row, first, np.empty(n), np.empty(n, np.int64), np.empty(n + 7, np.int64)
        )
        for g in range(3):
            wanted = np.flatnonzero((group == g) & ~np.isnan(values))
            wanted = wanted[np.argsort(values[wanted], kind="stable")]
            assert row[first[g] : first[g + 1]].tolist() == wanted.tolist()
            assert times[first[g] : first[g + 1]].tolist() == values[wanted].tolist()


def test_what_cannot_be_estimated_has_a_reason():
    def rows(time, event, arm):
        return np.array(time, float), np.array(event), np.array(arm), [0, len(time)]

    empty = rows([1.0, 2.0, np.nan], [1, 1, 1], [0, 0, 1])
    none = rows([1.0, 2.0, 3.0, 4.0], [0, 0, 0, 0], [0, 1, 0, 1])
    alone = rows([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1], [0, 0, 1, 1])  # events only after the control is gone
    split = rows([1.0, 2.0, 3.0, 4.0], [1, 1, 1, 1], [0, 0, 1, 1])  # every event of one arm before those of the other
    tests = (
        lambda d: log_rank(*d, None, 0, [(1, 0)], -1, 0.025),
        lambda d: max_combo(*d, None, 0, [(1, 0)], -1, 0.025).comparisons,
        lambda d: gray(*d, None, 0, [(1, 0)], -1, 0.025),
        lambda d: cox(*d, None, None, 0, [(1, 0)], -1, 0.025),
        lambda d: rmst_difference(*d, [(1, 0)], 1, 0.025, 0.0, 5.0),
        lambda d: incidence_difference(*d, [(1, 0)], -1, 0.025, 0.0, 5.0),
    )
    wanted = (
        (TOO_FEW_PATIENTS,) * 6,
        (TOO_FEW_EVENTS,) * 4 + (FOLLOW_UP_TOO_SHORT,) * 2,
        (TOO_FEW_EVENTS,) * 4 + (FOLLOW_UP_TOO_SHORT,) * 2,
        (OK, OK, OK, NO_CONVERGENCE, OK, NO_VARIANCE),
    )
    for data, codes in zip((empty, none, alone, split), wanted, strict=True):
        for test, code in zip(tests, codes, strict=True):
            result = test(data)
            assert REASONS[result.status[0, 0]] == REASONS[code]
            assert np.isfinite(result.p_value[0, 0]) == (code == OK)
    # cmprsk 2.2-11, as everywhere, also where its own incidence has come to one.
    assert gray(*split, None, 0, [(1, 0)], -1, 0.025).statistic[0, 0] ** 2 == pytest.approx(2.815081, abs=1e-6)
    # All fall at once: nothing to compare them by.
    at_once = rows([3.0, 3.0, 3.0], [1, 1, 1], [0, 1, 1])
    assert log_rank(*at_once, None, 0, [(1, 0)], -1, 0.025).status[0, 0] == NOT_ESTIMABLE
    at_start = rows([0.0, 0.0, 3.0], [1, 1, 1], [0, 0, 1])
    assert rmst_ratio(*at_start, [(1, 0)], 1, 0.025, 0.0, 2.0).status[0, 0] == NOT_ESTIMABLE


def test_tiny_trials_have_numbers_or_a_reason():
    rng = np.random.default_rng(12)
    sizes = rng.integers(0, 10, 4000)
    n, offsets = sizes.sum(), np.concatenate([[0], np.cumsum(sizes)])
    time = rng.integers(0, 6, n).astype(float)
    time[rng.random(n) < 0.1] = np.nan
    event, arm, stratum = rng.integers(0, 3, n), rng.integers(0, 2, n), rng.integers(-1, 2, n)
    data, pair = (time, event, arm, offsets), [(1, 0)]
    age = rng.integers(0, 3, (n, 1)).astype(float)
    for result in (
        log_rank(*data, stratum, 2, pair, -1, 0.025, fleming_harrington(0.5, 1.0)),
        log_rank(*data, None, 0, pair, -1, 0.025, modestly_weighted(3.0)),
        max_combo(*data, None, 0, pair, -1, 0.025).comparisons,
        gray(*data, stratum, 2, pair, -1, 0.025),
        cox(*data, age, stratum, 2, pair, -1, 0.025),
        cox(*data, None, None, 0, pair, -1, 0.025, efron=False, cause=2),
        rmst_difference(*data, pair, 1, 0.025, 0.0, 4.0),
        rmst_ratio(*data, pair, 1, 0.025, 0.0, 4.0),
        milestone_difference(*data, pair, 1, 0.025, 0.0, 3.0),
        incidence_difference(*data, pair, -1, 0.025, 0.0, 3.0),
    ):
        is_ok = result.status == OK
        assert 0.02 < is_ok.mean() < 0.98
        for numbers in (result.estimate, result.se, result.statistic, result.p_value, result.lower, result.upper):
            assert np.isfinite(numbers[is_ok]).all()
        assert (result.se[is_ok] > 0.0).all() and (result.lower[is_ok] < result.upper[is_ok]).all()
        assert ((result.p_value[is_ok] >= 0.0) & (result.p_value[is_ok] <= 1.0)).all()
        assert np.isnan(result.p_value[~is_ok]).all()
        assert set(np.unique(result.status)) <= set(REASONS)


def test_an_arm_without_events_leaves_the_others_what_they_are_without_it():
    time, event, arm, _, offsets = trials(6)
    event = np.where(arm == 2, 0, event)
    result = cox(time, event, arm, offsets, None, None, 0, PAIRS, -1, 0.025)
    pair = arm != 2
    kept = np.concatenate([[0], np.cumsum([pair[offsets[t] : offsets[t + 1]].sum() for t in range(3)])])
    without = cox(time[pair], event[pair], arm[pair], kept, None, None, 0, [(1, 0)], -1, 0.025)
    assert result.estimate[:, 0].tolist() == without.estimate[:, 0].tolist()
    assert (result.status[:, 1:] == TOO_FEW_EVENTS).all()


def test_a_copied_covariate_and_a_margin():
    time, event, arm, stratum, offsets = trials(7)
    age = np.random.default_rng(7).normal(60.0, 9.0, time.size)
    copied = np.column_stack([age, 2 * age, 0 * age])
    one = cox(time, event, arm, offsets, age[:, None], stratum, 3, [(1, 0)], -1, 0.025, np.log(1.3))
    twice = cox(time, event, arm, offsets, copied, stratum, 3, [(1, 0)], -1, 0.025, np.log(1.3))
    assert twice.estimate == pytest.approx(one.estimate, rel=1e-9)
    assert twice.se == pytest.approx(one.se, rel=1e-9)
    assert one.statistic == pytest.approx((one.estimate - np.log(1.3)) / one.se, rel=1e-14)
    assert ((one.p_value < 0.025) == (one.upper < np.log(1.3))).all()


def test_a_quantile_on_a_step_is_its_middle_and_one_not_reached_is_infinite():
    time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 1, 1, 0])
    assert survival_quantiles(time, event, np.zeros(4), [0, 4], 1).value[0, 0] == 2.5
    assert survival_quantiles(time, event, np.zeros(4), [0, 4], 1, 0.8).value[0, 0] == np.inf


def test_true_values_of_proportional_hazards():
    n = 40_000
    u = -np.log1p(-(np.arange(n) + 0.5) / n)  # the quantiles themselves: no chance
    times = np.array([100.0 * u, 100.0 * u / 0.7])
    bounds = [0, n]
    assert true_log_hazard_ratio(times, bounds, [(1, 0)], 150.0)[0, 0] == pytest.approx(np.log(0.7), abs=2e-3)
    mean = [100 / r * (1 - np.exp(-1.5 * r)) for r in (1.0, 0.7)]
    assert true_rmst_difference(times, bounds, [(1, 0)], 150.0)[0, 0] == pytest.approx(mean[1] - mean[0], abs=1e-3)
    assert true_rmst_ratio(times, bounds, [(1, 0)], 150.0)[0, 0] == pytest.approx(np.log(mean[1] / mean[0]), abs=1e-5)
    free = np.exp(-1.05) - np.exp(-1.5)
    assert true_milestone_difference(times, bounds, [(1, 0)], 150.0)[0, 0] == pytest.approx(free, abs=1e-4)
    causes = np.ones(times.shape, int)
    assert true_incidence_difference(times, causes, bounds, [(1, 0)], 150.0)[0, 0] == pytest.approx(-free, abs=1e-4)
    causes[1, : n // 2] = 2
    found = true_incidence_difference(times, causes, bounds, [(0, 1)], 150.0)[0, 0]
    assert found == pytest.approx((times[0] <= 150.0).mean() - (times[1, n // 2 :] <= 150.0).sum() / n, rel=1e-12)


def test_arguments_that_make_no_sense_are_refused():
    time, event, arm, _, offsets = trials(8)
    with pytest.raises(ValueError, match="^a time is negative or infinite$"):
        log_rank(-time, event, arm, offsets, None, 0, PAIRS, -1, 0.025)
    with pytest.raises(ValueError, match=r"^there are \(215,\) times and \(3,\) events$"):
        log_rank(time, event[:3], arm, offsets, None, 0, PAIRS, -1, 0.025)
    with pytest.raises(ValueError, match="^rho -1 and gamma 0 are not both zero or greater$"):
        fleming_harrington(-1, 0)
    with pytest.raises(ValueError, match=r"^modest weights need a delay .* or a floor .*: None, None$"):
        modestly_weighted()
    with pytest.raises(ValueError, match="^the horizon 0 is not a positive number$"):
        rmst_difference(time, event, arm, offsets, PAIRS, 1, 0.025, 0.0, 0)
    with pytest.raises(ValueError, match="^there are 5 weights: from 1 to 4 can be combined$"):
        max_combo(time, event, arm, offsets, None, 0, PAIRS, -1, 0.025, (Weight(),) * 5)
    with pytest.raises(ValueError, match="^cause 0 is censoring: causes are numbered from 1$"):
        gray(time, event, arm, offsets, None, 0, PAIRS, -1, 0.025, 0)


def correlations_of(scores):
    spread = np.sqrt(np.diagonal(scores.variance, axis1=-2, axis2=-1))
    return (scores.variance / (spread[..., :, None] * spread[..., None, :])).reshape(-1, 3, 3)


def test_scores_of_several_weights_vary_together_as_their_sum_does():
    time, event, arm, stratum, offsets = trials(9)
    late, early, plain = fleming_harrington(0.0, 1.0), fleming_harrington(1.0, 0.0), PLAIN
    scores = log_rank_scores(time, event, arm, offsets, np.array(PAIRS), (late, early, plain), stratum, 3)
    assert scores.score[..., 0] + scores.score[..., 1] == pytest.approx(scores.score[..., 2], rel=1e-11)
    total = scores.variance[..., :2, :2].sum(axis=(-1, -2))
    assert total == pytest.approx(scores.variance[..., 2, 2], rel=1e-11)
    # Singular together, and still a probability.
    combined = max_combo(time, event, arm, offsets, stratum, 3, PAIRS, -1, 0.025, (late, early, plain))
    found = combined.comparisons
    assert ((found.p_value > 0.0) & (found.p_value < 1.0)).all()
    # Its statistic says what its p value says, less than the greatest of the three.
    assert normal_cdf_array(found.statistic) == pytest.approx(found.p_value, rel=1e-12)
    assert (found.statistic > combined.statistic.min(axis=-1)).all()
    bound = [greatest_bound(0.025, np.ascontiguousarray(r)) for r in correlations_of(scores)]
    assert found.upper.reshape(-1) == pytest.approx((found.estimate + found.se * np.reshape(bound, (3, 3))).reshape(-1))
