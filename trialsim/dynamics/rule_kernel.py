"""Rules inside a course: signals are read, rules asked, and what they decide is done at once and told.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from math import sqrt
from typing import Any

import numpy as np
from numba import njit

from trialsim.dynamics.administrations import stopped, taken
from trialsim.dynamics.arrays import DORMANT, HELD, IDLE, KNOWN, LINES, ON, OVERRIDE, SHIFT, WHEN, WHICH
from trialsim.dynamics.empty_model import (
    ACTION_BRANCH,
    ACTION_INLET,
    ACTION_KIND,
    ACTION_LINES,
    ADDITIVE,
    BRANCH_RULE,
    IN_A_ROW,
    LEVELS,
    LLOQ,
    MODELLED,
    N_BRANCHES,
    N_FUNCTIONALS,
    N_RULES,
    N_SIGNALS,
    ON_EVENTS,
    PROPORTIONAL,
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
    KEPT,
    LEVEL,
    N_COUNTS,
    N_NUMBERS,
    OPENED,
    PUMP,
    READ,
    RUNS,
    SIGNAL,
    TOO_MANY_READINGS,
    TRUTH,
)
from trialsim.dynamics.watching import reading_luck, tell_decision

# --- copied from here ---
STOP, HOLD, RESUME, LEVEL_UP, LEVEL_DOWN, LEVEL_TO, DELAY, AMOUNT, INFUSE, GIVE, WAKE, LEAVE = range(12)
NOTHING_KNOWN, NOTHING_DONE = -2, -1


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
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


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def next_reading(i: int, g: Any, b: Any, lane: int) -> float:
    """Return the next time at which a signal is read; infinite if there is none."""
    t_next, first = np.inf, LINES + g.n_lines + 1
    for k in range(N_SIGNALS):
        at = g.starts[i, first + k] + b.counts[lane, READ + k]
        if at < g.starts[i, first + k + 1]:
            t_next = min(t_next, g.later[at, WHEN])
    return t_next


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def next_check(i: int, g: Any, b: Any, lane: int) -> float:
    """Return the next time at which a rule is asked; infinite if there is none."""
    t_next, first = np.inf, LINES + g.n_lines + 1 + N_SIGNALS + 1
    for r in range(N_RULES):
        at = g.starts[i, first + r] + b.counts[lane, ASKED + r]
        if at < g.starts[i, first + r + 1]:
            t_next = min(t_next, g.later[at, WHEN])
    return t_next


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
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
            luck = reading_luck(i, k, g.later[at, WHICH], g)
            share = PROPORTIONAL[k] * true
            value = true + sqrt(ADDITIVE[k] * ADDITIVE[k] + share * share) * luck
            b.seen[lane, k, j, 0] = 0.5 * LLOQ[k] if value < LLOQ[k] else value
            b.seen[lane, k, j, 1] = g.later[at, KNOWN]
            b.counts[lane, READ + k] += 1
    return 0


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
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
                b.number[lane, SIGNAL + k] = b.seen[lane, k, j, 0]
                break
    return 0


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def relevelled(r: int, level: float, lines: int, b: Any, w: Any, lane: int) -> None:
    """Put a rule's lines on a level of its ladder, the nearest there is."""
    level = min(max(level, 0.0), LEVELS[r] - 1.0)
    b.number[lane, LEVEL + r] = level
    amount = level_amount(r, level, w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane])
    for line in range(b.line.shape[1]):
        if lines >> line & 1:
            b.line[lane, line, OVERRIDE] = amount


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def acted(a: int, r: int, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> tuple[int, bool, bool]:
    """Return a status, whether the course ends and whether what enters has changed, having done one action."""
    kind, lines, t = ACTION_KIND[a], ACTION_LINES[a], w[AT_T, lane]
    p, c = w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane]
    s, m, levels = b.number[lane, SIGNAL:TRUTH], b.number[lane, KEPT:SIGNAL], b.number[lane, LEVEL:KEPT]
    value = action_value(a, p, c, t, t, s, m, levels)
    if kind == LEAVE:
        return 0, True, False
    if value != value or abs(value) == np.inf:
        return BAD_PARAMETERS, False, False
    if kind == LEVEL_UP:
        relevelled(r, b.number[lane, LEVEL + r] + 1.0, lines, b, w, lane)
    elif kind == LEVEL_DOWN:
        relevelled(r, b.number[lane, LEVEL + r] - 1.0, lines, b, w, lane)
    elif kind == LEVEL_TO:
        relevelled(r, value, lines, b, w, lane)
    elif kind == INFUSE:
        if value < 0.0:
            return BAD_PARAMETERS, False, False
        before = b.number[lane, PUMP + ACTION_INLET[a]]
        b.number[lane, PUMP + ACTION_INLET[a]] = value
        return 0, False, before != value
    elif kind == GIVE:
        duration = action_duration(a, p, c, t, t, s, m, levels)
        return given(i, ACTION_INLET[a], value, duration, g, o, b, w, lane), False, True
    for line in range(g.n_lines):
        if lines >> line & 1:
            if kind == STOP:
                stopped(t, line, b, lane)
            elif kind == HOLD and b.line[lane, line, IDLE] == ON:
                b.line[lane, line, IDLE] = HELD
            elif kind == RESUME and b.line[lane, line, IDLE] == HELD:
                b.line[lane, line, IDLE] = ON
            elif kind == WAKE and b.line[lane, line, IDLE] == DORMANT:
                b.line[lane, line, IDLE], b.line[lane, line, SHIFT] = ON, t
            elif kind == AMOUNT:
                if value < 0.0:
                    return BAD_PARAMETERS, False, False
                b.line[lane, line, OVERRIDE] = value
            elif kind == DELAY:
                if not value > 0.0:
                    return BAD_DELAY, False, False
                b.line[lane, line, SHIFT] += value
    return 0, False, False


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def given(i: int, inlet: int, amount: float, duration: float, g: Any, o: Any, b: Any, w: Any, lane: int) -> int:
    """Return a status, having given a dose that no line plans."""
    if not (0.0 <= amount < np.inf and 0.0 <= duration < np.inf):
        return BAD_PARAMETERS
    if amount == 0.0:
        return 0
    return int(taken(i, w[AT_T, lane], -1, inlet, amount, duration, 0.0, 0, MODELLED, g, o, b, lane))


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def asked(r: int, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> tuple[int, bool, bool]:
    """Return a status, whether the course ends and whether what enters has changed, having asked one rule."""
    t = w[AT_T, lane]
    status = looked(i, g, b, w, lane)
    if status != 0:
        return status, False, False
    p, c, s, m = w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], b.number[lane, SIGNAL:TRUTH], b.number[lane, KEPT:SIGNAL]
    levels, holds = b.number[lane, LEVEL:KEPT], np.zeros(N_BRANCHES, np.bool_)
    if not decisions(r, p, c, t, t, s, m, levels, holds):
        tell_decision(i, t, r, NOTHING_KNOWN, levels[r], s, g, o)
        return 0, False, False
    fires = -1
    for k in range(BRANCH_RULE.size):
        if BRANCH_RULE[k] == r:
            b.counts[lane, RUNS + k] = b.counts[lane, RUNS + k] + 1 if holds[k] else 0
            if fires < 0 and b.counts[lane, RUNS + k] >= IN_A_ROW[k]:
                fires = k
    left, moved, branch = False, False, NOTHING_DONE
    if fires >= 0:
        branch = 0
        for k in range(BRANCH_RULE.size):
            if BRANCH_RULE[k] == r:
                branch += 1 if k < fires else 0
                b.counts[lane, RUNS + k] = 0
        for a in range(ACTION_BRANCH.size):
            if ACTION_BRANCH[a] == fires and status == 0:
                status, ends, enters = acted(a, r, i, g, o, b, w, lane)
                left, moved = left or ends, moved or enters
    tell_decision(i, t, r, branch, levels[r], s, g, o)
    return status, left, moved


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def asked_on_event(event: int, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> tuple[int, bool]:
    """Return a status and whether a rule asked because of an event ends the course."""
    left, status = False, 0
    for r in range(N_RULES):
        if status == 0 and ON_EVENTS[r] >> event & 1:
            status, ends, _ = asked(r, i, g, o, b, w, lane)
            left = left or ends
    return status, left


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def asked_before(rule: int, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> tuple[int, bool]:
    """Return a status and whether a rule asked before a dose ends the course."""
    status, left, _ = asked(rule, i, g, o, b, w, lane)
    return status, left


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def rules_asked(i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> tuple[int, bool, bool]:
    """Return a status, whether a rule ends the course, and whether one has changed what enters."""
    t, left, moved = w[AT_T, lane], False, False
    status = looked(i, g, b, w, lane) if next_reading(i, g, b, lane) <= t else 0
    for r in range(N_RULES):
        while status == 0 and not left:
            first = LINES + g.n_lines + 1 + N_SIGNALS + 1 + r
            at = g.starts[i, first] + b.counts[lane, ASKED + r]
            if at == g.starts[i, first + 1] or g.later[at, WHEN] > t:
                break
            b.counts[lane, ASKED + r] += 1
            status, ends, enters = asked(r, i, g, o, b, w, lane)
            left, moved = left or ends, moved or enters
    return status, left, moved


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def next_look(i: int, g: Any, b: Any, lane: int) -> float:
    """Return when a signal is next read or a rule next asked."""
    return float(min(next_reading(i, g, b, lane), next_check(i, g, b, lane)))
