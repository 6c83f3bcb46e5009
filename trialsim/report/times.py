"""Times along a trial: which unit a schedule is told in, and its points in that unit."""

from __future__ import annotations

from trialsim.foundation.units import number_text
from trialsim.report.numbers import MINUS

UNITS = (("week", 7.0), ("day", 1.0), ("hour", 1 / 24))
WHOLE = (("week", 7.0), ("month", 30.4375), ("day", 1.0), ("hour", 1 / 24), ("minute", 1 / 1440))
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

    >>> moment_words(-14.0), moment_words(84.0), moment_words(7.0), moment_words(0.5)
    ('week \u22122', 'week 12', 'day 7', 'hour 12')
    """
    word, number = whole_unit(day, fewest_weeks=2)
    return f"{word} {number_text(number)}".replace("-", MINUS)


def duration_words(days: float) -> str:
    """Return a length of time in the largest unit of which it is a whole number, rounding of its days aside.

    >>> duration_words(84.0), duration_words(60.875), duration_words(1 / 24), duration_words(0.0)
    ('12 weeks', '2 months', '1 hour', '0 days')
    """
    word, number = whole_unit(days, fewest_weeks=1)
    return f"{number_text(number)} {word}{'' if number == 1 else 's'}"


def whole_unit(days: float, fewest_weeks: int) -> tuple[str, float]:
    for word, length in WHOLE if days else ():
        number = days / length
        if abs(number - round(number)) < 1e-9 and (word != "week" or abs(number) >= fewest_weeks):
            return word, float(round(number))
    return "day", round(days, 4)
