"""What is known of a patient before the course, and what became of the patient."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tests.reference.plain_doses import Dose
from tests.reference.plain_rules import Reading

COMPLETE, MOVED_BACK = 0, 8
# The lines of what a rule gives by itself, and of an inflow that runs until a rule changes it.
NO_LINE, RUNNING = -1, -2


@dataclass(frozen=True, kw_only=True)
class Patient:
    """All that is known of a patient before the course: everything in the model's units.

    `thresholds[h]` are those of hazard h in order, one for each happening. `checks[r]` are the times at which rule r
    is asked. `stops_dosing` and `ends_course` are for hazards first, then triggers.
    """

    parameters: tuple[float, ...]
    samples: tuple[float, ...]
    after: tuple[bool, ...] = ()
    lines: tuple[tuple[Dose, ...], ...] = ()
    dormant: tuple[bool, ...] = ()
    thresholds: tuple[tuple[float, ...], ...] = ()
    stops_dosing: tuple[bool, ...] = ()
    ends_course: tuple[bool, ...] = ()
    changes: tuple[tuple[float, tuple[float, ...]], ...] = ()
    checks: tuple[tuple[float, ...], ...] = ()
    readings: tuple[Reading, ...] = ()
    begin: float = 0.0
    horizon: float = 1e4


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A rule was asked: branch -1 none fired, -2 a signal it needs was not known."""

    time: float
    rule: int
    branch: int
    level: int
    seen: dict[str, float]


@dataclass(kw_only=True)
class Line:
    """A line of dosing as it stands: `begun` is what its times count from, None while it is dormant."""

    doses: list[Dose]
    begun: float | None
    is_stopped: bool = False
    is_held: bool = False
    shift: float = 0.0
    amount: float | None = None
    n_past: int = 0

    def due_by(self, t: float) -> list[Dose]:
        """Return the doses that are due at t."""
        if self.begun is None or self.is_stopped:
            return []
        return [dose for dose in self.doses if self.begun + dose.time + self.shift <= t]

    def due(self) -> float:
        """Return when the next dose is due."""
        if self.begun is None or self.is_stopped or not self.doses:
            return math.inf
        return self.begun + self.doses[0].time + self.shift


@dataclass(kw_only=True)
class Course:
    """What became of the patient: outputs [S][O], first times of events, all happenings, decisions, doses taken."""

    outputs: list[list[float]]
    event_times: list[float]
    happenings: list[tuple[int, float]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    doses: list[tuple[float, int, Dose]] = field(default_factory=list)
    status: int = COMPLETE
