"""The administrations of many patients, as they were taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]


# What a row of a schedule is.
DOSE, RESET, RESET_AND_DOSE, STEADY, STEADY_ADDED, PUMP, PUMP_OFF, STEADY_WITH = 0, 1, 2, 3, 4, 5, 6, 7

_KINDS = {"offsets": np.int64, "time": np.float64, "inlet": np.int64, "amount": np.float64, "duration": np.float64,
          "rate": np.float64, "kind": np.int64, "interval": np.float64, "check": np.int64}
_COLUMNS = tuple(_KINDS)[1:]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Schedule:
    """Who takes what when, line of dosing by line.

    Line l of patient i is administrations `offsets[i * n_lines + l]` to the next offset, ascending in time where there
    are several lines or rules. `inlet` is a position among the model's inlets. A bolus has neither `duration` nor
    `rate`; a duration is kept whatever the bioavailability, a rate is kept and lasts as long as what enters. `kind` is
    DOSE, RESET (states go back to their starts), RESET_AND_DOSE, STEADY (first the steady state of this dose every
    `interval`), STEADY_ADDED (that state is added to what is there), STEADY_WITH (it has one steady state with the row
    before it in its line, of the same time and interval: the other part of a dose that enters two states), PUMP (from
    now on a pump runs at `rate`, or as a rule has set it, until the next such row; what enters is `rate` times the
    bioavailability) or PUMP_OFF (nothing runs from now on, whatever a rule has set). `check` is one more than the rule
    asked before the dose, 0 for none. Lines that are `dormant` wait for a rule; their times count from that moment.
    """

    offsets: Wholes
    time: Floats
    inlet: Wholes
    amount: Floats
    duration: Floats
    rate: Floats | None = None
    kind: Wholes | None = None
    interval: Floats | None = None
    check: Wholes | None = None
    n_lines: int = 1
    dormant: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        """Bring the arrays into the form that kernels read, and refuse those that do not fit together."""
        n = np.shape(self.time)[0]
        for name, kind in _KINDS.items():
            given = getattr(self, name)
            object.__setattr__(self, name, np.ascontiguousarray(np.zeros(n) if given is None else given, dtype=kind))
        if any(getattr(self, name).shape != (n,) for name in _COLUMNS):
            raise ValueError("a schedule's columns must be as long as one another")
        if self.offsets.size < 1 or self.offsets[0] != 0 or self.offsets[-1] != n or np.any(np.diff(self.offsets) < 0):
            raise ValueError("a schedule's offsets must rise from 0 to the number of administrations")
        if self.n_lines < 1 or (self.offsets.size - 1) % self.n_lines:
            raise ValueError("a schedule needs an offset for every line of every patient")
        if self.dormant and len(self.dormant) != self.n_lines:
            raise ValueError("a schedule says of every line whether it is dormant, or of none")

    def column(self, name: str) -> Floats:
        """Return a column as numbers."""
        return np.asarray(getattr(self, name), dtype=np.float64)

    @property
    def has_steady_states(self) -> bool:
        """Return whether any row asks for a steady state."""
        return bool(np.isin(self.column("kind"), (STEADY, STEADY_ADDED)).any())

    @property
    def n_patients(self) -> int:
        """Return the number of patients."""
        return (self.offsets.size - 1) // self.n_lines

    def of_patients(self, first: int, last: int) -> Schedule:
        """Return the administrations of patients first to last - 1."""
        offsets = self.offsets[first * self.n_lines : last * self.n_lines + 1]
        lo, hi = int(offsets[0]), int(offsets[-1])
        columns = {name: getattr(self, name)[lo:hi] for name in _COLUMNS}
        return Schedule(offsets=offsets - lo, n_lines=self.n_lines, dormant=self.dormant, **columns)


def no_doses(n_patients: int) -> Schedule:
    """Return the schedule of patients who take nothing."""
    nothing = np.zeros(0)
    return Schedule(offsets=np.zeros(n_patients + 1, dtype=np.int64), time=nothing,
                    inlet=np.zeros(0, dtype=np.int64), amount=nothing, duration=nothing)


def same_doses(
    n_patients: int, time: Sequence[float], amount: Sequence[float] | float,
    inlet: Sequence[int] | int = 0, duration: Sequence[float] | float = 0.0,
) -> Schedule:
    """Return the schedule of patients who all take the same."""
    times = np.asarray(time, dtype=float)
    n = times.size
    return Schedule(
        offsets=np.arange(n_patients + 1, dtype=np.int64) * n, time=np.tile(times, n_patients),
        inlet=np.tile(np.broadcast_to(np.asarray(inlet, dtype=np.int64), n), n_patients),
        amount=np.tile(np.broadcast_to(np.asarray(amount, dtype=float), n), n_patients),
        duration=np.tile(np.broadcast_to(np.asarray(duration, dtype=float), n), n_patients))
