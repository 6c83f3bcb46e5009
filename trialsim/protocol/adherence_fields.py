"""The numbers of an adherence that a scenario may change, each by its path in the document."""

from __future__ import annotations

from dataclasses import replace

from trialsim.foundation.units import Unit, unit
from trialsim.protocol.dosing_model import Adherence

MOST_HOLIDAYS = 1.0  # that begin in a day
DAY, PER_DAY = unit("day"), unit("per day")


def adherence_fields(adherence: Adherence) -> dict[tuple[str, ...], Unit | None]:
    """Return the paths there are besides the two of the share taken, and the unit of each (None: a plain number)."""
    fields: dict[tuple[str, ...], Unit | None] = {("doubles",): None}
    if adherence.timing is not None and adherence.timing.kind == "normal":
        fields[("timing", "normal")] = DAY
    elif adherence.timing is not None:
        fields |= {("timing", "lognormal", "median"): DAY, ("timing", "lognormal", "cv"): None}
    if adherence.holidays is not None:
        fields[("holidays", "rate")] = PER_DAY
        length = ("holidays", "length")
        if adherence.holidays.cv > 0:
            fields |= {(*length, "lognormal", "median"): DAY, (*length, "lognormal", "cv"): None}
        else:
            fields[length] = DAY
    return fields


def adherence_value(adherence: Adherence, path: tuple[str, ...]) -> float:
    """Return the number at a path, in days or per day where it has a unit."""
    timing, holidays = adherence.timing, adherence.holidays
    match path:
        case ("takes",):
            return adherence.takes
        case ("doubles",):
            return adherence.doubles
        case ("timing", *_) if timing is not None:
            return timing.location if path[-1] == "median" else timing.spread
        case ("holidays", "rate") if holidays is not None:
            return holidays.rate
        case ("holidays", *_) if holidays is not None:
            return holidays.cv if path[-1] == "cv" else holidays.length
    return adherence.between_patients_sd


def with_adherence_value(adherence: Adherence, path: tuple[str, ...], value: float) -> Adherence:
    """Return the adherence with the number at a path replaced."""
    timing, holidays = adherence.timing, adherence.holidays
    match path:
        case ("takes",):
            return replace(adherence, takes=value)
        case ("doubles",):
            return replace(adherence, doubles=value)
        case ("timing", *_) if timing is not None:
            changed = replace(timing, location=value) if path[-1] == "median" else replace(timing, spread=value)
            return replace(adherence, timing=changed)
        case ("holidays", "rate") if holidays is not None:
            return replace(adherence, holidays=replace(holidays, rate=value))
        case ("holidays", *_) if holidays is not None:
            length = replace(holidays, cv=value) if path[-1] == "cv" else replace(holidays, length=value)
            return replace(adherence, holidays=length)
    return replace(adherence, between_patients_sd=value)
