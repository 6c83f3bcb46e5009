"""The steady state of a linear system, solved: copied where a schedule asks for one.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.administrations import repeated_dose, runs_besides
from trialsim.dynamics.arrays import DELAYED, END, INFLOW, INTO, SIZE
from trialsim.dynamics.compiling import allocating_kernel, kernel
from trialsim.dynamics.empty_model import INLET_STATES, N_INTEGRALS, N_STATES, starts
from trialsim.dynamics.exponentials import exponential
from trialsim.dynamics.lane_table import AT_C, AT_P, AT_Y, AT_Z, NO_STEADY_STATE
from trialsim.dynamics.linear_kernel import AT_B, matrix_of

# --- copied from here ---


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
def stands_still(a: Any, i: int, inlet_state: int, w: Any, lane: int) -> bool:
    """Return whether nothing enters or leaves a state, so that it is what it was at the beginning."""
    still = i != inlet_state and w[AT_B + i, lane] == 0.0
    for j in range(N_STATES):
        still = still and a[i, j] == 0.0
    return still


@kernel
def settled(first: int, last: int, interval: float, added: bool, b: Any, w: Any, lane: int, rtol: float) -> int:
    """Return a status, having put the states where doses every interval for ever have brought them (or added that).

    Superposition: each of the doses brings what it brings alone, the first what the constant inflow does too.
    """
    for k in range(first, last):
        way = b.way[lane, k]
        status = settled_by_one(int(way[INTO]), way[SIZE], way[END], way[INFLOW], way[DELAYED], interval,
                                added or k > first, w, lane)
        if status != 0:
            return int(status)
    return 0


@allocating_kernel
def settled_by_one(
    inlet: int, size: float, lasts: float, inflow: float, lag: float, interval: float, added: bool, w: Any, lane: int,
) -> int:
    """Return a status, having put the states where one dose every interval for ever has brought them (or added that).

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
        e, g, b = np.empty((N_STATES, N_STATES)), np.empty(N_STATES), np.empty((N_STATES, N_STATES))
        term, fresh, x, z = np.empty_like(e), np.empty_like(e), np.empty(N_STATES), np.empty(N_STATES)
        phase, ends, whole = repeated_dose(lag, lasts, inflow, interval)
        marks = (min(phase, ends), max(phase, ends), interval)
        passed = 0.0
        for k in range(3):
            mark = marks[k]
            if mark > passed:
                besides = inflow if runs_besides(0.5 * (passed + mark), phase, ends) else 0.0
                for i in range(N_STATES):
                    u[i] = 0.0 if added else w[AT_B + i, lane]
                u[state] += whole * inflow + besides
                exponential(N_STATES, a, u, 1.0, mark - passed, e, g, b, term, fresh, x, z)
                for i in range(N_STATES):
                    total = g[i]
                    for j in range(N_STATES):
                        total += e[i, j] * v[j]
                    x[i] = total
                for i in range(N_STATES):
                    v[i] = x[i]
                passed = mark
            if k == 0 and inflow == 0.0:
                v[state] += size
        exponential(N_STATES, a, u, 0.0, interval, e, g, b, term, fresh, x, z)
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
