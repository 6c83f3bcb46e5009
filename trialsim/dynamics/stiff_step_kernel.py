"""One step of Rodas5P for one patient, as loops over stages and states: what a stiff step means.

What stands below the marker is copied behind the text of `step_kernel` in a stiff model's module and takes the place of
its `attempt`, `step_factor` and `first_step`: the table of lanes, the step control, events and failures are the same in
both solvers. A model small enough has a `lockstep` of its own, written by `stiff_unrolled`, with the same sums in the
same order.
"""

from math import sqrt
from typing import Any

import numpy as np

from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.empty_jacobian import (
    BELOW,
    BELOW_FROM,
    ENTRY_COLUMNS,
    ENTRY_ROWS,
    N_ENTRIES,
    PIVOTS,
    RIGHT,
    RIGHT_FROM,
    jacobian,
)
from trialsim.dynamics.empty_model import N_STATES
from trialsim.dynamics.lane_table import (
    AT_DX,
    AT_FLOOR,
    AT_K,
    AT_LIMIT,
    AT_NEW,
    AT_SLOPE,
    AT_X,
    AT_Y,
    N_ALL,
)
from trialsim.dynamics.rodas5p import CARRIED, GAMMA, N_STAGES, NODES, STAGES, TIME_WEIGHTS
from trialsim.dynamics.rodas5p_sums import inverse_tenth_root
from trialsim.dynamics.step_kernel import slopes
from trialsim.foundation.elementary import power

# --- copied from here ---
# Sums that exceed a diagonal entry by more than this spoil it: the factors are then made with exchanges of rows.
LARGEST_GROWTH = 1e4
# Further rows of a lane: entries of the Jacobian, derivatives by time, the matrix I - gamma h J and then its factors,
# inverse pivots, diagonal entries and sums by size (with exchanges: the order of rows and their largest entries).
AT_J = AT_NEW + N_ALL
AT_FT = AT_J + N_ENTRIES
AT_A = AT_FT + N_ALL
AT_R = AT_A + N_ALL * N_ALL
AT_BASE = AT_R + N_ALL
AT_SUM = AT_BASE + N_ALL
N_ROWS = AT_SUM + N_ALL


@kernel
def set_matrix(w: Any, lane: int, gamma_h: float) -> None:
    """Fill the matrix I - gamma h J; what is switched off depends on nothing."""
    for i in range(N_ALL):
        for j in range(N_ALL):
            w[AT_A + i * N_ALL + j, lane] = 0.0
        w[AT_A + i * N_ALL + i, lane] = w[AT_BASE + i, lane] = w[AT_SUM + i, lane] = 1.0
    for e in range(N_ENTRIES):
        i, j = ENTRY_ROWS[e], ENTRY_COLUMNS[e]
        entry = -gamma_h * w[AT_J + e, lane]
        if i >= N_STATES and w[AT_LIMIT + i - N_STATES, lane] == np.inf:
            entry = 0.0
        if i == j:
            w[AT_BASE + i, lane] = w[AT_SUM + i, lane] = 1.0 + abs(entry)
            entry = 1.0 + entry
        w[AT_A + i * N_ALL + j, lane] = entry


@kernel
def factored(w: Any, lane: int) -> bool:
    """Return whether the matrix was factored soundly without exchanges, in the order and places known beforehand."""
    for k in range(N_ALL):
        p = PIVOTS[k]
        if not w[AT_SUM + p, lane] <= LARGEST_GROWTH * w[AT_BASE + p, lane]:
            return False
        w[AT_R + p, lane] = 1.0 / w[AT_A + p * N_ALL + p, lane]
        for b in range(BELOW_FROM[k], BELOW_FROM[k + 1]):
            i = BELOW[b]
            factor = w[AT_A + i * N_ALL + p, lane] * w[AT_R + p, lane]
            w[AT_A + i * N_ALL + p, lane] = factor
            for r in range(RIGHT_FROM[k], RIGHT_FROM[k + 1]):
                j = RIGHT[r]
                product = factor * w[AT_A + p * N_ALL + j, lane]
                w[AT_A + i * N_ALL + j, lane] -= product
                if i == j:
                    w[AT_SUM + i, lane] += abs(product)
    return True


@kernel
def factored_with_exchanges(w: Any, lane: int) -> None:
    """Factor the matrix with partial pivoting, rows compared by their largest entries."""
    for i in range(N_ALL):
        largest = 0.0
        for j in range(N_ALL):
            largest = max(largest, abs(w[AT_A + i * N_ALL + j, lane]))
        w[AT_SUM + i, lane], w[AT_BASE + i, lane] = largest, float(i)
    for k in range(N_ALL):
        best, found = -1.0, k
        for i in range(k, N_ALL):
            share = abs(w[AT_A + i * N_ALL + k, lane]) / w[AT_SUM + i, lane]
            if share > best:
                best, found = share, i
        if found != k:
            for j in range(N_ALL):
                here, there = AT_A + k * N_ALL + j, AT_A + found * N_ALL + j
                w[here, lane], w[there, lane] = w[there, lane], w[here, lane]
            for row in (AT_SUM, AT_BASE):
                w[row + k, lane], w[row + found, lane] = w[row + found, lane], w[row + k, lane]
        w[AT_R + k, lane] = 1.0 / w[AT_A + k * N_ALL + k, lane]
        for i in range(k + 1, N_ALL):
            factor = w[AT_A + i * N_ALL + k, lane] * w[AT_R + k, lane]
            w[AT_A + i * N_ALL + k, lane] = factor
            if factor != 0.0:
                for j in range(k + 1, N_ALL):
                    w[AT_A + i * N_ALL + j, lane] -= factor * w[AT_A + k * N_ALL + j, lane]


@kernel
def solve(w: Any, lane: int, at: int) -> None:
    """Turn the right side in rows from `at` into the solution, by factors made without exchanges."""
    for k in range(N_ALL):
        p = PIVOTS[k]
        for b in range(BELOW_FROM[k], BELOW_FROM[k + 1]):
            i = BELOW[b]
            w[at + i, lane] -= w[AT_A + i * N_ALL + p, lane] * w[at + p, lane]
    for k in range(N_ALL - 1, -1, -1):
        p = PIVOTS[k]
        for r in range(RIGHT_FROM[k], RIGHT_FROM[k + 1]):
            j = RIGHT[r]
            w[at + p, lane] -= w[AT_A + p * N_ALL + j, lane] * w[at + j, lane]
        w[at + p, lane] *= w[AT_R + p, lane]


@kernel
def solve_with_exchanges(w: Any, lane: int, at: int) -> None:
    """Turn the right side in rows from `at` into the solution, by factors made with exchanges."""
    for i in range(N_ALL):
        w[AT_X + i, lane] = w[at + int(w[AT_BASE + i, lane]), lane]
    for i in range(N_ALL):
        for j in range(i):
            w[AT_X + i, lane] -= w[AT_A + i * N_ALL + j, lane] * w[AT_X + j, lane]
    for i in range(N_ALL - 1, -1, -1):
        for j in range(i + 1, N_ALL):
            w[AT_X + i, lane] -= w[AT_A + i * N_ALL + j, lane] * w[AT_X + j, lane]
        w[AT_X + i, lane] *= w[AT_R + i, lane]
    for i in range(N_ALL):
        w[at + i, lane] = w[AT_X + i, lane]


@kernel
def set_stage(w: Any, lane: int, s: int) -> None:
    """Fill the states of stage s from those of the earlier stages; the last two add to the stage before."""
    for i in range(N_ALL):
        total = 0.0
        for j in range(s):
            total += STAGES[s, j] * w[AT_K + j * N_ALL + i, lane]
        before = AT_NEW if s >= N_STAGES - 2 else AT_Y
        total = w[AT_K + (s - 1) * N_ALL + i, lane] if s >= N_STAGES - 2 else total
        w[AT_X + i, lane] = w[before + i, lane] + total
    for i in range(N_ALL):
        w[AT_NEW + i, lane] = w[AT_X + i, lane]


@kernel
def set_right_side(w: Any, lane: int, s: int, slope: int, gamma_h: float, h: float) -> None:
    """Fill the right side of stage s from the slopes in rows from `slope`."""
    by_time = TIME_WEIGHTS[s] * (gamma_h * h)
    for i in range(N_ALL):
        side = gamma_h * w[slope + i, lane]
        if s > 0:
            total = 0.0
            for j in range(s):
                total += CARRIED[s, j] * w[AT_K + j * N_ALL + i, lane]
            side = side + total
        if TIME_WEIGHTS[s] != 0.0 and w[AT_FT + i, lane] != 0.0:
            off = i >= N_STATES and w[AT_LIMIT + i - N_STATES, lane] == np.inf
            side = side + by_time * (0.0 if off else w[AT_FT + i, lane])
        w[AT_K + s * N_ALL + i, lane] = side


@kernel
def attempt(w: Any, lane: int, t: float, tc: float, h: float, rtol: float) -> float:
    """Return the mean square of a step's errors in units of what is allowed, having filled the states afterwards.

    Error norm as in Hairer & Wanner 1996, section IV.8, equation (8.21), squared.
    """
    gamma_h = GAMMA * h
    jacobian(w, lane, t, tc, AT_Y)
    set_matrix(w, lane, gamma_h)
    plain = factored(w, lane)
    if not plain:
        set_matrix(w, lane, gamma_h)
        factored_with_exchanges(w, lane)
    for s in range(N_STAGES):
        if s > 0:
            set_stage(w, lane, s)
            slopes(w, lane, t + NODES[s] * h, tc, AT_X, AT_DX)
        set_right_side(w, lane, s, AT_DX if s > 0 else AT_SLOPE, gamma_h, h)
        if plain:
            solve(w, lane, AT_K + s * N_ALL)
        else:
            solve_with_exchanges(w, lane, AT_K + s * N_ALL)
    square = 0.0
    for i in range(N_ALL):
        last = w[AT_K + (N_STAGES - 1) * N_ALL + i, lane]
        after = w[AT_NEW + i, lane] + last
        w[AT_NEW + i, lane] = after
        error = last / (w[AT_FLOOR + i, lane] + rtol * max(abs(w[AT_Y + i, lane]), abs(after)))
        square += error * error
    return square / N_ALL


@kernel
def step_factor(square: float) -> float:
    """Return by how much the next step may be longer: the fifth root of an error, the tenth of its square."""
    return 0.9 * inverse_tenth_root(square)


@kernel
def first_step(w: Any, lane: int, t: float, tc: float, span: float, rtol: float) -> float:
    """Return a first step size, by how far the states would go in it and by how much their slopes would turn.

    Hairer, Nørsett & Wanner 1993, section II.4, for order 5; slopes turn along J f + df/dt, for a step along them would
    leave what is stiff at once.
    """
    d_0 = d_1 = d_2 = 0.0
    jacobian(w, lane, t, tc, AT_Y)
    for i in range(N_ALL):
        w[AT_DX + i, lane] = w[AT_FT + i, lane]
    for e in range(N_ENTRIES):
        w[AT_DX + ENTRY_ROWS[e], lane] += w[AT_J + e, lane] * w[AT_SLOPE + ENTRY_COLUMNS[e], lane]
    for i in range(N_ALL):
        y, slope = w[AT_Y + i, lane], w[AT_SLOPE + i, lane]
        allowed = w[AT_FLOOR + i, lane] + rtol * abs(y)
        d_0 += (y / allowed) * (y / allowed)
        d_1 += (slope / allowed) * (slope / allowed)
        if i < N_STATES or w[AT_LIMIT + i - N_STATES, lane] < np.inf:
            d_2 += (w[AT_DX + i, lane] / allowed) * (w[AT_DX + i, lane] / allowed)
    h_0 = 0.01 * sqrt(d_0 / d_1) if d_0 > 1e-10 and d_1 > 1e-10 else 1e-6 * span
    h_0 = min(h_0, span)
    steepest = max(sqrt(d_1 / N_ALL), sqrt(d_2 / N_ALL))
    h_1 = power(0.01 / steepest, 0.2) if steepest > 1e-15 else max(1e-6 * span, 1e-3 * h_0)
    h = min(100.0 * h_0, h_1, span)
    return h if 0.0 < h < np.inf else 1e-6 * span
