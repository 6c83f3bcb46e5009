"""Milestones as data: when something happens to a trial on its calendar, and what is done then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Counted = Literal["randomised", "due", "observed", "events", "since"]
Power = Literal["conditional_power", "predictive_power"]
Spending = Literal[
    "obrien_fleming", "pocock", "hwang_shih_decani", "kim_demets", "haybittle_peto", "wang_tsiatis", "custom"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """`due(change) >= 50%`: a count of the trial reaches a number, a share of all to be randomised, or days."""

    counted: Counted
    of: str = ""  # an endpoint, or since what
    number: float
    is_share: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Several conditions: all of them, or the first of them."""

    op: Literal["and", "or"]
    parts: tuple[Condition, ...]


Condition = Reach | Joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """An analysis is made; where it has boundaries, they are looked at."""

    analysis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopWhen:
    """The trial stops if a power, given what is known, lies below a number for every comparison still open."""

    judged: Power
    analysis: str
    below: float
    text: str  # the condition as written


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    name: str
    when: Condition
    when_text: str
    cut_delay: float  # days from the condition to the data cut
    do: tuple[Test | StopWhen, ...]

    @property
    def tests(self) -> tuple[str, ...]:
        """Return the analyses made at this milestone."""
        return tuple(act.analysis for act in self.do if isinstance(act, Test))


@dataclass(frozen=True, slots=True, kw_only=True)
class Futility:
    """When a trial may stop because it will hardly succeed: below a Z, or as a spending function of beta says."""

    z: float | None = None
    family: Spending | None = None
    parameter: float = 0.0
    beta: float = 0.0
    binding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """How an analysis spends its error rate over its looks."""

    family: Spending
    parameter: float = 0.0  # gamma, rho, shape, or the bound of Haybittle and Peto
    full: float  # the information at which all is spent
    counted: Literal["patients", "events", "information"]
    planned: tuple[float, ...] = ()  # fractions of full information at the planned looks
    spent: tuple[float, ...] = ()  # of a custom function: the share of alpha spent by each planned fraction
    futility: Futility | None = None
