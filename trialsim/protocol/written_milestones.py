"""Milestones and spending as their author wrote them."""

from __future__ import annotations

from dataclasses import dataclass

from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAction:
    test: str | None
    when: FormulaText | None
    then: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMilestone:
    when: FormulaText
    cut_delay: Quantity | None
    do: tuple[WrittenAction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFutility:
    z: float | None
    binding: bool
    family: str | None = None
    parameter: float = 0.0
    beta: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSpend:
    family: str
    parameter: float = 0.0
    full: tuple[float, str]
    planned: tuple[float, ...] | None = None
    spent: tuple[float, ...] = ()
    futility: WrittenFutility | None = None
