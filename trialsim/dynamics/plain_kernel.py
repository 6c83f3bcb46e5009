"""Courses of linear models in which nothing happens but boluses, infusions and samples, stretch by stretch.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.bundles import bundle
from trialsim.dynamics.compiling import kernel, outer_kernel
from trialsim.dynamics.empty_model import N_OUTPUTS, N_STATES, hoist, inlet_terms, read_modes, read_outputs, starts
from trialsim.dynamics.lane_table import AT_C, AT_G, AT_P, AT_Z
from trialsim.dynamics.linear_kernel import AT_B, matrix_of, parameters_changed
from trialsim.dynamics.no_solver import laid_out, moved_on, stretch_known
from trialsim.dynamics.plain import HI, LO, N_SAMPLES, N_STRETCHES

# --- copied from here ---


@kernel
def begun_plainly(i: int, known: Any, line: Any, x: Any) -> bool:
    """Return whether a patient is sound, having filled the parameters and all that follows from them."""
    row, w = known.rows[i], line.table
    p, c = w[AT_P:AT_C, 0], w[AT_C:AT_Z, 0]
    for k in range(p.size):
        p[k] = row[k]
    hoist(row, c)
    inlet_terms(row, c, line.terms)
    starts(p, c, x.y)
    return bool(parameters_changed(row, w, 0) == 0 and -np.inf < known.span[i, 0] and -np.inf < known.span[i, 1])


@kernel
def read_at_once(n: int, line: Any, x: Any, numbers: Any) -> bool:
    """Return whether all outputs are numbers, having filled those of samples before anything has moved."""
    w, odd = line.table, 0
    for k in range(n):
        out = numbers[k * N_OUTPUTS : (k + 1) * N_OUTPUTS]
        read_outputs(w[AT_P:AT_C, 0], w[AT_C:AT_Z, 0], line.times[k], line.times[k], x.y, w[AT_Z:AT_G, 0], out)
    for k in range(n * N_OUTPUTS):
        odd |= 0 if numbers[k] == numbers[k] else 1
    return odd == 0


@kernel
def followed_plainly(i: int, known: Any, line: Any, x: Any, numbers: Any) -> bool:
    """Return whether the course of a patient is plain, having filled its outputs if so."""
    if not begun_plainly(i, known, line, x) or laid_out(i, known, line) == 0:
        return False
    w = line.table
    matrix_of(w, 0, x.a)
    for k in range(N_STATES):
        x.u[k] = w[AT_B + k, 0]
    for q in range(line.made[N_STRETCHES]):
        lo, hi = line.stretch[q, LO], line.stretch[q, HI]
        own = numbers[lo * N_OUTPUTS : hi * N_OUTPUTS]
        if stretch_known(q, known, line, x) == 0:
            return False
        if q == 0:
            if not read_at_once(hi, line, x, own):
                return False
            continue
        if read_modes(w[AT_P:AT_C, 0], w[AT_C:AT_Z, 0], hi - lo, line.times[lo:hi], x.parts, line.shares, line.room,
                      own) != 0 or moved_on(q, line, x) == 0:
            return False
    for k in range(line.made[N_SAMPLES] * N_OUTPUTS, numbers.size):
        numbers[k] = np.nan
    return True


@outer_kernel
def run_plain(given: Any, room: Any, steps: Any, left: Any, outputs: Any) -> None:
    """Fill the outputs of every patient whose course is plain, and mark those who are left."""
    known, line, x = bundle(given), bundle(room), bundle(steps)
    numbers, each = outputs.reshape(outputs.size), outputs.shape[1] * N_OUTPUTS
    for i in range(outputs.shape[0]):
        if left[i] == 0 and not followed_plainly(i, known, line, x, numbers[i * each : (i + 1) * each]):
            left[i] = 1
