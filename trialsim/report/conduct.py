"""How the trials went: duration, screening, losses, missing values, intercurrent events."""

from __future__ import annotations

from dataclasses import dataclass

from trialsim.report.evidence import Evidence
from trialsim.report.numbers import UNKNOWN, length, percentage, with_error
from trialsim.report.words import designs_words, scenario_words
from trialsim.store.layout import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductRow:
    design: str
    mode: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductTable:
    columns: tuple[str, ...]
    scenarios: tuple[tuple[str, tuple[ConductRow, ...]], ...]


COLUMNS = (
    "Duration", "Last patient randomised", "Screened", "Screen failures", "Lost to follow-up", "Intercurrent event",
    "Endpoint missing",
)  # fmt: skip


def conduct_table(run: Evidence) -> ConductTable:
    """Return what the trials of every cell came to besides their result."""
    names = designs_words(run.protocol)
    return ConductTable(
        columns=COLUMNS,
        scenarios=tuple(
            (
                scenario_words(scenario),
                tuple(
                    ConductRow(
                        design=names[design.name],
                        mode=mode,
                        cells=conduct_cells(run, run.key(scenario.name, mode, design.name)),
                    )
                    for design in run.protocol.designs
                    for mode in run.modes
                ),
            )
            for scenario in run.protocol.scenarios
        ),
    )


def conduct_cells(run: Evidence, key: Key) -> tuple[str, ...]:
    screened = run.of(key, "screened")
    return (
        length(run.of(key, "duration")),
        length(run.of(key, "accrual_time")),
        with_error(screened) if screened.is_known else UNKNOWN,
        percentage(run.of(key, "screen_failure")),
        percentage(run.of(key, "lost")),
        percentage(run.of(key, "intercurrent_events")),
        missing_range(run, key),
    )


def missing_range(run: Evidence, key: Key) -> str:
    """Return the share of missing endpoints of the deciding analysis: of its comparison with most of them."""
    rates = [run.of(key, "missing", run.deciding.name, comparison.name) for comparison in run.deciding.comparisons]
    known = [rate for rate in rates if rate.is_known]
    return percentage(max(known, key=lambda rate: rate.value)) if known else UNKNOWN
