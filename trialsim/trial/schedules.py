"""Doses as taken: each patient's own administrations under an arm, and the schedules that courses are computed from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.doses import PUMP, PUMP_OFF, Schedule
from trialsim.protocol.dosing_times import planned_days
from trialsim.trial.adhere import Intake
from trialsim.trial.amounts import line_amounts, line_rates
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.plan_doses import SECONDS_PER_DAY, ArmPlan, inlets_of
from trialsim.trial.setup import Setup

COLUMNS = ("time", "inlet", "amount", "duration", "rate", "kind", "interval", "check")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnDoses:
    """What n patients with one plan make of it; arrays [n, D]."""

    plan: ArmPlan
    rows: Ints  # [n] positions of the patients
    taken: Flags
    day: Floats  # when each is taken, or would be
    times: Floats  # how many planned doses it is: 1 or 2


def own_doses(setup: Setup, arm: int, intake: Intake, rows: Ints) -> Iterator[OwnDoses]:
    """Yield what the patients at `rows` would take under an arm: one item for each day of the week of day 0."""
    for i, plan in enumerate(setup.dosing.arms[arm]):
        here = rows if len(setup.dosing.arms[arm]) == 1 else rows[intake.weekday[rows] == i]
        taken = intake.taken[np.ix_(here, plan.slot)]
        taken[:, plan.is_certain] = True
        yield OwnDoses(
            plan=plan,
            rows=here,
            taken=taken,
            day=_days(plan, intake, here),
            times=_doubled(plan, intake, here, taken),
        )


def _days(plan: ArmPlan, intake: Intake, rows: Ints) -> Floats:
    if intake.shift is None:
        return np.broadcast_to(plan.day, (rows.shape[0], plan.n_doses))
    seconds = np.clip(intake.shift[np.ix_(rows, plan.slot)], -plan.early, plan.late)
    return (np.rint(plan.day * SECONDS_PER_DAY) + seconds) / SECONDS_PER_DAY


def _doubled(plan: ArmPlan, intake: Intake, rows: Ints, taken: Flags) -> Floats:
    """Return 2 for a dose that makes up for a missed one, else 1."""
    if intake.makes_up is None:
        return np.broadcast_to(1.0, taken.shape)
    missed_before = ~taken[:, plan.previous] & (plan.previous >= 0)
    return np.where(missed_before & intake.makes_up[np.ix_(rows, plan.slot)], 2.0, 1.0)


def schedule_under(setup: Setup, arm: int, intake: Intake, patients: Enrolled, n_lines: int = 1) -> Schedule:
    """Return what patients would take under an arm, in one line, or in `n_lines`: the arm's, then those of rules."""
    before_doses = setup.ruling.before_doses(arm)
    lines, clock = setup.protocol.arms[arm].dosing, setup.calendar.clock
    amounts = line_amounts(lines, setup.cohort, patients)
    rates = line_rates(lines, setup.cohort, patients) * clock.hours_per_unit
    durations = np.array([line.infusion for line in lines], dtype=np.float64) * 24.0 / clock.hours_per_unit
    n = patients.trials.shape[0]
    parts: list[dict[str, NDArray[Any]]] = []
    for own in own_doses(setup, arm, intake, np.arange(n)):
        plan = own.plan
        i, which = np.nonzero(own.taken[:, plan.given_dose])
        dose = plan.given_dose[which]
        who, line = own.rows[i], plan.line[dose]
        amount = amounts[line, who] * own.times[i, dose]
        parts.append(
            {
                "line": who if n_lines == 1 else who * n_lines + line,
                "time": clock.model_times(own.day[i, dose]),
                "inlet": plan.given_inlet[which],
                "amount": amount,
                "duration": durations[line],
                "rate": rates[line, who],
                "kind": plan.given_kind[which],
                "interval": plan.given_interval[which],
                "check": _checks(before_doses, line, dose),
            }
        )
    parts = [each for part in parts for each in _with_pumps(part, setup.ruling.pumped(arm), n_lines)]
    parts += _added(setup, arm, patients, n_lines)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in ("line", *COLUMNS)}
    # Ascending within a line; what is taken at one instant stays in the order of the plan.
    order = np.lexsort((columns["time"], columns["line"]))
    counts = np.bincount(columns["line"].astype(np.int64), minlength=n * n_lines)
    ordered = {name: columns[name][order] for name in COLUMNS}
    return _schedule(
        np.concatenate(([0], np.cumsum(counts))), ordered, n_lines, setup.ruling.dormant if n_lines > 1 else ()
    )


def _with_pumps(
    part: dict[str, NDArray[Any]], pumped: frozenset[int], n_lines: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield administrations, an infusion whose rate rules set as a pump that begins and one that ends."""
    if not pumped:
        yield part
        return
    runs = np.isin(part["line"] % n_lines, list(pumped))
    yield {name: column[~runs] for name, column in part.items()}
    own = {name: column[runs] for name, column in part.items()}
    n = own["line"].shape[0]
    by_rate = own["rate"] > 0.0
    lasts = np.where(by_rate, np.divide(own["amount"], own["rate"], out=np.zeros(n), where=by_rate), own["duration"])
    rate = np.where(by_rate, own["rate"], np.divide(own["amount"], lasts, out=np.zeros(n), where=lasts > 0.0))
    no = {"amount": np.zeros(n), "duration": np.zeros(n)}
    yield own | no | {"rate": rate, "kind": np.full(n, PUMP)}
    off = {"rate": np.zeros(n), "kind": np.full(n, PUMP_OFF), "check": np.zeros(n, dtype=np.int64)}
    yield own | no | off | {"time": own["time"] + lasts}


def _checks(before_doses: Mapping[int, int], line: Ints, dose: Ints) -> Ints:
    """Return one more than the rule asked before each administration: once a dose, whatever states it enters."""
    if not before_doses:
        return np.zeros(line.shape[0], dtype=np.int64)
    asked = np.array([before_doses.get(k, 0) for k in range(int(line.max(initial=0)) + 1)], dtype=np.int64)
    is_first = np.concatenate((np.ones(1, dtype=np.bool_), np.diff(dose) != 0))[: dose.shape[0]]
    return np.where(is_first, asked[line], 0)


def _added(setup: Setup, arm: int, patients: Enrolled, n_lines: int) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the doses that rules of an arm may add, line by line; their times count from the decision."""
    clock, n = setup.calendar.clock, patients.trials.shape[0]
    for added in setup.ruling.added:
        if added.arm != arm:
            continue
        amount = line_amounts((added.dosing,), setup.cohort, patients)[0]
        days = np.array(planned_days(added.dosing.when), dtype=np.float64)
        inlets = inlets_of(added.dosing, setup.model)
        hours = np.repeat(np.rint(days * SECONDS_PER_DAY) / 3600.0, len(inlets))
        each = hours.shape[0]
        no = np.zeros(n * each)
        yield {
            "line": np.repeat(np.arange(n) * n_lines + added.line, each),
            "time": np.tile(hours / clock.hours_per_unit, n),
            "inlet": np.tile(np.array(inlets, dtype=np.int64), n * days.shape[0]),
            "amount": np.repeat(amount, each),
            "duration": no + added.dosing.infusion * 24.0 / clock.hours_per_unit,
            "rate": no,
            "kind": no.astype(np.int64),
            "interval": no,
            "check": no.astype(np.int64),
        }


def schedule_of_rows(schedules: Sequence[Schedule], rows: Ints, n: int) -> Schedule:
    """Return the schedules of rows (arm, patient), arm after arm of n patients."""
    n_lines = schedules[0].n_lines
    lines = (rows[:, None] * n_lines + np.arange(n_lines)).reshape(-1)
    offsets = np.concatenate([schedule.offsets[:-1] + 0 for schedule in schedules])
    sizes = np.concatenate([np.diff(schedule.offsets) for schedule in schedules])
    totals = np.array([schedule.time.size for schedule in schedules])
    starts = offsets + np.repeat(np.cumsum(totals) - totals, n * n_lines)
    length = sizes[lines]
    ends = np.cumsum(length)
    pick = np.arange(int(length.sum())) + np.repeat(starts[lines] - (ends - length), length)
    columns = {name: np.concatenate([getattr(schedule, name) for schedule in schedules])[pick] for name in COLUMNS}
    return _schedule(np.concatenate(([0], ends)), columns, n_lines, schedules[0].dormant)


def _schedule(offsets: Ints, columns: dict[str, NDArray[Any]], n_lines: int, dormant: tuple[bool, ...]) -> Schedule:
    return Schedule(offsets=offsets, n_lines=n_lines, dormant=dormant, **columns)
