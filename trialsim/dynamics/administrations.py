"""Administrations of one lane: taken at their time, arriving after their lag, under way until they end."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialsim.dynamics.arrays import (
    AMOUNT,
    BEGIN,
    DELAYED,
    DORMANT,
    DOSES_TOLD,
    DUE,
    DURATION,
    END,
    IDLE,
    INFLOW,
    INTERVAL,
    INTO,
    IS_DORMANT,
    IS_ON,
    LAG,
    LASTS,
    LEDGER,
    LEDGER_END,
    LINES,
    NUMBER,
    OF_LINE,
    ON,
    OVERRIDE,
    OWN_NUMBER,
    OWN_PACE,
    PACE,
    PACED,
    RATE,
    SHARE,
    SHIFT,
    SIZE,
    START,
    STOPPED,
    TIME,
    UNDER_WAY,
)
from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.doses import PUMP

OK, BAD_DOSE, TOO_EARLY, TOO_MANY = 0, 4, 6, 10
PUMPED = -2  # the line of what runs in until it is changed


@kernel
def planned(i: int, g: Any, b: Any, lane: int) -> int:
    """Return a status, having put the rows of each line of a patient in order and all lines at their beginning."""
    b.counts[lane, UNDER_WAY] = 0
    first = g.starts[i, LINES]
    for n in range(g.n_lines):
        line = b.line[lane, n]
        line[DUE], line[SHIFT], line[OVERRIDE] = 0.0, 0.0, np.nan
        line[IDLE] = DORMANT if g.setting[n, IS_DORMANT] else ON
        lo, hi = g.starts[i, LINES + n], g.starts[i, LINES + n + 1]
        for row in range(lo, hi):
            dose = g.dose[row]
            sound = 0.0 <= dose[DURATION] < np.inf and 0.0 <= dose[RATE] < np.inf and 0.0 <= dose[INTERVAL] < np.inf
            if not (sound and -np.inf < dose[TIME] < np.inf and -np.inf < dose[AMOUNT] < np.inf):
                return BAD_DOSE
            if dose[TIME] < g.person[i, BEGIN] and line[IDLE] == ON:
                return TOO_EARLY
            j = row - first
            while j > lo - first and g.dose[b.order[lane, j - 1], TIME] > dose[TIME]:
                b.order[lane, j] = b.order[lane, j - 1]
                j -= 1
            b.order[lane, j] = row
    return OK


@kernel
def next_row(i: int, n: int, g: Any, b: Any, lane: int) -> int:
    """Return the row of the next dose of a line; -1 if there is none."""
    at = g.starts[i, LINES + n] + int(b.line[lane, n, DUE])
    if b.line[lane, n, IDLE] >= STOPPED or at >= g.starts[i, LINES + n + 1]:
        return -1
    return int(b.order[lane, at - g.starts[i, LINES]])


@kernel
def due_time(i: int, n: int, g: Any, b: Any, lane: int) -> float:
    """Return when the next dose of a line is due; infinite if none is."""
    row = next_row(i, n, g, b, lane)
    return float(g.dose[row, TIME] + b.line[lane, n, SHIFT]) if row >= 0 else np.inf


@kernel
def next_administration(i: int, g: Any, b: Any, lane: int) -> float:
    """Return the next time at which a dose is due, arrives or ends."""
    t_next = np.inf
    for n in range(g.n_lines):
        t_next = min(t_next, due_time(i, n, g, b, lane))
    for k in range(b.counts[lane, UNDER_WAY]):
        t_next = min(t_next, b.way[lane, k, END] if b.way[lane, k, IS_ON] != 0.0 else b.way[lane, k, START])
    return t_next


@kernel
def infusion(amount: float, duration: float, rate: float, share: float) -> tuple[float, float, float]:
    """Return what enters, for how long and at which rate; a bolus takes no time and has no rate."""
    size = amount * share
    if rate > 0.0:
        return size, size / rate, rate
    if duration > 0.0:
        return size, duration, size / duration
    return size, 0.0, 0.0


@kernel
def timed(inlet: int, duration: float, rate: float, modelled: Any, terms: Any) -> tuple[bool, float, float]:
    """Return whether duration and rate are sound, and what they are: those of the inlet if the dose says neither."""
    if duration == 0.0 and rate == 0.0 and modelled[inlet] != 0:
        duration, rate = terms[LASTS, inlet], terms[PACED, inlet]
        known = duration if modelled[inlet] == 1 else rate
        return 0.0 < known < np.inf, duration, rate
    return True, duration, rate


@kernel
def taken(
    i: int, t: float, n: int, inlet: int, amount: float, duration: float, rate: float, kind: float, modelled: Any,
    g: Any, o: Any, b: Any, lane: int,
) -> int:
    """Return a status, having put a dose that is taken now among those under way and into the ledger."""
    terms = b.terms[lane]
    lag, share = terms[LAG, inlet], terms[SHARE, inlet]
    if kind == PUMP:
        return int(pumped(i, t, inlet, rate, share, lag, g, o, b, lane))
    sound, duration, rate = timed(inlet, duration, rate, modelled, terms)
    size, lasts, inflow = infusion(amount, duration, rate, share)
    if not (sound and 0.0 <= lag < np.inf and 0.0 <= share < np.inf and -np.inf < size < np.inf and lasts < np.inf):
        return BAD_DOSE
    if inflow > 0.0 and size < 0.0:
        return BAD_DOSE
    tell_dose(i, t, n, inlet, amount, duration, rate, kind, g, o)
    return put(t + lag, lasts, inflow, size, lag, inlet, n, b, lane)


@kernel
def tell_dose(
    i: int, t: float, n: int, inlet: int, amount: float, duration: float, rate: float, kind: float, g: Any, o: Any
) -> None:
    """Write a dose into the ledger."""
    told = o.counts[i, DOSES_TOLD]
    if g.starts[i, LEDGER] + told < g.starts[i, LEDGER_END]:
        row = o.ledger[1, g.starts[i, LEDGER] + told]
        row[0], row[1], row[2], row[3], row[4], row[5], row[6] = t, n, inlet, amount, duration, rate, kind
    o.counts[i, DOSES_TOLD] = told + 1


@kernel
def pumped(
    i: int, t: float, inlet: int, rate: float, share: float, lag: float, g: Any, o: Any, b: Any, lane: int
) -> int:
    """Return a status, having set what runs in through an inlet until it is changed: of its rate the share that enters.
    """
    enters = rate * share
    if not (0.0 <= rate < np.inf and 0.0 <= lag < np.inf and 0.0 <= enters < np.inf):
        return BAD_DOSE
    tell_dose(i, t, PUMPED, inlet, 0.0, 0.0, rate, PUMP, g, o)
    for k in range(b.counts[lane, UNDER_WAY]):
        way = b.way[lane, k]
        if way[OF_LINE] == PUMPED and way[INTO] == inlet:
            if way[INFLOW] == enters and way[END] == np.inf:
                return OK
            way[END] = max(way[START], min(way[END], t + lag))
    return put(t + lag, np.inf, enters, 0.0, lag, inlet, PUMPED, b, lane) if enters > 0.0 else OK


@kernel
def put(
    start: float, lasts: float, inflow: float, size: float, lag: float, inlet: int, n: int, b: Any, lane: int
) -> int:
    """Return a status, having put an administration among those under way."""
    k = b.counts[lane, UNDER_WAY]
    if k == b.way.shape[1]:
        return TOO_MANY
    way = b.way[lane, k]
    way[START], way[END], way[INFLOW], way[SIZE] = start, start + lasts, inflow, size
    way[DELAYED], way[INTO], way[OF_LINE], way[IS_ON] = lag, inlet, n, 0.0
    way[OWN_NUMBER], way[OWN_PACE] = b.terms[lane, NUMBER, inlet], b.terms[lane, PACE, inlet]
    b.counts[lane, UNDER_WAY] = k + 1
    return OK


@kernel
def stopped(moment: float, n: int, b: Any, lane: int) -> None:
    """Take no more of a line (-1: of any that is not dormant).

    What was taken before still arrives; what is being infused then ends, after its lag.
    """
    for k in range(b.counts[lane, UNDER_WAY]):
        way = b.way[lane, k]
        if way[INFLOW] != 0.0 and (n < 0 or way[OF_LINE] == n):
            way[END] = max(way[START], min(way[END], moment + way[DELAYED]))
    for each in range(b.line.shape[1]):
        if each == n or (n < 0 and b.line[lane, each, IDLE] != DORMANT):
            b.line[lane, each, IDLE] = STOPPED


@kernel
def lingering(
    t: float, inlet: int, n: int, size: float, lasts: float, inflow: float, lag: float, interval: float, b: Any,
    lane: int,
) -> int:
    """Return a status, having put under way what earlier doses of a steady state still have to bring at time t."""
    most = int(np.floor((lag + lasts) / interval)) + 1
    if most > b.way.shape[1]:
        return TOO_MANY
    for back in range(most, 0, -1):
        start = t + lag - back * interval
        # A bolus that arrives at this very instant is the last of the steady state: it is still to come.
        if start >= t or start + lasts > t:
            status = put(start, lasts, inflow, size, lag, inlet, n, b, lane)
            if status != OK:
                return int(status)
    return OK


@kernel
def repeated_dose(lag: float, lasts: float, inflow: float, interval: float) -> tuple[float, float, float]:
    """Return when in its interval a dose taken every interval arrives, when the rest of it ends, how many run always.

    Of an infusion longer than the interval one runs for each whole interval it lasts, and another for the rest, which
    may go on over the interval's end: then it ends before it arrives. A bolus ends as it arrives.
    """
    phase = lag - np.floor(lag / interval) * interval
    whole = np.floor(lasts / interval)
    ends = phase + (lasts - whole * interval if inflow > 0.0 else 0.0)
    return phase, (ends - interval if ends > interval else ends), whole


@kernel
def runs_besides(moment: float, phase: float, ends: float) -> bool:
    """Return whether the rest of a repeated infusion runs at a moment of the interval."""
    return phase <= moment < ends if phase <= ends else (moment < ends or moment >= phase)
