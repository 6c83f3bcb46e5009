"""Dosing and adherence in words: how much of what, when, and what patients make of it."""

from __future__ import annotations

from trialsim.protocol.dosing_model import (
    DRAWN,
    Adherence,
    BandedAmount,
    CategoryAmount,
    Cycle,
    DoseAmount,
    DoseTimes,
    Dosing,
    FormulaAmount,
    PlainAmount,
)
from trialsim.protocol.dosing_times import planned_days, weekdays_of
from trialsim.protocol.times import rate_text
from trialsim.report.numbers import listed, share
from trialsim.report.times import duration_words, moment_words
from trialsim.report.words import spaced

SURFACES = {"bsa": "", "mosteller": " (surface by Mosteller)", "dubois": " (surface by Du Bois)"}


def dose_days(line: Dosing) -> list[float]:
    """Return the days of a line's administrations, whichever day of the week day 0 is."""
    return sorted({day for weekday in weekdays_of(line.when) for day in planned_days(line.when, weekday)})


def dosing_words(line: Dosing) -> str:
    """Return `bempedoic acid 40 mg oral every day until week 12`."""
    words = f"{spaced(line.drug)} {amount_words(line.amount)}{limit_words(line)} {spaced(line.route)}"
    if line.infusion:
        words += f" over {duration_words(line.infusion)}"
    words += f" at {line.rate.written}" if line.rate is not None else ""
    words += SURFACES[line.surface] if line.surface is not None else ""
    words += f" {times_words(line.when)}"
    return words + (", at steady state from the first dose" if line.is_steady else "")


def amount_words(amount: DoseAmount) -> str:
    match amount:
        case PlainAmount():
            return str(amount.written)
        case BandedAmount():
            parts = [f"{each.written} below {limit}" for limit, each in zip(amount.below, amount.amounts, strict=False)]
            return f"{', '.join(parts)}, else {amount.amounts[-1].written} (by {spaced(amount.by)})"
        case CategoryAmount():
            return listed([f"{each.written} if {spaced(amount.by)} is {spaced(name)}" for name, each in amount.amounts])
        case FormulaAmount():
            return amount.text


def limit_words(line: Dosing) -> str:
    words = f", at least {line.at_least}" if line.at_least is not None else ""
    words += f", at most {line.at_most}" if line.at_most is not None else ""
    if line.strengths is not None:
        how = {"nearest": "to the nearest sum", "down": "down to a sum", "up": "up to a sum"}[line.strengths.rounded]
        words += f", rounded {how} of {listed([str(each) for each in line.strengths.available])}"
    return f"{words}," if words else ""


def times_words(when: DoseTimes) -> str:
    if when.at:
        start = f"from {moment_words(when.at[0])} " if when.at[0] and len(when.at) == 1 else ""
        return f"{start}once" if len(when.at) == 1 else f"at {listed([moment_words(at) for at in when.at])}"
    assert when.every is not None
    words = f"from {moment_words(when.start)} " if when.start else ""
    words += f"every {duration_words(when.every).removeprefix('1 ')}"
    if when.days:
        drawn = "a working day of each patient's own" if when.day_0 == DRAWN else when.day_0
        words += f" on {listed(list(when.days))} (day 0 is {drawn})"
    words += f" {cycle_words(when.cycle)}" if when.cycle is not None else ""
    words += f", {when.times} doses" if when.times is not None else ""
    return words + (f" until {moment_words(when.until)}" if when.until is not None else "")


def cycle_words(cycle: Cycle) -> str:
    """Return `for 3 weeks of every 4 weeks, 6 times`."""
    days = [str(day) for day in cycle.on_days]
    on = f"for {duration_words(cycle.on_for)}" if cycle.on_for is not None else f"on days {listed(days)}"
    times = f", {cycle.times} times" if cycle.times is not None else ""
    return f"{on} of every {duration_words(cycle.length)}{times}"


def adherence_words(adherence: Adherence) -> list[tuple[str, str]]:
    """Return what patients make of planned doses: (what, value)."""
    spread = adherence.between_patients_sd
    varies = f", varying between patients with SD {spread:g} on the logit" if spread else ", everybody alike"
    told = [("Doses taken", f"{share(adherence.takes)}{varies}")]
    timing, holidays = adherence.timing, adherence.holidays
    if timing is not None and timing.kind == "normal":
        told.append(("Times of doses", f"around the planned time with an SD of {duration_words(timing.spread)}"))
    elif timing is not None:
        late = f"{duration_words(timing.location)} (median) after the planned time, CV {share(timing.spread)}"
        told.append(("Times of doses", late))
    if adherence.doubles:
        told.append(("Doses doubled", f"{share(adherence.doubles)} of those after a missed one"))
    if holidays is not None and holidays.rate:
        length = f"{duration_words(holidays.length)} long"
        length += f" (median, CV {share(holidays.cv)})" if holidays.cv else ""
        told.append(("Drug holidays", f"{rate_text(holidays.rate)}, {length}"))
    return told
