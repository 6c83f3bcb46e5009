"""One DOP853 step of a model as straight-line code: stages, states and weights written out, numbers in registers.

A loop over stages and states costs more than the arithmetic in it. The sums run in the order of the loops they
replace, so that a model too large to be written out gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from trialsim.dynamics.dop853 import ERROR_3, ERROR_5, N_STAGES, NODES, STAGES, WEIGHTS

LARGEST = 24  # states and hazards; beyond, the compiler takes longer than the loop loses

Lines = list[str]
RateLines = Callable[[Sequence[str], str, str], tuple[Lines, Sequence[str]]]

HEAD = """def attempt(p, c, t, tc, h, y, u, limits, floors, rtol, k, x, y_new):
    \"\"\"Return the error of one step in units of what is allowed, having filled `y_new`; `k[0]` is the slope at t.\"\"\""""


def unrolled_step(n_states: int, n_hazards: int, rates: RateLines) -> str:
    """Return the source of `attempt` for a model.

    `rates(states, time, suffix)` gives the lines that compute the slopes from states so named, and their names.
    """
    n = n_states + n_hazards
    lines = [f"    y{i} = y[{i}]" for i in range(n)]
    lines += [f"    u{i} = u[{i}]" for i in range(n_states)]
    lines += [f"    off{m} = limits[{m}] == np.inf" for m in range(n_hazards)]
    lines += [f"    k0_{i} = k[0, {i}]" for i in range(n)]
    for s in range(1, N_STAGES):
        lines += _stage(s, n_states, n, rates)
    lines += ["    sum_3 = sum_5 = 0.0"]
    for i in range(n):
        lines += _error(i)
    lines += [
        "    if sum_5 == 0.0:",
        "        return 0.0",
        f"    return h * sum_5 / sqrt((sum_5 + 0.01 * sum_3) * {n})",
    ]
    return "\n".join([HEAD, *lines, ""])


def _stage(s: int, n_states: int, n: int, rates: RateLines) -> Lines:
    """Return the lines of stage s: where it looks, and the slopes there."""
    lines = [f"    t_{s} = t + {NODES[s]!r} * h"] if NODES[s] != 1.0 else [f"    t_{s} = t + h"]
    lines += [f"    x{s}_{i} = y{i} + h * ({_weighted(STAGES[s, :s], i)})" for i in range(n)]
    computed, slopes = rates([f"x{s}_{i}" for i in range(n_states)], f"t_{s}", f"_{s}")
    lines += computed
    for i, slope in enumerate(slopes):
        lines.append(
            f"    k{s}_{i} = {slope} + u{i}" if i < n_states else f"    k{s}_{i} = 0.0 if off{i - n_states} else {slope}"
        )
    return lines


def _error(i: int) -> Lines:
    """Return the lines that give state i its new value and add its errors."""
    return [
        f"    n{i} = y{i} + h * ({_weighted(WEIGHTS, i)})",
        f"    y_new[{i}] = n{i}",
        f"    allowed = floors[{i}] + rtol * max(abs(y{i}), abs(n{i}))",
        f"    e_3 = ({_weighted(ERROR_3, i)}) / allowed",
        f"    e_5 = ({_weighted(ERROR_5, i)}) / allowed",
        "    sum_3 += e_3 * e_3",
        "    sum_5 += e_5 * e_5",
    ]


def _weighted(weights: np.ndarray, i: int) -> str:
    """Return the sum of weighted slopes of state i, left to right, zeros left out."""
    return " + ".join(f"{float(w)!r} * k{j}_{i}" for j, w in enumerate(weights) if w != 0.0)
