"""The course of any system: DOP853 steps that land on every dose, sample, breakpoint and event.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from math import sqrt
from typing import Any

import numpy as np
from numba import njit

from trialsim.dynamics.arrivals import arrivals, stop_dosing
from trialsim.dynamics.dop853 import N_STAGES
from trialsim.dynamics.empty_model import (
    INLET_STATES,
    N_BREAKPOINTS,
    N_CONSTANTS,
    N_HAZARDS,
    N_INLETS,
    N_STATES,
    breakpoints,
    hoist,
    inlet_terms,
    read_outputs,
    starts,
)
from trialsim.dynamics.step_kernel import N_ALL, attempt, slopes

# --- copied from here ---
TOO_STIFF, COLLAPSED, NOT_A_NUMBER, BAD_PARAMETERS, NEGATIVE_HAZARD, TOO_EARLY = 1, 2, 3, 4, 5, 6


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def first_step(
    p: Any, c: Any, t: float, tc: float, span: float, y: Any, u: Any, limits: Any, floors: Any, rtol: float, k: Any,
    x: Any,
) -> float:
    """Return a first step size (Hairer, Nørsett & Wanner 1993, section II.4, starting step size)."""
    d_0 = d_1 = d_2 = 0.0
    for i in range(N_ALL):
        allowed = floors[i] + rtol * abs(y[i])
        d_0 += (y[i] / allowed) * (y[i] / allowed)
        d_1 += (k[0, i] / allowed) * (k[0, i] / allowed)
    h_0 = 0.01 * sqrt(d_0 / d_1) if d_0 > 1e-10 and d_1 > 1e-10 else 1e-6 * span
    h_0 = min(h_0, span)
    for i in range(N_ALL):
        x[i] = y[i] + h_0 * k[0, i]
    slopes(p, c, t + h_0, tc, x, u, limits, k[1])
    for i in range(N_ALL):
        allowed = floors[i] + rtol * abs(y[i])
        difference = (k[1, i] - k[0, i]) / allowed
        d_2 += difference * difference
    steepest = max(sqrt(d_1 / N_ALL), sqrt(d_2 / N_ALL) / h_0)
    # The eighth root is three square roots: exact everywhere, unlike a power.
    h_1 = sqrt(sqrt(sqrt(0.01 / steepest))) if steepest > 1e-15 else max(1e-6 * span, 1e-3 * h_0)
    h = min(100.0 * h_0, h_1, span)
    return h if h > 0.0 else 1e-6 * span


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def located(
    p: Any, c: Any, t: float, tc: float, h: float, hazard: int, y: Any, u: Any, limits: Any, floors: Any, rtol: float,
    k: Any, x: Any, y_new: Any, dy: Any,
) -> float:
    """Return the step after which a cumulative hazard reaches its limit, having filled `y_new` there.

    The step to the root is made anew at each trial (no interpolant): Newton's method, for the slope of a
    cumulative hazard is known, kept inside a shrinking bracket.
    """
    m = N_STATES + hazard
    low, high, trial = 0.0, h, h
    for _ in range(100):
        slopes(p, c, t + trial, tc, y_new, u, limits, dy)
        excess = y_new[m] - limits[hazard]
        if excess >= 0.0:
            high = trial
        else:
            low = trial
        better = trial - excess / dy[m]
        # Asked before the bracket is: at the root a rounding may put Newton's step on either side of it.
        if abs(better - trial) <= 1e-11 * h or high - low <= 1e-11 * h:
            break
        trial = better if low < better < high else 0.5 * (low + high)
        attempt(p, c, t, tc, trial, y, u, limits, floors, rtol, k, x, y_new)
    return trial


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def set_floors(y: Any, scales: Any, atol: float, floors: Any) -> None:
    """Bring the scale of each state up to date, and with it the error that is always allowed."""
    largest = 0.0
    for i in range(N_STATES):
        scales[i] = max(scales[i], abs(y[i]))
        largest = max(largest, scales[i])
    # A state that is still empty has no scale of its own: a millionth of the others' keeps its first steps finite.
    least = 1e-6 * largest if largest > 0.0 else 1.0
    for i in range(N_STATES):
        floors[i] = atol * max(scales[i], least)
    for h in range(N_HAZARDS):
        floors[N_STATES + h] = atol


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def advance(
    p: Any, c: Any, t: float, t_stop: float, h: float, fresh: bool, most_steps: int, rtol: float, atol: float, y: Any,
    u: Any, limits: Any, scales: Any, floors: Any, k: Any, x: Any, y_new: Any, dy: Any,
) -> tuple[int, float, float, int, int]:
    """Return status, time reached, next step size, steps made and the hazard that stopped the way (or -1)."""
    tc = t + 0.5 * (t_stop - t)
    n_steps, rejected = 0, False
    if fresh:
        set_floors(y, scales, atol, floors)
        slopes(p, c, t, tc, y, u, limits, k[0])
        h = first_step(p, c, t, tc, t_stop - t, y, u, limits, floors, rtol, k, x)
    while t < t_stop:
        if n_steps >= most_steps:
            return TOO_STIFF, t, h, n_steps, -1
        lands = 1.01 * h >= t_stop - t
        size = t_stop - t if lands else h
        n_steps += 1
        error = attempt(p, c, t, tc, size, y, u, limits, floors, rtol, k, x, y_new)
        if not error <= 1.0:
            if error < np.inf:
                h = size * max(0.333, 0.9 / sqrt(sqrt(sqrt(error))))
            else:
                h = size * 0.1
            rejected = True
            if h <= 4e-16 * max(abs(t), abs(t_stop)):
                return (COLLAPSED if error < np.inf else NOT_A_NUMBER), t, h, n_steps, -1
            continue
        growth = min(6.0, 0.9 / sqrt(sqrt(sqrt(error)))) if error > 0.0 else 6.0
        h_next = size * (min(growth, 1.0) if rejected else growth)
        h = max(h, h_next) if lands and not rejected else h_next
        rejected = False
        event = -1
        for hazard in range(N_HAZARDS):
            if y_new[N_STATES + hazard] >= limits[hazard]:
                size = located(p, c, t, tc, size, hazard, y, u, limits, floors, rtol, k, x, y_new, dy)
                event = hazard
        t = t_stop if lands and event < 0 else t + size
        for i in range(N_ALL):
            y[i] = y_new[i]
        set_floors(y, scales, atol, floors)
        slopes(p, c, t, tc, y, u, limits, k[0])
        for hazard in range(N_HAZARDS):
            if k[0, N_STATES + hazard] < 0.0:
                return NEGATIVE_HAZARD, t, h, n_steps, -1
        if event >= 0:
            return 0, t, h, n_steps, event
    return 0, t, h, n_steps, -1


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def next_stop(
    t: float, horizon: float, sample: float, dose: float, n_running: int, running: Any, end: Any, breaks: Any
) -> float:
    """Return the next time at which a step must land."""
    t_stop = min(horizon, sample, dose)
    for r in range(n_running):
        t_stop = min(t_stop, end[running[r]])
    for b in range(N_BREAKPOINTS):
        if t < breaks[b] < t_stop:
            t_stop = breaks[b]
    return t_stop


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def happenings(event: int, y: Any, t: float, limits: Any, event_times: Any, stops_dosing: Any, ends_course: Any) -> int:
    """Return what the events of this instant ask for: 1 stop dosing, 2 end the course; and switch them off."""
    asked = 0
    for h in range(N_HAZARDS):
        if h == event or y[N_STATES + h] >= limits[h]:
            event_times[h] = t
            limits[h] = np.inf
            if stops_dosing[h]:
                asked |= 1
            if ends_course[h]:
                asked |= 2
    return asked


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def begun(
    p: Any, begin: float, horizon: float, first: int, last: int, dose_time: Any, dose_inlet: Any, dose_amount: Any,
    dose_duration: Any, c: Any, lags: Any, shares: Any, breaks: Any, start: Any, end: Any, size: Any, order: Any,
    y: Any, u: Any, scales: Any,
) -> int:
    """Return a status, having filled all that is known when the course begins."""
    hoist(p, c)
    inlet_terms(p, c, lags, shares)
    breakpoints(p, c, breaks)
    starts(p, c, y)
    for i in range(N_STATES):
        u[i] = 0.0
        scales[i] = 0.0
        if not -np.inf < y[i] < np.inf:
            return BAD_PARAMETERS
    for h in range(N_HAZARDS):
        y[N_STATES + h] = 0.0
    if not (begin > -np.inf and horizon < np.inf):
        return BAD_PARAMETERS
    return int(arrivals(first, last, dose_time, dose_inlet, dose_amount, dose_duration, lags, shares, begin,
                        start, end, size, order))


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def course(
    p: Any, begin: float, horizon: float, sample_times: Any, first: int, last: int, dose_time: Any, dose_inlet: Any,
    dose_amount: Any, dose_duration: Any, limits: Any, stops_dosing: Any, ends_course: Any, rtol: float, atol: float,
    most_steps: int, outputs: Any, event_times: Any, c: Any, lags: Any, shares: Any, breaks: Any, start: Any, end: Any,
    size: Any, order: Any, running: Any, y: Any, u: Any, scales: Any, floors: Any, k: Any, x: Any, y_new: Any, dy: Any,
) -> tuple[int, int]:
    """Return the status of one patient and the number of steps, having filled outputs and event times."""
    status = begun(p, begin, horizon, first, last, dose_time, dose_inlet, dose_amount, dose_duration, c, lags, shares,
                   breaks, start, end, size, order, y, u, scales)
    if status != 0:
        return status, 0
    n_doses, n_samples = last - first, sample_times.size
    i_dose = i_sample = n_running = n_steps = 0
    t, h, event, fresh = begin, 0.0, -1, True
    while True:
        while i_sample < n_samples and not sample_times[i_sample] > t:
            wanted = sample_times[i_sample]
            if wanted < begin:
                return TOO_EARLY, n_steps
            if wanted == t and t <= horizon:
                read_outputs(p, c, t, t, y, outputs[i_sample])
                for o in range(outputs.shape[1]):
                    if outputs[i_sample, o] != outputs[i_sample, o]:
                        return NOT_A_NUMBER, n_steps
            i_sample += 1
        asked = happenings(event, y, t, limits, event_times, stops_dosing, ends_course)
        if asked & 2 or t >= horizon:
            return 0, n_steps
        if asked & 1:
            stop_dosing(t, first, last, dose_time, dose_inlet, lags, start, end)
        changed = False
        kept = 0
        for r in range(n_running):
            if end[running[r]] <= t:
                changed = True
            else:
                running[kept] = running[r]
                kept += 1
        n_running = kept
        while i_dose < n_doses and (start[order[i_dose]] <= t or start[order[i_dose]] == np.inf):
            d = order[i_dose]
            i_dose += 1
            if start[d] == np.inf:
                continue
            state = INLET_STATES[dose_inlet[first + d]]
            scales[state] = max(scales[state], abs(size[d]))
            if dose_duration[first + d] == 0.0:
                y[state] += size[d]
                fresh = True
            elif end[d] > start[d]:
                running[n_running] = d
                n_running += 1
                changed = True
        if changed:
            fresh = True
            for i in range(N_STATES):
                u[i] = 0.0
            for r in range(n_running):
                d = running[r]
                u[INLET_STATES[dose_inlet[first + d]]] += size[d] / dose_duration[first + d]
        waits = i_sample < n_samples
        for m in range(N_HAZARDS):
            waits = waits or limits[m] < np.inf
        if not waits:
            return 0, n_steps
        for b in range(N_BREAKPOINTS):
            fresh = fresh or breaks[b] == t
        sample = sample_times[i_sample] if i_sample < n_samples and sample_times[i_sample] > t else np.inf
        dose = start[order[i_dose]] if i_dose < n_doses else np.inf
        t_stop = next_stop(t, horizon, sample, dose, n_running, running, end, breaks)
        status, t, h, made, event = advance(p, c, t, t_stop, h, fresh, most_steps - n_steps, rtol, atol, y, u, limits,
                                            scales, floors, k, x, y_new, dy)
        n_steps += made
        fresh = False
        if status != 0:
            return status, n_steps


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def run(
    params: Any, begin: Any, horizon: Any, sample_times: Any, offsets: Any, dose_time: Any, dose_inlet: Any,
    dose_amount: Any, dose_duration: Any, thresholds: Any, stops_dosing: Any, ends_course: Any, rtol: float,
    atol: float, most_steps: int, outputs: Any, event_times: Any, status: Any, steps: Any,
) -> None:
    """Fill outputs, event times, statuses and step counts of every patient."""
    most = 1
    for i in range(params.shape[0]):
        most = max(most, offsets[i + 1] - offsets[i])
    c, lags, shares = np.empty(N_CONSTANTS), np.empty(N_INLETS), np.empty(N_INLETS)
    breaks, limits = np.empty(N_BREAKPOINTS), np.empty(N_HAZARDS)
    start, end, size = np.empty(most), np.empty(most), np.empty(most)
    order, running = np.empty(most, np.int64), np.empty(most, np.int64)
    y, x, y_new, dy, floors = np.empty(N_ALL), np.empty(N_ALL), np.empty(N_ALL), np.empty(N_ALL), np.empty(N_ALL)
    u, scales, k = np.empty(N_STATES), np.empty(N_STATES), np.empty((N_STAGES, N_ALL))
    for i in range(params.shape[0]):
        for h in range(N_HAZARDS):
            limits[h] = thresholds[i, h]
        status[i], steps[i] = course(
            params[i], begin[i], horizon[i], sample_times[i], offsets[i], offsets[i + 1], dose_time, dose_inlet,
            dose_amount, dose_duration, limits, stops_dosing, ends_course, rtol, atol, most_steps, outputs[i],
            event_times[i], c, lags, shares, breaks, start, end, size, order, running, y, u, scales, floors, k, x,
            y_new, dy)
