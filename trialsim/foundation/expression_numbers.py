"""From quantities to pure numbers: an expression for a kernel that knows nothing of units."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from trialsim.foundation.dimensions import BASES
from trialsim.foundation.expression_dimensions import exact
from trialsim.foundation.expression_tree import (
    Binary,
    Call,
    Compare,
    Constant,
    Expr,
    Logic,
    Name,
    Not,
    Number,
    Unary,
    is_about_a_name,
)
from trialsim.foundation.units import Unit, rounded

ONE = Fraction(1)
TIME_BASE = BASES.index("time")


def numeric(expr: Expr, units: Mapping[str, Unit | None], target: Unit | None, time: Unit) -> Expr:
    """Return the same expression over pure numbers.

    Each name stands for the number in its declared unit (`units`; None or missing: a plain number) and the result
    is the number in the target unit (None: a plain number). `since(…)` is a number in the unit `time`. Conversion
    factors are exact fractions that travel up the tree and are written, rounded once, only where two scales meet:
    a model in mg, L and h with time in h gets none at all. Conditions keep their shape, their sides made alike.
    """
    conversion = Conversion(units, time)
    if isinstance(expr, Compare | Logic | Not):
        return conversion.condition(expr)
    made, scale = conversion.number(expr)
    return scaled(made, scale / conversion.ratio(target))


class Conversion:
    """Holds each part as (expression, scale): its value in the coherent system is scale times the expression."""

    def __init__(self, units: Mapping[str, Unit | None], time: Unit) -> None:
        self.units = units
        self.hours = time.ratio

    def ratio(self, unit: Unit | None) -> Fraction:
        """Return how many units of the system (with the given unit of time) one of these is."""
        if unit is None:
            return ONE
        power = unit.dimension.exponents[TIME_BASE]
        if power.denominator != 1:
            raise ValueError(f"a unit with a broken power of time cannot be converted: {unit}")
        return unit.ratio / self.hours ** int(power)

    def condition(self, expr: Expr) -> Expr:
        match expr:
            case Compare(ops, operands):
                made, _ = self.alike(operands)
                return Compare(ops, tuple(made), expr.span)
            case Logic(op, operands):
                return Logic(op, tuple(self.condition(operand) for operand in operands), expr.span)
            case Not(a):
                return Not(self.condition(a), expr.span)
        return expr

    def number(self, expr: Expr) -> tuple[Expr, Fraction]:
        match expr:
            case Constant(quantity):
                return Number(quantity.value, expr.span), self.ratio(quantity.unit)
            case Name(name):
                return expr, self.ratio(self.units.get(name))
            case Unary(op, a):
                made, scale = self.number(a)
                return Unary(op, made, expr.span), scale
            case Binary(op, a, b):
                return self.binary(expr, op, a, b)
            case Call(function, args) if not is_about_a_name(function):
                return self.call(expr, function, args)
        return expr, ONE  # numbers, since(…), happened(…)

    def binary(self, expr: Expr, op: str, a: Expr, b: Expr) -> tuple[Expr, Fraction]:
        if op in "+-":
            (left, right), scale = self.alike((a, b))
            return Binary(op, left, right, expr.span), scale
        left, left_scale = self.number(a)
        right, right_scale = self.number(b)
        if op == "*":
            return Binary(op, left, right, expr.span), left_scale * right_scale
        if op == "/":
            return Binary(op, left, right, expr.span), left_scale / right_scale
        exponent = exact(b)
        if left_scale != ONE and exponent is not None and exponent.denominator == 1:
            return Binary(op, left, right, expr.span), left_scale ** int(exponent)
        return Binary(op, scaled(left, left_scale), scaled(right, right_scale), expr.span), ONE

    def call(self, expr: Expr, function: str, args: tuple[Expr, ...]) -> tuple[Expr, Fraction]:
        if function in ("min", "max"):
            made, scale = self.alike(args)
            return Call(function, tuple(made), expr.span), scale
        if function == "if":
            made, scale = self.alike(args[1:])
            return Call(function, (self.condition(args[0]), *made), expr.span), scale
        inner, scale = self.number(args[0])
        if function == "abs":
            return Call(function, (inner,), expr.span), scale
        return Call(function, (scaled(inner, scale),), expr.span), ONE

    def alike(self, operands: tuple[Expr, ...]) -> tuple[list[Expr], Fraction]:
        """Return parts brought to one scale: that of the first part that is no written number."""
        made = [self.number(operand) for operand in operands]
        common = next((scale for part, scale in made if not isinstance(part, Number)), made[0][1])
        return [scaled(part, scale / common) for part, scale in made], common


def scaled(expr: Expr, factor: Fraction) -> Expr:
    """Return an expression times an exact factor; a written number takes it in, rounded once."""
    if factor == ONE:
        return expr
    match expr:
        case Number(value):
            return Number(rounded(Fraction(value) * factor), expr.span)
        case Unary(op, Number() as a):
            return Unary(op, scaled(a, factor), expr.span)
        case Binary("*", Number() as a, b):
            return Binary("*", scaled(a, factor), b, expr.span)
    return Binary("*", Number(rounded(factor)), expr, expr.span)
