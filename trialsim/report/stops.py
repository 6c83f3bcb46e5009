"""Where trials stop, why, and how large and long they are then."""

from __future__ import annotations

from dataclasses import dataclass

from trialsim.report.evidence import Evidence
from trialsim.report.numbers import UNKNOWN, length, percentage, with_error
from trialsim.report.words import designs_words, first_upper, scenario_words, spaced


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRow:
    design: str
    mode: str
    milestone: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTable:
    columns: tuple[str, ...]
    scenarios: tuple[tuple[str, tuple[StopRow, ...]], ...]


COLUMNS = ("Trials that end here", "for success", "for futility", "Patients then", "Duration then")


def stop_table(run: Evidence) -> StopTable | None:
    """Return where the trials of every cell stop; None where all go to one end."""
    if len(run.protocol.milestones) < 2:
        return None
    names = designs_words(run.protocol)
    return StopTable(
        columns=COLUMNS,
        scenarios=tuple(
            (
                scenario_words(scenario),
                tuple(
                    row
                    for design in run.protocol.designs
                    for mode in run.modes
                    for row in stop_rows(run, scenario.name, mode, design.name, names[design.name])
                ),
            )
            for scenario in run.protocol.scenarios
        ),
    )


def stop_rows(run: Evidence, scenario: str, mode: str, design: str, words: str) -> list[StopRow]:
    """Return one cell: a row a milestone, then all trials together."""
    key, told = run.key(scenario, mode, design), []
    for milestone in (each.name for each in run.protocol.milestones):
        found = {
            name: run.stops[key, milestone, name]
            for name in ("stops", "stops_for_success", "stops_for_futility", "randomised_at_stop", "duration_at_stop")
        }
        shares = [percentage(found[name]) for name in ("stops", "stops_for_success", "stops_for_futility")]
        patients, days = found["randomised_at_stop"], found["duration_at_stop"]
        size = with_error(patients) if patients.is_known else UNKNOWN
        told.append(
            StopRow(
                design=words,
                mode=mode,
                milestone=first_upper(spaced(milestone)),
                cells=(*shares, size, length(days) if days.is_known else UNKNOWN),
            )
        )
    whole = (run.of(key, "randomised"), run.of(key, "duration"))
    success = percentage(run.of(key, "success", run.deciding.name))
    told.append(
        StopRow(
            design=words,
            mode=mode,
            milestone="Expected",
            cells=("", success, "", with_error(whole[0]), length(whole[1])),
        )
    )
    return told
