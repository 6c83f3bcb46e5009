"""The fit of a cohort to data: the file is there, its columns mean something, its cells are numbers."""

from __future__ import annotations

from collections.abc import Mapping

from trialsim.cohort.model import Covariate, DataColumn, FitSection, Measure, Parameter, State
from trialsim.cohort.reading import Desk, Table
from trialsim.cohort.resolve_course import Course
from trialsim.cohort.written import WrittenCohort, WrittenColumn, WrittenFit
from trialsim.foundation.dimensions import TIME
from trialsim.foundation.expression import names_of

Path = tuple[str | int, ...]
COLUMNS = ("fit", "columns")


def fit_section(
    desk: Desk, cohort: WrittenCohort, covariates: tuple[Covariate, ...], parameters: tuple[Parameter, ...],
    course: Course,
) -> FitSection | None:  # fmt: skip
    """Return how the cohort is fitted, None if it is not or there is a fault."""
    if cohort.fit is None:
        if cohort.posterior is not None:
            notes = ["add the section fit, or leave posterior out"]
            message = "a cohort that uses a posterior says how it was fitted"
            desk.error(desk.key("posterior"), "posterior-without-fit", message, "", notes)
        return None
    table = desk.table(cohort.fit.data, "fit", "data")
    if table is None:
        return None
    columns_fit(desk, cohort.fit, table, covariates, course)
    covariates_are_there(desk, cohort.fit, covariates, parameters, course)
    stays_the_same(desk, covariates, parameters)
    for name in list(cohort.inputs)[:1]:
        message = "a fit with inputs is not supported by this version"
        desk.error(desk.key("inputs", name), "not-yet", message, "", ["leave one of the two out"])
    for measure in course.measures:
        if measure.spread is not None:
            message = "a fit with a measure by summary assumptions is not supported by this version"
            desk.error(desk.key("measures", measure.name), "not-yet", message, "", ["leave one of the two out"])
    for event in course.events[:1]:
        notes = ["leave one of the two out"]
        desk.error(desk.key("events", event.name), "not-yet", "a fit with events is not supported by this version", "",
                   notes)  # fmt: skip
    for quantity in course.quantities:
        if quantity.kind != "is":
            message = f"a fit with {quantity.kind!r} is not supported by this version"
            desk.error(desk.key("quantities", quantity.name), "not-yet", message, "", ["leave one of the two out"])
    return None if desk.problems.any_errors else made(cohort.fit, table)


def stays_the_same(desk: Desk, covariates: tuple[Covariate, ...], parameters: tuple[Parameter, ...]) -> None:
    """Tell what changes within a course, or varies in a way that this version does not fit."""
    moving: list[Path] = [("covariates", c.name, "over_time") for c in covariates if c.over_time is not None]
    moving += [("parameters", p.name, "between_occasions") for p in parameters if p.between_occasions is not None]
    skewed = [p.name for p in parameters if p.between_patients is not None and p.between_patients.box_cox]
    moving += [("parameters", name, "between_patients", "box_cox") for name in skewed]
    moving += [
        (*("parameters", p.name, "between_patients"), "gamma")
        for p in parameters
        if p.between_patients is not None and p.between_patients.scale == "gamma"
    ]
    for path in moving:
        message = f"a fit with {path[-1]!r} is not supported by this version"
        desk.error(desk.key(*path), "not-yet", message, "", ["leave one of the two out"])


def columns_fit(desk: Desk, fit: WrittenFit, table: Table, covariates: tuple[Covariate, ...], course: Course) -> None:
    """Tell every column that is not there, in the wrong unit, of an unknown name or with cells that are no numbers."""
    desk.has_column(table, fit.columns.patient, *COLUMNS, "patient")
    column_fits(desk, table, fit.columns.time, (*COLUMNS, "time"))
    desk.alike(fit.columns.time.unit.dimension, TIME, *COLUMNS, "time", "unit")
    dose_fits(desk, fit, table, course.states)
    named: dict[str, Mapping[str, Covariate] | Mapping[str, Measure]] = {
        "covariates": {c.name: c for c in covariates},
        "measures": {m.name: m for m in course.measures},
    }
    for section, known in named.items():
        for name, column in getattr(fit.columns, section).items():
            path = (*COLUMNS, section, name)
            if name not in known:
                desk.unknown(desk.key(*path), section.removesuffix("s"), name, known)
                continue
            if getattr(known[name], "categories", ()):
                message = "a categorical covariate in a fit is not supported by this version"
                notes = ["leave it out; it is planned for a later version"]
                desk.error(desk.key(*path), "not-yet", message, "", notes)
                continue
            column_fits(desk, table, column, path, may_be_empty=section == "measures")
            desk.alike(column.unit.dimension, known[name].unit.dimension, *path, "unit")


def dose_fits(desk: Desk, fit: WrittenFit, table: Table, states: tuple[State, ...]) -> None:
    dose = fit.columns.dose
    if dose is None:
        return
    path = (*COLUMNS, "dose")
    column_fits(desk, table, WrittenColumn(column=dose.column, unit=dose.unit), path, may_be_empty=True)
    doors = {(i.drug, i.route): s for s in states for i in s.receives}
    state = doors.get((dose.drug, dose.route))
    ways = [i for s in states for i in s.receives if (i.drug, i.route) == (dose.drug, dose.route)]
    if any(way.rate for way in ways):
        message = "a fit of doses that enter at a modelled rate is not supported by this version"
        desk.error(desk.at(*path), "not-yet", message, "", ["let them enter over a modelled duration"])
    if state is None:
        known = ", ".join(f"{drug} by {route}" for drug, route in doors) or "none"
        message = f"no state receives {dose.drug} by the route {dose.route}"
        desk.error(desk.at(*path, "route"), "unknown-route", message, "", [f"received: {known}"])
    else:
        desk.alike(dose.unit.dimension, state.unit.dimension, *path, "unit")


def column_fits(desk: Desk, table: Table, column: WrittenColumn, path: Path, may_be_empty: bool = False) -> None:
    if desk.has_column(table, column.column, *path, "column"):
        desk.numbers(table, column.column, *path, "column", may_be_empty=may_be_empty)


def covariates_are_there(
    desk: Desk, fit: WrittenFit, covariates: tuple[Covariate, ...], parameters: tuple[Parameter, ...], course: Course
) -> None:
    """Tell every covariate that the model uses and the data do not have."""
    trees = [s.rate for s in course.states] + [s.start for s in course.states if s.start is not None]
    trees += [q.value for q in course.quantities] + [m.value for m in course.measures]
    trees += [term for state in course.states for inlet in state.receives for term in inlet.terms]
    used = {effect.covariate for p in parameters for effect in p.effects}.union(*(names_of(tree) for tree in trees))
    for covariate in covariates:
        if covariate.name in used and covariate.name not in fit.columns.covariates:
            notes = [f"write covariates: {{{covariate.name}: {{column: …, unit: {covariate.unit.text or '1'}}}}}"]
            message = f"the model uses the covariate {covariate.name!r}, and the fit names no column of it"
            desk.error(desk.key(*COLUMNS), "covariate-not-in-data", message, "", notes)


def made(fit: WrittenFit, table: Table) -> FitSection:
    columns, dose = fit.columns, fit.columns.dose
    return FitSection(
        path=fit.data,
        absolute_path=str(table.path),
        digest=table.digest,
        patient_column=columns.patient,
        time=DataColumn(column=columns.time.column, unit=columns.time.unit),
        dose=None if dose is None else DataColumn(column=dose.column, unit=dose.unit),
        dose_drug="" if dose is None else dose.drug,
        dose_route="" if dose is None else dose.route,
        covariates=tuple((n, DataColumn(column=c.column, unit=c.unit)) for n, c in columns.covariates.items()),
        measures=tuple((n, DataColumn(column=c.column, unit=c.unit)) for n, c in columns.measures.items()),
        chains=fit.sampler.chains,
        tune=fit.sampler.tune,
        draws=fit.sampler.draws,
        seed=fit.sampler.seed,
        target_accept=fit.sampler.target_accept,
        largest_r_hat=fit.require.r_hat,
        least_ess=fit.require.ess,
        most_divergences=fit.require.divergences,
    )
