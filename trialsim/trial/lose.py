"""Who is lost to follow-up, when, and for which reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import values
from trialsim.foundation.streams import exponentials
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.keys import loss_key
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HALF_A_SECOND = 0.5 / 86400.0  # days; visits and rules that calendars ask are on whole seconds


def loss_days(setup: Setup, patients: Enrolled, own_hazards: Floats) -> Floats:
    """Return the day each reason would take each patient [N, reasons], since randomisation, infinite if never.

    `own_hazards` [N, hazards] are the days of the model's hazards under the assigned arm. A reason at a constant
    rate λ takes the patient at threshold / λ, as the course would.
    """
    days = {name: own_hazards[:, len(setup.events) + i] for i, name in enumerate(setup.course_losses)}
    for name, hazard in setup.constant_losses:
        rate = np.zeros(patients.trials.shape) + values(hazard, {**patients.parameters, **patients.covariates})
        if np.any(rate < 0.0):
            first = int(np.flatnonzero(rate < 0.0)[0])
            raise TrialsimError(
                "negative-hazard",
                f"the hazard of {name} is negative for patient {patients.patients[first]} "
                f"of trial {patients.trials[first]}",
            )
        threshold = exponentials(setup.world.seed, loss_key(name), patients.trials, patients.patients)
        at_risk = rate > 0.0
        time = np.divide(threshold, rate, out=np.full(rate.shape, np.inf), where=at_risk)
        days[name] = time * setup.calendar.clock.hours_per_unit / 24.0
    # Rules' own events stand after the model's: a rule is one of an arm, and only those of the own arm are asked.
    first = len(setup.ends_course)
    for name in setup.ruling.leaving:
        own = [first + k for k, each in enumerate(setup.ruling.rules) if each.rule.name == name]
        days[name] = own_hazards[:, own].min(axis=1)
    columns = [days[name] for name in setup.losses]
    return np.column_stack(columns) if columns else np.empty((patients.trials.shape[0], 0))


def leaves_by_rule(setup: Setup, by_reason: Floats, lost_at: Floats) -> Flags:
    """Return who leaves by a rule [N]: after what is measured at that instant, which the rule may have seen."""
    by_rule = by_reason[:, len(setup.losses) - len(setup.ruling.leaving) :].min(axis=1, initial=np.inf)
    return np.asarray(np.isfinite(lost_at) & (by_rule == lost_at), dtype=np.bool_)


def ended_days(setup: Setup, own_hazards: Floats) -> Floats:
    """Return the day a terminal event of the cohort ends each patient's course [N], infinite if none does."""
    ends = np.flatnonzero(np.array(setup.ends_course, dtype=np.bool_))
    ended: Floats = own_hazards[:, ends].min(axis=1, initial=np.inf)
    return ended


def last_days(setup: Setup, moment_days: Floats) -> Floats:
    """Return the day on which each patient's follow-up ends as planned [N]."""
    last: Floats = moment_days.max(axis=1, initial=setup.protocol.followed_until)
    return last


def lost_days(by_reason: Floats, last: Floats) -> Floats:
    """Return the day each patient is lost [N], infinite for those still there at the end of their follow-up."""
    first = by_reason.min(axis=1, initial=np.inf)
    return np.where(first <= last, first, np.inf)
