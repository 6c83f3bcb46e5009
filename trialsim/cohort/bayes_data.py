"""The data of a fit: one file of records, as arrays in the cohort's units."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.model import Cohort, Covariate, DataColumn, FitSection
from trialsim.foundation.errors import Place, Problems, TrialsimError, UnreadableText
from trialsim.foundation.nearest import nearest
from trialsim.foundation.units import Quantity, Unit, number, quantity_text

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """The values of one measure, [n] each: whose (a position in `FitData.patients`), when, how much."""

    patient: Integers
    time: Floats  # in the cohort's unit of time
    value: Floats  # in the measure's unit
    is_below_lloq: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitData:
    """What was given and measured; covariates [patients] in declared units, a category as its position."""

    patients: tuple[str, ...]
    covariates: Mapping[str, Floats]
    dose_patient: Integers
    dose_time: Floats
    dose_amount: Floats  # in the unit of the state the dose enters
    measures: Mapping[str, Measured]


def fit_data(cohort: Cohort, fit: FitSection) -> FitData:
    """Return the data of a fit; every faulty record is told at once, with its line and column.

    A patient's records need not stand together. Doses and values are empty where there are none.
    """
    content = _content(cohort, fit)
    return _Records(cohort, fit, content.decode("utf-8-sig", errors="replace")).data()


def _content(cohort: Cohort, fit: FitSection) -> bytes:
    try:
        content = Path(fit.absolute_path).read_bytes()
    except OSError as fault:
        raise TrialsimError(
            "data-unreadable", f"the data file '{fit.path}' cannot be read: {fault.strerror}"
        ) from fault
    found = hashlib.sha256(content).hexdigest()
    if found != fit.digest:
        raise TrialsimError(
            "data-changed",
            f"the data file '{fit.path}' has changed since the cohort '{cohort.id}' was read",
            [f"SHA-256 then: {fit.digest}", f"SHA-256 now: {found}"],
        )
    return content


class _Records:
    """Goes through the records of one file and gathers their faults."""

    def __init__(self, cohort: Cohort, fit: FitSection, text: str) -> None:
        self.cohort, self.fit = cohort, fit
        self.problems = Problems()
        reader = csv.reader(io.StringIO(text, newline=""))
        self.header = next(reader, [])
        self.rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
        self.position = {name: i for i, name in enumerate(self.header)}
        self.patients: dict[str, int] = {}
        self.covariates: dict[tuple[str, int], float] = {}
        self.doses: list[tuple[int, float, float]] = []
        self.values: dict[str, list[tuple[int, float, float]]] = {name: [] for name, _ in fit.measures}

    def data(self) -> FitData:
        self._check_header()
        known = {covariate.name: covariate for covariate in self.cohort.covariates}
        for line, row in self.rows:
            self._read(line, row, known)
        self._check_covariates()
        if not any(self.values.values()) and not self.problems.any_errors:
            self.problems.error(Place(self.fit.path, 1, 1, 2), "no-data", "the data file holds no measured value")
        self.problems.raise_if_any()
        measures = {measure.name: measure for measure in self.cohort.measures}
        return FitData(
            patients=tuple(self.patients),
            covariates={
                name: np.array([self.covariates[name, i] for i in range(len(self.patients))])
                for name, _ in self.fit.covariates
            },
            dose_patient=np.array([i for i, _, _ in self.doses], dtype=np.int64),
            dose_time=np.array([time for _, time, _ in self.doses], dtype=np.float64),
            dose_amount=np.array([amount for _, _, amount in self.doses], dtype=np.float64),
            measures={name: _measured(rows, measures[name].lloq) for name, rows in self.values.items() if rows},
        )

    def _check_header(self) -> None:
        dose = [self.fit.dose] if self.fit.dose else []
        columns = [self.fit.time, *dose, *(column for _, column in (*self.fit.covariates, *self.fit.measures))]
        for name in dict.fromkeys([self.fit.patient_column, *(column.column for column in columns)]):
            if name not in self.position:
                notes = [f"columns: {', '.join(self.header)}"]
                self.problems.error(
                    Place(self.fit.path, 1, 1, 1 + max(1, len(",".join(self.header)))),
                    "data-no-column", f"the data file has no column {name!r}", "", notes)  # fmt: skip
        self.problems.raise_if_any()

    def _read(self, line: int, row: list[str], covariates: Mapping[str, Covariate]) -> None:
        if len(row) != len(self.header):
            self.problems.error(
                Place(self.fit.path, line, 1, 1 + max(1, len(",".join(row)))), "data-cells",
                f"this record has {len(row)} cells where the header has {len(self.header)}")  # fmt: skip
            return
        label = row[self.position[self.fit.patient_column]].strip()
        if not label:
            self._fault(line, row, self.fit.patient_column, "data-empty", "a record without a patient")
            return
        patient = self.patients.setdefault(label, len(self.patients))
        time = self._number(line, row, self.fit.time, self.cohort.time)
        if time is None:
            if not row[self.position[self.fit.time.column]].strip():
                self._fault(line, row, self.fit.time.column, "data-empty", "a record without a time")
            return
        if time < 0.0:
            self._fault(line, row, self.fit.time.column, "data-negative", "a course begins at time 0: this is before")
        for name, column in self.fit.covariates:
            self._read_covariate(line, row, column, covariates[name], label)
        if self.fit.dose is not None:
            unit = self.cohort.amount_unit(self.fit.dose_drug, self.fit.dose_route)
            amount = self._number(line, row, self.fit.dose, unit)
            if amount is not None and amount < 0.0:
                self._fault(line, row, self.fit.dose.column, "data-negative", "a negative dose")
            elif amount:
                self.doses.append((patient, time, amount))
        units = {measure.name: measure.unit for measure in self.cohort.measures}
        for name, column in self.fit.measures:
            value = self._number(line, row, column, units[name])
            if value is not None:
                self.values[name].append((patient, time, value))

    def _read_covariate(self, line: int, row: list[str], column: DataColumn, covariate: Covariate, label: str) -> None:
        text = row[self.position[column.column]].strip()
        if covariate.categories and text and text not in covariate.categories:
            near = nearest(text, covariate.categories)
            notes = [f"categories: {', '.join(covariate.categories)}", *([f"nearest name: {near}"] if near else [])]
            self._fault(line, row, column.column, "unknown-category",
                        f"{text!r} is not a category of {covariate.name!r}", notes)  # fmt: skip
            return
        if covariate.categories:
            value = float(covariate.categories.index(text)) if text else None
        else:
            value = self._number(line, row, column, covariate.unit)
        if value is None:
            return
        before = self.covariates.setdefault((covariate.name, self.patients[label]), value)
        if before != value:
            was, now = (_shown(covariate, v) for v in (before, value))
            self._fault(line, row, column.column, "data-covariate-changes",
                        f"the {covariate.name} of patient {label} is {now} here and {was} before",
                        ["this version fits covariates that stay the same"])  # fmt: skip

    def _check_covariates(self) -> None:
        told = any(d.slug in ("unknown-category", "bad-number") for d in self.problems.diagnostics)
        for name, column in self.fit.covariates:
            for label, i in self.patients.items():
                if (name, i) not in self.covariates and not told:
                    line, row = next(
                        (n, r) for n, r in self.rows
                        if len(r) == len(self.header) and r[self.position[self.fit.patient_column]].strip() == label
                    )  # fmt: skip
                    self._fault(line, row, column.column, "data-empty", f"patient {label} has no {name}")

    def _number(self, line: int, row: list[str], column: DataColumn, target: Unit) -> float | None:
        """The number in a cell in the target unit; None if it is empty or no number, which is told."""
        text = row[self.position[column.column]].strip()
        if not text:
            return None
        try:
            value = Quantity(number(text), column.unit).to(target)
        except UnreadableText as fault:
            self._fault(
                line, row, column.column, fault.slug, fault.message, [*fault.notes, "an empty cell is no value"]
            )
            return None
        return value if math.isfinite(value) else None

    def _fault(
        self, line: int, row: list[str], column: str, slug: str, message: str, notes: list[str] | None = None
    ) -> None:
        i = self.position[column]
        start = 1 + sum(len(cell) + 1 for cell in row[:i])
        place = Place(self.fit.path, line, start, start + max(1, len(row[i])))
        self.problems.error(place, slug, message, f"in column {column}", notes or [])


def _shown(covariate: Covariate, value: float) -> str:
    return covariate.categories[int(value)] if covariate.categories else quantity_text(value, covariate.unit)


def _measured(rows: list[tuple[int, float, float]], lloq: float | None) -> Measured:
    """The values of one measure, patient by patient and then by time."""
    ordered = sorted(rows, key=lambda row: row[:2])
    value = np.array([v for _, _, v in ordered], dtype=np.float64)
    return Measured(
        patient=np.array([i for i, _, _ in ordered], dtype=np.int64),
        time=np.array([t for _, t, _ in ordered], dtype=np.float64),
        value=value,
        is_below_lloq=value < (-math.inf if lloq is None else lloq),
    )
