"""What doses do to slopes: more inlets, and more administrations through them.

A bolus of size F A that arrives at d + L lets the states jump from y- to y+ = y- + F A e. Differentiating the states
after the jump, at a time that itself moves with the parameter, gives for their slopes (Galán, Feehery & Barton 1999,
Applied Numerical Mathematics 31, 17)

    S+ = S- + A F' e - (f(y+) - f(y-)) L'

Where what enters acts linearly, as in a depot, f(y+) - f(y-) = F A df/dy e does not depend on the state, and is the
size of a further bolus; otherwise the dose itself takes L' f along, and slopes change by what that loses. An infusion
of the size F A over D is a rate that rises at d + L and falls at d + L + D: S' gains A F' / D on the way, and S jumps
by -F A / D L' and back. Where the model says D, the rate r = F A / D moves with it: S' gains A (F' - F D' / D) / D, and
S jumps by -r L' at the start and by r (L' + D') at the end.
Where the model or the administration says the rate r, D = F A / r: S' gains r' on the way, and S jumps by -r L' at the
start and by r (L' + D') at the end, D' = A (F' - F r' / r) / r. What ends then depends on the amount, which is a
parameter of the patient here. What comes through a chain is no jump: see `sensitivity_chains`.

A share cannot be negative: a jump of unknown sign is two inlets, one for what is above zero and one for what is below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.doses import DOSE, STEADY, STEADY_ADDED, STEADY_WITH, Schedule
from trialsim.dynamics.given import most_doses
from trialsim.dynamics.model import Inlet
from trialsim.dynamics.sensitivity_chains import Chain, sound_share
from trialsim.dynamics.tape import Tape
from trialsim.foundation.errors import TrialsimError

# What a further administration is: the dose itself; a bolus beside a bolus (by a door that takes time: an infusion);
# an infusion beside an infusion, or a bolus where it starts or ends, of the size that enters in a unit of time; or one
# unit beside what enters at a rate.
Form = Literal["dose", "bolus", "infusion", "start", "end", "unit"]

TINY = 1e-300  # a time that is none, but by which one may divide


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
    rate: int | None  # where the model says at which rate it enters
    rate_slopes: tuple[int, ...]
    chain: Chain | None  # if it comes through a chain
    column: Mapping[int, int]  # how each state's rate answers to what has entered
    answering: Mapping[int, int]  # the rates that answer to what has entered, be it by a condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An inlet of the augmented model: into state n, or (n, k): into the slope of state n by parameter k."""

    inlet: Inlet
    into: int | tuple[int, int]
    lag: int
    share: int
    takes_time: bool = False  # as the inlet of the original says; otherwise what comes by this door comes at once,
    duration: int | None = None  # or over this time
    chain: Chain | None = None
    doses: int = 0  # how many a patient takes at most through the chain
    shifts: Mapping[tuple[int, int], int] = field(default_factory=dict)  # what slopes lose by what enters


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One administration made of another: by which door, in which form, and with which sign."""

    door: int
    form: Form = "dose"
    sign: float = 1.0
    which: int = -1  # of what enters at a rate: this one of the patient's amounts and rates


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paced:
    """What enters through one inlet at a rate: of each row of the schedule which of its patient's (-1: it does not).

    `amounts` and `rates` [patients, most] are what they are; a rate of 0 is the model's. Both are parameters, named.
    """

    which: NDArray[np.int64]
    amounts: NDArray[np.float64]
    rates: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Doors:
    """All doors, and for each inlet of the original model the administrations that one through it becomes.

    `known` are parameters that the amounts and rates of the schedule are, each with its values [patients].
    """

    n_parameters: int
    doors: list[Door] = field(default_factory=list)
    copies: list[list[Copy]] = field(default_factory=list)
    paced: list[NDArray[np.int64]] = field(default_factory=list)
    known: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def parameter(self, tape: Tape, name: str, values: NDArray[np.float64]) -> int:
        """Return the position of a new parameter with these values."""
        self.known[name] = values
        return tape.node("parameter", self.n_parameters + len(self.known) - 1)


def no_gradient(why: str) -> TrialsimError:
    """Return the refusal of a course whose slopes cannot be followed."""
    return TrialsimError(slug="fit-needs-gradient", message="a fit cannot follow the slopes of this course",
                         notes=(why,))


def doors_of(tape: Tape, entries: Sequence[Entry | None], schedule: Schedule, n_parameters: int) -> Doors:
    """Return the doors that the administrations of a schedule need; None stands for an inlet that does not matter."""
    found = Doors(n_parameters)
    for j, entry in enumerate(entries):
        found.copies.append([])
        found.paced.append(np.full(schedule.inlet.size, -1, dtype=np.int64))
        mine = schedule.inlet == j
        if entry is None or not mine.any():
            continue
        if entry.chain is not None:
            entry = replace(entry, share=sound_share(tape, entry.chain))
        _add(tape, found, entry, entry.state, entry.share, "dose", takes_time=True, chain=entry.chain,
             doses=0 if schedule.has_steady_states else most_doses(schedule, j))
        terms = (entry.lag_slopes, entry.share_slopes, entry.duration_slopes, entry.rate_slopes)
        own = len(found.doors) - 1
        moving = [k for k, slopes in enumerate(zip(*terms, strict=True)) if any(tape.value(s) != 0.0 for s in slopes)]
        if moving:
            _check_form(entry.inlet, schedule, mine)
        if moving and entry.chain is None:
            _add_slopes(tape, found, entry, moving, schedule, j)
            if entry.duration is None:
                found.doors[own] = replace(found.doors[own], shifts=_shifts(tape, entry, moving))
    return found


def _check_form(inlet: Inlet, schedule: Schedule, mine: np.ndarray) -> None:
    """Refuse an estimated lag, share or duration of an administration whose past would move with its size."""
    if np.any(np.isin(schedule.column("kind")[mine], (STEADY, STEADY_ADDED, STEADY_WITH))):
        raise no_gradient("the lag, the bioavailability, the duration or the rate of "
                          f"{inlet.drug} {inlet.route} is estimated, and it starts at steady state")


def _add_slopes(
    tape: Tape, found: Doors, entry: Entry, moving: Sequence[int], schedule: Schedule, inlet: int
) -> None:
    """Add what enters the slopes by the parameters that move an inlet."""
    mine, infused = schedule.inlet == inlet, schedule.duration > 0.0
    at_a_rate = mine & ((schedule.column("rate") > 0.0) | ((entry.rate is not None) & ~infused))
    boluses, infusions = np.any(mine & ~at_a_rate & ~infused), np.any(mine & ~at_a_rate & infused)
    for k in moving:
        by_lag = tape.binary("*", entry.share, entry.lag_slopes[k])
        if boluses and entry.duration is None:
            _add_jumps(tape, found, entry, k, by_lag)
        elif boluses and entry.duration is not None:
            _add_modelled(tape, found, entry, k, entry.duration, by_lag)
        if infusions:
            _add(tape, found, entry, (entry.state, k), entry.share_slopes[k], "infusion")
            _add(tape, found, entry, (entry.state, k), tape.negative(by_lag), "start")
            _add(tape, found, entry, (entry.state, k), by_lag, "end")
    if at_a_rate.any():
        paced = paced_rows(schedule, at_a_rate)
        found.paced[inlet] = paced.which
        for j in range(paced.amounts.shape[1]):
            amount = found.parameter(tape, f"amount {j} by {inlet}", paced.amounts[:, j])
            rate, slopes = entry.rate, entry.rate_slopes
            if rate is None:
                rate = found.parameter(tape, f"rate {j} by {inlet}", paced.rates[:, j])
                slopes = (tape.number(0.0),) * len(slopes)
            for k in moving:
                _add_paced(tape, found, entry, k, j, (amount, rate, slopes[k]))


def paced_rows(schedule: Schedule, at_a_rate: NDArray[np.bool_]) -> Paced:
    """Return what enters at a rate: every patient's different amounts and rates, as many as the most have."""
    which = np.full(at_a_rate.size, -1, dtype=np.int64)
    own: list[dict[tuple[float, float], int]] = []
    rates = schedule.column("rate")
    bounds = schedule.offsets[:: schedule.n_lines]
    for first, last in zip(bounds[:-1], bounds[1:], strict=True):
        own.append({})
        for i in range(first, last):
            if at_a_rate[i]:
                which[i] = own[-1].setdefault((float(schedule.amount[i]), float(rates[i])), len(own[-1]))
    shape = (len(own), max(len(each) for each in own))
    amounts, paces = np.ones(shape), np.ones(shape)
    for i, each in enumerate(own):
        for (amount, rate), j in each.items():
            amounts[i, j], paces[i, j] = amount, rate
    return Paced(which=which, amounts=amounts, rates=paces)


def _add_paced(tape: Tape, found: Doors, entry: Entry, k: int, j: int, terms: tuple[int, int, int]) -> None:
    """Add the slopes of what enters at a rate: an inflow on the way, and jumps where it starts and ends."""
    amount, rate, by_rate = terms
    into = (entry.state, k)
    lasts = tape.binary("/", tape.binary("*", entry.share, amount), rate)
    lasts = tape.node("max", lasts, tape.number(TINY))
    by_lag = tape.binary("*", rate, entry.lag_slopes[k])
    thinned = tape.binary("-", entry.share_slopes[k], tape.binary("/", tape.binary("*", entry.share, by_rate), rate))
    _add(tape, found, entry, into, tape.binary("*", by_rate, lasts), "unit", duration=lasts, which=j)
    _add(tape, found, entry, into, tape.negative(by_lag), "unit", which=j)
    later = tape.binary("+", by_lag, tape.binary("*", amount, thinned))
    _add(tape, found, entry, into, later, "unit", lag=tape.binary("+", entry.lag, lasts), which=j)


def _add_jumps(tape: Tape, found: Doors, entry: Entry, k: int, by_lag: int) -> None:
    """Add the slopes of boluses."""
    jumps = {entry.state: entry.share_slopes[k]}
    for n, answer in entry.column.items() if _acts_linearly(tape, entry) and tape.value(by_lag) != 0.0 else ():
        jumps[n] = tape.binary("-", jumps.get(n, tape.number(0.0)), tape.binary("*", answer, by_lag))
    for n, jump in jumps.items():
        _add(tape, found, entry, (n, k), jump, "bolus")


def _acts_linearly(tape: Tape, entry: Entry) -> bool:
    """Return whether what has entered adds to rates in proportion, whatever is there."""
    return {*entry.answering} == {*entry.column} and not any(tape.depends[i] for i in entry.column.values())


def _shifts(tape: Tape, entry: Entry, moving: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return what slopes lose by a bolus whose lag is estimated, if it does not act linearly."""
    if _acts_linearly(tape, entry):
        return {}
    return {(n, k): tape.binary("*", entry.lag_slopes[k], rate) for k in moving for n, rate in entry.answering.items()
            if tape.value(entry.lag_slopes[k]) != 0.0}


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
    takes_time: bool = False, lag: int | None = None, duration: int | None = None, chain: Chain | None = None,
    which: int = -1, doses: int = 0,
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
            found.copies[-1].append(Copy(door=len(found.doors), form=form, sign=sign, which=which))
            found.doors.append(Door(inlet=entry.inlet, into=into, lag=entry.lag if lag is None else lag, share=part,
                                    takes_time=takes_time, duration=duration, chain=chain, doses=doses))


def sensitive_schedule(schedule: Schedule, doors: Doors) -> Schedule:
    """Return the schedule with every administration followed by what it does to slopes, ascending in time."""
    columns: dict[str, list[float]] = {name: [] for name in ("time", "inlet", "amount", "duration", "rate", "kind",
                                                             "interval")}
    offsets = [0]
    for first, last in zip(schedule.offsets[:-1], schedule.offsets[1:], strict=True):
        rows = [row for i in range(first, last) for copy in doors.copies[schedule.inlet[i]]
                if (row := _row(schedule, i, copy, int(doors.paced[schedule.inlet[i]][i]))) is not None]
        for row in sorted(rows, key=lambda row: row["time"]):
            for name, value in row.items():
                columns[name].append(value)
        offsets.append(len(columns["time"]))
    # The schedule turns each into its own kind of array.
    arrays: dict[str, Any] = {name: np.array(values, dtype=float) for name, values in columns.items()}
    return Schedule(offsets=np.array(offsets), n_lines=schedule.n_lines, dormant=schedule.dormant, **arrays)


def _row(schedule: Schedule, i: int, copy: Copy, paced: int) -> dict[str, float] | None:
    """Return one copy of an administration, or None if it is not of that form."""
    assert schedule.rate is not None and schedule.kind is not None and schedule.interval is not None
    time, amount, duration = (float(column[i]) for column in (schedule.time, schedule.amount, schedule.duration))
    if copy.form == "dose":
        return {"time": time, "inlet": copy.door, "amount": amount, "duration": duration, "rate": schedule.rate[i],
                "kind": schedule.kind[i], "interval": schedule.interval[i]}
    if copy.which != paced or (copy.form == "unit") != (paced >= 0):
        return None
    if copy.form != "unit" and (copy.form == "bolus") != (duration == 0.0):
        return None
    sizes = {"bolus": amount, "infusion": amount, "unit": 1.0}
    size = copy.sign * (sizes[copy.form] if copy.form in sizes else amount / duration)
    return {"time": time + duration if copy.form == "end" else time, "inlet": copy.door, "amount": size,
            "duration": duration if copy.form == "infusion" else 0.0, "rate": 0.0, "kind": DOSE, "interval": 0.0}
