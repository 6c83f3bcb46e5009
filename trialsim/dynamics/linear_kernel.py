"""The course of a linear system: exact steps by matrix exponentials from one change to the next.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np
from numba import njit

from trialsim.dynamics.arrivals import arrivals, stop_dosing
from trialsim.dynamics.empty_model import (
    INLET_STATES,
    N_BREAKPOINTS,
    N_CONSTANTS,
    N_HAZARDS,
    N_INLETS,
    N_STATES,
    breakpoints,
    coefficients,
    hazard_rates,
    hoist,
    inlet_terms,
    read_outputs,
    starts,
)
from trialsim.foundation.elementary import exp

# --- copied from here ---
N_SLOTS = 8
RECIPROCALS = np.array([np.inf] + [1.0 / j for j in range(1, 400)])
LAST_TERM = 399
NOT_A_NUMBER, BAD_PARAMETERS, NEGATIVE_HAZARD, TOO_EARLY = 3, 4, 5, 6


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def propagator(a: Any, u: Any, fed: bool, dt: float, e: Any, g: Any, term: Any, fresh: Any, w: Any, v: Any) -> None:
    """Fill e = exp(a dt) and g = (integral of exp(a s) ds from 0 to dt) u.

    Taylor series of the matrix shifted to a nonnegative diagonal, scaled and squared: for compartments every
    number added is nonnegative, so that every entry keeps its relative accuracy (Shao, Gao & Xue 2014, SIAM J.
    Matrix Anal. Appl. 35, algorithm 1). A path of L steps through the matrix first shows in term L and is then
    complete to 1e-17 after as many more terms as the scalar series needs.
    """
    shift = 0.0
    for i in range(N_STATES):
        shift = max(shift, -a[i, i])
    norm = shift * dt
    for i in range(N_STATES):
        row = 0.0
        for j in range(N_STATES):
            row += abs(a[i, j] + (shift if i == j else 0.0))
        norm = max(norm, row * dt)
    n_squarings, h = 0, dt
    while norm > 1.0 and n_squarings < 1000:
        norm *= 0.5
        h *= 0.5
        n_squarings += 1
    for i in range(N_STATES):
        for j in range(N_STATES):
            e[i, j] = term[i, j] = 1.0 if i == j else 0.0
        g[i] = w[i] = 0.0
    share, bound, n_terms = 1.0, 1.0, 0
    while n_terms < LAST_TERM and (bound > 1e-17 or n_terms < N_STATES):
        n_terms += 1
        scale = h * RECIPROCALS[n_terms]
        if n_terms >= N_STATES:
            bound *= norm * RECIPROCALS[n_terms - N_STATES + 1]
        for i in range(N_STATES):
            for j in range(N_STATES):
                total = 0.0
                for k in range(N_STATES):
                    total += (a[i, k] + (shift if i == k else 0.0)) * term[k, j]
                fresh[i, j] = total * scale
        if fed:
            for i in range(N_STATES):
                total = u[i] * share
                for k in range(N_STATES):
                    total += (a[i, k] + (shift if i == k else 0.0)) * w[k]
                v[i] = total * scale
            share *= shift * scale
            for i in range(N_STATES):
                w[i] = v[i]
                g[i] += v[i]
        for i in range(N_STATES):
            for j in range(N_STATES):
                term[i, j] = fresh[i, j]
                e[i, j] += fresh[i, j]
    decay = exp(-shift * h)
    for i in range(N_STATES):
        g[i] *= decay
        for j in range(N_STATES):
            e[i, j] *= decay
    for _ in range(n_squarings):
        square(e, g, fed, fresh, v)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def square(e: Any, g: Any, fed: bool, fresh: Any, v: Any) -> None:
    """Replace the step by two of them."""
    if fed:
        for i in range(N_STATES):
            total = 0.0
            for k in range(N_STATES):
                total += e[i, k] * g[k]
            v[i] = total
        for i in range(N_STATES):
            g[i] += v[i]
    for i in range(N_STATES):
        for j in range(N_STATES):
            total = 0.0
            for k in range(N_STATES):
                total += e[i, k] * e[k, j]
            fresh[i, j] = total
    for i in range(N_STATES):
        for j in range(N_STATES):
            e[i, j] = fresh[i, j]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def slot_of(dt: float, slack: float, u: Any, dts: Any, us: Any, n_used: int, latest: int) -> int:
    """Return the slot that holds the propagator of this interval and inflow, or -1."""
    for probe in range(-1, n_used):
        s = latest if probe < 0 else probe
        if s < 0 or not abs(dts[s] - dt) <= slack:
            continue
        same = True
        for i in range(N_STATES):
            same = same and us[s, i] == u[i]
        if same:
            return s
    return -1


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def first_events(
    p: Any, c: Any, begin: float, horizon: float, thresholds: Any, breaks: Any, rates: Any, event_times: Any
) -> int:
    """Return a status, having filled when each piecewise constant cumulative hazard reaches its threshold."""
    breakpoints(p, c, breaks)
    for h in range(N_HAZARDS):
        event_times[h] = np.inf
        rates[1, h] = 0.0
    t = begin
    while t < horizon:
        t_next = horizon
        for b in range(N_BREAKPOINTS):
            if t < breaks[b] < t_next:
                t_next = breaks[b]
        hazard_rates(p, c, t + 0.5 * (t_next - t) if t_next < np.inf else t + 1.0, rates[0])
        for h in range(N_HAZARDS):
            rate = rates[0, h]
            if thresholds[h] == np.inf:
                continue
            if rate < 0.0:
                return NEGATIVE_HAZARD
            if not rate < np.inf:
                return NOT_A_NUMBER
            left = thresholds[h] - rates[1, h]
            if event_times[h] == np.inf and rate > 0.0 and left <= rate * (t_next - t):
                event_times[h] = min(t + left / rate, t_next)
            rates[1, h] += rate * (t_next - t)
        t = t_next
    return 0


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def course(
    p: Any, begin: float, horizon: float, sample_times: Any, first: int, last: int, dose_time: Any, dose_inlet: Any,
    dose_amount: Any, dose_duration: Any, thresholds: Any, stops_dosing: Any, ends_course: Any, outputs: Any,
    event_times: Any, c: Any, lags: Any, shares: Any, breaks: Any, rates: Any, start: Any, end: Any, size: Any,
    order: Any, running: Any, y: Any, a: Any, b: Any, u: Any, dts: Any, us: Any, es: Any, gs: Any, term: Any,
    fresh: Any, w: Any, v: Any,
) -> tuple[int, int]:
    """Return the status of one patient and the number of steps, having filled outputs and event times."""
    hoist(p, c)
    inlet_terms(p, c, lags, shares)
    status = arrivals(first, last, dose_time, dose_inlet, dose_amount, dose_duration, lags, shares, begin,
                      start, end, size, order)
    if status == 0:
        status = first_events(p, c, begin, horizon, thresholds, breaks, rates, event_times)
    if status == 0 and horizon != horizon:
        status = BAD_PARAMETERS
    if status != 0:
        return status, 0
    finish, stop = horizon, np.inf
    for h in range(N_HAZARDS):
        if ends_course[h]:
            finish = min(finish, event_times[h])
    for h in range(N_HAZARDS):
        if event_times[h] > finish:
            event_times[h] = np.inf
        elif stops_dosing[h]:
            stop = min(stop, event_times[h])
    if stop < np.inf:
        stop_dosing(stop, first, last, dose_time, dose_inlet, lags, start, end)
    for i in range(N_STATES):
        b[i] = 0.0
        for j in range(N_STATES):
            a[i, j] = 0.0
    coefficients(p, c, a, b)
    starts(p, c, y)
    fed = False
    for i in range(N_STATES):
        u[i] = b[i]
        fed = fed or u[i] != 0.0
        if not (-np.inf < y[i] < np.inf and -np.inf < u[i] < np.inf):
            return BAD_PARAMETERS, 0
        for j in range(N_STATES):
            if not -np.inf < a[i, j] < np.inf:
                return BAD_PARAMETERS, 0
    n_doses, n_samples = last - first, sample_times.size
    i_dose = i_sample = n_running = n_used = n_steps = n_made = 0
    latest = -1
    t = begin
    while True:
        while i_sample < n_samples and sample_times[i_sample] != sample_times[i_sample]:
            i_sample += 1
        if i_sample == n_samples or sample_times[i_sample] > finish:
            return 0, n_steps
        t_next = sample_times[i_sample]
        if t_next < begin:
            return TOO_EARLY, n_steps
        # Struck-out administrations keep their place in the order.
        while i_dose < n_doses and start[order[i_dose]] == np.inf:
            i_dose += 1
        if i_dose < n_doses:
            t_next = min(t_next, start[order[i_dose]])
        for r in range(n_running):
            t_next = min(t_next, end[running[r]])
        dt = t_next - t
        if dt > 0.0:
            n_steps += 1
            slack = 9e-16 * abs(t_next)
            s = slot_of(dt, slack if dt > 1e3 * slack else 0.0, u, dts, us, n_used, latest)
            if s < 0:
                s = n_made % N_SLOTS
                n_made += 1
                n_used = min(n_made, N_SLOTS)
                dts[s] = dt
                for i in range(N_STATES):
                    us[s, i] = u[i]
                propagator(a, u, fed, dt, es[s], gs[s], term, fresh, w, v)
            latest = s
            for i in range(N_STATES):
                total = gs[s, i]
                for k in range(N_STATES):
                    total += es[s, i, k] * y[k]
                v[i] = total
            for i in range(N_STATES):
                y[i] = v[i]
            # The propagator may belong to an interval some roundings away: the clock follows it, so that
            # such differences never add up.
            t += dts[s]
        while i_sample < n_samples and sample_times[i_sample] == t_next:
            read_outputs(p, c, t_next, t_next, y, outputs[i_sample])
            for i in range(N_STATES):
                if not -np.inf < y[i] < np.inf:
                    return NOT_A_NUMBER, n_steps
            for o in range(outputs.shape[1]):
                if outputs[i_sample, o] != outputs[i_sample, o]:
                    return NOT_A_NUMBER, n_steps
            i_sample += 1
        changed = False
        kept = 0
        for r in range(n_running):
            if end[running[r]] <= t_next:
                changed = True
            else:
                running[kept] = running[r]
                kept += 1
        n_running = kept
        while i_dose < n_doses and start[order[i_dose]] <= t_next:
            d = order[i_dose]
            i_dose += 1
            if dose_duration[first + d] == 0.0:
                y[INLET_STATES[dose_inlet[first + d]]] += size[d]
            elif end[d] > start[d]:
                running[n_running] = d
                n_running += 1
                changed = True
        if changed:
            for i in range(N_STATES):
                u[i] = b[i]
            for r in range(n_running):
                d = running[r]
                u[INLET_STATES[dose_inlet[first + d]]] += size[d] / dose_duration[first + d]
            fed = False
            for i in range(N_STATES):
                fed = fed or u[i] != 0.0


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
    breaks, rates = np.empty(N_BREAKPOINTS), np.empty((2, N_HAZARDS))
    start, end, size = np.empty(most), np.empty(most), np.empty(most)
    order, running = np.empty(most, np.int64), np.empty(most, np.int64)
    y, b, u, w, v = np.empty(N_STATES), np.empty(N_STATES), np.empty(N_STATES), np.empty(N_STATES), np.empty(N_STATES)
    a, term, fresh = np.empty((N_STATES, N_STATES)), np.empty((N_STATES, N_STATES)), np.empty((N_STATES, N_STATES))
    dts, us, gs = np.empty(N_SLOTS), np.empty((N_SLOTS, N_STATES)), np.empty((N_SLOTS, N_STATES))
    es = np.empty((N_SLOTS, N_STATES, N_STATES))
    for i in range(params.shape[0]):
        status[i], steps[i] = course(
            params[i], begin[i], horizon[i], sample_times[i], offsets[i], offsets[i + 1], dose_time, dose_inlet,
            dose_amount, dose_duration, thresholds[i], stops_dosing, ends_course, outputs[i], event_times[i], c, lags,
            shares, breaks, rates, start, end, size, order, running, y, a, b, u, dts, us, es, gs, term, fresh, w, v)
