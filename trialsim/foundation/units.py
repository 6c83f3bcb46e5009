"""Quantities: numbers with units, points and lengths of time, read from text and written back."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from trialsim.foundation.dimensions import (
    ACTIVITY,
    AREA,
    BASES,
    COHERENT,
    DIMENSIONLESS,
    ENERGY,
    LENGTH,
    MASS,
    PRESSURE,
    SUBSTANCE,
    TEMPERATURE,
    TIME,
    VOLUME,
    Dimension,
    coherent_unit_text,
    dimension_name,
)
from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.nearest import nearest
from trialsim.foundation.unit_names import LOOKALIKES, TIME_WORDS, UNITS, unit_word

__all__ = [
    "ACTIVITY", "AREA", "BASES", "COHERENT", "DIMENSIONLESS", "ENERGY", "LENGTH", "MASS", "PRESSURE", "SUBSTANCE",
    "TEMPERATURE", "TIME", "VOLUME", "Dimension", "Quantity", "Unit", "coherent_unit_text", "dimension_name",
    "duration", "moment", "number", "number_text", "quantity", "quantity_text", "unit",
]  # fmt: skip

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
PART = re.compile(
    r"(?P<number>[0-9]+(?:\.[0-9]+)?)?(?P<name>[A-Za-zµμ°]+(?:(?<=[a-zA-Z])[23])?|%)?(?:\^(?P<power>-?[0-9]+))?"
)
FORMULA = re.compile(r"^\s*[*^(]| [*+] |\(")  # no unit, but a calculation
LONGEST_TEXT = 200
LARGEST_POWER = 12
DAY = Fraction(24)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as written, its exact ratio to coherent units (h, dm, mg, nmol, mmHg, IU, degC, kJ), its dimension."""

    text: str
    ratio: Fraction
    dimension: Dimension

    @property
    def factor(self) -> float:
        """How many coherent units one of these is, correctly rounded."""
        return rounded(self.ratio)

    def __str__(self) -> str:
        return self.text


ONE = Unit("", Fraction(1), DIMENSIONLESS)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit."""

    value: float
    unit: Unit = ONE

    @property
    def dimension(self) -> Dimension:
        return self.unit.dimension

    @property
    def coherent(self) -> float:
        """The number in coherent units (a share of one for `%`), rounded once."""
        return rounded(as_written(self.value) * self.unit.ratio)

    def to(self, target: Unit | str) -> float:
        """Return the number in the target unit, rounded once: exact wherever a float can hold it."""
        wanted = unit(target) if isinstance(target, str) else target
        if wanted.dimension != self.dimension:
            raise UnreadableText(
                "wrong-unit",
                f"{self} cannot be given in {wanted.text or 'plain numbers'}",
                [f"it is: {dimension_name(self.dimension)}", f"wanted: {dimension_name(wanted.dimension)}"],
            )
        return rounded(as_written(self.value) * self.unit.ratio / wanted.ratio)

    def __str__(self) -> str:
        return quantity_text(self.value, self.unit)


def as_written(value: float) -> Fraction:
    """Return the decimal number that a float was written as, so that 54.3% is 0.543 and not its neighbour."""
    return Fraction(repr(float(value)))


def rounded(exact: Fraction) -> float:
    """Return the nearest float; infinite where none is near."""
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def number(text: str) -> float:
    """Return a bare number; everything but a finite decimal number is refused.

    >>> number("1e-3")
    0.001
    """
    stripped = text.strip()
    match = NUMBER.fullmatch(stripped)
    if match is None:
        grouped = re.fullmatch(r"[0-9]{1,3}([,_' ][0-9]{3})+", stripped)
        notes = ["write numbers without separators: 1000"] if grouped else []
        raise UnreadableText("bad-number", f"{shown(text)} is no number", notes)
    value = float(stripped)
    if not math.isfinite(value):
        raise UnreadableText("bad-number", f"{shown(text)} is too large for a number")
    return value


def unit(text: str) -> Unit:
    """Return the unit a text names: products, quotients and powers of known units.

    >>> unit("mg/L").factor, unit("kg/m^2").dimension == unit("mg/dL").dimension * unit("m").dimension
    (1.0, True)
    """
    if len(text) > LONGEST_TEXT:
        raise UnreadableText("bad-unit", "a unit this long cannot be meant")
    rest = re.sub(r"\s*\bper\s+", "/", text.strip())
    if not rest:
        raise UnreadableText("bad-unit", "a unit is missing")
    if rest.startswith("/"):
        rest = "1" + rest
    pieces = re.split(r"\s*([*/])\s*", rest)
    written, ratio, dimension = "", Fraction(1), DIMENSIONLESS
    for sign, part in zip(["*", *pieces[1::2]], pieces[::2], strict=True):
        part_text, part_ratio, part_dimension = unit_part(part, text)
        written += (sign if written else "") + part_text
        if sign == "/":
            ratio, dimension = ratio / part_ratio, dimension / part_dimension
        else:
            ratio, dimension = ratio * part_ratio, dimension * part_dimension
    if text.strip().startswith("per "):
        written = "per " + written.removeprefix("1/")
    return Unit(written, ratio, dimension)


def unit_part(part: str, text: str) -> tuple[str, Fraction, Dimension]:
    """Return one factor of a unit: its canonical text, ratio and dimension; `1.73m2` and `70kg` are factors."""
    match = PART.fullmatch(part)
    if match is None or not part:
        if part.replace("_", "").isalnum():
            raise unknown_unit(part, text)
        raise no_unit(text, "units look like: mg/L, 1/h, mL/min/1.73m2")
    name, scale = match["name"], Fraction(match["number"] or 1)
    if name is None and (match["number"] != "1" or match["power"]):
        raise no_unit(text, f"{part} stands where a unit is wanted")
    if scale == 0:
        raise no_unit(text, "a unit cannot be a multiple of 0")
    if name is None:
        return "1", scale, DIMENSIONLESS
    word = unit_word(name)
    if word is None:
        raise unknown_unit(name, text)
    power = int(match["power"] or 1)
    if not 0 < abs(power) <= LARGEST_POWER:
        raise no_unit(text, f"powers of units go from 1 to {LARGEST_POWER}")
    ratio, dimension = UNITS[word]
    written = (match["number"] or "") + word + (f"^{power}" if power != 1 else "")
    return written, scale * ratio**power, dimension**power


def no_unit(text: str, note: str) -> UnreadableText:
    return UnreadableText("bad-unit", f"{shown(text.strip())} is no unit", [note])


def unknown_unit(name: str, text: str) -> UnreadableText:
    start = max(text.find(name), 0)
    if name in LOOKALIKES:
        return UnreadableText(
            "unknown-unit", f"{name!r} is not a unit here", [f"write {LOOKALIKES[name]}"], start, start + len(name)
        )
    near = nearest(name, UNITS)
    notes = [f"nearest unit: {near}"] if near else []
    if name.isalpha() and len(name) > 3:
        notes.append("things counted (cells, tablets, copies) are no units: write 1/mL for copies per mL")
    return UnreadableText("unknown-unit", f"{shown(name)} is not a known unit", notes, start, start + len(name))


def quantity(text: str) -> Quantity:
    """Return the quantity a text states: a number, then a unit unless it is dimensionless.

    >>> quantity("28%").coherent, quantity("12 weeks").to("day"), str(quantity("20 per month"))
    (0.28, 84.0, '20 per month')
    """
    stripped = text.strip()
    match = NUMBER.match(stripped)
    if match is None or len(text) > LONGEST_TEXT:
        if MOMENT.fullmatch(stripped):
            raise length_for_point_fault(text, wanted="a length of time")
        raise UnreadableText(
            "bad-quantity", f"{shown(text)} is no quantity", ["a quantity is a number and a unit, like 5 mg/kg or 28%"]
        )
    rest = stripped[match.end() :]
    value = number(match[0])
    if not rest:
        return Quantity(value)
    if rest[0] in ",_'.0123456789":
        return Quantity(number(stripped))  # refuses it, with the right remedy
    try:
        return Quantity(value, unit(rest))
    except UnreadableText as fault:
        if FORMULA.search(rest):
            notes = ["one number and its unit stand here; formulas are for equations, covariates for effects"]
            message = f"{shown(stripped)} is a formula where a quantity is wanted"
            raise UnreadableText("bad-quantity", message, notes) from fault
        shift = text.index(stripped) + match.end()
        if fault.end:
            fault.start, fault.end = fault.start + shift, fault.end + shift
        raise


MOMENT = re.compile(r"([A-Za-z]+)\s+([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)")


def moment(text: str) -> float:
    """Return the days from randomisation (day 0) to a point in time such as `week 12` or `day -14`.

    >>> moment("week 12"), moment("hour 12"), moment("month 6")
    (84.0, 0.5, 182.625)
    """
    match = MOMENT.fullmatch(text.strip())
    word = match[1] if match else ""
    if match and word in TIME_WORDS:
        return rounded(Fraction(number(match[2])) * UNITS[word][0] / DAY)
    if match and unit_word(word) in TIME_WORDS:
        raise UnreadableText(
            "bad-moment", f"{shown(text)} is no point in time", [f"write {unit_word(word)} {match[2]}"]
        )
    try:
        length = quantity(text)
    except UnreadableText:
        length = None
    if length is not None and length.dimension == TIME:
        raise point_for_length_fault(text, length)
    raise UnreadableText(
        "bad-moment", f"{shown(text)} is no point in time", ["a point in time looks like: week 12, day -14, hour 24"]
    )


def duration(text: str) -> Quantity:
    """Return a length of time such as `12 weeks`, never negative.

    >>> duration("3 months").to("day")
    91.3125
    """
    if MOMENT.fullmatch(text.strip()):
        raise length_for_point_fault(text, wanted="a length of time")
    length = quantity(text)
    if length.dimension != TIME:
        raise UnreadableText(
            "bad-duration", f"{shown(text)} is no length of time", ["a length of time looks like: 12 weeks, 24 h"]
        )
    if length.value < 0:
        raise UnreadableText("bad-duration", f"{shown(text)} is a negative length of time")
    return length


def point_for_length_fault(text: str, length: Quantity) -> UnreadableText:
    word = length.unit.text if length.unit.text in TIME_WORDS else "day"
    return UnreadableText(
        "length-for-point",
        f"{shown(text)} is a length of time where a point in time is wanted",
        [f"write {word} {number_text(length.to(word))}"],
    )


def length_for_point_fault(text: str, wanted: str) -> UnreadableText:
    match = MOMENT.fullmatch(text.strip())
    word = unit_word(match[1]) if match else None
    if match is None or word not in TIME_WORDS:
        return UnreadableText("bad-quantity", f"{shown(text)} is no quantity", ["the number comes first, like 5 mg/kg"])
    return UnreadableText(
        "point-for-length",
        f"{shown(text)} is a point in time where {wanted} is wanted",
        [f"write {quantity_text(number(match[2]), unit(word))}"],
    )


def quantity_text(value: float, unit: Unit) -> str:
    """Return a quantity as a document would say it; read back, it is the same quantity.

    >>> quantity_text(12.0, unit("week")), quantity_text(0.28, unit("mg/L")), quantity_text(5.0, unit("%"))
    ('12 weeks', '0.28 mg/L', '5%')
    """
    if not unit.text:
        return number_text(value)
    if unit.text == "%":
        return number_text(value) + "%"
    plural = "s" if unit.text in TIME_WORDS and value != 1 else ""
    return f"{number_text(value)} {unit.text}{plural}"


def number_text(value: float) -> str:
    """Return the shortest text that reads back as the same number: `5` rather than `5.0`."""
    return repr(float(value)).removesuffix(".0")


def shown(text: str) -> str:
    """Return a text of the user's in quotes, cut if it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "…")
