"""From tree to text that reads back as the same tree."""

from __future__ import annotations

from trialsim.foundation.expression_parse import AND, BINARY, COMPARISON, NOT, OR, POWER, SIGN
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
)
from trialsim.foundation.units import number_text

ATOM = POWER + 1


def to_text(expr: Expr) -> str:
    """Return an expression as text with no more brackets than it needs.

    >>> from trialsim.foundation.expression_parse import parse
    >>> to_text(parse("((a*b))+(c)^2"))
    'a * b + c ^ 2'
    """
    match expr:
        case Number(value):
            return number_text(value)
        case Constant(quantity):
            return str(quantity)
        case Name(name):
            return name
        case Unary(_, a):
            return "-" + bracketed(a, SIGN)
        case Binary("^", a, b):
            left = f"({to_text(a)})" if isinstance(a, Constant) else bracketed(a, ATOM)
            return f"{left} ^ {bracketed(b, SIGN)}"
        case Binary(op, a, b):
            return f"{bracketed(a, BINARY[op])} {op} {bracketed(b, BINARY[op] + 1)}"
        case Compare(ops, operands):
            first, *rest = (bracketed(operand, COMPARISON + 1) for operand in operands)
            return " ".join([first, *(f"{op} {operand}" for op, operand in zip(ops, rest, strict=True))])
        case Logic(op, operands):
            own = AND if op == "and" else OR
            return f" {op} ".join(bracketed(operand, own + 1) for operand in operands)
        case Not(a):
            return "not " + bracketed(a, NOT)
        case Call(function, args):
            return f"{function}({', '.join(map(to_text, args))})"


def bracketed(expr: Expr, least: int) -> str:
    """Return a part's text, in brackets if it binds less strongly than `least`."""
    text = to_text(expr)
    return text if binding_of(expr) >= least else f"({text})"


def binding_of(expr: Expr) -> int:
    match expr:
        case Number(value) if value < 0:
            return SIGN
        case Constant(quantity) if quantity.value < 0:
            return SIGN
        case Unary():
            return SIGN
        case Binary(op, _, _):
            return BINARY[op]
        case Compare():
            return COMPARISON
        case Logic(op, _):
            return AND if op == "and" else OR
        case Not():
            return NOT
    return ATOM
