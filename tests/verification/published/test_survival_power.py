"""Powers of survival trials that others computed, against trials simulated and analysed here.

npsurvSS 1.1.0 (vignette basic_functionalities; asymptotic powers of log-rank, milestone and restricted-mean tests),
lrstat 0.2.15 and gsDesign2 1.1.8.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from tests.statistics import assert_matches
from trialsim.analysis.log_rank import log_rank
from trialsim.analysis.survival_difference import milestone_difference, rmst_difference, rmst_ratio

PAIR = [(1, 0)]


def test_four_tests_of_proportional_hazards():
    trials, per_arm = 12_000, 120
    rng = np.random.default_rng(7)
    shape = trials, 2 * per_arm
    arm = np.tile(np.repeat([0, 1], per_arm), (trials, 1))
    median = np.where(arm == 1, 15.0, 12.0)
    event = rng.exponential(1.0, shape) * median / np.log(2.0)
    left = rng.exponential(1.0, shape) * 120.0 / np.log(2.0)
    free = np.minimum(left, 18.0 - rng.uniform(0.0, 6.0, shape))
    data = np.minimum(event, free).reshape(-1), (event <= free).reshape(-1), arm.reshape(-1)
    rows = (*data, np.arange(trials + 1) * 2 * per_arm)
    found = {
        "log-rank": (log_rank(*rows, None, 0, PAIR, -1, 0.025), 0.2366524),
        "milestone": (milestone_difference(*rows, PAIR, 1, 0.025, 0.0, 12.0), 0.2050328),
        "mean ratio": (rmst_ratio(*rows, PAIR, 1, 0.025, 0.0, 12.0), 0.1823979),
        "mean difference": (rmst_difference(*rows, PAIR, 1, 0.025, 0.0, 12.0), 0.1831156),
    }
    for result, expected in found.values():
        assert (result.status == 0).all()
        rate = (result.p_value < 0.025).mean()
        assert_matches(rate, expected, sqrt(expected * (1 - expected) / trials), detects=0.03)
    events = rows[1].reshape(shape).sum(axis=1)
    assert_matches(events.mean(), 124.3367, events.std() / sqrt(trials), detects=1.0)


def test_a_large_effect_at_forty_events():
    # lrstat 0.2.15, vignette direct_approximation_vs_schoenfeld: 10,000 simulated trials have power 0.722 (Schoenfeld's
    # formula says 0.745); forty events are expected by 13.63169 months.
    trials, n = 10_000, 200
    rng = np.random.default_rng(9)
    arm = np.tile(np.arange(n) % 2, (trials, 1))
    entry = np.tile(np.arange(n) * 12.0 / n, (trials, 1))
    event = rng.exponential(1.0, (trials, n)) * np.where(arm == 1, 12.0 / -np.log(0.8), 12.0 / -np.log(0.6))
    cut = np.sort(entry + event, axis=1)[:, 39:40]
    seen = (entry + event <= 13.63169).sum(axis=1)
    assert_matches(seen.mean(), 40.0, seen.std() / sqrt(trials), detects=0.5)
    result = at_cut(entry, event, np.full_like(event, np.inf), arm, cut)
    rate = (result.p_value < 0.025).mean()
    assert_matches(rate, 0.722, sqrt(2 * 0.722 * 0.278 / trials), detects=0.035)


def test_three_looks_at_an_effect_that_begins_after_four_months():
    # gsDesign2 1.1.8, vignette on average hazard ratios: 449 patients, looks at months 16, 26 and 36.
    trials, n = 6_000, 449
    rng = np.random.default_rng(10)
    steps, rates = np.array([0.0, 2.0, 4.0, 6.0, 12.0]), np.array([1.0, 2.0, 3.0, 4.0])
    expected = np.concatenate([[0.0], np.cumsum(np.diff(steps) * rates)])
    entry = np.interp(rng.uniform(0.0, expected[-1], (trials, n)), expected, steps)
    arm = rng.permuted(np.tile(np.arange(n) % 2, (trials, 1)), axis=1)
    unit = rng.exponential(1.0, (trials, n)) * 12.0 / np.log(2.0)
    event = np.where((arm == 1) & (unit > 4.0), 4.0 + (unit - 4.0) / 0.6, unit)
    left = rng.exponential(1.0, (trials, n)) / 0.001
    looks = zip(
        (16.0, 26.0, 36.0), (3.003506, 2.256138, 2.028823), (159.26846, 262.5988, 326.35132),
        (0.051053911, 0.657990821, 0.9), (0.8070783, 0.71820429, 0.69341279), strict=True,
    )  # fmt: skip
    crossed = np.zeros(trials, bool)
    for month, bound, events, power, ratio in looks:
        result = at_cut(entry, event, left, arm, np.full((trials, 1), month))
        seen = ((event <= left) & (entry + event <= month)).sum(axis=1)
        assert_matches(seen.mean(), events, seen.std() / sqrt(trials), detects=1.2)
        crossed |= -result.statistic[:, 0] >= bound
        # What gsDesign2 says is asymptotic; its powers are good to about one percentage point.
        assert abs(crossed.mean() - power) < 0.01 + 4 * sqrt(power * (1 - power) / trials)
        assert abs(np.exp(result.estimate.mean()) - ratio) < 0.015


def at_cut(entry, event, left, arm, cut):
    """Return log-rank tests of what is seen at a cut [T, 1]; all else is [T, N], in months."""
    free = np.minimum(left, cut - entry)
    time = np.where(entry <= cut, np.minimum(event, free), np.nan).reshape(-1)
    rows = time, (event <= free).reshape(-1), arm.reshape(-1), np.arange(arm.shape[0] + 1) * arm.shape[1]
    return log_rank(*rows, None, 0, PAIR, -1, 0.025)
