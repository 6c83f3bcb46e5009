"""The steady state of any system, by repeating intervals: copied where a schedule asks for one.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.adaptive_kernel import set_off
from trialsim.dynamics.administrations import repeated_dose, runs_besides
from trialsim.dynamics.arrays import DELAYED, END, INFLOW, INTO, OWN_NUMBER, OWN_PACE, SIZE
from trialsim.dynamics.chain import chain_start, is_spent
from trialsim.dynamics.compiling import allocating_kernel, kernel
from trialsim.dynamics.empty_model import (
    CHAINS,
    INLET_STATES,
    N_CHAINS,
    N_HAZARDS,
    N_INTEGRALS,
    N_STATES,
    PULSES,
    starts,
)
from trialsim.dynamics.instant_kernel import pulsed
from trialsim.dynamics.lane_table import (
    AT_C,
    AT_LIMIT,
    AT_P,
    AT_PULSE,
    AT_SCALE,
    AT_SLOPE,
    AT_STEPS,
    AT_T,
    AT_U,
    AT_Y,
    AT_Z,
    BAD_PARAMETERS,
    NO_STEADY_STATE,
    TOO_MANY_PULSES,
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
def timing(way: Any, interval: float) -> tuple[float, float, float]:
    """Return when in its interval a repeated dose arrives, when the rest of it ends, how many run always."""
    phase, ends, whole = repeated_dose(way[DELAYED], way[END], way[INFLOW], interval)
    # A rounding may put what arrives at an interval's beginning on either side of it.
    return (phase if 0.0 <= phase < interval else 0.0), ends, whole


@kernel
def interval_passed(first: int, last: int, interval: float, b: Any, w: Any, lane: int, rtol: float) -> int:
    """Return a status, having carried a lane through one interval of doses that have always been taken so.

    A dose arrives its lag after the interval's beginning, modulo the interval; of an infusion longer than the interval
    one runs for each whole interval it lasts, and another for the rest.
    """
    t, passed, status = w[AT_T, lane], 0.0, 0
    while status == 0:
        mark = interval
        for k in range(first, last):
            way = b.way[lane, k]
            phase, ends, whole = timing(way, interval)
            state = INLET_STATES[int(way[INTO])]
            if way[INFLOW] == 0.0 and phase == passed:
                w[AT_SCALE + state, lane] = max(w[AT_SCALE + state, lane], abs(way[SIZE]))
                if N_CHAINS > 0 and CHAINS[int(way[INTO])] >= 0:
                    status = max(status, int(
                        pulsed(int(way[INTO]), way[SIZE], way[OWN_NUMBER], way[OWN_PACE], w, lane)))
                else:
                    w[AT_Y + state, lane] += way[SIZE]
            mark = phase if passed < phase < mark else mark
            mark = ends if passed < ends < mark else mark
        for s in range(N_STATES):
            w[AT_U + s, lane] = 0.0
        for k in range(first, last):
            way = b.way[lane, k]
            phase, ends, whole = timing(way, interval)
            besides = way[INFLOW] if runs_besides(0.5 * (passed + mark), phase, ends) else 0.0
            w[AT_U + INLET_STATES[int(way[INTO])], lane] += whole * way[INFLOW] + besides
        if status == 0:
            status = int(carried(w, lane, t + mark, rtol))
        passed = mark
        if not passed < interval:
            break
    w[AT_T, lane] = t
    for j in range(N_CHAINS * PULSES):
        w[AT_PULSE + 4 * j + 1, lane] -= interval
    return status


@kernel
def earlier_pulses(way: Any, interval: float, w: Any, lane: int) -> int:
    """Return a status, having put into a chain all that earlier doses still have to bring."""
    t, size, number, pace = w[AT_T, lane], way[SIZE], way[OWN_NUMBER], way[OWN_PACE]
    phase, _, _ = timing(way, interval)
    if size == 0.0:
        return 0
    if not (0.0 <= number < np.inf and 0.0 < pace < np.inf and size > 0.0):
        return BAD_PARAMETERS
    start, arrived = chain_start(size, number, pace), t + phase - interval
    q = CHAINS[int(way[INTO])]
    for j in range(q * PULSES, (q + 1) * PULSES):
        at = AT_PULSE + 4 * j
        if w[at, lane] != -np.inf:
            continue
        if is_spent(start, arrived, t, number, pace):
            return 0
        w[at, lane], w[at + 1, lane], w[at + 2, lane], w[at + 3, lane] = start, arrived, number, pace
        arrived -= interval
    return 0 if is_spent(start, arrived, t, number, pace) else TOO_MANY_PULSES


@kernel
def pulses_added(held: Any, w: Any, lane: int) -> int:
    """Return a status, having put pulses beside those that a chain holds."""
    for j in range(N_CHAINS * PULSES):
        if held[4 * j] == -np.inf:
            continue
        status, q = TOO_MANY_PULSES, j // PULSES
        for place in range(q * PULSES, (q + 1) * PULSES):
            at = AT_PULSE + 4 * place
            if is_spent(w[at, lane], w[at + 1, lane], w[AT_T, lane], w[at + 2, lane], w[at + 3, lane]):
                for n in range(4):
                    w[at + n, lane] = held[4 * j + n]
                status = 0
                break
        if status != 0:
            return status
    return 0


@kernel
def at_rest(before: Any, moved: Any, w: Any, lane: int) -> bool:
    """Return whether what is left of a geometric approach is below the tolerance, having noted how far states moved."""
    rests, largest = True, 0.0
    for i in range(before.size):
        largest = max(largest, abs(w[AT_Y + i, lane]))
    for i in range(before.size):
        change = abs(w[AT_Y + i, lane] - before[i])
        # What a geometric approach still has before it: change q / (1 - q), with q from the last two changes.
        q = change / moved[i] if moved[i] > 0.0 and moved[i] < np.inf else 1.0
        left = change * q / (1.0 - q) if q < 1.0 else np.inf
        allowed = STEADY_TOLERANCE * max(abs(w[AT_Y + i, lane]), 1e-6 * largest)
        near = change <= 100.0 * allowed and left <= allowed
        rests = rests and (near or change <= 1e-13 * largest)
        moved[i] = change
    return rests


@allocating_kernel
def approached(first: int, last: int, interval: float, b: Any, w: Any, lane: int, rtol: float) -> int:
    """Return a status, having repeated intervals until what is left of a geometric approach is below the tolerance.

    An inflow for ever is followed through lengths of time that double.
    """
    n, t = N_STATES - N_INTEGRALS, w[AT_T, lane]
    before, moved = np.empty(n), np.full(n, np.inf)
    status, length, rests = 0, 1e-3, 0
    for k in range(first, last if N_CHAINS > 0 else first):
        if CHAINS[int(b.way[lane, k, INTO])] >= 0:
            status = max(status, int(earlier_pulses(b.way[lane, k], interval, w, lane)))
    for k in range(MOST_INTERVALS):
        for i in range(n):
            before[i] = w[AT_Y + i, lane]
        if status == 0 and interval > 0.0:
            status = interval_passed(first, last, interval, b, w, lane, rtol)
        elif status == 0:
            for j in range(first, last):
                w[AT_U + INLET_STATES[int(b.way[lane, j, INTO])], lane] = 0.0
            for j in range(first, last):
                w[AT_U + INLET_STATES[int(b.way[lane, j, INTO])], lane] += b.way[lane, j, INFLOW]
            status = carried(w, lane, t + length, rtol)
            w[AT_T, lane] = t
            length = min(2.0 * length, 1e12)
        if status != 0:
            return int(status)
        rests = rests + 1 if at_rest(before, moved, w, lane) and k > 0 else 0
        if rests == 2:
            return 0
    return NO_STEADY_STATE


@allocating_kernel
def settled(first: int, last: int, interval: float, added: bool, b: Any, w: Any, lane: int, rtol: float) -> int:
    """Return a status, having put the states where doses every interval for ever have brought them (or added that).

    The doses are first to last - 1 of what is under way. From the beginning's states on they are followed together;
    hazards and integrals stand still meanwhile.
    """
    n = N_STATES - N_INTEGRALS
    held, limits = np.empty(N_STATES + N_HAZARDS), np.empty(N_HAZARDS)
    pulses = np.full(4 * N_CHAINS * PULSES, -np.inf)
    steps, t = w[AT_STEPS, lane], w[AT_T, lane]
    for i in range(N_STATES + N_HAZARDS):
        held[i] = w[AT_Y + i, lane]
    for h in range(N_HAZARDS):
        limits[h] = w[AT_LIMIT + h, lane]
        w[AT_LIMIT + h, lane] = np.inf
    for i in range(N_STATES):
        w[AT_U + i, lane] = 0.0
    for j in range(N_CHAINS * PULSES):
        for k in range(4):
            pulses[4 * j + k] = w[AT_PULSE + 4 * j + k, lane]
            w[AT_PULSE + 4 * j + k, lane] = -np.inf if k == 0 else 0.0
    starts(w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], w[AT_Y:AT_SLOPE, lane])
    status = int(approached(first, last, interval, b, w, lane, min(rtol, 1e-11)))
    w[AT_STEPS, lane], w[AT_T, lane] = steps, t
    for i in range(N_STATES + N_HAZARDS):
        if i >= n:
            w[AT_Y + i, lane] = held[i]
        elif added:
            w[AT_Y + i, lane] += held[i]
    for h in range(N_HAZARDS):
        w[AT_LIMIT + h, lane] = limits[h]
    if N_CHAINS > 0 and added and status == 0:
        status = int(pulses_added(pulses, w, lane))
    return status if status in (0, TOO_MANY_PULSES) else NO_STEADY_STATE
