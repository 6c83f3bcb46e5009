"""Event records simulated: the course of every individual, what is true at each record and what would be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.course_model import course_model, rates_change_with_time
from trialsim.cohort.draws import TypicalValues, typical_values
from trialsim.cohort.event_people import (
    HowToSimulate,
    absent_told,
    moments,
    needed_covariates,
    occasions_told,
    parameter_rows,
)
from trialsim.cohort.event_records import EventRecords
from trialsim.cohort.event_timeline import Timeline, just_after, timelines
from trialsim.cohort.model import Cohort, Measure
from trialsim.cohort.posterior import PosteriorDraws
from trialsim.dynamics.courses import STATUS, Changes, courses
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.model import CourseModel
from trialsim.foundation.errors import Problems, TrialsimError
from trialsim.foundation.streams import label, normals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
RESIDUAL = "record"  # of a measurement's key: the number of the record counts, not a visit


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCourse:
    """An individual whose course could not be computed from one of its records on."""

    individual: int
    replicate: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedRecords:
    """What every record of the file gives in every replicate: arrays [replicates, records, measures], records in order.

    `true` is what an instrument without error reads, `read` what it reads with its error, at half the lower limit of
    quantification where `is_below`; both NaN from where a course failed. `status` [replicates, records] is of STATUS.
    """

    records: EventRecords
    measures: tuple[Measure, ...]
    replicates: Integers  # [replicates, records]
    true: Floats
    read: Floats
    is_below: NDArray[np.bool_]
    status: NDArray[np.int8]
    failures: tuple[FailedCourse, ...]


def simulated_records(
    cohort: Cohort, records: EventRecords, how: HowToSimulate, posterior: PosteriorDraws | None
) -> SimulatedRecords:
    """Return what the records of a file give; InvalidDocument if they lack what the cohort needs.

    Nothing of an individual depends on the others, nor on how many replicates there are.
    """
    problems = Problems()
    for measure in cohort.measures:
        if measure.spread is not None:
            message = f"the measure {measure.name!r} is a summary assumption and belongs to no course"
            raise TrialsimError("spread-not-run", message, ["use a cohort whose measures say what they read: is"])
    names = tuple(measure.name for measure in cohort.measures)
    # The records say what happened to whom: events of the cohort stay out of it.
    model = course_model(cohort, (), names, 0.0, events=False)
    fixed = frozenset[str]()
    if how.given is not None:
        fixed = frozenset(name for values in how.given.values() for name in values)
    needed = needed_covariates(cohort, model, fixed)
    steady_told(records, model, problems)
    occasions_told(records, cohort, how.is_sampled, problems)
    draws_covariates = absent_told(records, needed, how.is_sampled, problems)
    when = moments(records, cohort, needed, how.carry, problems)
    problems.raise_if_any()
    has_lags = any(inlet.lag is not None for inlet in model.inlets)
    lines = [
        (i, line)
        for i, individual in enumerate(records.individuals)
        for line in timelines(individual, when.of_record[i].tolist(), how.carry == "forward", has_lags)
    ]
    n_records = sum(len(individual.records) for individual in records.individuals)
    shape = (how.replicates, n_records)
    true, read = np.empty((*shape, len(names))), np.empty((*shape, len(names)))
    below, status = np.zeros((*shape, len(names)), dtype=np.bool_), np.empty(shape, dtype=np.int8)
    numbers = np.empty(shape, dtype=np.int64)
    for k in range(how.replicates):
        replicates = np.array([k + individual.replicate for individual in records.individuals], dtype=np.int64)
        typical = typical_values(cohort, how.seed, np.zeros(1, dtype=np.int64), "typical", posterior)
        if k == 0 or how.is_sampled:
            rows = parameter_rows(cohort, model, records, when, typical, replicates, how, draws_covariates)
            true[k], status[k] = predicted(model, rows, lines)
        else:
            true[k], status[k] = true[0], status[0]
        numbers[k] = np.repeat(replicates, [len(individual.records) for individual in records.individuals])
        read[k], below[k] = readings(cohort, records, how, typical, numbers[k], true[k])
    return SimulatedRecords(
        records=records, measures=cohort.measures, replicates=numbers, true=true, read=read, is_below=below,
        status=status, failures=failed_courses(records, numbers, status),
    )  # fmt: skip


def steady_told(records: EventRecords, model: CourseModel, problems: Problems) -> None:
    """Tell records that ask for a steady state that is none."""
    if not rates_change_with_time(model):
        return
    for record in (record for individual in records.individuals for record in individual.records if record.steady):
        problems.error(
            records.table.place(record.row, "SS"), "records-not-honoured",
            "a cohort whose rates change with time has no steady state", "",
            ["write the doses before with ADDL, as many as it takes"],
        )  # fmt: skip


def predicted(
    model: CourseModel, rows: Floats, lines: Sequence[tuple[int, Timeline]]
) -> tuple[Floats, NDArray[np.int8]]:
    """Return the outputs [records, O] of one replicate and the status of each record's course [records]."""
    width = max(len(line.samples) for _, line in lines)
    samples = np.full((len(lines), width), np.nan)
    after = np.zeros((len(lines), width), dtype=np.bool_)
    for n, (_, line) in enumerate(lines):
        samples[n, : len(line.samples)] = line.samples
        after[n, : len(line.samples)] = line.is_after
    found = courses(
        model, rows[[line.row for _, line in lines]], schedule_of(lines), samples,
        np.zeros((len(lines), 0)), [], [],
        # A horizon ends a course before what comes after the doses of its instant.
        [just_after(line.samples[-1]) for _, line in lines], begin=[line.samples[0] for _, line in lines],
        sample_after=after, changes=changes_of(lines, rows),
    )  # fmt: skip
    outputs = np.concatenate([found.outputs[n, : len(line.samples)] for n, (_, line) in enumerate(lines)])
    return outputs, np.repeat(found.status, [len(line.samples) for _, line in lines])


def changes_of(lines: Sequence[tuple[int, Timeline]], rows: Floats) -> Changes:
    """Return the changes of parameters of all courses."""
    changes = [change for _, line in lines for change in line.changes]
    return Changes(
        offsets=np.cumsum([0, *(len(line.changes) for _, line in lines)]).astype(np.int64),
        time=np.array([time for time, _ in changes], dtype=np.float64),
        row=np.array([row for _, row in changes], dtype=np.int64),
        rows=rows,
    )


def schedule_of(lines: Sequence[tuple[int, Timeline]]) -> Schedule:
    """Return the administrations of all courses."""
    doses = [dose for _, line in lines for dose in line.doses]
    return Schedule(
        offsets=np.cumsum([0, *(len(line.doses) for _, line in lines)]).astype(np.int64),
        time=np.array([dose.time for dose in doses], dtype=np.float64),
        inlet=np.array([dose.inlet for dose in doses], dtype=np.int64),
        amount=np.array([dose.amount for dose in doses], dtype=np.float64),
        duration=np.zeros(len(doses)),
        rate=np.array([dose.rate for dose in doses], dtype=np.float64),
        kind=np.array([dose.kind for dose in doses], dtype=np.int64),
        interval=np.array([dose.interval for dose in doses], dtype=np.float64),
    )


def readings(
    cohort: Cohort,
    records: EventRecords,
    how: HowToSimulate,
    typical: TypicalValues,
    replicates: Integers,
    true: Floats,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return what instruments read at every record [records, measures] and whether that is below their lower limit.

    y = f + sqrt(a² + (b f)²) ε; below the limit of quantification half of it (Beal 2001, J Pharmacokinet Pharmacodyn
    28:481, method M5). The luck of a reading is keyed by the individual, the replicate and the number of the record
    among the individual's.
    """
    values, below = true.copy(), np.zeros(true.shape, dtype=np.bool_)
    ids = np.array([i.id for i in records.individuals for _ in i.records], dtype=np.int64)
    index = np.array([n for i in records.individuals for n in range(len(i.records))], dtype=np.int64)
    for m, measure in enumerate(cohort.measures):
        if how.residual_error:
            luck = normals(how.seed, label("measurement", measure.name, RESIDUAL), replicates, ids, index)
            share = typical.proportional[measure.name][0] * true[:, m]
            additive = typical.additive[measure.name][0]
            values[:, m] = true[:, m] + np.sqrt(additive * additive + share * share) * luck
            if measure.lloq is not None:
                below[:, m] = values[:, m] < measure.lloq
                values[:, m] = np.where(below[:, m], measure.lloq / 2.0, values[:, m])
    return values, below


def failed_courses(records: EventRecords, replicates: Integers, status: NDArray[np.int8]) -> tuple[FailedCourse, ...]:
    """Return each individual and replicate that failed, once, with the reason."""
    ids = [individual.id for individual in records.individuals for _ in individual.records]
    failed: dict[tuple[int, int], str] = {}
    for k, row in zip(*np.nonzero(status), strict=True):
        failed.setdefault((ids[row], int(replicates[k, row])), STATUS[int(status[k, row])])
    return tuple(FailedCourse(individual=i, replicate=r, reason=reason) for (i, r), reason in failed.items())
