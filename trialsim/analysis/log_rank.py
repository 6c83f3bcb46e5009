"""Log-rank tests, plain, weighted and stratified, each pair of arms on its own patients."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    NOT_ESTIMABLE,
    OK,
    TOO_FEW_EVENTS,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    concluded,
    contrasts,
)
from trialsim.analysis.time_order import checked_strata, checked_times, fill_time_order, most_rows
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import power

FLEMING_HARRINGTON, DELAY, FLOOR = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How an event counts, by the share S(t-) of both arms (of the stratum) that was still free of events before it.

    Fleming and Harrington: S^rho (1 - S)^gamma. Modestly weighted (Magirr and Burman 2019): 1 / max(S, S(delay)), the
    delay in the unit of time; or 1 / max(S, floor) with a share instead (Magirr 2021).
    """

    kind: int = FLEMING_HARRINGTON
    first: float = 0.0  # rho, delay or floor
    second: float = 0.0  # gamma


PLAIN = Weight()


def fleming_harrington(rho: float, gamma: float) -> Weight:
    """Return the weight S^rho (1 - S)^gamma (Fleming and Harrington 1991, section 7.2); (0, 0) is the plain test."""
    if not (0.0 <= rho < np.inf and 0.0 <= gamma < np.inf):
        raise ValueError(f"rho {rho} and gamma {gamma} are not both zero or greater")
    return Weight(first=float(rho), second=float(gamma))


def modestly_weighted(delay: float | None = None, floor: float | None = None) -> Weight:
    """Return the weight 1 / max(S, S(delay)) of Magirr and Burman (2019), or 1 / max(S, floor) of Magirr (2021)."""
    if delay is not None and floor is None and 0.0 <= delay < np.inf:
        return Weight(kind=DELAY, first=float(delay))
    if floor is not None and delay is None and 0.0 < floor <= 1.0:
        return Weight(kind=FLOOR, first=float(floor))
    raise ValueError(f"modest weights need a delay (zero or greater) or a floor (above 0, at most 1): {delay}, {floor}")


@compiled("float64(int64, float64, float64, float64, float64)")
def event_weight(kind: int, first: float, second: float, free: float, at_delay: float) -> float:
    """Return the weight of an event when a share `free` of both arms was free of events; `at_delay` at the delay."""
    if kind == DELAY:
        return 1.0 / max(free, at_delay)
    if kind == FLOOR:
        return 1.0 / max(free, first)
    early = 1.0 if first == 0.0 else (free if first == 1.0 else power(free, first))
    late = 1.0 if second == 0.0 else (1.0 - free if second == 1.0 else power(1.0 - free, second))
    return early * late


@compiled(
    "void(float64[::1], int64[::1], int64[::1], int64, int64, int64, int64, int64[::1], float64[::1], float64[::1], "
    "float64[::1], float64[:, ::1], float64[::1], int64[::1])"
)
def add_scores(
    time: Floats, arm: Integers, event: Integers, start: int, stop: int, treated: int, control: int, kind: Integers,
    first: Floats, second: Floats, score: Floats, variance: Floats, information: Floats, counts: Integers,
) -> None:  # fmt: skip
    """Add the scores of each weight over the patients of a stratum, in order of time.

    score[k] = sum w_k (d_1 - d n_1 / n), variance[k, l] = sum w_k w_l v and information[k] = sum w_k v with v the
    hypergeometric variance d n_1 n_0 (n - d) / (n^2 (n - 1)) (Mantel 1966), over times with events.
    `counts` are events that count, treated and controls.
    """
    n_weights = kind.size
    at_risk_1, at_risk_0 = 0, 0
    for k in range(start, stop):
        at_risk_1 += 1 if arm[k] == treated else 0
        at_risk_0 += 1 if arm[k] == control else 0
    counts[1] += at_risk_1
    counts[2] += at_risk_0
    at_delay = np.ones(n_weights)
    weight = np.empty(n_weights)
    free = 1.0
    n_events = 0
    k = start
    while k < stop and at_risk_1 > 0 and at_risk_0 > 0:
        now = time[k]
        deaths_1, deaths_0, leaving_1, leaving_0 = 0, 0, 0, 0
        while k < stop and time[k] == now:
            is_1 = 1 if arm[k] == treated else 0  # counted, not branched on: which arm is next cannot be foreseen
            is_0 = 1 if arm[k] == control else 0
            leaving_1 += is_1
            leaving_0 += is_0
            deaths_1 += is_1 * event[k]
            deaths_0 += is_0 * event[k]
            k += 1
        deaths = deaths_1 + deaths_0
        if deaths > 0:
            n_events += deaths
            n = float(at_risk_1 + at_risk_0)
            share = at_risk_1 / n
            excess = deaths_1 - deaths * share
            spread = deaths * share * (at_risk_0 / n) * ((n - deaths) / (n - 1.0))
            after = free * ((n - deaths) / n)
            for j in range(n_weights):
                weight[j] = event_weight(kind[j], first[j], second[j], free, at_delay[j])
                score[j] += weight[j] * excess
                information[j] += weight[j] * spread
                for i in range(j + 1):
                    variance[j, i] += weight[j] * weight[i] * spread
                if kind[j] == DELAY and now <= first[j]:
                    at_delay[j] = after
            free = after
        at_risk_1 -= leaving_1
        at_risk_0 -= leaving_0
    counts[0] += n_events


@compiled(
    "void(float64[::1], int8[::1], int64[::1], int64[::1], int64[::1], int64, int64, int64[:, ::1], int64[::1], "
    "float64[::1], float64[::1], float64[:, :, ::1], float64[:, :, :, ::1], float64[:, :, ::1], int64[:, ::1], "
    "int64[:, ::1], int64[:, ::1])"
)
def _fill_scores(
    time: Floats, event: Codes, arm: Integers, offsets: Integers, stratum: Integers, n_strata: int, most: int,
    pairs: Integers, kind: Integers, first: Floats, second: Floats, score: Floats, variance: Floats,
    information: Floats, n_events: Integers, n_treated: Integers, n_control: Integers,
) -> None:  # fmt: skip
    times, spare = np.empty(most), np.empty(most)
    row, spare_row = np.empty(most, np.int64), np.empty(most, np.int64)
    arms, events = np.empty(most, np.int64), np.empty(most, np.int64)
    begins, strata = np.empty(most + 2 * n_strata + 1, np.int64), np.empty(n_strata + 1, np.int64)
    counts = np.empty(3, np.int64)
    for t in range(offsets.size - 1):
        fill_time_order(
            time, stratum, n_strata, offsets[t], offsets[t + 1], times, row, strata, spare, spare_row, begins
        )
        for k in range(strata[n_strata]):
            arms[k] = arm[row[k]]
            events[k] = 1 if event[row[k]] != 0 else 0
        for c in range(pairs.shape[0]):
            counts[:] = 0
            for s in range(n_strata):
                add_scores(
                    times, arms, events, strata[s], strata[s + 1], pairs[c, 0], pairs[c, 1], kind, first, second,
                    score[t, c], variance[t, c], information[t, c], counts,
                )  # fmt: skip
            n_events[t, c], n_treated[t, c], n_control[t, c] = counts[0], counts[1], counts[2]
            for j in range(kind.size):
                for i in range(j):
                    variance[t, c, i, j] = variance[t, c, j, i]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Weighted log-rank scores of T trials, C pairs and K weights; negative where the treated have fewer events."""

    score: Floats  # [T, C, K]
    variance: Floats  # [T, C, K, K], under no difference: the information of a group-sequential design
    information: Floats  # [T, C, K]: what the score changes by for each unit of a log hazard ratio
    n_events: Integers  # [T, C], while both arms are at risk
    n_treated: Integers  # [T, C]
    n_control: Integers  # [T, C]


def log_rank_scores(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    pairs: Integers,
    weights: tuple[Weight, ...] = (PLAIN,),
    stratum: ArrayLike | None = None,
    n_strata: int = 0,
    cause: int = 0,
) -> Scores:
    """Return the scores of weighted log-rank tests and how they vary together; one sort a trial for all of them."""
    times, events, arms, bounds = checked_times(time, event, arm, offsets, cause)
    strata, n = checked_strata(stratum, n_strata, times.size)
    kind = np.array([w.kind for w in weights], np.int64)
    first = np.array([w.first for w in weights], np.float64)
    second = np.array([w.second for w in weights], np.float64)
    shape = (bounds.size - 1, len(pairs))
    score, information = np.zeros((*shape, kind.size)), np.zeros((*shape, kind.size))
    variance = np.zeros((*shape, kind.size, kind.size))
    n_events, n_treated, n_control = (np.zeros(shape, np.int64) for _ in range(3))
    _fill_scores(
        times, events, arms, bounds, strata, n, most_rows(bounds), pairs, kind, first, second, score, variance,
        information, n_events, n_treated, n_control,
    )  # fmt: skip
    return Scores(
        score=score, variance=variance, information=information, n_events=n_events, n_treated=n_treated,
        n_control=n_control,
    )  # fmt: skip


@compiled(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1], "
    "float64[:, ::1], float64[:, ::1], float64[:, ::1], int8[:, ::1])"
)
def fill_one_step(
    score: Floats, variance: Floats, information: Floats, n_events: Integers, n_treated: Integers,
    n_control: Integers, estimate: Floats, se: Floats, df: Floats, status: Codes,
) -> None:  # fmt: skip
    """Fill the one-step log hazard ratios of scores, score / information, and their standard errors."""
    for t in range(score.shape[0]):
        for c in range(score.shape[1]):
            if n_treated[t, c] == 0 or n_control[t, c] == 0:
                status[t, c] = TOO_FEW_PATIENTS
            elif n_events[t, c] == 0:
                status[t, c] = TOO_FEW_EVENTS
            elif not (variance[t, c] > 0.0 and information[t, c] > 0.0):
                status[t, c] = NOT_ESTIMABLE
            else:
                status[t, c] = OK
                estimate[t, c] = score[t, c] / information[t, c]
                se[t, c] = np.sqrt(variance[t, c]) / information[t, c]
                df[t, c] = np.inf


def log_rank(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    stratum: ArrayLike | None,
    n_strata: int,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    weight: Weight = PLAIN,
    cause: int = 0,
) -> Comparisons:
    """Return the one-step log hazard ratios (treated over control) with the log-rank test of each pair of arms.

    One row is one patient: ``time`` followed (any unit; NaN: not in the analysis) and ``event`` (0: censored then).
    ``better`` is -1 where fewer events are a benefit. statistic = score / sqrt(variance), the usual test, and
    estimate = score / information, for the plain test U / V (Peto, in Yusuf et al. 1985). Over looks it is the
    variance of the score that grows (``information``): that of a plain test is 1 / se^2, of a weighted one it is not.
    The estimate is near a hazard ratio that is constant and not far from one; use ``cox`` otherwise, and for every
    margin. ``cause`` counts one kind of event only, others being censored; 0 counts all. Strata add scores and
    variances (Mantel 1966); weights go by each stratum's own curve. Rows, pairs and strata as for
    ``risk_difference``.
    """
    what = contrasts(pairs, better, alpha)
    scores = log_rank_scores(time, event, arm, offsets, what.pairs, (weight,), stratum, n_strata, cause)
    estimate, se, df = (np.full(scores.n_events.shape, np.nan) for _ in range(3))
    status = np.zeros(scores.n_events.shape, np.int8)
    fill_one_step(
        scores.score[:, :, 0].copy(), scores.variance[:, :, 0, 0].copy(), scores.information[:, :, 0].copy(),
        scores.n_events, scores.n_treated, scores.n_control, estimate, se, df, status,
    )  # fmt: skip
    counts = scores.n_treated, scores.n_control
    found = concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin)
    return replace(found, information=np.where(status == OK, scores.variance[:, :, 0, 0], np.nan))
