"""Slopes of courses by their parameters, against differences of courses()."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.reference.course_models import built
from trialsim.dynamics import sensitivity
from trialsim.dynamics.courses import Tolerance, courses
from trialsim.dynamics.doses import STEADY, Schedule, no_doses
from trialsim.dynamics.model import Functional, Transit
from trialsim.dynamics.sensitivity import sensitivities, sensitivities_in_parts
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import Name, to_text

# Saturable elimination; oral with a lag and a share, intravenous with a share that falls as f rises, and over a
# duration that is a parameter; an idle state.
PLAIN = built(
    "idle depot cent", "ka vm km v f lag dur",
    ("-idle / (1 + idle)", "-ka * depot", "ka * depot - vm * cent / (km * v + cent)"), outputs="conc",
    quantities={"conc": "cent / v"},
    inlets=(("idle", None, None), ("depot", "lag", "f"), ("cent", None, "1 - f * f"), ("cent", "lag", "f")))
SATURABLE = replace(PLAIN, inlets=(*PLAIN.inlets[:3], replace(PLAIN.inlets[3], duration=Name("dur"))))
CHAINED = built("cent", "n mt f vm km", ("-vm * cent / (km + cent)",), inlets=(("cent", None, "f"),))
CHAINED = replace(CHAINED, inlets=(
    replace(CHAINED.inlets[0], transit=Transit(number=Name("n"), mean_time=Name("mt"))),))
# Two compartments and an indirect response that starts at its steady state, inhibited with a Hill exponent.
RESPONSE = built(
    "depot cent peri effect", "ka cl v q v2 kin kout ic50 hill",
    ("-ka * depot", "ka * depot - (cl + q) / v * cent + q / v2 * peri", "q / v * cent - q / v2 * peri",
     "kin * (1 - inhibited) - kout * effect"),
    starts=("0", "0", "0", "kin / kout"), outputs="conc effect",
    quantities={"conc": "cent / v", "inhibited": "conc ^ hill / (ic50 ^ hill + conc ^ hill)"},
    inlets=(("depot", None, None),))
SAMPLES = np.array([[0.2, 1.0, 5.0, 11.0, 20.0, 25.0, 31.0, 33.0, 40.0]])
EXACT = Tolerance(relative=1e-12, absolute=1e-14)


def schedule(inlet, duration):
    n = len(inlet)
    return Schedule(offsets=np.array([0, n]), time=np.array([0.0, 10.0, 24.0, 30.0])[:n], inlet=np.array(inlet),
                    amount=np.array([100.0, 40.0, 100.0, 80.0])[:n], duration=np.array(duration))


def outputs(model, params, doses, tolerance=EXACT):
    found = courses(model, params, doses, np.tile(SAMPLES, (len(params), 1)), np.zeros((len(params), 0)), [], [], 50.0,
                    tolerance)
    assert set(found.status) == {0}
    return found.outputs


def repeated(doses, n):
    return Schedule(offsets=np.arange(n + 1) * doses.time.size, **{
        name: np.tile(getattr(doses, name), n) for name in ("time", "inlet", "amount", "duration", "rate")})


def check_slopes(model, names, typical, doses, within=1e-6):
    """Compare every slope with a central difference of fourth order, whose steps are a thousandth.

    The values are those of the augmented model; that they are those of the model itself is tested with the graph.
    """
    found = sensitivities(model, names, doses)
    params = np.array([typical])
    n_outputs = len(model.outputs)
    whole = outputs(found.model, np.column_stack([params, found.known]), found.schedule)[0]
    slopes = whole[:, n_outputs:].reshape(-1, n_outputs, len(names))
    for k, name in enumerate(names):
        j = model.parameters.index(name)
        step = 1e-3 * params[0, j]
        moved = np.repeat(params, 4, axis=0)
        moved[:, j] += np.array([2.0, 1.0, -1.0, -2.0]) * step
        moved = np.column_stack([moved, np.repeat(found.known, 4, axis=0)])
        at = outputs(found.model, moved, repeated(found.schedule, 4))[:, :, :n_outputs]
        expected = (8.0 * (at[1] - at[2]) - (at[0] - at[3])) / (12.0 * step)
        for o in range(n_outputs):
            # A difference of values that are not changed at all is what the solver allows itself.
            rounding = 1e-8 * np.abs(expected[:, o]).max() + 1e-11 + 1e-12 * at[:, :, o].max() / step
            np.testing.assert_allclose(slopes[:, o, k], expected[:, o], rtol=within, atol=rounding, err_msg=name)
    return found


@pytest.mark.long
def test_saturable_elimination_with_a_lag_and_shares():
    """Boluses and infusions by three inlets; all seven parameters."""
    names = ("ka", "vm", "km", "v", "f", "lag", "dur")
    found = check_slopes(SATURABLE, names, [1.2, 20.0, 2.0, 10.0, 0.7, 0.4, 6.3],
                         schedule([1, 2, 3, 1], [0.0, 3.0, 0.0, 5.0]))
    assert found.model.states == (
        "depot", "cent", "d(depot)/d(ka)", "d(cent)/d(ka)", "d(cent)/d(vm)", "d(cent)/d(km)", "d(cent)/d(v)",
        "d(depot)/d(f)", "d(cent)/d(f)", "d(depot)/d(lag)", "d(cent)/d(lag)", "d(cent)/d(dur)")


LAGGED = replace(CHAINED, parameters=(*CHAINED.parameters, "lag"),
                 inlets=(replace(CHAINED.inlets[0], lag=Name("lag")),))


def test_a_chain_is_one_chain_whatever_is_estimated():
    """Its slopes are made of what comes through it, as rates of the augmented model."""
    found = sensitivities(LAGGED, ("n", "mt", "f", "vm", "lag"), schedule([0], [0.0])).model
    assert found.states == (
        "cent", "d(cent)/d(n)", "d(cent)/d(mt)", "d(cent)/d(f)", "d(cent)/d(vm)", "d(cent)/d(lag)")
    (inlet,) = found.inlets
    assert (to_text(inlet.transit.number), to_text(inlet.bioavailability)) == ("n", "if(f >= 0, 1, -1)")
    assert (inlet.transit.called, inlet.transit.doses) == ("through 0", 1)


LONG = pytest.mark.long


@pytest.mark.parametrize("number", [2.3, pytest.param(0.4, marks=LONG), pytest.param(0.0, marks=LONG)])
def test_a_chain_of_any_length(number):
    """Its number of compartments, its mean time, its share and its lag; three doses, each meets the one before."""
    names = ("mt", "f", "vm", "lag") if number == 0.0 else ("n", "mt", "f", "vm", "lag")
    check_slopes(LAGGED, names, [number, 4.0, 0.7, 20.0, 8.0, 0.45], schedule([0, 0, 0], [0.0, 0.0, 0.0]))


@pytest.mark.long
def test_a_chain_with_slopes_is_the_chain_without():
    """A share that enters by a rate is one that enters by the dose."""
    doses = schedule([0, 0, 0], [0.0, 0.0, 0.0])
    found = sensitivities(LAGGED, ("n",), doses)
    params = np.array([[2.3, 4.0, 0.7, 20.0, 8.0, 0.45]])
    with_slopes = outputs(found.model, params, found.schedule)[0, :, 0]
    np.testing.assert_allclose(with_slopes, outputs(LAGGED, params, doses)[0, :, 0], rtol=1e-10)


@pytest.mark.long
def test_an_indirect_response_behind_two_compartments():
    """Slopes that are always zero have no state: the drug knows nothing of the response."""
    found = check_slopes(RESPONSE, ("cl", "kin", "kout", "hill"), [0.8, 5.0, 20.0, 3.0, 40.0, 10.0, 0.5, 1.5, 1.7],
                         schedule([0, 0, 0, 0], [0.0] * 4))
    assert found.model.states == (
        "depot", "cent", "peri", "effect", "d(cent)/d(cl)", "d(peri)/d(cl)", "d(effect)/d(cl)", "d(effect)/d(kin)",
        "d(effect)/d(kout)", "d(effect)/d(hill)")


def test_doses_are_given_again_to_the_slopes():
    """A bolus of unknown sign comes by two doors, an infusion's lag as a bolus at either end."""
    model = built("depot", "k f lag", ("-k * depot",), inlets=(("depot", "lag", "f * f"),))
    doses = schedule([0, 0], [0.0, 4.0])
    found = sensitivities(model, ("f", "lag"), doses)
    doors = [(inlet.state, to_text(inlet.lag), to_text(inlet.bioavailability)) for inlet in found.model.inlets]
    assert doors == [
        ("depot", "lag", "f * f"),
        ("d(depot)/d(f)", "lag", "max(f + f, 0)"), ("d(depot)/d(f)", "lag", "max(-(f + f), 0)"),
        ("d(depot)/d(f)", "lag", "max(f + f, 0)"), ("d(depot)/d(f)", "lag", "max(-(f + f), 0)"),
        ("d(depot)/d(lag)", "lag", "max(-(-k * (f * f)), 0)"), ("d(depot)/d(lag)", "lag", "max(-k * (f * f), 0)"),
        ("d(depot)/d(lag)", "lag", "max(-(f * f), 0)"), ("d(depot)/d(lag)", "lag", "max(f * f, 0)"),
        ("d(depot)/d(lag)", "lag", "max(f * f, 0)"), ("d(depot)/d(lag)", "lag", "max(-(f * f), 0)"),
    ]
    made = found.schedule
    rows = list(zip(made.time, made.inlet, made.amount, made.duration, strict=True))
    assert rows == [
        (0.0, 0, 100.0, 0.0), (0.0, 1, 100.0, 0.0), (0.0, 2, -100.0, 0.0), (0.0, 5, 100.0, 0.0), (0.0, 6, -100.0, 0.0),
        (10.0, 0, 40.0, 4.0), (10.0, 3, 40.0, 4.0), (10.0, 4, -40.0, 4.0), (10.0, 7, 10.0, 0.0), (10.0, 8, -10.0, 0.0),
        (14.0, 9, 10.0, 0.0), (14.0, 10, -10.0, 0.0),
    ]
    assert made.offsets.tolist() == [0, 12]


def test_large_models_are_divided_among_parameters(monkeypatch):
    names = ("ka", "cl", "v", "q", "v2", "kin", "kout", "ic50", "hill")
    doses = schedule([0], [0.0])
    (whole,) = sensitivities_in_parts(RESPONSE, names, doses)
    assert len(whole.model.states) == 4 + 4 + 4 * 3 + 4 * 1
    monkeypatch.setattr(sensitivity, "LARGEST", 12)
    parts = sensitivities_in_parts(RESPONSE, names, doses)
    assert [part.parameters for part in parts] == [names[:2], names[2:4], names[4:]]
    assert [len(part.model.states) for part in parts] == [4 + 4 + 3, 4 + 3 + 3, 4 + 3 + 4]


# Zero-order by a rate that is a parameter, which the share and the clearance know too; a second way in without terms.
AT_A_RATE = built(
    "cent", "vm km v f lag pace", ("-vm * cent / (km * v + cent)",), outputs="conc", quantities={"conc": "cent / v"},
    inlets=(("cent", "lag", "f"), ("cent", None, None)))
AT_A_RATE = replace(AT_A_RATE, inlets=(replace(AT_A_RATE.inlets[0], rate=Name("pace")), AT_A_RATE.inlets[1]))
SATURABLE_AT_ONCE = replace(AT_A_RATE, parameters=AT_A_RATE.parameters[:5], inlets=(
    replace(AT_A_RATE.inlets[0], rate=None), AT_A_RATE.inlets[1]))


def test_a_rate_that_is_estimated():
    """Doses of three amounts, the second while the first still runs, and one over a duration of its own."""
    found = check_slopes(AT_A_RATE, ("f", "lag", "pace", "vm"), [20.0, 2.0, 10.0, 0.7, 0.4, 6.3],
                         schedule([0, 0, 0, 0], [0.0, 0.0, 0.0, 5.0]))
    assert found.model.parameters == (
        *AT_A_RATE.parameters, "amount 0 by 0", "amount 1 by 0")
    assert found.known.tolist() == [[100.0, 40.0]]


@pytest.mark.long
def test_a_rate_that_the_administration_says():
    """What then ends later for a larger share is the model's duration by another name."""
    doses = replace(schedule([1, 0, 0], [0.0, 0.0, 0.0]), rate=np.array([0.0, 9.0, 11.0]))
    found = check_slopes(SATURABLE_AT_ONCE, ("f", "lag", "vm"), [20.0, 2.0, 10.0, 0.7, 0.4], doses)
    assert found.known.tolist() == [[40.0, 9.0, 100.0, 11.0]]


# Absorption that stops above a limit of what is there, which an infusion passes from below and elimination from above;
# a response that is on while there is enough of the drug, from a moment on, in patients of whom little is eliminated.
TURNING = built(
    "depot cent resp", "ka k limit on kin kout",
    ("-ka * depot", "if(cent > limit, 0.3, 1) * ka * depot - k * cent / (1 + 0.01 * cent)",
     "if(cent >= limit / 2 and t > on and k < 1, kin, 0.1 * kin * if(resp < 2, 1, 2)) - kout * resp"),
    outputs="cent resp", inlets=(("depot", None, None), ("cent", None, None)))
# Continuous where it turns.
BENT = built("cent", "k limit", ("-k * if(limit < cent, limit, cent)",), inlets=(("cent", None, None),))


def test_rates_that_jump_where_a_state_passes_a_limit():
    names = ("ka", "k", "limit", "on", "kin", "kout")
    found = check_slopes(TURNING, names, [0.9, 0.15, 30.0, 2.2, 2.0, 0.4], schedule([0, 1, 0, 0], [0.0, 4.0, 0.0, 0.0]))
    assert len(found.model.switches) == 4
    on = {frozenset(to_text(switch.excess).split(" - ")) for switch in found.model.switches}
    assert on >= {frozenset(("cent", "limit")), frozenset(("t", "on")), frozenset(("resp", "2"))}
    by_state = {state.split(")")[0].removeprefix("d(") for switch in found.model.switches
                for state, _ in switch.rising + switch.falling}
    assert by_state == {"cent", "resp"}


@pytest.mark.long
def test_values_are_those_of_the_model_that_lands_nowhere():
    doses = schedule([0, 1, 0, 0], [0.0, 4.0, 0.0, 0.0])
    params = np.array([[0.9, 0.15, 30.0, 2.2, 2.0, 0.4]])
    found = sensitivities(TURNING, ("ka",), doses)
    np.testing.assert_allclose(outputs(found.model, params, found.schedule)[:, :, :2], outputs(TURNING, params, doses),
                               rtol=1e-8)


@pytest.mark.long
def test_a_course_that_slides_along_a_surface_runs_out_of_steps():
    """Rates on both sides lead to it: it has no branch, and is no number to a fit."""
    sliding = built("a", "limit", ("if(a > limit, -1, 1)",), inlets=(("a", None, None),))
    found = sensitivities(sliding, ("limit",), schedule([0], [0.0]))
    made = courses(found.model, np.array([[90.0]]), found.schedule, SAMPLES, np.zeros((1, 0)), [], [], 50.0,
                   replace(EXACT, most_steps=2000))
    assert made.status.tolist() == [1]


@pytest.mark.long
def test_a_rate_that_turns_without_a_jump():
    check_slopes(BENT, ("k", "limit"), [0.2, 30.0], schedule([0, 0, 0], [0.0, 5.0, 0.0]))


@pytest.mark.long
def test_a_condition_on_estimated_parameters_alone_is_a_choice():
    model = built("a", "k on", ("-k * a / (1 + a) * if(on > 3, on, 2)",), inlets=(("a", None, None),))
    for on in (4.0, 2.5):
        found = check_slopes(model, ("k", "on"), [1.0, on], schedule([0, 0], [0.0, 3.0]))
        assert not found.model.switches


JUMPING = built("a b", "k on", ("-k * a / (1 + a)", "if(a > on, 1, 0) - b"), outputs="b", inlets=(("a", "on", None),))
SATURATED = replace(SATURABLE, inlets=(replace(SATURABLE.inlets[1], state="cent"),))


@pytest.mark.long
def test_a_lag_of_doses_that_act_as_what_is_there_lets_them():
    """Of boluses and an infusion where elimination is saturable; and where a condition asks for what has entered."""
    found = check_slopes(SATURATED, ("lag", "f", "vm"), [1.2, 20.0, 2.0, 10.0, 0.7, 0.4, 6.3],
                         schedule([0, 0, 0], [0.0, 0.0, 3.0]))
    assert [name for name, _ in found.model.inlets[0].shifts] == ["d(cent)/d(lag)"]
    found = check_slopes(JUMPING, ("k", "on"), [9.0, 0.7], schedule([0, 0, 0], [0.0, 0.0, 0.0]))
    assert [name for name, _ in found.model.inlets[0].shifts] == ["d(a)/d(on)", "d(b)/d(on)"]


@pytest.mark.parametrize(("model", "names", "doses", "why"), [
    (SATURABLE, ("lag",), replace(schedule([1], [0.0]), kind=np.array([STEADY]), interval=np.array([12.0])),
     "the lag, the bioavailability, the duration or the rate of x route 1 is estimated, and it starts at steady state"),
    (TURNING, ("k",), replace(schedule([0], [0.0]), kind=np.array([STEADY]), interval=np.array([12.0])),
     "an if() turns where a state or the time passes a limit, and a dose starts at steady state"),
    (replace(SATURABLE, functionals=(Functional(name="auc", kind="integral", of=Name("cent")),)), ("ka",),
     no_doses(1), "its outputs depend on rules or on a functional of the path"),
])
def test_what_cannot_be_followed_is_refused(model, names, doses, why):
    with pytest.raises(TrialsimError) as caught:
        sensitivities(model, names, doses)
    assert caught.value.slug == "fit-needs-gradient"
    assert str(caught.value) == f"a fit cannot follow the slopes of this course\n  = {why}"


def test_what_is_known_may_jump_and_lag():
    """The same conditions and lags are no obstacle where nobody estimates what moves them."""
    model = built("a", "k on", ("-k * a / (1 + a) * if(t > on, 2, 1)",), inlets=(("a", "on", None),))
    found = sensitivities(model, ("k",), schedule([0], [0.0]))
    assert found.model.states == ("a", "d(a)/d(k)")
    assert not found.model.switches and not found.model.inlets[0].shifts
