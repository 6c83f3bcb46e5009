"""Units of an SBML document as ours: every unit definition as a unit we know and an exact factor."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import libsbml

from trialsim.cohort.sbml_math import AVOGADRO
from trialsim.foundation.unit_names import UNITS
from trialsim.foundation.units import ONE, Unit, as_written, unit

Part = tuple[str, int]  # a unit of ours and its power


@dataclass(frozen=True, slots=True)
class SbmlUnit:
    """A unit of ours and how many of it the document's unit is."""

    unit: Unit
    factor: Fraction


NOTHING = SbmlUnit(ONE, Fraction(1))


PARTS: dict[int, tuple[Part, ...]] = {
    libsbml.UNIT_KIND_SECOND: (("s", 1),),
    libsbml.UNIT_KIND_METRE: (("m", 1),),
    libsbml.UNIT_KIND_METER: (("m", 1),),
    libsbml.UNIT_KIND_LITRE: (("L", 1),),
    libsbml.UNIT_KIND_LITER: (("L", 1),),
    libsbml.UNIT_KIND_MOLE: (("mol", 1),),
    libsbml.UNIT_KIND_GRAM: (("g", 1),),
    libsbml.UNIT_KIND_KILOGRAM: (("kg", 1),),
    libsbml.UNIT_KIND_JOULE: (("J", 1),),
    libsbml.UNIT_KIND_CELSIUS: (("degC", 1),),
    libsbml.UNIT_KIND_KELVIN: (("degC", 1),),  # only differences of temperature have a meaning in a product
    libsbml.UNIT_KIND_PASCAL: (("kPa", 1),),
    libsbml.UNIT_KIND_KATAL: (("mol", 1), ("s", -1)),
    libsbml.UNIT_KIND_HERTZ: (("s", -1),),
    libsbml.UNIT_KIND_BECQUEREL: (("s", -1),),
    libsbml.UNIT_KIND_AVOGADRO: (),
    libsbml.UNIT_KIND_DIMENSIONLESS: (),
    libsbml.UNIT_KIND_ITEM: (),
    libsbml.UNIT_KIND_RADIAN: (),
    libsbml.UNIT_KIND_STERADIAN: (),
}
SIZES = {libsbml.UNIT_KIND_PASCAL: Fraction(1, 1000), libsbml.UNIT_KIND_AVOGADRO: as_written(AVOGADRO)}


def unit_of_definition(definition: Any) -> SbmlUnit | None:
    """Return the unit that a definition stands for; None if it is empty or measures nothing a cohort knows."""
    if definition is None or definition.getNumUnits() == 0:
        return None
    over: list[str] = []
    under: list[str] = []
    factor = Fraction(1)
    for own in (definition.getUnit(i) for i in range(definition.getNumUnits())):
        power = own.getExponentAsDouble()
        if own.getKind() not in PARTS or power != int(power):
            return None
        parts = PARTS[own.getKind()]
        size = as_written(own.getMultiplier()) * Fraction(10) ** own.getScale()
        size *= SIZES.get(own.getKind(), Fraction(1))
        if len(parts) == 1 and parts[0][1] == 1:
            word, size = spelled(size, parts[0][0])
            parts = ((word, 1),)
        factor *= size ** int(power)
        for word, exponent in parts:
            whole = exponent * int(power)
            text = word if abs(whole) == 1 else f"{word}^{abs(whole)}"
            if whole:
                (over if whole > 0 else under).append(text)
    text = "/".join(["*".join(over) or "1", *under]) if over or under else ""
    return SbmlUnit(unit(text) if text else ONE, factor)


def spelled(size: Fraction, of: str) -> tuple[str, Fraction]:
    """Return the unit that is so many of another, and one; that other and how many if no unit we know is so large."""
    ratio, dimension = UNITS[of]
    # Litres before cubes of lengths: what people write.
    for word in (of, *(each for each in UNITS if not each[-1].isdigit()), *UNITS):
        if UNITS[word] == (size * ratio, dimension):
            return word, Fraction(1)
    return of, size
