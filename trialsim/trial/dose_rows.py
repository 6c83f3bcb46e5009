"""The table of doses: every planned administration, when and how much of it was taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.protocol.dosing_model import Dosing
from trialsim.trial.amounts import line_amounts, line_rates
from trialsim.trial.batch import Batch, words
from trialsim.trial.decided import Decided
from trialsim.trial.dose_rows_under_rules import added_rows, cut_short, stops_by_rules, taken_under_rules
from trialsim.trial.pump_rows import pump_rows
from trialsim.trial.schedules import OwnDoses, own_doses
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def dose_rows(setup: Setup, batch: Batch, at: Ints, told: Decided) -> dict[str, Any]:
    """Return every planned dose of the assigned arm of the patients at `at`; one not taken, or stopped, says so.

    Where rules decide, `told` has what was taken; doses that they added come after the planned ones.
    """
    stopped = batch.own_events.min(axis=1, initial=np.inf)
    arms = setup.protocol.arms
    lines = [line for arm in arms for line in arm.dosing] + [added.dosing for added in setup.ruling.added]
    first_line = np.cumsum([0, *(len(arm.dosing) for arm in arms)])
    pieces = [_no_rows()]
    for k, arm in enumerate(arms):
        amounts, lengths = _amounts(setup, batch, arm.dosing)
        here = at[batch.arms[at] == k]
        decided = here[np.isin(here, told.at) & ~batch.own_failed[here]]
        for own in own_doses(setup, k, batch.intake, np.setdiff1d(here, decided)):
            planned = _rows(own, amounts, lengths, stopped, int(first_line[k]))
            pieces.append(cut_short(planned, stopped[planned["who"].astype(np.int64)]))
        for own in own_doses(setup, k, batch.intake, decided):
            planned = _rows(own, amounts, lengths, stopped, int(first_line[k]))
            planned |= taken_under_rules(setup, own, told)
            ends = np.minimum(stopped[planned["who"].astype(np.int64)], stops_by_rules(setup, own, told))
            pieces.append(cut_short(planned, ends))
            pieces += pump_rows(setup, k, own, told, np.minimum(stopped, batch.ended_at), pieces[-1])
        pieces.append(added_rows(setup, told, decided, int(first_line[-1])))
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    # Patient after patient as in the other tables: `at` ascends.
    order = np.argsort(columns["who"], kind="stable")
    columns = {name: column[order] for name, column in columns.items()}
    who, line = columns.pop("who").astype(np.int64), columns.pop("position").astype(np.int64)
    taken = columns["taken"].astype(np.bool_)
    return {
        "trial": batch.patients.trials[who].astype(np.int32),
        "patient": batch.patients.patients[who].astype(np.int32),
        "line": columns["line"].astype(np.int32),
        "drug": words([each.drug for each in lines], line),
        "route": words([each.route for each in lines], line),
        "planned_time": columns["planned_time"],
        "taken": taken,
        "taken_time": np.where(taken, columns["taken_time"], np.nan),
        "amount": columns["amount"],
        "taken_amount": np.where(taken, columns["taken_amount"], 0.0),
        "unit": words([each.unit.text for each in lines], line),
        "infusion": columns["infusion"],
    }


def _amounts(setup: Setup, batch: Batch, lines: tuple[Dosing, ...]) -> tuple[Floats, Floats]:
    """Return amounts [lines, N] and lengths of infusions in days, not a number where the model says how long."""
    amounts = line_amounts(lines, setup.cohort, batch.patients)
    rates = line_rates(lines, setup.cohort, batch.patients)
    lengths = np.empty_like(amounts)
    for i, line in enumerate(lines):
        own = line.infusion if line.rate is None else amounts[i] / rates[i] / 24.0
        lengths[i] = np.nan if line.is_modelled else own
    return amounts, lengths


def _rows(own: OwnDoses, amounts: Floats, lengths: Floats, stopped: Floats, first_line: int) -> dict[str, NDArray[Any]]:
    """Return the columns of patients with one plan, patient after patient."""
    plan, n = own.plan, own.rows.shape[0]
    who = np.repeat(own.rows, plan.n_doses)
    line, day = np.tile(plan.line, n), own.day.reshape(-1)
    return {
        "who": who.astype(np.float64),
        "line": line + 1.0,
        "position": line + float(first_line),
        "planned_time": np.tile(plan.day, n),
        "taken": (own.taken.reshape(-1) & (day < stopped[who])).astype(np.float64),
        "taken_time": day,
        "amount": amounts[line, who],
        "taken_amount": amounts[line, who] * own.times.reshape(-1),
        "infusion": lengths[line, who],
    }


def _no_rows() -> dict[str, NDArray[Any]]:
    names = ("who", "line", "position", "planned_time", "taken", "taken_time", "amount", "taken_amount", "infusion")
    return {name: np.zeros(0) for name in names}
