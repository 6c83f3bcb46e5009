"""The tree of an expression: nine kinds of node, frozen and hashable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from trialsim.foundation.errors import Place
from trialsim.foundation.units import Quantity

# Columns after the place of the scalar the expression stands in; (0, 0) means the scalar as a whole.
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """A quantity written out: `0.5 L/mg`."""

    quantity: Quantity
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-a`; `op` is always `-`."""

    op: str
    a: Expr
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """`a op b` with op one of `+ - * / ^`."""

    op: str
    a: Expr
    b: Expr
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """`a < b <= c`: one operator fewer than operands, all of which must hold."""

    ops: tuple[str, ...]
    operands: tuple[Expr, ...]
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Logic:
    """`a and b and c`, or the same with `or`."""

    op: str
    operands: tuple[Expr, ...]
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    a: Expr
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    args: tuple[Expr, ...]
    span: Span = field(default=(0, 0), compare=False, repr=False)


Expr = Number | Constant | Name | Unary | Binary | Compare | Logic | Not | Call

# Least and most arguments of each function.
FUNCTIONS: dict[str, tuple[int, int]] = {
    "exp": (1, 1),
    "log": (1, 1),
    "sqrt": (1, 1),
    "abs": (1, 1),
    "min": (2, 20),
    "max": (2, 20),
    "logistic": (1, 1),
    "logit": (1, 1),
    "if": (3, 3),
    "since": (1, 1),
    "happened": (1, 1),
}
ABOUT_EVENTS = ("since", "happened")  # their argument names an event, it is no value
WORDS = ("and", "or", "not")
RESERVED = (*WORDS, "if", "per")


def parts(expr: Expr) -> tuple[Expr, ...]:
    """Return the values a node is made of; the event in `since(event)` is none."""
    match expr:
        case Unary(_, a) | Not(a):
            return (a,)
        case Binary(_, a, b):
            return (a, b)
        case Compare(_, operands) | Logic(_, operands):
            return operands
        case Call(function, args) if is_about_a_name(function):
            return ()
        case Call(_, args):
            return args
    return ()


def is_about_a_name(function: str) -> bool:
    return function in ABOUT_EVENTS or function not in FUNCTIONS


def nodes(expr: Expr) -> Iterator[Expr]:
    """Yield a node and all below it, without recursion."""
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(parts(node)))


def names_of(expr: Expr) -> frozenset[str]:
    """Return the names whose values an expression needs (events in `since` and `happened` are not among them)."""
    return frozenset(node.name for node in nodes(expr) if isinstance(node, Name))


def events_of(expr: Expr) -> frozenset[str]:
    """Return the events an expression asks about with `since` and `happened`."""
    return frozenset(asked(node) for node in nodes(expr) if isinstance(node, Call) and node.function in ABOUT_EVENTS)


def asked(call: Call) -> str:
    """Return the name a call such as `since(randomised)` is about."""
    (arg,) = call.args
    assert isinstance(arg, Name)
    return arg.name


def is_condition(expr: Expr) -> bool:
    """Return whether an expression is true or false rather than a number."""
    return isinstance(expr, Compare | Logic | Not) or (isinstance(expr, Call) and expr.function == "happened")


def depth_of(expr: Expr) -> int:
    """Return how many nodes deep a tree is, without recursion."""
    deepest, level = 0, [expr]
    while level:
        deepest, level = deepest + 1, [part for node in level for part in parts(node)]
    return deepest


def place_of(expr: Expr, place: Place) -> Place:
    """Return where a node stands, given the place of the scalar that holds its expression."""
    start, end = expr.span
    if end <= start:
        return place
    return Place(place.file, place.line, place.column + start, place.column + end)
