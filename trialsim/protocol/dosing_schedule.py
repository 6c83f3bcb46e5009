"""Times of doses: from what is written to the moments it means, and what cannot be meant."""

from __future__ import annotations

from trialsim.cohort.course_model import course_model, rates_change_with_time
from trialsim.cohort.model import Cohort
from trialsim.protocol.dosing_model import DRAWN, WEEKDAYS, Cycle, DoseTimes
from trialsim.protocol.dosing_times import MOST_DOSES, has_end, planned_days, weekdays_of
from trialsim.protocol.dosing_written import WrittenCycle, WrittenDosing
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.times import days, moment_text

REPEATING = ("start", "until", "for", "times", "cycle", "days", "day_0")
ONCE_A_DAY = 1.0
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def dose_times(line: WrittenDosing) -> DoseTimes:
    """Return when a line's doses are planned, defaults filled in; a faulty line may have none."""
    if line.at is not None:
        return DoseTimes(at=tuple(sorted(line.at)) if isinstance(line.at, tuple) else (line.at,))
    start = line.start or 0.0
    daily = ONCE_A_DAY if names_days(line) else None
    return DoseTimes(
        start=start,
        every=daily if line.every is None else days(line.every),
        until=line.until if line.length is None else start + days(line.length),
        times=line.times,
        cycle=None if line.cycle is None else cycle_times(line.cycle),
        days=tuple(day for day in WEEKDAYS if day in (line.days or ())),
        day_0=line.day_0 or DRAWN,
    )


def cycle_times(cycle: WrittenCycle) -> Cycle:
    return Cycle(
        length=days(cycle.length),
        on_for=None if cycle.on_for is None else days(cycle.on_for),
        on_days=tuple(sorted(cycle.on_days or ())),
        times=cycle.times,
    )


def names_days(line: WrittenDosing) -> bool:
    """Return whether a line says on which days doses are, so that once a day goes without saying."""
    return line.days is not None or (line.cycle is not None and line.cycle.on_days is not None)


def check_times(draft: Draft, path: Path, line: WrittenDosing) -> None:
    """Doses are at moments, or repeated from a start to an end, and there are some."""
    when = dose_times(line)
    first = when.at[0] if when.at else when.start
    if first < 0:
        where = (*path, "at" if when.at else "start")
        message = f"a dose at {moment_text(first)} is before randomisation, when nobody has an arm"
        draft.error(where, "dose-before-randomisation", message, "", ["doses of an arm start at day 0 or later"])
    if when.at:
        check_moments(draft, path, line)
    elif when.every is None:
        notes = ["write at: day 0, or every: 24 h and until: week 12"]
        draft.error(path, "dosing-times", "nothing says when doses are given", "", notes)
    elif when.every <= 0:
        notes = ["for one dose write at: day 0"]
        draft.error((*path, "every"), "dosing-times", "doses cannot be 0 time apart", "", notes)
    else:
        check_days(draft, path, line)
        if check_cycle(draft, path, line) and check_end(draft, path, line, when):
            check_number(draft, path, line, when)


def check_moments(draft: Draft, path: Path, line: WrittenDosing) -> None:
    """Moments are each said once, and nothing of repeated doses beside them."""
    given = {"start": line.start, "until": line.until, "for": line.length, "times": line.times, "cycle": line.cycle,
             "days": line.days, "day_0": line.day_0}  # fmt: skip
    for name in REPEATING:
        if given[name] is not None:
            message = f"'{name}' has no meaning beside 'at', which names every dose"
            draft.error((*path, name), "dosing-times", message, "", ["to repeat a dose write every and until"])
    for i, at in enumerate(line.at if isinstance(line.at, tuple) else ()):
        if isinstance(line.at, tuple) and at in line.at[:i]:
            draft.error((*path, "at", i), "said-twice", f"a dose at {moment_text(at)} is given twice")


def check_days(draft: Draft, path: Path, line: WrittenDosing) -> None:
    """Days of the week are each said once; day 0 has one only where days are named."""
    for i, day in enumerate(line.days or ()):
        if day in (line.days or ())[:i]:
            draft.error((*path, "days", i), "said-twice", f"'{day}' is given twice")
    if line.day_0 is not None and line.days is None:
        message = "which day of the week day 0 is changes nothing without 'days'"
        draft.error((*path, "day_0"), "needless-field", message, "", ["write days: [mon, wed, fri], or leave it out"])


def check_cycle(draft: Draft, path: Path, line: WrittenDosing) -> bool:
    """Return whether what is on fits into a cycle."""
    cycle = line.cycle
    if cycle is None:
        return True
    length, sound = days(cycle.length), True
    if cycle.on_for is not None and days(cycle.on_for) > length:
        message = f"{cycle.on_for} of doses do not fit into a cycle of {cycle.length}"
        draft.error((*path, "cycle", "on_for"), "bad-cycle", message, "", [f"at most {cycle.length}"])
        sound = False
    for i, day in enumerate(cycle.on_days or ()):
        where = (*path, "cycle", "on_days", i)
        if day - 1 >= length:
            message = f"a cycle of {cycle.length} has no day {day}"
            draft.error(where, "bad-cycle", message, "", ["the first day of a cycle is 1"])
            sound = False
        elif day in (cycle.on_days or ())[:i]:
            draft.error(where, "said-twice", f"day {day} is given twice")
            sound = False
    return sound


def check_end(draft: Draft, path: Path, line: WrittenDosing, when: DoseTimes) -> bool:
    """Return whether one thing ends the doses, after they start."""
    cycles = line.cycle.times if line.cycle else None
    ends = {"until": line.until, "for": line.length, "times": line.times}
    said = [name for name, value in ends.items() if value is not None]
    if cycles is not None and said:
        message = f"the number of cycles and '{said[0]}' both end the doses"
        where, also = (*path, "cycle", "times"), [((*path, said[0]), "")]
        draft.error(where, "dosing-times", message, "", ["leave one of them out"], also)
        return False
    if not has_end(when):
        notes = ["write until: week 12, for: 12 weeks, or times: 6"]
        draft.error(path, "dosing-times", "repeated doses need an end", "", notes)
        return False
    if when.until is not None and when.until <= when.start:
        where = (*path, "until" if line.until is not None else "for")
        message = f"no dose is given: they end at {moment_text(when.until)} and start at {moment_text(when.start)}"
        draft.error(where, "until-before-start", message, "", ["a dose at 'until' itself is not given"])
        return False
    return True


def check_number(draft: Draft, path: Path, line: WrittenDosing, when: DoseTimes) -> None:
    """There is at least one dose, whichever day of the week day 0 is, and not too many."""
    assert when.every is not None
    where = (*path, "every") if line.every is not None else path
    if when.until is not None and when.cycle is None and (when.until - when.start) / when.every > 7 * MOST_DOSES:
        draft.error(where, "too-many-doses", f"this is more than {MOST_DOSES} doses", "", [INSTEAD])
        return
    for weekday in weekdays_of(when):
        count = len(planned_days(when, weekday))
        if count > MOST_DOSES:
            draft.error(where, "too-many-doses", f"this is more than {MOST_DOSES} doses", "", [INSTEAD])
            return
        if count == 0 or (when.times is not None and count < when.times):
            drawn = f" if day 0 is a {WEEKDAY_NAMES[weekday]}" if when.days else ""
            message = f"no dose is given{drawn}" if count == 0 else f"there are never {when.times} doses{drawn}"
            notes = ["cycles and days of the week leave none"] if when.cycle and when.days else []
            draft.error((*path, "days") if when.days else path, "no-dose-left", message, "", notes)
            return


INSTEAD = "write a continuous infusion with over"


def check_steady(draft: Draft, path: Path, line: WrittenDosing) -> None:
    """A steady state is of one thing given every so often for ever."""
    if not line.steady_state:
        return
    where: Path = (*path, "steady_state")
    for name, value in (("at", line.at), ("cycle", line.cycle), ("days", line.days)):
        if value is not None:
            notes = ["write every: 24 h and an end, without cycle and days"]
            draft.error(where, "steady-state", f"there is no steady state of doses with '{name}'", "", notes)
            return
    if message := no_steady_state(draft.cohort):
        notes = ["let the doses run in: start them early enough before what is measured"]
        draft.error(where, "steady-state", message, "", notes)


def no_steady_state(cohort: Cohort) -> str:
    """Return why doses have no steady state in a cohort; empty if they have one."""
    if rates_change_with_time(course_model(cohort, (), (), 0.0, events=True)):
        return f"the rates of {cohort.id} change with time, so that there is no steady state"
    return ""


def check_steady_first(draft: Draft, arm: str) -> None:
    """The steady state replaces what is there, so that nothing may be there: its line is first in every way."""
    lines = draft.written.arms[arm].dosing
    starts = [min(when.at) if when.at else when.start for when in map(dose_times, lines)]
    for i, line in enumerate(lines):
        where: Path = ("arms", arm, "dosing", i, "steady_state")
        if not line.steady_state:
            continue
        earlier = [k for k, start in enumerate(starts) if start < starts[i]]
        if i > 0:
            message = "only the first line of an arm can begin at steady state: it replaces what is there"
            draft.error(where, "steady-state", message, "", ["write this line first"])
        elif earlier:
            message = f"the steady state at {moment_text(starts[0])} would replace what was given before it"
            also = [(("arms", arm, "dosing", earlier[0]), "given before")]
            draft.error(where, "steady-state", message, "", ["start no other line before this one"], also)
