"""The course of a linear system: exact steps by matrix exponentials from one change to the next.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.arrays import FOLLOWED, SAMPLE, STATUS, STEPS
from trialsim.dynamics.bundles import bundle
from trialsim.dynamics.compiling import kernel, outer_kernel
from trialsim.dynamics.empty_model import (
    N_HAZARDS,
    N_STATES,
    coefficients,
    hazard_rates,
    read_outputs,
)
from trialsim.dynamics.instant_kernel import begun, served, waits
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
    NOT_A_NUMBER,
    TOO_EARLY,
    TOO_STIFF,
)
from trialsim.dynamics.modes import MODAL
from trialsim.dynamics.no_paths import FOLLOWS, finish_windows
from trialsim.dynamics.no_series import sampled_together
from trialsim.dynamics.no_solver import moved_by_modes, propagator_at
from trialsim.dynamics.series import FILLED, STEPPED

# --- copied from here ---
# Below the rows of a lane: the time by the propagators' own count, whether the matrix is a new one, and the matrix and
# the constant inflow themselves; then room for everything that a step needs.
AT_CLOCK = N_ROWS
AT_FRESH = AT_CLOCK + 1
AT_A = AT_FRESH + 1
AT_B = AT_A + N_STATES * N_STATES
AT_RATES = AT_B + N_STATES
N_ROWS_IN_ALL = AT_RATES + N_HAZARDS


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
def matrix_of(w: Any, lane: int, a: Any) -> None:
    """Fill the matrix of a lane."""
    for i in range(N_STATES):
        for j in range(N_STATES):
            a[i, j] = w[AT_A + i * N_STATES + j, lane]


@kernel
def moved_to(t_next: float, fed: float, w: Any, lane: int, x: Any) -> None:
    """Carry the states of a lane to a time."""
    dt = t_next - w[AT_CLOCK, lane]
    if not dt > 0.0:
        return
    w[AT_STEPS, lane] += 1.0
    for k in range(N_STATES):
        x.y[k] = w[AT_Y + k, lane]
    if x.known[MODAL] != 0.0 and moved_by_modes(dt, fed, x) != 0:
        for i in range(N_STATES):
            w[AT_Y + i, lane] = x.v[i]
        w[AT_CLOCK, lane] = t_next
        return
    s = propagator_at(dt, t_next, fed, x)
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
        x.known[FILLED], x.known[STEPPED], x.known[MODAL] = 0.0, 0.0, -1.0
    for k in range(N_STATES):
        x.u[k] = w[AT_B + k, lane] + w[AT_U + k, lane]
        fed = 1.0 if x.u[k] != 0.0 else fed
    p, c, y, z = w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], w[AT_Y:AT_SLOPE, lane], w[AT_Z:AT_G, lane]
    n_samples = g.samples.shape[1]
    s = b.counts[lane, SAMPLE]
    while s < n_samples and not g.samples[i, s] >= t_stop:
        wanted = g.samples[i, s]
        together = sampled_together(s, t_stop, fed, i, g, o, w, lane, x) if wanted >= t else 0
        if together > 0:
            w[AT_STEPS, lane] += 1.0
            s += together
            b.counts[lane, SAMPLE] = s
            continue
        if wanted == wanted:
            if wanted < t:
                return TOO_EARLY, -1
            if N_STATES > 0:
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
    if not waits(i, g, b, w, lane):
        return 0, -1
    if N_STATES > 0 and t_stop < np.inf:
        moved_to(t_stop, fed, w, lane, x)
    for h in range(N_HAZARDS):
        w[AT_Y + N_STATES + h, lane] += w[AT_RATES + h, lane] * (t_stop - t)
    w[AT_T, lane] = t_stop
    return 0, event


@outer_kernel
def run(given: Any, found: Any, bench: Any, steps: Any, rtol: float, atol: float, most_steps: int) -> None:
    """Fill what becomes of every patient."""
    g, o, b, x = bundle(given), bundle(found), bundle(bench), bundle(steps)
    w, lane = b.table.reshape((N_ROWS_IN_ALL, 1)), 0
    for i in range(g.person.shape[0]):
        if o.counts[i, STATUS] == FOLLOWED:
            o.counts[i, STATUS] = 0
            continue
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
