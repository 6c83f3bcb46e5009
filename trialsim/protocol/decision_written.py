"""Rules inside a course as their author wrote them: typed field by field, nothing yet looked up or filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Quantity
from trialsim.protocol.dosing_written import WrittenDosing


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAct:
    """An action with something to it: one of the three."""

    delay: Quantity | None
    amount: Quantity | None
    add: WrittenDosing | None


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
    every: Quantity | None
    start: float | None
    until: float | None
    watch: str | tuple[str, ...] | Mapping[str, str] | None
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
    def watched(self) -> dict[str, str]:
        """Return the name of each thing watched and its measure."""
        if self.watch is None:
            return {}
        if isinstance(self.watch, Mapping):
            return dict(self.watch)
        return {name: name for name in (self.watch if isinstance(self.watch, tuple) else (self.watch,))}
