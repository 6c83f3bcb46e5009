"""The expressions of events and measures as written, those in time by the points at which each stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from trialsim.cohort.reading import Desk
from trialsim.cohort.written import WrittenEvent, WrittenMeasure
from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import moment

Texts = dict[tuple[str | int, ...], FormulaText]
Part = Literal["hazard", "times"]
WORDS: dict[Part, tuple[str, str]] = {
    "hazard": ("the first rate of a hazard holds from day 0", "the points of a hazard come one after the other"),
    "times": ("the first factor of a hazard holds from day 0", "the points of factors come one after the other"),
}


def event_texts(desk: Desk, events: Mapping[str, WrittenEvent]) -> Texts:
    """Return every expression of every event by its path; points in time with a fault are told."""
    texts: Texts = {}
    for name, written in events.items():
        if written.when is not None:
            texts["events", name, "when"] = written.when
        for term, text in written.terms.items():
            texts["events", name, str(written.law), term] = text
        in_steps: dict[Part, FormulaText | Mapping[str, FormulaText] | None] = {
            "hazard": written.hazard, "times": written.times,
        }  # fmt: skip
        for part, given in in_steps.items():
            if isinstance(given, FormulaText):
                texts["events", name, part] = given
            elif given is not None:
                points_follow(desk, ("events", name), part, given)
                texts |= {("events", name, part, point): text for point, text in given.items()}
    return texts


def points_follow(desk: Desk, path: tuple[str, ...], part: Part, steps: Mapping[str, FormulaText]) -> None:
    """Tell points in time that are none, or do not follow each other from day 0."""
    last: float | None = None
    for i, text in enumerate(steps):
        place = desk.key(*path, part, text)
        try:
            day = moment(text)
        except UnreadableText as fault:
            desk.error(place, fault.slug, fault.message, "", fault.notes)
            continue
        if i == 0 and day != 0.0:
            notes = ["day 0 is randomisation; before it nothing happens"]
            desk.error(place, "hazard-steps", WORDS[part][0], "", notes)
        elif i > 0 and last is not None and day <= last:
            desk.error(place, "hazard-steps", WORDS[part][1])
        last = day


def measure_texts(desk: Desk, measures: Mapping[str, WrittenMeasure]) -> Texts:
    """Return every expression of every measure by its path; points in time with a fault are told."""
    texts: Texts = {}
    for name, written in measures.items():
        if written.value is not None:
            texts["measures", name, "is"] = written.value
        in_time: dict[tuple[str, ...], FormulaText | Mapping[str, FormulaText] | None] = {
            ("probability",): written.probability
        }
        if written.count is not None:
            in_time |= {("count", "mean"): written.count.mean, ("count", "dispersion"): written.count.dispersion}
        if written.normal is not None:
            in_time |= {("normal", "mean"): written.normal.mean, ("normal", "sd"): written.normal.sd}
        for part, given in in_time.items():
            path = ("measures", name, *part)
            if isinstance(given, FormulaText):
                texts[path] = given
            elif given is not None:
                points_ascend(desk, path, given)
                texts |= {(*path, point): text for point, text in given.items()}
    return texts


def points_ascend(desk: Desk, path: tuple[str, ...], points: Iterable[str]) -> None:
    """Tell points in time that are none, or do not follow each other."""
    last: float | None = None
    for text in points:
        try:
            day = moment(text)
        except UnreadableText as fault:
            desk.error(desk.key(*path, text), fault.slug, fault.message, "", fault.notes)
            continue
        if last is not None and day <= last:
            desk.error(desk.key(*path, text), "points-order", "points in time come one after the other")
        last = day
