"""Courses of linear models in which nothing happens but boluses and samples: all samples of a patient at once.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.bundles import bundle
from trialsim.dynamics.compiling import kernel, outer_kernel
from trialsim.dynamics.empty_model import N_SHOWN, N_STATES, hoist, inlet_terms, read_together, starts
from trialsim.dynamics.lane_table import AT_C, AT_P, AT_Z
from trialsim.dynamics.linear_kernel import AT_B, matrix_of, parameters_changed
from trialsim.dynamics.no_solver import laid_out, states_followed
from trialsim.dynamics.plain import N_SAMPLES
from trialsim.dynamics.series import written

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
def followed_plainly(i: int, known: Any, line: Any, x: Any, outputs: Any) -> bool:
    """Return whether the course of a patient is plain, having filled its outputs if so."""
    if not begun_plainly(i, known, line, x) or laid_out(i, known, line) == 0:
        return False
    w, fed = line.table, 0.0
    matrix_of(w, 0, x.a)
    for k in range(N_STATES):
        x.u[k] = w[AT_B + k, 0]
        fed = 1.0 if x.u[k] != 0.0 else fed
    if states_followed(fed, known, line, x) == 0:
        return False
    n = line.made[N_SAMPLES]
    read_together(w[AT_P:AT_C, 0], w[AT_C:AT_Z, 0], (n + 7) // 8 * 8, line.room)
    if not written(n, N_SHOWN, line.room, outputs):
        return False
    for s in range(n, outputs.shape[0]):
        for q in range(outputs.shape[1]):
            outputs[s, q] = np.nan
    return True


@outer_kernel
def run_plain(given: Any, room: Any, steps: Any, left: Any, outputs: Any) -> None:
    """Fill the outputs of every patient whose course is plain, and mark those who are left."""
    known, line, x = bundle(given), bundle(room), bundle(steps)
    for i in range(outputs.shape[0]):
        if left[i] == 0 and not followed_plainly(i, known, line, x, outputs[i]):
            left[i] = 1
