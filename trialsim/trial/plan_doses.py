"""Dosing plans: every arm's planned administrations as arrays, and the slots that arms share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.doses import DOSE, STEADY, STEADY_WITH
from trialsim.dynamics.model import CourseModel
from trialsim.protocol.dosing_model import DRAWN, Dosing
from trialsim.protocol.dosing_times import planned_days, weekdays_of
from trialsim.protocol.model import Arm, Protocol
from trialsim.trial.timetable import Clock

MINUTES_PER_DAY = 1440.0
SECONDS_PER_DAY = 86400
FARTHEST = 43200  # seconds that a dose without others of its line may be off

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


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
    previous: Ints  # position of the dose before it in its line, -1 for the first
    early: Ints  # by how many seconds it may be taken before its time, and after it:
    late: Ints  # less than half way to the next dose of its line
    is_certain: Flags  # taken, and on time, whatever the adherence: the dose that finds a steady state
    # What the model receives: a dose that enters two states is two administrations. Arrays [E].
    given_dose: Ints  # position among the doses above
    given_inlet: Ints
    given_kind: Ints  # as in a schedule
    given_interval: Floats  # of a steady state, in the model's time

    @property
    def n_doses(self) -> int:
        """Return how many doses are planned."""
        return int(self.day.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DosingPlan:
    """The plans of all arms in the protocol's order, and their slots.

    Where doses fall on days of the week, an arm has a plan for each day that a patient's day 0 may be.
    """

    slots: tuple[Slot, ...]
    weekdays: tuple[int, ...]  # that day 0 may be, 0 = Monday; one where nothing asks
    arms: tuple[tuple[ArmPlan, ...], ...]  # [arm][weekday]

    @property
    def n_lines(self) -> int:
        """Return the largest number of dosing lines that an arm uses, at least one."""
        used = [int(plan.line.max(initial=0)) + 1 for plans in self.arms for plan in plans]
        return max(used, default=1)


def dosing_plan(protocol: Protocol, model: CourseModel, clock: Clock) -> DosingPlan:
    """Return the planned doses of every arm of a protocol."""
    slots: dict[Slot, int] = {}
    weekdays = weekdays_asked(protocol)
    supervised = supervised_minutes(protocol)
    plans = tuple(
        tuple(_arm_plan(arm, weekday, slots, supervised, model, clock) for weekday in weekdays) for arm in protocol.arms
    )
    return DosingPlan(slots=tuple(slots), weekdays=weekdays, arms=plans)


def weekdays_asked(protocol: Protocol) -> tuple[int, ...]:
    """Return the days of the week that day 0 may be; one where no dose depends on it."""
    asking = [line.when for arm in protocol.arms for line in arm.dosing if line.when.days]
    drawn = [when for when in asking if when.day_0 == DRAWN]
    return weekdays_of((drawn or asking)[0]) if asking else (0,)


def supervised_minutes(protocol: Protocol) -> frozenset[int]:
    """Return the planned minutes of doses that are given at the site, on time.

    They are planned at the moment of a visit that cannot slip, or samples are timed from them.
    """
    timed = {name for item in protocol.assess if any(item.after_dose) for name in item.visits}
    at_site = [visit for visit in protocol.visits if visit.window == 0 or visit.name in timed]
    return frozenset(round(visit.at * MINUTES_PER_DAY) for visit in at_site)


def _arm_plan(
    arm: Arm, weekday: int, slots: dict[Slot, int], supervised: frozenset[int], model: CourseModel, clock: Clock
) -> ArmPlan:
    days = [np.array(planned_days(line.when, weekday), dtype=np.float64) for line in arm.dosing]
    lines = np.repeat(np.arange(len(days)), [len(d) for d in days]).astype(np.int64)
    first = np.concatenate([np.arange(len(d)) == 0 for d in days] + [np.zeros(0, dtype=np.bool_)])
    bounds = [_off_by(d) for d in days]
    early, late = (np.concatenate([np.zeros(0, dtype=np.int64), *(each[k] for each in bounds)]) for k in (0, 1))
    day = np.concatenate([np.zeros(0), *days])
    order = np.argsort(day, kind="stable")
    lines, day, first, early, late = lines[order], day[order], first[order], early[order], late[order]
    minutes = [round(at * MINUTES_PER_DAY) for at in day.tolist()]
    slot = [
        slots.setdefault(Slot(drug=arm.dosing[line].drug, minute=minute), len(slots))
        for line, minute in zip(lines.tolist(), minutes, strict=True)
    ]
    steady = np.array([line.is_steady for line in arm.dosing], dtype=np.bool_)
    begins = first & steady[lines] if len(arm.dosing) else first
    if begins.any():  # nothing is taken before a steady state: it would be replaced
        seconds = np.rint(day * SECONDS_PER_DAY).astype(np.int64)
        early = np.minimum(early, seconds - seconds[begins].max())
    fixed = begins | np.array([minute in supervised for minute in minutes], dtype=np.bool_)
    doors = [inlets_of(line, model) for line in arm.dosing]
    given = [(i, k) for i, line in enumerate(lines.tolist()) for k in doors[line]]
    dose = np.array([i for i, _ in given], dtype=np.int64)
    is_part = np.diff(dose, prepend=-1) == 0  # the second door of a dose, and those after it
    every = np.array([line.when.every or 0.0 for line in arm.dosing], dtype=np.float64)
    return ArmPlan(
        line=lines,
        slot=np.array(slot, dtype=np.int64),
        day=day,
        previous=_previous(lines),
        early=np.where(fixed, 0, early),
        late=np.where(fixed, 0, late),
        is_certain=begins,
        given_dose=dose,
        given_inlet=np.array([k for _, k in given], dtype=np.int64),
        given_kind=np.where(begins[dose], np.where(is_part, STEADY_WITH, STEADY), DOSE).astype(np.int64),
        given_interval=np.where(begins[dose], every[lines[dose]] if dose.size else 0.0, 0.0)
        * 24.0
        / clock.hours_per_unit,
    )


def inlets_of(line: Dosing, model: CourseModel) -> list[int]:
    """Return the positions of the doors through which a line's doses go."""
    return [k for k, inlet in enumerate(model.inlets) if (inlet.drug, inlet.route) == (line.drug, line.route)]


def _off_by(days: Floats) -> tuple[Ints, Ints]:
    """Return by how many seconds each dose of a line may be early and late, so that their order stays.

    Less than half way to the neighbour; where there is none on one side as much as on the other; never before day 0.
    """
    seconds = np.rint(days * SECONDS_PER_DAY).astype(np.int64)
    if seconds.size < 2:
        early = late = np.full(seconds.size, FARTHEST, dtype=np.int64)
    else:
        half = (np.diff(seconds) - 1) // 2
        early, late = np.concatenate((half[:1], half)), np.concatenate((half, half[-1:]))
    return np.minimum(early, seconds), late


def _previous(lines: Ints) -> Ints:
    """Return for each dose the position of the one before it in its line, -1 for the first."""
    last: dict[int, int] = {}
    previous = np.full(lines.shape[0], -1, dtype=np.int64)
    for i, line in enumerate(lines.tolist()):
        previous[i] = last.get(line, -1)
        last[line] = i
    return previous
