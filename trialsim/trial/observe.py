"""What is seen: visits within their windows, missed and lost ones, and values as an instrument reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.draws import TypicalValues
from trialsim.cohort.model import Measure
from trialsim.foundation.streams import normals, uniforms
from trialsim.protocol.model import Visit
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.keys import measurement_key, missed_key, visit_time_key
from trialsim.trial.setup import Setup
from trialsim.trial.timetable import on_whole_seconds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def visit_days(visit: Visit, seed: int, trials: Ints, patients: Ints) -> Floats:
    """Return the day, since randomisation, on which each patient's visit falls: uniform in its window.

    A visit planned at or before randomisation is never after it, a later one never before.
    """
    if visit.window == 0.0:
        return np.full(trials.shape[0], visit.at)
    low, high = visit.at - visit.window, visit.at + visit.window
    if visit.at <= 0.0:
        high = min(high, 0.0)
    else:
        low = max(low, 0.0)
    share = uniforms(seed, visit_time_key(visit.name), trials, patients)
    return on_whole_seconds(low + share * (high - low))


def moment_days(setup: Setup, trials: Ints, patients: Ints) -> Floats:
    """Return the day on which each patient is measured at each moment, [N, moments]."""
    seed = setup.world.seed
    days = {visit.name: visit_days(visit, seed, trials, patients) for visit in setup.calendar.visits}
    columns = [days[moment.visit.name] + moment.after_dose for moment in setup.calendar.moments]
    return np.column_stack(columns) if columns else np.empty((trials.shape[0], 0))


def missed_visits(setup: Setup, trials: Ints, patients: Ints) -> Flags:
    """Return whether each patient misses the visit of each moment, [N, moments]; never one up to randomisation."""
    share = setup.protocol.conduct.missed_visits
    missed = np.zeros((trials.shape[0], len(setup.calendar.moments)), dtype=np.bool_)
    if share == 0.0:
        return missed
    for i, moment in enumerate(setup.calendar.moments):
        if moment.visit.at > 0.0:
            missed[:, i] = uniforms(setup.world.seed, missed_key(moment.visit.name), trials, patients) < share
    return missed


def measurement_luck(setup: Setup, reading: int, trials: Ints, patients: Ints) -> Floats:
    """Return each patient's standard normal error of a reading: the same under every arm and scenario."""
    what = setup.calendar.readings[reading]
    moment = setup.calendar.moments[what.moment]
    key = measurement_key(what.measure, moment.visit.name, moment.after_dose)
    return normals(setup.world.seed, key, trials, patients)


def as_measured(
    measure: Measure, true: Floats, luck: Floats, additive: Floats, proportional: Floats
) -> tuple[Floats, Flags]:
    """Return what the instrument reads, in the measure's unit, and whether that is below its lower limit.

    y = f + sqrt(a² + (b f)²) ε. A reading below the limit of quantification counts as half the limit
    (Beal 2001, J Pharmacokinet Pharmacodyn 28:481, method M5).
    """
    share = proportional * true
    value = true + np.sqrt(additive * additive + share * share) * luck
    if measure.lloq is None:
        return value, np.zeros(value.shape, dtype=np.bool_)
    below = value < measure.lloq
    return np.where(below, measure.lloq / 2.0, value), below


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observations:
    """What is seen of the assigned arm, [readings, N]; values are missing where `missed`, `lost` or failed."""

    actual_days: Floats
    true_values: Floats  # missing only where the course failed
    values: Floats
    below_lloq: Flags
    missed: Flags
    lost: Flags

    @property
    def seen(self) -> Flags:
        """Return whether there is a value."""
        return ~np.isnan(self.values)


def observations(
    setup: Setup, typical: TypicalValues, patients: Enrolled, days: Floats, true: Floats, luck: Floats, lost_at: Floats
) -> Observations:
    """Return what is seen at every reading; `true` and `luck` are [readings, N], `lost_at` the day of loss [N].

    Nothing is seen on or after the day a patient is lost; a visit after that is lost, not missed.
    """
    at_reading = np.array([reading.moment for reading in setup.calendar.readings], dtype=np.int64)
    actual = days.T[at_reading]
    lost = actual >= lost_at
    missed = missed_visits(setup, patients.trials, patients.patients).T[at_reading] & ~lost
    values, below = measured(setup, typical, patients, true, luck)
    unseen = missed | lost | np.isnan(true)
    return Observations(
        actual_days=actual,
        true_values=true,
        values=np.where(unseen, np.nan, values),
        below_lloq=below & ~unseen,
        missed=missed,
        lost=lost,
    )


def measured(
    setup: Setup, typical: TypicalValues, patients: Enrolled, true: Floats, luck: Floats
) -> tuple[Floats, Flags]:
    """Return the readings of true values [readings, …, N] and whether they are below the lower limit."""
    values, below = np.empty(true.shape), np.empty(true.shape, dtype=np.bool_)
    for i, reading in enumerate(setup.calendar.readings):
        additive = typical.additive[reading.measure][patients.rows]
        proportional = typical.proportional[reading.measure][patients.rows]
        values[i], below[i] = as_measured(setup.measures[reading.output], true[i], luck[i], additive, proportional)
    return values, below
