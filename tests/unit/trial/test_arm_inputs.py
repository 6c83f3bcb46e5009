"""Inputs that arms set: rates, measures and hazards that see them, constant and in steps, under every arm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trial.test_changes_in_time import DRIFT, OCCASIONS, N, drifting
from tests.unit.trial.worlds import formula
from trialsim.cohort.model import Event, Input
from trialsim.foundation.streams import exponentials, label, normals
from trialsim.foundation.units import ONE
from trialsim.protocol.model import LossReason, Setting, Visit
from trialsim.trial.setup import setup_of
from trialsim.trial.simulate import simulate_trials

DAYS = (0.0, 3.0, 7.0, 10.0, 14.0)


def treated(*steps):
    return (Setting(input="treated", unit=ONE, steps=steps),)


def world(sets, rate="kin * treated", default=0.0, **drift):
    """Return a trial in which a score grows where the input is not zero; the second arm sets it so."""
    made = drifting(days=DAYS, **drift)
    control, other = made.protocol.arms
    cohort = replace(
        made.cohort,
        inputs=(Input(name="treated", unit=ONE, default=default),),
        states=(replace(made.cohort.states[0], rate=formula(rate)),),
    )
    return replace(made, cohort=cohort, protocol=replace(made.protocol, arms=(control, replace(other, sets=sets))))


def grown(tables):
    """Return by how much the score has grown at each visit [patients, visits], and who was under the second arm."""
    true = tables["visits"]["true_value"].reshape(N, -1)
    patients = tables["patients"]
    names = np.array(patients["arm"].categories)[patients["arm"].codes]
    return true - patients["level"][:, None], names == "dose1"


@pytest.mark.parametrize(
    ("steps", "days_treated"),
    [
        (((0.0, 1.0),), DAYS),
        (((0.0, 1.0), (7.0, 0.0)), (0.0, 3.0, 7.0, 7.0, 7.0)),
        (((3.0, 2.0), (10.0, 0.5)), (0.0, 0.0, 8.0, 14.0, 16.0)),
    ],
    ids=["constant", "ends", "begins late and changes"],
)
def test_a_rate_sees_what_the_arm_sets(steps, days_treated):
    growth, second = grown(simulate_trials(world(treated(*steps)), range(1), 1))
    assert 0 < second.sum() < N
    np.testing.assert_allclose(growth, np.outer(second, DRIFT * np.array(days_treated)), atol=1e-12)


def test_the_truth_under_every_arm_is_of_the_same_patients():
    tables = simulate_trials(world(treated((7.0, 1.0))), range(3), 3)
    np.testing.assert_allclose(tables["looks"]["truth"], 7.0 * DRIFT, rtol=1e-12)
    values = tables["counterfactuals"]["value"].reshape(-1, 2)
    np.testing.assert_allclose(values[:, 1] - values[:, 0], 7.0 * DRIFT, rtol=1e-9)


def test_before_randomisation_an_input_has_its_default():
    made = world(treated((0.0, 0.0)), default=1.0)
    early = Visit(name="run_in", at=-4.0, window=0.0)
    assess = replace(made.protocol.assess[0], visits=("run_in", *made.protocol.assess[0].visits))
    protocol = replace(made.protocol, visits=(early, *made.protocol.visits), assess=(assess,))
    growth, second = grown(simulate_trials(replace(made, protocol=protocol), range(1), 1))
    expected = np.where(second[:, None], 4.0 * np.array([0, 1, 1, 1, 1, 1]), np.array([0, *(4.0 + np.array(DAYS))]))
    np.testing.assert_allclose(growth, DRIFT * expected, atol=1e-12)


def test_occasions_and_steps_of_an_arm_go_together():
    tables = simulate_trials(world(treated((3.0, 1.0), (10.0, 0.0)), **OCCASIONS), range(1), 1)
    growth, second = grown(tables)
    patients = tables["patients"]["patient"]
    keys = [normals(1, label("occasion", "kin"), np.zeros(N, dtype=np.int64), patients, 2 * k) for k in range(2)]
    rates = DRIFT + 0.2 * np.array(keys)
    expected = np.array([0 * rates[0], 0 * rates[0], 4 * rates[0], 4 * rates[0] + 3 * rates[1],
                         4 * rates[0] + 3 * rates[1]]).T  # fmt: skip
    np.testing.assert_allclose(growth, np.where(second[:, None], expected, 0.0), atol=1e-12)


def test_a_hazard_and_a_loss_see_what_the_arm_sets():
    made = world(treated((0.0, 1.0), (5.0, 4.0)), rate="0 mg/day")
    death = Event(name="death", hazard=formula("0.05 1/day * (1 + treated)"), when=None, terminal=True)
    moved = LossReason(name="moved", hazard=formula("0.01 1/day * (1 + treated)"), hazard_text="")
    conduct = replace(made.protocol.conduct, lost_to_follow_up=(moved,))
    made = replace(made, cohort=replace(made.cohort, events=(death,)), protocol=replace(made.protocol, conduct=conduct))
    assert setup_of(made).course_losses == ("moved",)
    tables = simulate_trials(made, range(1), 1)
    patients, events = tables["patients"], tables["events"]
    name = np.array(events["event"].categories)[events["event"].codes]
    second = np.array(patients["arm"].categories)[patients["arm"].codes] == "dose1"
    key = label("event", "of the cohort", "death")
    luck = exponentials(1, key, np.zeros(N, dtype=np.int64), patients["patient"])
    early = luck / 0.1
    expected = np.where(second, np.where(early <= 5.0, early, 5.0 + (luck - 0.5) / 0.25), luck / 0.05)
    lost = events["time"][name == "moved"]
    died = np.where((expected <= DAYS[-1]) & ~(lost < expected), expected, np.nan)
    np.testing.assert_allclose(events["time"][name == "death"], died, rtol=1e-9)
    assert 0 < np.isfinite(died).sum() < N


def test_an_input_that_no_arm_sets_moves_no_number():
    plain = simulate_trials(world((), rate="kin", default=1.0), range(2), 2)
    with_input = simulate_trials(world((), rate="kin * treated", default=1.0), range(2), 2)
    for column in ("true_value", "value"):
        assert plain["visits"][column].tobytes() == with_input["visits"][column].tobytes()
