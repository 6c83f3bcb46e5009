"""The course of a linear system: exact steps by matrix exponentials from one change to the next.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.arrays import SAMPLE, STATUS, STEPS
from trialsim.dynamics.bundles import bundle
from trialsim.dynamics.compiling import allocating_kernel, kernel
from trialsim.dynamics.empty_model import (
    INLET_STATES,
    N_HAZARDS,
    N_INTEGRALS,
    N_STATES,
    coefficients,
    hazard_rates,
    read_outputs,
    starts,
)
from trialsim.dynamics.instant_kernel import begun, served
from trialsim.dynamics.lane_table import (
    AT_C,
    AT_G,
    AT_LIMIT,
    AT_P,
    AT_SLOPE,
    AT_STEPS,
    AT_T,
    AT_U,
    AT_Y,
    AT_Z,
    BAD_PARAMETERS,
    N_ROWS,
    NEGATIVE_HAZARD,
    NO_STEADY_STATE,
    NOT_A_NUMBER,
    TOO_EARLY,
    TOO_STIFF,
)
from trialsim.dynamics.no_paths import FOLLOWS, finish_windows
from trialsim.foundation.elementary import exp

# --- copied from here ---
N_SLOTS = 8
RECIPROCALS = np.array([np.inf] + [1.0 / j for j in range(1, 400)])
LAST_TERM = 399
# Below the rows of a lane: the time by the propagators' own count, whether the matrix is a new one, and the matrix and
# the constant inflow themselves; then room for everything that a step needs.
AT_CLOCK = N_ROWS
AT_FRESH = AT_CLOCK + 1
AT_A = AT_FRESH + 1
AT_B = AT_A + N_STATES * N_STATES
AT_RATES = AT_B + N_STATES
N_ROWS_IN_ALL = AT_RATES + N_HAZARDS


@kernel
def propagator(a: Any, u: Any, fed: float, dt: float, e: Any, g: Any, term: Any, fresh: Any, w: Any, v: Any) -> None:
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
        if fed != 0.0:
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


@kernel
def square(e: Any, g: Any, fed: float, fresh: Any, v: Any) -> None:
    """Replace the step by two of them."""
    if fed != 0.0:
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


@kernel
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


@kernel
def root_values(w: Any, lane: int, t: float, tc: float, at: int, slope: int, to: int) -> None:
    """Nothing is followed along a linear course."""


@kernel
def parameters_changed(p: Any, w: Any, lane: int) -> int:
    """Return a status, having worked out the matrix and the constant inflow."""
    for k in range(N_STATES * N_STATES + N_STATES):
        w[AT_A + k, lane] = 0.0
    coefficients(p, w[AT_C:AT_Z, lane], w, lane)
    w[AT_FRESH, lane] = 1.0
    for k in range(N_STATES * N_STATES + N_STATES):
        if not -np.inf < w[AT_A + k, lane] < np.inf:
            return BAD_PARAMETERS
    return 0


@kernel
def solved(a: Any, y: Any, n: int) -> bool:
    """Return whether a system of n equations has one solution, having replaced the right side by it.

    Gaussian elimination with partial pivoting (Golub & Van Loan 2013, algorithm 3.4.1).
    """
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[best, k]):
                best = i
        if not abs(a[best, k]) > 1e-14:
            return False
        for j in range(n):
            a[k, j], a[best, j] = a[best, j], a[k, j]
        y[k], y[best] = y[best], y[k]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            y[i] -= factor * y[k]
            for j in range(k, n):
                a[i, j] -= factor * a[k, j]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            y[k] -= a[k, j] * y[j]
        y[k] /= a[k, k]
    return True


@kernel
def matrix_of(w: Any, lane: int, a: Any) -> None:
    """Fill the matrix of a lane."""
    for i in range(N_STATES):
        for j in range(N_STATES):
            a[i, j] = w[AT_A + i * N_STATES + j, lane]


@kernel
def stands_still(a: Any, i: int, inlet_state: int, w: Any, lane: int) -> bool:
    """Return whether nothing enters or leaves a state, so that it is what it was at the beginning."""
    still = i != inlet_state and w[AT_B + i, lane] == 0.0
    for j in range(N_STATES):
        still = still and a[i, j] == 0.0
    return still


@allocating_kernel
def settled(
    inlet: int, size: float, lasts: float, inflow: float, lag: float, interval: float, added: bool, w: Any, lane: int,
    rtol: float,
) -> int:
    """Return a status, having put the states where doses every interval for ever have brought them (or added that).

    One interval carries y to M y + v, whose fixed point solves (I - M) y = v; an inflow for ever ends where
    a y + b + u = 0. Of an infusion longer than the interval one runs for each whole interval it lasts.
    """
    n, state = N_STATES - N_INTEGRALS, INLET_STATES[inlet]
    a, m, v = np.empty((N_STATES, N_STATES)), np.empty((N_STATES, N_STATES)), np.zeros(N_STATES)
    matrix_of(w, lane, a)
    beginning = np.zeros(N_STATES)
    if not added:
        starts(w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], beginning)
    if interval == 0.0:
        for i in range(n):
            v[i] = -((0.0 if added else w[AT_B + i, lane]) + (inflow if i == state else 0.0))
        for i in range(n):
            if stands_still(a, i, state, w, lane):
                a[i, i], v[i] = 1.0, beginning[i]
        found = solved(a, v, n)
    else:
        u = np.zeros(N_STATES)
        e, g = np.empty((N_STATES, N_STATES)), np.empty(N_STATES)
        term, fresh, x, z = np.empty_like(e), np.empty_like(e), np.empty(N_STATES), np.empty(N_STATES)
        phase = lag - np.floor(lag / interval) * interval
        whole = np.floor(lasts / interval)
        rest = lasts - whole * interval if inflow > 0.0 else 0.0
        ends = phase + rest
        over = ends > interval
        ends = ends - interval if over else ends
        first, second = min(phase, ends), max(phase, ends)
        passed = 0.0
        for k in range(3):
            mark = interval if k == 2 else (second if k == 1 else first)
            if mark > passed:
                middle = 0.5 * (passed + mark)
                running = (middle < ends or middle >= phase) if over else phase <= middle < ends
                for i in range(N_STATES):
                    u[i] = 0.0 if added else w[AT_B + i, lane]
                u[state] += whole * inflow + (inflow if rest > 0.0 and running else 0.0)
                propagator(a, u, 1.0, mark - passed, e, g, term, fresh, x, z)
                for i in range(N_STATES):
                    total = g[i]
                    for j in range(N_STATES):
                        total += e[i, j] * v[j]
                    x[i] = total
                for i in range(N_STATES):
                    v[i] = x[i]
                passed = mark
            if inflow == 0.0 and k == (1 if over else 0) and passed == phase:
                v[state] += size
        propagator(a, u, 0.0, interval, e, g, term, fresh, x, z)
        for i in range(n):
            for j in range(n):
                m[i, j] = (1.0 if i == j else 0.0) - e[i, j]
        for i in range(n):
            if stands_still(a, i, state, w, lane):
                m[i, i], v[i] = 1.0, beginning[i]
        found = solved(m, v, n)
    if not found:
        return NO_STEADY_STATE
    for i in range(n):
        w[AT_Y + i, lane] = v[i] + (w[AT_Y + i, lane] if added else 0.0)
    return 0


@kernel
def moved_to(t_next: float, fed: float, w: Any, lane: int, x: Any) -> None:
    """Carry the states of a lane to a time."""
    dt = t_next - w[AT_CLOCK, lane]
    if not dt > 0.0:
        return
    w[AT_STEPS, lane] += 1.0
    slack = 9e-16 * abs(t_next)
    s = slot_of(dt, slack if dt > 1e3 * slack else 0.0, x.u, x.dts, x.us, x.used[0], x.used[2])
    if s < 0:
        s = x.used[1] % N_SLOTS
        x.used[1] += 1
        x.used[0] = min(x.used[1], N_SLOTS)
        x.dts[s] = dt
        for i in range(N_STATES):
            x.us[s, i] = x.u[i]
        propagator(x.a, x.u, fed, dt, x.es[s], x.gs[s], x.term, x.fresh, x.w, x.v)
    x.used[2] = s
    for i in range(N_STATES):
        total = x.gs[s, i]
        for k in range(N_STATES):
            total += x.es[s, i, k] * w[AT_Y + k, lane]
        x.v[i] = total
    for i in range(N_STATES):
        w[AT_Y + i, lane] = x.v[i]
    # The propagator may belong to an interval some roundings away: the clock follows it, so that such differences
    # never add up.
    w[AT_CLOCK, lane] += x.dts[s]


@kernel
def event_ahead(t: float, t_stop: float, w: Any, lane: int) -> tuple[int, int, float]:
    """Return a status, the first event before the next stop (-1 for none) and when it happens.

    Hazards do not change before the next stop.
    """
    event, t_event = -1, t_stop
    rates = w[AT_RATES:N_ROWS_IN_ALL, lane]
    hazard_rates(w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], t + 0.5 * (t_stop - t), rates)
    for h in range(N_HAZARDS):
        if w[AT_LIMIT + h, lane] == np.inf:
            rates[h] = 0.0
            continue
        if rates[h] < 0.0:
            return NEGATIVE_HAZARD, -1, t_stop
        if not rates[h] < np.inf:
            return NOT_A_NUMBER, -1, t_stop
        left = w[AT_LIMIT + h, lane] - w[AT_Y + N_STATES + h, lane]
        if rates[h] > 0.0 and left <= rates[h] * (t_stop - t):
            when = min(t + left / rates[h], t_stop)
            if event < 0 or when < t_event:
                event, t_event = h, when
    return 0, event, t_event


@kernel
def advanced(i: int, t_stop: float, g: Any, o: Any, b: Any, x: Any, w: Any, lane: int) -> tuple[int, int]:
    """Return a status and the event that stopped the way (or -1), having gone on to the next stop past its samples."""
    t, fed, event, status = w[AT_T, lane], 0.0, -1, 0
    if N_HAZARDS > 0:
        status, event, t_stop = event_ahead(t, t_stop, w, lane)
        if status != 0:
            return status, -1
    if w[AT_FRESH, lane] != 0.0:
        w[AT_FRESH, lane] = 0.0
        matrix_of(w, lane, x.a)
        x.used[0], x.used[1], x.used[2] = 0, 0, -1
    for k in range(N_STATES):
        x.u[k] = w[AT_B + k, lane] + w[AT_U + k, lane]
        fed = 1.0 if x.u[k] != 0.0 else fed
    p, c, y, z = w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], w[AT_Y:AT_SLOPE, lane], w[AT_Z:AT_G, lane]
    n_samples = g.samples.shape[1]
    s = b.counts[lane, SAMPLE]
    while s < n_samples and not g.samples[i, s] >= t_stop:
        wanted = g.samples[i, s]
        if wanted == wanted:
            if wanted < t:
                return TOO_EARLY, -1
            moved_to(wanted, fed, w, lane, x)
            if FOLLOWS:
                w[AT_T, lane] = wanted
                finish_windows(s, i, g, b, w, lane)
            read_outputs(p, c, wanted, wanted, y, z, o.outputs[i, s])
            for k in range(N_STATES):
                if not -np.inf < w[AT_Y + k, lane] < np.inf:
                    return NOT_A_NUMBER, -1
            for k in range(o.outputs.shape[2]):
                if o.outputs[i, s, k] != o.outputs[i, s, k]:
                    return NOT_A_NUMBER, -1
        s += 1
        b.counts[lane, SAMPLE] = s
    if t_stop < np.inf:
        moved_to(t_stop, fed, w, lane, x)
    for h in range(N_HAZARDS):
        w[AT_Y + N_STATES + h, lane] += w[AT_RATES + h, lane] * (t_stop - t)
    w[AT_T, lane] = t_stop
    return 0, event


@kernel
def run(given: Any, found: Any, bench: Any, steps: Any, rtol: float, atol: float, most_steps: int) -> None:
    """Fill what becomes of every patient."""
    g, o, b, x = bundle(given), bundle(found), bundle(bench), bundle(steps)
    w, lane = b.table.reshape((N_ROWS_IN_ALL, 1)), 0
    for i in range(g.person.shape[0]):
        # Computed, not written: a compiler that sees the numbers themselves compiles all that follows once more.
        event, fresh = i - i - 1, i >= 0
        status = begun(i, g, b, w, lane)
        w[AT_CLOCK, lane] = w[AT_T, lane]
        while status == 0:
            status, goes_on, fresh, t_stop = served(event, fresh, i, g, o, b, w, lane, rtol)
            if status != 0 or not goes_on:
                break
            if w[AT_STEPS, lane] > most_steps:
                status = TOO_STIFF
                break
            status, event = advanced(i, t_stop, g, o, b, x, w, lane)
        o.counts[i, STATUS], o.counts[i, STEPS] = status, int(w[AT_STEPS, lane])
