"""Dosing plans: every arm's planned administrations as arrays, and the slots that arms share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.model import CourseModel
from trialsim.protocol.model import Arm, Dosing, Protocol
from trialsim.trial.timetable import Clock

MINUTES_PER_DAY = 1440.0
JUST_BEFORE = 1e-6  # days: a dose that falls on `until` but for rounding is not given

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A drug and a planned minute: what decides whether a dose is taken, in whichever arm and by whichever route."""

    drug: str
    minute: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmPlan:
    """One arm's planned doses, ascending in time, every array [D]."""

    line: Ints  # position among the arm's dosing lines
    slot: Ints  # position among the plan's slots
    day: Floats
    # What the model receives: a dose that enters two states is two administrations. Arrays [E].
    given_dose: Ints  # position among the doses above
    given_time: Floats  # the model's
    given_inlet: Ints
    given_amount: Floats  # in the unit of the state, per kg where given_per_weight
    given_per_weight: NDArray[np.bool_]
    given_duration: Floats  # in the model's time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DosingPlan:
    """The plans of all arms in the protocol's order, and their slots."""

    slots: tuple[Slot, ...]
    arms: tuple[ArmPlan, ...]


def dosing_plan(protocol: Protocol, model: CourseModel, clock: Clock) -> DosingPlan:
    """Return the planned doses of every arm of a protocol."""
    horizon = last_day(protocol)
    slots: dict[Slot, int] = {}
    plans = tuple(_arm_plan(arm, slots, model, clock, horizon) for arm in protocol.arms)
    return DosingPlan(slots=tuple(slots), arms=plans)


def last_day(protocol: Protocol) -> float:
    """Return the last day on which anything can be measured, since randomisation."""
    longest = {visit.name: 0.0 for visit in protocol.visits}
    for assessment in protocol.assess:
        for name in assessment.visits:
            longest[name] = max(longest[name], *assessment.after_dose)
    return max(visit.at + visit.window + longest[visit.name] for visit in protocol.visits)


def planned_days(line: Dosing, horizon: float) -> Floats:
    """Return the days of a dosing line: start, start + every, … strictly before `until` (or up to the horizon)."""
    if line.every is None:
        return np.array([line.start])
    end = line.until - JUST_BEFORE if line.until is not None else horizon + JUST_BEFORE
    count = max(0, int(np.ceil((end - line.start) / line.every)))
    return line.start + np.arange(count, dtype=np.float64) * line.every


def _arm_plan(arm: Arm, slots: dict[Slot, int], model: CourseModel, clock: Clock, horizon: float) -> ArmPlan:
    days = [planned_days(line, horizon) for line in arm.dosing]
    lines = np.repeat(np.arange(len(days)), [len(d) for d in days]).astype(np.int64)
    day = np.concatenate([np.zeros(0), *days])
    order = np.argsort(day, kind="stable")
    lines, day = lines[order], day[order]
    slot = np.empty(len(day), dtype=np.int64)
    given: list[tuple[int, int]] = []
    for i, (line_number, at) in enumerate(zip(lines, day, strict=True)):
        line = arm.dosing[line_number]
        minute = round(at * MINUTES_PER_DAY)
        slot[i] = slots.setdefault(Slot(drug=line.drug, minute=minute), len(slots))
        given += [
            (i, k) for k, inlet in enumerate(model.inlets) if (inlet.drug, inlet.route) == (line.drug, line.route)
        ]
    dose = np.array([i for i, _ in given], dtype=np.int64)
    dosing = [arm.dosing[lines[i]] for i in dose]
    infusion = np.array([line.infusion for line in dosing], dtype=np.float64)
    return ArmPlan(
        line=lines,
        slot=slot,
        day=day,
        given_dose=dose,
        given_time=clock.model_times(day[dose]),
        given_inlet=np.array([k for _, k in given], dtype=np.int64),
        given_amount=np.array([line.amount_value for line in dosing], dtype=np.float64),
        given_per_weight=np.array([line.per_weight for line in dosing], dtype=np.bool_),
        given_duration=infusion * 24.0 / clock.hours_per_unit,
    )
