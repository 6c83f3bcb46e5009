"""Powers of survival trials that others computed, against trials simulated and analysed here.

npsurvSS 1.1.0 (vignette basic_functionalities): asymptotic powers of log-rank, milestone and restricted-mean tests.
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
