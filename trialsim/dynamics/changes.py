"""Parameters that change within a course: covariates measured again, occasions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """From `time[k]` on a patient has the parameters of `rows[row[k]]`; patient i's stand from `offsets[i]` on."""

    offsets: NDArray[np.int64]
    time: NDArray[np.float64]
    row: NDArray[np.int64]
    rows: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together."""
        for name, kind in (("offsets", np.int64), ("time", float), ("row", np.int64), ("rows", float)):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=kind))
        n = self.time.size
        if self.row.shape != (n,) or self.offsets.size < 1 or self.offsets[0] != 0 or self.offsets[-1] != n:
            raise ValueError("changes need a time and a row each, and offsets that rise from 0 to their number")
        if n and not (self.row.min() >= 0 and self.row.max() < len(self.rows)):
            raise ValueError("a change names a row that there is not")
        ascends = np.diff(self.time) >= 0.0
        ascends[self.offsets[1:-1][(self.offsets[1:-1] > 0) & (self.offsets[1:-1] < n)] - 1] = True
        if np.any(np.diff(self.offsets) < 0) or not np.all(ascends):
            raise ValueError("a patient's changes must ascend in time")


def no_changes(n_patients: int, n_parameters: int) -> Changes:
    """Return the changes of patients who stay as they are."""
    nothing = np.zeros(0)
    return Changes(offsets=np.zeros(n_patients + 1, dtype=np.int64), time=nothing, row=np.zeros(0, dtype=np.int64),
                   rows=np.zeros((0, n_parameters)))
