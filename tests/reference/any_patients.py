"""Any patient of the three whole models: strategies that hypothesis shrinks to the simplest one that differs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.reference.plain_doses import Dose
from tests.reference.plain_patient import Patient
from tests.reference.plain_rules import Reading
from trialsim.dynamics.doses import DOSE, PUMP, PUMP_OFF, RESET, RESET_AND_DOSE, STEADY, STEADY_ADDED, STEADY_WITH

Draw = Any
# Doses, samples, changes and checks may fall on one instant: the order there is part of what is tested.
HALVES = 36


def uneven(low: float, high: float) -> st.SearchStrategy[float]:
    """Return numbers that never meet by chance: events shall not fall on a dose by a rounding."""
    return st.integers(0, 999).map(lambda k: low + (high - low) * (k + 0.6180339887498949) / 1000.0)


def around(*typical: float) -> st.SearchStrategy[tuple[float, ...]]:
    """Return rows of parameters within a factor of two of typical ones."""
    return st.tuples(*(uneven(-0.7, 0.7).map(lambda x, at=at: at * math.exp(x)) for at in typical))


def instants(last: int = HALVES) -> st.SearchStrategy[float]:
    """Return times on a grid of halves."""
    return st.integers(0, last).map(lambda k: k / 2)


@st.composite
def doses(
    draw: Draw, inlets: Sequence[int], kinds: Sequence[int], most: int, chain: int | None = None
) -> tuple[Dose, ...]:
    """Return a line of dosing, ascending."""
    times = draw(st.lists(instants(), min_size=1, max_size=most))
    found = []
    for time in sorted(times):
        found.append(draw(dose(time, inlets, kinds, chain)))
        # A dose that enters two states finds one steady state.
        if found[-1].interval > 0.0 and draw(st.booleans()):
            part = draw(dose(time, inlets, (DOSE,), chain))
            found.append(replace(part, kind=STEADY_WITH, interval=found[-1].interval))
    return tuple(found)


@st.composite
def dose(draw: Draw, time: float, inlets: Sequence[int], kinds: Sequence[int], chain: int | None) -> Dose:
    """Return a dose of any kind by one of the inlets; a chain takes boluses only."""
    inlet, kind = draw(st.sampled_from(inlets)), draw(st.sampled_from(kinds))
    amount = draw(uneven(2.0, 120.0))
    if kind == STEADY and inlet == 1 and draw(st.booleans()):
        return Dose(time=time, inlet=inlet, rate=draw(uneven(0.5, 9.0)), kind=kind)
    form = "bolus" if inlet == chain else draw(st.sampled_from(("bolus", "duration", "rate")))
    duration = draw(uneven(0.2, 11.0)) if form == "duration" else 0.0
    rate = amount / draw(uneven(0.2, 11.0)) if form == "rate" else 0.0
    interval = draw(st.sampled_from((3.0, 6.0, 7.5))) if kind in (STEADY, STEADY_ADDED) else 0.0
    return Dose(time=time, inlet=inlet, amount=amount, duration=duration, rate=rate, kind=kind, interval=interval)


@st.composite
def looks(draw: Draw, horizon: float) -> dict[str, Any]:
    """Return samples on and off the grid, before and after what is due at the instant."""
    times = draw(st.lists(st.one_of(instants(), uneven(0.0, horizon)), min_size=4, max_size=8))
    pairs = sorted((time, draw(st.booleans())) for time in times if time < horizon)
    return {"samples": tuple(time for time, _ in pairs), "after": tuple(after for _, after in pairs),
            "horizon": horizon}


@st.composite
def changes(draw: Draw, row: tuple[float, ...], which: Sequence[int]) -> tuple[tuple[float, tuple[float, ...]], ...]:
    """Return up to two changes of some of the parameters."""
    found = []
    for time in sorted(draw(st.sets(instants(), max_size=2))):
        row = tuple(value * math.exp(draw(uneven(-0.5, 0.5))) if j in which else value for j, value in enumerate(row))
        found.append((time, row))
    return tuple(found)


ALL_KINDS = (DOSE, DOSE, DOSE, DOSE, RESET, RESET_AND_DOSE, STEADY, STEADY_ADDED)


@st.composite
def patients_with_doses_and_events(draw: Draw) -> Patient:
    """Return a patient of `whole_models.doses_and_events`."""
    row = draw(around(0.9, 5.0, 30.0, 0.8, 1.1, 2.5, 0.01, 0.06))
    return Patient(
        parameters=row, lines=(draw(doses((0, 1, 2, 3), ALL_KINDS, 5)), draw(doses((0, 1, 2), (DOSE,), 3))),
        changes=draw(changes(row, (0, 1, 3, 4))), **draw(looks(35.3)),
        thresholds=((draw(st.one_of(st.just(math.inf), uneven(0.05, 1.0))),), (draw(uneven(0.1, 2.0)),)),
        stops_dosing=(False, True), ends_course=(True, False))


@st.composite
def patients_with_tumours(draw: Draw) -> Patient:
    """Return a patient of `whole_models.tumour`; two changes at most, and none of the tumour's start."""
    row = draw(around(0.9, 6.0, 8.0, 2.3, 1.7, 0.06, 0.012, 400.0, 0.0005, 0.002, 0.6))
    return Patient(
        parameters=row, lines=(draw(doses((0, 1), (DOSE, DOSE, DOSE, RESET_AND_DOSE), 4, 0)),
                               draw(doses((1,), (DOSE, RESET), 2))),
        changes=draw(changes(row, (1, 3, 6, 10))), **draw(looks(30.3)),
        thresholds=((draw(st.one_of(st.just(math.inf), uneven(0.05, 1.0))),), (draw(uneven(0.1, 2.0)),)),
        stops_dosing=(False, False, True, False), ends_course=(True, False, False, False))


@st.composite
def patients_of_the_clinic(draw: Draw) -> Patient:
    """Return a patient of `whole_models.clinic`: doses every 1.5, most of them after a look at the neutrophils."""
    row = draw(around(9.0, 6.0, 1.2, 0.95, 2.0, 0.3, 0.4, 2.2, 3.0, 18.0, 40.0))
    main = tuple(Dose(time=1.5 * k, amount=row[9], check=int(draw(st.integers(0, 3)) > 0),
                      duration=draw(st.sampled_from((0.0, 0.7)))) for k in range(draw(st.integers(1, 9))))
    rescue = tuple(Dose(time=time, inlet=1, amount=draw(uneven(1.0, 20.0)))
                   for time in sorted(draw(st.sets(instants(8), max_size=2))))
    every = draw(st.sampled_from((1.0, 1.5, 2.0)))
    # A delay belongs to the signal: all patients of a call share it.
    readings = [Reading(signal=0, time=every * k) for k in range(draw(st.integers(0, 9)))]
    readings += [Reading(signal=1, time=time, delay=0.5) for time in sorted(draw(st.sets(instants(28), max_size=5)))]
    readings += [Reading(signal=2, time=0.75 * k, delay=0.25) for k in range(draw(st.integers(0, 20)))]
    starts = draw(instants(10))
    pump = (Dose(time=starts, inlet=2, rate=draw(uneven(0.2, 2.0)), kind=PUMP),
            Dose(time=starts + draw(st.integers(2, 20)) / 2, inlet=2, kind=PUMP_OFF))
    return Patient(
        parameters=row, lines=(main, rescue, pump), dormant=(False, True, False), **draw(looks(16.3)),
        checks=((), tuple(sorted(draw(st.sets(instants(30), max_size=5)))),
                draw(st.sampled_from(((math.inf,), ()))),
                tuple(sorted(draw(st.sets(instants(30), max_size=9))))), readings=tuple(readings),
        changes=draw(changes(row, (0, 6, 7))), stops_dosing=(False,), ends_course=(False,))
