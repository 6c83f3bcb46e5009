"""The days of doses: every planned administration of a dosing line, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import count, islice

from trialsim.protocol.dosing_model import DRAWN, WEEKDAYS, WORKING_DAYS, DoseTimes

MOST_DOSES = 100_000
MOST_TRIED = 1_000_000  # times of which cycles and days of the week may leave none
JUST_BEFORE = 1e-6  # days: a dose that falls on `until` but for rounding is not given
SECONDS = 86400


@lru_cache(maxsize=1024)
def planned_days(when: DoseTimes, weekday: int = 0) -> tuple[float, ...]:
    """Return the days of a line's doses, ascending, for a patient whose day 0 is that day of the week (0 = Monday).

    At most MOST_DOSES + 1; none where nothing ends them.

    >>> planned_days(DoseTimes(every=2.0, until=5.0)), planned_days(DoseTimes(at=(0.0, 0.5)))
    ((0.0, 2.0, 4.0), (0.0, 0.5))
    """
    if when.at:
        return when.at
    if not has_end(when):
        return ()
    found = (at for at in islice(repeated_days(when), MOST_TRIED) if is_on(when.days, at, weekday))
    return tuple(islice(found, MOST_DOSES + 1 if when.times is None else when.times))


def repeated_days(when: DoseTimes) -> Iterator[float]:
    """Yield the days of doses before `until`, whatever the day of the week."""
    end = None if when.until is None else when.until - JUST_BEFORE
    assert when.every is not None and when.every > 0
    for first, length in stretches(when):
        for k in count():
            at = first + k * when.every
            if length is not None and k * when.every >= length - JUST_BEFORE:
                break
            if end is not None and at >= end:
                return
            yield at


def stretches(when: DoseTimes) -> Iterator[tuple[float, float | None]]:
    """Yield where each stretch of doses begins and how long it is: one without an end where there are no cycles."""
    cycle = when.cycle
    if cycle is None:
        yield when.start, None
        return
    for number in count() if cycle.times is None else range(cycle.times):
        begin = when.start + number * cycle.length
        if cycle.on_for is not None:
            yield begin, cycle.on_for
        for day in cycle.on_days:
            yield begin + (day - 1), 1.0


def has_end(when: DoseTimes) -> bool:
    """Return whether doses are repeated at an interval and something ends them."""
    cycles = when.cycle.times if when.cycle else None
    ended = when.until is not None or when.times is not None or cycles is not None
    return when.every is not None and when.every > 0 and ended and (when.cycle is None or when.cycle.length > 0)


def is_on(days: tuple[str, ...], at: float, weekday: int) -> bool:
    """Return whether a time is on one of the days of the week, day 0 being the given one."""
    return not days or WEEKDAYS[(weekday + round(at * SECONDS) // SECONDS) % 7] in days


def weekdays_of(when: DoseTimes) -> tuple[int, ...]:
    """Return the days of the week that day 0 may be: one, or Monday to Friday where each patient's is drawn.

    >>> weekdays_of(DoseTimes(days=("mon",))), weekdays_of(DoseTimes(days=("mon",), day_0="wed"))
    ((0, 1, 2, 3, 4), (2,))
    """
    if not when.days:
        return (0,)
    return tuple(range(WORKING_DAYS)) if when.day_0 == DRAWN else (WEEKDAYS.index(when.day_0),)


def is_planned_at(when: DoseTimes, at: float) -> bool:
    """Return whether every patient has a dose planned at that day, to the second."""
    second = round(at * SECONDS)
    return all(
        any(round(day * SECONDS) == second for day in planned_days(when, weekday)) for weekday in weekdays_of(when)
    )
