"""The value of an expression by Python's own floats: a tree becomes the text of a Python function, nothing more."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from trialsim.foundation.expression import (
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
    names_of,
)


def value(expr: Expr, names: Mapping[str, float]) -> Any:
    """Return the value of an expression: a float, or a bool for a condition."""
    return _of(expr)[1](names)


def needed(expr: Expr) -> frozenset[str]:
    """Return the names that an expression needs."""
    return _of(expr)[2]


def _of(expr: Expr) -> tuple[Expr, Callable[[Mapping[str, float]], Any], frozenset[str]]:
    """Return the expression, its function and its names; kept by identity, for hashing a tree takes longer."""
    found = _KEPT.get(id(expr))
    if found is None:
        found = _KEPT[id(expr)] = (expr, eval(f"lambda n: {_text(expr)}", dict(_CALLED)), names_of(expr))
    return found


def _text(expr: Expr) -> str:
    match expr:
        case Number(number):
            return f"number({str(float(number))!r})"
        case Constant(quantity):
            return f"number({str(float(quantity.coherent))!r})"
        case Name(name):
            return f"n[{name!r}]"
        case Unary(_, a):
            return f"(-{_text(a)})"
        case Binary("^", a, b):
            return f"power({_text(a)}, {_text(b)})"
        case Binary("/", a, b):
            return f"ratio({_text(a)}, {_text(b)})"
        case Binary(op, a, b):
            return f"({_text(a)} {op} {_text(b)})"
        case Compare(ops, operands):
            words = [_text(operands[0])]
            for op, operand in zip(ops, operands[1:], strict=True):
                words += [op, _text(operand)]
            return f"({' '.join(words)})"
        case Logic(op, operands):
            return "(" + f" {op} ".join(_text(operand) for operand in operands) + ")"
        case Not(a):
            return f"(not {_text(a)})"
        case Call("if", (condition, a, b)):
            return f"({_text(a)} if {_text(condition)} else {_text(b)})"
        case Call(function, args) if function in _CALLED:
            return f"{function}({', '.join(_text(a) for a in args)})"
    raise TypeError(expr)


def _exp(x: float) -> float:
    return math.exp(x) if x < 709.0 else math.inf


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except (ValueError, ZeroDivisionError):
        return math.inf if x == 0.0 else math.nan
    except OverflowError:
        return math.inf


def _ratio(a: float, b: float) -> float:
    if b != 0.0:
        return a / b
    return math.nan if a == 0.0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


_CALLED: dict[str, Any] = {
    "exp": _exp, "log": math.log, "sqrt": math.sqrt, "abs": abs, "min": min, "max": max, "power": _power,
    "ratio": _ratio, "number": float, "logistic": lambda x: 1.0 / (1.0 + _exp(-x)),
    "logit": lambda p: math.log(p / (1.0 - p)),
}
_KEPT: dict[int, tuple[Expr, Callable[[Mapping[str, float]], Any], frozenset[str]]] = {}
