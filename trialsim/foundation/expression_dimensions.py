"""Dimensional analysis: what an expression measures, and the places where it adds up what cannot be added."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from fractions import Fraction
from typing import Final

from trialsim.foundation.dimensions import DIMENSIONLESS, TIME, Dimension, coherent_unit_text, dimension_name
from trialsim.foundation.errors import Place, Problems
from trialsim.foundation.expression_text import to_text
from trialsim.foundation.expression_tree import (
    ABOUT_EVENTS,
    FUNCTIONS,
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
    asked,
    is_condition,
    nodes,
    place_of,
)
from trialsim.foundation.nearest import nearest

VERBS: Final = {"+": "add {b} to {a}", "-": "subtract {b} from {a}"}
WORDS_FOR_TIME: Final = ("t", "T", "time", "TIME", "Time")
LONGEST_SHOWN = 40


def dimension_of(
    expr: Expr,
    dimensions: Mapping[str, Dimension | None],
    problems: Problems,
    place: Place,
    events: Collection[str] | None = None,
) -> Dimension | None:
    """Return what a numeric expression measures, None if unknown; faults are gathered with their places.

    `dimensions` holds every declared name; None is a name of unknown dimension: tolerated, and it makes unknown
    what cannot be told without it. `events` are the names `since` and `happened` may ask about (None: any).
    """
    return Analysis(dimensions, problems, place, events).number(expr)


def check_condition(
    expr: Expr,
    dimensions: Mapping[str, Dimension | None],
    problems: Problems,
    place: Place,
    events: Collection[str] | None = None,
) -> None:
    """Gather the faults of an expression that has to be true or false."""
    Analysis(dimensions, problems, place, events).condition(expr)


class Analysis:
    def __init__(
        self,
        dimensions: Mapping[str, Dimension | None],
        problems: Problems,
        place: Place,
        events: Collection[str] | None,
    ) -> None:
        self.dimensions = dimensions
        self.problems = problems
        self.place = place
        self.events = events

    def error(self, expr: Expr, slug: str, message: str, label: str = "", notes: tuple[str, ...] = ()) -> None:
        self.problems.error(place_of(expr, self.place), slug, message, label, notes)

    def condition(self, expr: Expr) -> None:
        match expr:
            case Compare(_, operands):
                self.alike(expr, operands, lambda a, b: f"cannot compare {a} with {b}")
            case Logic(_, operands):
                for operand in operands:
                    self.condition(operand)
            case Not(a):
                self.condition(a)
            case Call("happened", _):
                self.event(expr)
            case _:
                self.number(expr)
                self.error(
                    expr,
                    "condition-wanted",
                    f"{shown(expr)!r} is a number where a condition is wanted",
                    notes=(f"write a comparison, like {shown(expr)} > 0",),
                )

    def number(self, expr: Expr) -> Dimension | None:
        match expr:
            case Number():
                return DIMENSIONLESS
            case Constant(quantity):
                return quantity.dimension
            case Name(name):
                return self.name(expr, name)
            case Unary(_, a):
                return self.number(a)
            case Binary(op, a, b):
                return self.binary(expr, op, a, b)
            case Call(function, args) if not is_condition(expr):
                return self.call(expr, function, args)
        self.condition(expr)
        self.error(
            expr,
            "number-wanted",
            f"{shown(expr)!r} is a condition where a number is wanted",
            notes=(f"write if({shown(expr)}, 1, 0)",),
        )
        return None

    def name(self, expr: Expr, name: str) -> Dimension | None:
        if name in self.dimensions:
            return self.dimensions[name]
        near = nearest(name, self.dimensions)
        notes = (f"nearest name: {near}",) if near else ()
        if name in WORDS_FOR_TIME and (self.events is None or "randomised" in self.events):
            notes = ("the time since randomisation is since(randomised)",)
        self.error(expr, "unknown-name", f"there is no {name!r} here", "not declared", notes)
        return None

    def event(self, expr: Call) -> None:
        name = asked(expr)
        if self.events is None or name in self.events:
            return
        near = nearest(name, self.events)
        notes = (f"events: {', '.join(sorted(self.events)) or 'none'}", *((f"nearest name: {near}",) if near else ()))
        self.error(expr, "unknown-event", f"there is no event {name!r}", notes=notes)

    def binary(self, expr: Expr, op: str, a: Expr, b: Expr) -> Dimension | None:
        if op in VERBS:
            return self.alike(expr, (a, b), lambda x, y: "cannot " + VERBS[op].format(a=x, b=y))
        if op == "^":
            return self.power(expr, a, b)
        left, right = self.number(a), self.number(b)
        if left is None or right is None:
            return None
        return left * right if op == "*" else left / right

    def power(self, expr: Expr, a: Expr, b: Expr) -> Dimension | None:
        base = self.number(a)
        self.plain(b, "an exponent")
        if base is None or base.is_dimensionless:
            return base
        exponent = exact(b)
        if exponent is None:
            self.error(
                expr,
                "not-dimensionless",
                f"{unit_of(base)} cannot be raised to a power that is not a written number",
                f"{shown(a)} is in {unit_of(base)}",
                (f"divide by a reference first: ({shown(a)} / 1 {unit_of(base)}) ^ {shown(b)}",),
            )
            return None
        return base**exponent

    def call(self, expr: Call, function: str, args: tuple[Expr, ...]) -> Dimension | None:
        if function == "since":
            self.event(expr)
            return TIME
        if function not in FUNCTIONS or function in ABOUT_EVENTS:
            return None
        if function in ("exp", "log", "logistic", "logit"):
            self.plain(args[0], f"the argument of {function}()")
            return DIMENSIONLESS
        if function == "sqrt":
            inner = self.number(args[0])
            return None if inner is None else inner ** Fraction(1, 2)
        if function == "if":
            self.condition(args[0])
            return self.alike(expr, args[1:], lambda a, b: f"the two values of if() differ: {a} and {b}")
        return self.alike(expr, args, lambda a, b: f"the arguments of {function}() differ: {a} and {b}")

    def plain(self, expr: Expr, what: str) -> None:
        """Gather the fault of a part that is not dimensionless though it has to be."""
        dimension = self.number(expr)
        if dimension is not None and not dimension.is_dimensionless:
            self.error(
                expr,
                "not-dimensionless",
                f"{what} must be a plain number, not {unit_of(dimension)}",
                f"{dimension_name(dimension)}",
                (f"divide by a reference, like {bracketed(expr)} / (1 {unit_of(dimension)})",),
            )

    def slips(self, a: tuple[Expr, Dimension], b: tuple[Expr, Dimension]) -> Iterator[str]:
        """Yield what was probably forgotten where two parts differ: a zero's unit, the unit of a reference."""
        for (part, _), (_, wanted) in ((a, b), (b, a)):
            if part == Number(0.0):
                yield f"zero needs its unit too: 0 {coherent_unit_text(wanted)}"
        broken = next((part for part, dimension in (a, b) if is_broken(dimension)), None)
        for node in nodes(broken) if broken is not None else ():
            if isinstance(node, Binary) and node.op == "^":
                base, exponent = self.known(node.a), exact(node.b)
                if base is not None and exponent is not None and is_broken(base**exponent):
                    yield f"{shown(node.a)} is in {unit_of(base)}: give the reference it is divided by its unit too"

    def known(self, expr: Expr) -> Dimension | None:
        """Return what an expression measures without telling its faults again."""
        return Analysis(self.dimensions, Problems(), self.place, self.events).number(expr)

    def alike(self, expr: Expr, operands: tuple[Expr, ...], message: Callable[[str, str], str]) -> Dimension | None:
        """Return the one dimension of parts that have to be alike; the known tell of the unknown."""
        found = [(operand, self.number(operand)) for operand in operands]
        known = [(operand, dimension) for operand, dimension in found if dimension is not None]
        if not known:
            return None
        first, dimension = known[0]
        for other, differing in known[1:]:
            if differing != dimension:
                self.error(
                    expr,
                    "units-differ",
                    message(unit_of(dimension), unit_of(differing)),
                    notes=(
                        f"{shown(first)}: {described(dimension)}",
                        f"{shown(other)}: {described(differing)}",
                        *self.slips((first, dimension), (other, differing)),
                    ),
                )
                return None
        return dimension


def is_broken(dimension: Dimension) -> bool:
    return any(power.denominator > 1 for power in dimension.exponents)


def exact(expr: Expr) -> Fraction | None:
    """Return the value of an exponent written out in numbers (`2`, `-1`, `1/3`), as written; else None."""
    match expr:
        case Number(value):
            return Fraction(repr(value))
        case Unary(_, a):
            inner = exact(a)
            return None if inner is None else -inner
        case Binary("/", a, b):
            over, under = exact(a), exact(b)
            return None if over is None or not under else over / under
    return None


def unit_of(dimension: Dimension) -> str:
    return "a plain number" if dimension.is_dimensionless else coherent_unit_text(dimension)


def described(dimension: Dimension) -> str:
    if dimension.is_dimensionless:
        return "a plain number"
    return f"{dimension_name(dimension)}, as {coherent_unit_text(dimension)}"


def shown(expr: Expr) -> str:
    text = to_text(expr)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def bracketed(expr: Expr) -> str:
    return shown(expr) if isinstance(expr, Name | Call) else f"({shown(expr)})"
