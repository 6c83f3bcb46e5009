"""The plan of a run: cells (scenario, parameters mode, design), each cut into parts of a fixed number of trials."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trialsim.cohort.model import Cohort
from trialsim.foundation.tables import Column
from trialsim.foundation.version import VERSION
from trialsim.protocol.model import Design, ParameterMode, Protocol, Scenario
from trialsim.store.layout import Key

PATIENTS_PER_PART = 20_000
SIZES = (100, 50, 20, 10, 5, 2, 1)  # trials in a part


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One scenario under one parameters mode and design: what one rate or mean is about."""

    key: Key
    protocol: Protocol  # of the design
    scenario: Scenario
    mode: ParameterMode
    trials_per_part: int
    at_least: int
    at_most: int
    until: float | None  # largest Monte-Carlo standard error of a rejection rate
    keep: int  # patient-level data are kept of trials below this number

    @property
    def n_parts(self) -> int:
        return -(-self.at_most // self.trials_per_part)

    def trials(self, number: int) -> range:
        """Return the numbers of the trials of one part."""
        first = number * self.trials_per_part
        return range(first, min(first + self.trials_per_part, self.at_most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a run computes, and the digest of everything its numbers depend on."""

    id: str
    digest: str
    inputs: Mapping[str, Any]
    cells: tuple[Cell, ...]
    patient_columns: tuple[Column, ...]
    name: str | None = None  # where it is another than the usual

    @property
    def run_id(self) -> str:
        """The name of the run in commands: the same wherever it is stored."""
        return self.name or f"{self.id}-{self.digest[:4]}"

    def data(self) -> dict[str, Any]:
        """Return the plan as plain data: what plan.json and the manifest say."""
        return {
            "id": self.id,
            "digest": self.digest,
            "inputs": dict(self.inputs),
            "cells": [cell.key.values for cell in self.cells],
            "parts": [
                {
                    "trials_per_part": cell.trials_per_part,
                    "at_least": cell.at_least,
                    "at_most": cell.at_most,
                    "until_standard_error": cell.until,
                    "patients_of_first_trials": cell.keep,
                }
                for cell in self.cells
            ],
        }


def campaign_plan(protocol: Protocol, cohort: Cohort, designs: Iterable[Design], posterior: str | None = None) -> Plan:
    """Return the plan of a run: cells in the order scenario, parameters mode, design.

    `posterior` is the digest of the posterior draws, None if published uncertainty is used.
    """
    designs = tuple(designs)
    cells = tuple(
        planned_cell(scenario, mode, design)
        for scenario in protocol.scenarios
        for mode in protocol.simulate.parameters
        for design in designs
    )
    described = [[*cell.key.values.values(), cell.trials_per_part, cell.at_least, cell.at_most, cell.until, cell.keep]
                 for cell in cells]  # fmt: skip
    inputs = {
        "protocol": protocol.digest,
        "cohort": cohort.digest,
        "posterior": posterior,
        "seed": protocol.simulate.seed,
        "version": VERSION,
        "cells": data_digest(described),
    }
    return Plan(
        id=protocol.id,
        digest=data_digest(inputs),
        inputs=inputs,
        cells=cells,
        patient_columns=patient_columns(cohort),
    )


def planned_cell(scenario: Scenario, mode: ParameterMode, design: Design) -> Cell:
    protocol = design.protocol
    return Cell(
        key=Key(scenario=scenario.name, parameters=mode, design=design.name),
        protocol=protocol,
        scenario=scenario,
        mode=mode,
        trials_per_part=trials_per_part(protocol.patients.randomised),
        at_least=protocol.simulate.at_least,
        at_most=protocol.simulate.at_most,
        until=protocol.simulate.until.power_standard_error if protocol.simulate.until else None,
        keep=protocol.keep.patients_of,
    )


def trials_per_part(patients: int) -> int:
    """Return how many trials make a part: a round number, some 20,000 patients, at most 100."""
    return next((size for size in SIZES if size * patients <= PATIENTS_PER_PART), 1)


def patient_columns(cohort: Cohort) -> tuple[Column, ...]:
    """Return the columns that a cohort adds to the patients: its covariates, then its parameters."""
    covariates = [
        Column(
            name=covariate.name,
            type="category" if covariate.categories else "float64",
            unit="" if covariate.categories else covariate.unit.text,
            description=covariate.label or f"covariate {covariate.name}",
            categories=covariate.categories,
        )
        for covariate in cohort.covariates
    ]
    parameters = [
        Column(
            name=parameter.name,
            type="float64",
            unit=parameter.unit.text,
            description=parameter.label or f"individual parameter {parameter.name}",
        )
        for parameter in cohort.parameters
    ]
    return (*covariates, *parameters)


def data_digest(data: Any) -> str:
    """Return the SHA-256 of plain data, whatever the order of its keys."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
