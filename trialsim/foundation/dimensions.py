"""Dimensions: what kind of thing a number measures, apart from the unit it is written in."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

BASES = ("time", "length", "mass", "substance", "pressure", "activity", "temperature", "energy")
COHERENT = ("h", "dm", "mg", "nmol", "mmHg", "IU", "degC", "kJ")  # 1 dm^3 is 1 L


@dataclass(frozen=True, slots=True)
class Dimension:
    """Exponents over time, length, mass, amount of substance, pressure, activity (IU, U), temperature, energy."""

    exponents: tuple[Fraction, ...] = (Fraction(0),) * len(BASES)

    def __mul__(self, other: Dimension) -> Dimension:
        return Dimension(tuple(a + b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __truediv__(self, other: Dimension) -> Dimension:
        return Dimension(tuple(a - b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __pow__(self, power: int | float | Fraction) -> Dimension:
        """Return the dimension of a power; a decimal exponent counts as written (0.1 is one tenth)."""
        exact = Fraction(repr(power)) if isinstance(power, float) else Fraction(power)
        return Dimension(tuple(a * exact for a in self.exponents))

    @property
    def is_dimensionless(self) -> bool:
        return not any(self.exponents)

    def __str__(self) -> str:
        return dimension_name(self)


def base(name: str, power: int = 1) -> Dimension:
    return Dimension(tuple(Fraction(power if each == name else 0) for each in BASES))


DIMENSIONLESS = Dimension()
TIME = base("time")
LENGTH = base("length")
AREA = base("length", 2)
VOLUME = base("length", 3)
MASS = base("mass")
SUBSTANCE = base("substance")
PRESSURE = base("pressure")
ACTIVITY = base("activity")
TEMPERATURE = base("temperature")
ENERGY = base("energy")

NAMES: dict[Dimension, str] = {
    DIMENSIONLESS: "a plain number",
    TIME: "time",
    LENGTH: "length",
    AREA: "area",
    VOLUME: "volume",
    MASS: "mass",
    SUBSTANCE: "amount of substance",
    PRESSURE: "pressure",
    ACTIVITY: "activity (IU or U)",
    TEMPERATURE: "temperature",
    ENERGY: "energy",
    DIMENSIONLESS / TIME: "1/time",
    VOLUME / TIME: "flow or clearance (volume/time)",
    MASS / VOLUME: "concentration (mass/volume)",
    SUBSTANCE / VOLUME: "concentration (substance/volume)",
    ACTIVITY / VOLUME: "concentration (activity/volume)",
    MASS / TIME: "mass/time",
    SUBSTANCE / TIME: "substance/time",
    MASS / SUBSTANCE: "molar mass (mass/substance)",
    MASS / AREA: "mass/area",
    MASS * TIME / VOLUME: "exposure (concentration times time)",
}


def dimension_name(dimension: Dimension) -> str:
    """Return a dimension in words, for messages: its usual name, else its bases with their exponents."""
    if dimension in NAMES:
        return NAMES[dimension]
    return product_text(list(zip(BASES, dimension.exponents, strict=True)))


def coherent_unit_text(dimension: Dimension) -> str:
    """Return the unit of a dimension in the coherent system, such as `mg/L`; `1` for a plain number."""
    powers = dict(zip(COHERENT, dimension.exponents, strict=True))
    if powers["dm"] % 3 == 0:
        powers = {"L" if unit == "dm" else unit: p / 3 if unit == "dm" else p for unit, p in powers.items()}
    amounts = [(unit, powers[unit]) for unit in ("mg", "nmol", "IU", "kJ", "mmHg", "degC")]
    return product_text([*amounts, *((unit, p) for unit, p in powers.items() if unit in {"h", "L", "dm"})])


def product_text(powers: list[tuple[str, Fraction]]) -> str:
    over = "*".join(power_text(name, power) for name, power in powers if power > 0)
    under = [power_text(name, -power) for name, power in powers if power < 0]
    return "/".join([over or "1", *under])


def power_text(name: str, power: Fraction) -> str:
    if power == 1:
        return name
    return f"{name}^{power}" if power.denominator == 1 else f"{name}^({power})"
