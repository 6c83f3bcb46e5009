"""Is a value a constant plus constants times some variables? If so: which; if not: where it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trialsim.dynamics.tape import LEAVES, Node, Tape


@dataclass(frozen=True, slots=True, kw_only=True)
class Affine:
    """constant + sum of slope x variable; all are positions on the tape and free of the variables."""

    slopes: dict[int, int]
    constant: int


def affine(tape: Tape, i: int, is_variable: Callable[[Node], bool]) -> Affine | int:
    """Return the value at a position as an affine form, or the position of the first part that is none."""
    return _Forms(tape, is_variable).form(i)


class _Forms:
    """The forms of a tape's nodes, each worked out once."""

    def __init__(self, tape: Tape, is_variable: Callable[[Node], bool]) -> None:
        self.tape, self.is_variable = tape, is_variable
        self.known: dict[int, Affine | int] = {}

    def form(self, i: int) -> Affine | int:
        if i not in self.known:
            self.known[i] = self._form(i)
        return self.known[i]

    def _form(self, i: int) -> Affine | int:
        tape, node = self.tape, self.tape.nodes[i]
        operation = node[0]
        if self.is_variable(node):
            return Affine(slopes={i: tape.number(1.0)}, constant=tape.number(0.0))
        if operation in LEAVES:
            return Affine(slopes={}, constant=i)
        parts: list[Affine] = []
        for j in node[1:]:
            part = self.form(j)
            if isinstance(part, int):
                return part
            parts.append(part)
        if not any(part.slopes for part in parts):
            return Affine(slopes={}, constant=i)
        if operation == "neg":
            return self._each(parts, lambda a: tape.negative(a[0]))
        if operation in "+-":
            return self._each(parts, lambda a: tape.binary(operation, *a))
        if operation == "*" and not (parts[0].slopes and parts[1].slopes):
            factor, other = (parts[1], parts[0]) if parts[0].slopes else parts
            return self._each([other], lambda a: tape.binary("*", factor.constant, a[0]))
        if operation == "/" and not parts[1].slopes:
            return self._each(parts[:1], lambda a: tape.binary("/", a[0], parts[1].constant))
        if operation == "if" and not parts[0].slopes:
            return self._each(parts[1:], lambda a: tape.choice(parts[0].constant, *a))
        return i

    def _each(self, parts: list[Affine], combine: Callable[[list[int]], int]) -> Affine:
        """Return the form whose every coefficient is the combination of the parts' coefficients."""
        zero = self.tape.number(0.0)
        variables = dict.fromkeys(v for part in parts for v in part.slopes)
        slopes = {v: combine([part.slopes.get(v, zero) for part in parts]) for v in variables}
        slopes = {v: s for v, s in slopes.items() if self.tape.value(s) != 0.0}
        return Affine(slopes=slopes, constant=combine([part.constant for part in parts]))
