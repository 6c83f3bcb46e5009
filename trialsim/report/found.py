"""How a design was found: the answer of a search, every size it tried, and what the fresh trials gave."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

from trialsim.report.evidence import rows
from trialsim.report.numbers import Estimate, count, listed, percentage, share, whole, with_error
from trialsim.report.words import first_upper, spaced

DESIGN = "design.json"
NEAR = (0.7, 1.4)  # times the answer: what a drawing shows
LEAST_ERROR = 0.0005  # a curve is not known better far from the target


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRow:
    """One size and target: what the search and its curve say, what the fresh trials say."""

    size: str
    rate: str
    searched: str
    fitted: str
    fresh: str
    verdict: str
    is_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedPoint:
    size: int
    rate: Estimate
    fitted: float
    is_fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPanel:
    """One rate to reach along the size, near the answer."""

    rate: str
    level: float
    answer: int
    points: tuple[TriedPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDesign:
    sentences: tuple[str, ...]
    noun: str
    rows: tuple[TriedRow, ...]
    panels: tuple[FoundPanel, ...]


def found_design(folder: Path) -> tuple[FoundDesign, Path] | None:
    """Return what the search in a folder found and the run that verified it; None where the folder is no search."""
    path = folder / DESIGN
    if not path.is_file():
        return None
    answer = json.loads(path.read_bytes())
    points = rows(folder, "points")
    tried = tuple(tried_rows(answer, points))
    noun, told = answer["noun"], tuple(sentences(answer))
    found = FoundDesign(sentences=told, noun=noun, rows=tried, panels=panels(answer, points))
    return found, folder / answer["verification"]


def sentences(answer: dict[str, Any]) -> list[str]:
    """Return the question, the answer and how far it is known."""
    noun, targets = answer["noun"], listed([target_words(text) for text in answer["targets"]])
    told = [
        f"Asked: the smallest of {answer['candidates']} designs from {answer['smallest']} to {answer['largest']} "
        f"{noun} that reaches {targets}.",
    ]
    confidence = share(answer["confidence"])
    if answer["smaller"] is None:
        told.append(f"{answer['size']} {noun}, the smallest of them, are shown to do, with {confidence} confidence.")
    else:
        told.append(
            f"{answer['size']} {noun} are shown to do, with {confidence} confidence, "
            f"by {count(answer['trials'], 'trial')} a scenario with fresh random numbers; "
            f"{answer['smaller']} are not shown to."
        )
    for each in answer["estimates"]:
        size = Estimate(each["size"], each["standard_error"])
        if answer["smallest"] <= size.value <= answer["largest"]:
            words = target_words(each["target"])
            told.append(f"By the search's curve, {words} is met from {with_error(size)} {noun} on.")
    told.append(f"{whole(answer['trials_simulated'])} trials were simulated for this.")
    return told


def tried_rows(answer: dict[str, Any], points: list[dict[str, Any]]) -> list[TriedRow]:
    """Return every size and target that was tried, ascending; of the verification, the sequence that answered."""
    places = sorted({(row["quantity"] == "type_1", rate_words(row), row["size"]) for row in points})
    told = []
    for _, rate, size in places:
        here = [row for row in points if row["size"] == size and rate_words(row) == rate]
        searched = next((row for row in here if row["sequence"] == 0), None)
        fresh = next((row for row in here if row["sequence"] == answer["sequence"]), None)
        told.append(
            TriedRow(
                size=str(size),
                rate=first_upper(rate),
                searched=with_trials(searched),
                fitted=fitted(here[0]),
                fresh=with_trials(fresh),
                verdict=fresh["verdict"] if fresh else "",
                is_answer=size == answer["size"],
            )
        )
    return told


def panels(answer: dict[str, Any], points: list[dict[str, Any]]) -> tuple[FoundPanel, ...]:
    """Return a drawing's content for every rate to reach: sizes near the answer, of search and answering sequence."""
    low, high = answer["size"] * NEAR[0], answer["size"] * NEAR[1]
    told: dict[str, list[dict[str, Any]]] = {}
    for row in points:
        if row["fitted"] is not None and low <= row["size"] <= high and row["sequence"] in (0, answer["sequence"]):
            told.setdefault(rate_words(row), []).append(row)
    return tuple(
        FoundPanel(
            rate=first_upper(rate),
            level=found[0]["level"],
            answer=answer["size"],
            points=tuple(
                TriedPoint(
                    size=row["size"],
                    rate=Estimate(row["value"], row["standard_error"], row["lower"], row["upper"], row["n"]),
                    fitted=row["fitted"],
                    is_fresh=row["sequence"] > 0,
                )
                for row in found
                if row["value"] is not None
            ),
        )
        for rate, found in told.items()
    )


def target_words(text: str) -> str:
    """Return a target as a reader meets it: `power ≥ 90% in expected`.

    >>> target_words("type_1 <= 2.5% in no_effect")
    'type I error ≤ 2.5% in no effect'
    """
    return spaced(text.replace("type_1", "type I error").replace(">=", "\u2265").replace("<=", "\u2264"))


def rate_words(row: dict[str, Any]) -> str:
    of = f" of {row['comparison']}" if row["comparison"] else ""
    name = "type I error" if row["quantity"] == "type_1" else row["quantity"]
    return f"{name}{of} in {spaced(row['scenario'])}"


def with_trials(row: dict[str, Any] | None) -> str:
    if row is None or row["value"] is None:
        return ""
    return f"{percentage(Estimate(row['value'], row['standard_error']))} ({whole(row['n'])})"


def fitted(row: dict[str, Any]) -> str:
    if row["fitted"] is None:
        return ""
    error = row["fitted_standard_error"]
    return percentage(Estimate(row["fitted"], nan if error is None else max(error, LEAST_ERROR)))
