"""What was taken where rules decide: the administrations told by courses, found again among the planned doses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.trial.decided import Decided
from trialsim.trial.schedules import OwnDoses
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def taken_under_rules(setup: Setup, own: OwnDoses, told: Decided) -> dict[str, NDArray[Any]]:
    """Return which planned doses were taken, when and how much, patient after patient: what rules left of them."""
    shape, clock = (own.rows.shape[0], own.plan.n_doses), setup.calendar.clock
    taken, time, amount = np.zeros(shape), np.full(shape, np.nan), np.zeros(shape)
    planned = clock.model_times(own.day)
    for i, row in enumerate(own.rows.tolist()):
        number = int(np.searchsorted(told.at, row))
        doses, decisions = told.doses_of(number), told.decisions_about(number)
        for line in range(setup.ruling.n_planned):
            mine = np.flatnonzero((own.plan.line == line) & own.taken[i])
            given = doses[doses[:, 2] == line]
            if not given.shape[0]:
                continue
            late = _late(setup, decisions, line, given[:, 1])
            here = mine[_nearest(planned[i, mine], given[:, 1] - late)]
            taken[i, here], time[i, here], amount[i, here] = 1.0, given[:, 1], given[:, 4]
    return {
        "taken": taken.reshape(-1),
        "taken_time": clock.days(time).reshape(-1),
        "taken_amount": amount.reshape(-1),
    }


def cut_short(rows: dict[str, NDArray[Any]], ends: Floats) -> dict[str, NDArray[Any]]:
    """Return rows of doses with infusions that were stopped as far as they ran; `ends` is the day of each row's stop.

    A stop ends what runs in after its lag, as what ran in began after its lag.
    """
    lasts, ran = rows["infusion"], ends - rows["taken_time"]
    is_cut = (rows["taken"] > 0) & (lasts > 0) & (ran < lasts)
    share = np.divide(ran, lasts, out=np.ones(lasts.shape), where=is_cut)
    return rows | {"taken_amount": rows["taken_amount"] * share, "infusion": np.where(is_cut, ran, lasts)}


def stops_by_rules(setup: Setup, own: OwnDoses, told: Decided) -> Floats:
    """Return the day on which a rule stopped the line of each planned dose, infinite if none did, patient by patient.
    """
    ends, rules = np.full((own.rows.shape[0], own.plan.n_doses), np.inf), setup.ruling.rules
    for i, row in enumerate(own.rows.tolist()):
        for decision in told.decisions_about(int(np.searchsorted(told.at, row))):
            each, branch = rules[int(decision[2])], int(decision[3])
            if branch >= 0 and any(act.kind == "stop dosing" for act in each.rule.steps[branch].acts):
                mine = np.isin(own.plan.line, each.lines)
                ends[i, mine] = np.minimum(ends[i, mine], setup.calendar.clock.days(decision[1]))
    return ends.reshape(-1)


def _late(setup: Setup, decisions: Floats, line: int, at: Floats) -> Floats:
    """Return by how much the doses of a line had been moved at each of these times, in the model's time."""
    late = np.zeros(at.shape[0])
    for row in decisions:
        each, branch = setup.ruling.rules[int(row[2])], int(row[3])
        if branch < 0 or line not in each.lines:
            continue
        moved = sum(act.delay for act in each.rule.steps[branch].acts if act.kind == "delay")
        late += np.where(at >= row[1], moved * 24.0 / setup.calendar.clock.hours_per_unit, 0.0)
    return late


def _nearest(ascending: Floats, wanted: Floats) -> Ints:
    """Return the positions of the nearest times, of which there is at least one."""
    above = np.clip(np.searchsorted(ascending, wanted), 1, max(1, ascending.shape[0] - 1))
    above = np.minimum(above, ascending.shape[0] - 1)
    below = np.maximum(above - 1, 0)
    nearest: Ints = np.where(wanted - ascending[below] <= ascending[above] - wanted, below, above)
    return nearest


def added_rows(setup: Setup, told: Decided, rows: Ints, first_position: int) -> dict[str, NDArray[Any]]:
    """Return the doses that rules added for patients at `rows`, as columns of the table of doses."""
    at = told.at[told.doses[:, 0].astype(np.int64)]
    here = np.isin(at, rows) & (told.doses[:, 2] >= setup.ruling.n_planned)
    who, doses = at[here], told.doses[here]
    # A dose that enters several states is told once for each.
    _, first = np.unique(np.column_stack([who, doses[:, 1], doses[:, 2]]), axis=0, return_index=True)
    who, doses = who[np.sort(first)], doses[np.sort(first)]
    line = doses[:, 2].astype(np.int64)
    added = line - setup.ruling.n_planned
    lengths = np.array([np.nan if a.dosing.is_modelled else a.dosing.infusion for a in setup.ruling.added])
    day = setup.calendar.clock.days(doses[:, 1])
    return {
        "who": who.astype(np.float64),
        "line": line + 1.0,
        "position": first_position + added.astype(np.float64),
        "planned_time": day,
        "taken": np.ones(day.shape[0]),
        "taken_time": day,
        "amount": doses[:, 4],
        "taken_amount": doses[:, 4],
        "infusion": lengths[added] if added.size else np.zeros(0),
    }
