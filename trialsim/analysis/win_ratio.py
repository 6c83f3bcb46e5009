"""Win ratio, win odds and net benefit: every treated patient compared with every control, outcome by outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.comparisons import (
    NO_VARIANCE,
    NOT_ESTIMABLE,
    OK,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    concluded,
    contrasts,
)
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import log

NET_BENEFIT, WIN_RATIO, WIN_ODDS = range(3)
CODES = {"net_benefit": NET_BENEFIT, "win_ratio": WIN_RATIO, "win_odds": WIN_ODDS}
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One outcome of a hierarchy: a number, or a time to an event that may be censored.

    ``values`` [N] are numbers or times (NaN: unknown, no pair with it is decided by this outcome); ``events`` [N] says
    of times whether they end in the event, None makes it a number. A pair is decided where the values differ by more
    than ``threshold``; of times, where the shorter one ends in the event.
    """

    values: ArrayLike
    events: ArrayLike | None = None
    better: Literal["higher", "lower"] = "higher"  # of a time to something bad: higher
    threshold: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wins:
    """Comparisons, and the shares of pairs that the treated patient wins and loses [T, C]."""

    comparisons: Comparisons
    won: Floats
    lost: Floats


@compiled("int64(float64[:, ::1], boolean[:, ::1], int8[::1], float64[::1], int64, int64)")
def _winner(values: Floats, events: Flags, sign: Codes, threshold: Floats, i: int, j: int) -> int:
    """1 if patient i wins against j, -1 if he loses, 0 if no outcome decides (Pocock et al. 2012)."""
    for k in range(sign.size):
        first, second = values[k, i], values[k, j]
        if not (first == first and second == second):
            continue
        won = first - second > threshold[k] and events[k, j]
        lost = second - first > threshold[k] and events[k, i]
        if first == second and threshold[k] == 0.0:  # the other was still free of the event when it happened
            won, lost = events[k, j] and not events[k, i], events[k, i] and not events[k, j]
        if won != lost:
            return int(sign[k]) if won else -int(sign[k])
    return 0


@compiled("UniTuple(float64, 2)(int64, float64, float64, float64, float64, float64)")
def _measured(measure: int, won: float, lost: float, v_won: float, v_lost: float, both: float) -> tuple[float, float]:
    """The measure and its variance by the delta method; NaN where it has no value."""
    if measure == NET_BENEFIT:
        return won - lost, v_won + v_lost - 2.0 * both
    if measure == WIN_RATIO:
        if won == 0.0 or lost == 0.0:
            return np.nan, np.nan
        return log(won / lost), v_won / (won * won) + v_lost / (lost * lost) - 2.0 * both / (won * lost)
    half = 0.5 + 0.5 * (won - lost)
    if half <= 0.0 or half >= 1.0:
        return np.nan, np.nan
    slope = 0.5 / (half * (1.0 - half))
    return log(half / (1.0 - half)), slope * slope * (v_won + v_lost - 2.0 * both)


@compiled(
    "void(int64, float64[:, ::1], boolean[:, ::1], int8[::1], float64[::1], int64[::1], int64[::1], int64[:, ::1], "
    "float64[:, :, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    measure: int, values: Floats, events: Flags, sign: Codes, threshold: Floats, arm: Integers, offsets: Integers,
    pairs: Integers, found: Floats, status: Codes, n_treated: Integers, n_control: Integers,
) -> None:  # fmt: skip
    most = 1
    for t in range(offsets.size - 1):
        most = max(most, offsets[t + 1] - offsets[t])
    who = np.zeros((2, most), np.int64)
    wins = np.zeros((2, 2, most))  # of the treated and the controls: pairs won, and lost, by the treated one
    n = np.zeros(2, np.int64)
    for t in range(offsets.size - 1):
        for c in range(pairs.shape[0]):
            for side in range(2):
                n[side] = 0
                for i in range(offsets[t], offsets[t + 1]):
                    is_known = False
                    for k in range(sign.size):
                        is_known = is_known or values[k, i] == values[k, i]
                    if arm[i] == pairs[c, side] and is_known:
                        who[side, n[side]] = i
                        n[side] += 1
            n_treated[t, c], n_control[t, c] = n[0], n[1]
            if n[0] < 2 or n[1] < 2:
                status[t, c] = TOO_FEW_PATIENTS
                continue
            wins[:] = 0.0
            for i in range(n[0]):
                for j in range(n[1]):
                    winner = _winner(values, events, sign, threshold, who[0, i], who[1, j])
                    if winner != 0:
                        which = 0 if winner > 0 else 1
                        wins[0, which, i] += 1.0
                        wins[1, which, j] += 1.0
            won, lost = 0.0, 0.0
            for i in range(n[0]):
                won += wins[0, 0, i]
                lost += wins[0, 1, i]
            won, lost = won / (n[0] * n[1]), lost / (n[0] * n[1])
            v_won, v_lost, both = 0.0, 0.0, 0.0
            for side in range(2):
                others, scale = n[1 - side], 1.0 / (n[side] * n[side])
                for i in range(n[side]):
                    up, down = wins[side, 0, i] / others - won, wins[side, 1, i] / others - lost
                    v_won += up * up * scale
                    v_lost += down * down * scale
                    both += up * down * scale
            estimate, variance = _measured(measure, won, lost, v_won, v_lost, both)
            found[0, t, c], found[2, t, c], found[3, t, c] = estimate, won, lost
            if estimate != estimate:
                status[t, c] = NOT_ESTIMABLE
            elif not variance > 1e-14:
                status[t, c] = NO_VARIANCE
            else:
                status[t, c] = OK
                found[1, t, c] = np.sqrt(variance)


def win_ratio(
    measure: Literal["net_benefit", "win_ratio", "win_odds"],
    outcomes: Sequence[Outcome],
    arm: ArrayLike,
    offsets: ArrayLike,
    pairs: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
) -> Wins:
    """Return net benefits, or logarithms of win ratios or win odds, with normal tests and intervals.

    Every treated patient is compared with every control on the first outcome; where that does not decide, on the next
    (Buyse 2010; Pocock et al. 2012). With w and l the shares of pairs won and lost: w - l, w / l, or (w + ties / 2) /
    (l + ties / 2). The variance is that of the U-statistics' first projections (Bebu and Lachin 2016), n in the
    denominator, and the delta method. Winning is the benefit. Patients without any known outcome are left out. Rows,
    pairs and margin (a logarithm for ratios) as for ``t_test``.
    """
    arms = np.require(arm, np.int64, ["C", "W"])
    bounds = np.require(offsets, np.int64, ["C", "W"])
    if not outcomes:
        raise ValueError("a comparison of pairs needs an outcome")
    shape = (len(outcomes), arms.size)
    values, events = np.empty(shape), np.ones(shape, np.bool_)
    for k, outcome in enumerate(outcomes):
        each = np.asarray(outcome.values, np.float64)
        if each.shape != arms.shape:
            raise ValueError(f"there are {each.shape} values and {arms.shape} arms")
        values[k] = each
        if outcome.events is not None:
            events[k] = np.asarray(outcome.events, np.bool_)
        if not outcome.threshold >= 0.0:
            raise ValueError(f"the threshold {outcome.threshold} is below 0")
    is_number = [outcome.events is None for outcome in outcomes]
    sign = np.array([1 if outcome.better == "higher" else -1 for outcome in outcomes], np.int8)
    threshold = np.array([outcome.threshold for outcome in outcomes], np.float64)
    if any(number is False and direction < 0 for number, direction in zip(is_number, sign, strict=True)):
        raise ValueError("of times to an event, longer ones win")
    what = contrasts(pairs, 1, alpha, margin)
    size = (bounds.size - 1, len(what.pairs))
    found, status = np.full((4, *size), np.nan), np.zeros(size, np.int8)
    counts = np.zeros(size, np.int64), np.zeros(size, np.int64)
    _compare(CODES[measure], values, events, sign, threshold, arms, bounds, what.pairs, found, status, *counts)
    df = np.where(status == OK, np.inf, np.nan)
    results = concluded(found[0], found[1], df, status, counts, what.better, what.alpha, what.margin)
    return Wins(comparisons=results, won=found[2], lost=found[3])
