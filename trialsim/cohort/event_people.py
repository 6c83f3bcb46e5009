"""Whose courses event records are simulated for: covariates carried through time, individual parameters for them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.course_model import CHANGE, input_columns
from trialsim.cohort.covariates import correlated_scores, covariate_values
from trialsim.cohort.draws import TypicalValues
from trialsim.cohort.event_records import EventRecords
from trialsim.cohort.model import Cohort
from trialsim.cohort.parameter_rows import individual_parameters
from trialsim.dynamics.model import CourseModel
from trialsim.foundation.errors import Place, Problems
from trialsim.foundation.expression import Expr, names_of
from trialsim.foundation.streams import label, normals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Carry = Literal["backward", "forward"]
Given = Mapping[int, Mapping[str, float]]  # by individual: parameters that a file gives


@dataclass(frozen=True, slots=True, kw_only=True)
class HowToSimulate:
    """Who the individuals are and how often; `given` are parameters from a file, `seed` keys all luck."""

    is_sampled: bool = False
    given: Given | None = None
    seed: int = 1
    replicates: int = 1
    residual_error: bool = True
    carry: Carry = "backward"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """What every individual is like when: distinct rows of covariates, and which of them each record has.

    `covariates` [R, C] in declared units; `occasion` [R] is OCC, 0 where the file has none; `of_record[i]` are the rows
    of individual i's records; `individual` [R].
    """

    covariates: Floats
    occasion: Integers
    of_record: tuple[Integers, ...]
    individual: Integers


def moments(records: EventRecords, cohort: Cohort, needed: Sequence[str], carry: Carry, problems: Problems) -> Moments:
    """Return the rows of covariates; a missing value is the next one in time (backward) or the one before (forward).

    Where there is none in that direction, it is the nearest in the other. An individual without any value of a needed
    covariate that the file has a column for is a fault.
    """
    names = [covariate.name for covariate in cohort.covariates]
    rows: list[tuple[float, ...]] = []
    whose: list[int] = []
    of_record = []
    for i, individual in enumerate(records.individuals):
        given = [[*record.covariates, record.occasion] for record in individual.records]
        values = carried(np.array(given, dtype=np.float64), carry)
        for name in (name for name in needed if name in records.covariates):
            if np.isnan(values[0, names.index(name)]):
                place = records.table.place(individual.records[0].row, name)
                message = f"no record of individual {individual.id} has a value of {name!r}"
                problems.error(place, "records-no-covariate", message, "", ["the cohort's equations or effects use it"])
        distinct: dict[tuple[float, ...], int] = {}
        found = [distinct.setdefault(tuple(row), len(rows) + len(distinct)) for row in np.nan_to_num(values).tolist()]
        rows += distinct
        whose += [i] * len(distinct)
        of_record.append(np.array(found, dtype=np.int64))
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names) + 1)
    occasion = table[:, -1].astype(np.int64)
    return Moments(
        covariates=table[:, :-1],
        occasion=occasion,
        of_record=tuple(of_record),
        individual=np.array(whose, dtype=np.int64),
    )


def carried(values: Floats, carry: Carry) -> Floats:
    """Return values [records, covariates] with what is missing filled in from the records around."""
    filled = values.copy()
    for order in (1, -1) if carry == "forward" else (-1, 1):
        view = filled[::order]
        for i in range(1, len(view)):
            view[i] = np.where(np.isnan(view[i]), view[i - 1], view[i])
    return filled


def needed_covariates(cohort: Cohort, model: CourseModel, without_effects_on: frozenset[str]) -> tuple[str, ...]:
    """Return the covariates that equations see, and those with an effect on a parameter, in the cohort's order."""
    seen = {e.covariate for p in cohort.parameters if p.name not in without_effects_on for e in p.effects}
    expressions: list[Expr | None] = [*model.starts, *model.rates, *(value for _, value in model.quantities)]
    for inlet in model.inlets:
        expressions += [inlet.lag, inlet.bioavailability, inlet.duration, inlet.rate]
        expressions += [inlet.transit.number, inlet.transit.mean_time] if inlet.transit else []
    for expression in expressions:
        seen |= names_of(expression) if expression is not None else frozenset()
    return tuple(covariate.name for covariate in cohort.covariates if covariate.name in seen)


def occasions_told(records: EventRecords, cohort: Cohort, is_sampled: bool, problems: Problems) -> None:
    """Tell sampled individuals who differ between occasions, where the file does not say which occasion it is."""
    varying = [p.name for p in cohort.parameters if p.between_occasions is not None]
    if varying and is_sampled and "OCC" not in records.table.items:
        place = Place(records.table.file, records.table.header_line, 1, 2)
        notes = [f"between occasions vary: {', '.join(varying)}", "number the occasions in a column OCC"]
        problems.error(place, "records-no-occasion", "no column says which occasion a record belongs to", "", notes)


def absent_told(records: EventRecords, needed: Sequence[str], is_sampled: bool, problems: Problems) -> bool:
    """Tell needed covariates without a column; return whether the cohort's own are to be drawn instead.

    They are drawn for sampled individuals if the file gives none of those needed: never some of them, for they could
    not be correlated with the others.
    """
    absent = [name for name in needed if name not in records.covariates]
    if is_sampled and len(absent) == len(needed):
        return bool(absent)
    table = records.table
    for name in absent:
        notes = [f"columns: {', '.join(table.header)}", f"if it has another name there, say --column {name}=NAME"]
        place = Place(table.file, table.header_line, 1, 2)
        message = f"no column gives {name!r}, which the cohort's equations or effects use"
        problems.error(place, "records-no-covariate", message, "", notes)
    return False


def parameter_rows(
    cohort: Cohort,
    model: CourseModel,
    records: EventRecords,
    when: Moments,
    typical: TypicalValues,
    replicates: Integers,
    how: HowToSimulate,
    draws_covariates: bool,
) -> Floats:
    """Return the parameter rows [R, P] of one replicate, in declared units; `replicates` [individuals] key the luck.

    An individual's deviation from the typical value is the same in all its rows: only its covariates change.
    """
    trials = replicates[when.individual]
    patients = np.array([individual.id for individual in records.individuals], dtype=np.int64)[when.individual]
    covariates = {c.name: np.ascontiguousarray(when.covariates[:, i]) for i, c in enumerate(cohort.covariates)}
    if draws_covariates:
        covariates = covariate_values(cohort, how.seed, trials, patients)
    rows = np.zeros(len(trials), dtype=np.int64)
    scores: Mapping[str, Floats] = {}
    occasions = {p.name: np.zeros(len(rows)) for p in cohort.parameters if p.between_occasions is not None}
    if how.is_sampled:
        varying = [p.name for p in cohort.parameters if p.between_patients is not None]
        scores = correlated_scores("individual", varying, cohort.random_effect_correlation, how.seed, trials, patients)
        occasions = {
            name: typical.between_occasions_sd[name][rows]
            * normals(how.seed, label("occasion", name), trials, patients, 2 * when.occasion)
            for name in occasions
        }
    parameters = individual_parameters(cohort, typical, covariates, scores, occasions, rows)
    if how.given is not None:
        for name, value in parameters.items():
            own = np.array([how.given[int(patient)].get(name, math.nan) for patient in patients])
            parameters[name] = np.where(np.isnan(own), value, own)
    # The file says itself how covariates go on: they move neither in steps nor in lines of the cohort's own.
    still = {name: np.zeros(len(rows)) for name in model.parameters if name.startswith("_")}
    columns = {**parameters, **covariates, **input_columns(cohort, len(rows)), **still}
    if CHANGE in columns:
        columns[CHANGE] = np.arange(float(len(rows)))
    return np.ascontiguousarray(
        np.column_stack([columns[name] for name in model.parameters]) if model.parameters else np.empty((len(rows), 0))
    )
