"""The states of a linear course at many times at once: by one power series of the exponential, or in equal steps.

Compiled once for all models: the arrays say how many states there are, and how many of them outputs see.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from trialsim.dynamics.compiling import kernel, part_of_kernel
from trialsim.dynamics.exponentials import RECIPROCALS
from trialsim.foundation.arithmetic import inlined

# Times at once; the fewest for which that is worth the while, and the fewest for which it is where the next one can be
# reached by a propagator that is there already.
TOGETHER, FEWEST, FEWEST_BY_KNOWN_WAYS = 64, 2, 8
TERMS = 64
# The rows of `Steps.room`: times, the same as shares of a reach, what the shift of the matrix takes away until then;
# the states that outputs see, and then the outputs.
TIMES, SHARES, DECAYS, SEEN = 0, 1, 2, 3
# The places of `Steps.known`: how large the norm of the matrix times the time may be for a series; its shift, how many
# of its columns are filled; an equal step, how many of it are filled; how far a series reaches, and how far what was
# filled last.
MOST, SHIFTED, FILLED, STEP, STEPPED, FAR, REACHES = 0, 1, 2, 3, 4, 5, 6
N_KNOWN = 8  # and one that `modes` names


@lru_cache(maxsize=64)
def reach_of_a_series(n_states: int) -> float:
    """Return how large the norm of the matrix times the time may be.

    What a path of L steps through the matrix brings first shows in term L and falls from then on as the terms of the
    scalar series do, the last of which stays below 1e-17.
    """
    reach, bound = 0.0, 0.0
    while bound <= 1e-17 and n_states < TERMS:
        reach, bound = reach + 0.25, 1.0
        for j in range(1, TERMS - n_states + 1):
            bound *= (reach + 0.25) / j
    return reach


@kernel
def times_before(until: float, samples: Any, times: Any) -> int:
    """Return how many of the next samples are to be taken before a time, having filled their times, in eights.

    What is left over of eight would be computed one by one.
    """
    most, n, odd = min(TOGETHER, samples.size), 0, 0
    for k in range(most):
        n += 1 if samples[k] < until else 0
    for k in range(n):
        times[k] = samples[k]
        odd |= 0 if samples[k] < until else 1
    if odd != 0:
        # One that is not wanted stands among them.
        n = 0
        while samples[n] < until:
            n += 1
    for k in range(n, (n + 7) // 8 * 8):
        times[k] = samples[max(n - 1, 0)]
    return n


@kernel
def combined(n: int, rows: Any, y: Any, inflow: Any, fed: float, sums: Any) -> None:
    """Fill n sums: states times the first rows, and what flows in times the others."""
    for k in range(n):
        sums[k] = 0.0
    for i in range(y.size):
        row, factor = rows[i], y[i]
        for k in range(n):
            sums[k] += row[k] * factor
    for i in range(y.size if fed != 0.0 else 0):
        row, factor = rows[y.size + i], inflow[i]
        for k in range(n):
            sums[k] += row[k] * factor


@kernel
def series_filled(columns: int, x: Any) -> None:
    """Fill the terms of the series, those of the inflow as well if all columns are wanted.

    With s = t / h, row i of exp(a t) is e^(-q t) times the sum of s^j (a + q)^j h^j / j!, and the integral that an
    inflow is multiplied by alike. q makes the diagonal nonnegative; for compartments every number added is, so that
    nothing cancels. A matrix with negative entries beside the diagonal has no reach.
    """
    n, shift, by_rows, by_columns, sound = x.u.size, 0.0, 0.0, 0.0, True
    for i in range(n):
        shift = max(shift, -x.a[i, i])
    for i in range(n):
        row, column = shift, shift
        for j in range(n):
            row += x.a[i, j]
            column += x.a[j, i]
            sound = sound and (i == j or x.a[i, j] >= 0.0)
        by_rows, by_columns = max(by_rows, row), max(by_columns, column)
    norm = max(shift, min(by_rows, by_columns))
    reach = x.known[MOST] / norm if sound and norm > 0.0 else 0.0
    x.known[FAR], x.known[SHIFTED], x.known[FILLED] = reach, shift, columns
    for i in range(n):
        for j in range(n):
            x.b[i, j] = x.a[i, j] + (shift if i == j else 0.0)
    for r in range(x.powers.shape[0] if reach > 0.0 else 0):
        rows, i = x.powers[r], x.shown[r]
        if n == 2:
            row_of_series(n - n + 2, i, reach, shift, columns, x.b, rows)
        elif n == 3:
            row_of_series(n - n + 3, i, reach, shift, columns, x.b, rows)
        else:
            row_of_series(n, i, reach, shift, columns, x.b, rows)


@part_of_kernel
def row_of_series(n: int, shown: int, reach: float, shift: float, columns: int, b: Any, rows: Any) -> None:
    """Fill the terms of a series for one state."""
    share = 1.0
    for k in range(columns):
        rows[k, 0] = 1.0 if k == shown else 0.0
    for j in range(1, TERMS):
        scale = reach * RECIPROCALS[j]
        for k in range(n):
            total = 0.0
            for l in range(n):
                total += rows[l, j - 1] * b[l, k]
            rows[k, j] = total * scale
        for k in range(columns - n):
            total = share if k == shown else 0.0
            for l in range(n):
                total += rows[n + l, j - 1] * b[l, k]
            rows[n + k, j] = total * scale
        share *= shift * scale


@inlined("float64(float64, float64, float64, float64[::1], int64)")
def eight(s: float, s2: float, s4: float, terms: Any, j: int) -> float:
    """Return eight terms of a series from one on, in sums that run side by side."""
    a, b, c, d = terms[j], terms[j + 1], terms[j + 2], terms[j + 3]
    e, f, g, h = terms[j + 4], terms[j + 5], terms[j + 6], terms[j + 7]
    return float(((a + s * b) + s2 * (c + s * d)) + s4 * ((e + s * f) + s2 * (g + s * h)))


@kernel
def summed(n: int, terms: Any, shares: Any, decays: Any, sums: Any) -> None:
    """Fill the sums of a series at so many shares of its reach, times what the shift takes away."""
    for k in range(n):
        s = shares[k]
        s2 = s * s
        s4 = s2 * s2
        s8 = s4 * s4
        total = eight(s, s2, s4, terms, 56)
        total = total * s8 + eight(s, s2, s4, terms, 48)
        total = total * s8 + eight(s, s2, s4, terms, 40)
        total = total * s8 + eight(s, s2, s4, terms, 32)
        total = total * s8 + eight(s, s2, s4, terms, 24)
        total = total * s8 + eight(s, s2, s4, terms, 16)
        total = total * s8 + eight(s, s2, s4, terms, 8)
        sums[k] = (total * s8 + eight(s, s2, s4, terms, 0)) * decays[k]


@kernel
def steps_filled(n: int, step: float, e: Any, x: Any) -> None:
    """Fill what n equal steps make of the states, and of what one step adds: rows of e^k and of the sums of these."""
    x.known[STEP], x.known[STEPPED], n_states = step, n, x.y.size
    for r in range(x.ways.shape[0]):
        rows, i = x.ways[r], x.shown[r]
        if n_states == 2:
            row_of_steps(n_states - n_states + 2, i, n, e, rows)
        elif n_states == 3:
            row_of_steps(n_states - n_states + 3, i, n, e, rows)
        else:
            row_of_steps(n_states, i, n, e, rows)


@part_of_kernel
def row_of_steps(n_states: int, shown: int, n: int, e: Any, rows: Any) -> None:
    """Fill what n equal steps make of the states for one of them."""
    for i in range(n_states):
        rows[i, 0], rows[n_states + i, 0] = e[shown, i], 1.0 if i == shown else 0.0
    for k in range(1, n):
        for i in range(n_states):
            total = 0.0
            for j in range(n_states):
                total += rows[j, k - 1] * e[j, i]
            rows[i, k] = total
            rows[n_states + i, k] = rows[n_states + i, k - 1] + rows[i, k - 1]


@kernel
def written(n: int, n_shown: int, room: Any, outputs: Any) -> bool:
    """Return whether all that is seen is finite and all outputs are numbers, having handed these over if so."""
    odd = 0
    for r in range(n_shown):
        row = room[SEEN + r, 0:n]
        for k in range(n):
            odd |= 0 if abs(row[k]) < np.inf else 1
    for q in range(outputs.shape[1]):
        row = room[SEEN + n_shown + q, 0:n]
        for k in range(n):
            odd |= 0 if row[k] == row[k] else 1
    for q in range(outputs.shape[1] if odd == 0 else 0):
        row = room[SEEN + n_shown + q]
        for k in range(n):
            outputs[k, q] = row[k]
    return odd == 0
