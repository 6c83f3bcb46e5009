"""The linear tier: doses at instants, chunks, failures, hazards, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.reference.course_models import TWIST, built, one_compartment, two_compartments
from tests.reference.course_twin import course
from trialsim.dynamics.courses import STATUS, Tolerance, courses, tier_of
from trialsim.dynamics.doses import Schedule, no_doses, same_doses

ORAL = np.array([[1.0, 5.0, 50.0, 0.8, 0.5]])
SHARP = Tolerance(relative=1e-11, absolute=1e-14)
BOTH = pytest.mark.parametrize("twist", ["", pytest.param(TWIST, marks=pytest.mark.long)])


def stopping(twist=""):
    """Return one compartment, two ways in and two hazards: one model for many tests, for each is compiled."""
    return built("cent", "k h1 h2 lag start", ("-k * cent" + twist,), starts=("start",),
                 hazards={"stop": "h1", "death": "h2"}, inlets=(("cent", None, None), ("cent", "lag", None)))


def run(model, params, schedule, times, thresholds=None, stops=(), ends=(), horizon=1e4, tolerance=None):
    params = np.atleast_2d(params)
    n, n_hazards = len(params), len(model.hazards)
    times = np.broadcast_to(np.asarray(times, dtype=float), (n, np.shape(times)[-1]))
    if thresholds is None:
        thresholds = np.full((n, n_hazards), np.inf)
    none = [False] * n_hazards
    return courses(model, params, schedule, times, thresholds, stops or none, ends or none, horizon, tolerance)


def test_tier_says_why():
    assert tier_of(one_compartment()) == (
        "linear", "linear: every rate is linear in the states, with coefficients that do not change with time")
    assert tier_of(built("a", "k", ("-k * a / (1 + a)",))) == (
        "adaptive", "adaptive: the rate of a is not linear in the states: -k * a / (1 + a)")
    assert tier_of(built("a", "k", ("-k * a * t",))) == (
        "adaptive", "adaptive: the rate of a changes with time: -k * a * t")
    assert tier_of(built("a", "k", ("-k * a",), hazards={"bleed": "k * a"})) == (
        "adaptive", "adaptive: the hazard of bleed changes with the states: k * a")
    assert tier_of(built("a", "k", ("-k * a",), hazards={"bleed": "k * exp(t)"})) == (
        "adaptive", "adaptive: the hazard of bleed changes with time: k * exp(t)")
    assert tier_of(built("", "k", (), hazards={"death": "if(t > 4, k, 2 * k)"})) == (
        "linear", "linear: there are no states, and hazards are piecewise constant")


def test_linear_through_quantities_and_conditions_on_parameters():
    model = built("a b", "k s", ("-flow", "if(s > 0, flow, 2 * flow) / 2"), quantities={"flow": "k * a"},
                  starts=("10", "1"))
    assert tier_of(model)[0] == "linear"
    found = run(model, [[0.3, 1.0], [0.3, -1.0]], no_doses(2), [0.0, 2.0])
    left = 10 * np.exp(-0.6)
    assert found.outputs[:, 1] == pytest.approx(np.array([[left, 1 + (10 - left) / 2], [left, 1 + (10 - left)]]))


@pytest.mark.parametrize("twist", ["", TWIST])
def test_sample_before_dose_at_one_instant(twist):
    model = one_compartment(twist)
    found = run(model, ORAL, same_doses(1, [0.0, 24.0], 100.0, inlet=1), [0.0, 24.0, 24.0, 24.0 + 1e-9])
    before = 2.0 * np.exp(-2.4)
    assert found.outputs[0, :, 0] == pytest.approx([0.0, before, before, before + 2.0], rel=1e-7)


@pytest.mark.parametrize("twist", ["", TWIST])
def test_doses_as_in_the_twin(twist):
    model = one_compartment(twist)
    doses = [(0.0, 0, 100.0, 0.0), (12.0, 0, 50.0, 0.0), (12.0, 1, 30.0, 5.0), (14.0, 1, 60.0, 1.0),
             (14.25, 1, 20.0, 40.0), (30.0, 0, 80.0, 3.0)]
    schedule = Schedule(offsets=[0, 6], time=[d[0] for d in doses], inlet=[d[1] for d in doses],
                        amount=[d[2] for d in doses], duration=[d[3] for d in doses])
    times = [0.0, 0.25, 0.5, 0.75, 12.0, 13.0, 14.5, 15.0, 17.0, 30.0, 32.0, 33.5, 54.25, 60.0]
    expected, _ = course(one_compartment(), dict(zip(model.parameters, ORAL[0], strict=True)), doses, times)
    found = run(model, ORAL, schedule, times, tolerance=SHARP)
    assert found.status[0] == 0
    np.testing.assert_allclose(found.outputs[0], expected, rtol=1e-9, atol=1e-13)


def test_order_in_the_schedule_does_not_matter():
    model = one_compartment()
    there = run(model, ORAL, same_doses(1, [0.0, 3.0, 9.0], [1.0, 2.0, 3.0]), [1.0, 5.0, 10.0])
    back = run(model, ORAL, same_doses(1, [9.0, 0.0, 3.0], [3.0, 1.0, 2.0]), [1.0, 5.0, 10.0])
    assert there.outputs.tobytes() == back.outputs.tobytes()


@BOTH
def test_constant_hazards_in_closed_form(twist):
    doses = same_doses(1, [5.0, 10.0, 20.0], 100.0)
    found = run(stopping(twist), [[0.1, 0.2, 0.01, 0.0, 10.0]], doses, [9.0, 10.0, 12.0, 30.0, 60.0], [[2.0, 0.5]],
                [True, False], [False, True], tolerance=SHARP)
    assert found.event_times[0] == pytest.approx([10.0, 50.0], rel=1e-9)
    once = np.exp(-1.0) * 10 + 100 * np.exp(-0.5)
    assert found.outputs[0, 1:4, 0] == pytest.approx([once, once * np.exp(-0.2), once * np.exp(-2.0)], rel=1e-9)
    assert np.isnan(found.outputs[0, 4, 0])
    assert found.status[0] == 0


def test_dose_at_exactly_the_event_is_not_given():
    found = run(stopping(), [[0.5, 0.25, 0.0, 0.0, 0.0]], same_doses(1, [4.0], 100.0), [4.0, 5.0], [[1.0, np.inf]],
                [True, False], [False, False])
    assert found.event_times[0, 0] == 4.0
    assert found.outputs[0, :, 0].tolist() == [0.0, 0.0]


@BOTH
def test_running_infusion_stops_and_swallowed_dose_still_arrives(twist):
    doses = [(0.0, 0, 100.0, 8.0), (3.0, 1, 10.0, 0.0), (5.0, 1, 10.0, 0.0)]
    schedule = Schedule(offsets=[0, 3], time=[0, 3, 5], inlet=[0, 1, 1], amount=[100, 10, 10], duration=[8, 0, 0])
    times = [2.0, 4.0, 6.5, 9.0]
    expected, at = course(built("cent", "k h lag", ("-k * cent",), hazards={"stop": "h"},
                                inlets=(("cent", None, None), ("cent", "lag", None))),
                          {"k": 0.3, "h": 0.25, "lag": 3.0}, doses, times, [1.0], [True], [False])
    found = run(stopping(twist), [[0.3, 0.25, 0.0, 3.0, 0.0]], schedule, times, [[1.0, np.inf]], [True, False],
                [False, False], tolerance=SHARP)
    assert found.event_times[0, 0] == pytest.approx(at[0], rel=1e-9)
    np.testing.assert_allclose(found.outputs[0], expected, rtol=1e-9)


def test_piecewise_hazard_without_states():
    model = built("", "h hr", (), hazards={"death": "if(t > 4, h * hr, h)", "leaving": "0.1"})
    found = run(model, [[0.1, 0.5]] * 3, no_doses(3), [1.0], [[0.3, np.inf], [0.6, 2.0], [0.6, 0.5]], [False, False],
                [True, True], horizon=9.0)
    assert found.event_times[0].tolist() == pytest.approx([3.0, np.inf])
    assert found.event_times[1].tolist() == pytest.approx([8.0, np.inf])
    assert found.event_times[2].tolist() == pytest.approx([np.inf, 5.0])


@BOTH
def test_chunks_and_failures_leave_every_bit_alone(twist):
    model = two_compartments(twist)
    rng = np.random.default_rng(7)
    n = 67
    params = np.array([1.0, 5.0, 50.0, 3.0, 80.0]) * np.exp(0.3 * rng.standard_normal((n, 5)))
    params[13, 2] = np.nan
    params[40, 2] = 0.0
    schedule = same_doses(n, np.arange(5) * 12.0, 100.0, inlet=[0, 1, 0, 0, 1], duration=[0, 2, 0, 0, 20])
    times = np.sort(rng.uniform(0, 80, (n, 9)), axis=1)
    whole = run(model, params, schedule, times)
    assert set(np.flatnonzero(whole.status)) == {13, 40}
    assert not np.isnan(whole.outputs[whole.status == 0]).any()
    assert all(int(code) in STATUS for code in whole.status)
    for size in (1, 7, 33):
        for lo in range(0, n, size):
            hi = min(lo + size, n)
            part = run(model, params[lo:hi], schedule.of_patients(lo, hi), times[lo:hi])
            assert part.outputs.tobytes() == whole.outputs[lo:hi].tobytes()
            assert part.status.tobytes() == whole.status[lo:hi].tobytes()


@BOTH
def test_failures_have_a_status(twist):
    model = one_compartment(twist)
    bad = np.repeat(ORAL, 4, axis=0)
    bad[1, 4] = -1.0
    bad[2, 3] = np.nan
    schedule = same_doses(4, [0.0], 100.0)
    found = run(model, bad, schedule, [1.0], horizon=[10.0, 10.0, 10.0, np.nan])
    assert found.status.tolist() == [0, 4, 4, 4]
    early = run(model, ORAL, same_doses(1, [-1.0], 100.0), [1.0])
    assert early.status.tolist() == [6]
    assert run(model, ORAL, same_doses(1, [1.0], 100.0), [-2.0, 1.0]).status.tolist() == [6]
    negative = run(stopping(twist), [[1.0, 0.0, -1.0, 0.0, 1.0]], no_doses(1), [1.0], [[1.0, 1.0]], [False, False],
                   [False, True])
    assert negative.status.tolist() == [5]


def test_samples_not_wanted_and_after_the_horizon_are_empty():
    found = run(one_compartment(), ORAL, same_doses(1, [0.0], 100.0), [1.0, np.nan, 2.0, 3.0], horizon=2.0)
    assert np.isnan(found.outputs[0, :, 0]).tolist() == [False, True, False, True]


def test_what_the_caller_gets_wrong():
    model = one_compartment()
    with pytest.raises(ValueError, match=r"^sample_times must ascend along each row$"):
        run(model, ORAL, no_doses(1), [2.0, 1.0])
    with pytest.raises(ValueError, match=r"^the schedule is for 2 patients, params for 1$"):
        run(model, ORAL, no_doses(2), [2.0])
    with pytest.raises(ValueError, match=r"^the schedule names an inlet that the model does not have$"):
        run(model, ORAL, same_doses(1, [0.0], 1.0, inlet=2), [2.0])
    with pytest.raises(ValueError, match=r"^params must have shape \(1, 5\), not \(1, 4\)$"):
        run(model, ORAL[:, :4], no_doses(1), [2.0])
    with pytest.raises(ValueError, match=r"^a schedule's offsets must rise from 0 to the number of administrations$"):
        Schedule(offsets=[0, 2], time=[0.0], inlet=[0], amount=[1.0], duration=[0.0])
    with pytest.raises(
            ValueError, match=r"^a schedule's columns must be as long as one another$"):
        Schedule(offsets=[0, 1], time=[0.0], inlet=[0, 1], amount=[1.0], duration=[0.0])
