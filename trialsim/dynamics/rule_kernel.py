"""Rules inside a course: signals are read, rules asked, and what they decide is done at once and told.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from math import sqrt
from typing import Any

import numpy as np

from trialsim.dynamics.administrations import PUMPED, due_time, next_row, stopped, taken
from trialsim.dynamics.arrays import (
    CHECK,
    DORMANT,
    DUE,
    ERROR,
    ERROR_ADDED,
    ERROR_SHARE,
    HELD,
    IDLE,
    KNOWN,
    LINES,
    ON,
    OVERRIDE,
    SHIFT,
    WHEN,
    WHICH,
)
from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.doses import PUMP
from trialsim.dynamics.empty_model import (
    ACTION_BRANCH,
    ACTION_INLET,
    ACTION_KIND,
    ACTION_LEAST,
    ACTION_LINES,
    ACTION_MOST,
    ACTION_STEP,
    ADDITIVE,
    BRANCH_RULE,
    IN_A_ROW,
    INTERVALS,
    LEVELS,
    LLOQ,
    MODELLED,
    N_FUNCTIONALS,
    N_HAZARDS,
    N_RULES,
    N_SIGNALS,
    N_TRIGGERS,
    ON_EVENTS,
    PROPORTIONAL,
    SPACING,
    START_LEVELS,
    action_duration,
    action_value,
    decisions,
    level_amount,
    remembered_starts,
    signal_values,
)
from trialsim.dynamics.lane_table import (
    ASKED,
    AT_C,
    AT_G,
    AT_P,
    AT_SLOPE,
    AT_T,
    AT_Y,
    AT_Z,
    BAD_DELAY,
    BAD_PARAMETERS,
    HOLDS,
    KEPT,
    LEVEL,
    N_COUNTS,
    N_NUMBERS,
    OPENED,
    READ,
    RUNS,
    SIGNAL,
    TOO_MANY_READINGS,
    TRUTH,
)
from trialsim.dynamics.watching import reading_luck, tell_decision, tell_event

# --- copied from here ---
STOP, HOLD, RESUME, LEVEL_UP, LEVEL_DOWN, LEVEL_TO, DELAY, SET_AMOUNT, INFUSE, GIVE, WAKE, LEAVE, NOTE = range(13)
NOTHING_KNOWN, NOTHING_DONE = -2, -1


@kernel
def rules_begin(b: Any, lane: int) -> None:
    """Put every rule at its beginning, with nothing read."""
    remembered_starts(b.number[lane, KEPT:SIGNAL])
    for r in range(N_RULES):
        b.number[lane, LEVEL + r] = START_LEVELS[r]
    for k in range(OPENED + N_FUNCTIONALS, N_COUNTS):
        b.counts[lane, k] = 0
    for k in range(N_SIGNALS):
        for j in range(b.seen.shape[2]):
            b.seen[lane, k, j, 0], b.seen[lane, k, j, 1] = np.nan, np.inf


@kernel
def next_reading(i: int, g: Any, b: Any, lane: int) -> float:
    """Return the next time at which a signal is read; infinite if there is none."""
    t_next, first = np.inf, LINES + g.n_lines + 1
    for k in range(N_SIGNALS):
        at = g.starts[i, first + k] + b.counts[lane, READ + k]
        if at < g.starts[i, first + k + 1]:
            t_next = min(t_next, g.later[at, WHEN])
    return t_next


@kernel
def next_check(i: int, g: Any, b: Any, lane: int) -> float:
    """Return the next time at which a rule is asked; infinite if there is none."""
    t_next, first = np.inf, LINES + g.n_lines + 1 + N_SIGNALS + 1
    for r in range(N_RULES):
        at = g.starts[i, first + r] + b.counts[lane, ASKED + r]
        if at < g.starts[i, first + r + 1]:
            t_next = min(t_next, g.later[at, WHEN])
    return t_next


@kernel
def readings(i: int, t: float, g: Any, b: Any, lane: int) -> int:
    """Return a status, having read every signal that is due; the true values are known.

    y = f + sqrt(a² + (b f)²) ε; below the limit of quantification half of it.
    """
    first, room = LINES + g.n_lines + 1, b.seen.shape[2]
    for k in range(N_SIGNALS):
        true = b.number[lane, TRUTH + k]
        while True:
            at = g.starts[i, first + k] + b.counts[lane, READ + k]
            if at == g.starts[i, first + k + 1] or g.later[at, WHEN] > t:
                break
            j = b.counts[lane, READ + k] % room
            if b.counts[lane, READ + k] >= room and b.seen[lane, k, j, 1] > t:
                return TOO_MANY_READINGS
            luck, added, share = g.later[at, ERROR], g.later[at, ERROR_ADDED], g.later[at, ERROR_SHARE] * true
            if luck != luck:
                luck = reading_luck(i, k, g.later[at, WHICH], g)
                added, share = ADDITIVE[k], PROPORTIONAL[k] * true
            value = true + sqrt(added * added + share * share) * luck
            b.seen[lane, k, j, 0] = 0.5 * LLOQ[k] if value < LLOQ[k] else value
            b.seen[lane, k, j, 1] = g.later[at, KNOWN]
            b.counts[lane, READ + k] += 1
    return 0


@kernel
def looked(i: int, g: Any, b: Any, w: Any, lane: int) -> int:
    """Return a status, having read the signals that are due and found the newest value known of each."""
    t, room = w[AT_T, lane], b.seen.shape[2]
    if next_reading(i, g, b, lane) <= t:
        signal_values(w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], t, t, w[AT_Y:AT_SLOPE, lane], w[AT_Z:AT_G, lane],
                      b.number[lane, TRUTH:N_NUMBERS])
        status = readings(i, t, g, b, lane)
        if status != 0:
            return int(status)
    for k in range(N_SIGNALS):
        b.number[lane, SIGNAL + k] = np.nan
        for back in range(1, min(room, b.counts[lane, READ + k]) + 1):
            j = (b.counts[lane, READ + k] - back) % room
            if b.seen[lane, k, j, 1] <= t:
                b.number[lane, SIGNAL + k] = b.seen[lane, k, j, 0] if INTERVALS[k] == 0 else slope(k, back, b, lane)
                break
    return 0


@kernel
def slope(k: int, back: int, b: Any, lane: int) -> float:
    """Return the least-squares slope of the readings of a signal, the last of them so far back; unknown if too few.

    sum (j - m/2) y_j / (d sum (j - m/2)²) of m + 1 readings that are d apart.
    """
    room, m = b.seen.shape[2], INTERVALS[k]
    if back + m > min(room, b.counts[lane, READ + k]):
        return np.nan
    above, below = 0.0, 0.0
    for n in range(m + 1):
        x = n - 0.5 * m
        above += x * b.seen[lane, k, (b.counts[lane, READ + k] - back - m + n) % room, 0]
        below += x * x
    return float(above / (SPACING[k] * below))


@kernel
def settable(a: int, value: float) -> float:
    """Return the rate nearest to a wanted one: a whole number of steps, within limits."""
    if ACTION_STEP[a] > 0.0:
        value = np.floor(value / ACTION_STEP[a] + 0.5) * ACTION_STEP[a]
    return float(min(max(value, ACTION_LEAST[a]), ACTION_MOST[a]))


@kernel
def rerated(a: int, rate: float, i: int, t: float, g: Any, o: Any, b: Any, lane: int) -> int:
    """Return a status, having set the rate at which the lines of an action run in, or will when they begin."""
    status = 0
    for n in range(g.n_lines):
        if ACTION_LINES[a] >> n & 1 and b.line[lane, n, IDLE] == ON and next_row(i, n, g, b, lane) >= 0:
            b.line[lane, n, OVERRIDE] = rate
            if b.line[lane, n, DUE] > 0.0 and status == 0:
                status = taken(i, t, PUMPED, ACTION_INLET[a], 0.0, 0.0, rate, PUMP, MODELLED, g, o, b, lane)
    return int(status)


@kernel
def relevelled(r: int, level: float, lines: int, b: Any, w: Any, lane: int) -> None:
    """Put a rule's lines on a level of its ladder, the nearest there is."""
    level = min(max(level, 0.0), LEVELS[r] - 1.0)
    b.number[lane, LEVEL + r] = level
    amount = level_amount(r, level, w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane])
    for line in range(b.line.shape[1]):
        if lines >> line & 1:
            b.line[lane, line, OVERRIDE] = amount


@kernel
def acted(a: int, r: int, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> tuple[int, bool]:
    """Return a status and whether the course ends, having done one action."""
    kind, lines, t = ACTION_KIND[a], ACTION_LINES[a], w[AT_T, lane]
    p, c, y, z = w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], w[AT_Y:AT_SLOPE, lane], w[AT_Z:AT_G, lane]
    s, m, levels = b.number[lane, SIGNAL:TRUTH], b.number[lane, KEPT:SIGNAL], b.number[lane, LEVEL:KEPT]
    value = action_value(a, p, c, t, t, y, z, s, m, levels)
    if kind == LEAVE:
        return 0, True
    if value != value or abs(value) == np.inf:
        return BAD_PARAMETERS, False
    if kind == NOTE:
        tell_event(i, t, N_HAZARDS + N_TRIGGERS + r, g, o)
    elif kind == LEVEL_UP:
        relevelled(r, levels[r] + 1.0, lines, b, w, lane)
    elif kind == LEVEL_DOWN:
        relevelled(r, levels[r] - 1.0, lines, b, w, lane)
    elif kind == LEVEL_TO:
        relevelled(r, float(int(value)), lines, b, w, lane)
    elif kind == INFUSE:
        rate = settable(a, value)
        if lines != 0:
            return int(rerated(a, rate, i, t, g, o, b, lane)), False
        return int(taken(i, t, PUMPED, ACTION_INLET[a], 0.0, 0.0, rate, PUMP, MODELLED, g, o, b, lane)), False
    elif kind == GIVE:
        duration = action_duration(a, p, c, t, t, y, z, s, m, levels)
        if not (0.0 <= value < np.inf and 0.0 <= duration < np.inf):
            return BAD_PARAMETERS, False
        return int(taken(i, t, -1, ACTION_INLET[a], value, duration, 0.0, 0.0, MODELLED, g, o, b, lane)), False
    for n in range(g.n_lines):
        if lines >> n & 1:
            line = b.line[lane, n]
            if kind == STOP:
                stopped(t, n, b, lane)
            elif kind == HOLD and line[IDLE] == ON:
                line[IDLE] = HELD
            elif kind == RESUME and line[IDLE] == HELD:
                line[IDLE] = ON
            elif kind == WAKE and line[IDLE] == DORMANT:
                line[IDLE], line[SHIFT] = ON, t
            elif kind == SET_AMOUNT:
                if value < 0.0:
                    return BAD_PARAMETERS, False
                line[OVERRIDE] = value
            elif kind == DELAY:
                if not value > 0.0:
                    return BAD_DELAY, False
                line[SHIFT] += value
    return 0, False


@kernel
def asked(r: int, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> tuple[int, bool]:
    """Return a status and whether the course ends, having asked one rule."""
    t = w[AT_T, lane]
    p, c, s, m = w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], b.number[lane, SIGNAL:TRUTH], b.number[lane, KEPT:SIGNAL]
    y, z = w[AT_Y:AT_SLOPE, lane], w[AT_Z:AT_G, lane]
    levels, holds = b.number[lane, LEVEL:KEPT], b.counts[lane, HOLDS:N_COUNTS]
    if not decisions(r, p, c, t, t, y, z, s, m, levels, holds):
        tell_decision(i, t, r, NOTHING_KNOWN, levels[r], s, m, g, o)
        return 0, False
    fires = -1
    for k in range(BRANCH_RULE.size):
        if BRANCH_RULE[k] == r:
            b.counts[lane, RUNS + k] = b.counts[lane, RUNS + k] + 1 if holds[k] != 0 else 0
            if fires < 0 and b.counts[lane, RUNS + k] >= IN_A_ROW[k]:
                fires = k
    status, left, branch = 0, False, NOTHING_DONE
    if fires >= 0:
        branch = 0
        for k in range(BRANCH_RULE.size):
            if BRANCH_RULE[k] == r:
                branch += 1 if k < fires else 0
        b.counts[lane, RUNS + fires] = 0
        for a in range(ACTION_BRANCH.size):
            if ACTION_BRANCH[a] == fires and status == 0:
                status, ends = acted(a, r, i, g, o, b, w, lane)
                left = left or ends
    tell_decision(i, t, r, branch, levels[r], s, m, g, o)
    return status, left


@kernel
def is_due(r: int, i: int, g: Any, b: Any, w: Any, lane: int) -> bool:
    """Return whether a rule is asked now, by the calendar or before a dose, having ticked off its checks."""
    t, due = w[AT_T, lane], False
    first = LINES + g.n_lines + 1 + N_SIGNALS + 1 + r
    while True:
        at = g.starts[i, first] + b.counts[lane, ASKED + r]
        if at == g.starts[i, first + 1] or g.later[at, WHEN] > t:
            break
        b.counts[lane, ASKED + r] += 1
        due = True
    for n in range(g.n_lines):
        row = next_row(i, n, g, b, lane)
        due = due or (row >= 0 and due_time(i, n, g, b, lane) <= t and g.dose[row, CHECK] == r + 1)
    return due


@kernel
def is_called(r: int, events: int, i: int, g: Any) -> bool:
    """Return whether events ask a rule: only those do who have a check of it, be it at infinity."""
    at = LINES + g.n_lines + 1 + N_SIGNALS + 1 + r
    return bool(ON_EVENTS[r] & events != 0 and g.starts[i, at] < g.starts[i, at + 1])


@kernel
def rules_asked(events: int, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> tuple[int, bool]:
    """Return a status and whether a rule ends the course, having asked every rule whose turn it is, each once.

    `events` has a bit for every event that has just happened.
    """
    left, status = False, 0
    if next_reading(i, g, b, lane) <= w[AT_T, lane]:
        status = looked(i, g, b, w, lane)
    for r in range(N_RULES):
        if status == 0 and not left and (is_due(r, i, g, b, w, lane) or is_called(r, events, i, g)):
            status = looked(i, g, b, w, lane)
            if status == 0:
                status, left = asked(r, i, g, o, b, w, lane)
    return status, left


@kernel
def next_look(i: int, g: Any, b: Any, lane: int) -> float:
    """Return when a signal is next read or a rule next asked."""
    return float(min(next_reading(i, g, b, lane), next_check(i, g, b, lane)))
