"""Assurance taken apart: what of the variance of success more knowledge could remove, and what is chance."""

from __future__ import annotations

from dataclasses import dataclass

from trialsim.report.evidence import Evidence
from trialsim.report.numbers import UNKNOWN, percentage, with_error
from trialsim.report.words import designs_words, scenario_words


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRow:
    scenario: str
    design: str
    assurance: str
    epistemic: str
    aleatory: str
    spread: str


def split_rows(run: Evidence) -> tuple[SplitRow, ...]:
    """Return the parts of the variance of success of every cell whose trials share draws."""
    names, deciding, told = designs_words(run.protocol), run.deciding.name, []
    for scenario in run.protocol.scenarios:
        for design in run.protocol.designs:
            key = run.key(scenario.name, "uncertain", design.name)
            epistemic = run.of(key, "success_epistemic", deciding)
            if not epistemic.is_known:
                continue
            spread = run.of(key, "success_spread", deciding)
            told.append(
                SplitRow(
                    scenario=scenario_words(scenario),
                    design=names[design.name],
                    assurance=percentage(run.of(key, "success", deciding)),
                    epistemic=with_error(epistemic),
                    aleatory=with_error(run.of(key, "success_aleatory", deciding)),
                    spread=percentage(spread) if spread.is_known else UNKNOWN,
                )
            )
    return tuple(told)
