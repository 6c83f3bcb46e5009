"""A run as a reader meets it: numbers, captions, warnings, words; no HTML."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from trialsim.report.answer import Answer, answer
from trialsim.report.assurance import SplitRow, split_rows
from trialsim.report.conduct import ConductTable, conduct_table
from trialsim.report.contrasts import Contrasts, contrasts
from trialsim.report.estimands import Estimands, estimands
from trialsim.report.evidence import Evidence, evidence
from trialsim.report.forest import Forest
from trialsim.report.found import FoundDesign, found_design
from trialsim.report.kept import kept_rows
from trialsim.report.patients import Population, population
from trialsim.report.profiles import Profiles, profiles
from trialsim.report.provenance import (
    Assumptions,
    FailureRow,
    Reproduction,
    assumptions,
    failure_rows,
    reproduction,
)
from trialsim.report.rates import AnalysisRates, Curves, analyses_rates, power_curves, success_forest
from trialsim.report.schedule import Schedule, schedule
from trialsim.report.stops import StopTable, stop_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything the page says, in its order."""

    title: str
    phase: str
    identifier: str
    arms: tuple[str, ...]  # names in order: what colours mean
    answer: Answer
    success: Forest
    schedule: Schedule
    population: Population
    profiles: Profiles
    rates: tuple[AnalysisRates, ...]
    split: tuple[SplitRow, ...]
    contrasts: Contrasts
    curves: Curves | None
    estimands: Estimands
    conduct: ConductTable
    stops: StopTable | None
    assumptions: Assumptions
    failures: tuple[FailureRow, ...]
    reproduction: Reproduction
    has_designs: bool
    found: FoundDesign | None = None  # where the run verifies a design that was searched for


def report_content(run: Path) -> Report:
    """Return what a finished run's report says; TrialsimError if there is no finished run in the folder.

    Of a search for a design, it is the report of the run that verified the answer, and how it was found.
    """
    search = found_design(run)
    if search is None:
        return content_of(evidence(run))
    found, verification = search
    return replace(content_of(evidence(verification)), identifier=run.name, found=found)


def content_of(run: Evidence) -> Report:
    kept = kept_rows(run)
    return Report(
        title=run.protocol.title,
        phase=run.protocol.phase,
        identifier=run.folder.name,
        arms=tuple(arm.name for arm in run.protocol.arms),
        answer=answer(run),
        success=success_forest(run),
        schedule=schedule(run),
        population=population(run, kept),
        profiles=profiles(run, kept),
        rates=analyses_rates(run),
        split=split_rows(run),
        contrasts=contrasts(run),
        curves=power_curves(run),
        estimands=estimands(run),
        conduct=conduct_table(run),
        stops=stop_table(run),
        assumptions=assumptions(run),
        failures=failure_rows(run),
        reproduction=reproduction(run),
        has_designs=bool(run.protocol.vary),
    )
