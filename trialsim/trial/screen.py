"""What screening measures: the undosed course up to the screening visit, read with the instrument's error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.draws import TypicalValues
from trialsim.cohort.patients import Candidates
from trialsim.dynamics.courses import Courses, Luck, courses
from trialsim.dynamics.doses import no_doses
from trialsim.dynamics.stiff_system import Solver
from trialsim.dynamics.tier import with_second_tries
from trialsim.foundation.expression import names_of
from trialsim.trial.observe import as_measured, measurement_luck, visit_days
from trialsim.trial.own_parameters import changes_of, own_parameters
from trialsim.trial.setup import Setup
from trialsim.trial.summaries import NO_ARM, scores_at, sd_of, sd_values, valued
from trialsim.trial.treat import hazard_keys

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def screened_measures(
    setup: Setup, typical: TypicalValues, trials: Ints, rows: Ints, patients: Ints, drawn: Candidates
) -> tuple[dict[str, Floats], Ints]:
    """Return the measured values [n] that eligibility asks about, and the status of each course (0 = computed).

    The course runs without doses or events to the day on which the candidate's screening visit falls.
    """
    calendar, screening = setup.calendar, setup.protocol.screening
    assert screening is not None, "the reader refuses a measure in `eligible` without a screening visit"
    asked = {name for condition in setup.entry_measured for name in names_of(condition)}
    wanted = sorted(asked & set(calendar.measures))
    readings = [calendar.first_reading(name, screening) for name in wanted]
    visit = next(visit for visit in calendar.visits if visit.name == screening)
    day = visit_days(visit, setup.world.seed, trials, patients)
    after = np.array([calendar.moments[calendar.readings[i].moment].after_dose for i in readings])
    moments, column = np.unique(after, return_inverse=True)
    times = calendar.clock.model_times(day[:, None] + moments)
    keys = tuple(hazard_keys(setup))
    parameters, changes = own_parameters(setup, typical, drawn, trials, rows, patients)

    def run(solver: Solver, at: Ints) -> Courses:
        return courses(
            setup.model,
            parameters[at],
            no_doses(at.shape[0]),
            times[at],
            np.full((at.shape[0], len(setup.model.hazards)), np.inf),
            False,
            False,
            times[at, -1],
            solver=solver,
            changes=changes_of(changes, at),
            luck=Luck(seed=setup.world.seed, trial=trials[at], patient=patients[at], events=keys),
        )

    course = run(setup.solver, np.arange(trials.shape[0]))
    if setup.is_adaptive:
        course, _ = with_second_tries(course, setup.solver, run)
    seen, status = {}, course.status.astype(np.int64)
    for name, i, at in zip(wanted, readings, column, strict=True):
        true = course.outputs[:, at, calendar.readings[i].output]
        luck = measurement_luck(setup, i, trials, patients)
        measure = setup.measures[calendar.readings[i].output]
        if measure.spread is not None:
            sd = np.zeros(trials.shape[0])
            if measure.spread.sd:
                columns = {**drawn.parameters, **drawn.covariates}
                sd = sd_values(setup, sd_of(setup, measure), i, NO_ARM, columns, trials.shape[0])
            true, fault = valued(measure.spread, true, sd, scores_at(setup, i, trials, patients))
            status = np.maximum(status, fault)
        seen[name] = as_measured(measure, true, luck, typical.additive[name][rows], typical.proportional[name][rows])[0]
    return seen, status
