"""The trial's calendar: visits, the moments at which something is measured, and the model's clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.model import Cohort
from trialsim.foundation.units import unit
from trialsim.protocol.model import Endpoint, Protocol, Visit
from trialsim.trial.keys import SECONDS_PER_DAY

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A visit and a time after its dose (days): when one or several measures are taken."""

    visit: Visit
    after_dose: float

    @property
    def nominal(self) -> float:
        """Return the planned day since randomisation."""
        return self.visit.at + self.after_dose


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measure at one moment: its position among the measures and moments, and its delay in days."""

    measure: str
    output: int
    moment: int
    known_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Days since randomisation to the model's time: 0 at the earliest moment, in the cohort's unit of time."""

    first_second: float  # since randomisation, zero or negative
    hours_per_unit: float

    @property
    def shift_days(self) -> float:
        """Return how many days the model starts before randomisation."""
        return -self.first_second / SECONDS_PER_DAY

    def model_times(self, days: Floats) -> Floats:
        """Return the model's times of days since randomisation, by way of whole seconds.

        The grid makes a sample at `week 4` and the eighty-fourth dose `every: 8 h` one instant, not two.
        """
        return (np.rint(days * SECONDS_PER_DAY) - self.first_second) / 3600.0 / self.hours_per_unit

    def days(self, model_times: Floats) -> Floats:
        """Return the days since randomisation of the model's times (infinity stays)."""
        return (model_times * self.hours_per_unit * 3600.0 + self.first_second) / SECONDS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Every visit, moment and reading of a protocol in its order, and the clock of the model."""

    visits: tuple[Visit, ...]
    moments: tuple[Moment, ...]
    measures: tuple[str, ...]  # the model's outputs
    readings: tuple[Reading, ...]
    clock: Clock

    def reading(self, measure: str, visit: str, after_dose: float) -> int:
        """Return the position of the reading of a measure at a visit, so long after its dose."""
        for i, reading in enumerate(self.readings):
            moment = self.moments[reading.moment]
            if (reading.measure, moment.visit.name) == (measure, visit) and moment.after_dose == after_dose:
                return i
        raise KeyError((measure, visit, after_dose))

    def first_reading(self, measure: str, visit: str) -> int:
        """Return the position of the earliest reading of a measure at a visit: the one before any dose."""
        at_visit = [
            (self.moments[reading.moment].after_dose, i)
            for i, reading in enumerate(self.readings)
            if reading.measure == measure and self.moments[reading.moment].visit.name == visit
        ]
        if not at_visit:
            raise KeyError((measure, visit))
        return min(at_visit)[1]

    def endpoint_readings(self, endpoint: Endpoint) -> tuple[int, int | None]:
        """Return the positions of an endpoint's reading and of its baseline (None where it has none)."""
        at = self.reading(endpoint.measure, endpoint.at, endpoint.after_dose)
        baseline = None if endpoint.baseline is None else self.first_reading(endpoint.measure, endpoint.baseline)
        return at, baseline


def timetable(protocol: Protocol, cohort: Cohort) -> Timetable:
    """Return the calendar of a protocol on the clock of a cohort."""
    moments: list[Moment] = []
    readings: list[Reading] = []
    measures = tuple(dict.fromkeys(assessment.measure for assessment in protocol.assess))
    for assessment in protocol.assess:
        for name in assessment.visits:
            for after_dose in assessment.after_dose:
                moment = Moment(visit=protocol.visit(name), after_dose=after_dose)
                if moment not in moments:
                    moments.append(moment)
                readings.append(
                    Reading(
                        measure=assessment.measure,
                        output=measures.index(assessment.measure),
                        moment=moments.index(moment),
                        known_after=assessment.known_after,
                    )
                )
    return Timetable(
        visits=protocol.visits,
        moments=tuple(moments),
        measures=measures,
        readings=tuple(readings),
        clock=_clock(protocol, cohort),
    )


def _clock(protocol: Protocol, cohort: Cohort) -> Clock:
    """Return the clock that starts at the earliest visit or dose, or at randomisation if that is earlier."""
    earliest = [visit.at - visit.window for visit in protocol.visits]
    earliest += [line.start for arm in protocol.arms for line in arm.dosing]
    return Clock(
        first_second=float(np.rint(min(0.0, *earliest) * SECONDS_PER_DAY)),
        hours_per_unit=cohort.time.factor / unit("h").factor,
    )


def on_whole_seconds(days: Floats) -> Floats:
    """Return days moved to the nearest whole second."""
    return np.rint(days * SECONDS_PER_DAY) / SECONDS_PER_DAY
