"""Rates with their Monte-Carlo errors, arranged as rows that a reader can compare: groups, lines, marks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, isnan

from trialsim.report.numbers import Estimate, interval, percentage, share


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One rate of one cell, as a number and in words."""

    mode: str  # typical | uncertain
    rate: Estimate
    text: str
    interval: str
    n: int

    @property
    def is_known(self) -> bool:
        return not isnan(self.rate.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row: what it is about, and one mark a parameters mode; lines of one heading follow each other."""

    label: str
    marks: tuple[Mark, ...]
    heading: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    label: str
    note: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """A table of rates; `top` is the largest share on its axis, `reference` a share marked on it."""

    caption: str
    column: str  # what the labels are
    modes: tuple[str, ...]
    groups: tuple[Group, ...]
    top: float
    reference: float | None = None
    reference_text: str = ""

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Positions along the axis (0 to 1) and their labels."""
        return tuple((i / 4, share(self.top * i / 4)) for i in range(5))

    def position(self, rate: float) -> float:
        """Return where a share lies along the axis, in percent of its length."""
        return round(100.0 * min(rate / self.top, 1.0), 3)

    @property
    def sentence(self) -> str:
        """Every number in words, for who does not see the marks."""
        parts = []
        for group in self.groups:
            for line in group.lines:
                told = [f"{mark.text} with {mark.mode} parameters" for mark in line.marks if mark.is_known]
                parts.append(f"{', '.join(filter(None, (group.label, line.heading, line.label)))}: {', '.join(told)}")
        return "; ".join(parts) + "."


def mark(mode: str, rate: Estimate) -> Mark:
    return Mark(mode=mode, rate=rate, text=percentage(rate), interval=interval(rate, 100.0, "%"), n=rate.n)


def error_top(groups: Iterable[Group], nominal: float) -> float:
    """Return the end of an axis for error rates: the largest interval fits, at least four times the nominal rate."""
    uppers = [each.rate.upper for group in groups for line in group.lines for each in line.marks if each.is_known]
    largest = max([4 * nominal, *uppers])
    return min(1.0, ceil(largest * 25 - 1e-9) / 25)  # in steps of 4%, so that quarters are whole percents
