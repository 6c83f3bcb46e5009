"""Rows of kept patients, of the cells that a report shows: the largest design in the first parameters mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

from trialsim.cohort.model import Measure
from trialsim.report.evidence import Evidence
from trialsim.store.layout import Key, Layout
from trialsim.store.read import cell_columns

Rows = list[dict[str, Any]]
Person = tuple[int, int]  # trial, patient
VISIT_COLUMNS = ("trial", "patient", "measure", "visit", "nominal_time", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Patients and their measured values, by scenario; rows in the order of trials and patients."""

    patients: Mapping[str, Rows]
    visits: Mapping[str, Rows]  # only what was measured

    def n_trials(self, scenario: str) -> int:
        return len({row["trial"] for row in self.patients[scenario]})

    def arm_of(self, scenario: str) -> dict[Person, str]:
        return {(row["trial"], row["patient"]): row["arm"] for row in self.patients[scenario]}

    def at_visit(self, scenario: str, measure: str, visit: str) -> dict[Person, float]:
        """Return a measure's values at one visit, by patient; those not measured are absent."""
        return {
            (row["trial"], row["patient"]): row["value"]
            for row in self.visits[scenario]
            if row["measure"] == measure and row["visit"] == visit
        }


def kept_rows(run: Evidence) -> Kept:
    """Return the kept patients of every scenario."""
    layout = Layout(run.folder)
    names = ("trial", "patient", "arm", *(covariate.name for covariate in run.cohort.covariates))
    patients, visits = {}, {}
    for scenario in run.protocol.scenarios:
        key = shown_key(run, scenario.name)
        patients[scenario.name] = cell_rows(layout, key, "patients", names)
        seen = cell_rows(layout, key, "visits", VISIT_COLUMNS)
        visits[scenario.name] = [row for row in seen if not isnan(row["value"])]
    return Kept(patients=patients, visits=visits)


def shown_key(run: Evidence, scenario: str) -> Key:
    """Return the cell of a scenario whose patients are shown."""
    return run.key(scenario, run.modes[0], run.shown_design.name)


def cell_rows(layout: Layout, key: Key, table: str, names: tuple[str, ...]) -> Rows:
    columns = {name: values.tolist() for name, values in cell_columns(layout, key, table, names).items()}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def measure_of(run: Evidence, name: str) -> Measure:
    return next(measure for measure in run.cohort.measures if measure.name == name)


def baselines(run: Evidence) -> Iterator[tuple[Measure, str]]:
    """Yield each measure taken before treatment, and the last visit it is taken at."""
    for item in run.protocol.assess:
        before = [name for name in item.visits if run.protocol.visit(name).at <= 0]
        if before:
            yield measure_of(run, item.measure), before[-1]
