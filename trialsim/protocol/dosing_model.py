"""A line of a dosing plan with nothing implied: how much, when, how fast; and how doses are taken.

Times are days since randomisation (day 0); amounts are in the unit of the state they enter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trialsim.foundation.expression_tree import Expr
from trialsim.foundation.units import Quantity, Unit

Per = Literal["patient", "kg", "m2"]
Surface = Literal["bsa", "mosteller", "dubois"]
Rounding = Literal["nearest", "down", "up"]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKING_DAYS = 5  # the first so many of them
DRAWN = "weekday"  # each patient's own day from Monday to Friday


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainAmount:
    """An amount for everybody, or for each kilogram of weight or square metre of body surface."""

    written: Quantity
    value: float  # in the unit of the receiving state, a rate per hour; for one patient, kg or m2
    per: Per = "patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class BandedAmount:
    """The amount of the first limit that a covariate lies below, the last amount above all limits."""

    by: str
    below: tuple[Quantity, ...]  # ascending
    limits: tuple[float, ...]  # the same in the covariate's unit
    amounts: tuple[PlainAmount, ...]  # one more than limits


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryAmount:
    """An amount for each category of a covariate, in the cohort's order."""

    by: str
    amounts: tuple[tuple[str, PlainAmount], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaAmount:
    """An amount computed from covariates."""

    text: str
    value: Expr  # a pure number in the unit of the receiving state; categories are coded


DoseAmount = PlainAmount | BandedAmount | CategoryAmount | FormulaAmount


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """What can be dispensed: a dose is a sum of these."""

    available: tuple[Quantity, ...]
    rounded: Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """Stretches of doses that come again: the first part of each cycle, or some of its days (the first is 1)."""

    length: float  # days
    on_for: float | None
    on_days: tuple[int, ...]
    times: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseTimes:
    """When doses are planned: at moments, or every so often within cycles and on days of the week, up to an end."""

    at: tuple[float, ...] = ()  # ascending; empty where doses repeat
    start: float = 0.0
    every: float | None = None
    until: float | None = None  # excluded
    times: int | None = None  # number of doses
    cycle: Cycle | None = None
    days: tuple[str, ...] = ()  # of WEEKDAYS, in their order; empty = every day
    day_0: str = DRAWN  # which day of the week day 0 is


@dataclass(frozen=True, slots=True, kw_only=True)
class Dosing:
    """One line of a dosing plan."""

    drug: str
    route: str
    unit: Unit  # of the receiving state
    amount: DoseAmount
    when: DoseTimes
    surface: Surface | None = None  # where something is per m2
    at_least: Quantity | None = None
    at_most: Quantity | None = None
    strengths: Strengths | None = None
    infusion: float = 0.0  # days; 0 = at once, unless there is a rate or it is modelled
    rate: PlainAmount | None = None  # kept whatever the bioavailability
    is_modelled: bool = False  # the cohort's model says how long it takes
    is_steady: bool = False  # the first dose finds the steady state

    @property
    def start(self) -> float:
        """Return the day before which no dose is planned."""
        return self.when.at[0] if self.when.at else self.when.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How far a dose is taken from its time: normal around it (an SD), or lognormal after it (a median, a CV)."""

    kind: Literal["normal", "lognormal"]
    location: float = 0.0  # median, days
    spread: float = 0.0  # SD in days | CV


@dataclass(frozen=True, slots=True, kw_only=True)
class Holidays:
    """Runs of missed doses: how often one begins, and how long it is (lognormal)."""

    rate: float  # per day outside of holidays
    length: float  # median, days
    cv: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Adherence:
    """Which planned doses are taken, when, and how much.

    Each planned dose outside of a holiday is taken with a patient's own probability: logit-normal around the typical
    share.
    """

    takes: float
    between_patients_sd: float  # on the logit; 0 = everyone alike
    timing: Timing | None = None
    doubles: float = 0.0  # share of missed doses that the next dose makes up for
    holidays: Holidays | None = None
