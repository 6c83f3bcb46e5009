"""Ratios of rates from counts with exposure: Poisson and negative-binomial regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    NO_VARIANCE,
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
from trialsim.analysis.count_fit import fitted
from trialsim.analysis.model_rows import Flags, checked_columns, complete_rows, mark_kept, product, solve, solve_below
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import log_array


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRatios:
    """Comparisons whose estimates are logarithms of ratios of rates, and each trial's dispersion [T] (0: Poisson)."""

    comparisons: Comparisons
    dispersion: Floats


@compiled(
    "float64(boolean, float64[:, ::1], float64[::1], float64[::1], int64, float64, float64[:, ::1], boolean[::1], "
    "float64[::1])"
)
def _variance(
    is_robust: bool, x: Floats, y: Floats, means: Floats, n: int, dispersion: float, factor: Floats, is_kept: Flags,
    contrast: Floats,
) -> float:  # fmt: skip
    """The variance of a contrast of slopes: from the expected information, or around it from the residuals."""
    if not is_robust:
        solve_below(factor, is_kept, contrast)
        return product(contrast, contrast)
    solve(factor, is_kept, contrast)
    total = 0.0
    for i in range(n):
        part = product(x[i], contrast) * (y[i] - means[i]) / (1.0 + dispersion * means[i])
        total += part * part
    return total


@compiled("int64(float64[:, ::1], float64[::1], float64[::1], int64[::1], int64, float64[::1])")
def _with_events(x: Floats, y: Floats, exposure: Floats, arms: Integers, n: int, happened: Floats) -> int:
    """Move up the patients of arms with events; return their number. A mean of 0 tells nothing of the other slopes."""
    kept = 0
    for i in range(n):
        if happened[arms[i]] > 0.0:
            x[kept] = x[i]
            y[kept], exposure[kept], arms[kept] = y[i], exposure[i], arms[i]
            kept += 1
    return kept


@compiled(
    "void(boolean, boolean, float64[::1], float64[::1], int64[::1], int64[::1], float64[:, ::1], int64[::1], int64, "
    "int64[:, ::1], int64, float64[:, :, ::1], float64[::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    is_dispersed: bool, is_robust: bool, events: Floats, exposure: Floats, arm: Integers, offsets: Integers,
    covariates: Floats, stratum: Integers, n_strata: int, pairs: Integers, n_arms: int,
    found: Floats, dispersions: Floats, status: Codes, n_treated: Integers, n_control: Integers,
) -> None:  # fmt: skip
    most = 1
    for t in range(offsets.size - 1):
        most = max(most, offsets[t + 1] - offsets[t])
    p = n_arms + covariates.shape[1] + max(n_strata - 1, 0)
    x, y, rest, means = np.zeros((most, p)), np.zeros(most), np.zeros(most), np.zeros(most)
    arms, is_kept = np.zeros(most, np.int64), np.zeros(p, np.bool_)
    factor, slopes, contrast = np.zeros((p, p)), np.zeros(p), np.zeros(p)
    count, happened = np.zeros(n_arms, np.int64), np.zeros(n_arms)
    for t in range(offsets.size - 1):
        n = complete_rows(
            events, exposure, arm, covariates, stratum, n_strata, n_arms, offsets[t], offsets[t + 1], y, rest, arms, x
        )
        count[:] = 0
        happened[:] = 0.0
        for i in range(n):
            count[arms[i]] += 1
            happened[arms[i]] += y[i]
        n = _with_events(x, y, rest, arms, n, happened)
        mark_kept(x, n, factor, is_kept)
        fit, dispersion = fitted(x, y, rest, n, is_kept, is_dispersed, slopes, means, factor)
        dispersions[t] = dispersion if fit == OK else np.nan
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            n_treated[t, c], n_control[t, c] = count[a], count[b]
            if count[a] == 0 or count[b] == 0:
                status[t, c] = TOO_FEW_PATIENTS
            elif happened[a] == 0.0 or happened[b] == 0.0:
                status[t, c] = TOO_FEW_EVENTS
            elif fit != OK:
                status[t, c] = fit
            else:
                contrast[:] = 0.0
                contrast[a], contrast[b] = 1.0, -1.0
                found[0, t, c] = slopes[a] - slopes[b]
                variance = _variance(is_robust, x, y, means, n, dispersion, factor, is_kept, contrast)
                status[t, c] = OK if variance > 1e-14 / n else NO_VARIANCE
                found[1, t, c] = np.sqrt(variance) if variance > 0.0 else np.nan


def rate_ratios(
    distribution: Literal["poisson", "negative_binomial"],
    events: ArrayLike,
    exposure: ArrayLike,
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
    *,
    variance: Literal["model", "robust"] = "model",
) -> RateRatios:
    """Return logarithms of ratios of rates (treated over control) with Wald's tests and intervals.

    ``events`` [N] is how often something happened to a patient (whole, NaN: not in the analysis) in the time
    ``exposure`` [N] (positive). One regression of all arms with a logarithmic link, the covariates [N, K] and
    indicators of strata. The variance of a count is its mean ("poisson"), or mean + dispersion mean^2 with the
    dispersion of greatest likelihood (Lawless 1987). ``variance``: that of the "model" (expected information at the
    dispersion found), or "robust" (around the residuals; Huber 1967, White 1982). An arm without events has a reason.
    Rows, pairs, better and margin (a logarithm) as for ``t_test``.
    """
    values, arms, bounds, columns, strata = checked_columns(events, arm, offsets, covariates, stratum, n_strata)
    times = np.require(exposure, np.float64, ["C", "W"])
    if times.shape != values.shape:
        raise ValueError(f"there are {values.shape} counts and {times.shape} exposures")
    if np.any((values < 0.0) | (values != np.floor(values)) & ~np.isnan(values)):
        raise ValueError("a count is not a whole number from 0")
    if np.any(times[~np.isnan(values)] <= 0.0):
        raise ValueError("an exposure is not above 0")
    what = contrasts(pairs, better, alpha, margin)
    n_all = what.n_arms if n_arms is None else int(n_arms)
    if n_all < what.n_arms:
        raise ValueError(f"a comparison names arm {what.n_arms - 1}, and there are {n_all} arms")
    shape = (bounds.size - 1, len(what.pairs))
    found, status = np.full((2, *shape), np.nan), np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    dispersion = np.full(shape[0], np.nan)
    logs = log_array(np.where(times > 0.0, times, np.nan))
    _compare(
        distribution == "negative_binomial", variance == "robust", values, logs, arms, bounds, columns, strata,
        int(n_strata), what.pairs, n_all, found, dispersion, status, *counts,
    )  # fmt: skip
    df = np.where(status == OK, np.inf, np.nan)
    results = concluded(found[0], found[1], df, status, counts, what.better, what.alpha, what.margin)
    return RateRatios(comparisons=results, dispersion=dispersion)
