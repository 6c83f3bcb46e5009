"""Designs compared on the same patients, and the worst type I error over several nulls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trialsim.report.evidence import Evidence, known, rows
from trialsim.report.numbers import Estimate, length, percentage, share, with_error
from trialsim.report.words import designs_words, scenario_words, spaced

EACH_WITH_EACH = 3  # designs up to which each is compared with each; beyond, each with the first


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastRow:
    design: str
    against: str
    mode: str
    success: str
    unpaired: str  # what the error of success would be without the same patients
    patients: str
    duration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrasts:
    """Differences by scenario; sentences about the worst of several nulls."""

    scenarios: tuple[tuple[str, tuple[ContrastRow, ...]], ...]
    worst: tuple[str, ...]


def contrasts(run: Evidence) -> Contrasts:
    """Return how designs differ on the same patients, and the worst type I errors."""
    found = rows(run.folder, "contrasts")
    worst = [row for row in found if row["quantity"] == "worst_type_1"]
    pairs = [row for row in found if row["against"] is not None]
    names = designs_words(run.protocol)
    first = run.protocol.designs[0].name
    chosen = [row for row in pairs if row["against"] == first or len(run.protocol.designs) <= EACH_WITH_EACH]
    by_scenario = []
    for scenario in run.protocol.scenarios:
        own = [row for row in chosen if row["scenario"] == scenario.name]
        places = dict.fromkeys((row["design"], row["against"], row["parameters"]) for row in own)
        told = tuple(contrast_row(own, *place, names) for place in places)
        if told:
            by_scenario.append((scenario_words(scenario), told))
    return Contrasts(scenarios=tuple(by_scenario), worst=tuple(worst_words(run, row, names) for row in worst))


def contrast_row(
    found: list[dict[str, Any]], design: str, against: str, mode: str, names: dict[str, str]
) -> ContrastRow:
    place = {"design": design, "against": against, "parameters": mode}
    here = {row["quantity"]: row for row in found if row.items() >= place.items() and row["analysis"] is None}
    success = estimate(here["success"])
    apart = Estimate(success.value, known(here["success"]["independent_standard_error"]))
    return ContrastRow(
        design=names[design],
        against=names[against],
        mode=mode,
        success=percentage(success),
        unpaired=percentage(apart).partition("\u00b1")[2].strip(),
        patients=with_error(estimate(here["randomised"])),
        duration=length(estimate(here["duration"])),
    )


def estimate(row: dict[str, Any]) -> Estimate:
    return Estimate(
        known(row["value"]), known(row["standard_error"]), known(row["lower"]), known(row["upper"]), int(row["n"])
    )


def worst_words(run: Evidence, row: dict[str, Any], names: dict[str, str]) -> str:
    """Return the largest type I error over the nulls of a design, with bounds for all of them."""
    scenario = next(each for each in run.protocol.scenarios if each.name == row["scenario"])
    where = ", ".join(filter(None, (names[row["design"]], f"{row['parameters']} parameters")))
    found = estimate(row)
    return (
        f"{spaced(row['analysis']).capitalize()}, {where}: the largest type I error of the scenarios with nulls is "
        f"{percentage(found)} ({scenario_words(scenario)}); with 95% confidence all of them are below "
        f"{share(round(found.upper, 4))}, nominally {share(run.nominal(row['analysis']))}."
    )
