"""Exponentials of a matrix: the exact step of a linear system, and the latest of them kept.

Compiled once for all models: the arrays say how many states there are.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.compiling import kernel, part_of_kernel
from trialsim.foundation.elementary import exp

N_SLOTS = 8
RECIPROCALS = np.array([np.inf] + [1.0 / j for j in range(1, 400)])
LAST_TERM = 399


@kernel
def propagator(dt: float, fed: float, s: int, x: Any) -> None:
    """Fill a slot with the propagator of an interval."""
    n, nought = x.u.size, x.u.size - x.u.size
    a, b, u, e, g = x.a, x.b, x.u, x.es[s], x.gs[s]
    # With two or three states written out it takes half the time. Computed, for numba would translate all of it once
    # more for each number that it sees.
    if n == 2:
        exponential(nought + 2, a, u, fed, dt, e, g, b, x.term, x.fresh, x.w, x.v)
    elif n == 3:
        exponential(nought + 3, a, u, fed, dt, e, g, b, x.term, x.fresh, x.w, x.v)
    else:
        exponential(n, a, u, fed, dt, e, g, b, x.term, x.fresh, x.w, x.v)


@part_of_kernel
def exponential(
    n: int, a: Any, u: Any, fed: float, dt: float, e: Any, g: Any, b: Any, term: Any, fresh: Any, w: Any, v: Any
) -> None:
    """Fill e = exp(a dt) and g = (integral of exp(a s) ds from 0 to dt) u.

    Taylor series of the matrix shifted to a nonnegative diagonal, scaled and squared: for compartments every
    number added is nonnegative, so that every entry keeps its relative accuracy (Shao, Gao & Xue 2014, SIAM J.
    Matrix Anal. Appl. 35, algorithm 1). A path of L steps through the matrix first shows in term L and is then
    complete to 1e-17 after as many more terms as the scalar series needs.
    """
    shift, norm = 0.0, 0.0
    for i in range(n):
        shift = max(shift, -a[i, i])
    for i in range(n):
        row = 0.0
        for j in range(n):
            b[i, j] = a[i, j] + (shift if i == j else 0.0)
            row += abs(b[i, j])
            e[i, j] = term[i, j] = 1.0 if i == j else 0.0
        norm = max(norm, row * dt)
        g[i] = w[i] = 0.0
    norm, n_squarings, h = max(norm, shift * dt), 0, dt
    while norm > 1.0 and n_squarings < 1000:
        norm *= 0.5
        h *= 0.5
        n_squarings += 1
    share, bound, n_terms = 1.0, 1.0, 0
    while n_terms < LAST_TERM and (bound > 1e-17 or n_terms < n):
        n_terms += 1
        scale = h * RECIPROCALS[n_terms]
        if n_terms >= n:
            bound *= norm * RECIPROCALS[n_terms - n + 1]
        if fed != 0.0:
            for i in range(n):
                total = u[i] * share
                for k in range(n):
                    total += b[i, k] * w[k]
                v[i] = total * scale
                g[i] += v[i]
            share *= shift * scale
            w, v = v, w
        for i in range(n):
            for j in range(n):
                total = 0.0
                for k in range(n):
                    total += b[i, k] * term[k, j]
                fresh[i, j] = total * scale
                e[i, j] += fresh[i, j]
        term, fresh = fresh, term
    decay = exp(-shift * h)
    for i in range(n):
        g[i] *= decay
        for j in range(n):
            e[i, j] *= decay
    for _ in range(n_squarings):
        square(n, e, g, fed, fresh, v)


@part_of_kernel
def square(n: int, e: Any, g: Any, fed: float, fresh: Any, v: Any) -> None:
    """Replace the step by two of them."""
    if fed != 0.0:
        for i in range(n):
            total = 0.0
            for k in range(n):
                total += e[i, k] * g[k]
            v[i] = total
        for i in range(n):
            g[i] += v[i]
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += e[i, k] * e[k, j]
            fresh[i, j] = total
    for i in range(n):
        for j in range(n):
            e[i, j] = fresh[i, j]


@kernel
def slot_of(dt: float, t_next: float, x: Any) -> int:
    """Return the slot that holds the propagator of this inflow and interval, to within four roundings; or -1."""
    slack = 9e-16 * abs(t_next)
    slack = slack if dt > 1e3 * slack else 0.0
    for probe in range(-1, x.used[0]):
        s = x.used[2] if probe < 0 else probe
        if s < 0 or not abs(x.dts[s] - dt) <= slack:
            continue
        same = True
        for i in range(x.u.size):
            same = same and x.us[s, i] == x.u[i]
        if same:
            return s
    return -1
