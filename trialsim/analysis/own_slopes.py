"""Analysis of covariance with slopes of each arm's own (Ye, Shao, Yi and Zhao 2023), valid whatever the model."""

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


@compiled("void(float64[:, ::1], int64, float64[::1], float64[:, ::1])")
def _fill_spread(rows: Floats, n: int, mean: Floats, spread: Floats) -> None:
    """Fill the means and the covariances (over n - 1) of the columns of all patients."""
    mean[:] = 0.0
    spread[:] = 0.0
    for i in range(n):
        for j in range(mean.size):
            mean[j] += rows[i, j]
    for j in range(mean.size):
        mean[j] = mean[j] / max(n, 1)
    for i in range(n):
        for j in range(mean.size):
            for k in range(mean.size):
                spread[j, k] += (rows[i, j] - mean[j]) * (rows[i, k] - mean[k]) / max(n - 1, 1)


@compiled(
    "void(float64[::1], int64[::1], int64[::1], float64[:, ::1], int64[::1], int64, int64[:, ::1], int64, "
    "float64[:, ::1], float64[:, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
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
    estimate: Floats,
    se: Floats,
    status: Codes,
    n_treated: Integers,
    n_control: Integers,
) -> None:
    p = covariates.shape[1] + max(n_strata - 1, 0)
    most = 0
    for t in range(offsets.size - 1):
        most = max(most, offsets[t + 1] - offsets[t])
    rows, own = np.zeros((most, 1 + p)), np.zeros((most, 1 + p))
    arms, alone = np.zeros(most, np.int64), np.zeros(most, np.int64)
    one, own_means, noise = np.zeros(1, np.int64), np.zeros((1, 1 + p)), np.zeros(1 + p)
    factor, is_kept = np.zeros((p, p)), np.zeros(p, np.bool_)
    slopes = np.zeros((n_arms, p))
    mean, spread = np.zeros(1 + p), np.zeros((1 + p, 1 + p))
    adjusted, variance, count = np.zeros(n_arms), np.zeros(n_arms), np.zeros(n_arms, np.int64)
    for t in range(offsets.size - 1):
        n = complete_cases(y, arm, covariates, stratum, n_strata, n_arms, offsets[t], offsets[t + 1], rows, arms)
        _fill_spread(rows, n, mean, spread)
        for a in range(n_arms):
            m = 0
            for i in range(n):
                if arms[i] == a:
                    own[m] = rows[i]
                    m += 1
            count[a] = m
            centred_within_arms(own, alone, m, one, own_means, noise)
            freedom = m - 1 - factored(own, m, noise, factor, is_kept)
            squares = residual_squares(own, m, factor, is_kept, slopes[a])
            variance[a] = squares / freedom if freedom > 0 else np.nan
            if freedom > 0 and squares <= noise[0]:
                variance[a] = 0.0
            adjusted[a] = own_means[0, 0]
            for j in range(p):
                adjusted[a] -= slopes[a, j] * (own_means[0, 1 + j] - mean[1 + j])
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            n_treated[t, c], n_control[t, c] = count[a], count[b]
            estimate[t, c] = adjusted[a] - adjusted[b]
            total = variance[a] / max(count[a], 1) + variance[b] / max(count[b], 1)
            if total != total:
                status[t, c] = TOO_FEW_PATIENTS
            elif not total > 0.0:
                status[t, c] = NO_VARIANCE
            else:
                status[t, c] = OK
                for j in range(p):
                    for k in range(p):
                        gap = (slopes[a, j] - slopes[b, j]) * (slopes[a, k] - slopes[b, k])
                        total += gap * spread[1 + j, 1 + k] / n
                se[t, c] = np.sqrt(total)


def ancova_by_arm(
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
) -> Comparisons:
    """Return the differences of arms at the mean covariates of all patients, each arm with slopes of its own.

    With b_a and s_a^2 of least squares in arm a, and S the covariance of the covariates over all patients:
    variance s_1^2 / n_1 + s_0^2 / n_0 + (b_1 - b_0)' S (b_1 - b_0) / n (Ye, Shao, Yi and Zhao 2023, J Am Stat Assoc
    118:2370); tests and intervals are normal. The slopes gain precision or lose none, whatever the truth.
    """
    values, arms, bounds, columns, strata = linear_rows(y, arm, offsets, covariates, stratum, n_strata)
    what = contrasts(pairs, better, alpha, margin)
    n_all = arms_in_all(what, n_arms)
    shape = (bounds.size - 1, len(what.pairs))
    estimate, se = np.full(shape, np.nan), np.full(shape, np.nan)
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _compare(
        values, arms, bounds, columns, strata, int(n_strata), what.pairs, n_all, estimate, se, status, *counts
    )  # fmt: skip
    df = np.where(status == OK, np.inf, np.nan)
    return concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin)
