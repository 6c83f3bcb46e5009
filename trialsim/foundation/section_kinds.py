"""What can stand in a document: kinds of values, fields and sections, said once for reader, schema and reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trialsim.foundation.dimensions import Dimension
from trialsim.foundation.errors import Place

LONGEST_TEXT = 5_000
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Text:
    """Free text, never empty; gives `str`."""

    at_most: int = LONGEST_TEXT


@dataclass(frozen=True, slots=True)
class Name:
    """A name the document declares or uses; gives `str`. With `hyphens` it is an id, not for use in expressions."""

    hyphens: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number; gives `int`."""

    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A bare number or a percentage; gives `float` (28% is 0.28). `above` and `below` are bounds never reached.

    A number above `seldom_above` that is written without % is warned of: was a percentage meant?
    """

    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    seldom_above: float | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit; gives `Quantity`. Without a dimension, any. Bounds are in coherent units."""

    dimension: Dimension | None = None
    positive: bool = False
    at_least: float | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time such as `week 12`; gives days since randomisation as `float`."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time such as `12 weeks`; gives `Quantity`."""

    positive: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression, kept as `FormulaText` until the names around it are known; `condition`: true or false."""

    dimension: Dimension | None = None
    condition: bool = False


@dataclass(frozen=True, slots=True)
class FormulaText:
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`; gives `bool`."""


@dataclass(frozen=True, slots=True, init=False)
class Choice:
    """One of a few words; gives `str`."""

    options: tuple[str, ...]

    def __init__(self, *options: str) -> None:
        object.__setattr__(self, "options", options)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A short text with a form of its own, such as `high vs placebo`; gives what `make` makes of it.

    `make` raises UnreadableText for what it cannot read; `pattern` is the form as a regular expression.
    """

    what: str
    example: str
    make: Callable[[str], Any]
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """Anything, read later by rules of its own; gives the `Node`."""

    what: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; gives a tuple."""

    kind: Kind
    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map from names (or texts) the author invents; gives a dict in the order of the document."""

    kind: Kind
    key: Name | Text = field(default_factory=Name)
    reserved: tuple[str, ...] = ()
    at_least: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a section: its kind, what it means, whether it must be there, else what it is without a word."""

    kind: Kind
    doc: str
    required: bool = False
    default: Any = None
    example: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A mapping with known fields; gives what `make` makes of all of them as keyword arguments."""

    name: str  # with its article: "an arm"
    fields: Mapping[str, Field]
    exactly_one: tuple[tuple[str, ...], ...] = ()
    at_most_one: tuple[tuple[str, ...], ...] = ()
    make: Callable[..., Any] = dict


@dataclass(frozen=True, slots=True)
class ByShape:
    """Different kinds for one value, for a mapping and for a list."""

    scalar: Kind | None = None
    mapping: Kind | None = None
    sequence: Kind | None = None


@dataclass(frozen=True, slots=True)
class NotYet:
    """A word of the language that this version refuses by name; `what` says whose it is: "an arm's 'opens'"."""

    what: str
    instead: str = "leave it out; it is planned for a later version"


Kind = (
    Text
    | Name
    | Whole
    | Number
    | Amount
    | Moment
    | Duration
    | Formula
    | Truth
    | Choice
    | Phrase
    | Raw
    | ListOf
    | MapOf
    | Section
    | ByShape
    | NotYet
)

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Unreadable:
    """Stands for a value whose fault has been told; whatever holds it is not made."""

    def __repr__(self) -> str:
        return "UNREADABLE"


UNREADABLE: Final = Unreadable()


def described(kind: Kind) -> str:
    """Return a kind in words, for messages and reference tables."""
    match kind:
        case Text() | Raw():
            return kind.what if isinstance(kind, Raw) else "text"
        case Name(hyphens):
            return "an id" if hyphens else "a name"
        case Whole(low, high):
            return "a whole number" + bounds(low, high)
        case Number(low, high, above, below):
            return "a number or %" + bounds(low, high, above, below)
        case Amount(dimension, positive, low):
            of = f" ({dimension})" if dimension is not None else ""
            return "a quantity" + of + bounds(low, None, 0 if positive else None)
        case Moment():
            return "a point in time, like week 12"
        case Duration(positive):
            return "a length of time, like 12 weeks" + bounds(None, None, 0 if positive else None)
        case Formula(dimension, condition):
            of = f" ({dimension})" if dimension is not None else ""
            return "a condition" if condition else "an expression" + of
        case Truth():
            return "true or false"
        case Choice(options):
            return "one of " + ", ".join(options)
        case Phrase(what, example, _, _):
            return f"{what}, like {example}"
        case ListOf(inner, low, high):
            return f"a list, each {described(inner)}" + counted(low, high, "item")
        case MapOf(inner, key, _, low):
            of = "name" if isinstance(key, Name) else "text"
            return f"a map from {of}s, each to {described(inner)}" + counted(low, None, "entry")
        case Section(name):
            return name
        case ByShape():
            return " or ".join(described(inner) for inner in (kind.scalar, kind.mapping, kind.sequence) if inner)
        case NotYet():
            return "not supported by this version"


def bounds(low: float | None, high: float | None, above: float | None = None, below: float | None = None) -> str:
    """Return the limits of a number in words, a comma in front; nothing for none."""
    words = [
        f"{word} {limit:g}"
        for word, limit in (("at least", low), ("above", above), ("at most", high), ("below", below))
        if limit is not None
    ]
    return ", " + " and ".join(words) if words else ""


def counted(low: int, high: int | None, thing: str) -> str:
    plural = {"entry": "entries"}.get(thing, thing + "s")
    if high is not None and low == high:
        return f", exactly {low} {thing if low == 1 else plural}"
    least = f", at least {low} {thing if low == 1 else plural}" if low else ""
    return least + (f", at most {high} {thing if high == 1 else plural}" if high is not None else "")
