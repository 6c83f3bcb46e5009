"""One DOP853 step of a model in all lanes as straight-line code: stages, states and weights written out.

A loop over stages and states costs more than the arithmetic in it; and one loop over lanes around straight lines
without branches is what a compiler puts into vector registers, one patient in each place. The sums run in the order
of the loops they replace, so that a step in lanes, a single step and a model too large to be written out all give
the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from trialsim.dynamics.dop853 import ERROR_3, ERROR_5, N_STAGES, NODES, STAGES, WEIGHTS

LANES = 8  # one AVX-512 register of patients; sixteen spill to memory and are slower from a few states on
LARGEST = 24  # states and hazards; beyond, the compiler takes longer than the loop loses

Lines = list[str]
RateLines = Callable[[str, str, str], tuple[Lines, Sequence[str]]]

HEAD = '''def lockstep(ws, rtol, atol, most_steps):
    """Return whether lanes must be looked after, having stepped every lane of `ws` once or left it as it was."""
    for lane in range(LANES):'''

# A loop of its own: gathered in the loop above, the answer would keep that out of vector registers.
FOOT = ["    called = False", "    for lane in range(LANES):",
        "        called = called | (ws[AT_WORD * LANES + lane] != GOES_ON)", "    return called"]


def unrolled_step(
    n_states: int, n_hazards: int, rates: RateLines, read: Callable[[], Lines], roots: Sequence[RateLines] = (),
    n_triggers: int = 0,
) -> str:
    """Return the source of `lockstep` for a model.

    `rates(states, time, suffix)` gives the lines that compute the slopes from states named by a pattern, and the
    names of the slopes; each of `roots` alike a value whose rise through zero a step must land on, triggers first;
    `read()`, asked afterwards, the lines that read the parameters used.
    """
    n = n_states + n_hazards
    body: Lines = []
    for s in range(1, N_STAGES):
        body += [f"t_{s} = t + {float(NODES[s])!r} * size"]
        body += [f"x{s}_{i} = state_at_{s}(y{i}, size, {_slopes_in(STAGES[s], i)})" for i in range(n)]
        body += slope_lines(f"x{s}_{{0}}", f"t_{s}", str(s), n_states, n, rates)
    body += ["sum_3 = 0.0", "sum_5 = 0.0"]
    for i in range(n):
        body += _error(i)
    body += [f"error = size * sum_5 / sqrt((sum_5 + 0.01 * sum_3) * {n})",
             "error = 0.0 if sum_5 == 0.0 else error", *size_control("0.9 / sqrt(sqrt(sqrt(error)))")]
    body += slope_lines("n{0}", "t_new", "n", n_states, n, rates)
    body += root_lines(roots)
    body += verdict(n_states, n_hazards, len(roots), n_triggers)
    body += kept(n_states, n, len(roots))
    lines = [*state_lines(n_states, n_hazards), *read(), *body]
    return "\n".join([HEAD, *(f"        {line}" for line in lines), *FOOT, ""])


def _at(row: str, i: int | None = None) -> str:
    """Return the place of a lane's number in the table."""
    return f"ws[{row} * LANES + lane]" if i is None else f"ws[({row} + {i}) * LANES + lane]"


def state_lines(n_states: int, n_hazards: int) -> Lines:
    """Return the lines that read where a lane stands, and choose its step."""
    n = n_states + n_hazards
    lines = [f"{name} = {_at(row)}" for name, row in (
        ("t", "AT_T"), ("tc", "AT_TC"), ("t_stop", "AT_STOP"), ("h", "AT_H"), ("steps", "AT_STEPS"))]
    lines += [f"refused = {_at('AT_REFUSED')} != 0.0"]
    for name, row, size in (("y", "AT_Y", n), ("k0_", "AT_SLOPE", n), ("floor", "AT_FLOOR", n),
                            ("scale", "AT_SCALE", n_states), ("u", "AT_U", n_states), ("limit", "AT_LIMIT", n_hazards)):
        lines += [f"{name}{i} = {_at(row, i)}" for i in range(size)]
    lines += [f"off{m} = limit{m} == np.inf" for m in range(n_hazards)]
    return [*lines, "lands = 1.01 * h >= t_stop - t", "size = t_stop - t if lands else h"]


def slope_lines(states: str, time: str, stage: str, n_states: int, n: int, rates: RateLines) -> Lines:
    """Return the lines that compute the slopes of a stage."""
    computed, slopes = rates(states, time, f"_{stage}")
    return [*computed, *(
        f"k{stage}_{i} = {slope} + u{i}" if i < n_states else f"k{stage}_{i} = 0.0 if off{i - n_states} else {slope}"
        for i, slope in enumerate(slopes))]


def _error(i: int) -> Lines:
    """Return the lines that give state i its new value and add its errors."""
    return [
        f"n{i} = state_after(y{i}, size, {_slopes_in(WEIGHTS, i)})",
        f"before = abs(y{i})",
        f"size{i} = abs(n{i})",
        f"allowed = floor{i} + rtol * (size{i} if size{i} > before else before)",
        f"e_3 = error_3({_slopes_in(ERROR_3, i)}) / allowed",
        f"e_5 = error_5({_slopes_in(ERROR_5, i)}) / allowed",
        "sum_3 += e_3 * e_3",
        "sum_5 += e_5 * e_5",
    ]


def size_control(factor: str) -> Lines:
    """Return the lines that judge the step and choose the next size, as `single_step` does with that step factor."""
    return [
        "accepted = error <= 1.0",
        f"factor = {factor}",
        "shrunk = factor if factor > 0.333 else 0.333",
        "shrunk = size * (shrunk if error < np.inf else 0.1)",
        "growth = factor if factor < 6.0 else 6.0",
        "growth = growth if error > 0.0 else 6.0",
        "careful = growth if growth < 1.0 else 1.0",
        "h_next = size * (careful if refused else growth)",
        "longer = h_next if h_next > h else h",
        "h_next = longer if lands & (not refused) else h_next",
        "h_next = h_next if accepted else shrunk",
        "t_new = t_stop if lands else t + size",
        "largest = abs(t)",
        "at_stop = abs(t_stop)",
        "largest = at_stop if at_stop > largest else largest",
    ]


def root_lines(roots: Sequence[RateLines]) -> Lines:
    """Return the lines that compute the roots after a step, from states and slopes there."""
    lines: Lines = []
    for k, root in enumerate(roots):
        computed, (value,) = root("n{0}", "t_new", f"_g{k}")
        lines += [*computed, f"g{k} = {value}"]
    return lines


def verdict(n_states: int, n_hazards: int, n_roots: int, n_triggers: int, *reasons: str) -> Lines:
    """Return the lines that say whether a step stands, is to be tried again, or is not one for lanes.

    `reasons` are further conditions under which the step is to be made alone.
    """
    alone = ["(steps >= most_steps)", "((not accepted) & (h_next <= 4e-16 * largest))", *(f"({r})" for r in reasons)]
    lines = [f"alone = {' | '.join(alone)}"]
    for m in range(n_hazards):
        i = n_states + m
        lines += [f"alone = alone | (accepted & ((n{i} >= limit{m}) | (kn_{i} < 0.0)))"]
    for k in range(n_roots):
        lines += [f"before{k} = {_at('AT_G', k)}"]
        armed = f" & ({_at('AT_LIMIT', n_hazards + k)} < np.inf)" if k < n_triggers else ""
        lines += [f"alone = alone | (accepted & (before{k} < 0.0) & (g{k} >= 0.0){armed})"]
    return [
        *lines,
        "moves = accepted & (not alone)",
        "word = LANDED if moves & (not t_new < t_stop) else GOES_ON",
        "word = UNMADE if alone else word",
        f"{_at('AT_WORD')} = word",
        f"{_at('AT_STEPS')} = steps if alone else steps + 1.0",
        f"{_at('AT_H')} = h if alone else h_next",
        "again = refused if alone else not accepted",
        f"{_at('AT_REFUSED')} = 1.0 if again else 0.0",
        f"{_at('AT_T')} = t_new if moves else t",
    ]


def kept(n_states: int, n: int, n_roots: int) -> Lines:
    """Return the lines that keep what a step that stands has changed."""
    lines: Lines = ["most = 0.0"]
    for i in range(n_states):
        lines += [f"scale{i} = size{i} if moves & (size{i} > scale{i}) else scale{i}",
                  f"most = scale{i} if scale{i} > most else most", f"{_at('AT_SCALE', i)} = scale{i}"]
    lines += ["least = 1e-6 * most if most > 0.0 else 1.0"]
    for i in range(n_states):
        lines += [f"raised = atol * (least if least > scale{i} else scale{i})",
                  f"{_at('AT_FLOOR', i)} = raised if moves else floor{i}"]
    for i in range(n):
        lines += [f"{_at('AT_Y', i)} = n{i} if moves else y{i}", f"{_at('AT_SLOPE', i)} = kn_{i} if moves else k0_{i}"]
    return [*lines, *(f"{_at('AT_G', k)} = g{k} if moves else before{k}" for k in range(n_roots))]


def _slopes_in(weights: np.ndarray, i: int) -> str:
    """Return the names of the slopes of state i that a sum takes."""
    return ", ".join(f"k{j}_{i}" for j, w in enumerate(weights) if w != 0.0)
