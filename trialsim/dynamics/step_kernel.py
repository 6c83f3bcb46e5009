"""One step of DOP853 for one patient, as loops over stages and states: what a step means.

Patients stand side by side in the columns of a table `w`, one lane each; the rows are named below. A model small
enough has a `lockstep` of its own, written by `unrolled`, that steps all lanes at once with the same sums in the same
order. What it leaves alone (an event, a failure) is a `single_step`; a larger model makes single steps only.
What stands below the first marker is copied behind every adaptive model's own functions; `lockstep` only where the
model has none of its own.
"""

from math import sqrt
from typing import Any

import numpy as np

from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.dop853 import ERROR_3, ERROR_5, N_STAGES, NODES, STAGES, WEIGHTS
from trialsim.dynamics.empty_model import LANES, N_HAZARDS, N_ROOTS, N_STATES, N_TRIGGERS, derivatives, root_values
from trialsim.dynamics.lane_table import (
    AT_DX,
    AT_FLOOR,
    AT_G,
    AT_H,
    AT_K,
    AT_LIMIT,
    AT_NEW,
    AT_REFUSED,
    AT_SCALE,
    AT_SLOPE,
    AT_STEPS,
    AT_STOP,
    AT_T,
    AT_TC,
    AT_U,
    AT_WORD,
    AT_X,
    AT_Y,
    COLLAPSED,
    N_ALL,
    NEGATIVE_HAZARD,
    NOT_A_NUMBER,
    TOO_STIFF,
    UNMADE,
)

# --- copied from here ---
# A cumulative hazard may fall by this much, or this share of itself, on the way to the next stop before its hazard
# counts as negative.
LARGEST_FALL = 1e-8


@kernel
def slopes(w: Any, lane: int, t: float, tc: float, at: int, to: int) -> None:
    """Fill the rates, infusions included, of the states in rows from `at`; what is switched off stands still."""
    derivatives(w, lane, t, tc, at, to)
    for i in range(N_STATES):
        w[to + i, lane] += w[AT_U + i, lane]
    for m in range(N_HAZARDS):
        if w[AT_LIMIT + m, lane] == np.inf:
            w[to + N_STATES + m, lane] = 0.0


@kernel
def attempt(w: Any, lane: int, t: float, tc: float, h: float, rtol: float) -> float:
    """Return the error of one step in units of what is allowed, having filled the states afterwards.

    Stages, weights and error norm as in Hairer, Nørsett & Wanner 1993, section II.10, equation (10.17).
    """
    for i in range(N_ALL):
        w[AT_K + i, lane] = w[AT_SLOPE + i, lane]
    for s in range(1, N_STAGES):
        for i in range(N_ALL):
            total = 0.0
            for j in range(s):
                # Left out, not added: nought times an infinite slope would be no number.
                if STAGES[s, j] != 0.0:
                    total += STAGES[s, j] * w[AT_K + j * N_ALL + i, lane]
            w[AT_X + i, lane] = w[AT_Y + i, lane] + h * total
        slopes(w, lane, t + NODES[s] * h, tc, AT_X, AT_K + s * N_ALL)
    sum_3 = sum_5 = 0.0
    for i in range(N_ALL):
        total = e_3 = e_5 = 0.0
        for s in range(N_STAGES):
            if WEIGHTS[s] != 0.0:
                slope = w[AT_K + s * N_ALL + i, lane]
                total += WEIGHTS[s] * slope
                e_3 += ERROR_3[s] * slope
                e_5 += ERROR_5[s] * slope
        after = w[AT_Y + i, lane] + h * total
        w[AT_NEW + i, lane] = after
        allowed = w[AT_FLOOR + i, lane] + rtol * max(abs(w[AT_Y + i, lane]), abs(after))
        e_3 /= allowed
        e_5 /= allowed
        sum_3 += e_3 * e_3
        sum_5 += e_5 * e_5
    if sum_5 == 0.0:
        return 0.0
    return h * sum_5 / sqrt((sum_5 + 0.01 * sum_3) * N_ALL)


@kernel
def step_factor(error: float) -> float:
    """Return by how much the next step may be longer: the eighth root of the error, as three square roots."""
    return 0.9 / sqrt(sqrt(sqrt(error)))


@kernel
def set_floors(w: Any, lane: int, atol: float) -> None:
    """Bring the scale of each state up to date, and with it the error that is always allowed."""
    largest = 0.0
    for i in range(N_STATES):
        w[AT_SCALE + i, lane] = max(w[AT_SCALE + i, lane], abs(w[AT_Y + i, lane]))
        largest = max(largest, w[AT_SCALE + i, lane])
    # A state that is still empty has no scale of its own: a millionth of the others' keeps its first steps finite.
    least = 1e-6 * largest if largest > 0.0 else 1.0
    for i in range(N_STATES):
        w[AT_FLOOR + i, lane] = atol * max(w[AT_SCALE + i, lane], least)
    for m in range(N_HAZARDS):
        w[AT_FLOOR + N_STATES + m, lane] = atol


@kernel
def first_step(w: Any, lane: int, t: float, tc: float, span: float, rtol: float) -> float:
    """Return a first step size (Hairer, Nørsett & Wanner 1993, section II.4, starting step size)."""
    d_0 = d_1 = d_2 = 0.0
    for i in range(N_ALL):
        y, slope = w[AT_Y + i, lane], w[AT_SLOPE + i, lane]
        allowed = w[AT_FLOOR + i, lane] + rtol * abs(y)
        d_0 += (y / allowed) * (y / allowed)
        d_1 += (slope / allowed) * (slope / allowed)
    h_0 = 0.01 * sqrt(d_0 / d_1) if d_0 > 1e-10 and d_1 > 1e-10 else 1e-6 * span
    h_0 = min(h_0, span)
    for i in range(N_ALL):
        w[AT_X + i, lane] = w[AT_Y + i, lane] + h_0 * w[AT_SLOPE + i, lane]
    slopes(w, lane, t + h_0, tc, AT_X, AT_DX)
    for i in range(N_ALL):
        allowed = w[AT_FLOOR + i, lane] + rtol * abs(w[AT_Y + i, lane])
        difference = (w[AT_DX + i, lane] - w[AT_SLOPE + i, lane]) / allowed
        d_2 += difference * difference
    steepest = max(sqrt(d_1 / N_ALL), sqrt(d_2 / N_ALL) / h_0)
    # The eighth root is three square roots: exact everywhere, unlike a power.
    h_1 = sqrt(sqrt(sqrt(0.01 / steepest))) if steepest > 1e-15 else max(1e-6 * span, 1e-3 * h_0)
    h = min(100.0 * h_0, h_1, span)
    return h if h > 0.0 else 1e-6 * span


@kernel
def located(w: Any, lane: int, t: float, tc: float, h: float, hazard: int, rtol: float) -> float:
    """Return the step after which a cumulative hazard reaches its limit, having filled the states there.

    The step to the root is made anew at each trial (no interpolant): Newton's method, for the slope of a
    cumulative hazard is known, kept inside a shrinking bracket.
    """
    m = N_STATES + hazard
    low, high, trial = 0.0, h, h
    for _ in range(100):
        slopes(w, lane, t + trial, tc, AT_NEW, AT_DX)
        excess = w[AT_NEW + m, lane] - w[AT_LIMIT + hazard, lane]
        if excess >= 0.0:
            high = trial
        else:
            low = trial
        better = trial - excess / w[AT_DX + m, lane]
        # Asked before the bracket is: at the root a rounding may put Newton's step on either side of it.
        if abs(better - trial) <= 1e-11 * h or high - low <= 1e-11 * h:
            break
        trial = better if low < better < high else 0.5 * (low + high)
        attempt(w, lane, t, tc, trial, rtol)
    return trial


@kernel
def risen(w: Any, lane: int, t: float, tc: float, root: int) -> float:
    """Return a root's value after the step that has been made."""
    slopes(w, lane, t, tc, AT_NEW, AT_DX)
    root_values(w, lane, t, tc, AT_NEW, AT_DX, AT_G + N_ROOTS)
    return float(w[AT_G + N_ROOTS + root, lane])


@kernel
def landed(w: Any, lane: int, t: float, tc: float, h: float, root: int, rtol: float) -> float:
    """Return the step after which a root has just risen through zero, having filled the states there.

    Regula falsi, the side that stays put at half its weight (Dowell & Jarratt 1971), and halving where that is slow.
    """
    low, high = 0.0, h
    g_low, g_high = w[AT_G + root, lane], risen(w, lane, t + h, tc, root)
    side = 0
    for k in range(200):
        if high - low <= 1e-11 * h:
            break
        trial = (low * g_high - high * g_low) / (g_high - g_low) if k % 4 != 3 else 0.5 * (low + high)
        if not low < trial < high:
            trial = 0.5 * (low + high)
        attempt(w, lane, t, tc, trial, rtol)
        g = risen(w, lane, t + trial, tc, root)
        if g >= 0.0:
            high, g_high = trial, g
            g_low *= 0.5 if side > 0 else 1.0
            side = 1
        else:
            low, g_low = trial, g
            g_high *= 0.5 if side < 0 else 1.0
            side = -1
    attempt(w, lane, t, tc, high, rtol)
    return high


@kernel
def single_step(w: Any, lane: int, rtol: float, atol: float, most_steps: int) -> tuple[int, bool, int]:
    """Return status, whether the lane must be looked after, and the event that stopped the way: hazards, then roots.

    -1 stands for no event.
    """
    t, tc, t_stop, h = w[AT_T, lane], w[AT_TC, lane], w[AT_STOP, lane], w[AT_H, lane]
    if w[AT_STEPS, lane] >= most_steps:
        return TOO_STIFF, True, -1
    w[AT_STEPS, lane] += 1.0
    lands = 1.01 * h >= t_stop - t
    size = t_stop - t if lands else h
    error = attempt(w, lane, t, tc, size, rtol)
    if not error <= 1.0:
        h = size * max(0.333, step_factor(error)) if error < np.inf else size * 0.1
        w[AT_H, lane], w[AT_REFUSED, lane] = h, 1.0
        if h <= 4e-16 * max(abs(t), abs(t_stop)):
            return (COLLAPSED if error < np.inf else NOT_A_NUMBER), True, -1
        return 0, False, -1
    refused = w[AT_REFUSED, lane] != 0.0
    growth = min(6.0, step_factor(error)) if error > 0.0 else 6.0
    h_next = size * (min(growth, 1.0) if refused else growth)
    w[AT_H, lane] = max(h, h_next) if lands and not refused else h_next
    w[AT_REFUSED, lane] = 0.0
    event = -1
    for hazard in range(N_HAZARDS):
        if w[AT_NEW + N_STATES + hazard, lane] >= w[AT_LIMIT + hazard, lane]:
            size = located(w, lane, t, tc, size, hazard, rtol)
            event = hazard
    for root in range(N_ROOTS):
        armed = root >= N_TRIGGERS or w[AT_LIMIT + N_HAZARDS + root, lane] < np.inf
        if armed and w[AT_G + root, lane] < 0.0 and risen(w, lane, t + size, tc, root) >= 0.0:
            size = landed(w, lane, t, tc, size, root, rtol)
            event = N_HAZARDS + root
    t = t_stop if lands and event < 0 else t + size
    w[AT_T, lane] = t
    for i in range(N_ALL):
        w[AT_Y + i, lane] = w[AT_NEW + i, lane]
    set_floors(w, lane, atol)
    slopes(w, lane, t, tc, AT_Y, AT_SLOPE)
    if N_ROOTS > 0:
        root_values(w, lane, t, tc, AT_Y, AT_SLOPE, AT_G)
    for hazard in range(N_HAZARDS):
        # A state that has washed out is a rounding away from zero, on either side, and so is a hazard made of it.
        fall = -w[AT_SLOPE + N_STATES + hazard, lane] * max(size, t_stop - t)
        if fall > LARGEST_FALL * max(1.0, w[AT_Y + N_STATES + hazard, lane]):
            return NEGATIVE_HAZARD, True, -1
    return 0, event >= 0 or not t < t_stop, event


# --- copied for large models ---
@kernel
def lockstep(ws: Any, rtol: float, atol: float, most_steps: float) -> bool:
    """Return that lanes must be looked after: every step is to be made alone."""
    for lane in range(LANES):
        ws[AT_WORD * LANES + lane] = UNMADE
    return True
