"""When and how much of each administration arrives in its state: lags, bioavailability, order, stopping."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

OK = 0
BAD_DOSE = 4
TOO_EARLY = 6


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def arrivals(
    first: int, last: int, time: Any, inlet: Any, amount: Any, duration: Any, lags: Any, shares: Any, begin: float,
    start: Any, end: Any, size: Any, order: Any,
) -> int:
    """Return a status, having filled when each administration starts and ends to arrive, how much, in which order.

    Position k of `start`, `end`, `size` is administration `first + k`; `order` sorts them by start, those at one
    instant as they stand in the schedule. The same duration holds after a lag; bioavailability scales the amount.
    """
    for k in range(last - first):
        i = first + k
        lag, share = lags[inlet[i]], shares[inlet[i]]
        start[k] = time[i] + lag
        end[k] = start[k] + duration[i]
        size[k] = amount[i] * share
        sound = 0.0 <= lag < np.inf and 0.0 <= share < np.inf and 0.0 <= duration[i] < np.inf
        if not (sound and -np.inf < size[k] < np.inf and -np.inf < start[k] < np.inf):
            return BAD_DOSE
        if time[i] < begin:
            return TOO_EARLY
        j = k
        while j > 0 and start[order[j - 1]] > start[k]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = k
    return OK


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def stop_dosing(
    moment: float, first: int, last: int, time: Any, inlet: Any, lags: Any, start: Any, end: Any
) -> None:
    """Strike what would be taken at or after a moment, and end there what is then being infused.

    What was taken before still arrives after its lag. An administration struck out starts at infinity.
    """
    for k in range(last - first):
        i = first + k
        if time[i] >= moment:
            start[k] = np.inf
            end[k] = np.inf
        elif end[k] > start[k]:
            end[k] = max(start[k], min(end[k], moment + lags[inlet[i]]))
