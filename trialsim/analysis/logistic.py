"""Logistic regression: standardised differences, ratios and odds ratios, or the odds ratio of the model."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    NO_VARIANCE,
    NOT_ESTIMABLE,
    OK,
    SEPARATED,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    concluded,
    contrasts,
)
from trialsim.analysis.logistic_fit import fitted
from trialsim.analysis.model_rows import Flags, checked_columns, complete_rows, mark_kept, product, solve_below
from trialsim.analysis.restricted_shares import DIFFERENCE, ODDS_RATIO, RATIO
from trialsim.analysis.standardised_shares import model_covariances, robust_covariances, standardise
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import log

CONDITIONAL = 3
CODES: dict[str, int] = {
    "risk_difference": DIFFERENCE,
    "risk_ratio": RATIO,
    "odds_ratio": ODDS_RATIO,
    "conditional_odds_ratio": CONDITIONAL,
}
LogisticMeasure = Literal["risk_difference", "risk_ratio", "odds_ratio", "conditional_odds_ratio"]


@compiled("UniTuple(float64, 2)(int64, float64, float64, float64, float64, float64)")
def _measured(measure: int, p1: float, p0: float, v1: float, v0: float, both: float) -> tuple[float, float]:
    """The measure of two shares and its variance by the delta method; NaN where a share leaves it without a value."""
    if measure == DIFFERENCE:
        return p1 - p0, v1 + v0 - 2.0 * both
    if not (p1 > 0.0 and p0 > 0.0) or measure == ODDS_RATIO and not (p1 < 1.0 and p0 < 1.0):
        return np.nan, np.nan
    if measure == RATIO:
        g1, g0, value = 1.0 / p1, 1.0 / p0, log(p1 / p0)
    else:
        g1, g0 = 1.0 / (p1 * (1.0 - p1)), 1.0 / (p0 * (1.0 - p0))
        value = log(p1 * (1.0 - p0) / (p0 * (1.0 - p1)))
    return value, g1 * g1 * v1 + g0 * g0 * v0 - 2.0 * g1 * g0 * both


@compiled(
    "UniTuple(float64, 2)(int64, boolean, float64[:, ::1], float64[::1], int64[::1], int64, float64[::1], int64[::1], "
    "float64[:, ::1], float64[::1], float64[:, ::1], boolean[::1], int64, int64)"
)
def _compared(
    measure: int, is_robust: bool, x: Floats, y: Floats, arms: Integers, n: int, slopes: Floats, count: Integers,
    predicted: Floats, shares: Floats, factor: Floats, is_kept: Flags, a: int, b: int,
) -> tuple[float, float]:  # fmt: skip
    """The measure of two arms and its variance, from a fit."""
    if measure == CONDITIONAL:
        contrast = np.zeros(slopes.size)
        contrast[a], contrast[b] = 1.0, -1.0
        solve_below(factor, is_kept, contrast)
        return slopes[a] - slopes[b], product(contrast, contrast)
    standardise(x, y, arms, n, slopes, count, predicted, shares)
    if is_robust:
        v1, v0, both = robust_covariances(y, predicted, arms, n, count, a, b)
    else:
        v1, v0, both = model_covariances(x, predicted, arms, n, factor, is_kept, a, b)
    return _measured(measure, shares[a], shares[b], v1, v0, both)


@compiled(
    "int64(float64[:, ::1], float64[::1], int64[::1], int64, boolean[::1], float64[::1], float64[::1], "
    "float64[:, ::1], boolean[::1])"
)
def _likeliest(
    x: Floats, y: Floats, arms: Integers, n: int, is_constant: Flags, slopes: Floats, chance: Floats, factor: Floats,
    is_kept: Flags,
) -> int:  # fmt: skip
    """Fill the fit of greatest likelihood; where an arm's outcomes are all the same, that of the other arms.

    The slope of such an arm is infinite, and its patients then tell nothing of the other slopes.
    """
    mark_kept(x, n, factor, is_kept)
    fit = fitted(x, y, n, is_kept, False, slopes, chance, factor)
    if fit != SEPARATED:
        is_constant[:] = False
        return fit
    some_x, some_y, some = np.zeros((max(n, 1), x.shape[1])), np.zeros(max(n, 1)), 0
    for i in range(n):
        if not is_constant[arms[i]]:
            some_x[some], some_y[some] = x[i], y[i]
            some += 1
    if some == n or some == 0:
        return fit
    mark_kept(some_x, some, factor, is_kept)
    return fitted(some_x, some_y, some, is_kept, False, slopes, chance, factor)


@compiled(
    "void(int64, boolean, boolean, float64[::1], int64[::1], int64[::1], float64[:, ::1], int64[::1], int64, "
    "int64[:, ::1], int64, float64[:, :, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    measure: int, is_robust: bool, has_fallback: bool, success: Floats, arm: Integers, offsets: Integers,
    covariates: Floats, stratum: Integers, n_strata: int, pairs: Integers, n_arms: int,
    found: Floats, status: Codes, n_treated: Integers, n_control: Integers,
) -> None:  # fmt: skip
    most = 1
    for t in range(offsets.size - 1):
        most = max(most, offsets[t + 1] - offsets[t])
    p = n_arms + covariates.shape[1] + max(n_strata - 1, 0)
    x, predicted = np.zeros((most, p)), np.zeros((most, n_arms))
    y, none, rest, chance = np.zeros(most), np.zeros(success.size), np.zeros(most), np.zeros(most)
    arms, count, happened = np.zeros(most, np.int64), np.zeros(n_arms, np.int64), np.zeros(n_arms)
    factor, slopes, shares = np.zeros((p, p)), np.zeros(p), np.zeros(n_arms)
    is_kept, is_constant = np.zeros(p, np.bool_), np.zeros(n_arms, np.bool_)
    for t in range(offsets.size - 1):
        n = complete_rows(
            success, none, arm, covariates, stratum, n_strata, n_arms, offsets[t], offsets[t + 1], y, rest, arms, x
        )
        count[:] = 0
        happened[:] = 0.0
        for i in range(n):
            count[arms[i]] += 1
            happened[arms[i]] += y[i]
        for a in range(n_arms):
            is_constant[a] = happened[a] == 0.0 or happened[a] == count[a]
        fit = _likeliest(x, y, arms, n, is_constant, slopes, chance, factor, is_kept)
        is_penalised = False
        for turn in range(2):  # first what the greatest likelihood tells, then what it does not
            for c in range(pairs.shape[0]):
                a, b = pairs[c, 0], pairs[c, 1]
                n_treated[t, c], n_control[t, c] = count[a], count[b]
                is_left = turn == 0 or status[t, c] == SEPARATED
                if count[a] < 2 or count[b] < 2:
                    status[t, c] = TOO_FEW_PATIENTS
                elif is_left and (fit != OK or (turn == 0 and (is_constant[a] or is_constant[b]))):
                    status[t, c] = SEPARATED if fit == OK else fit
                elif is_left:
                    estimate, variance = _compared(
                        measure, is_robust, x, y, arms, n, slopes, count, predicted, shares, factor, is_kept, a, b
                    )
                    found[0, t, c] = estimate
                    if estimate != estimate:
                        status[t, c] = NOT_ESTIMABLE
                    elif not variance > 1e-14 / n:
                        status[t, c] = NO_VARIANCE
                    else:
                        status[t, c] = OK
                        found[1, t, c] = np.sqrt(variance)
                is_penalised = is_penalised or status[t, c] == SEPARATED
            if not (has_fallback and is_penalised) or turn == 1:
                break
            mark_kept(x, n, factor, is_kept)
            fit = fitted(x, y, n, is_kept, True, slopes, chance, factor)


def logistic_regression(
    measure: LogisticMeasure,
    success: ArrayLike,
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
    variance: Literal["robust", "model"] = "robust",
    has_fallback: bool = False,
) -> Comparisons:
    """Return differences, or logarithms of ratios, of shares standardised by a logistic regression of all arms.

    The model has an indicator of every arm, the covariates [N, K] and indicators of strata. Each patient's probability
    is predicted under every arm and averaged over all patients of the trial (g-computation), so that the measure is
    of the whole population and not within patients alike. ``variance``: "robust" (Ye et al. 2023), or that of the
    "model" (delta method; Ge et al. 2011). "conditional_odds_ratio": the difference of the arms' slopes, with the
    variance of the model. Where the data are separated there is no fit, with that reason; ``has_fallback``: then
    Firth's penalised likelihood is used. An arm whose outcomes are all the same leaves the others their fit. Rows,
    pairs, better and margin (a logarithm for ratios) as for ``t_test``; patients with a missing value, covariate or
    stratum are left out. Tests are Wald's.
    """
    values, arms, bounds, columns, strata = checked_columns(success, arm, offsets, covariates, stratum, n_strata)
    if np.any((values != 0.0) & (values != 1.0) & ~np.isnan(values)):
        raise ValueError("a success is neither 1 nor 0 nor missing")
    what = contrasts(pairs, better, alpha, margin)
    n_all = what.n_arms if n_arms is None else int(n_arms)
    if n_all < what.n_arms:
        raise ValueError(f"a comparison names arm {what.n_arms - 1}, and there are {n_all} arms")
    shape = (bounds.size - 1, len(what.pairs))
    found, status = np.full((2, *shape), np.nan), np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _compare(
        CODES[measure], variance == "robust", has_fallback, values, arms, bounds, columns, strata, int(n_strata),
        what.pairs, n_all, found, status, *counts,
    )  # fmt: skip
    df = np.where(status == OK, np.inf, np.nan)
    return concluded(found[0], found[1], df, status, counts, what.better, what.alpha, what.margin)
