"""What doses do to slopes: more inlets, and more administrations through them.

A bolus of size F A that arrives at d + L lets the states jump from y- to y+ = y- + F A e. Differentiating the states
after the jump, at a time that itself moves with the parameter, gives for their slopes (Galán, Feehery & Barton 1999,
Applied Numerical Mathematics 31, 17)

    S+ = S- + A F' e - (f(y+) - f(y-)) L'

An inlet's terms see parameters alone, so that L' may be other than zero only where f(y+) - f(y-) = F A df/dy e does
not depend on the state: where what enters acts linearly, as in a depot. An infusion of the size F A over D is a rate
that rises at d + L and falls at d + L + D: S' gains A F' / D on the way, and S jumps by -F A / D L' and back. Where
the model says D, the rate r = F A / D moves with it: S' gains A (F' - F D' / D) / D, and S jumps by -r L' at the start
and by r (L' + D') at the end.

What comes through a chain of n compartments enters at the rate F A g(n, k), of which (see `chain`)

    dg/dk = (n + 1) / k (g(n, k) - g(n + 1, k))

and dg/dn is a central difference of chains a thousandth of a compartment longer and shorter, right to some 1e-7. Slopes
obey a linear equation, so that how the states respond to each of these four chains is followed once, and the slope by a
parameter is a sum of responses, and of what it does otherwise. A lag that is estimated is refused there.

A share cannot be negative: a jump of unknown sign is two inlets, one for what is above zero and one for what is below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from trialsim.dynamics.doses import DOSE, STEADY, STEADY_ADDED, Schedule
from trialsim.dynamics.model import Inlet
from trialsim.dynamics.tape import Tape
from trialsim.foundation.errors import TrialsimError

# What a further administration is: the dose itself; a bolus beside a bolus (by a door that takes time: an infusion);
# an infusion beside an infusion, or a bolus where it starts or ends, of the size that enters in a unit of time.
Form = Literal["dose", "bolus", "infusion", "start", "end"]

APART = 1e-3  # compartments between a chain and those whose difference is its slope by their number


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where an inlet of the original model enters, and its terms with their slopes by each parameter."""

    inlet: Inlet
    state: int
    lag: int
    share: int
    lag_slopes: tuple[int, ...]
    share_slopes: tuple[int, ...]
    duration: int | None  # where the model says how long an administration takes
    duration_slopes: tuple[int, ...]
    chain: tuple[int, int] | None  # number and rate constant, if an administration comes through a chain
    chain_slopes: tuple[tuple[int, int], ...]
    column: Mapping[int, int]  # how each state's rate answers to what has entered


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An inlet of the augmented model: into state n, or (n, k): into the slope of state n by parameter k.

    Beyond the parameters, k counts responses.
    """

    inlet: Inlet
    into: int | tuple[int, int]
    lag: int
    share: int
    takes_time: bool  # as the inlet of the original says; otherwise what comes by this door comes at once
    chain: tuple[int, int] | None  # number and rate constant of a chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One administration made of another: by which door, in which form, and with which sign."""

    door: int
    form: Form = "dose"
    sign: float = 1.0


@dataclass(frozen=True, slots=True)
class Doors:
    """All doors, and for each inlet of the original model the administrations that one through it becomes.

    A response is what parameters k make of it: slopes by k have so much of it.
    """

    doors: list[Door] = field(default_factory=list)
    copies: list[list[Copy]] = field(default_factory=list)
    responses: list[dict[int, int]] = field(default_factory=list)


def no_gradient(why: str) -> TrialsimError:
    """Return the refusal of a course whose slopes cannot be followed."""
    return TrialsimError(slug="fit-needs-gradient", message="a fit cannot follow the slopes of this course",
                         notes=(why,))


def doors_of(tape: Tape, entries: Sequence[Entry | None], schedule: Schedule) -> Doors:
    """Return the doors that the administrations of a schedule need; None stands for an inlet that does not matter."""
    found = Doors()
    for j, entry in enumerate(entries):
        found.copies.append([])
        mine = schedule.inlet == j
        if entry is None or not mine.any():
            continue
        _add(tape, found, entry, entry.state, entry.share, "dose", takes_time=True, chain=entry.chain)
        terms = (entry.lag_slopes, entry.share_slopes, entry.duration_slopes, *zip(*entry.chain_slopes, strict=True))
        moving = [k for k, slopes in enumerate(zip(*terms, strict=True)) if any(tape.value(s) != 0.0 for s in slopes)]
        if moving:
            _check_form(entry.inlet, schedule, mine)
        if entry.chain is not None:
            _add_chains(tape, found, entry, moving, entry.chain)
            continue
        for k in moving:
            _add_slopes(tape, found, entry, k, schedule.duration[mine])
    return found


def _check_form(inlet: Inlet, schedule: Schedule, mine: np.ndarray) -> None:
    """Refuse an estimated lag, share or duration of an administration whose end or past would move with its size."""
    what = f"the lag, the bioavailability or the duration of {inlet.drug} {inlet.route} is estimated, and it"
    if inlet.rate is not None:
        raise no_gradient(f"{what} enters at a modelled rate")
    assert schedule.rate is not None and schedule.kind is not None
    if np.any(schedule.rate[mine] != 0.0):
        raise no_gradient(f"{what} is infused at a given rate")
    if np.any(np.isin(schedule.kind[mine], (STEADY, STEADY_ADDED))):
        raise no_gradient(f"{what} starts at steady state")


def _add_slopes(tape: Tape, found: Doors, entry: Entry, k: int, duration: np.ndarray) -> None:
    """Add what enters the slopes by parameter k."""
    by_lag = tape.binary("*", entry.share, entry.lag_slopes[k])
    if np.any(duration == 0.0):
        if entry.duration is None:
            _add_jumps(tape, found, entry, k, by_lag)
        else:
            _add_modelled(tape, found, entry, k, entry.duration, by_lag)
    if np.any(duration > 0.0):
        _add(tape, found, entry, (entry.state, k), entry.share_slopes[k], "infusion")
        _add(tape, found, entry, (entry.state, k), tape.negative(by_lag), "start")
        _add(tape, found, entry, (entry.state, k), by_lag, "end")


def _add_jumps(tape: Tape, found: Doors, entry: Entry, k: int, by_lag: int) -> None:
    """Add the slopes of boluses."""
    jumps = {entry.state: entry.share_slopes[k]}
    for n, answer in entry.column.items() if tape.value(by_lag) != 0.0 else ():
        if tape.depends[answer]:
            raise no_gradient(f"the lag of {entry.inlet.drug} {entry.inlet.route} is estimated, and "
                              f"{entry.inlet.state}, which it enters, does not act linearly")
        jumps[n] = tape.binary("-", jumps.get(n, tape.number(0.0)), tape.binary("*", answer, by_lag))
    for n, jump in jumps.items():
        _add(tape, found, entry, (n, k), jump, "bolus")


def _add_chains(tape: Tape, found: Doors, entry: Entry, moving: Sequence[int], chain: tuple[int, int]) -> None:
    """Add the responses to what comes through a chain, and to chains near it."""
    number, pace = chain
    longer = tape.binary("+", number, tape.number(1.0))
    high = tape.binary("+", number, tape.number(APART))
    low = tape.node("max", tape.binary("-", number, tape.number(APART)), tape.number(0.0))
    parts: list[dict[int, int]] = [{}, {}, {}, {}]
    for k in moving:
        if tape.value(entry.lag_slopes[k]) != 0.0:
            name = f"{entry.inlet.drug} {entry.inlet.route}"
            raise no_gradient(f"the lag of {name} is estimated, and it enters by a chain")
        by_number, by_pace = entry.chain_slopes[k]
        faster = tape.binary("*", entry.share, tape.binary("/", tape.binary("*", by_pace, longer), pace))
        steep = tape.binary("/", tape.binary("*", entry.share, by_number), tape.binary("-", high, low))
        values = (tape.binary("+", entry.share_slopes[k], faster), tape.negative(faster), steep, tape.negative(steep))
        for part, value in zip(parts, values, strict=True):
            if tape.value(value) != 0.0:
                part[k] = value
    near = ((number, pace), (longer, pace), (high, pace), (low, pace))
    for part, its_chain in zip(parts, near, strict=True):
        if part:
            into = (entry.state, len(entry.lag_slopes) + len(found.responses))
            _add(tape, found, entry, into, tape.number(1.0), "bolus", chain=its_chain)
            found.responses.append(part)


def _add_modelled(tape: Tape, found: Doors, entry: Entry, k: int, duration: int, by_lag: int) -> None:
    """Add the slopes of what the model infuses: a further infusion, and a bolus at either end."""
    into = (entry.state, k)
    by_duration = tape.binary("*", entry.share, entry.duration_slopes[k])
    thinned = tape.binary("-", entry.share_slopes[k], tape.binary("/", by_duration, duration))
    _add(tape, found, entry, into, thinned, "bolus", takes_time=True)
    _add(tape, found, entry, into, tape.negative(tape.binary("/", by_lag, duration)), "bolus")
    later = tape.binary("/", tape.binary("+", by_lag, by_duration), duration)
    _add(tape, found, entry, into, later, "bolus", lag=tape.binary("+", entry.lag, duration))


def _add(
    tape: Tape, found: Doors, entry: Entry, into: int | tuple[int, int], size: int, form: Form, *,
    takes_time: bool = False, lag: int | None = None, chain: tuple[int, int] | None = None,
) -> None:
    """Add the door for a size of either sign, or the two doors."""
    zero = tape.number(0.0)
    for sign in (1.0, -1.0):
        if form == "dose":
            part, needed = size, sign > 0.0
        else:
            signed = size if sign > 0.0 else tape.negative(size)
            value = tape.value(signed)
            part, needed = signed if value is not None else tape.node("max", signed, zero), value is None or value > 0.0
        if needed:
            found.copies[-1].append(Copy(door=len(found.doors), form=form, sign=sign))
            found.doors.append(Door(inlet=entry.inlet, into=into, lag=entry.lag if lag is None else lag, share=part,
                                    takes_time=takes_time, chain=chain))


def sensitive_schedule(schedule: Schedule, copies: Sequence[Sequence[Copy]]) -> Schedule:
    """Return the schedule with every administration followed by what it does to slopes, ascending in time."""
    columns: dict[str, list[float]] = {name: [] for name in ("time", "inlet", "amount", "duration", "rate", "kind",
                                                             "interval")}
    offsets = [0]
    for first, last in zip(schedule.offsets[:-1], schedule.offsets[1:], strict=True):
        rows = [row for i in range(first, last) for copy in copies[schedule.inlet[i]]
                if (row := _row(schedule, i, copy)) is not None]
        for row in sorted(rows, key=lambda row: row["time"]):
            for name, value in row.items():
                columns[name].append(value)
        offsets.append(len(columns["time"]))
    # The schedule turns each into its own kind of array.
    arrays: dict[str, Any] = {name: np.array(values, dtype=float) for name, values in columns.items()}
    return Schedule(offsets=np.array(offsets), n_lines=schedule.n_lines, dormant=schedule.dormant, **arrays)


def _row(schedule: Schedule, i: int, copy: Copy) -> dict[str, float] | None:
    """Return one copy of an administration, or None if it is not of that form."""
    assert schedule.rate is not None and schedule.kind is not None and schedule.interval is not None
    time, amount, duration = (float(column[i]) for column in (schedule.time, schedule.amount, schedule.duration))
    if copy.form == "dose":
        return {"time": time, "inlet": copy.door, "amount": amount, "duration": duration, "rate": schedule.rate[i],
                "kind": schedule.kind[i], "interval": schedule.interval[i]}
    if (copy.form == "bolus") != (duration == 0.0):
        return None
    size = copy.sign * (amount / duration if copy.form in ("start", "end") else amount)
    return {"time": time + duration if copy.form == "end" else time, "inlet": copy.door, "amount": size,
            "duration": duration if copy.form == "infusion" else 0.0, "rate": 0.0, "kind": DOSE, "interval": 0.0}
