"""Laws that every course obeys, whatever the doses: what enters stays or leaves, and linear systems are linear."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reference.course_models import TWIST, built, two_compartments
from trialsim.dynamics.courses import Tolerance, courses
from trialsim.dynamics.doses import Schedule

BOUNDED = settings(max_examples=100, deadline=None, derandomize=True, database=None,
                   suppress_health_check=[HealthCheck.too_slow])
SHARP = Tolerance(relative=1e-11, absolute=1e-14)
LATEST = 40.0
# What leaves the body is collected, so that nothing can be lost; inlet 0 oral with lag and share, 1 intravenous.
COLLECTED = built(
    "depot cent peri urine", "ka vm km q lag f",
    ("-ka * depot", "ka * depot - vm * cent / (km + cent) - q * cent + 0.5 * q * peri", "q * cent - 0.5 * q * peri",
     "vm * cent / (km + cent)"), outputs="depot cent peri urine",
    inlets=(("depot", "lag", "f"), ("cent", None, None)))
LINEARLY_COLLECTED = built(
    "depot cent peri urine", "ka vm km q lag f",
    ("-ka * depot", "ka * depot - vm / km * cent - q * cent + 0.5 * q * peri", "q * cent - 0.5 * q * peri",
     "vm / km * cent"), outputs="depot cent peri urine", inlets=(("depot", "lag", "f"), ("cent", None, None)))
QUARTERS = st.integers(0, int(4 * LATEST)).map(lambda n: n / 4)
RATES = st.floats(0.02, 3.0)


@st.composite
def regimens(draw):
    """Return administrations (time, inlet, amount, duration), a few of them at one instant or overlapping."""
    n = draw(st.integers(1, 6))
    return [(draw(QUARTERS), draw(st.integers(0, 1)), draw(st.floats(0.5, 300.0)),
             draw(st.one_of(st.just(0.0), st.floats(0.1, 25.0)))) for _ in range(n)]


def schedule(*many):
    flat = [dose for doses in many for dose in doses]
    columns = [np.array([dose[k] for dose in flat]) for k in range(4)]
    return Schedule(offsets=np.append(0, np.cumsum([len(doses) for doses in many])), time=columns[0],
                    inlet=columns[1], amount=columns[2], duration=columns[3])


def outputs(model, params, many, times, tolerance=SHARP, begin=0.0):
    n = len(many)
    found = courses(model, np.tile(np.asarray(params, dtype=float), (n, 1)), schedule(*many), np.tile(times, (n, 1)),
                    np.zeros((n, 0)), [], [], 1e6, tolerance, begin)
    assert found.status.tolist() == [0] * n
    return found.outputs


def entered(doses, t, lag, share):
    """Return how much of the doses has entered by a time, just before what enters at that time."""
    total = 0.0
    for time, inlet, amount, duration in doses:
        since = t - time - (lag if inlet == 0 else 0.0)
        size = amount * (share if inlet == 0 else 1.0)
        total += size * (float(since > 0.0) if duration == 0.0 else min(max(since / duration, 0.0), 1.0))
    return total


BOTH = pytest.mark.parametrize(
    "model", [LINEARLY_COLLECTED, pytest.param(COLLECTED, marks=pytest.mark.long)], ids=["linear", "adaptive"])


@BOTH
@BOUNDED
@given(doses=regimens(), ka=RATES, vm=st.floats(0.5, 20.0), q=RATES, lag=st.floats(0.0, 6.0), share=st.floats(0.1, 1.0))
def test_what_has_entered_is_there_or_has_left(model, doses, ka, vm, q, lag, share):
    times = np.array([0.3, 1.7, 5.1, 11.9, 23.3, 40.1, 90.7])
    found = outputs(model, [ka, vm, 30.0, q, lag, share], [doses], times)[0]
    expected = [entered(doses, t, lag, share) for t in times]
    np.testing.assert_allclose(found.sum(axis=1), expected, rtol=1e-9, atol=1e-10)
    assert found.min() > -1e-8


@BOUNDED
@given(doses=regimens(), more=regimens(), ka=RATES, cl=st.floats(0.1, 30.0), q=st.floats(0.1, 30.0))
def test_courses_of_a_linear_system_are_superposed(doses, more, ka, cl, q):
    times = np.arange(0.0, 120.0, 3.1)
    params = [ka, cl, 40.0, q, 70.0]
    alone, other, both = outputs(two_compartments(), params, [doses, more, doses + more], times)
    np.testing.assert_allclose(both, alone + other, rtol=1e-11, atol=1e-300)


@BOUNDED
@given(doses=regimens(), ka=RATES, cl=st.floats(0.1, 30.0), power=st.integers(-9, 9))
def test_a_linear_system_scales_to_the_last_bit(doses, ka, cl, power):
    times = np.arange(0.0, 120.0, 3.1)
    params = [ka, cl, 40.0, 3.0, 70.0]
    scaled = [(t, inlet, amount * 2.0**power, duration) for t, inlet, amount, duration in doses]
    once, more = outputs(two_compartments(), params, [doses, scaled], times)
    assert (once * 2.0**power).tobytes() == more.tobytes()


@BOTH
@BOUNDED
@given(doses=regimens(), ka=RATES, vm=st.floats(0.5, 20.0), shift=st.integers(-200, 2000))
def test_the_clock_may_start_at_any_time(model, doses, ka, vm, shift):
    times = np.arange(0.25, 80.0, 3.25)
    params = [ka, vm, 30.0, 0.4, 1.25, 0.7]
    moved = [(t + shift / 4, inlet, amount, duration) for t, inlet, amount, duration in doses]
    here = outputs(model, params, [doses], times)
    there = outputs(model, params, [moved], times + shift / 4, begin=shift / 4)
    np.testing.assert_allclose(there, here, rtol=1e-8, atol=1e-9)


@BOUNDED
@given(doses=regimens(), ka=RATES, cl=st.floats(0.1, 30.0), q=st.floats(0.1, 30.0))
def test_a_linear_system_is_the_same_by_either_way(doses, ka, cl, q):
    times = np.arange(0.0, 120.0, 3.1)
    params = [ka, cl, 40.0, q, 70.0]
    exact = outputs(two_compartments(), params, [doses], times)
    stepped = outputs(two_compartments(TWIST), params, [doses], times)
    np.testing.assert_allclose(stepped, exact, rtol=1e-7, atol=1e-9 * np.abs(exact).max())


@BOTH
@BOUNDED
@given(doses=regimens(), ka=RATES, vm=st.floats(0.5, 20.0), parts=st.integers(2, 5))
def test_a_pump_may_be_changed_on_the_way(model, doses, ka, vm, parts):
    times = np.arange(0.25, 80.0, 3.25)
    params = [ka, vm, 30.0, 0.4, 1.25, 0.7]
    split = [(t + k * duration / parts, inlet, amount / parts, duration / parts)
             for t, inlet, amount, duration in doses for k in range(parts)]
    whole, pieces = outputs(model, params, [doses, split], times)
    np.testing.assert_allclose(pieces, whole, rtol=1e-8, atol=1e-9)


@BOTH
@BOUNDED
@given(doses=regimens(), ka=RATES, vm=st.floats(0.5, 20.0), seed=st.integers(0, 2**30))
def test_looking_changes_nothing_that_is_seen(model, doses, ka, vm, seed):
    times = np.arange(0.25, 80.0, 9.25)
    more = np.unique(np.append(times, np.random.default_rng(seed).uniform(0.0, 80.0, 30)))
    params = [ka, vm, 30.0, 0.4, 1.25, 0.7]
    seldom = outputs(model, params, [doses], times)[0]
    often = outputs(model, params, [doses], more)[0][np.isin(more, times)]
    np.testing.assert_allclose(often, seldom, rtol=1e-8, atol=1e-9)
