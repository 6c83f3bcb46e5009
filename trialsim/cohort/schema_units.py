"""Units where a document names one alone, such as `unit: mg/L`; `1` is the unit of plain numbers."""

from __future__ import annotations

import re

from trialsim.foundation.dimensions import DIMENSIONLESS
from trialsim.foundation.sections import Phrase
from trialsim.foundation.units import ONE, Unit, unit


def unit_of(text: str) -> Unit:
    """Return the unit a text names.

    >>> unit_of("1") == ONE
    True
    """
    return ONE if text.strip() == "1" else unit(text)


def unit_text(unit: Unit) -> str:
    """Return a unit as a document names it."""
    return unit.text or "1"


def per_unit(of: Unit) -> Unit:
    """Return the unit of a slope over something in this unit.

    >>> per_unit(unit("mL/min")).text, per_unit(unit("kg")).text
    ('min/mL', '1/kg')
    """
    if not of.text:
        return ONE
    over: list[str] = []
    under: list[str] = []
    sign = "*"
    for piece in re.split(r"([*/])", of.text.replace("per ", "1/")):
        if piece in ("*", "/"):
            sign = piece
        elif piece != "1":
            (under if sign == "*" else over).append(piece)
    text = "/".join(["*".join(over) or "1", *under])
    return Unit(text, 1 / of.ratio, DIMENSIONLESS / of.dimension)


def slope_unit(of: Unit) -> Unit:
    """Return the unit of a change of something in this unit per day.

    >>> slope_unit(unit("kg")).text, slope_unit(unit("mL/min")).text
    ('kg/day', 'mL/min/day')
    """
    day = unit("day")
    return Unit(f"{of.text or '1'}/day", of.ratio / day.ratio, of.dimension / day.dimension)


UNIT = Phrase(what="a unit", example="mg/L", make=unit_of)
