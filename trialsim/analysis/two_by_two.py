"""Two-by-two tables: how many patients and successes each stratum and arm of a trial has."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import Floats, Integers, checked_rows
from trialsim.foundation.arithmetic import compiled


@compiled("void(float64[::1], int64[::1], int64[::1], int64, int64, float64[:, ::1], float64[:, ::1])")
def counted(
    success: Floats, arm: Integers, stratum: Integers, start: int, stop: int, n: Floats, events: Floats
) -> None:
    """Fill the number of patients and of successes of each stratum and arm."""
    n[:] = 0.0
    events[:] = 0.0
    for i in range(start, stop):
        s, a = stratum[i], arm[i]
        if 0 <= a < n.shape[1] and 0 <= s < n.shape[0] and success[i] == success[i]:
            n[s, a] += 1.0
            events[s, a] += success[i]


def checked_tables(
    success: ArrayLike, arm: ArrayLike, offsets: ArrayLike, stratum: ArrayLike | None, n_strata: int
) -> tuple[Floats, Integers, Integers, Integers]:
    """Return successes, arms, offsets and strata in the types the kernels take; ValueError where they do not fit."""
    values, arms, bounds = checked_rows(success, arm, offsets)
    if np.any((values != 0.0) & (values != 1.0) & ~np.isnan(values)):
        raise ValueError("a success is neither 1 nor 0 nor missing")
    strata = np.zeros(values.size, np.int64)
    if n_strata > 0:
        strata = np.require(stratum, np.int64, ["C", "W"])
        if strata.shape != values.shape:
            raise ValueError(f"there are {values.shape} values and {strata.shape} strata")
    return values, arms, bounds, strata
