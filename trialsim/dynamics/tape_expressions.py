"""From a tape back to trees: what is used more than once becomes a quantity with a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trialsim.dynamics.tape import CONDITIONS, LEAVES, Tape
from trialsim.foundation.expression import Binary, Call, Compare, Expr, Logic, Name, Not, Number, Unary


def tree(tape: Tape, i: int, states: Sequence[str], parameters: Sequence[str]) -> Expr:
    """Return the value at a position as a tree; `states` and `parameters` are the names of the leaves."""
    return _Trees(tape, states, parameters).tree(i)


def trees(
    tape: Tape, roots: Sequence[int], states: Sequence[str], parameters: Sequence[str]
) -> tuple[list[tuple[str, Expr]], list[Expr]]:
    """Return quantities, in an order in which they can be computed, and the trees of the roots, which use them.

    A quantity is named after its position, as in `#12`, which no document can name.
    """
    made = _Trees(tape, states, parameters)
    quantities: list[tuple[str, Expr]] = []
    for i in _shared(tape, roots):
        quantities.append((f"#{i}", made.tree(i)))
        made.known[i] = Name(f"#{i}")
    return quantities, [made.tree(i) for i in roots]


def _shared(tape: Tape, roots: Sequence[int]) -> list[int]:
    """Return the values that are used more than once, ascending; conditions are written out where they stand."""
    uses = Counter(roots)
    waiting, found = list(set(roots)), set(roots)
    while waiting:
        node = tape.nodes[waiting.pop()]
        if node[0] in LEAVES:
            continue
        uses.update(node[1:])
        fresh = set(node[1:]) - found
        found |= fresh
        waiting += fresh
    return sorted(i for i in found if uses[i] > 1 and tape.nodes[i][0] not in LEAVES | CONDITIONS)


class _Trees:
    """The trees of a tape's values, each made once."""

    def __init__(self, tape: Tape, states: Sequence[str], parameters: Sequence[str]) -> None:
        self.tape, self.states, self.parameters = tape, states, parameters
        self.known: dict[int, Expr] = {}

    def tree(self, i: int) -> Expr:
        if i not in self.known:
            node = self.tape.nodes[i]
            self.known[i] = self._leaf(node) if node[0] in LEAVES else self._operation(node)
        return self.known[i]

    def _leaf(self, node: tuple[object, ...]) -> Expr:
        kind, *rest = node
        if kind == "number":
            (value,) = rest
            assert isinstance(value, float)
            return Number(value)
        if kind in ("state", "parameter"):
            (k,) = rest
            assert isinstance(k, int)
            return Name(self.states[k] if kind == "state" else self.parameters[k])
        # A condition that is linear in time becomes one on the clock again, and a breakpoint when it is read.
        return Name("t")

    def _operation(self, node: tuple[object, ...]) -> Expr:
        operation = str(node[0])
        parts = tuple(self.tree(j) for j in node[1:] if isinstance(j, int))
        if operation == "neg":
            return Unary("-", parts[0])
        if operation in ("+", "-", "*", "/"):
            return Binary(operation, parts[0], parts[1])
        if operation == "power":
            return Binary("^", parts[0], parts[1])
        if operation == "not":
            return Not(parts[0])
        if operation in ("and", "or"):
            return Logic(operation, parts)
        return Compare((operation,), parts) if operation in CONDITIONS else Call(operation, parts)
