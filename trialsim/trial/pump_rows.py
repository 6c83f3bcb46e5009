"""What ran in at rates that rules set, in the table of doses: a row for every stretch at one rate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.doses import PUMP
from trialsim.trial.decided import Decided
from trialsim.trial.plan_doses import inlets_of
from trialsim.trial.schedules import OwnDoses
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]


def pump_rows(
    setup: Setup, arm: int, own: OwnDoses, told: Decided, stopped: Floats, planned: Columns
) -> Iterator[Columns]:
    """Yield the stretches of what runs in, having put the first of each into its planned dose's row.

    `stopped` [N] is the day on which an event of the patient ends what runs in, or the course.
    """
    lines = setup.protocol.arms[arm].dosing
    for line in sorted(setup.ruling.pumped(arm)):
        inlet = inlets_of(lines[line], setup.model)[0]
        for i, row in enumerate(own.rows.tolist()):
            dose = int(np.flatnonzero(own.plan.line == line)[0])
            here = i * own.plan.n_doses + dose
            ends = min(float(stopped[row]), float(own.day[i, dose] + planned["infusion"][here]))
            found = stretches(setup, told, row, inlet, ends)
            planned["taken"][here] = float(found.shape[0] > 0)
            if not found.shape[0]:
                continue
            planned["taken_time"][here], planned["infusion"][here] = found[0, 0], found[0, 1]
            planned["taken_amount"][here] = found[0, 2]
            later = found[1:]
            n = later.shape[0]
            yield {
                "who": np.full(n, float(row)),
                "line": np.full(n, line + 1.0),
                "position": np.full(n, planned["position"][here]),
                "planned_time": later[:, 0],
                "taken": np.ones(n),
                "taken_time": later[:, 0],
                "amount": later[:, 2],
                "taken_amount": later[:, 2],
                "infusion": later[:, 1],
            }


def stretches(setup: Setup, told: Decided, row: int, inlet: int, ends: float) -> Floats:
    """Return when a patient's pump ran at one rate above zero: [stretches, 3], day, days and amount."""
    clock, number = setup.calendar.clock, int(np.searchsorted(told.at, row))
    mine = told.doses_of(number)
    mine = mine[(mine[:, 7] == PUMP) & (mine[:, 3] == inlet)]
    # What was set last at an instant is what ran; a rate that was set again goes on.
    day, rate = clock.days(mine[:, 1]), mine[:, 6]
    last = np.append(day[1:] > day[:-1], np.ones(min(1, day.size), dtype=np.bool_))
    day, rate = day[last], rate[last]
    changed = np.append(np.ones(min(1, day.size), dtype=np.bool_), rate[1:] != rate[:-1])
    day, rate = day[changed], rate[changed]
    ended = np.minimum(np.append(day[1:], ends), ends) if day.size else day
    ran = (rate > 0.0) & (ended > day)
    lasts = ended[ran] - day[ran]
    return np.column_stack([day[ran], lasts, rate[ran] * lasts * 24.0 / clock.hours_per_unit])
