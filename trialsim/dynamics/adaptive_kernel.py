"""The course of any system: steps that land on every dose, sample, breakpoint, event and turn.

Several patients are under way at once, one in each lane of a table (`lane_table` names its rows): all lanes step
together, a lane that has landed is looked after alone, and one whose patient is done takes the next patient.
Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.arrays import PATIENT, SAMPLE, STATUS, STEPS
from trialsim.dynamics.bundles import bundle
from trialsim.dynamics.compiling import kernel, outer_kernel
from trialsim.dynamics.empty_model import (
    LANES,
    N_ROOTS,
    root_values,
)
from trialsim.dynamics.instant_kernel import begun, served
from trialsim.dynamics.lane_table import (
    AT_G,
    AT_H,
    AT_SLOPE,
    AT_STEPS,
    AT_STOP,
    AT_T,
    AT_TC,
    AT_WORD,
    AT_Y,
    BAD_PARAMETERS,
    GOES_ON,
    N_ROWS,
    UNMADE,
)
from trialsim.dynamics.no_paths import shares_begin
from trialsim.dynamics.step_kernel import first_step, lockstep, set_floors, single_step, slopes

# --- copied from here ---
N_ROWS_IN_ALL = N_ROWS


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


@outer_kernel
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
