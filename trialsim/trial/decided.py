"""What rules decided and what was taken then: the ledgers of patients under the arm they are in."""

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
class Decided:
    """Decisions and doses of the patients at `at`, patient after patient; times are the model's."""

    at: Ints  # positions of patients, ascending
    decisions: Floats  # [D, 5 + signals]: position in `at`, time, rule, branch, level, values seen
    kept: Floats  # [D, numbers remembered by all rules]
    doses: Floats  # [E, 8]: position in `at`, time, line (-1: a rule, -2: a pump), inlet, amount, duration, rate, kind

    def decisions_about(self, number: int) -> Floats:
        """Return the decisions about the patient at that position in `at`."""
        lo, hi = np.searchsorted(self.decisions[:, 0], (number, number + 1))
        return self.decisions[lo:hi]

    def doses_of(self, number: int) -> Floats:
        """Return the doses of the patient at that position in `at`."""
        lo, hi = np.searchsorted(self.doses[:, 0], (number, number + 1))
        return self.doses[lo:hi]


def decided(setup: Setup, typical: TypicalValues, patients: Enrolled, intake: Intake, arms: Ints, at: Ints) -> Decided:
    """Return what the rules of their own arm decided about the patients at `at`; their courses are computed again.

    A course is the same whoever else is computed with it, so that these are the decisions of the courses reported.
    """
    ruling = setup.ruling
    n_signals, n_kept = len(ruling.signals), ruling.kept_before(len(ruling.rules))
    with_rules = at[np.isin(arms[at], [each.arm for each in ruling.rules])]
    decisions, kept, doses = [np.zeros((0, 5 + n_signals))], [np.zeros((0, n_kept))], [np.zeros((0, 8))]
    if with_rules.size:
        course = _told(setup, typical, patients, intake, arms[with_rules], with_rules)
        for i in np.flatnonzero(course.status == 0):
            happening = course.happening(int(i))
            decisions.append(np.insert(happening.decision, 0, i, axis=1))
            kept.append(happening.kept)
            doses.append(np.insert(happening.dose, 0, i, axis=1))
    return Decided(
        at=with_rules, decisions=np.concatenate(decisions), kept=np.concatenate(kept), doses=np.concatenate(doses)
    )


def _told(setup: Setup, typical: TypicalValues, patients: Enrolled, intake: Intake, arms: Ints, at: Ints) -> Courses:
    days = moment_days(setup, patients.trials, patients.patients)
    run = Run(setup, typical, patients, intake, sample_grid(setup.calendar, days))
    rows = arms * patients.trials.shape[0] + at

    def told(solver: Solver, which: Ints) -> Courses:
        told = np.ones(which.shape[0], dtype=np.bool_)
        return courses(setup.model, **run.asked(rows[which], NOTHING), solver=solver, told=told)

    course = told(setup.solver, np.arange(at.shape[0]))
    return with_second_tries(course, setup.solver, told)[0] if setup.is_adaptive else course
