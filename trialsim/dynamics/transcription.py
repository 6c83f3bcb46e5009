"""From an expression's tree to positions on a tape."""

from __future__ import annotations

from collections.abc import Mapping

from trialsim.dynamics.affine import affine
from trialsim.dynamics.tape import FUNCTIONS, TIME, Tape
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import Binary, Call, Compare, Expr, Logic, Name, Not, Number, Unary


def read(tape: Tape, expr: Expr, names: Mapping[str, int]) -> int:
    """Return the position on the tape of an expression, given the positions of the names it may use."""
    if isinstance(expr, Number):
        return tape.number(expr.value)
    if isinstance(expr, Name):
        if expr.name not in names:
            raise ValueError(f"a model's expression uses {expr.name!r}, which is not known there")
        return names[expr.name]
    if isinstance(expr, Unary):
        inner = read(tape, expr.a, names)
        return tape.negative(inner) if expr.op == "-" else inner
    if isinstance(expr, Binary):
        a, b = read(tape, expr.a, names), read(tape, expr.b, names)
        return tape.power(a, b) if expr.op in ("^", "**") else tape.binary(expr.op, a, b)
    if isinstance(expr, Compare):
        return _comparison(tape, expr, names)
    if isinstance(expr, Logic):
        result, *others = [read(tape, operand, names) for operand in expr.operands]
        for other in others:
            result = tape.node(expr.op, result, other)
        return result
    if isinstance(expr, Not):
        return tape.node("not", read(tape, expr.a, names))
    if isinstance(expr, Call):
        return _call(tape, expr, names)
    raise TypeError(f"{type(expr).__name__} is no part of a numeric expression")


def _call(tape: Tape, expr: Call, names: Mapping[str, int]) -> int:
    arguments = [read(tape, a, names) for a in expr.args]
    if expr.function == "if":
        return tape.choice(*arguments)
    if expr.function not in FUNCTIONS:
        raise TrialsimError(slug="not-in-dynamics", message=f"{expr.function}() cannot be used in a rate or a quantity")
    if expr.function in ("min", "max"):
        result, *others = arguments
        for other in others:
            result = tape.node(expr.function, result, other)
        return result
    return tape.node(expr.function, *arguments)


def _comparison(tape: Tape, expr: Compare, names: Mapping[str, int]) -> int:
    operands = [read(tape, operand, names) for operand in expr.operands]
    result = -1
    for op, a, b in zip(expr.ops, operands[:-1], operands[1:], strict=True):
        one = _compared(tape, op, a, b)
        result = one if result < 0 else tape.node("and", result, one)
    return result


def _compared(tape: Tape, op: str, a: int, b: int) -> int:
    """Return a comparison; one that is linear in time also yields the breakpoint where it turns."""
    if (tape.depends[a] | tape.depends[b]) == TIME:
        form = affine(tape, tape.binary("-", a, b), lambda node: node[0] == "t")
        if not isinstance(form, int) and form.slopes:
            ((_, slope),) = form.slopes.items()
            turn = tape.binary("/", tape.negative(form.constant), slope)
            if turn not in tape.breakpoints:
                tape.breakpoints.append(turn)
            a, b = tape.at_segment(a), tape.at_segment(b)
    return tape.node(op, a, b)
