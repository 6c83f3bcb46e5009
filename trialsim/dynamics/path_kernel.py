"""What a path amounts to: integrals, highest and lowest values, shares of time, since the beginning or in windows.

A step lands wherever the path turns (for highest and lowest) or a condition changes (for shares), so that it is enough
to look at the landings. Each sample has a window of its own, which ends there; windows may overlap.
Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.arrays import BEGIN, SAMPLE
from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.empty_model import (
    N_FUNCTIONALS,
    N_HAZARDS,
    N_TRIGGERS,
    OVER,
    PATH_KIND,
    PATH_STATE,
    ROOT_FUNCTIONAL,
    ROOT_RISES,
    path_slopes,
    path_values,
)
from trialsim.dynamics.lane_table import (
    AT_C,
    AT_G,
    AT_P,
    AT_SLOPE,
    AT_T,
    AT_TC,
    AT_Y,
    AT_Z,
    LEVEL,
    OPENED,
    SINCE,
    SLOPES,
    VALUE,
    WITHIN,
)

# --- copied from here ---
FOLLOWS = True
INTEGRAL, HIGHEST, LOWEST, SHARE_OF_TIME = 0, 1, 2, 3


@kernel
def begin_following(b: Any, w: Any, lane: int) -> None:
    """Forget the path."""
    b.number[lane, SINCE] = w[AT_T, lane]
    for f in range(N_FUNCTIONALS):
        b.counts[lane, OPENED + f], b.number[lane, WITHIN + f] = 0, 0.0
        kind = PATH_KIND[f]
        w[AT_Z + f, lane] = -np.inf if kind == HIGHEST else (np.inf if kind == LOWEST else 0.0)


@kernel
def better(kind: int, old: float, new: float, share: float) -> float:
    """Return what a path amounts to when a value or a stretch of time is added."""
    if kind == HIGHEST:
        return new if new > old or new != new else old
    if kind == LOWEST:
        return new if new < old or new != new else old
    return old + share


@kernel
def follow(event: int, i: int, g: Any, b: Any, w: Any, lane: int) -> None:
    """Bring up to date what the path amounts to, and open the windows that begin now."""
    t = w[AT_T, lane]
    path_values(w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], t, t, w[AT_Y:AT_SLOPE, lane], w[AT_Z:AT_G, lane],
                b.number[lane, VALUE:WITHIN])
    passed = t - b.number[lane, SINCE]
    b.number[lane, SINCE] = t
    root = event - N_HAZARDS - N_TRIGGERS
    for f in range(N_FUNCTIONALS):
        kind, x = PATH_KIND[f], b.number[lane, VALUE + f]
        share = passed if b.number[lane, WITHIN + f] != 0.0 else 0.0
        if kind == SHARE_OF_TIME:
            b.number[lane, WITHIN + f] = 1.0 if x >= 0.0 else 0.0
            # A root is landed on from its own side: whichever sign rounding gives it there, it has been crossed.
            if root >= 0 and ROOT_FUNCTIONAL[root] == f:
                b.number[lane, WITHIN + f] = ROOT_RISES[root]
        if OVER[f] == np.inf:
            if kind != INTEGRAL:
                w[AT_Z + f, lane] = better(kind, w[AT_Z + f, lane], x, share)
            continue
        for s in range(b.counts[lane, SAMPLE], b.counts[lane, OPENED + f]):
            if kind != INTEGRAL:
                b.path[lane, f, s] = better(kind, b.path[lane, f, s], x, share)
    opened(1.0, i, g, b, w, lane)


@kernel
def opened(only_ending: float, i: int, g: Any, b: Any, w: Any, lane: int) -> None:
    """Open the windows that begin now, with what is there after the doses of this instant.

    A window that ends where it begins is opened before: it holds what is there then.
    """
    t = w[AT_T, lane]
    for f in range(N_FUNCTIONALS):
        kind, x = PATH_KIND[f], b.number[lane, VALUE + f]
        while OVER[f] < np.inf and b.counts[lane, OPENED + f] < g.samples.shape[1]:
            s = b.counts[lane, OPENED + f]
            early = g.samples[i, s] <= t and not (g.after.shape[1] > 0 and g.after[i, s])
            if max(g.samples[i, s] - OVER[f], g.person[i, BEGIN]) > t or (only_ending != 0.0 and not early):
                break
            start = w[AT_Y + PATH_STATE[f], lane] if kind == INTEGRAL else x
            b.path[lane, f, s] = 0.0 if kind == SHARE_OF_TIME else start
            b.counts[lane, OPENED + f] = s + 1


@kernel
def shares_begin(b: Any, w: Any, lane: int) -> None:
    """Say of every share whose value is at its very limit on which side it goes on: that to which it moves."""
    at_limit = False
    for f in range(N_FUNCTIONALS):
        at_limit = at_limit or (PATH_KIND[f] == SHARE_OF_TIME and b.number[lane, VALUE + f] == 0.0)
    if at_limit:
        slopes_now = b.number[lane, SLOPES:LEVEL]
        path_slopes(w, lane, w[AT_T, lane], w[AT_TC, lane], AT_Y, AT_SLOPE, slopes_now)
        for f in range(N_FUNCTIONALS):
            if PATH_KIND[f] == SHARE_OF_TIME and b.number[lane, VALUE + f] == 0.0:
                b.number[lane, WITHIN + f] = 1.0 if slopes_now[f] >= 0.0 else 0.0


@kernel
def finish_windows(s: int, i: int, g: Any, b: Any, w: Any, lane: int) -> None:
    """Put what the windows that end with a sample amount to where outputs look."""
    for f in range(N_FUNCTIONALS):
        kind, total = PATH_KIND[f], w[AT_Z + f, lane]
        length = w[AT_T, lane] - g.person[i, BEGIN]
        if OVER[f] < np.inf:
            total = b.path[lane, f, s]
            length = min(length, OVER[f])
        if kind == INTEGRAL:
            total = w[AT_Y + PATH_STATE[f], lane] - (total if OVER[f] < np.inf else 0.0)
        # Where outputs look: the running totals of paths since the beginning stay in a row of their own.
        if kind == SHARE_OF_TIME:
            total = total / length if length > 0.0 else 0.0
        w[AT_Z + N_FUNCTIONALS + f, lane] = total


@kernel
def next_opening(i: int, t: float, g: Any, b: Any, lane: int) -> float:
    """Return when the next window begins."""
    t_next = np.inf
    for f in range(N_FUNCTIONALS):
        if OVER[f] < np.inf and b.counts[lane, OPENED + f] < g.samples.shape[1]:
            opens = g.samples[i, b.counts[lane, OPENED + f]] - OVER[f]
            t_next = min(t_next, opens if opens > t else np.inf)
    return t_next
