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
from trialsim.foundation.unit_names import unit_word
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
        case Binary("/", a, b):
            left, right = bracketed(a, BINARY["/"]), bracketed(b, BINARY["/"] + 1)
            return f"({left}) / {right}" if would_be_a_unit(left, a, right, b) else f"{left} / {right}"
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


def would_be_a_unit(left: str, a: Expr, right: str, b: Expr) -> bool:
    """Return whether the name b begins with could be read as part of the quantity a ends with: `5 mg / h`."""
    if left.endswith(")") or right.startswith("("):
        return False
    while isinstance(a, Binary | Unary):
        a = a.b if isinstance(a, Binary) else a.a
    while isinstance(b, Binary):
        b = b.a
    behind_a_unit = isinstance(a, Constant) and bool(a.quantity.unit.text)
    return behind_a_unit and isinstance(b, Name) and unit_word(b.name) is not None


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
