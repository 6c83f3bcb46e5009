"""The steady state of any system, by repeating intervals: copied where a schedule asks for one.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.adaptive_kernel import set_off
from trialsim.dynamics.administrations import repeated_dose, runs_besides
from trialsim.dynamics.compiling import allocating_kernel, kernel
from trialsim.dynamics.empty_model import INLET_STATES, N_HAZARDS, N_INTEGRALS, N_STATES, starts
from trialsim.dynamics.lane_table import (
    AT_C,
    AT_LIMIT,
    AT_P,
    AT_SCALE,
    AT_SLOPE,
    AT_STEPS,
    AT_T,
    AT_U,
    AT_Y,
    AT_Z,
    NO_STEADY_STATE,
)
from trialsim.dynamics.step_kernel import single_step

# --- copied from here ---
# A steady state is reached when one more interval, and all that would follow it, moves no state by more than this.
STEADY_TOLERANCE = 1e-10
STEADY_ATOL = 1e-12
MOST_INTERVALS = 10000
MOST_STEPS_TO_REST = 1000000


@kernel
def carried(w: Any, lane: int, t_stop: float, rtol: float) -> int:
    """Return a status, having stepped one lane alone to a time."""
    set_off(w, lane, t_stop, True, rtol, STEADY_ATOL)
    while w[AT_T, lane] < t_stop:
        status, stands, _ = single_step(w, lane, rtol, STEADY_ATOL, MOST_STEPS_TO_REST)
        if status != 0:
            return int(status)
    return 0


@kernel
def interval_passed(
    inlet: int, size: float, lasts: float, inflow: float, lag: float, interval: float, w: Any, lane: int, rtol: float
) -> int:
    """Return a status, having carried a lane through one interval of doses that have always been taken so.

    A dose arrives `lag` after the interval's beginning, modulo the interval; of an infusion longer than the interval
    one runs for each whole interval it lasts, and another for the rest.
    """
    t, state = w[AT_T, lane], INLET_STATES[inlet]
    phase, ends, whole = repeated_dose(lag, lasts, inflow, interval)
    marks = (min(phase, ends), max(phase, ends), interval)
    passed = 0.0
    for k in range(3):
        if marks[k] > passed:
            besides = inflow if runs_besides(0.5 * (passed + marks[k]), phase, ends) else 0.0
            w[AT_U + state, lane] = whole * inflow + besides
            status = carried(w, lane, t + marks[k], rtol)
            if status != 0:
                return int(status)
            passed = marks[k]
        if k == 0 and inflow == 0.0:
            w[AT_Y + state, lane] += size
            w[AT_SCALE + state, lane] = max(w[AT_SCALE + state, lane], abs(size))
    w[AT_T, lane] = t
    return 0


@allocating_kernel
def settled(
    inlet: int, size: float, lasts: float, inflow: float, lag: float, interval: float, added: bool, w: Any, lane: int,
    rtol: float,
) -> int:
    """Return a status, having put the states where doses every interval for ever have brought them (or added that).

    From the beginning's states on, intervals are repeated until what is left of a geometric approach is below the
    tolerance. Hazards and integrals
    stand still meanwhile. An inflow for ever is followed through lengths of time that double.
    """
    n = N_STATES - N_INTEGRALS
    held, limits = np.empty(N_STATES + N_HAZARDS), np.empty(N_HAZARDS)
    before, moved = np.empty(n), np.empty(n)
    steps, t = w[AT_STEPS, lane], w[AT_T, lane]
    for i in range(N_STATES + N_HAZARDS):
        held[i] = w[AT_Y + i, lane]
    for h in range(N_HAZARDS):
        limits[h] = w[AT_LIMIT + h, lane]
        w[AT_LIMIT + h, lane] = np.inf
    for i in range(N_STATES):
        w[AT_U + i, lane] = 0.0
    starts(w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], w[AT_Y:AT_SLOPE, lane])
    for i in range(n):
        moved[i] = np.inf
    status, length, rests = 0, 1e-3, 0
    for k in range(MOST_INTERVALS):
        for i in range(n):
            before[i] = w[AT_Y + i, lane]
        if interval > 0.0:
            status = interval_passed(inlet, size, lasts, inflow, lag, interval, w, lane, min(rtol, 1e-11))
        else:
            w[AT_U + INLET_STATES[inlet], lane] = inflow
            status = carried(w, lane, t + length, min(rtol, 1e-11))
            w[AT_T, lane] = t
            length = min(2.0 * length, 1e12)
        if status != 0:
            break
        at_rest = True
        largest = 0.0
        for i in range(n):
            largest = max(largest, abs(w[AT_Y + i, lane]))
        for i in range(n):
            change = abs(w[AT_Y + i, lane] - before[i])
            # What a geometric approach still has before it: change q / (1 - q), with q from the last two changes.
            q = change / moved[i] if moved[i] > 0.0 and moved[i] < np.inf else 1.0
            left = change * q / (1.0 - q) if q < 1.0 else np.inf
            allowed = STEADY_TOLERANCE * max(abs(w[AT_Y + i, lane]), 1e-6 * largest)
            near = change <= 100.0 * allowed and left <= allowed
            at_rest = at_rest and (near or change <= 1e-13 * largest)
            moved[i] = change
        rests = rests + 1 if at_rest and k > 0 else 0
        if rests == 2:
            break
    else:
        status = NO_STEADY_STATE
    w[AT_STEPS, lane], w[AT_T, lane] = steps, t
    for i in range(N_STATES + N_HAZARDS):
        if i >= n:
            w[AT_Y + i, lane] = held[i]
        elif added:
            w[AT_Y + i, lane] += held[i]
    for h in range(N_HAZARDS):
        w[AT_LIMIT + h, lane] = limits[h]
    return NO_STEADY_STATE if status != 0 else 0
