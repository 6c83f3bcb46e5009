"""Cox regression: log hazard ratios of all arms from one model, with covariates and strata."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.comparisons import (
    NO_CONVERGENCE,
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
from trialsim.analysis.cox_likelihood import (
    factored,
    fill_counts,
    partial_likelihood,
    partial_likelihood_of_arms,
    solve_above,
    solve_below,
)
from trialsim.analysis.time_order import checked_strata, checked_times, fill_time_order, most_rows
from trialsim.foundation.arithmetic import compiled

Flags = NDArray[np.bool_]
MOST_STEPS = 30
GREATEST_SLOPE = 25.0  # a log hazard ratio (per standard deviation of a covariate) beyond it has no maximum


@compiled(
    "int64(float64[::1], boolean[::1], float64[:, ::1], int64[::1], int64[::1], boolean, boolean, float64[::1], "
    "float64[:, ::1], boolean[::1])"
)
def fitted(
    time: Floats, is_event: Flags, x: Floats, column: Integers, strata: Integers, efron: bool, arms_alone: bool,
    slopes: Floats, factor: Floats, is_kept: Flags,
) -> int:  # fmt: skip
    """Fill the slopes of the greatest partial likelihood, the factor of the information there; return a status.

    Newton's steps from zero, halved while the likelihood falls, until a step is below 1e-9 in every slope. Where
    arms alone differ, patients are counted once, and each step goes over times with events.
    """
    p = slopes.size
    score, step, trial = np.empty(p), np.empty(p), np.zeros(p)
    first, second = np.empty((2, p)), np.empty((2, p, p))
    n_rows = time.size if arms_alone else 0
    at_risk, deaths = np.empty((n_rows + 1, p + 1)), np.empty((n_rows + 1, p + 1))
    m = fill_counts(time, is_event, column, strata, at_risk, deaths) if arms_alone else 0
    reference = np.zeros(p)
    slopes[:] = 0.0
    value = 0.0
    for iteration in range(MOST_STEPS):
        if iteration > 0:
            step[:] = score
            solve_below(factor, is_kept, step)
            solve_above(factor, is_kept, step)
            greatest = 0.0
            for i in range(p):
                greatest = max(greatest, abs(step[i]))
            if greatest < 1e-9:
                return OK
        following = value
        for _ in range(20):
            for i in range(p):
                trial[i] = slopes[i] + (step[i] if iteration > 0 else 0.0)
            if arms_alone:
                following = partial_likelihood_of_arms(at_risk, deaths, m, trial, efron, score, factor)
            else:
                following = partial_likelihood(
                    time, is_event, x, strata, trial, efron, score, factor, first, second
                )
            if iteration == 0 or following >= value - 1e-10 * abs(value):
                break
            for i in range(p):
                step[i] *= 0.5
        value = following
        slopes[:] = trial
        for i in range(p):
            if not abs(slopes[i]) < GREATEST_SLOPE:
                return NO_CONVERGENCE
        if iteration == 0:
            for i in range(p):
                for k in range(0 if arms_alone else time.size):
                    reference[i] += x[k, i] * x[k, i] / time.size
        if factored(factor, reference, is_kept, iteration == 0) < 0:
            return NO_CONVERGENCE
    return NO_CONVERGENCE


@compiled(
    "int64(float64[::1], int64[::1], int64, int8[::1], int64[::1], int64[::1], float64[:, ::1], float64[::1], "
    "boolean[::1], float64[:, ::1], int64[::1], int64[::1], int64[::1])"
)
def _designed(
    time: Floats, row: Integers, n_strata: int, event: Codes, arm: Integers, n_events: Integers,
    covariates: Floats, kept_time: Floats, is_event: Flags, x: Floats, strata: Integers, column: Integers,
    own_column: Integers,
) -> int:  # fmt: skip
    """Fill times, events and columns of the patients of arms with events, strata closed up; return how many.

    column[a] is the column that tells arm a from the first of those arms (which has -1); covariates follow, centred and
    divided by their standard deviation (their slopes are not reported).
    """
    n_arms, n_covariates = column.size, covariates.shape[1]
    n_columns = -1
    for a in range(n_arms):
        column[a] = -1
        if n_events[a] > 0:
            column[a] = n_columns
            n_columns += 1
    n = 0
    begin = strata[0]
    for s in range(n_strata):
        end = strata[s + 1]
        strata[s] = n
        for k in range(begin, end):
            r = row[k]
            if n_events[arm[r]] == 0:
                continue
            kept_time[n] = time[k]
            is_event[n] = event[r] != 0
            own_column[n] = column[arm[r]]
            for j in range(n_columns if n_covariates > 0 else 0):
                x[n, j] = 1.0 if own_column[n] == j else 0.0
            for j in range(n_covariates):
                x[n, n_columns + j] = covariates[r, j]
            n += 1
        begin = end
    strata[n_strata] = n
    for j in range(n_columns, n_columns + n_covariates):
        mean, squares = 0.0, 0.0
        for k in range(n):
            mean += x[k, j]
        mean = mean / n if n > 0 else 0.0
        for k in range(n):
            x[k, j] -= mean
            squares += x[k, j] * x[k, j]
        spread = np.sqrt(squares / n) if n > 0 else 0.0
        is_constant = not spread > 1e-12 * abs(mean)
        for k in range(n):
            x[k, j] = 0.0 if is_constant else x[k, j] / spread
    return n


@compiled(
    "void(int64[:, ::1], int64[::1], int64, float64[::1], float64[:, ::1], boolean[::1], float64[::1], "
    "float64[:, ::1])"
)
def _contrast(
    pairs: Integers, column: Integers, p: int, slopes: Floats, factor: Floats, is_kept: Flags, estimate: Floats,
    covariance: Floats,
) -> None:  # fmt: skip
    """Fill the log hazard ratios of the pairs and their covariances; NaN covariances where an arm is aliased."""
    n_pairs = pairs.shape[0]
    gaps = np.zeros((n_pairs, p))
    for c in range(n_pairs):
        a, b = column[pairs[c, 0]], column[pairs[c, 1]]
        is_known = (a < 0 or is_kept[a]) and (b < 0 or is_kept[b])
        estimate[c] = (slopes[a] if a >= 0 else 0.0) - (slopes[b] if b >= 0 else 0.0)
        if a >= 0:
            gaps[c, a] += 1.0
        if b >= 0:
            gaps[c, b] -= 1.0
        solve_below(factor, is_kept, gaps[c])
        if not is_known:
            gaps[c] = np.nan
    for c in range(n_pairs):
        for d in range(n_pairs):
            total = 0.0
            for i in range(p):
                total += gaps[c, i] * gaps[d, i]
            covariance[c, d] = total


@compiled(
    "void(float64[::1], int8[::1], int64[::1], int64[::1], float64[:, ::1], int64[::1], int64, int64[:, ::1], "
    "int64, int64, boolean, float64[:, ::1], float64[:, ::1], float64[:, ::1], int8[:, ::1], int64[:, ::1], "
    "int64[:, ::1], float64[:, :, ::1])"
)
def _compare(
    time: Floats, event: Codes, arm: Integers, offsets: Integers, covariates: Floats, group: Integers,
    n_strata: int, pairs: Integers, n_arms: int, most: int, efron: bool, estimate: Floats, se: Floats, df: Floats,
    status: Codes, n_treated: Integers, n_control: Integers, covariance: Floats,
) -> None:  # fmt: skip
    times, spare, kept_time = np.empty(most), np.empty(most), np.empty(most)
    row, spare_row, is_event = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.bool_)
    begins, strata = np.empty(most + 2 * n_strata + 1, np.int64), np.empty(n_strata + 1, np.int64)
    n_events, count, column = np.zeros(n_arms, np.int64), np.zeros(n_arms, np.int64), np.zeros(n_arms, np.int64)
    own_column = np.empty(most, np.int64)
    for t in range(offsets.size - 1):
        fill_time_order(time, group, n_strata, offsets[t], offsets[t + 1], times, row, strata, spare, spare_row, begins)
        n_events[:] = 0
        count[:] = 0
        for k in range(strata[n_strata]):
            r = row[k]
            count[arm[r]] += 1
            n_events[arm[r]] += 1 if event[r] != 0 else 0
        with_events = 0
        for a in range(n_arms):
            with_events += 1 if n_events[a] > 0 else 0
        p = max(with_events - 1, 0) + covariates.shape[1]
        outcome = OK
        slopes, factor, is_kept = np.zeros(p), np.zeros((p, p)), np.zeros(p, np.bool_)
        if with_events > 1:
            x = np.empty((strata[n_strata] if covariates.shape[1] > 0 else 0, p))
            n = _designed(
                times, row, n_strata, event, arm, n_events, covariates, kept_time, is_event, x, strata, column,
                own_column,
            )  # fmt: skip
            arms_alone = covariates.shape[1] == 0
            outcome = fitted(
                kept_time[:n], is_event[:n], x[: 0 if arms_alone else n], own_column[:n], strata, efron, arms_alone,
                slopes, factor, is_kept,
            )  # fmt: skip
            _contrast(pairs, column, p, slopes, factor, is_kept, estimate[t], covariance[t])
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            n_treated[t, c], n_control[t, c] = count[a], count[b]
            if count[a] == 0 or count[b] == 0:
                status[t, c] = TOO_FEW_PATIENTS
            elif n_events[a] == 0 or n_events[b] == 0:
                status[t, c] = TOO_FEW_EVENTS
            elif outcome != OK or not covariance[t, c, c] > 0.0:
                status[t, c] = NO_CONVERGENCE
            else:
                status[t, c] = OK
                se[t, c] = np.sqrt(covariance[t, c, c])
                df[t, c] = np.inf
            if status[t, c] != OK:
                estimate[t, c] = np.nan


def cox(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    covariates: ArrayLike | None,
    stratum: ArrayLike | None,
    n_strata: int,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
    n_arms: int | None = None,
    efron: bool = True,
    cause: int = 0,
) -> Comparisons:
    """Return the log hazard ratios (treated over control) of one Cox model of all arms, with Wald tests and intervals.

    ``covariates`` [N, K] have one slope each; strata have a baseline hazard of their own. ``margin`` is the log of a
    hazard ratio. Ties after Efron (1977), or Breslow (1974). ``cause`` counts one kind of event only, others being
    censored: a cause-specific hazard ratio; 0 counts all. An arm without events has no finite ratio: its pairs are
    refused by status ("too few events") and its patients left out, which is what the likelihood comes to. ``better`` is
    -1 where fewer events are a benefit. Patients with a missing time or covariate, of no stratum or of an arm beyond
    n_arms (by default the greatest compared) are left out. ``covariance`` is that of the estimates.
    """
    times, events, arms, bounds = checked_times(time, event, arm, offsets, cause)
    what = contrasts(pairs, better, alpha, margin)
    strata, n_groups = checked_strata(stratum, n_strata, times.size)
    number = max(what.n_arms, n_arms or 0)
    extra = np.zeros((times.size, 0)) if covariates is None else np.require(covariates, np.float64, ["C", "W"])
    if extra.ndim != 2 or len(extra) != times.size:
        raise ValueError(f"there are {times.shape} values and {extra.shape} covariates")
    is_left_out = np.isnan(extra).any(axis=1) | (arms < 0) | (arms >= number)
    group = np.where(is_left_out, -1, strata)
    shape = (bounds.size - 1, len(what.pairs))
    estimate, se, df = (np.full(shape, np.nan) for _ in range(3))
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    covariance = np.full((*shape, shape[1]), np.nan)
    _compare(
        times, events, arms, bounds, np.ascontiguousarray(extra), group, n_groups, what.pairs, number,
        most_rows(bounds), bool(efron), estimate, se, df, status, *counts, covariance,
    )  # fmt: skip
    return concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin, covariance)
