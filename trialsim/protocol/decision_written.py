"""Rules inside a course as their author wrote them: typed field by field, nothing yet looked up or filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Quantity
from trialsim.protocol.dosing_written import WrittenDosing


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAct:
    """An action with something to it: one of the four; step and within belong to a rate."""

    delay: Quantity | None
    amount: Quantity | None
    add: WrittenDosing | None
    rate: FormulaText | None
    step: Quantity | None
    within: tuple[Quantity, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenWatch:
    """What a name in conditions stands for: a measure at visits, by the rule's own sensor, or its slope there."""

    measure: str
    kind: Literal["visits", "sensor", "slope"] = "visits"
    over: Quantity | None = None  # of a slope


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRemembered:
    start: Quantity | None
    then: FormulaText


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenStep:
    when: FormulaText | None
    in_a_row: int
    then: str | WrittenAct | tuple[str | WrittenAct, ...]

    @property
    def acts(self) -> tuple[str | WrittenAct, ...]:
        """Return what is done as a list, however it was written."""
        return self.then if isinstance(self.then, tuple) else (self.then,)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRule:
    at: float | str | tuple[float | str, ...] | None  # moments, and visits by name
    before: str | None
    on: str | tuple[str, ...] | None
    every: Quantity | None
    start: float | None
    until: float | None
    watch: str | tuple[str, ...] | Mapping[str, WrittenWatch] | None
    remember: Mapping[str, FormulaText | WrittenRemembered] | None
    drug: str | None
    ladder: tuple[Quantity, ...]
    do: tuple[WrittenStep, ...]

    @property
    def asked_at(self) -> tuple[float | str, ...]:
        """Return the moments and visits as a list, however they were written."""
        if self.at is None:
            return ()
        return self.at if isinstance(self.at, tuple) else (self.at,)

    @property
    def events(self) -> tuple[str, ...]:
        """Return the events it is asked at as a list, however they were written."""
        return (self.on,) if isinstance(self.on, str) else self.on or ()

    @property
    def watched(self) -> dict[str, WrittenWatch]:
        """Return the name of each thing watched and what it stands for."""
        if self.watch is None:
            return {}
        if isinstance(self.watch, Mapping):
            return dict(self.watch)
        names = self.watch if isinstance(self.watch, tuple) else (self.watch,)
        return {name: WrittenWatch(measure=name) for name in names}

    @property
    def remembered(self) -> dict[str, WrittenRemembered]:
        """Return what it remembers by name, however it was written."""
        return {
            name: WrittenRemembered(start=None, then=kept) if isinstance(kept, FormulaText) else kept
            for name, kept in (self.remember or {}).items()
        }
