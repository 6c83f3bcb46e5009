"""Inputs that arms set, as the parameters of courses: what holds when a course begins, and what changes in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.changes import Changes
from trialsim.protocol.model import Arm
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def with_inputs(setup: Setup, arms: Ints, parameters: Floats, changes: Changes | None) -> tuple[Floats, Changes | None]:
    """Return the parameters of rows, and their changes, with the inputs that their arms [R] set.

    `parameters` [R, P] and `changes` hold the inputs' defaults. A patient's other parameters stay what they are at
    any moment, so that one who changes on an occasion and by an arm's step has both.
    """
    if not any(arm.sets for arm in setup.protocol.arms):
        return parameters, changes
    columns = np.array([setup.model.parameters.index(each.name) for each in setup.cohort.inputs])
    times, values = _steps(setup)
    first = parameters.copy()
    first[:, columns] = values[arms, 0]
    base = changes if changes is not None else _none(parameters)
    counts = np.array([row.size for row in times])
    if changes is None and not counts.any():
        return first, None
    owner = np.concatenate([_owners(base.offsets), np.repeat(np.arange(arms.size), counts[arms])])
    when = np.concatenate([base.time, _each(times, arms)])
    is_step = np.arange(owner.size) >= base.time.size
    row = np.concatenate([base.row, np.zeros(owner.size - base.time.size, dtype=np.int64)])
    # At one instant the arm's step comes last: it sees what the patient has become.
    order = np.lexsort((is_step, when, owner))
    owner, when, is_step, row = owner[order], when[order], is_step[order], row[order]
    offsets = np.searchsorted(owner, np.arange(arms.size + 1))
    own = parameters[owner]
    changed = _latest(~is_step, offsets, owner)
    own[changed >= 0] = base.rows[row[changed[changed >= 0]]]
    passed = np.cumsum(is_step)
    before = np.concatenate(([0], passed))[offsets[owner]]
    own[:, columns] = values[arms[owner], passed - before]
    return first, Changes(offsets=offsets, time=when, row=np.arange(owner.size), rows=own)


def input_values(setup: Setup, arm: Arm, days: Floats) -> dict[str, Floats]:
    """Return the value of every input on each of many days under an arm, in declared units."""
    made = {each.name: np.full(days.shape, each.default) for each in setup.cohort.inputs}
    for setting in arm.sets:
        values = np.array([made[setting.input].flat[0], *(value for _, value in setting.steps)])
        at = np.searchsorted(np.array([day for day, _ in setting.steps]), days, side="right")
        made[setting.input] = values[at]
    return made


def values_of_arm(setup: Setup, arm: Arm, day: float) -> dict[str, float]:
    """Return the value of every input on a day under an arm, in declared units."""
    found = {each.name: each.default for each in setup.cohort.inputs}
    for setting in arm.sets:
        for at, value in setting.steps:
            if at <= day:
                found[setting.input] = value
    return found


def step_days(arm: Arm) -> list[float]:
    """Return the days on which an arm sets anything, ascending."""
    return sorted({day for setting in arm.sets for day, _ in setting.steps})


def _steps(setup: Setup) -> tuple[list[Floats], Floats]:
    """Return each arm's model times of steps within courses, and values [A, steps + 1, inputs] from each on."""
    clock, arms = setup.calendar.clock, setup.protocol.arms
    begin = -clock.shift_days
    days = [[day for day in step_days(arm) if day > begin] for arm in arms]
    values = np.zeros((len(arms), 1 + max(map(len, days)), len(setup.cohort.inputs)))
    for a, arm in enumerate(arms):
        for k, day in enumerate([begin, *days[a]]):
            values[a, k] = list(values_of_arm(setup, arm, day).values())
    return [clock.model_times(np.array(own, dtype=np.float64)) for own in days], values


def _each(times: list[Floats], arms: Ints) -> Floats:
    """Return the times of each row's arm, one row after the other."""
    sizes = np.array([own.size for own in times])
    starts, counts = np.cumsum(sizes) - sizes, sizes[arms]
    before = np.cumsum(counts) - counts
    found: Floats = np.concatenate(times)[np.arange(int(counts.sum())) + np.repeat(starts[arms] - before, counts)]
    return found


def _none(parameters: Floats) -> Changes:
    nothing = np.zeros(0, dtype=np.int64)
    return Changes(
        offsets=np.zeros(len(parameters) + 1, dtype=np.int64), time=np.zeros(0), row=nothing, rows=parameters[:0]
    )


def _owners(offsets: Ints) -> Ints:
    return np.repeat(np.arange(offsets.size - 1), np.diff(offsets))


def _latest(flags: NDArray[np.bool_], offsets: Ints, owner: Ints) -> Ints:
    """Return the position of the last flagged entry of the same owner up to each entry, -1 if there is none."""
    at = np.maximum.accumulate(np.where(flags, np.arange(flags.size), -1))
    return np.where(at >= offsets[owner], at, -1)
