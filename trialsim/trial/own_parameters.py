"""Each patient's own parameters: those a course begins with, and those that hold later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.course_model import input_columns, parameter_matrix
from trialsim.cohort.draws import TypicalValues
from trialsim.cohort.parameter_rows import parameter_rows
from trialsim.cohort.patients import Candidates
from trialsim.dynamics.changes import Changes
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def own_parameters(
    setup: Setup, typical: TypicalValues, people: Candidates, trials: Ints, rows: Ints, patients: Ints
) -> tuple[Floats, Changes | None]:
    """Return the parameters [N, P] with which courses begin, and their changes; None where nothing ever changes.

    `trials` and `patients` key the luck of each occasion, `rows` is the position of each one's trial in `typical`.
    """
    if not setup.cohort.changes_in_time:
        return parameter_matrix(setup.model, people, input_columns(setup.cohort, patients.shape[0])), None
    clock = setup.calendar.clock
    last = max(moment.nominal + moment.visit.window for moment in setup.calendar.moments)
    found = parameter_rows(
        setup.cohort,
        setup.model,
        typical,
        people,
        setup.world.seed,
        trials,
        rows,
        patients,
        -clock.shift_days,
        last,
        clock.model_times,
    )
    return found.first, Changes(offsets=found.offsets, time=found.time, row=found.row, rows=found.rows)


def changes_of(changes: Changes | None, who: Ints) -> Changes | None:
    """Return the changes of patients at some positions."""
    if changes is None:
        return None
    counts = np.diff(changes.offsets)[who]
    offsets = np.concatenate(([0], np.cumsum(counts)))
    pick = np.arange(int(offsets[-1])) + np.repeat(changes.offsets[who] - offsets[:-1], counts)
    return Changes(offsets=offsets, time=changes.time[pick], row=changes.row[pick], rows=changes.rows)
