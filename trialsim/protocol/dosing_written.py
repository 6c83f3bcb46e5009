"""Dosing lines and adherence as their author wrote them: typed field by field, nothing yet looked up or filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAmount:
    """An amount that depends on a covariate: by limits, by category, or by a formula."""

    by: str | None
    below: Mapping[str, Quantity] | None
    otherwise: Quantity | None
    each: Mapping[str, Quantity] | None
    formula: FormulaText | None  # `is`


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCycle:
    length: Quantity
    on_for: Quantity | None
    on_days: tuple[int, ...] | None
    times: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDosing:
    drug: str
    route: str
    amount: Quantity | WrittenAmount
    surface: str | None
    at_least: Quantity | None
    at_most: Quantity | None
    strengths: tuple[Quantity, ...] | None
    rounded: str | None
    every: Quantity | None
    at: float | tuple[float, ...] | None
    start: float | None
    until: float | None
    length: Quantity | None  # `for`
    times: int | None
    cycle: WrittenCycle | None
    days: tuple[str, ...] | None
    day_0: str | None
    over: Quantity | Literal["modelled"] | None
    rate: Quantity | None
    steady_state: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSpread:
    logit_normal: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLognormal:
    median: Quantity
    cv: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTiming:
    normal: Quantity | None
    lognormal: WrittenLognormal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenHolidays:
    rate: Quantity
    length: Quantity | WrittenLognormal


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAdherence:
    takes: float
    between_patients: WrittenSpread | None
    timing: WrittenTiming | Literal["none"]
    doubles: float
    holidays: WrittenHolidays | Literal["none"]
