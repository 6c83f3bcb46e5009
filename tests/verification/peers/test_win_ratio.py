"""Win ratios, win odds and net benefits against R."""

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.comparisons import NOT_ESTIMABLE, OK, TOO_FEW_PATIENTS
from trialsim.analysis.win_ratio import Outcome, win_ratio

RECORD = json.loads((Path(__file__).parent / "win_ratio.json").read_text())
DATA = [name for name in RECORD if name != "source"]


def outcomes(name):
    arm, time, event, stay, score = np.array(RECORD[name]["rows"], dtype=float).T
    return arm.astype(int), (
        Outcome(values=time, events=event),
        Outcome(values=stay, threshold=1.0),
        Outcome(values=score, better="lower"),
    )


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("measure", ["net_benefit", "win_ratio", "win_odds"])
def test_a_hierarchy_of_outcomes_is_that_of_r(name, measure):
    arm, hierarchy = outcomes(name)
    found = win_ratio(measure, hierarchy, arm, [0, arm.size], [(1, 0)], 0.025)
    result = found.comparisons
    assert result.status[0, 0] == OK
    assert (found.won[0, 0], found.lost[0, 0]) == pytest.approx((RECORD[name]["won"], RECORD[name]["lost"]), rel=1e-12)
    assert (result.estimate[0, 0], result.se[0, 0]) == pytest.approx(RECORD[name][measure], rel=1e-10)
    assert (result.n_treated[0, 0], result.n_control[0, 0]) == ((arm == 1).sum(), (arm == 0).sum())


@pytest.mark.parametrize("name", DATA)
def test_the_net_benefit_of_one_number_is_that_of_wilcoxon(name):
    arm, hierarchy = outcomes(name)
    found = win_ratio("net_benefit", hierarchy[2:], arm, [0, arm.size], [(1, 0)], 0.025)
    assert found.comparisons.estimate[0, 0] == pytest.approx(RECORD[name]["score_alone"], rel=1e-12)


def test_the_arms_exchanged_give_the_other_sign_and_unknown_values_decide_nothing():
    arm, hierarchy = outcomes("made")
    one = win_ratio("win_ratio", hierarchy, arm, [0, arm.size], [(1, 0), (0, 1)], 0.025).comparisons
    assert one.estimate[0, 0] == pytest.approx(-one.estimate[0, 1], rel=1e-12)
    assert one.p_value[0, 0] == pytest.approx(1 - one.p_value[0, 1], rel=1e-9)
    nothing = Outcome(values=np.full(arm.size, np.nan))
    same = win_ratio("win_ratio", (nothing, *hierarchy), arm, [0, arm.size], [(1, 0)], 0.025).comparisons
    assert same.estimate[0, 0] == one.estimate[0, 0]
    none = win_ratio("win_ratio", (nothing,), arm, [0, arm.size], [(1, 0)], 0.025).comparisons
    assert none.status[0, 0] == TOO_FEW_PATIENTS
    ties = Outcome(values=np.zeros(arm.size))
    tied = win_ratio("win_ratio", (ties,), arm, [0, arm.size], [(1, 0)], 0.025).comparisons
    assert tied.status[0, 0] == NOT_ESTIMABLE


def test_type_one_error_is_near_its_level():
    rng = np.random.default_rng(6)
    trials, size = 2000, 60
    arm = np.tile(np.repeat([0, 1], size // 2), trials)
    time = rng.exponential(1.0, arm.size)
    ends = rng.uniform(0.2, 2.0, arm.size)
    hierarchy = (Outcome(values=np.minimum(time, ends), events=time < ends), Outcome(values=rng.poisson(2.0, arm.size)))
    found = win_ratio("win_ratio", hierarchy, arm, np.arange(0, arm.size + 1, size), [(1, 0)], 0.05).comparisons
    rejected = (found.p_value < 0.05).mean()
    assert 0.03 < rejected < 0.075  # the normal test of 30 patients an arm; 4 standard errors are 0.02
