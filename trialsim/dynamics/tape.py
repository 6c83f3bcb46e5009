"""Expressions as a tape: each distinct value once, in an order in which it can be computed.

Value numbering finds common subexpressions across all of a model's expressions, and every node knows what it
depends on, so that terms of parameters alone can be computed once a patient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

TIME, STATE, SEGMENT = 1, 2, 4
CONDITIONS = frozenset({"<", "<=", ">", ">=", "==", "!=", "and", "or", "not"})
FUNCTIONS = frozenset({"exp", "log", "sqrt", "abs", "min", "max", "logistic", "logit"})
# What does not change between two landings but is no parameter: what is remembered of the path, what rules see.
MEMORIES = frozenset({"memory", "signal", "kept", "level"})
LEAVES = frozenset({"number", "parameter", "state", "slope", "inflow", "t", "tc"}) | MEMORIES
_LEAF_DEPENDS = {"number": 0, "parameter": 0, "state": STATE, "slope": STATE, "inflow": STATE, "t": TIME,
                 "tc": SEGMENT} | dict.fromkeys(MEMORIES, SEGMENT)

Node = tuple[Any, ...]


class Tape:
    """A growing list of nodes `(operation, *arguments)`; arguments of an operation are earlier positions.

    The leaf `t` is the time; `tc` is a time inside the current segment between two breakpoints: comparisons that
    are linear in time read `tc`, so that they are constant within a segment and exact at its ends.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.nodes: list[Node] = []
        self.depends: list[int] = []
        self.breakpoints: list[int] = []
        self._index: dict[Node, int] = {}

    def copied(self) -> Tape:
        """Return a tape alike that grows alone."""
        own = Tape()
        own.nodes, own.depends, own.breakpoints = list(self.nodes), list(self.depends), list(self.breakpoints)
        own._index = dict(self._index)
        return own

    def node(self, operation: str, *arguments: Any) -> int:
        """Return the position of a node, the earlier one if there is one alike."""
        key = (operation, *((repr(arguments[0]),) if operation == "number" else arguments))
        if key not in self._index:
            self._index[key] = len(self.nodes)
            self.nodes.append((operation, *arguments))
            if operation in LEAVES:
                self.depends.append(_LEAF_DEPENDS[operation])
            else:
                mask = 0
                for i in arguments:
                    mask |= self.depends[i]
                self.depends.append(mask)
        return self._index[key]

    def number(self, value: float) -> int:
        """Return the position of a number."""
        return self.node("number", float(value))

    def value(self, i: int) -> float | None:
        """Return the number at a position, or None if it is no literal."""
        return self.nodes[i][1] if self.nodes[i][0] == "number" else None

    def binary(self, operation: str, a: int, b: int) -> int:
        """Return the position of `a operation b` for + - * /, with the algebra that cannot change a result."""
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None and not (operation == "/" and y == 0.0):
            return self.number({"+": x + y, "-": x - y, "*": x * y, "/": x / y if y else 0.0}[operation])
        if operation in "+-" and y == 0.0:
            return a
        if operation == "+" and x == 0.0:
            return b
        if operation == "-" and x == 0.0:
            return self.negative(b)
        if operation == "*" and 0.0 in (x, y):
            return self.number(0.0)
        if operation in "*/" and y == 1.0:
            return a
        if operation == "*" and x == 1.0:
            return b
        if operation == "/" and x == 0.0:
            return a
        if operation in "+*" and a > b:
            a, b = b, a
        return self.node(operation, a, b)

    def negative(self, a: int) -> int:
        """Return the position of minus a."""
        x = self.value(a)
        if x is not None:
            return self.number(-x)
        if self.nodes[a][0] == "neg":
            return int(self.nodes[a][1])
        return self.node("neg", a)

    def power(self, a: int, b: int) -> int:
        """Return the position of a to the power b; small whole powers are products, 0.5 is a square root."""
        y = self.value(b)
        if y == 0.5:
            return self.node("sqrt", a)
        if y is None or y != int(y) or abs(y) > 16:
            return self.node("power", a, b)
        result = self._whole_power(a, abs(int(y)))
        return result if y >= 0 else self.binary("/", self.number(1.0), result)

    def _whole_power(self, a: int, n: int) -> int:
        if n == 0:
            return self.number(1.0)
        half = self._whole_power(a, n // 2)
        square = self.binary("*", half, half)
        return self.binary("*", square, a) if n % 2 else square

    def choice(self, condition: int, a: int, b: int) -> int:
        """Return the position of `a if condition else b`."""
        return a if a == b else self.node("if", condition, a, b)

    def at_segment(self, i: int) -> int:
        """Return the position of the same value with `tc` in the place of `t`."""
        return self.rebuilt(i, lambda node: self.node("tc") if node[0] == "t" else None)

    def rebuilt(self, i: int, leaf: Callable[[Node], int | None]) -> int:
        """Return the position of the same value with leaves replaced."""
        node = self.nodes[i]
        if node[0] in LEAVES:
            new = leaf(node)
            return i if new is None else new
        return self.operation(node[0], *(self.rebuilt(j, leaf) for j in node[1:]))

    def operation(self, name: str, *arguments: int) -> int:
        """Return the position of any operation, simplified where that is safe."""
        if name in "+-*/":
            return self.binary(name, *arguments)
        if name == "neg":
            return self.negative(*arguments)
        if name == "if":
            return self.choice(*arguments)
        return self.node(name, *arguments)
