"""What happens to a lane at one instant, in this order: new parameters, samples, events, rules, doses, late samples.

Shared by all solvers. Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.administrations import (
    due_time,
    next_administration,
    next_row,
    planned,
    stopped,
    taken,
    tell_dose,
)
from trialsim.dynamics.arrays import (
    ACTION,
    AMOUNT,
    BEGIN,
    CHANGE,
    CHANGES,
    CHANGES_END,
    DUE,
    DURATION,
    END,
    HELD,
    HORIZON,
    IDLE,
    INFLOW,
    INLET,
    INTERVAL,
    INTO,
    IS_ON,
    KIND,
    LEDGER,
    LEDGER_END,
    OVERRIDE,
    OWN_NUMBER,
    OWN_PACE,
    PATIENT,
    RATE,
    SAMPLE,
    SIZE,
    START,
    THRESHOLDS,
    UNDER_WAY,
    WHEN,
    WHICH,
)
from trialsim.dynamics.chain import chain_start, is_spent
from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.doses import DOSE, PUMP, PUMP_OFF, RESET, RESET_AND_DOSE, STEADY, STEADY_ADDED, STEADY_WITH
from trialsim.dynamics.empty_model import (
    CHAINS,
    INLET_STATES,
    MODELLED,
    N_BREAKPOINTS,
    N_CHAINS,
    N_HAZARDS,
    N_INLETS,
    N_PARAMETERS,
    N_SHIFTS,
    N_STATES,
    N_SWITCHES,
    N_TRIGGERS,
    PULSES,
    RECURRENT,
    SHIFTS,
    breakpoints,
    hoist,
    inlet_terms,
    read_outputs,
    shift_values,
    starts,
)
from trialsim.dynamics.lane_table import (
    AT_C,
    AT_G,
    AT_LIMIT,
    AT_NEW,
    AT_P,
    AT_PULSE,
    AT_REFUSED,
    AT_SCALE,
    AT_SIDE,
    AT_SLOPE,
    AT_STEPS,
    AT_T,
    AT_U,
    AT_X,
    AT_Y,
    AT_Z,
    BAD_PARAMETERS,
    BREAKS,
    N_EVENTS,
    NOT_A_NUMBER,
    TOO_EARLY,
    TOO_MANY_PULSES,
    VALUE,
)
from trialsim.dynamics.no_paths import begin_following, finish_windows, follow, next_opening, opened
from trialsim.dynamics.no_rules import next_look, rules_asked, rules_begin
from trialsim.dynamics.no_solver import parameters_changed, root_values
from trialsim.dynamics.no_steady import steady
from trialsim.dynamics.no_switches import sides_known, switched
from trialsim.dynamics.watching import next_threshold, tell_event

# --- copied from here ---


@kernel
def changed(row: Any, b: Any, w: Any, lane: int) -> int:
    """Return a status, having given a lane the parameters of a row and all that follows from them."""
    for i in range(N_PARAMETERS):
        w[AT_P + i, lane] = row[i]
    c = w[AT_C:AT_Z, lane]
    hoist(row, c)
    inlet_terms(row, c, b.terms[lane])
    breakpoints(row, c, b.number[lane, BREAKS:VALUE])
    return int(parameters_changed(row, w, lane))


@kernel
def emptied(row: Any, b: Any, w: Any, lane: int) -> int:
    """Return a status, having put the states at their beginning with nothing under way."""
    starts(row, w[AT_C:AT_Z, lane], w[AT_Y:AT_SLOPE, lane])
    b.counts[lane, UNDER_WAY] = 0
    for j in range(N_CHAINS * PULSES):
        at = AT_PULSE + 4 * j
        w[at, lane], w[at + 1, lane], w[at + 2, lane], w[at + 3, lane] = -np.inf, 0.0, 0.0, 0.0
    for s in range(N_SWITCHES):
        w[AT_SIDE + s, lane] = 0.0
    for i in range(N_STATES):
        w[AT_U + i, lane] = 0.0
        if not -np.inf < w[AT_Y + i, lane] < np.inf:
            return BAD_PARAMETERS
    return 0


@kernel
def begun(i: int, g: Any, b: Any, w: Any, lane: int) -> int:
    """Return a status, having filled all that is known when the course of patient i begins."""
    row = g.rows[i]
    b.counts[lane, PATIENT], b.counts[lane, SAMPLE], b.counts[lane, CHANGE] = i, 0, 0
    w[AT_T, lane], w[AT_REFUSED, lane], w[AT_STEPS, lane] = g.person[i, BEGIN], 0.0, 0.0
    for s in range(N_STATES + N_HAZARDS):
        w[AT_Y + s, lane] = 0.0
    status = planned(i, g, b, lane)
    if status == 0:
        status = changed(row, b, w, lane)
    if status == 0:
        status = emptied(w[AT_P:AT_C, lane], b, w, lane)
    for h in range(N_HAZARDS):
        w[AT_LIMIT + h, lane] = g.person[i, THRESHOLDS + h]
    for k in range(N_TRIGGERS):
        w[AT_LIMIT + N_HAZARDS + k, lane] = 0.0
    for s in range(N_STATES):
        w[AT_SCALE + s, lane] = 0.0
    begin_following(b, w, lane)
    rules_begin(b, lane)
    if not (g.person[i, BEGIN] > -np.inf and g.person[i, HORIZON] > -np.inf):
        return BAD_PARAMETERS
    return status


@kernel
def sampled(late: float, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> int:
    """Return a status, having read the outputs of the samples at this instant, those after its doses if `late`."""
    t, flagged = w[AT_T, lane], g.after.shape[1] > 0
    while b.counts[lane, SAMPLE] < g.samples.shape[1]:
        s = b.counts[lane, SAMPLE]
        wanted = g.samples[i, s]
        if wanted > t or (wanted == t and flagged and g.after[i, s] and late == 0.0):
            break
        if wanted < g.person[i, BEGIN]:
            return TOO_EARLY
        if wanted == t and t <= g.person[i, HORIZON]:
            finish_windows(s, i, g, b, w, lane)
            read_outputs(w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], t, t, w[AT_Y:AT_SLOPE, lane], w[AT_Z:AT_G, lane],
                         o.outputs[i, s])
            for k in range(N_STATES):
                if not -np.inf < w[AT_Y + k, lane] < np.inf:
                    return NOT_A_NUMBER
            for k in range(o.outputs.shape[2]):
                if o.outputs[i, s, k] != o.outputs[i, s, k]:
                    return NOT_A_NUMBER
        b.counts[lane, SAMPLE] += 1
    return 0


@kernel
def happened(h: int, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> int:
    """Return what an event that happens now asks for, having told it: 1 stop dosing, 2 end the course, which rules."""
    tell_event(i, w[AT_T, lane], h, g, o)
    if h < N_HAZARDS and RECURRENT[h]:
        w[AT_LIMIT + h, lane] += next_threshold(i, h, g, o)
    else:
        w[AT_LIMIT + h, lane] = np.inf
    return int(g.setting[h, ACTION]) | 4 << h


@kernel
def happenings(event: int, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> int:
    """Return what the events of this instant ask for; a limit that is infinite switches an event off."""
    asked = 0
    if N_TRIGGERS > 0:
        root_values(w, lane, w[AT_T, lane], w[AT_T, lane], AT_Y, AT_SLOPE, AT_G)
    for h in range(N_HAZARDS):
        if w[AT_LIMIT + h, lane] < np.inf and (h == event or w[AT_Y + N_STATES + h, lane] >= w[AT_LIMIT + h, lane]):
            asked |= happened(h, i, g, o, b, w, lane)
    for k in range(N_TRIGGERS):
        armed = w[AT_LIMIT + N_HAZARDS + k, lane] < np.inf
        if armed and (N_HAZARDS + k == event or w[AT_G + k, lane] >= 0.0):
            asked |= happened(N_HAZARDS + k, i, g, o, b, w, lane)
    return asked


@kernel
def pulsed(inlet: int, size: float, number: float, pace: float, w: Any, lane: int) -> int:
    """Return a status, having put a dose that arrives into a free place of its chain."""
    t, q = w[AT_T, lane], CHAINS[inlet]
    if size == 0.0:
        return 0
    if not (0.0 <= number < np.inf and 0.0 < pace < np.inf and size > 0.0):
        return BAD_PARAMETERS
    for j in range(q * PULSES, (q + 1) * PULSES):
        at = AT_PULSE + 4 * j
        if is_spent(w[at, lane], w[at + 1, lane], t, w[at + 2, lane], w[at + 3, lane]):
            w[at, lane], w[at + 1, lane] = chain_start(size, number, pace), t
            w[at + 2, lane], w[at + 3, lane] = number, pace
            return 0
    return TOO_MANY_PULSES


@kernel
def shifted(inlet: int, size: float, w: Any, lane: int) -> None:
    """Let a dose enter at once, and other states change by what their values lose by it."""
    t = w[AT_T, lane]
    shift_values(w, lane, t, t, AT_Y, AT_NEW, inlet)
    w[AT_Y + INLET_STATES[inlet], lane] += size
    shift_values(w, lane, t, t, AT_Y, AT_X, inlet)
    for i in range(N_STATES):
        w[AT_Y + i, lane] += w[AT_NEW + i, lane] - w[AT_X + i, lane]


@kernel
def arrived(b: Any, w: Any, lane: int) -> tuple[int, bool]:
    """Return a status and whether anything that enters has changed: infusions end, what is due arrives."""
    t, moved, at, status = w[AT_T, lane], False, 0, 0
    for k in range(b.counts[lane, UNDER_WAY]):
        way = b.way[lane, k]
        if way[IS_ON] == 0.0 and way[START] <= t:
            inlet, size = int(way[INTO]), way[SIZE]
            state = INLET_STATES[inlet]
            w[AT_SCALE + state, lane] = max(w[AT_SCALE + state, lane], abs(size))
            moved, way[IS_ON] = True, 1.0
            if N_CHAINS > 0 and CHAINS[inlet] >= 0:
                through = BAD_PARAMETERS
                if way[INFLOW] == 0.0:
                    through = pulsed(inlet, size, way[OWN_NUMBER], way[OWN_PACE], w, lane)
                status = max(status, through)
            elif N_SHIFTS > 0 and way[INFLOW] == 0.0 and SHIFTS[inlet] != 0:
                shifted(inlet, size, w, lane)
            elif way[INFLOW] == 0.0:
                w[AT_Y + state, lane] += size
            if way[INFLOW] == 0.0:
                continue
        if way[IS_ON] != 0.0 and way[END] <= t:
            moved = True
            continue
        for column in range(10 if at != k else 0):
            b.way[lane, at, column] = way[column]
        at += 1
    b.counts[lane, UNDER_WAY] = at
    return status, moved


@kernel
def set_inflows(b: Any, w: Any, lane: int) -> None:
    """Add up what runs into every state."""
    for s in range(N_STATES):
        w[AT_U + s, lane] = 0.0
    for k in range(b.counts[lane, UNDER_WAY]):
        if b.way[lane, k, IS_ON] != 0.0:
            w[AT_U + INLET_STATES[int(b.way[lane, k, INTO])], lane] += b.way[lane, k, INFLOW]


@kernel
def done(row: int, i: int, line: int, g: Any, o: Any, b: Any, w: Any, lane: int, rtol: float) -> int:
    """Return a status, having done what a row of the schedule says."""
    dose = g.dose[row]
    kind, amount, rate = dose[KIND], dose[AMOUNT], dose[RATE]
    override = b.line[lane, line, OVERRIDE]
    if override == override and kind == PUMP:
        rate = override
    elif override == override:
        amount = override
    if kind == PUMP_OFF:
        kind, rate = PUMP, 0.0
    status = 0
    if kind in (RESET, RESET_AND_DOSE):
        status = emptied(w[AT_P:AT_C, lane], b, w, lane)
    elif kind in (STEADY, STEADY_ADDED):
        status = steady(row, i, line, amount, g, b, w, lane, rtol)
    if status == 0 and kind in (STEADY, STEADY_ADDED, STEADY_WITH) and dose[INTERVAL] == 0.0:
        tell_dose(i, w[AT_T, lane], line, int(dose[INLET]), amount, dose[DURATION], dose[RATE], kind, g, o)
    elif status == 0 and kind != RESET:
        status = taken(i, w[AT_T, lane], line, int(dose[INLET]), amount, dose[DURATION], rate, kind, MODELLED,
                       g, o, b, lane)
    return status


@kernel
def dosed(i: int, g: Any, o: Any, b: Any, w: Any, lane: int, rtol: float) -> tuple[int, bool]:
    """Return a status and whether anything that enters has changed."""
    t, any_taken = w[AT_T, lane], False
    status, moved = arrived(b, w, lane)
    for line in range(g.n_lines):
        while status == 0 and due_time(i, line, g, b, lane) <= t:
            row = next_row(i, line, g, b, lane)
            b.line[lane, line, DUE] += 1.0
            if b.line[lane, line, IDLE] != HELD:
                any_taken, moved = True, moved or (g.dose[row, KIND] != DOSE and g.dose[row, KIND] < PUMP)
                status = done(row, i, line, g, o, b, w, lane, rtol)
    if status == 0 and any_taken:
        status, again = arrived(b, w, lane)
        moved = moved or again
    if moved:
        set_inflows(b, w, lane)
    return status, moved


@kernel
def next_stop(i: int, t: float, g: Any, b: Any, lane: int) -> float:
    """Return the next time, samples apart, at which a step must land."""
    t_stop = g.person[i, HORIZON]
    if N_INLETS > 0:
        t_stop = min(t_stop, next_administration(i, g, b, lane))
    at = g.starts[i, CHANGES] + b.counts[lane, CHANGE]
    if at < g.starts[i, CHANGES_END]:
        t_stop = min(t_stop, g.later[at, WHEN])
    for k in range(N_BREAKPOINTS):
        if t < b.number[lane, BREAKS + k] < t_stop:
            t_stop = b.number[lane, BREAKS + k]
    return float(min(t_stop, next_look(i, g, b, lane), next_opening(i, t, g, b, lane)))


@kernel
def waits(i: int, g: Any, b: Any, w: Any, lane: int) -> bool:
    """Return whether there is anything left to be found out."""
    if b.counts[lane, SAMPLE] < g.samples.shape[1] or g.starts[i, LEDGER] < g.starts[i, LEDGER_END]:
        return True
    awaited = False
    for h in range(N_HAZARDS + N_TRIGGERS):
        awaited = awaited or w[AT_LIMIT + h, lane] < np.inf
    return awaited


@kernel
def served(
    event: int, fresh: bool, i: int, g: Any, o: Any, b: Any, w: Any, lane: int, rtol: float
) -> tuple[int, bool, bool, float]:
    """Return a status, whether the course goes on, whether it does so from a change, and the next stop but samples."""
    t = w[AT_T, lane]
    moved = False
    while True:
        at = g.starts[i, CHANGES] + b.counts[lane, CHANGE]
        if at == g.starts[i, CHANGES_END] or g.later[at, WHEN] > t:
            break
        b.counts[lane, CHANGE] += 1
        status = changed(g.rows[int(g.later[at, WHICH])], b, w, lane)
        if status != 0:
            return status, False, False, t
        fresh = True
    if N_SWITCHES > 0:
        fresh = switched(event, w, lane) or fresh
    follow(event, i, g, b, w, lane)
    status = sampled(0.0, i, g, o, b, w, lane)
    if status != 0:
        return status, False, False, t
    # A condition on a size alone: what a model has none of is not compiled.
    asked = 0
    if N_EVENTS > 0:
        asked = happenings(event, i, g, o, b, w, lane)
    for _ in range(2):
        if t >= g.person[i, HORIZON] or asked & 2:
            return 0, False, False, t
        if asked & 1:
            stopped(t, -1, b, lane)
        status, left = rules_asked(asked >> 2, i, g, o, b, w, lane)
        if status != 0 or left:
            return status, False, False, t
        given = False
        if N_INLETS > 0:
            status, given = dosed(i, g, o, b, w, lane, rtol)
        if status != 0:
            return status, False, False, t
        moved = moved or given
        if given:
            follow(-1, i, g, b, w, lane)
        # A dose may lift a trigger over zero: that event is of this instant, too.
        asked = 0
        if N_TRIGGERS > 0 and given:
            asked = happenings(-1, i, g, o, b, w, lane)
        if asked == 0:
            break
    if N_SWITCHES > 0 and moved:
        sides_known(w, lane)
    opened(0.0, i, g, b, w, lane)
    status = sampled(1.0, i, g, o, b, w, lane)
    if status != 0 or not waits(i, g, b, w, lane):
        return status, False, False, t
    for k in range(N_BREAKPOINTS):
        fresh = fresh or b.number[lane, BREAKS + k] == t
    return 0, True, fresh or moved, next_stop(i, t, g, b, lane)
