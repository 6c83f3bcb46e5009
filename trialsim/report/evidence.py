"""What a report is made from: a run folder's documents, manifest and operating characteristics, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

from trialsim.cohort.model import Cohort
from trialsim.cohort.read import read_cohort
from trialsim.protocol.model import Analysis, Design, Protocol, Scenario
from trialsim.protocol.read import protocol_from
from trialsim.report.numbers import NOWHERE, Estimate
from trialsim.store.layout import Key, Layout
from trialsim.store.manifest import read_manifest
from trialsim.store.read import read_table, stored_keys

REJECTIONS = ("power", "assurance", "type_1", "null_not_verified")  # what a comparison's first row may be called
Address = tuple[Key, str | None, str | None, str]  # cell, analysis, comparison, quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A run folder, read: everything but the large tables."""

    folder: Path
    manifest: Mapping[str, Any]
    protocol: Protocol
    cohort: Cohort
    keys: tuple[Key, ...]  # cells in the order of the plan
    figures: Mapping[Address, Estimate]
    units: Mapping[Address, str]
    stops: Mapping[tuple[Key, str, str], Estimate]  # cell, milestone, quantity

    def of(self, key: Key, quantity: str, analysis: str | None = None, comparison: str | None = None) -> Estimate:
        """Return one operating characteristic; unknown if the run does not have it."""
        return self.figures.get((key, analysis, comparison, quantity), NOWHERE)

    def unit(self, key: Key, quantity: str, analysis: str | None = None, comparison: str | None = None) -> str:
        return self.units.get((key, analysis, comparison, quantity), "")

    def rejection(self, key: Key, analysis: str, comparison: str) -> tuple[str, Estimate]:
        """Return what the rejection rate of a comparison is called in this cell, and its value."""
        for quantity in REJECTIONS:
            if (key, analysis, comparison, quantity) in self.figures:
                return quantity, self.of(key, quantity, analysis, comparison)
        return "power", NOWHERE

    def scenario(self, key: Key) -> Scenario:
        return next(scenario for scenario in self.protocol.scenarios if scenario.name == key.scenario)

    def design(self, key: Key) -> Design:
        return next(design for design in self.protocol.designs if design.name == key.design)

    @property
    def deciding(self) -> Analysis:
        """The analysis that the trial's success depends on."""
        return next(each for each in self.protocol.analyses if each.name == self.protocol.success.analysis)

    def nominal(self, name: str | None) -> float:
        """Return the error rate that an analysis or a family of several is to keep; 1 of what has none."""
        levels = {family.name: family.alpha for family in self.protocol.families}
        levels |= {analysis.name: analysis.alpha for analysis in self.protocol.analyses}
        return levels.get(name or "", 1.0)

    def has(self, key: Key) -> bool:
        return key in self.keys

    @property
    def modes(self) -> tuple[str, ...]:
        """The parameters modes of the run, in its order."""
        return tuple(dict.fromkeys(key.parameters for key in self.keys))

    @property
    def shown_design(self) -> Design:
        """The design whose patients are shown where one must be chosen: the largest, the first of equals."""
        return max(self.protocol.designs, key=lambda design: design.protocol.patients.randomised)

    def key(self, scenario: str, mode: str, design: str) -> Key:
        return Key(scenario=scenario, parameters=mode, design=design)


def evidence(run: Path) -> Evidence:
    """Return what a finished run left; TrialsimError if there is no finished run in the folder."""
    layout = Layout(run)
    manifest = read_manifest(layout)
    cohort = read_cohort(run / "cohort.yaml")[0]
    path = run / "protocol.yaml"
    protocol = protocol_from(path.read_text("utf-8"), cohort, str(path))
    figures, units, stops = operating_characteristics(run)
    return Evidence(
        folder=run,
        manifest=manifest,
        protocol=protocol,
        cohort=cohort,
        keys=stored_keys(layout),
        figures=figures,
        units=units,
        stops=stops,
    )


def operating_characteristics(
    run: Path,
) -> tuple[dict[Address, Estimate], dict[Address, str], dict[tuple[Key, str, str], Estimate]]:
    """Return every row of the summary by its address, and its unit; apart from these, what belongs to milestones."""
    figures: dict[Address, Estimate] = {}
    units: dict[Address, str] = {}
    stops: dict[tuple[Key, str, str], Estimate] = {}
    for row in rows(run, "summary"):
        key = Key(scenario=row["scenario"], parameters=row["parameters"], design=row["design"])
        figure = Estimate(
            known(row["value"]), known(row["standard_error"]), known(row["lower"]), known(row["upper"]), int(row["n"])
        )
        if row["milestone"] is not None:
            stops[key, row["milestone"], row["quantity"]] = figure
            continue
        address = (key, row["analysis"], row["comparison"], row["quantity"])
        figures[address] = figure
        units[address] = row["unit"] or ""
    return figures, units, stops


def known(value: float | None) -> float:
    return nan if value is None else float(value)


def rows(run: Path, table: str) -> list[dict[str, Any]]:
    """Return a table row by row, None where a value is missing."""
    frame = read_table(run, table)
    series = {name: frame[name].astype(object) for name in frame.columns}
    columns = {name: column.where(column.notna(), None).tolist() for name, column in series.items()}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
