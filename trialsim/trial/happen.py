"""What happens to patients by the cohort's own events: each once, or again and again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.draws import TypicalValues
from trialsim.dynamics.courses import Courses, courses
from trialsim.dynamics.stiff_system import Solver
from trialsim.dynamics.tier import with_second_tries
from trialsim.trial.adhere import Intake
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.grid import sample_grid
from trialsim.trial.observe import moment_days
from trialsim.trial.setup import Setup
from trialsim.trial.treat import NOTHING, Run

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Happened:
    """Happenings of the cohort's events under the arms that patients are in, patient after patient, each in time."""

    who: Ints  # position among the patients
    event: Ints  # position among the setup's own events
    day: Floats  # since randomisation


def happened(
    setup: Setup, typical: TypicalValues, patients: Enrolled, intake: Intake, arms: Ints, event_days: Floats
) -> Happened:
    """Return what happened; `event_days` [N, events of the model] are the days on which each happened first.

    Only an event that recurs needs a ledger: the courses of those who had one are then computed again, with the same
    numbers, and what happened is written down.
    """
    first = len(setup.events) + len(setup.course_losses)
    who, event = np.nonzero(np.isfinite(event_days[:, first : len(setup.ends_course)]))
    day = event_days[who, first + event]
    recurrent = np.array([each.recurrent for each in setup.own_events], dtype=np.bool_)
    again = np.unique(who[recurrent[event]]) if recurrent.any() else np.zeros(0, dtype=np.int64)
    if again.size:
        once = ~recurrent[event]
        persons, events, days = [who[once]], [event[once]], [day[once]]
        course = _told(setup, typical, patients, intake, arms, again)
        for i in range(again.size):
            found = course.happening(i)
            which = np.isin(found.event, first + np.flatnonzero(recurrent))
            persons.append(np.full(int(which.sum()), again[i]))
            events.append(found.event[which] - first)
            days.append(setup.calendar.clock.days(found.event_time[which]))
        who, event, day = np.concatenate(persons), np.concatenate(events), np.concatenate(days)
    order = np.lexsort((event, day, who))
    return Happened(who=who[order], event=event[order], day=day[order])


def _told(setup: Setup, typical: TypicalValues, patients: Enrolled, intake: Intake, arms: Ints, at: Ints) -> Courses:
    days = moment_days(setup, patients.trials, patients.patients)
    run = Run(setup, typical, patients, intake, sample_grid(setup.calendar, days))
    rows = arms[at] * patients.trials.shape[0] + at

    def told(solver: Solver, which: Ints) -> Courses:
        asked = run.asked(rows[which], NOTHING)
        return courses(setup.model, **asked, solver=solver, told=np.ones(which.shape[0], dtype=np.bool_))

    found = told(setup.solver, np.arange(at.shape[0]))
    return with_second_tries(found, setup.solver, told)[0] if setup.is_adaptive else found
