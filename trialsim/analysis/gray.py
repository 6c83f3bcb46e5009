"""Gray's test: do the cumulative incidences of one cause differ between arms, where other events compete?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import Codes, Comparisons, Floats, Integers, concluded, contrasts
from trialsim.analysis.log_rank import fill_one_step
from trialsim.analysis.time_order import checked_strata, checked_times, fill_time_order, most_rows
from trialsim.foundation.arithmetic import compiled


@compiled(
    "int64(float64[::1], int64[::1], int64[::1], int64, int64, int64, int64, int64, float64[:, ::1], float64[::1])"
)
def _add_scores(
    time: Floats, arm: Integers, event: Integers, cause: int, start: int, stop: int, treated: int, control: int,
    kept: Floats, sums: Floats,
) -> int:  # fmt: skip
    """Add the score, its variance and the information of one stratum to `sums`; return how many events of the cause.

    With n_g at risk, S_g(t-) free of all events and F_g(t-) the incidence of group g, its weight is
    R_g = n_g (1 - F_g) / S_g, and the score is sum (d_1 - d R_1 / R) over events of the cause. The variance is that of
    Gray (1988, section 3): each group's events, of the cause and of others, have an influence on the score now and, by
    what comes later, through its curves. `kept` [8, rows] is room for the terms of each time.
    """
    at_risk = np.zeros(2)
    for k in range(start, stop):
        at_risk[0] += 1.0 if arm[k] == treated else 0.0
        at_risk[1] += 1.0 if arm[k] == control else 0.0
    free, after, incidence = np.ones(2), np.ones(2), np.zeros(2)
    deaths, others, leaving = np.zeros(2), np.zeros(2), np.zeros(2)
    pooled = 0.0  # the incidence under no difference
    carried = 0.0  # what later events carry of earlier ones, so far
    n_events, m = 0, 0
    k = start
    while k < stop:
        now = time[k]
        deaths[:] = 0.0
        others[:] = 0.0
        leaving[:] = 0.0
        while k < stop and time[k] == now:
            g = 0 if arm[k] == treated else 1
            if arm[k] == treated or arm[k] == control:
                leaving[g] += 1.0
                deaths[g] += 1.0 if event[k] == cause else 0.0
                others[g] += 1.0 if event[k] not in (0, cause) else 0.0
            k += 1
        of_cause = deaths[0] + deaths[1]
        if of_cause + others[0] + others[1] > 0.0:
            scaled = 0.0  # sum of n / S
            weighted = 0.0  # sum of R
            for g in range(2):
                if at_risk[g] > 0.0:
                    scaled += at_risk[g] / free[g]
                    weighted += at_risk[g] * (1.0 - incidence[g]) / free[g]
                    after[g] = free[g] * (at_risk[g] - deaths[g] - others[g]) / at_risk[g]
            gap = 0.0
            if at_risk[0] > 0.0 and at_risk[1] > 0.0:
                gap = at_risk[0] / free[0] * (at_risk[1] / free[1]) / scaled
                share = at_risk[0] * (1.0 - incidence[0]) / free[0] / weighted
                sums[0] += deaths[0] - of_cause * share
                sums[2] += of_cause * share * (1.0 - share)
                n_events += int(of_cause)
            step = of_cause / scaled
            if gap > 0.0 and of_cause > 0.0:
                carried += gap * step / (1.0 - pooled)
            pooled += step
            kept[0, m], kept[1, m] = gap, carried
            for g in range(2):
                later = (1.0 - pooled) / after[g] if after[g] > 0.0 else 0.0
                kept[2 + g, m] = later
                kept[4 + g, m], kept[6 + g, m] = 0.0, 0.0
                if at_risk[g] > 0.0 and of_cause > 0.0:
                    ties = 1.0 - (of_cause - 1.0) / (scaled * free[g] - 1.0) if of_cause > 1.0 else 1.0
                    kept[4 + g, m] = ties * free[g] * of_cause / (scaled * at_risk[g])
                if after[g] > 0.0 and others[g] > 0.0:
                    ties = 1.0 - (others[g] - 1.0) / (at_risk[g] - 1.0) if others[g] > 1.0 else 1.0
                    kept[6 + g, m] = ties * (free[g] / at_risk[g]) * (free[g] / at_risk[g]) * others[g]
            m += 1
            for g in range(2):
                if at_risk[g] > 0.0:
                    incidence[g] += free[g] * deaths[g] / at_risk[g]
                free[g] = after[g]
        at_risk -= leaving
    for i in range(m):
        to_come = carried - kept[1, i]
        for g in range(2):
            now_and_later = kept[0, i] + (1.0 - kept[2 + g, i]) * to_come
            sums[1] += kept[4 + g, i] * now_and_later * now_and_later
            sums[1] += kept[6 + g, i] * (kept[2 + g, i] * to_come) * (kept[2 + g, i] * to_come)
    return n_events


@compiled(
    "void(float64[::1], int8[::1], int64, int64[::1], int64[::1], int64[::1], int64, int64, int64[:, ::1], "
    "float64[:, :, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _fill_scores(
    time: Floats, event: Codes, cause: int, arm: Integers, offsets: Integers, stratum: Integers, n_strata: int,
    most: int, pairs: Integers, sums: Floats, n_events: Integers, n_treated: Integers, n_control: Integers,
) -> None:  # fmt: skip
    times, spare, kept = np.empty(most), np.empty(most), np.empty((8, most))
    row, spare_row = np.empty(most, np.int64), np.empty(most, np.int64)
    arms, events = np.empty(most, np.int64), np.empty(most, np.int64)
    begins, strata = np.empty(most + 2 * n_strata + 1, np.int64), np.empty(n_strata + 1, np.int64)
    one = np.empty(3)
    for t in range(offsets.size - 1):
        fill_time_order(
            time, stratum, n_strata, offsets[t], offsets[t + 1], times, row, strata, spare, spare_row, begins
        )
        for k in range(strata[n_strata]):
            arms[k], events[k] = arm[row[k]], event[row[k]]
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            for k in range(strata[n_strata]):
                n_treated[t, c] += 1 if arms[k] == a else 0
                n_control[t, c] += 1 if arms[k] == b else 0
            one[:] = 0.0
            for s in range(n_strata):
                n_events[t, c] += _add_scores(times, arms, events, cause, strata[s], strata[s + 1], a, b, kept, one)
            sums[0, t, c], sums[1, t, c], sums[2, t, c] = one[0], one[1], one[2]


def gray(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    stratum: ArrayLike | None,
    n_strata: int,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    cause: int = 1,
) -> Comparisons:
    """Return the one-step log ratios of subdistribution hazards (treated over control) with Gray's test of each pair.

    ``event`` is 0 where a patient was censored, else the cause; ``cause`` is compared, all others compete. statistic =
    score / sqrt(variance), and its square Gray's (1988) chi-square with rho = 0; estimate = score / information, near
    the log ratio of Fine and Gray (1999) when that is not far from 0. Strata add scores and variances. Otherwise as
    ``log_rank``.
    """
    times, events, arms, bounds = checked_times(time, event, arm, offsets)
    strata, n = checked_strata(stratum, n_strata, times.size)
    what = contrasts(pairs, better, alpha)
    if cause == 0:
        raise ValueError("cause 0 is censoring: causes are numbered from 1")
    shape = (bounds.size - 1, len(what.pairs))
    sums = np.zeros((3, *shape))
    n_events, n_treated, n_control = (np.zeros(shape, np.int64) for _ in range(3))
    _fill_scores(
        times, events, int(cause), arms, bounds, strata, n, most_rows(bounds), what.pairs, sums, n_events, n_treated,
        n_control,
    )  # fmt: skip
    estimate, se, df = (np.full(shape, np.nan) for _ in range(3))
    status = np.zeros(shape, np.int8)
    fill_one_step(sums[0], sums[1], sums[2], n_events, n_treated, n_control, estimate, se, df, status)
    return concluded(estimate, se, df, status, (n_treated, n_control), what.better, what.alpha, what.margin)
