"""Parameters that change within a course: on each occasion, and with covariates that step or move in lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.course_model import CHANGE, input_columns
from trialsim.cohort.covariates import correlated_scores
from trialsim.cohort.draws import TypicalValues
from trialsim.cohort.model import Cohort, Trajectory
from trialsim.cohort.patients import Candidates, covariate_factor, shifted_by, varied
from trialsim.dynamics.model import CourseModel
from trialsim.foundation.streams import label, normals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParameterRows:
    """The parameters N patients begin with, and those that hold later.

    `first` is [N, P]. Patient i's changes are `offsets[i]` to `offsets[i + 1]`, ascending: at `time` (the model's) the
    parameters become `rows[row]`.
    """

    first: Floats
    offsets: Integers
    time: Floats
    row: Integers
    rows: Floats


def parameter_rows(
    cohort: Cohort,
    model: CourseModel,
    typical: TypicalValues,
    people: Candidates,
    seed: int,
    trials: Integers,
    rows: Integers,
    patients: Integers,
    first_day: float,
    last_day: float,
    model_times: Callable[[Floats], Floats],
) -> ParameterRows:
    """Return the parameters of people within their courses, in the columns of the model.

    `trials` and `patients` key the luck of each, `rows` is the position of its trial in `typical`. Courses begin on
    `first_day`, changes after `last_day` are left out; both are days since randomisation, which `model_times` turns
    into the model's. Occasions are numbered from randomisation, so that an earlier beginning moves nobody's luck.
    """
    trials, rows, patients = (np.asarray(a, dtype=np.int64) for a in (trials, rows, patients))
    n, days = len(rows), changing_days(cohort, first_day, last_day)
    varying = [p.name for p in cohort.parameters if p.between_patients is not None]
    scores = correlated_scores("individual", varying, cohort.random_effect_correlation, seed, trials, patients)
    times = model_times(np.array([first_day, *days]))
    blocks: list[Floats] = []
    for k, day in enumerate([first_day, *days]):
        columns = covariates_at(cohort, people.covariates, day, model_times)
        shifts = occasion_shifts(cohort, typical, seed, trials, rows, patients, day)
        columns |= individual_parameters(cohort, typical, columns, scores, shifts, rows)
        columns |= input_columns(cohort, n)
        columns[CHANGE] = np.full(n, float(k))
        blocks.append(np.column_stack([columns[name] for name in model.parameters]))
    later = np.arange(len(days), dtype=np.int64)
    return ParameterRows(
        first=np.ascontiguousarray(blocks[0]),
        offsets=np.arange(n + 1, dtype=np.int64) * len(days),
        time=np.tile(times[1:], n),
        row=(later[None, :] * n + np.arange(n, dtype=np.int64)[:, None]).reshape(-1),
        rows=np.concatenate([np.empty((0, len(model.parameters))), *blocks[1:]]),
    )


def changing_days(cohort: Cohort, first_day: float, last_day: float) -> list[float]:
    """Return the days since randomisation, after the first and up to the last, on which something changes."""
    days: set[float] = set()
    for covariate in cohort.covariates:
        if covariate.over_time is not None:
            days |= set(knots(covariate.over_time))
    if cohort.occasion_days is not None:
        first = occasion_at(cohort.occasion_days, first_day)
        last = occasion_at(cohort.occasion_days, last_day)
        days |= {k * cohort.occasion_days for k in range(first + 1, last + 1)}
    return sorted(day for day in days if first_day < day <= last_day)


def knots(trajectory: Trajectory) -> list[float]:
    """Return the days on which a trajectory changes its value or its slope."""
    if not trajectory.points:
        return [0.0, trajectory.until]
    days = [day for day, _ in trajectory.points]
    return [0.0, *days] if trajectory.is_line else days


def occasion_at(length: float, day: float) -> int:
    """Return the number of the occasion that holds on a day: 0 from randomisation on, -1 before it.

    >>> [occasion_at(7.0, day) for day in (-0.5, 0.0, 6.9, 7.0)]
    [-1, 0, 0, 1]
    """
    number = int(day // length)
    while (number + 1) * length <= day:
        number += 1
    while number * length > day:
        number -= 1
    return number


def occasion_key(number: int) -> int:
    """Return the whole number, not negative, that keys the luck of an occasion: 0, 2, 4 … from randomisation on."""
    return 2 * number if number >= 0 else -2 * number - 1


def occasion_shifts(
    cohort: Cohort, typical: TypicalValues, seed: int, trials: Integers, rows: Integers, patients: Integers, day: float
) -> dict[str, Floats]:
    """Return the random effects [n] of the occasion of a day, by parameter, on the scale of the parameter."""
    varying = [p.name for p in cohort.parameters if p.between_occasions is not None]
    if not varying:
        return {}
    assert cohort.occasion_days is not None
    key = occasion_key(occasion_at(cohort.occasion_days, day))
    return {
        name: typical.between_occasions_sd[name][rows]
        * normals(seed, label("occasion", name), trials, patients, np.full_like(patients, key))
        for name in varying
    }


def individual_parameters(
    cohort: Cohort,
    typical: TypicalValues,
    covariates: Mapping[str, Floats],
    scores: Mapping[str, Floats],
    occasions: Mapping[str, Floats],
    rows: Integers,
) -> dict[str, Floats]:
    """Return every parameter [n] at given covariates: typical value, effects, the patient, the occasion."""
    made: dict[str, Floats] = {}
    for parameter in cohort.parameters:
        name = parameter.name
        value = typical.parameters[name][rows] * covariate_factor(parameter, typical, covariates, rows)
        if name in scores:
            value = varied(parameter, value, typical.between_patients_sd[name][rows], scores[name])
        if parameter.between_occasions is not None:
            value = shifted_by(parameter, parameter.between_occasions, value, occasions[name])
        made[name] = value
    return made


def covariates_at(
    cohort: Cohort, drawn: Mapping[str, Floats], day: float, model_times: Callable[[Floats], Floats]
) -> dict[str, Floats]:
    """Return every covariate [n] on a day, with the slope and the time of those that move on in a line."""
    columns = dict(drawn)
    for covariate in cohort.covariates:
        trajectory, value = covariate.over_time, drawn[covariate.name]
        if trajectory is None:
            continue
        if not trajectory.is_line:
            columns[covariate.name] = value * held(trajectory, day)
            continue
        here, per_day = on_the_line(trajectory, value, day)
        since, later = model_times(np.array([day, day + 1.0]))
        columns[covariate.name] = here
        columns[f"_slope_{covariate.name}"] = per_day / (later - since)
        columns[f"_since_{covariate.name}"] = np.full(len(value), since)
    return columns


def held(trajectory: Trajectory, day: float) -> float:
    """Return the factor that holds on a day."""
    factors = [1.0, *(factor for at, factor in trajectory.points if at <= day)]
    return factors[-1]


def on_the_line(trajectory: Trajectory, value: Floats, day: float) -> tuple[Floats, Floats]:
    """Return the value [n] on a day, in the covariate's unit, and its change per day from then on."""
    if not trajectory.points:
        elapsed = min(max(day, 0.0), trajectory.until)
        goes_on = 0.0 <= day < trajectory.until
        return value + trajectory.trend * elapsed, np.full(len(value), trajectory.trend if goes_on else 0.0)
    points = ((0.0, 1.0), *trajectory.points)
    if day < 0.0:
        return value, np.zeros(len(value))
    for (a, low), (b, high) in zip(points[:-1], points[1:], strict=True):
        if a <= day < b:
            slope = (high - low) / (b - a)
            return value * (low + slope * (day - a)), value * slope
    return value * points[-1][1], np.zeros(len(value))
