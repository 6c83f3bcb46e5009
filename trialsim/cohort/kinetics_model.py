"""Kinetics by name, as their documents say them: equations whose arguments are a cohort's own parameters and states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialsim.cohort.kinds import Kind
from trialsim.cohort.model import Reference
from trialsim.cohort.written import WrittenTransit
from trialsim.foundation.sections import FormulaText


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What a document needs of the cohort that uses it; `optional` ones may stay away from the ways in."""

    kind: Kind
    what: str
    default: str | None
    optional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KineticsDoor:
    """A way in for the drug of the use."""

    route: str
    lag: FormulaText | None
    bioavailability: FormulaText | None
    duration: FormulaText | None
    rate: FormulaText | None
    transit: WrittenTransit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KineticsState:
    rate: FormulaText
    start: FormulaText | None
    receives: tuple[KineticsDoor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KineticsQuantity:
    value: FormulaText
    kind: Kind
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What a document adds to a state of the cohort: a term of its rate, ways in."""

    rate: FormulaText | None
    receives: tuple[KineticsDoor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinetics:
    """One document of kinetics."""

    id: str
    title: str
    about: str
    references: tuple[Reference, ...]
    needs: Mapping[str, Argument]
    dynamics: Mapping[str, KineticsState]
    adds: Mapping[str, Addition]
    quantities: Mapping[str, KineticsQuantity]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that a use brings into the cohort."""
        return (*self.dynamics, *self.quantities)

    @property
    def routes(self) -> tuple[str, ...]:
        """Return the routes of its ways in, each once."""
        doors = [door for state in self.dynamics.values() for door in state.receives]
        doors += [door for addition in self.adds.values() for door in addition.receives]
        return tuple(dict.fromkeys(door.route for door in doors))
