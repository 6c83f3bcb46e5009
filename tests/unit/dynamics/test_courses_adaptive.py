"""The adaptive tier: non-linear models, events, breakpoints, stiffness, mass balance, against the twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.course_models import built
from tests.reference.course_twin import course
from tests.unit.dynamics.test_courses_linear import run
from trialsim.dynamics.courses import STATUS, Tolerance
from trialsim.dynamics.doses import Schedule, no_doses, same_doses

TIGHT = Tolerance(relative=1e-11, absolute=1e-14)
MICHAELIS = built("depot cent gone", "ka vm km v", ("-ka * depot", "ka * depot - flow", "flow"),
                  outputs="conc gone depot cent", quantities={"conc": "cent / v", "flow": "vm * conc / (km + conc)"},
                  inlets=(("depot", None, None), ("cent", None, None)))
RESPONSE = built("cent effect", "k kin kout imax ic50 gamma",
                 ("-k * cent", "kin * (1 - imax * cent ^ gamma / (ic50 ^ gamma + cent ^ gamma)) - kout * effect"),
                 starts=("0", "kin / kout"), inlets=(("cent", None, None),))
# Three states that have nothing to do with one another, and hazards: one model for many tests, for each is compiled.
SEVERAL = built("cent a boom", "k vm ka at kb kc slope wear least",
                ("-k * cent - vm * cent / (1 + cent)", "if(t > at and 2 * t <= 9 + at, -ka * a, -0.1 * ka * a * a)",
                 "(kb - log(kc)) * boom * boom"),
                starts=("10", "5", "1"), inlets=(("cent", None, None),),
                hazards={"bleed": "slope * cent", "wear": "wear * t", "event": "cent - least"})
STILL = {"k": 0.1, "vm": 0.0, "ka": 0.0, "at": 3.0, "kb": 0.0, "kc": 1.0, "slope": 0.0, "wear": 0.0, "least": 0.0}


def several(**moved):
    return list({**STILL, **moved}.values())


DOSES = [(0.0, 100.0, 0.0), (12.0, 50.0, 3.0), (24.0, 100.0, 0.0), (25.0, 20.0, 10.0)]
TIMES = [0.0, 0.5, 2.0, 6.0, 12.0, 13.0, 15.0, 24.0, 24.5, 30.0, 35.0, 48.0]


def compare(model, params, inlet, method):
    doses = [(t, inlet, amount, duration) for t, amount, duration in DOSES]
    expected, _ = course(model, dict(zip(model.parameters, params, strict=True)), doses, TIMES, method=method)
    schedule = Schedule(offsets=[0, len(doses)], time=[d[0] for d in doses], inlet=[d[1] for d in doses],
                        amount=[d[2] for d in doses], duration=[d[3] for d in doses])
    found = run(model, [params], schedule, TIMES, tolerance=TIGHT)
    assert found.status.tolist() == [0]
    np.testing.assert_allclose(found.outputs[0], expected, rtol=2e-9, atol=1e-10)
    usual = run(model, [params], schedule, TIMES)
    np.testing.assert_allclose(usual.outputs[0], expected, rtol=2e-6, atol=1e-8)
    assert usual.steps[0] < found.steps[0]


@pytest.mark.parametrize("method", ["DOP853", "LSODA"])
def test_michaelis_menten(method):
    compare(MICHAELIS, [1.0, 8.0, 0.5, 20.0], 0, method)


@pytest.mark.long
def test_indirect_response_with_a_hill_exponent():
    compare(RESPONSE, [0.2, 10.0, 0.25, 0.9, 20.0, 1.7], 0, "DOP853")


def test_events_where_the_cumulative_hazard_crosses():
    # H = a k (1 - exp(-0.1 t)) / 0.1 and H = c t^2 / 2, each in closed form.
    never = np.inf
    found = run(SEVERAL, [several(slope=0.02, wear=0.01)] * 3, no_doses(3), [1.0, 90.0],
                [[1.5, 8.0, never], [2.1, 1e-6, never], [never, 0.5, never]], [False] * 3, [False, True, False],
                horizon=50.0)
    bleed = -np.log(1 - 0.1 * 1.5 / 0.2) / 0.1
    np.testing.assert_allclose(
        found.event_times[:, :2], [[bleed, 40.0], [np.inf, np.sqrt(2e-4)], [np.inf, 10.0]], rtol=1e-8)
    assert np.isnan(found.outputs[:, 1]).all()
    assert found.status.tolist() == [0, 0, 0]


@pytest.mark.long
def test_event_stops_dosing_as_in_the_twin():
    model = built("cent toxic", "k", ("-k * cent", "0.3 * cent - 0.1 * toxic"),
                  inlets=(("cent", None, None),), hazards={"intolerance": "0.002 * toxic"})
    doses = [(float(t), 0, 20.0, 5.0) for t in range(0, 60, 6)]
    times = [float(t) for t in range(0, 60, 4)]
    expected, at = course(model, {"k": 0.2}, doses, times, [1.0], [True], [False], 60.0)
    found = run(model, [[0.2]], same_doses(1, [d[0] for d in doses], 20.0, duration=5.0), times, [[1.0]], [True],
                [False], horizon=60.0, tolerance=TIGHT)
    assert 6.0 < at[0] < 50.0
    assert found.event_times[0, 0] == pytest.approx(at[0], rel=1e-9)
    np.testing.assert_allclose(found.outputs[0], expected, rtol=1e-8, atol=1e-10)
    # Other samples mean other steps, never another event.
    for grid in ([50.0], list(np.arange(0.0, 60.0, 0.7))):
        again = run(model, [[0.2]], same_doses(1, [d[0] for d in doses], 20.0, duration=5.0), grid, [[1.0]], [True],
                    [False], horizon=60.0)
        assert again.event_times[0, 0] == pytest.approx(at[0], rel=1e-8)


def test_conditions_on_time_turn_exactly_where_they_say():
    found = run(SEVERAL, [several(ka=0.7)], no_doses(1), [3.0, 6.0, 8.0], tolerance=TIGHT)
    first = 1 / (1 / 5 + 0.07 * 3)
    second = first * np.exp(-0.7 * 3)
    assert found.outputs[0, :, 1] == pytest.approx([first, second, 1 / (1 / second + 0.07 * 2)], rel=1e-10)
    assert found.steps[0] < 120


def test_a_stiff_or_broken_patient_has_a_reason_and_no_effect_on_others():
    model = built("a b", "k", ("-k * (a * a - 1 + b)", "log(2 - b) - b"), starts=("2", "0"))
    fine = run(model, [[1.0], [2.0]], no_doses(2), [5.0, 10.0])
    mixed = run(model, [[1.0], [1e7], [2.0]], no_doses(3), [5.0, 10.0], tolerance=Tolerance(most_steps=2000))
    assert mixed.outputs[[0, 2]].tobytes() == fine.outputs.tobytes()
    assert [STATUS[int(code)] for code in mixed.status] == ["complete", "too stiff: step budget", "complete"]
    assert mixed.steps[1] == 2000
    assert run(SEVERAL, [several(kb=1.0)], no_doses(1), [2.0]).status[0] in (2, 3)
    found = run(SEVERAL, [several(kc=-1.0)], no_doses(1), [2.0])
    assert STATUS[int(found.status[0])] == "not a number in a state, an output or a hazard"
    assert np.isnan(found.outputs).all()


@settings(max_examples=40, deadline=None)
@given(amounts=st.lists(st.floats(0.1, 500.0), min_size=1, max_size=5), ka=st.floats(0.05, 5.0),
       vm=st.floats(0.5, 50.0), km=st.floats(0.01, 10.0), duration=st.sampled_from([0.0, 1.0, 9.0]))
def test_drug_in_is_drug_left_and_drug_gone(amounts, ka, vm, km, duration):
    schedule = same_doses(1, np.arange(len(amounts)) * 6.0, amounts, inlet=np.arange(len(amounts)) % 2,
                          duration=duration)
    found = run(MICHAELIS, [[ka, vm, km, 20.0]], schedule, [100.0])
    assert found.status.tolist() == [0]
    assert found.outputs[0, 0, 1:].sum() == pytest.approx(sum(amounts), rel=1e-9)


@pytest.mark.parametrize(("least", "status"), [(0.0, 0), (0.001, 5)])
def test_a_washed_out_drug_is_no_negative_hazard_but_a_negative_hazard_is(least, status):
    times = np.linspace(1.0, 400.0, 60)
    found = run(SEVERAL, [several(k=3.0, vm=2.0, least=least)], same_doses(1, [0.0], [1.0]), times,
                [[np.inf, np.inf, 50.0]], [False] * 3, [False] * 3, horizon=400.0)
    assert found.status.tolist() == [status]
