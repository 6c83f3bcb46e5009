"""Exponentials of a matrix: the exact step of a linear system, and the latest of them kept.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.empty_model import N_STATES
from trialsim.foundation.elementary import exp

# --- copied from here ---
N_SLOTS = 8
RECIPROCALS = np.array([np.inf] + [1.0 / j for j in range(1, 400)])
LAST_TERM = 399


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
