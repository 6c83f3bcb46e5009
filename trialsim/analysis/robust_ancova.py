"""Analysis of covariance with variances that hold whatever the residuals are, and with slopes of each arm's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.ancova import (
    arms_in_all,
    centred_within_arms,
    complete_cases,
    factored,
    linear_rows,
    residual_squares,
    solved_below,
)
from trialsim.analysis.comparisons import (
    NO_VARIANCE,
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

Flags = NDArray[np.bool_]

HC0, HC3 = 0, 3
VARIANCES = {"hc0": HC0, "hc3": HC3}


@compiled("void(float64[:, ::1], boolean[::1], float64[::1])")
def _solved(factor: Floats, is_kept: Flags, v: Floats) -> None:
    """Replace v by the solution of (L L') x = v, zero in aliased columns."""
    solved_below(factor, is_kept, v)
    for j in range(v.size - 1, -1, -1):
        if is_kept[j]:
            for k in range(j + 1, v.size):
                v[j] -= factor[k, j] * v[k]
            v[j] = v[j] / factor[j, j]


@compiled(
    "UniTuple(float64, 2)(float64[:, ::1], int64[::1], int64, int64[::1], float64[:, ::1], float64[:, ::1], "
    "boolean[::1], float64[::1], int64, int64, int64)"
)
def _difference(
    rows: Floats, arms: Integers, n: int, count: Integers, means: Floats, factor: Floats, is_kept: Flags,
    slopes: Floats, a: int, b: int, kind: int,
) -> tuple[float, float]:  # fmt: skip
    """The adjusted difference of arms a and b, and its variance from each patient's own residual."""
    p = slopes.size
    gap = np.zeros(p)
    own = np.zeros(p)
    estimate = means[a, 0] - means[b, 0]
    for j in range(p):
        gap[j] = means[a, 1 + j] - means[b, 1 + j]
        estimate -= slopes[j] * gap[j]
    _solved(factor, is_kept, gap)
    variance = 0.0
    for i in range(n):
        weight = 0.0  # of this patient's value in the estimate
        if arms[i] == a:
            weight = 1.0 / count[a]
        elif arms[i] == b:
            weight = -1.0 / count[b]
        residual = rows[i, 0]
        for j in range(p):
            weight -= gap[j] * rows[i, 1 + j]
            residual -= slopes[j] * rows[i, 1 + j]
        if kind == HC3:
            own[:] = rows[i, 1:]
            solved_below(factor, is_kept, own)
            leverage = 1.0 / count[arms[i]]
            for j in range(p):
                leverage += own[j] * own[j]
            if not leverage < 1.0 - 1e-10:
                return estimate, np.nan
            residual = residual / (1.0 - leverage)
        variance += weight * weight * residual * residual
    return estimate, variance


@compiled(
    "void(float64[::1], int64[::1], int64[::1], float64[:, ::1], int64[::1], int64, int64[:, ::1], int64, int64, "
    "float64[:, ::1], float64[:, ::1], float64[:, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    y: Floats,
    arm: Integers,
    offsets: Integers,
    covariates: Floats,
    stratum: Integers,
    n_strata: int,
    pairs: Integers,
    n_arms: int,
    kind: int,
    estimate: Floats,
    se: Floats,
    df: Floats,
    status: Codes,
    n_treated: Integers,
    n_control: Integers,
) -> None:
    p = covariates.shape[1] + max(n_strata - 1, 0)
    most = 0
    for t in range(offsets.size - 1):
        most = max(most, offsets[t + 1] - offsets[t])
    rows, arms = np.zeros((most, 1 + p)), np.zeros(most, np.int64)
    count, means, noise = np.zeros(n_arms, np.int64), np.zeros((n_arms, 1 + p)), np.zeros(1 + p)
    factor, is_kept, slopes = np.zeros((p, p)), np.zeros(p, np.bool_), np.zeros(p)
    for t in range(offsets.size - 1):
        n = complete_cases(y, arm, covariates, stratum, n_strata, n_arms, offsets[t], offsets[t + 1], rows, arms)
        centred_within_arms(rows, arms, n, count, means, noise)
        freedom = n - factored(rows, n, noise, factor, is_kept)
        for a in range(n_arms):
            freedom -= 1 if count[a] > 0 else 0
        squares = residual_squares(rows, n, factor, is_kept, slopes)
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            n_treated[t, c], n_control[t, c] = count[a], count[b]
            if count[a] == 0 or count[b] == 0 or freedom < 1:
                status[t, c] = TOO_FEW_PATIENTS
                continue
            value, variance = _difference(rows, arms, n, count, means, factor, is_kept, slopes, a, b, kind)
            estimate[t, c] = value
            if variance != variance:  # a patient whose value the model reproduces whatever it is
                status[t, c] = TOO_FEW_PATIENTS
            elif squares <= noise[0] or not variance > 0.0:
                status[t, c] = NO_VARIANCE
            else:
                status[t, c] = OK
                df[t, c] = freedom
                se[t, c] = np.sqrt(variance)


def robust_ancova(
    y: ArrayLike,
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
    variance: str = "hc3",
) -> Comparisons:
    """Return the adjusted differences of ``ancova`` with a variance for which arms and patients may differ.

    ``hc0`` sums the squares of each residual times its weight in the estimate (White 1980, Econometrica 48:817);
    ``hc3`` divides each residual by one minus its leverage (MacKinnon and White 1985, J Econometrics 29:305).
    Tests and intervals are t with the residual degrees of freedom. See docs/methods/ancova.md.
    """
    values, arms, bounds, columns, strata = linear_rows(y, arm, offsets, covariates, stratum, n_strata)
    what = contrasts(pairs, better, alpha, margin)
    n_all = arms_in_all(what, n_arms)
    shape = (bounds.size - 1, len(what.pairs))
    estimate, se, df = (np.full(shape, np.nan) for _ in range(3))
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _compare(
        values, arms, bounds, columns, strata, int(n_strata), what.pairs, n_all, VARIANCES[variance], estimate, se, df,
        status, *counts,
    )  # fmt: skip
    return concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin)
