"""Stiff steps in lanes and alone: the same bits, with events, conditions, failures and exchanges of rows."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from tests.reference.course_models import built
from tests.unit.dynamics.test_lanes import RICH, N, bits, patients
from trialsim.dynamics import courses as courses_module
from trialsim.dynamics import generate, stiff_unrolled
from trialsim.dynamics.courses import Tolerance, courses
from trialsim.dynamics.doses import Schedule, no_doses

NAMES = ("outputs", "event_times", "status", "steps")
# Two states that would turn fast around one another and hardly do: their matrix has far more off its diagonal than on.
TURNING = built("x y", "w k", ("w * y - k * x + 1 / (1 + t) - 0.01 * x * x", "-w * x - k * y"),
                starts=("k / (w * w + k * k)", "-w / (w * w + k * k)"))


def followed(members, solver="stiff", **options):
    """Return the courses of some of the patients, in the order asked for."""
    params, schedule, samples, thresholds, horizon = patients()
    rows = [np.arange(schedule.offsets[i], schedule.offsets[i + 1]) for i in members]
    flat = np.concatenate(rows)
    own = Schedule(offsets=np.append(0, np.cumsum([len(row) for row in rows])), time=schedule.time[flat],
                   inlet=schedule.inlet[flat], amount=schedule.amount[flat], duration=schedule.duration[flat])
    return courses(RICH, params[members], own, samples[members], thresholds[members], [True, False], [False, True],
                   horizon[members], Tolerance(**{"most_steps": 3000, **options}), solver=solver)


@pytest.fixture(scope="module")
def everybody():
    return followed(np.arange(N))


def test_the_patients_try_everything(everybody):
    assert {0, 1, 3, 4, 5} >= set(everybody.status) >= {0, 3, 5}
    assert np.isfinite(everybody.event_times).sum(axis=0).min() >= 10


def test_both_solvers_tell_the_same_story(everybody):
    explicit = followed(np.arange(N), "explicit")
    both = (explicit.status == 0) & (everybody.status == 0)
    assert both.sum() > 50
    np.testing.assert_allclose(everybody.outputs[both], explicit.outputs[both], rtol=1e-5, atol=1e-6)
    happened = np.isfinite(explicit.event_times[both])
    assert (np.isfinite(everybody.event_times[both]) == happened).all()
    np.testing.assert_allclose(everybody.event_times[both][happened], explicit.event_times[both][happened], rtol=2e-5)


@pytest.mark.parametrize("size", [1, 7, 33])
def test_the_chunk_changes_no_bit(everybody, size):
    parts = [followed(np.arange(first, min(first + size, N))) for first in range(0, N, size)]
    for name in NAMES:
        together = np.concatenate([getattr(part, name) for part in parts])
        assert together.tobytes() == getattr(everybody, name).tobytes(), name


def test_the_neighbours_and_the_place_change_no_bit(everybody):
    order = np.random.default_rng(3).permutation(N)
    found = followed(order)
    for name in NAMES:
        assert getattr(found, name).tobytes() == getattr(everybody, name)[order].tobytes(), name


def test_steps_in_lanes_are_the_steps_made_alone(everybody, monkeypatch):
    monkeypatch.setattr(stiff_unrolled, "MOST_PRODUCTS", 0)
    alone = generate._compiled.__wrapped__(RICH, "stiff")
    assert alone.LANES == 1
    monkeypatch.setattr(courses_module, "compiled", lambda model, solver, steady: alone)
    assert bits(followed(np.arange(N))) == bits(everybody)


@pytest.mark.long
def test_rows_are_exchanged_where_a_step_needs_it():
    params = np.array([[w, k] for w in (3e4, 1.0, 1e5, 3.0) for k in (200.0, 20.0, 500.0)])
    times = np.array([0.5, 20.0, 60.0, 200.0])

    def turned(rows):
        n = len(rows)
        return courses(TURNING, params[rows], no_doses(n), np.tile(times, (n, 1)), np.zeros((n, 0)), (), (), 1e3,
                       Tolerance(relative=1e-6, absolute=1e-6), solver="stiff")

    found = turned(np.arange(12))
    assert found.status.tolist() == [0] * 12
    # The slow part of the solution, in powers of 1 / w.
    fast = params[:, 0] > 100.0
    w, k, s = params[fast, :1], params[fast, 1:], 1.0 + times[1:]
    np.testing.assert_allclose(found.outputs[fast, 1:, 1], -1.0 / w / s, rtol=1e-3)
    np.testing.assert_allclose(found.outputs[fast, 1:, 0], (k / s - 1.0 / (s * s)) / (w * w), rtol=1e-3)
    order = np.array([4, 0, 7, 11, 1])
    assert turned(order).outputs.tobytes() == found.outputs[order].tobytes()
    assert turned([0]).steps[0] == found.steps[0]


def test_a_long_step_of_such_a_model_is_not_sound_without_exchanges():
    module = generate.compiled(TURNING, "stiff")
    w = np.zeros((module.N_ROWS, module.LANES))
    w[module.AT_P, 2], w[module.AT_P + 1, 2] = 3e4, 200.0
    constants = np.zeros(module.N_CONSTANTS + 1)
    hoist, jacobian, at_y = module.hoist, module.jacobian, module.AT_Y
    set_matrix, factored = module.set_matrix, module.factored

    @njit
    def begin(p, constants):
        hoist(p, constants)

    @njit
    def is_sound(w, step):
        jacobian(w, 2, 0.0, 0.0, at_y)
        set_matrix(w, 2, 0.2 * step)
        return factored(w, 2)

    begin(np.array([3e4, 200.0]), constants)
    w[module.AT_C : module.AT_C + module.N_CONSTANTS, 2] = constants[: module.N_CONSTANTS]
    assert [is_sound(w, step) for step in (1e-3, 10.0)] == [True, False]
