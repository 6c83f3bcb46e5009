"""Rules inside a patient's course, with nothing implied: when each is asked, what it sees, what it does.

Times are days since randomisation (day 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trialsim.foundation.expression_tree import Expr
from trialsim.foundation.units import Quantity, Unit
from trialsim.protocol.dosing_model import Dosing
from trialsim.protocol.times import duration_text

ActKind = Literal[
    "stop dosing", "hold dosing", "resume dosing", "level up", "level down", "leave trial", "delay", "amount", "add",
    "rate",
]  # fmt: skip
PLAIN_ACTS: tuple[ActKind, ...] = (
    "stop dosing", "hold dosing", "resume dosing", "level up", "level down", "leave trial",
)  # fmt: skip
LEVEL = "level"  # in conditions: the rung of the ladder, from 1
LEAVE: ActKind = "leave trial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """What a rule reads itself whenever it is asked: a measure, or how steeply it rose over so many days."""

    name: str  # in conditions
    measure: str
    slope_over: float | None = None

    @property
    def text(self) -> str:
        """Return it as a document says it."""
        if self.slope_over is None:
            return f"sensor({self.measure})"
        return f"slope({self.measure}, {duration_text(self.slope_over)})"

    def signal_of(self, rule: str) -> str:
        """Return the name of its signal in a course model: no name of a document begins so."""
        return f"_sensor_{rule}_{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A number that a rule keeps from one asking to the next."""

    name: str
    start: Quantity
    then: Expr  # in the unit of the start, over what conditions see and the numbers kept so far
    then_text: str


def kept_name(name: str) -> str:
    """Return the name of a remembered number in a course model: no name of a document begins so."""
    return f"_kept_{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing a rule does; what goes with its kind, and None for the rest."""

    kind: ActKind
    delay: float = 0.0  # days
    amount: Quantity | None = None
    added: Dosing | None = None  # its times count from the moment it is added
    rate: Expr | None = None  # in `unit`, over what conditions see
    rate_text: str = ""
    unit: Unit | None = None  # of the rate: what is received per unit of time in the equations
    told_in: Unit | None = None  # the unit in which tables tell it: that of its limits
    step: Quantity | None = None  # a rate is a whole number of these
    within: tuple[Quantity, Quantity] | None = None

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
            case "rate":
                return f"rate {self.rate_text}"
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
    events: tuple[str, ...] = ()  # whenever one of these happens,
    before_doses: bool  # before every dose of the drug,
    every: float | None  # or every so many days from `start` until before `until`
    start: float
    until: float
    watch: tuple[tuple[str, str], ...]  # names in conditions, and the measures they stand for
    drug: str | None  # None where no dose of an arm is touched
    ladder: tuple[Quantity, ...]  # ascending
    steps: tuple[Step, ...]
    sensors: tuple[Sensor, ...] = ()
    remember: tuple[Remembered, ...] = ()

    @property
    def leaves(self) -> bool:
        """Return whether it may take a patient out of the trial."""
        return any(act.kind == LEAVE for step in self.steps for act in step.acts)
