"""Every unit trialsim knows: its name, its exact size, its dimension; and the lookalikes it refuses."""

from __future__ import annotations

from fractions import Fraction

from trialsim.foundation.dimensions import (
    ACTIVITY,
    AREA,
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
)

HOUR = Fraction(1)
PREFIXES = {"k": Fraction(1000), "": Fraction(1), "m": Fraction(1, 10**3), "u": Fraction(1, 10**6),
            "n": Fraction(1, 10**9), "p": Fraction(1, 10**12)}  # fmt: skip

TIMES = {
    "s": HOUR / 3600,
    "min": HOUR / 60,
    "h": HOUR,
    "d": 24 * HOUR,
    "second": HOUR / 3600,
    "minute": HOUR / 60,
    "hour": HOUR,
    "day": 24 * HOUR,
    "week": 168 * HOUR,
    "month": Fraction("730.5"),  # 30.4375 days: a twelfth of 365.25
    "year": Fraction(8766),  # 365.25 days
}
TIME_WORDS = ("second", "minute", "hour", "day", "week", "month", "year")

LENGTHS = {
    "m": Fraction(10),
    "dm": Fraction(1),
    "cm": Fraction(1, 10),
    "mm": Fraction(1, 100),
    "um": Fraction(1, 10**5),
}
SQUARED, CUBED = ("m", "dm", "cm", "mm"), ("m", "dm", "cm", "mm")


def sizes() -> dict[str, tuple[Fraction, Dimension]]:
    """Return every unit with its ratio to the coherent unit (h, dm, mg, nmol, mmHg, IU, degC, kJ)."""
    table: dict[str, tuple[Fraction, Dimension]] = {name: (ratio, TIME) for name, ratio in TIMES.items()}
    table |= {name: (ratio, LENGTH) for name, ratio in LENGTHS.items()}
    table |= {f"{name}2": (LENGTHS[name] ** 2, AREA) for name in SQUARED}
    table |= {f"{name}3": (LENGTHS[name] ** 3, VOLUME) for name in CUBED}
    table |= {f"{prefix}L": (PREFIXES[prefix], VOLUME) for prefix in ("", "m", "u", "n")}
    table["dL"] = (Fraction(1, 10), VOLUME)
    table |= {f"{prefix}g": (PREFIXES[prefix] * 1000, MASS) for prefix in ("k", "", "m", "u", "n", "p")}
    table |= {f"{prefix}mol": (PREFIXES[prefix] * 10**9, SUBSTANCE) for prefix in ("", "m", "u", "n", "p")}
    table |= {f"{prefix}M": (PREFIXES[prefix] * 10**9, SUBSTANCE / VOLUME) for prefix in ("", "m", "u", "n", "p")}
    # The conventional millimetre of mercury is 133.322387415 Pa exactly (NIST SP 811, appendix B.8).
    table |= {"mmHg": (Fraction(1), PRESSURE), "kPa": (1000 / Fraction("133.322387415"), PRESSURE)}
    table |= {f"{prefix}IU": (PREFIXES[prefix], ACTIVITY) for prefix in ("k", "", "m", "u")}
    table |= {f"{prefix}U": (PREFIXES[prefix], ACTIVITY) for prefix in ("k", "", "m", "u")}
    # The thermochemical calorie is 4.184 J exactly.
    table |= {"J": (Fraction(1, 1000), ENERGY), "kJ": (Fraction(1), ENERGY), "kcal": (Fraction("4.184"), ENERGY)}
    table |= {"degC": (Fraction(1), TEMPERATURE)}
    table |= {"bpm": (Fraction(60), DIMENSIONLESS / TIME), "%": (Fraction(1, 100), DIMENSIONLESS)}
    return table


UNITS = sizes()

# What people write elsewhere. Refused with the word to write, so that every document says a thing in one way.
LOOKALIKES = {
    "mcg": "ug", "mcL": "uL", "mcl": "uL", "mcmol": "umol", "micromol": "umol", "mgs": "mg", "gm": "g", "gms": "g",
    "Kg": "kg", "KG": "kg", "kgs": "kg", "MG": "mg", "Mg": "mg",
    "lb": "kg, after converting", "lbs": "kg, after converting",
    "hr": "h", "hrs": "h", "H": "h", "mins": "min", "sec": "s", "secs": "s", "wk": "week", "wks": "weeks",
    "mo": "month", "mos": "months", "mth": "month", "yr": "year", "yrs": "years", "y": "year",
    "ml": "mL", "dl": "dL", "l": "L", "ul": "uL", "cc": "mL", "ML": "mL", "litre": "L", "liter": "L",
    "mmhg": "mmHg", "mmHG": "mmHg", "kpa": "kPa", "KPa": "kPa", "iu": "IU", "miu": "mIU", "UI": "IU", "cal": "kcal",
    "mmols": "mmol", "nMol": "nmol", "mMol": "mmol", "uMol": "umol", "molar": "M", "percent": "%", "pct": "%",
    "C": "degC", "°C": "degC", "celsius": "degC", "Celsius": "degC", "°": "degC",
    "K": "degC, for temperatures and for differences of temperature", "F": "degC, after converting",
    "degF": "degC, after converting", "BPM": "bpm",
}  # fmt: skip


def unit_word(name: str) -> str | None:
    """Return the one way a known unit is written (`week` for `weeks`, `ug` for `µg`); None for no unit."""
    word = name.replace("µ", "u").replace("μ", "u")
    if word in UNITS:
        return word
    if word.endswith("s") and word[:-1] in TIME_WORDS:
        return word[:-1]
    return None
