"""Events in closed form: on which day each happens to each patient under an arm, without any course."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.closed_events import ClosedEvent
from trialsim.dynamics.event_times import event_times, piecewise_event_times
from trialsim.foundation.expression import Expr, names_of, values
from trialsim.foundation.streams import exponentials
from trialsim.protocol.model import Arm
from trialsim.trial.arm_inputs import step_days, values_of_arm
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.keys import own_event_key
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_HAPPENINGS = 10_000  # of an event that recurs, to one patient
TOO_OFTEN = 12  # of `courses.STATUS`


class ClosedTimes:
    """When the events of a batch that need no course happen."""

    def __init__(self, setup: Setup, patients: Enrolled) -> None:
        self.setup, self.patients = setup, patients
        self.n = patients.trials.shape[0]
        self.luck = [self.thresholds(event, np.arange(self.n), 0) for event in setup.closed]

    def thresholds(self, event: ClosedEvent, who: Ints, number: int) -> Floats:
        """Return the standard exponential numbers of the n-th happening, from 0 on: those of a course."""
        trials, patients = self.patients.trials[who], self.patients.patients[who]
        return exponentials(self.setup.world.seed, own_event_key(event.name), trials, patients, number)

    def first_days(self, rows: Ints, last_days: Floats) -> tuple[Floats, Ints]:
        """Return the day of each event [R, events] since randomisation, and a status [R] as of a course.

        Rows are (arm, patient). It is infinite after `last_days` [R], or after an event that ends the course.
        """
        days = np.full((rows.size, len(self.setup.closed)), np.inf)
        status = np.zeros(rows.size, dtype=np.int64)
        arms, who = rows // self.n, rows % self.n
        for a in range(len(self.setup.protocol.arms)):
            at = np.flatnonzero(arms == a)
            for e, event in enumerate(self.setup.closed if at.size else ()):
                found, fault = self.days(event, a, who[at], self.luck[e][who[at]])
                if event.recurrent:
                    budget = np.full(at.size, float(MOST_HAPPENINGS))
                    too_often = self.days(event, a, who[at], budget)[0] <= last_days[at]
                    fault = np.where(too_often & (fault == 0), TOO_OFTEN, fault)
                days[at, e] = found
                status[at] = np.maximum(status[at], fault)
        ends = np.array([event.terminal for event in self.setup.closed], dtype=np.bool_)
        over = np.minimum(last_days, days[:, ends].min(axis=1, initial=np.inf))
        days[days > over[:, None]] = np.inf
        days[status > 0] = np.inf
        return days, status

    def happenings(self, event: ClosedEvent, arm: int, who: Ints, last_days: Floats) -> tuple[Ints, Floats]:
        """Return every happening of an event that recurs, up to and on `last_days` [n]: to whom, on which day.

        The n-th comes where the cumulative hazard reaches the sum of the first n standard exponential numbers.
        """
        persons, days = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
        total, number = np.zeros(who.size), 0
        while who.size and number < MOST_HAPPENINGS:
            total = total + self.thresholds(event, who, number)
            found = self.days(event, arm, who, total)[0]
            on = found <= last_days
            who, total, last_days = who[on], total[on], last_days[on]
            persons.append(who)
            days.append(found[on])
            number += 1
        return np.concatenate(persons), np.concatenate(days)

    def days(self, event: ClosedEvent, arm: int, who: Ints, thresholds: Floats) -> tuple[Floats, Ints]:
        """Return the days on which the cumulative hazard of patients under an arm reaches thresholds; and a status."""
        setup = self.setup
        of = setup.protocol.arms[arm]
        hours = setup.calendar.clock.hours_per_unit
        starts = sorted({*event.days, *(day for day in step_days(of) if day > 0.0)})
        held = [int(np.searchsorted(event.days, day, side="right")) - 1 for day in starts]
        factors = self.rows_of([event.factors[k] for k in held], of, starts, who)
        terms = [
            self.rows_of([event.terms[k][p] for k in held], of, starts, who) for p in range(len(event.terms[0]))
        ]
        since = np.array(starts) * 24.0 / hours
        if event.law == "piecewise":
            times, status = piecewise_event_times(since, terms[0] * factors, thresholds)
        else:
            times, status = event_times(event.law, since, terms, factors, thresholds)
        return times * hours / 24.0, status.astype(np.int64)

    def rows_of(self, exprs: Sequence[Expr], arm: Arm, days: Sequence[float], who: Ints) -> Floats:
        """Return the values [K, n] of expressions on so many days, for patients under an arm."""
        found = np.empty((len(exprs), who.size))
        for k, (expr, day) in enumerate(zip(exprs, days, strict=True)):
            wanted = names_of(expr)
            inputs = {name: value for name, value in values_of_arm(self.setup, arm, day).items() if name in wanted}
            of_patients = {**self.patients.parameters, **self.patients.covariates}
            columns = {name: of_patients[name][who] for name in wanted if name not in inputs}
            found[k] = values(expr, {**columns, **inputs})
        return found
