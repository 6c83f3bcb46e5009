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
from trialsim.trial.closed import ClosedTimes
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
    """Return what happened; `event_days` [N, events] are the days on which each happened first.

    Only an event that recurs needs more: of those who had one the course is computed again with a ledger, with the
    same numbers; or, where no course is needed, one happening after the other.
    """
    first = len(setup.events) + len(setup.course_losses)
    who, event = np.nonzero(np.isfinite(event_days[:, first : len(setup.ends_course)]))
    day = event_days[who, first + event]
    recurs = np.array([each.recurrent for each in setup.own_events], dtype=np.bool_)[event]
    is_closed = event >= len(setup.followed_events)
    parts = [(who[~recurs], event[~recurs], day[~recurs])]
    if (recurs & ~is_closed).any():
        parts.append(_followed(setup, typical, patients, intake, arms, np.unique(who[recurs & ~is_closed])))
    if (recurs & is_closed).any():
        ends = np.flatnonzero(np.array(setup.ends_course, dtype=np.bool_))
        ended = event_days[:, ends].min(axis=1, initial=np.inf)
        parts += [
            _closed(setup, patients, arms, who[recurs & (event == e)], int(e), ended)
            for e in np.unique(event[recurs & is_closed])
        ]
    who, event, day = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.lexsort((event, day, who))
    return Happened(who=who[order], event=event[order], day=day[order])


def _followed(
    setup: Setup, typical: TypicalValues, patients: Enrolled, intake: Intake, arms: Ints, again: Ints
) -> tuple[Ints, Ints, Floats]:
    """Return to whom of `again`, what and when it happened, of events that recur in the course."""
    first = len(setup.events) + len(setup.course_losses)
    recurrent = np.flatnonzero([event.recurrent for event in setup.followed_events])
    course = _told(setup, typical, patients, intake, arms, again)
    persons, events, days = [], [], []
    for i in range(again.size):
        found = course.happening(i)
        which = np.isin(found.event, first + recurrent)
        persons.append(np.full(int(which.sum()), again[i]))
        events.append(found.event[which] - first)
        days.append(setup.calendar.clock.days(found.event_time[which]))
    return np.concatenate(persons), np.concatenate(events), np.concatenate(days)


def _closed(
    setup: Setup, patients: Enrolled, arms: Ints, had: Ints, event: int, ended: Floats
) -> tuple[Ints, Ints, Floats]:
    """Return to whom of `had`, what and when it happened, of an event that recurs and needs no course."""
    times = sample_grid(setup.calendar, moment_days(setup, patients.trials, patients.patients)).times
    last = np.maximum(setup.calendar.clock.days(times[:, -1]), setup.protocol.followed_until)
    until = np.minimum(last, ended)
    closed, what = ClosedTimes(setup, patients), setup.closed[event - len(setup.followed_events)]
    told = [
        closed.happenings(what, int(arm), had[arms[had] == arm], until[had[arms[had] == arm]])
        for arm in np.unique(arms[had])
    ]
    who, day = (np.concatenate(each) for each in zip(*told, strict=True))
    return who, np.full(who.size, event), day


def _told(setup: Setup, typical: TypicalValues, patients: Enrolled, intake: Intake, arms: Ints, at: Ints) -> Courses:
    days = moment_days(setup, patients.trials, patients.patients)
    run = Run(setup, typical, patients, intake, sample_grid(setup.calendar, days))
    rows = arms[at] * patients.trials.shape[0] + at

    def told(solver: Solver, which: Ints) -> Courses:
        asked = run.asked(rows[which], NOTHING)
        return courses(setup.model, **asked, solver=solver, told=np.ones(which.shape[0], dtype=np.bool_))

    found = told(setup.solver, np.arange(at.shape[0]))
    return with_second_tries(found, setup.solver, told)[0] if setup.is_adaptive else found
