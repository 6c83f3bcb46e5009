"""The course of any system: steps that land on every dose, sample, breakpoint, event and turn.

Several patients are under way at once, one in each lane of a table (`lane_table` names its rows): all lanes step
together, a lane that has landed is looked after alone, and one whose patient is done takes the next patient.
Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.arrays import PATIENT, SAMPLE, STATUS, STEPS
from trialsim.dynamics.bundles import bundle
from trialsim.dynamics.compiling import allocating_kernel, kernel
from trialsim.dynamics.empty_model import (
    INLET_STATES,
    LANES,
    N_HAZARDS,
    N_INTEGRALS,
    N_ROOTS,
    N_STATES,
    root_values,
    starts,
)
from trialsim.dynamics.instant_kernel import begun, served
from trialsim.dynamics.lane_table import (
    AT_C,
    AT_G,
    AT_H,
    AT_LIMIT,
    AT_P,
    AT_SCALE,
    AT_SLOPE,
    AT_STEPS,
    AT_STOP,
    AT_T,
    AT_TC,
    AT_U,
    AT_WORD,
    AT_Y,
    AT_Z,
    BAD_PARAMETERS,
    GOES_ON,
    N_ROWS,
    NO_STEADY_STATE,
    UNMADE,
)
from trialsim.dynamics.no_paths import shares_begin
from trialsim.dynamics.step_kernel import first_step, lockstep, set_floors, single_step, slopes

# --- copied from here ---
N_ROWS_IN_ALL = N_ROWS


# A steady state is reached when one more interval, and all that would follow it, moves no state by more than this.
STEADY_TOLERANCE = 1e-10
STEADY_ATOL = 1e-12
MOST_INTERVALS = 10000
MOST_STEPS_TO_REST = 1000000


@kernel
def parameters_changed(p: Any, w: Any, lane: int) -> int:
    """Return a status, having brought up to date what a solver keeps of the parameters."""
    return 0


@kernel
def set_off(w: Any, lane: int, t_stop: float, fresh: bool, rtol: float, atol: float) -> None:
    """Fill what the steps to the next stop need; after a change, with a step size chosen anew."""
    t = w[AT_T, lane]
    tc = t + 0.5 * (t_stop - t)
    w[AT_STOP, lane], w[AT_TC, lane] = t_stop, tc
    if fresh:
        set_floors(w, lane, atol)
        slopes(w, lane, t, tc, AT_Y, AT_SLOPE)
        w[AT_H, lane] = first_step(w, lane, t, tc, t_stop - t, rtol)
    if N_ROOTS > 0:
        root_values(w, lane, t, tc, AT_Y, AT_SLOPE, AT_G)


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
    phase = lag - np.floor(lag / interval) * interval
    whole = np.floor(lasts / interval)
    rest = lasts - whole * interval if inflow > 0.0 else 0.0
    ends = phase + rest
    over = ends > interval
    ends = ends - interval if over else ends
    marks = (min(phase, ends), max(phase, ends), interval) if inflow > 0.0 else (phase, phase, interval)
    passed = 0.0
    for k in range(3):
        if marks[k] > passed or (k == 2 and interval > passed):
            middle = 0.5 * (passed + marks[k])
            running = (middle < ends or middle >= phase) if over else (phase <= middle < ends)
            w[AT_U + state, lane] = whole * inflow + (inflow if inflow > 0.0 and rest > 0.0 and running else 0.0)
            status = carried(w, lane, t + marks[k], rtol)
            if status != 0:
                return status
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


@kernel
def sent_on(
    event: int, fresh: bool, i: int, g: Any, o: Any, b: Any, w: Any, lane: int, rtol: float, atol: float
) -> tuple[int, bool]:
    """Return status and whether the course goes on, having done all that is due at the instant a lane stands at."""
    status, goes_on, fresh_now, t_stop = served(event, fresh, i, g, o, b, w, lane, rtol)
    if goes_on:
        s = b.counts[lane, SAMPLE]
        if s < g.samples.shape[1]:
            t_stop = min(t_stop, g.samples[i, s])
        if not t_stop < np.inf:
            return BAD_PARAMETERS, False
        set_off(w, lane, t_stop, fresh_now, rtol, atol)
        shares_begin(b, w, lane)
    return status, goes_on


@kernel
def run(given: Any, found: Any, bench: Any, steps: Any, rtol: float, atol: float, most_steps: int) -> None:
    """Fill what becomes of every patient; `steps` is for linear systems."""
    g, o, b = bundle(given), bundle(found), bundle(bench)
    n_patients = g.person.shape[0]
    ws, w = b.table, b.table.reshape((N_ROWS_IN_ALL, LANES))
    for lane in range(LANES):
        b.counts[lane, PATIENT], w[AT_WORD, lane] = -1, UNMADE
    n_begun, n_done, called = 0, 0, True
    while n_done < n_patients:
        for lane in range(LANES if called else 0):
            i = b.counts[lane, PATIENT]
            if w[AT_WORD, lane] == GOES_ON or (i < 0 and n_begun == n_patients):
                continue
            # Computed, not written: a compiler that sees the numbers themselves compiles all that follows once more.
            code, event, fresh, goes_on = 0, lane - lane - 1, lane < 0, False
            if i >= 0 and w[AT_WORD, lane] == UNMADE:
                code, stands, event = single_step(w, lane, rtol, atol, most_steps)
                goes_on = not stands
            while not goes_on:
                if i < 0:
                    if n_begun == n_patients:
                        break
                    i, fresh, event = n_begun, n_begun >= 0, lane - lane - 1
                    n_begun += 1
                    code = begun(i, g, b, w, lane)
                if code == 0:
                    code, goes_on = sent_on(event, fresh, i, g, o, b, w, lane, rtol, atol)
                if not goes_on:
                    o.counts[i, STATUS], o.counts[i, STEPS] = code, int(w[AT_STEPS, lane])
                    n_done += 1
                    i = -1
                    b.counts[lane, PATIENT] = -1
        called = lockstep(ws, rtol, atol, float(most_steps))
