"""One Rodas5P step of a model in all lanes as straight-line code: Jacobian, factors, stages and weights written out.

As `unrolled` does for DOP853, with the sums of `stiff_step_kernel` in their order. The factors are made without
exchanges of rows, in the order and the places that the model's sparsity gives; where that would spoil a number the lane
is left alone, and `single_step` makes the step with exchanges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from trialsim.dynamics.elimination import Elimination, Place
from trialsim.dynamics.rodas5p import GAMMA, N_STAGES, NODES, TIME_WEIGHTS
from trialsim.dynamics.unrolled import (
    FOOT,
    HEAD,
    Lines,
    RateLines,
    kept,
    root_lines,
    size_control,
    slope_lines,
    state_lines,
    verdict,
)

MOST_PRODUCTS = 1500  # of one factorisation and eight solutions; beyond, the compiler takes longer than the loop loses


def is_unrolled(plan: Elimination) -> bool:
    """Return whether a model's step is written out."""
    return plan.n_products + N_STAGES * plan.n_solving <= MOST_PRODUCTS


def unrolled_stiff_step(
    n_states: int, n_hazards: int, rates: RateLines, derivatives: RateLines, entries: Sequence[Place],
    by_time: Sequence[int], plan: Elimination, read: Callable[[], Lines], roots: Sequence[RateLines], n_triggers: int,
) -> str:
    """Return the source of `lockstep` for a model.

    `rates(states, time, suffix)` gives the lines that compute the slopes from states named by a pattern, and the
    names of the slopes; `derivatives` those of the Jacobian's entries, then those by time; `read()`, asked after each,
    the lines that read the parameters it used.
    """
    n = n_states + n_hazards
    computed, names = derivatives("y{0}", "t", "_j")
    used = read()
    body: Lines = [*computed, f"gamma_h = {GAMMA!r} * size", "minus = -gamma_h", "weight = gamma_h * size"]
    body += _matrix(n_states, entries, names)
    body += _factors(plan)
    slopes_by_time = {i: f"(0.0 if off{i - n_states} else {name})" if i >= n_states else name
                      for i, name in zip(by_time, names[len(entries):], strict=True)}
    for s in range(N_STAGES):
        body += _stage(s, n_states, n, rates)
        body += _right_side(s, n, slopes_by_time)
        body += _solution(s, plan)
    body += _error(n)
    body += size_control("0.9 * inverse_tenth_root(error)")
    body += slope_lines("n{0}", "t_new", "n", n_states, n, rates)
    body += root_lines(roots)
    body += verdict(n_states, n_hazards, len(roots), n_triggers, "not sound")
    body += kept(n_states, n, len(roots))
    used = list(dict.fromkeys([*used, *read()]))
    lines = [*state_lines(n_states, n_hazards), *used, *body]
    return "\n".join([HEAD, *(f"        {line}" for line in lines), *FOOT, ""])


def _matrix(n_states: int, entries: Sequence[Place], names: Sequence[str]) -> Lines:
    """Return the lines that make I - gamma h J of the entries of J."""
    lines: Lines = []
    for (i, j), name in zip(entries, names, strict=False):
        product = f"minus * {name}"
        if i >= n_states:
            product = f"0.0 if off{i - n_states} else {product}"
        if i != j:
            lines += [f"a{i}_{j} = {product}"]
        else:
            lines += [f"e{i} = {product}", f"base{i} = 1.0 + abs(e{i})", f"a{i}_{i} = 1.0 + e{i}"]
    return lines


def _factors(plan: Elimination) -> Lines:
    """Return the lines that factor the matrix, and say whether that was sound."""
    lines: Lines = []
    filled, summed, checks = set(plan.own), set[int](), []
    for p, rows, columns in zip(plan.pivots, plan.below, plan.right, strict=True):
        if p in summed:
            checks += [f"(sum{p} <= LARGEST_GROWTH * {_base(plan, p)})"]
        if p not in plan.plain:
            lines += [f"r{p} = 1.0 / a{p}_{p}"]
        for i in rows:
            if p not in plan.plain:
                lines += [f"a{i}_{p} = a{i}_{p} * r{p}"]
            for j in columns:
                lines += [f"product = a{i}_{p} * a{p}_{j}"]
                if i == j:
                    lines += [f"sum{i} = {f'sum{i}' if i in summed else _base(plan, i)} + abs(product)"]
                    summed.add(i)
                start = f"a{i}_{j}" if (i, j) in filled else "1.0" if i == j else "0.0"
                lines += [f"a{i}_{j} = {start} - product"]
                filled.add((i, j))
    return [*lines, f"sound = {' & '.join(checks) or 'True'}"]


def _base(plan: Elimination, p: int) -> str:
    """Return the size of what a diagonal entry is made of before elimination."""
    return f"base{p}" if (p, p) in plan.own else "1.0"


def _stage(s: int, n_states: int, n: int, rates: RateLines) -> Lines:
    """Return the lines that compute the states and the slopes of a stage."""
    if s == 0:
        return []
    lines = [f"t_{s} = t + {float(NODES[s])!r} * size"]
    for i in range(n):
        earlier = ", ".join(f"u{j}_{i}" for j in range(s))
        last = s >= N_STAGES - 2
        lines += [f"x{s}_{i} = " + (f"x{s - 1}_{i} + u{s - 1}_{i}" if last else f"state_at_{s}(y{i}, {earlier})")]
    return lines + slope_lines(f"x{s}_{{0}}", f"t_{s}", str(s), n_states, n, rates)


def _right_side(s: int, n: int, by_time: Mapping[int, str]) -> Lines:
    """Return the lines that compute the right side of a stage."""
    lines: Lines = []
    if by_time and TIME_WEIGHTS[s] != 0.0:
        lines += [f"weight_{s} = {float(TIME_WEIGHTS[s])!r} * weight"]
    for i in range(n):
        side = f"gamma_h * k{s}_{i}"
        if s > 0:
            side = f"side_at_{s}({side}, {', '.join(f'u{j}_{i}' for j in range(s))})"
        if i in by_time and TIME_WEIGHTS[s] != 0.0:
            side = f"{side} + weight_{s} * {by_time[i]}"
        lines += [f"b{s}_{i} = {side}"]
    return lines


def _solution(s: int, plan: Elimination) -> Lines:
    """Return the lines that solve for a stage."""
    lines: Lines = []
    taken: dict[int, list[str]] = {p: [] for p in plan.pivots}
    for p, rows in zip(plan.pivots, plan.below, strict=True):
        if taken[p]:
            lines += [f"f{s}_{p} = {' - '.join([f'b{s}_{p}', *taken[p]])}"]
        name = f"{'f' if taken[p] else 'b'}{s}_{p}"
        for i in rows:
            taken[i].append(f"a{i}_{p} * {name}")
    for p, columns in zip(reversed(plan.pivots), reversed(plan.right), strict=True):
        name = f"{'f' if taken[p] else 'b'}{s}_{p}"
        whole = " - ".join([name, *(f"a{p}_{j} * u{s}_{j}" for j in columns)])
        lines += [f"u{s}_{p} = {whole}" if p in plan.plain else f"u{s}_{p} = ({whole}) * r{p}"]
    return lines


def _error(n: int) -> Lines:
    """Return the lines that give every state its new value, and the mean square of the errors."""
    last = N_STAGES - 1
    lines: Lines = ["square = 0.0"]
    for i in range(n):
        lines += [
            f"n{i} = x{last}_{i} + u{last}_{i}",
            f"before = abs(y{i})",
            f"size{i} = abs(n{i})",
            f"allowed = floor{i} + rtol * (size{i} if size{i} > before else before)",
            f"part = u{last}_{i} / allowed",
            "square = square + part * part",
        ]
    return [*lines, f"error = square / {float(n)!r}"]
