"""Faults in documents: where they are, what they say, and how they are printed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

MOST_SHOWN = 20
WIDEST_LINE = 160


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of one line of a file; lines and columns count from 1, `end_column` is exclusive."""

    file: str
    line: int
    column: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def part(self, text: str, start: int, end: int) -> Place:
        """Return the place of `text[start:end]`, where `text` is the scalar that stands at this place.

        A plain scalar is as long as its text and a quoted one two longer. Anything else (escapes, several
        lines) cannot be mapped back column by column: the whole scalar is the answer.
        """
        shift = self.text_shift(text)
        if shift is None:
            return self
        return Place(self.file, self.line, self.column + shift + start, self.column + shift + max(end, start + 1))

    def text_shift(self, text: str) -> int | None:
        """Return how many columns the scalar's text starts after its place: 0 plain, 1 quoted, None if unmappable."""
        return {0: 0, 2: 1}.get(self.end_column - self.column - len(text))


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault: the place, a stable slug, one sentence, what stands at the place, remedies, other places."""

    place: Place | None
    slug: str
    message: str
    label: str = ""
    notes: tuple[str, ...] = ()
    also: tuple[tuple[Place, str], ...] = ()
    severity: Literal["error", "warning"] = "error"


class TrialsimError(Exception):
    """A fault of the user's, never ours: told in one message, without a traceback."""

    def __init__(self, slug: str, message: str, notes: Iterable[str] = (), exit_code: int = 3) -> None:
        self.slug = slug
        self.message = message
        self.notes = tuple(notes)
        self.exit_code = exit_code
        super().__init__(slug, message, self.notes, exit_code)  # what pickle hands to __init__ again

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  = {note}" for note in self.notes)])


class UnreadableText(TrialsimError):
    """A text that is no unit, quantity, point or length of time; `start` and `end` say which part of the text."""

    def __init__(self, slug: str, message: str, notes: Iterable[str] = (), start: int = 0, end: int = 0) -> None:
        super().__init__(slug, message, notes)
        self.start = start
        self.end = end
        self.args = (slug, message, self.notes, start, end)

    def diagnostic(self, place: Place | None, text: str, label: str = "") -> Diagnostic:
        """Return the fault at its place in a document, where `text` is the scalar that stands at `place`."""
        at = place.part(text, self.start, self.end) if place and self.end > self.start else place
        return Diagnostic(at, self.slug, self.message, label, self.notes)


class InvalidDocument(TrialsimError):
    """All faults of one or more documents, in the order of their places, at most twenty."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = cut(in_order(diagnostics))
        first = self.diagnostics[0]
        super().__init__(first.slug, first.message, first.notes)
        self.args = (self.diagnostics,)

    def __str__(self) -> str:
        return "\n".join(diagnostic_text(diagnostic, None) for diagnostic in self.diagnostics)


class Problems:
    """Gathers faults, so that a document's faults are all told in one go."""

    __slots__ = ("_diagnostics",)

    def __init__(self) -> None:
        self._diagnostics: dict[Diagnostic, None] = {}  # as a set in order: one fault is told once

    def error(
        self,
        place: Place | None,
        slug: str,
        message: str,
        label: str = "",
        notes: Iterable[str] = (),
        also: Iterable[tuple[Place, str]] = (),
    ) -> None:
        self.add(Diagnostic(place, slug, message, label, tuple(notes), tuple(also)))

    def warning(
        self,
        place: Place | None,
        slug: str,
        message: str,
        label: str = "",
        notes: Iterable[str] = (),
        also: Iterable[tuple[Place, str]] = (),
    ) -> None:
        self.add(Diagnostic(place, slug, message, label, tuple(notes), tuple(also), "warning"))

    def add(self, *diagnostics: Diagnostic) -> None:
        self._diagnostics.update(dict.fromkeys(diagnostics))

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All faults and warnings in the order of their places."""
        return in_order(self._diagnostics)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(diagnostic for diagnostic in self.diagnostics if diagnostic.severity == "warning")

    @property
    def any_errors(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self._diagnostics)

    def raise_if_any(self) -> None:
        """Raise InvalidDocument with every error gathered so far; warnings alone do not stop anything."""
        if self.any_errors:
            raise InvalidDocument(d for d in self.diagnostics if d.severity == "error")


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the faults sorted by place (file, line, column); those without a place come last, as they came."""
    nowhere = Place("\uffff", 0, 0, 0)
    return tuple(sorted(diagnostics, key=lambda diagnostic: diagnostic.place or nowhere))


def cut(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    if len(diagnostics) <= MOST_SHOWN:
        return diagnostics
    more = len(diagnostics) - MOST_SHOWN
    last = diagnostics[MOST_SHOWN - 1]
    note = f"{more} more {'fault is' if more == 1 else 'faults are'} not shown"
    return (*diagnostics[: MOST_SHOWN - 1], replace(last, notes=(*last.notes, note)))


def diagnostic_text(diagnostic: Diagnostic, source: str | None) -> str:
    """Return one fault as plain text: place and message, the line with its carets, notes; no newline at the end.

    `source` is the text of the file of `diagnostic.place` (None: no line is shown).
    """
    place = diagnostic.place
    where = f"{place}: " if place else ""
    text = [f"{where}{diagnostic.severity}[{diagnostic.slug}]: {diagnostic.message}"]
    lines = source.splitlines() if source is not None else []
    gutter = max([len(str(at.line)) for at in [place, *(at for at, _ in diagnostic.also)] if at], default=1)
    if place:
        text += snippet(place, diagnostic.label, lines, gutter)
    for at, label in diagnostic.also:
        shown = snippet(at, label, lines, gutter) if place and at.file == place.file else []
        text += [f"{' ' * gutter} ::: {at}" + ("" if shown or not label else f" {label}"), *shown]
    return "\n".join([*text, *(f"{' ' * gutter} = {note}" for note in diagnostic.notes)])


def snippet(place: Place, label: str, lines: list[str], gutter: int) -> list[str]:
    """Return the line at a place with carets under the stretch meant; nothing if the line is not there."""
    if not 1 <= place.line <= len(lines):
        return []
    line = "".join(character if character.isprintable() else " " for character in lines[place.line - 1])
    start, end = min(place.column - 1, len(line)), min(place.end_column - 1, len(line))
    if len(line) > WIDEST_LINE:  # a window around the stretch, so that a document of one line stays readable
        left = max(0, start - WIDEST_LINE // 4)
        end = min(end, left + WIDEST_LINE)
        head, tail = "…" * (left > 0), "…" * (left + WIDEST_LINE < len(line))
        line = head + line[left : left + WIDEST_LINE] + tail
        start, end = start - left + len(head), end - left + len(head)
    carets = " " * columns(line[:start]) + "^" * max(1, columns(line[start:end]))
    blank = " " * gutter + " |"
    return [blank, f"{place.line:>{gutter}} | {line}", f"{blank} {carets} {label}".rstrip()]


def columns(text: str) -> int:
    """Return how many terminal cells a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return one fault as plain data for `--format json`."""
    return {
        "place": place_data(diagnostic.place) if diagnostic.place else None,
        "severity": diagnostic.severity,
        "slug": diagnostic.slug,
        "message": diagnostic.message,
        "label": diagnostic.label,
        "notes": list(diagnostic.notes),
        "also": [{"place": place_data(place), "label": label} for place, label in diagnostic.also],
    }


def place_data(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column, "end_column": place.end_column}
