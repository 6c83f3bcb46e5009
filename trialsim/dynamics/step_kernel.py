"""One step of DOP853 as loops over stages and states: for models too large for `unrolled`, and to say what it means.

What stands below the first marker is copied behind every adaptive model's own functions; `attempt` only where the
model has none of its own.
"""

from math import sqrt
from typing import Any

import numpy as np
from numba import njit

from trialsim.dynamics.dop853 import ERROR_3, ERROR_5, N_STAGES, NODES, STAGES, WEIGHTS
from trialsim.dynamics.empty_model import N_HAZARDS, N_STATES, derivatives

# --- copied from here ---
N_ALL = N_STATES + N_HAZARDS


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def slopes(p: Any, c: Any, t: float, tc: float, y: Any, u: Any, limits: Any, dy: Any) -> None:
    """Fill the rates of states and cumulative hazards, infusions included; what is switched off stands still."""
    derivatives(p, c, t, tc, y, dy)
    for i in range(N_STATES):
        dy[i] += u[i]
    for h in range(N_HAZARDS):
        if limits[h] == np.inf:
            dy[N_STATES + h] = 0.0


# --- copied for large models ---
@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def attempt(
    p: Any, c: Any, t: float, tc: float, h: float, y: Any, u: Any, limits: Any, floors: Any, rtol: float, k: Any,
    x: Any, y_new: Any,
) -> float:
    """Return the error of one step in units of what is allowed, having filled `y_new`; `k[0]` is the slope at t.

    Stages, weights and error norm as in Hairer, Nørsett & Wanner 1993, section II.10, equation (10.17).
    """
    for s in range(1, N_STAGES):
        for i in range(N_ALL):
            total = 0.0
            for j in range(s):
                total += STAGES[s, j] * k[j, i]
            x[i] = y[i] + h * total
        slopes(p, c, t + NODES[s] * h, tc, x, u, limits, k[s])
    sum_3 = sum_5 = 0.0
    for i in range(N_ALL):
        total = e_3 = e_5 = 0.0
        for s in range(N_STAGES):
            total += WEIGHTS[s] * k[s, i]
            e_3 += ERROR_3[s] * k[s, i]
            e_5 += ERROR_5[s] * k[s, i]
        y_new[i] = y[i] + h * total
        allowed = floors[i] + rtol * max(abs(y[i]), abs(y_new[i]))
        e_3 /= allowed
        e_5 /= allowed
        sum_3 += e_3 * e_3
        sum_5 += e_5 * e_5
    if sum_5 == 0.0:
        return 0.0
    return h * sum_5 / sqrt((sum_5 + 0.01 * sum_3) * N_ALL)
