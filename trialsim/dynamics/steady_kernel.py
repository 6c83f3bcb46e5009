"""Bringing a lane to the steady state of doses that have always been taken: copied where a schedule asks for it.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.administrations import infusion, lingering, next_row, put, timed
from trialsim.dynamics.arrays import (
    AMOUNT,
    DELAYED,
    DUE,
    DURATION,
    END,
    INFLOW,
    INLET,
    INTERVAL,
    INTO,
    KIND,
    LAG,
    OVERRIDE,
    RATE,
    SHARE,
    SIZE,
    TIME,
    UNDER_WAY,
)
from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.doses import STEADY_ADDED, STEADY_WITH
from trialsim.dynamics.empty_model import CHAINS, MODELLED
from trialsim.dynamics.lane_table import AT_T, NO_STEADY_STATE
from trialsim.dynamics.no_solver import settled


# --- copied from here ---
@kernel
def one_of_them(row: int, line: int, amount: float, g: Any, b: Any, lane: int) -> int:
    """Return a status, having put among those under way what a row's dose is, once it is taken every interval.

    It starts at 0 and ends after as long as it lasts.
    """
    dose, terms = g.dose[row], b.terms[lane]
    inlet, interval = int(dose[INLET]), dose[INTERVAL]
    sound, duration, rate = timed(inlet, dose[DURATION], dose[RATE], MODELLED, terms)
    size, lasts, inflow = infusion(amount, duration, rate, terms[SHARE, inlet])
    lag = terms[LAG, inlet]
    if amount == 0.0 and rate > 0.0 and interval == 0.0:
        size, lasts, inflow, lag = 0.0, np.inf, rate, 0.0
    elif not (interval > 0.0 and 0.0 <= lag < np.inf):
        return NO_STEADY_STATE
    if not sound or (CHAINS[inlet] >= 0 and inflow != 0.0):
        return NO_STEADY_STATE
    return int(put(0.0, lasts, inflow, size, lag, inlet, line, b, lane))


@kernel
def steady(row: int, i: int, line: int, amount: float, g: Any, b: Any, w: Any, lane: int, rtol: float) -> int:
    """Return a status, having brought a lane to the steady state of a row's dose and those with it, not yet taken."""
    interval, added, t = g.dose[row, INTERVAL], g.dose[row, KIND] == STEADY_ADDED, w[AT_T, lane]
    if not added:
        b.counts[lane, UNDER_WAY] = 0
    first, due, override = b.counts[lane, UNDER_WAY], b.line[lane, line, DUE], b.line[lane, line, OVERRIDE]
    status = one_of_them(row, line, amount, g, b, lane)
    while status == 0:
        with_it = next_row(i, line, g, b, lane)
        if with_it < 0 or g.dose[with_it, KIND] != STEADY_WITH or g.dose[with_it, TIME] != g.dose[row, TIME]:
            break
        b.line[lane, line, DUE] += 1.0
        own = g.dose[with_it, AMOUNT] if override != override else override
        status = one_of_them(with_it, line, own, g, b, lane)
    b.line[lane, line, DUE] = due
    last = b.counts[lane, UNDER_WAY]
    if status == 0:
        status = int(settled(first, last, interval, added, b, w, lane, rtol))
    for k in range(first, last if status == 0 else first):
        way = b.way[lane, k]
        inlet, lasts, inflow, lag = int(way[INTO]), way[END], way[INFLOW], way[DELAYED]
        if interval == 0.0:
            status = max(status, int(put(t, np.inf, inflow, 0.0, 0.0, inlet, line, b, lane)))
        else:
            lasting = lingering(t, inlet, line, way[SIZE], lasts, inflow, lag, interval, b, lane)
            status = max(status, int(lasting))
    for k in range(last, b.counts[lane, UNDER_WAY]):
        for column in range(10):
            b.way[lane, first + k - last, column] = b.way[lane, k, column]
    b.counts[lane, UNDER_WAY] -= last - first
    return status
