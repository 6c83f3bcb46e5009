"""Values by summary assumptions: how far each patient is from the mean, or on which side of a probability."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.model import Measure, Spread
from trialsim.cohort.names import units_of
from trialsim.cohort.resolve_summaries import MOST_COUNTED, on_lines
from trialsim.cohort.time_scores import counts, time_scores
from trialsim.foundation.elementary import normal_cdf_array
from trialsim.foundation.expression import Expr, names_of, numeric, values
from trialsim.protocol.model import Arm
from trialsim.trial.arm_inputs import values_of_arm
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

IMPOSSIBLE, NO_COUNT = 13, 14  # of `courses.STATUS`
NO_ARM = Arm(name="", label="", dosing=())  # before randomisation


class Summaries:
    """The scores of a batch of patients at every reading of a measure that is a summary assumption.

    A score belongs to the patient and the planned time of a reading: it is the same under every arm, on whichever day
    of its window the visit falls.
    """

    def __init__(self, setup: Setup, patients: Enrolled) -> None:
        self.setup, self.patients = setup, patients
        self.spreads: dict[int, Spread] = {}
        self.sds: dict[int, Expr] = {}
        self._scores: dict[int, Floats] = {}
        for i, reading in enumerate(setup.calendar.readings):
            measure = setup.measures[reading.output]
            if measure.spread is None:
                continue
            self.spreads[i] = measure.spread
            if measure.spread.sd:
                self.sds[i] = sd_of(setup, measure)

    def scores(self, i: int) -> Floats:
        """Return the scores of all patients at a reading."""
        if i not in self._scores:
            self._scores[i] = scores_at(self.setup, i, self.patients.trials, self.patients.patients)
        return self._scores[i]

    def given_scores(self, rows: Ints, true: Floats, status: Ints) -> tuple[Floats, Ints]:
        """Return the values [readings, R] of rows (arm, patient), and their status [R].

        `true` are the means and probabilities, where there are any.
        """
        if not self.spreads:
            return true, status
        n = self.patients.trials.shape[0]
        found, status = true.copy(), status.copy()
        columns = {**self.patients.parameters, **self.patients.covariates}
        for i in self.spreads:
            for a, arm in enumerate(self.setup.protocol.arms):
                at = np.flatnonzero(rows // n == a)
                who = rows[at] % n
                own = {name: column[who] for name, column in columns.items()} if i in self.sds else {}
                sd = self.sd_under(i, arm, own, who.size)
                found[i, at], fault = valued(self.spreads[i], true[i, at], sd, self.scores(i)[who])
                status[at] = np.maximum(status[at], fault)
        return found, status

    def sd_under(self, i: int, arm: Arm, columns: dict[str, Floats], n: int) -> Floats:
        """Return the standard deviation of patients at the planned time of a reading under an arm."""
        if i not in self.sds:
            return np.zeros(n)
        return sd_values(self.setup, self.sds[i], i, arm, columns, n)


def scores_at(setup: Setup, reading: int, trials: Ints, patients: Ints) -> Floats:
    """Return the scores of patients [n] at the planned time of a reading."""
    what = setup.calendar.readings[reading]
    measure, day = setup.measures[what.output], setup.calendar.moments[what.moment].nominal
    assert measure.spread is not None
    return time_scores(measure.name, measure.spread.correlation, day, setup.world.seed, trials, patients)


def sd_of(setup: Setup, measure: Measure) -> Expr:
    """Return the standard deviation of a measure as pure numbers, in its unit."""
    assert measure.spread is not None
    return numeric(on_lines(measure.spread.sd), units_of(setup.cohort), measure.unit, setup.cohort.time)


def sd_values(setup: Setup, sd: Expr, reading: int, arm: Arm, columns: dict[str, Floats], n: int) -> Floats:
    day = setup.calendar.moments[setup.calendar.readings[reading].moment].nominal
    names = {name: columns[name] for name in names_of(sd) if name in columns}
    since = day * 24.0 / setup.calendar.clock.hours_per_unit
    given: dict[str, Floats | float] = {**names, **values_of_arm(setup, arm, day), "since(randomised)": since}
    return np.broadcast_to(np.asarray(values(sd, given), dtype=np.float64), (n,))


def valued(spread: Spread, true: Floats, sd: Floats, scores: Floats) -> tuple[Floats, Ints]:
    """Return the values [n] of means or probabilities, and a status: of what can be neither, there is no value."""
    if spread.kind == "count":
        wrong = (true < 0.0) | (true > MOST_COUNTED) | ~(sd >= 0.0)
        there = ~wrong & ~np.isnan(true)
        found = np.full(true.shape, np.nan)
        found[there] = counts(true[there], sd[there], normal_cdf_array(scores[there]))
        return found, np.where(wrong, NO_COUNT, 0).astype(np.int64)
    if spread.kind == "binary":
        wrong = (true < 0.0) | (true > 1.0)
        found = np.where(np.isnan(true), np.nan, (normal_cdf_array(scores) < true).astype(np.float64))
    else:
        wrong = ~(sd >= 0.0)
        found = true + sd * scores
    return np.where(wrong, np.nan, found), np.where(wrong, IMPOSSIBLE, 0).astype(np.int64)
