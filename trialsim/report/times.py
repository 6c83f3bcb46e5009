"""Times along a trial: which unit a schedule is told in, and its points in that unit."""

from __future__ import annotations

from trialsim.foundation.units import number_text
from trialsim.protocol.times import moment_text
from trialsim.report.numbers import MINUS

UNITS = (("week", 7.0), ("day", 1.0), ("hour", 1 / 24))
WEEKS_FROM = 21.0  # days


def time_unit(span: float) -> tuple[str, float]:
    """Return the unit in which a schedule of so many days is told, and its length in days.

    >>> time_unit(98.0), time_unit(7.0), time_unit(1.5)
    (('week', 7.0), ('day', 1.0), ('hour', 0.041666666666666664))
    """
    if span >= WEEKS_FROM:
        return UNITS[0]
    return UNITS[1] if span >= 3 else UNITS[2]


def point(day: float, unit: float) -> str:
    """Return a day as a number of units, short."""
    return number_text(round(day / unit, 2)).replace("-", MINUS)


def moment_words(day: float) -> str:
    """Return a point in time as a document says it, with a true minus sign.

    >>> moment_words(-14.0), moment_words(84.0)
    ('week \u22122', 'week 12')
    """
    return moment_text(day).replace("-", MINUS)
