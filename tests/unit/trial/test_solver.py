"""Which solver follows a world's courses: none, the protocol's, or the pilot's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trial.worlds import formula, method, pressure_world, shift_world
from trialsim.dynamics.model import CourseModel
from trialsim.foundation.units import unit
from trialsim.protocol.model import Analysis, Comparison
from trialsim.trial import solver as module
from trialsim.trial.setup import setup_of
from trialsim.trial.simulate import simulate_trials
from trialsim.trial.solver import pilot, solution, with_solver

ANALYSIS = Analysis(
    name="main", estimand="main", method=method(), alpha=0.05, multiplicity="none",
    comparisons=(Comparison(treated="dose1", control="control", better="higher", margin=0.0),),
)  # fmt: skip


def turnover_world(per_day: float, **simulate):
    """Return patients whose score goes back to its level, the faster the higher: not linear, stiff if it is fast."""
    world = shift_world((6, 6), (5.0,), 2.0, 1.0, ANALYSIS)
    level = replace(world.cohort.parameters[0], name="level")
    speed = replace(level, name="kout", unit=unit("1/day"), typical=per_day, between_patients=None)
    state = replace(world.cohort.states[0], rate=formula("kout * (level - score) * score / level"))
    cohort = replace(world.cohort, parameters=(level, speed), states=(state,))
    told = replace(world.protocol, simulate=replace(world.protocol.simulate, **simulate))
    return replace(world, cohort=cohort, protocol=told)


def test_a_linear_model_has_no_solver():
    found = solution(setup_of(shift_world((6, 6), (5.0,), 2.0, 1.0, ANALYSIS)))
    assert (found.tier, found.solver) == ("linear", None)
    assert found.why == "linear: every rate is linear in the states, with coefficients that do not change with time"


@pytest.mark.parametrize("name", ["explicit", "stiff"])
def test_the_protocol_may_name_the_solver(name, monkeypatch):
    monkeypatch.setattr(module, "courses", None)  # nothing is tried
    setup = with_solver(setup_of(turnover_world(1.0, solver=name)))
    assert setup.solver == name
    assert solution(setup).why.endswith("kout * (level - score) * score / level; the protocol names the solver")


def test_the_pilot_is_the_same_whatever_is_computed():
    world = pressure_world(20)
    bigger = replace(world, protocol=replace(world.protocol, patients=replace(world.protocol.patients, randomised=40)))
    one, other = pilot(setup_of(world)), pilot(setup_of(bigger))
    assert one["params"].shape[0] == 64
    for name in ("params", "sample_times", "thresholds", "horizon"):
        assert one[name].tobytes() == other[name].tobytes()
    assert one["schedule"].amount.tobytes() == other["schedule"].amount.tobytes()
    assert one["schedule"].amount.max() == 5.0  # the first arm with doses


@pytest.mark.long
def test_a_fast_turnover_is_followed_stiffly_and_to_the_same_end():
    world = turnover_world(2000.0)
    found = solution(setup_of(world))
    assert found.solver == "stiff"
    said = found.why.split("; ")[1]
    assert said.startswith("stiff: 64 patients took ") and said.endswith(" million operations")
    tables = simulate_trials(world, range(2), 2)
    assert tables["failures"]["trial"].size == 0
    levels = np.repeat(tables["patients"]["level"], 2)
    np.testing.assert_allclose(tables["visits"]["true_value"], levels, rtol=1e-6)


def test_a_pilot_is_run_once_a_process(monkeypatch):
    calls = []

    def counted(model, run):
        calls.append(model)
        return "explicit", "explicit: said so"

    monkeypatch.setattr(module, "_CHOSEN", {})
    monkeypatch.setattr(module, "piloted_solver", counted)
    for _ in range(2):
        assert solution(setup_of(turnover_world(3.0))).why.endswith("; explicit: said so")
    solution(setup_of(turnover_world(4.0)))
    assert len(calls) == 2 and all(isinstance(model, CourseModel) for model in calls)
