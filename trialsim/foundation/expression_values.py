"""The values of an expression over arrays, in arithmetic that is the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]


def values(expr: Expr, names: Mapping[str, Array | float]) -> Array | Mask:
    """Return an expression's values for arrays (or numbers) of one shape: float64, or bool for a condition.

    The expression is of pure numbers (see `numeric`); quantities other than plain shares raise a ValueError.
    `since(event)` and `happened(event)` are looked up in `names` under their own text. Both branches of `if` are
    computed; faulty arithmetic gives inf or nan, which the caller judges.
    """
    import numpy as np

    with np.errstate(all="ignore"):
        return np.asarray(computed(expr, names))


def computed(expr: Expr, names: Mapping[str, Array | float]) -> Any:
    import numpy as np

    match expr:
        case Number(value):
            return np.float64(value)
        case Constant(quantity):
            if not quantity.dimension.is_dimensionless:
                raise ValueError(f"units are not resolved yet: {quantity}")
            return np.float64(quantity.coherent)
        case Name(name):
            return np.asarray(names[name], dtype=np.float64)
        case Unary(_, a):
            return -computed(a, names)
        case Binary(op, a, b):
            return binary(op, computed(a, names), computed(b, names))
        case Compare(ops, operands):
            sides = [computed(operand, names) for operand in operands]
            pairs = zip(ops, sides[:-1], sides[1:], strict=True)
            return reduce(np.logical_and, [compared(op, a, b) for op, a, b in pairs])
        case Logic(op, operands):
            join = np.logical_and if op == "and" else np.logical_or
            return reduce(join, [computed(operand, names) for operand in operands])
        case Not(a):
            return np.logical_not(computed(a, names))
        case Call("happened", _):
            return np.asarray(names[to_text(expr)], dtype=np.bool_)
        case Call(function, _) if is_about_a_name(function):
            return np.asarray(names[to_text(expr)], dtype=np.float64)
        case Call(function, args):
            return called(function, [computed(arg, names) for arg in args])


def binary(op: str, a: Any, b: Any) -> Any:
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b
    import numpy as np

    from trialsim.foundation.elementary import power_array

    base, exponent = np.broadcast_arrays(a, b)
    return power_array(np.ascontiguousarray(base), np.ascontiguousarray(exponent)).reshape(base.shape)


def compared(op: str, a: Any, b: Any) -> Any:
    match op:
        case "<":
            return a < b
        case "<=":
            return a <= b
        case ">":
            return a > b
        case ">=":
            return a >= b
        case "==":
            return a == b
    return a != b


def called(function: str, args: list[Any]) -> Any:
    import numpy as np

    match function:
        case "sqrt":
            return np.sqrt(args[0])
        case "abs":
            return np.abs(args[0])
        case "min":
            return reduce(np.minimum, args)
        case "max":
            return reduce(np.maximum, args)
        case "if":
            return np.where(*args)
    from trialsim.foundation.elementary import exp_array, log_array

    x = np.ascontiguousarray(args[0])
    shape = np.shape(args[0])
    match function:
        case "exp":
            return exp_array(x).reshape(shape)
        case "log":
            return log_array(x).reshape(shape)
        case "logistic":
            return (1.0 / (1.0 + exp_array(-x))).reshape(shape)
    return log_array(x / (1.0 - x)).reshape(shape)  # logit
