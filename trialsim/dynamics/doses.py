"""The administrations of many patients, as they were taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Schedule:
    """Who took what when: patient i took administrations `offsets[i]` to `offsets[i + 1]`, in any order of time.

    `inlet` is a position among the model's inlets, `duration` the length of an infusion, 0 for a bolus.
    """

    offsets: Wholes
    time: Floats
    inlet: Wholes
    amount: Floats
    duration: Floats

    def __post_init__(self) -> None:
        """Bring the arrays into the form that kernels read, and refuse those that do not fit together."""
        for name, kind in (("offsets", np.int64), ("time", float), ("inlet", np.int64), ("amount", float),
                           ("duration", float)):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=kind))
        n = self.time.size
        if not self.inlet.shape == self.amount.shape == self.duration.shape == (n,):
            raise ValueError("a schedule's time, inlet, amount and duration must be as long as one another")
        if self.offsets.size < 1 or self.offsets[0] != 0 or self.offsets[-1] != n or np.any(np.diff(self.offsets) < 0):
            raise ValueError("a schedule's offsets must rise from 0 to the number of administrations")

    @property
    def n_patients(self) -> int:
        """Return the number of patients."""
        return self.offsets.size - 1

    def of_patients(self, first: int, last: int) -> Schedule:
        """Return the administrations of patients first to last - 1."""
        lo, hi = int(self.offsets[first]), int(self.offsets[last])
        return Schedule(
            offsets=self.offsets[first:last + 1] - lo, time=self.time[lo:hi], inlet=self.inlet[lo:hi],
            amount=self.amount[lo:hi], duration=self.duration[lo:hi])


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
