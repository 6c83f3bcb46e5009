"""What units of states follow from: the equations, solved for the dimensions nobody wrote down.

Every expression's dimension is a product of a known dimension and powers of unknown ones. Where parts have to be
alike (sums, comparisons, a rate and its state over time, a quantity and its declared unit) a linear equation in the
exponents follows; Gaussian elimination over exact fractions solves them. Contradictions are left alone here: the
dimensional analysis that comes afterwards tells them with their places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from trialsim.foundation.dimensions import DIMENSIONLESS, TIME, Dimension
from trialsim.foundation.expression import Binary, Call, Compare, Constant, Expr, Logic, Name, Not, Number, Unary
from trialsim.foundation.expression_dimensions import exact

HALF = Fraction(1, 2)
NOUGHT = Number(0.0)


@dataclass(frozen=True, slots=True)
class Power:
    """A dimension: the known part, and the power of each unknown state's dimension in it."""

    known: Dimension = DIMENSIONLESS
    unknown: Mapping[str, Fraction] = field(default_factory=dict)

    def times(self, other: Power, sign: int = 1) -> Power:
        names = {**self.unknown, **other.unknown}
        powers = {n: self.unknown.get(n, Fraction(0)) + sign * other.unknown.get(n, Fraction(0)) for n in names}
        known = self.known * other.known if sign == 1 else self.known / other.known
        return Power(known, {name: power for name, power in powers.items() if power})

    def to(self, exponent: Fraction) -> Power:
        return Power(self.known**exponent, {n: p * exponent for n, p in self.unknown.items()} if exponent else {})


class Equations:
    """Gathers what has to be alike. A None dimension is one that cannot be told and says nothing."""

    def __init__(self, dimensions: Mapping[str, Dimension], unknown: Iterable[str]) -> None:
        self.dimensions: dict[str, Power] = {name: Power(dimension) for name, dimension in dimensions.items()}
        self.dimensions |= {name: Power(DIMENSIONLESS, {name: Fraction(1)}) for name in unknown}
        self.zeros: list[Power] = []
        self.of_nought: list[Power] = []  # what is like a written 0, whose unit is forgotten easily: believed last

    def equal(self, a: Power | None, b: Power | None) -> None:
        if a is not None and b is not None:
            self.zeros.append(a.times(b, -1))

    def alike(self, parts: Iterable[Expr]) -> Power | None:
        powers = [(part, self.power_of(part)) for part in parts]
        found = [power for part, power in powers if power is not None and part != NOUGHT]
        nought = [power for part, power in powers if power is not None and part == NOUGHT]
        for other in found[1:]:
            self.equal(found[0], other)
        if found and nought:
            self.of_nought.append(found[0].times(nought[0], -1))
        return next(iter((*found, *nought)), None)

    def power_of(self, expr: Expr) -> Power | None:
        match expr:
            case Number():
                return Power()
            case Constant(quantity):
                return Power(quantity.dimension)
            case Name(name):
                return self.dimensions.get(name)
            case Unary(_, a):
                return self.power_of(a)
            case Binary("+" | "-", a, b):
                return self.alike((a, b))
            case Binary("^", a, b):
                return self.raised(a, b)
            case Binary(op, a, b):
                left, right = self.power_of(a), self.power_of(b)
                return None if left is None or right is None else left.times(right, 1 if op == "*" else -1)
            case Compare(_, operands):
                self.alike(operands)
            case Logic(_, operands):
                for operand in operands:
                    self.power_of(operand)
            case Not(a):
                self.power_of(a)
            case Call(function, args):
                return self.call(function, args)
        return None

    def raised(self, a: Expr, b: Expr) -> Power | None:
        base, exponent = self.power_of(a), exact(b)
        self.equal(self.power_of(b), Power())
        if exponent is None:
            self.equal(base, Power())
            return Power()
        return None if base is None else base.to(exponent)

    def call(self, function: str, args: tuple[Expr, ...]) -> Power | None:
        if function == "since":
            return Power(TIME)
        if function == "happened":
            return None
        if function == "if":
            self.power_of(args[0])
            return self.alike(args[1:])
        if function in ("min", "max", "abs"):
            return self.alike(args)
        inner = self.power_of(args[0])
        if function == "sqrt":
            return None if inner is None else inner.to(HALF)
        self.equal(inner, Power())
        return Power()

    def solution(self) -> dict[str, Dimension]:
        """Return the dimension of every unknown that the equations determine."""
        solved: list[tuple[str, Power]] = []  # (pivot, everything else of its equation), pivots eliminated elsewhere
        for zero in (*self.zeros, *self.of_nought):
            rest = zero
            for pivot, other in solved:
                rest = eliminated(rest, pivot, other)
            if not rest.unknown:
                continue
            pivot = min(rest.unknown)
            row = rest.to(1 / rest.unknown[pivot])
            row = Power(row.known, {name: power for name, power in row.unknown.items() if name != pivot})
            solved = [(name, eliminated(other, pivot, row)) for name, other in solved] + [(pivot, row)]
        return {pivot: DIMENSIONLESS / row.known for pivot, row in solved if not row.unknown}


def eliminated(row: Power, pivot: str, other: Power) -> Power:
    """Return a row without the pivot, given that pivot * other is dimensionless."""
    power = row.unknown.get(pivot)
    if power is None:
        return row
    rest = Power(row.known, {name: p for name, p in row.unknown.items() if name != pivot})
    return rest.times(other.to(power), -1)
