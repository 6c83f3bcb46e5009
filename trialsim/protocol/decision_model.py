"""Rules inside a patient's course, with nothing implied: when each is asked, what it sees, what it does.

Times are days since randomisation (day 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trialsim.foundation.expression_tree import Expr
from trialsim.foundation.units import Quantity
from trialsim.protocol.dosing_model import Dosing
from trialsim.protocol.times import duration_text

ActKind = Literal["stop dosing", "hold dosing", "resume dosing", "level up", "level down", "delay", "amount", "add"]
PLAIN_ACTS: tuple[ActKind, ...] = ("stop dosing", "hold dosing", "resume dosing", "level up", "level down")
LEVEL = "level"  # in conditions: the rung of the ladder, from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing a rule does; what goes with its kind, and None for the rest."""

    kind: ActKind
    delay: float = 0.0  # days
    amount: Quantity | None = None
    added: Dosing | None = None  # its times count from the moment it is added

    @property
    def text(self) -> str:
        """Return what is done, in a few words for tables."""
        match self.kind:
            case "delay":
                return f"delay {duration_text(self.delay)}"
            case "amount":
                return f"amount {self.amount}"
            case "add":
                assert self.added is not None
                return f"add {self.added.drug}"
        return self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done where a condition has held so many times in a row; without a condition, whenever it is reached."""

    when: Expr | None  # over what is watched by the names of measures, covariates, and level - 1; pure numbers
    when_text: str
    in_a_row: int
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DosingRule:
    """Decisions about the doses of one drug in every arm that has the rule: the first step that fits is done."""

    name: str
    moments: tuple[float, ...]  # when it is asked: at days,
    visits: tuple[str, ...]  # at the patient's own visits,
    before_doses: bool  # before every dose of the drug,
    every: float | None  # or every so many days from `start` until before `until`
    start: float
    until: float
    watch: tuple[tuple[str, str], ...]  # names in conditions, and the measures they stand for
    drug: str | None  # None where no dose of an arm is touched
    ladder: tuple[Quantity, ...]  # ascending
    steps: tuple[Step, ...]
