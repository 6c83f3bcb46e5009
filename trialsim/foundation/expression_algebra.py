"""Derivatives, substitutions and light simplification of expressions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from trialsim.foundation.expression_text import to_text
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

ZERO, ONE = Number(0.0), Number(1.0)


def rebuilt(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return the same node with `change` applied to each of its parts."""
    match expr:
        case Unary(op, a):
            return Unary(op, change(a), expr.span)
        case Not(a):
            return Not(change(a), expr.span)
        case Binary(op, a, b):
            return Binary(op, change(a), change(b), expr.span)
        case Compare(ops, operands):
            return Compare(ops, tuple(map(change, operands)), expr.span)
        case Logic(op, operands):
            return Logic(op, tuple(map(change, operands)), expr.span)
        case Call(function, args) if not is_about_a_name(function):
            return Call(function, tuple(map(change, args)), expr.span)
    return expr


def substitute(expr: Expr, replacements: Mapping[str, Expr]) -> Expr:
    """Return the expression with names replaced, all at once; `"since(dose)"` as a key replaces that call.

    >>> from trialsim.foundation.expression_parse import parse
    >>> to_text(substitute(parse("a + b * a"), {"a": parse("b + 1")}))
    'b + 1 + b * (b + 1)'
    """
    match expr:
        case Name(name):
            return replacements.get(name, expr)
        case Call(function, _) if is_about_a_name(function):
            return replacements.get(to_text(expr), expr)
    return rebuilt(expr, lambda part: substitute(part, replacements))


def derivative(expr: Expr, name: str) -> Expr:
    """Return the derivative of a numeric expression with respect to a name, lightly simplified.

    Kinks (`abs`, `min`, `max`, `if`) get the derivative of the branch taken; clocks and events do not move with
    any name.

    >>> from trialsim.foundation.expression_parse import parse
    >>> to_text(derivative(parse("-ka * depot"), "depot"))
    '-ka'
    """
    return simplify(slope(expr, name))


def slope(expr: Expr, name: str) -> Expr:
    match expr:
        case Number() | Constant():
            return ZERO
        case Name(own):
            return ONE if own == name else ZERO
        case Unary(op, a):
            return negative(slope(a, name))
        case Binary(op, a, b):
            return slope_of_binary(op, a, b, name)
        case Call(function, _) if is_about_a_name(function):
            return ZERO
        case Call(function, args):
            return slope_of_call(function, args, name)
    raise TypeError(f"a condition has no derivative: {to_text(expr)}")


def slope_of_binary(op: str, a: Expr, b: Expr, name: str) -> Expr:
    da, db = slope(a, name), slope(b, name)
    match op:
        case "+":
            return plus(da, db)
        case "-":
            return minus(da, db)
        case "*":
            return plus(times(da, b), times(a, db))
        case "/":
            if db == ZERO:
                return over(da, b)
            return over(minus(times(da, b), times(a, db)), power(b, Number(2.0)))
    if db == ZERO:
        return times(times(b, power(a, minus(b, ONE))), da)
    return times(power(a, b), plus(times(db, Call("log", (a,))), over(times(b, da), a)))


def slope_of_call(function: str, args: tuple[Expr, ...], name: str) -> Expr:
    a, whole = args[0], Call(function, args)
    if function == "if":
        return chosen(a, slope(args[1], name), slope(args[2], name))
    if function in ("min", "max"):
        op, rest = "<=" if function == "min" else ">=", args[1:]
        others = rest[0] if len(rest) == 1 else Call(function, rest)
        others_slope = slope(rest[0], name) if len(rest) == 1 else slope_of_call(function, rest, name)
        return chosen(Compare((op,), (a, others)), slope(a, name), others_slope)
    da = slope(a, name)
    match function:
        case "exp":
            return times(whole, da)
        case "log":
            return over(da, a)
        case "sqrt":
            return over(da, times(Number(2.0), whole))
        case "abs":
            return chosen(Compare((">=",), (a, ZERO)), da, negative(da))
        case "logistic":
            return times(times(whole, minus(ONE, whole)), da)
    return over(da, times(a, minus(ONE, a)))  # logit


def simplify(expr: Expr) -> Expr:
    """Return an expression with zeros, ones, double signs and arithmetic between numbers worked out.

    No term is moved, so that a number computed from the result differs by rounding of constants at most.

    >>> from trialsim.foundation.expression_parse import parse
    >>> to_text(simplify(parse("0 * x + 1 * y - --2 * 3")))
    'y - 6'
    """
    simple = rebuilt(expr, simplify)
    match simple:
        case Unary(_, a):
            return negative(a)
        case Binary("+", a, b):
            return plus(a, b)
        case Binary("-", a, b):
            return minus(a, b)
        case Binary("*", a, b):
            return times(a, b)
        case Binary("/", a, b):
            return over(a, b)
        case Binary("^", a, b):
            return power(a, b)
        case Call("if", (condition, a, b)):
            return chosen(condition, a, b)
    return simple


def folded(op: str, a: Expr, b: Expr) -> Expr:
    """Return an operation worked out if both sides are numbers and the result is finite."""
    if isinstance(a, Number) and isinstance(b, Number):
        x, y = a.value, b.value
        try:
            value = {"+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "/": lambda: x / y}[op]()
        except ZeroDivisionError:
            value = math.nan
        if math.isfinite(value):
            return Number(value)
    return Binary(op, a, b)


def negative(a: Expr) -> Expr:
    match a:
        case Number(value):
            return Number(-value) if value else ZERO
        case Unary(_, inner):
            return inner
    return Unary("-", a)


def plus(a: Expr, b: Expr) -> Expr:
    if a == ZERO:
        return b
    if b == ZERO:
        return a
    return minus(a, b.a) if isinstance(b, Unary) else folded("+", a, b)


def minus(a: Expr, b: Expr) -> Expr:
    if b == ZERO:
        return a
    if a == ZERO:
        return negative(b)
    return plus(a, b.a) if isinstance(b, Unary) else folded("-", a, b)


def times(a: Expr, b: Expr) -> Expr:
    if ZERO in (a, b):
        return ZERO
    if a == ONE:
        return b
    if b == ONE:
        return a
    if isinstance(b, Unary):
        return negative(times(a, b.a))
    if isinstance(a, Unary):
        return negative(times(a.a, b))
    if b == Number(-1.0):
        return negative(a)
    return negative(b) if a == Number(-1.0) else folded("*", a, b)


def over(a: Expr, b: Expr) -> Expr:
    if a == ZERO and b != ZERO:
        return ZERO
    if b == ONE:
        return a
    return negative(over(a.a, b)) if isinstance(a, Unary) else folded("/", a, b)


def power(a: Expr, b: Expr) -> Expr:
    """Powers of numbers stay as they are, but for 0 and 1: their rounding belongs to `elementary`."""
    if b == ZERO:
        return ONE
    return a if b == ONE else Binary("^", a, b)


def chosen(condition: Expr, a: Expr, b: Expr) -> Expr:
    return a if a == b else Call("if", (condition, a, b))
