"""Times and rates as a designer writes them: text that reads back as the same number."""

from __future__ import annotations

from trialsim.foundation.units import Quantity, number_text, quantity_text, unit

DAY = unit("day")
WORDS = ("week", "month", "day", "hour", "minute", "second")
RATES = ("per month", "per week", "per day", "per year", "per hour")


def days(length: Quantity | None) -> float:
    """Return a length of time in days; none is 0."""
    return 0.0 if length is None else length.to(DAY)


def moment_text(at: float) -> str:
    """Return a point in time, given in days since randomisation.

    >>> moment_text(84.0), moment_text(0.0), moment_text(0.5)
    ('week 12', 'day 0', 'hour 12')
    """
    word, number = best_word(at)
    return f"{word} {number_text(number)}"


def duration_text(length: float) -> str:
    """Return a length of time, given in days.

    >>> duration_text(84.0), duration_text(0.0), duration_text(1 / 24)
    ('12 weeks', '0 days', '1 hour')
    """
    word, number = best_word(length)
    return quantity_text(number, unit(word))


def best_word(at: float) -> tuple[str, float]:
    """Return the largest unit of time in which a number of days is whole, or else days."""
    for word in WORDS if at else ():
        number = float(round(Quantity(at, DAY).to(word)))
        if Quantity(number, unit(word)).to(DAY) == at:
            return word, number
    return "day", at


def rate_text(per_day: float) -> str:
    """Return a rate, given per day, in the unit in which it is shortest to write.

    >>> rate_text(20 / 30.4375)
    '20 per month'
    """
    texts = []
    for name in RATES:
        number = float(f"{Quantity(per_day, unit('per day')).to(unit(name)):.12g}")
        if Quantity(number, unit(name)).to(unit("per day")) == per_day:
            texts.append(quantity_text(number, unit(name)))
    return min(texts, key=len) if texts else quantity_text(per_day, unit("per day"))
