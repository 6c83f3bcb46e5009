"""The course of any system: DOP853 steps that land on every dose, sample, breakpoint and event.

Several patients are under way at once, one in each lane of a table (`step_kernel` names its rows): all lanes step
together, a lane that has landed is looked after alone, and one whose patient is done takes the next patient.
Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np
from numba import njit

from trialsim.dynamics.arrivals import arrivals, stop_dosing
from trialsim.dynamics.empty_model import (
    INLET_STATES,
    LANES,
    N_BREAKPOINTS,
    N_HAZARDS,
    N_INLETS,
    N_PARAMETERS,
    N_STATES,
    breakpoints,
    hoist,
    inlet_terms,
    read_outputs,
    starts,
)
from trialsim.dynamics.step_kernel import (
    AT_C,
    AT_H,
    AT_LIMIT,
    AT_P,
    AT_REFUSED,
    AT_SCALE,
    AT_SLOPE,
    AT_STEPS,
    AT_STOP,
    AT_T,
    AT_TC,
    AT_U,
    AT_WORD,
    AT_X,
    AT_Y,
    BAD_PARAMETERS,
    GOES_ON,
    N_ROWS,
    NOT_A_NUMBER,
    TOO_EARLY,
    UNMADE,
    first_step,
    lockstep,
    set_floors,
    single_step,
    slopes,
)

# --- copied from here ---
# What a lane counts in whole numbers: its patient, the next sample, the next dose, the infusions that run.
PATIENT, SAMPLE, DOSE, RUNNING = 0, 1, 2, 3


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)  # type: ignore[untyped-decorator]
def next_stop(
    t: float, horizon: float, sample: float, dose: float, n_running: int, running: Any, end: Any, breaks: Any,
    lane: int,
) -> float:
    """Return the next time at which a step must land."""
    t_stop = min(horizon, sample, dose)
    for r in range(n_running):
        t_stop = min(t_stop, end[lane, running[lane, r]])
    for b in range(N_BREAKPOINTS):
        if t < breaks[lane, b] < t_stop:
            t_stop = breaks[lane, b]
    return t_stop


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)  # type: ignore[untyped-decorator]
def happenings(
    event: int, w: Any, lane: int, i: int, event_times: Any, stops_dosing: Any, ends_course: Any
) -> int:
    """Return what the events of this instant ask for: 1 stop dosing, 2 end the course; and switch them off."""
    asked = 0
    for h in range(N_HAZARDS):
        if h == event or w[AT_Y + N_STATES + h, lane] >= w[AT_LIMIT + h, lane]:
            event_times[i, h] = w[AT_T, lane]
            w[AT_LIMIT + h, lane] = np.inf
            if stops_dosing[h]:
                asked |= 1
            if ends_course[h]:
                asked |= 2
    return asked


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def begun(
    p: Any, begin: float, horizon: float, first: int, last: int, dose_time: Any, dose_inlet: Any, dose_amount: Any,
    dose_duration: Any, thresholds: Any, lags: Any, shares: Any, breaks: Any, start: Any, end: Any, size: Any,
    order: Any, w: Any, lane: int,
) -> int:
    """Return a status, having filled all that is known when the course begins."""
    y, c = w[AT_Y:AT_SLOPE, lane], w[AT_C:AT_X, lane]
    hoist(p, c)
    inlet_terms(p, c, lags, shares)
    breakpoints(p, c, breaks)
    starts(p, c, y)
    w[AT_T, lane], w[AT_H, lane], w[AT_REFUSED, lane], w[AT_STEPS, lane] = begin, 0.0, 0.0, 0.0
    for i in range(N_PARAMETERS):
        w[AT_P + i, lane] = p[i]
    for i in range(N_STATES):
        w[AT_U + i, lane] = 0.0
        w[AT_SCALE + i, lane] = 0.0
        if not -np.inf < y[i] < np.inf:
            return BAD_PARAMETERS
    for h in range(N_HAZARDS):
        y[N_STATES + h] = 0.0
        w[AT_LIMIT + h, lane] = thresholds[h]
    if not (begin > -np.inf and horizon < np.inf):
        return BAD_PARAMETERS
    return int(arrivals(first, last, dose_time, dose_inlet, dose_amount, dose_duration, lags, shares, begin,
                        start, end, size, order))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)  # type: ignore[untyped-decorator]
def sampled(
    params: Any, begin: float, horizon: float, sample_times: Any, i: int, outputs: Any, counts: Any, w: Any, lane: int
) -> int:
    """Return a status, having read the outputs of the samples at this instant."""
    t = w[AT_T, lane]
    while counts[lane, SAMPLE] < sample_times.shape[1] and not sample_times[i, counts[lane, SAMPLE]] > t:
        s = counts[lane, SAMPLE]
        wanted = sample_times[i, s]
        if wanted < begin:
            return TOO_EARLY
        if wanted == t and t <= horizon:
            read_outputs(params[i], w[AT_C:AT_X, lane], t, t, w[AT_Y:AT_SLOPE, lane], outputs[i, s])
            for o in range(outputs.shape[2]):
                if outputs[i, s, o] != outputs[i, s, o]:
                    return NOT_A_NUMBER
        counts[lane, SAMPLE] += 1
    return 0


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)  # type: ignore[untyped-decorator]
def dosed(
    first: int, last: int, dose_inlet: Any, dose_duration: Any, start: Any, end: Any, size: Any, order: Any,
    running: Any, counts: Any, w: Any, lane: int,
) -> bool:
    """Return whether anything that enters a state has changed, having ended infusions and given what is due."""
    t = w[AT_T, lane]
    changed, given, kept = False, False, 0
    for r in range(counts[lane, RUNNING]):
        if end[lane, running[lane, r]] <= t:
            changed = True
        else:
            running[lane, kept] = running[lane, r]
            kept += 1
    i_dose = counts[lane, DOSE]
    while i_dose < last - first:
        d = order[lane, i_dose]
        if start[lane, d] > t and start[lane, d] != np.inf:
            break
        i_dose += 1
        if start[lane, d] == np.inf:
            continue
        state = INLET_STATES[dose_inlet[first + d]]
        w[AT_SCALE + state, lane] = max(w[AT_SCALE + state, lane], abs(size[lane, d]))
        if dose_duration[first + d] == 0.0:
            w[AT_Y + state, lane] += size[lane, d]
            given = True
        elif end[lane, d] > start[lane, d]:
            running[lane, kept] = d
            kept += 1
            changed = True
    counts[lane, DOSE], counts[lane, RUNNING] = i_dose, kept
    if changed:
        for i in range(N_STATES):
            w[AT_U + i, lane] = 0.0
        for r in range(kept):
            d = running[lane, r]
            w[AT_U + INLET_STATES[dose_inlet[first + d]], lane] += size[lane, d] / dose_duration[first + d]
    return changed or given


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)  # type: ignore[untyped-decorator]
def set_off(w: Any, lane: int, t_stop: float, fresh: bool, rtol: float, atol: float) -> None:
    """Fill what the steps to the next stop need; after a change, with a step size chosen anew."""
    t = w[AT_T, lane]
    tc = t + 0.5 * (t_stop - t)
    w[AT_STOP, lane], w[AT_TC, lane] = t_stop, tc
    if fresh:
        set_floors(w, lane, atol)
        slopes(w, lane, t, tc, AT_Y, AT_SLOPE)
        w[AT_H, lane] = first_step(w, lane, t, tc, t_stop - t, rtol)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)  # type: ignore[untyped-decorator]
def sent_on(
    event: int, fresh: bool, i: int, params: Any, begin: Any, horizon: Any, sample_times: Any, offsets: Any,
    dose_time: Any, dose_inlet: Any, dose_duration: Any, stops_dosing: Any, ends_course: Any, rtol: float, atol: float,
    outputs: Any, event_times: Any, lags: Any, breaks: Any, start: Any, end: Any, size: Any, order: Any, running: Any,
    counts: Any, w: Any, lane: int,
) -> tuple[int, bool]:
    """Return status and whether the course goes on, having done all that is due at the instant a lane stands at."""
    t, first, last = w[AT_T, lane], offsets[i], offsets[i + 1]
    status = sampled(params, begin[i], horizon[i], sample_times, i, outputs, counts, w, lane)
    if status != 0:
        return status, False
    asked = happenings(event, w, lane, i, event_times, stops_dosing, ends_course)
    if asked & 2 or t >= horizon[i]:
        return 0, False
    if asked & 1:
        stop_dosing(t, first, last, dose_time, dose_inlet, lags[lane], start[lane], end[lane])
    if dosed(first, last, dose_inlet, dose_duration, start, end, size, order, running, counts, w, lane):
        fresh = True
    i_sample, i_dose = counts[lane, SAMPLE], counts[lane, DOSE]
    waits = i_sample < sample_times.shape[1]
    for h in range(N_HAZARDS):
        waits = waits or w[AT_LIMIT + h, lane] < np.inf
    if not waits:
        return 0, False
    for b in range(N_BREAKPOINTS):
        fresh = fresh or breaks[lane, b] == t
    sample = sample_times[i, i_sample] if i_sample < sample_times.shape[1] else np.inf
    dose = start[lane, order[lane, i_dose]] if i_dose < last - first else np.inf
    t_stop = next_stop(t, horizon[i], sample, dose, counts[lane, RUNNING], running, end, breaks, lane)
    set_off(w, lane, t_stop, fresh, rtol, atol)
    return 0, True


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def run(
    params: Any, begin: Any, horizon: Any, sample_times: Any, offsets: Any, dose_time: Any, dose_inlet: Any,
    dose_amount: Any, dose_duration: Any, thresholds: Any, stops_dosing: Any, ends_course: Any, rtol: float,
    atol: float, most_steps: int, outputs: Any, event_times: Any, status: Any, steps: Any,
) -> None:
    """Fill outputs, event times, statuses and step counts of every patient."""
    most, n_patients = 1, params.shape[0]
    for i in range(n_patients):
        most = max(most, offsets[i + 1] - offsets[i])
    lags, shares, breaks = np.empty((LANES, N_INLETS)), np.empty((LANES, N_INLETS)), np.empty((LANES, N_BREAKPOINTS))
    start, end, size = np.empty((LANES, most)), np.empty((LANES, most)), np.empty((LANES, most))
    order, running = np.empty((LANES, most), np.int64), np.empty((LANES, most), np.int64)
    ws = np.zeros(N_ROWS * LANES)
    w = ws.reshape(N_ROWS, LANES)
    counts = np.zeros((LANES, 4), np.int64)
    counts[:, PATIENT] = -1
    w[AT_WORD] = UNMADE
    n_begun, n_done, called = 0, 0, True
    while n_done < n_patients:
        for lane in range(LANES if called else 0):
            i = counts[lane, PATIENT]
            if w[AT_WORD, lane] == GOES_ON or (i < 0 and n_begun == n_patients):
                continue
            code, event, fresh, goes_on = 0, -1, False, False
            if i >= 0 and w[AT_WORD, lane] == UNMADE:
                code, stands, event = single_step(w, lane, rtol, atol, most_steps)
                goes_on = not stands
            while not goes_on:
                if i < 0:
                    if n_begun == n_patients:
                        break
                    i, fresh, event = n_begun, True, -1
                    n_begun += 1
                    counts[lane, PATIENT], counts[lane, SAMPLE], counts[lane, DOSE], counts[lane, RUNNING] = i, 0, 0, 0
                    code = begun(
                        params[i], begin[i], horizon[i], offsets[i], offsets[i + 1], dose_time, dose_inlet,
                        dose_amount, dose_duration, thresholds[i], lags[lane], shares[lane], breaks[lane],
                        start[lane], end[lane], size[lane], order[lane], w, lane)
                if code == 0:
                    code, goes_on = sent_on(
                        event, fresh, i, params, begin, horizon, sample_times, offsets, dose_time, dose_inlet,
                        dose_duration, stops_dosing, ends_course, rtol, atol, outputs, event_times, lags, breaks,
                        start, end, size, order, running, counts, w, lane)
                if not goes_on:
                    status[i], steps[i] = code, int(w[AT_STEPS, lane])
                    n_done += 1
                    i = -1
                    counts[lane, PATIENT] = -1
        called = lockstep(ws, rtol, atol, float(most_steps))
