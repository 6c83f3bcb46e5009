"""What is measured where no course needs following: expressions of parameters, covariates, inputs and time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.expression import names_of, values
from trialsim.trial.arm_inputs import input_values
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def read_off(setup: Setup, patients: Enrolled, rows: Ints, days: Floats) -> tuple[Floats, Ints]:
    """Return the true values [readings, R] of rows (arm, patient) on the days [R, moments], and a status [R].

    A value that is not a number fails the patient, as it would in a course.
    """
    calendar, n = setup.calendar, patients.trials.shape[0]
    found = np.empty((len(calendar.readings), rows.size))
    quantities = dict(setup.model.quantities)
    for a in range(len(setup.protocol.arms) if calendar.readings else 0):
        at = np.flatnonzero(rows // n == a)
        who = rows[at] % n
        of_patients = {name: own[who] for name, own in {**patients.parameters, **patients.covariates}.items()}
        for i, reading in enumerate(calendar.readings):
            day = days[at, reading.moment]
            names = {**of_patients, **input_values(setup, setup.protocol.arms[a], day)}
            names["t"] = calendar.clock.model_times(day)
            for name, value in quantities.items():
                if names_of(value) <= names.keys():
                    names[name] = np.broadcast_to(np.asarray(values(value, names), dtype=np.float64), day.shape)
            found[i, at] = names[calendar.measures[reading.output]]
    status = np.where(np.isnan(found).any(axis=0), 3, 0).astype(np.int64)
    return found, status
