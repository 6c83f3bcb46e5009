"""What patients take and what becomes of them: courses under every arm, with events and without."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.closed_events import has_hazard
from trialsim.cohort.draws import TypicalValues
from trialsim.dynamics.courses import Courses, Luck, courses
from trialsim.dynamics.stiff_system import Solver
from trialsim.dynamics.tier import with_second_tries
from trialsim.foundation.streams import exponentials
from trialsim.trial.adhere import Intake
from trialsim.trial.arm_inputs import with_inputs
from trialsim.trial.closed import ClosedTimes
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.grid import Grid, sample_grid
from trialsim.trial.keys import event_key, loss_key, own_event_key
from trialsim.trial.own_parameters import changes_of, own_parameters
from trialsim.trial.schedules import schedule_of_rows, schedule_under
from trialsim.trial.setup import Setup
from trialsim.trial.sight import sight
from trialsim.trial.summaries import Summaries
from trialsim.trial.unfollowed import read_off

NOTHING: frozenset[str] = frozenset()

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """What happens to N patients under each of A arms, with certain events switched off."""

    nominal: Floats  # [readings, A, N] true values at the planned times; NaN where the course failed
    actual: Floats  # [readings, A, N] at the times of the patient's own visits
    event_days: Floats  # [A, N, events of the model] since randomisation, infinite if not by the last visit
    status: Ints  # [A, N] of the course, 0 = computed


def thresholds(setup: Setup, trials: Ints, patients: Ints) -> Floats:
    """Return the unit-exponential thresholds of every hazard, [N, hazards], in the model's order."""
    keys = hazard_keys(setup)
    columns = [exponentials(setup.world.seed, key, trials, patients) for key in keys]
    return np.column_stack(columns) if columns else np.empty((trials.shape[0], 0))


def hazard_keys(setup: Setup) -> list[int]:
    """Return the keys of every hazard of the model."""
    keys = [event_key(name) for name in setup.events] + [loss_key(name) for name in setup.course_losses]
    return keys + [own_event_key(event.name) for event in setup.followed_events if has_hazard(event)]


def outcomes(
    setup: Setup,
    typical: TypicalValues,
    patients: Enrolled,
    days: Floats,
    intake: Intake,
    worlds: Iterable[frozenset[str]],
) -> dict[frozenset[str], Outcomes]:
    """Return what happens under every arm, as it is (key: no event off) and in each world with some events off.

    `days` [N, moments] are the patients' own visits. Only who had an event that a world switches off is run
    again for it: everybody else's course is the same.
    """
    run = Run(setup, typical, patients, intake, sample_grid(setup.calendar, days))
    n = patients.trials.shape[0] * len(setup.protocol.arms)
    factual = _by_arm(run.outcomes(np.arange(n), NOTHING), len(setup.protocol.arms))
    out = {NOTHING: factual}
    for off in worlds:
        if off in out:
            continue
        hit = _had(setup, factual, off)
        rows = np.flatnonzero(hit.reshape(-1))
        out[off] = _with_rows(factual, run.outcomes(rows, off), rows) if rows.size else factual
    return out


def _had(setup: Setup, factual: Outcomes, events: frozenset[str]) -> Flags:
    """Return who had one of the events under which arm, [A, N]; a failed course is run again too."""
    columns = [setup.events.index(name) for name in sorted(events)]
    had = np.isfinite(factual.event_days[:, :, columns]).any(axis=2)
    return np.asarray(had | (factual.status != 0), dtype=np.bool_)


class Run:
    """Courses of rows (arm, patient), arm after arm, of one batch."""

    def __init__(self, setup: Setup, typical: TypicalValues, patients: Enrolled, intake: Intake, grid: Grid) -> None:
        self.setup, self.patients, self.grid = setup, patients, grid
        self.n = patients.trials.shape[0]
        self.follow_up = float(setup.calendar.clock.model_times(np.array([setup.protocol.followed_until]))[0])
        self.parameters, self.changes = own_parameters(
            setup, typical, patients.candidates, patients.trials, patients.rows, patients.patients
        )
        self.thresholds = thresholds(setup, patients.trials, patients.patients)
        self.closed = ClosedTimes(setup, patients)
        self.summaries = Summaries(setup, patients)
        arms, n_lines = range(len(setup.protocol.arms)), setup.ruling.n_lines
        self.schedules = [schedule_under(setup, arm, intake, patients, n_lines) for arm in arms]
        self.sight = sight(setup, typical, patients) if setup.ruling.rules else None

    def outcomes(self, rows: Ints, off: frozenset[str]) -> Outcomes:
        """Return the outcomes of rows as if of one arm with as many patients; who fails is tried again."""
        if not self.setup.has_course:
            return self._unfollowed(rows)
        solver = self.setup.solver
        first = courses(self.setup.model, **self.asked(rows, off), solver=solver)
        if not self.setup.is_adaptive:
            return self._read(first, rows)

        def again(other: Solver, at: Ints) -> Courses:
            return courses(self.setup.model, **self.asked(rows[at], off), solver=other)

        return self._read(with_second_tries(first, solver, again)[0], rows)

    def asked(self, rows: Ints, off: frozenset[str]) -> dict[str, Any]:
        """Return what `courses` is asked for rows, but for the model and the solver."""
        setup, who = self.setup, rows % self.n
        limits = self.thresholds[who]
        limits[:, [setup.events.index(name) for name in sorted(off)]] = np.inf
        parameters, changes = with_inputs(setup, rows // self.n, self.parameters[who], changes_of(self.changes, who))
        ends = np.array(setup.ends_course, dtype=np.bool_)[: len(setup.ends_course) - len(setup.closed)]
        stops = np.arange(ends.size) < len(setup.events)
        return {
            "params": parameters,
            "schedule": schedule_of_rows(self.schedules, rows, self.n),
            "sample_times": self.grid.times[who],
            "thresholds": limits,
            "stops_dosing": stops,
            "ends_course": ends,
            "horizon": self.horizon(rows),
            "changes": changes,
            "luck": Luck(
                seed=setup.world.seed,
                trial=self.patients.trials[who],
                patient=self.patients.patients[who],
                events=tuple(hazard_keys(setup)),
            ),
        } | self.seen_by_rules(rows)

    def seen_by_rules(self, rows: Ints) -> dict[str, Any]:
        """Return what `courses` is asked for the rules of rows; nothing where no arm has any."""
        if self.sight is None:
            return {}
        who = rows % self.n
        return {
            "watch": self.sight.watch(who, rows // self.n),
        }

    def last_days(self, rows: Ints) -> Floats:
        """Return the day since randomisation up to which rows (arm, patient) are looked at [R]."""
        return self.setup.calendar.clock.days(self.last_times(rows))

    def last_times(self, rows: Ints) -> Floats:
        """Return the model's time up to which rows are looked at [R]: the last sample, or the end of follow-up."""
        last: Floats = self.grid.times[rows % self.n, -1]
        return np.maximum(last, self.follow_up)

    def horizon(self, rows: Ints) -> Floats:
        """Return the model's time at which the courses of rows end [R]: the last, or that of an event known before."""
        last = self.last_times(rows)
        ends = [e for e, event in enumerate(self.setup.closed) if event.terminal]
        if not ends:
            return last
        clock = self.setup.calendar.clock
        known = self.closed.first_days(rows, self.last_days(rows))[0][:, ends].min(axis=1)
        known_at: Floats = (known + clock.shift_days) * 24.0 / clock.hours_per_unit
        return np.minimum(last, known_at)

    def _unfollowed(self, rows: Ints) -> Outcomes:
        """Return the outcomes of rows where there is no course: all in closed form."""
        days, status = self.closed.first_days(rows, self.last_days(rows))
        ends = [e for e, event in enumerate(self.setup.closed) if event.terminal]
        ended = days[:, ends].min(axis=1, initial=np.inf)
        true = []
        for at in (self.grid.nominal, self.grid.actual):
            on = self.setup.calendar.clock.days(np.take_along_axis(self.grid.times, at, axis=1))[rows % self.n]
            found, fault = read_off(self.setup, self.patients, rows, on)
            moments = [reading.moment for reading in self.setup.calendar.readings]
            true.append(np.where(ended < on[:, moments].T, np.nan, found))
            status = np.maximum(status, fault)
        for k in range(2):
            true[k], status = self.summaries.given_scores(rows, true[k], status)
        days[status > 0] = np.inf
        nominal, actual = (np.where(status > 0, np.nan, found) for found in true)
        return Outcomes(nominal=nominal[:, None], actual=actual[:, None], event_days=days[None], status=status[None])

    def _read(self, course: Courses, rows: Ints) -> Outcomes:
        """Return the readings of courses, missing where the course failed; and the days of all events."""
        calendar, who, every = self.setup.calendar, rows % self.n, np.arange(rows.shape[0])
        known, fault = self.closed.first_days(rows, self.last_days(rows))
        status = np.maximum(course.status.astype(np.int64), fault)
        failed = status != 0
        true = np.empty((2, len(calendar.readings), who.shape[0]))
        for i, reading in enumerate(calendar.readings):
            for k, positions in enumerate((self.grid.nominal, self.grid.actual)):
                true[k, i] = course.outputs[every, positions[who, reading.moment], reading.output]
        for k in range(2):
            true[k], status = self.summaries.given_scores(rows, true[k], status)
        failed = status != 0
        true[:, :, failed] = np.nan
        followed = calendar.clock.days(course.event_times)
        n_followed = len(self.setup.ends_course) - len(self.setup.closed)
        ends = np.flatnonzero(self.setup.ends_course[:n_followed])
        known[known > followed[:, ends].min(axis=1, initial=np.inf)[:, None]] = np.inf
        event_days = np.concatenate([followed[:, :n_followed], known, followed[:, n_followed:]], axis=1)
        event_days[failed] = np.inf
        return Outcomes(
            nominal=true[0][:, None], actual=true[1][:, None], event_days=event_days[None], status=status[None]
        )


def _by_arm(flat: Outcomes, n_arms: int) -> Outcomes:
    """Return the outcomes of all rows (arm, patient) with the arms as a dimension of their own."""
    readings, n, hazards = flat.nominal.shape[0], flat.status.size // n_arms, flat.event_days.shape[2]
    return Outcomes(
        nominal=flat.nominal.reshape(readings, n_arms, n),
        actual=flat.actual.reshape(readings, n_arms, n),
        event_days=flat.event_days.reshape(n_arms, n, hazards),
        status=flat.status.reshape(n_arms, n),
    )


def _with_rows(base: Outcomes, new: Outcomes, rows: Ints) -> Outcomes:
    """Return the outcomes with some rows (arm, patient) replaced."""
    arm, who = rows // base.status.shape[1], rows % base.status.shape[1]
    nominal, actual = base.nominal.copy(), base.actual.copy()
    event_days, status = base.event_days.copy(), base.status.copy()
    nominal[:, arm, who], actual[:, arm, who] = new.nominal[:, 0], new.actual[:, 0]
    event_days[arm, who], status[arm, who] = new.event_days[0], new.status[0]
    return Outcomes(nominal=nominal, actual=actual, event_days=event_days, status=status)
