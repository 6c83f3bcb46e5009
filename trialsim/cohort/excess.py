"""Conditions as margins: an expression that is zero where a condition turns, and not below zero where it holds."""

from __future__ import annotations

from trialsim.foundation.expression import Binary, Call, Compare, Expr, Logic, Name, Not, nodes, parts
from trialsim.foundation.expression_algebra import rebuilt

EXTREMES = ("lowest", "highest")


def excess(condition: Expr) -> Expr:
    """Return the margin by which a condition holds: the least of its parts' for `and`, the largest for `or`.

    >>> from trialsim.foundation.expression import parse, to_text
    >>> to_text(excess(parse("a > 2 * b and not (c > 1)")))
    'min(a - 2 * b, 1 - c)'
    """
    match condition:
        case Compare(ops, operands):
            pairs = zip(ops, operands[:-1], operands[1:], strict=True)
            return joined("min", [margin(op, a, b) for op, a, b in pairs])
        case Logic(op, operands):
            return joined("min" if op == "and" else "max", [excess(operand) for operand in operands])
        case Not(a):
            return excess(opposite(a))
    raise ValueError("a condition that the reader should have refused")


def margin(op: str, a: Expr, b: Expr) -> Expr:
    return Binary("-", a, b) if op in (">", ">=") else Binary("-", b, a)


def joined(function: str, margins: list[Expr]) -> Expr:
    return margins[0] if len(margins) == 1 else Call(function, tuple(margins))


def opposite(condition: Expr) -> Expr:
    """Return the condition that holds where another does not."""
    turned = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
    match condition:
        case Compare(ops, operands):
            pairs = zip(ops, operands[:-1], operands[1:], strict=True)
            each: list[Expr] = [Compare((turned[op],), (a, b)) for op, a, b in pairs]
            return each[0] if len(each) == 1 else Logic("or", tuple(each))
        case Logic(op, operands):
            return Logic("or" if op == "and" else "and", tuple(opposite(operand) for operand in operands))
        case Not(a):
            return a
    raise ValueError("a condition that the reader should have refused")


def has_no_excess(condition: Expr) -> Expr | None:
    """Return the part of a condition that has no margin: an equality, or whether something happened."""
    for node in conditions(condition):
        if isinstance(node, Call) or (isinstance(node, Compare) and {"==", "!="} & set(node.ops)):
            return node
    return None


def conditions(condition: Expr) -> list[Expr]:
    """Return a condition and those it is joined of, not those inside of if()."""
    found = [condition]
    if isinstance(condition, Logic | Not):
        for part in parts(condition):
            found += conditions(part)
    return found


def extremes_named(expr: Expr) -> tuple[Expr, dict[str, tuple[str, Expr]]]:
    """Return an expression with `lowest(x)` as a name, and for each such name what it is of and where it stands."""
    asked: dict[str, tuple[str, Expr]] = {}
    for node in nodes(expr):
        if isinstance(node, Call) and node.function in EXTREMES and isinstance(node.args[0], Name):
            asked[extreme_name(node.function, node.args[0].name)] = (node.args[0].name, node)
    return renamed_extremes(expr), asked


def renamed_extremes(expr: Expr) -> Expr:
    match expr:
        case Call("lowest" | "highest", (Name(of),)):
            return Name(extreme_name(expr.function, of), expr.span)
    return rebuilt(expr, renamed_extremes)


def extreme_name(function: str, of: str) -> str:
    """Return the name of the extreme of a path, as it is written; the brackets keep it from being a declared name."""
    return f"{function}({of})"
