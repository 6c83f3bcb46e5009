"""One text to one value: numbers within bounds, quantities of the right dimension, names, words."""

from __future__ import annotations

import re
from typing import Any

from trialsim.foundation.dimensions import Dimension, coherent_unit_text, dimension_name
from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.expression_tree import FUNCTIONS, RESERVED
from trialsim.foundation.nearest import nearest
from trialsim.foundation.positions import Scalar
from trialsim.foundation.section_kinds import (
    IDENTIFIER,
    LONGEST_NAME,
    NAME,
    Amount,
    Choice,
    Duration,
    Formula,
    FormulaText,
    Kind,
    Moment,
    Name,
    Number,
    Phrase,
    Text,
    Truth,
    Whole,
    bounds,
)
from trialsim.foundation.units import Quantity, duration, moment, number, quantity, shown

ELSEWHERE = {"yes": "true", "no": "false", "on": "true", "off": "false"}


def scalar_value(node: Scalar, kind: Kind) -> Any:
    """Return what a text says, as its kind; UnreadableText if it does not say it."""
    text = node.text
    match kind:
        case Text(at_most):
            return free_text(text, at_most)
        case Name(hyphens):
            return identifier(text) if hyphens else name(text)
        case Whole(low, high):
            return within(whole(text), text, low, high)
        case Number(low, high, above, below):
            return within(share(text), text, low, high, above, below)
        case Amount():
            return amount(text, kind)
        case Moment():
            return moment(text)
        case Duration(positive):
            length = duration(text)
            within(length.coherent, text, None, None, 0 if positive else None)
            return length
        case Formula():
            return FormulaText(text, node.place)
        case Truth():
            return truth(text)
        case Choice(options):
            return choice(text, options)
        case Phrase(_, _, make, _):
            return make(text)
    raise TypeError(f"no kind for one text: {kind}")


def free_text(text: str, at_most: int) -> str:
    if not text.strip():
        raise UnreadableText("missing-value", "a text is missing")
    if len(text) > at_most:
        raise UnreadableText("too-long", f"a text of {len(text)} characters, at most {at_most} are allowed")
    return text


def name(text: str) -> str:
    if text in RESERVED or text in FUNCTIONS:
        raise UnreadableText("reserved-name", f"{text!r} is a word of expressions and no name", ["choose another name"])
    if not NAME.fullmatch(text) or len(text) > LONGEST_NAME:
        raise UnreadableText(
            "bad-name",
            f"{shown(text)} is no name",
            [f"names are letters, digits and _, begin with a letter and have at most {LONGEST_NAME} characters"],
        )
    return text


def identifier(text: str) -> str:
    if not IDENTIFIER.fullmatch(text) or len(text) > LONGEST_NAME:
        raise UnreadableText(
            "bad-name",
            f"{shown(text)} is no id",
            [f"ids are letters, digits, '-', '_' and '.', at most {LONGEST_NAME}, a letter or digit first"],
        )
    return text


def whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip()):
        number(text)  # its message, where it is no number at all
        raise UnreadableText("bad-number", f"{shown(text)} is no whole number", ["write it in digits, like 300"])
    return int(text)


def share(text: str) -> float:
    """Return a bare number or a percentage as a number."""
    if not text.strip().endswith("%"):
        try:
            return number(text)
        except UnreadableText as fault:
            given = unit_given(text)
            if given is None:
                raise
            raise UnreadableText(
                "wrong-unit", f"{shown(text)} has a unit where a plain number is wanted", ["leave the unit out"]
            ) from fault
    return quantity(text).coherent


def unit_given(text: str) -> Quantity | None:
    try:
        given = quantity(text)
    except UnreadableText:
        return None
    return given if given.unit.text else None


def within(
    value: float,
    text: str,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Any:
    """Return a value that keeps its bounds."""
    fits = (
        (low is None or value >= low)
        and (high is None or value <= high)
        and (above is None or value > above)
        and (below is None or value < below)
    )
    if not fits:
        wanted = bounds(low, high, above, below).removeprefix(", ")
        raise UnreadableText("out-of-range", f"{text.strip()} is out of range", [f"expected: {wanted}"])
    return value


def amount(text: str, kind: Amount) -> Quantity:
    given = quantity(text)
    if kind.dimension is not None and given.dimension != kind.dimension:
        raise wrong_dimension(text, given, kind.dimension)
    within(given.coherent, text, kind.at_least, None, 0 if kind.positive else None)
    return given


def wrong_dimension(text: str, given: Quantity, wanted: Dimension) -> UnreadableText:
    example = coherent_unit_text(wanted)
    if wanted.is_dimensionless:
        return UnreadableText(
            "wrong-unit", f"{shown(text)} has a unit where a plain number is wanted", ["leave the unit out"]
        )
    expected = f"expected: {dimension_name(wanted)}, in a unit such as {example}"
    if not given.unit.text:
        return UnreadableText("missing-unit", f"{shown(text)} has no unit", [expected])
    return UnreadableText(
        "wrong-unit",
        f"{shown(text)} is in the wrong kind of unit",
        [f"given: {dimension_name(given.dimension)}", expected],
    )


def truth(text: str) -> bool:
    if text not in ("true", "false"):
        meant = ELSEWHERE.get(text.lower()) or (text.lower() if text.lower() in ("true", "false") else None)
        notes = [f"write {meant}"] if meant else []
        raise UnreadableText("bad-truth", f"{shown(text)} is neither true nor false", notes)
    return text == "true"


def choice(text: str, options: tuple[str, ...]) -> str:
    if text not in options:
        near = nearest(text, options)
        notes = [f"expected: {', '.join(options)}", *([f"nearest name: {near}"] if near else [])]
        raise UnreadableText("unknown-word", f"{shown(text)} is not a word known here", notes)
    return text
