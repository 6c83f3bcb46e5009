"""Where a rate has a condition that turns on a state: slopes jump there as much as the rate does.

A course crosses the surface g(y, p, t) = 0 at t*, f- are the rates before and f+ those after. From g(y(t*), p, t*) = 0

    dt*/dp = -(∇g · S- + dg/dp) / (∇g · f- + dg/dt)        S+ = S- + (f- - f+) dt*/dp

(Galán, Feehery & Barton 1999, Applied Numerical Mathematics 31, 17, equation 24; the matrix between S- and S+ is the
saltation matrix of Aizerman & Gantmakher 1958, Quarterly Journal of Mechanics and Applied Mathematics 11, 435). Where
the rates are continuous nothing jumps; where a course touches the surface and turns back there is no slope. A condition
on the time and an estimated parameter is such a surface too. One on estimated parameters alone chooses a branch, whose
slope it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trialsim.dynamics.tape import LEAVES, Tape
from trialsim.dynamics.tape_derivative import derivative

Slopes = dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Where conditions turn: the zeros of `excess`, and all rates below and above."""

    excess: int
    below: tuple[int, ...]
    above: tuple[int, ...]
    by_state: Mapping[int, int]  # derivatives of the excess, those left out that are always zero
    by_parameter: Mapping[int, int]
    by_time: int

    def turns(self, moving: set[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return the slopes (state, parameter) that jump where those in `moving` are not zero."""
        parameters = {k for n, k in moving if n in self.by_state} | {*self.by_parameter}
        jumping = [n for n, (a, b) in enumerate(zip(self.below, self.above, strict=True)) if a != b]
        return {(n, k) for n in jumping for k in parameters}


def surfaces(tape: Tape, rates: Sequence[int], states: Sequence[int], leaves: Sequence[int]) -> list[Surface]:
    """Return the surfaces at which rates jump when estimated parameters, the leaves, move what crosses them."""
    sides: dict[tuple[int, int], dict[int, bool]] = {}
    for i in comparisons(tape, rates):
        operation, *pair = tape.nodes[i]
        asked = nodes_of(tape, [i])
        with_time = any(tape.nodes[j][0] in ("t", "tc") for j in asked)
        if asked & {*states} or (with_time and asked & {*leaves}):
            a, b = (tape.rebuilt(j, lambda node: tape.node("t") if node[0] == "tc" else None) for j in pair)
            holds_above = (operation in (">", ">=")) == (a <= b)
            sides.setdefault((min(a, b), max(a, b)), {})[i] = holds_above
    found = []
    for (a, b), holds in sides.items():
        excess = tape.binary("-", a, b)
        above = branches(tape, rates, holds)
        below = branches(tape, rates, {i: not is_true for i, is_true in holds.items()})
        by_state, by_parameter = (
            {n: slope for n, leaf in enumerate(of) if tape.value(slope := derivative(tape, excess, leaf)) != 0.0}
            for of in (states, leaves))
        if above != below:
            found.append(Surface(excess=excess, below=below, above=above, by_state=by_state, by_parameter=by_parameter,
                                 by_time=derivative(tape, excess, tape.node("t"))))
    return found


def jumps(
    tape: Tape, surface: Surface, slopes: Slopes, jumping: Iterable[tuple[int, int]], inflows: Sequence[int],
    rises: bool,
) -> Slopes:
    """Return by how much slopes jump where the excess rises, or falls, through zero; `inflows` is what is infused."""
    before, after = (surface.below, surface.above) if rises else (surface.above, surface.below)
    speed = surface.by_time
    for n, slope in surface.by_state.items():
        speed = tape.binary("+", speed, tape.binary("*", slope, tape.binary("+", before[n], inflows[n])))
    found = {}
    for n, k in jumping:
        shift = surface.by_parameter.get(k, tape.number(0.0))
        for j, slope in surface.by_state.items():
            if (j, k) in slopes:
                shift = tape.binary("+", shift, tape.binary("*", slope, slopes[j, k]))
        jump = tape.binary("-", after[n], before[n])
        # What does not jump has a slope however slowly the surface is crossed.
        size = tape.binary("/", tape.binary("*", jump, shift), speed)
        found[n, k] = tape.choice(tape.node("==", jump, tape.number(0.0)), tape.number(0.0), size)
    return found


def comparisons(tape: Tape, rates: Sequence[int]) -> list[int]:
    """Return the comparisons that rates make, equality apart: it holds for no time."""
    return sorted(i for i in nodes_of(tape, rates) if tape.nodes[i][0] in ("<", "<=", ">", ">="))


def nodes_of(tape: Tape, roots: Iterable[int]) -> set[int]:
    """Return the values that values are made of, conditions with them."""
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        i = waiting.pop()
        if i not in found:
            found.add(i)
            waiting += tape.nodes[i][1:] if tape.nodes[i][0] not in LEAVES else ()
    return found


def branches(tape: Tape, values: Sequence[int], holds: Mapping[int, bool]) -> tuple[int, ...]:
    """Return values where it is known of some comparisons whether they hold."""
    known: dict[int, int | bool] = dict(holds)

    def chosen(i: int) -> int | bool:
        if i not in known:
            operation, *arguments = tape.nodes[i]
            known[i] = i if operation in LEAVES else _operation(tape, operation, [chosen(j) for j in arguments])
        return known[i]

    return tuple(int(chosen(i)) for i in values)


def _operation(tape: Tape, operation: str, parts: Sequence[int | bool]) -> int | bool:
    """Return a value, or whether a condition holds, from parts of which the latter may be known."""
    decided = [part for part in parts if isinstance(part, bool)]
    if not decided:
        return tape.operation(operation, *parts)
    if operation == "if":
        return parts[1] if parts[0] else parts[2]
    if operation == "not":
        return not parts[0]
    if (operation == "or") in decided:
        return operation == "or"
    others = [part for part in parts if not isinstance(part, bool)]
    return others[0] if others else operation != "or"
