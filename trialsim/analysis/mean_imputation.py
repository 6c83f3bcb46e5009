"""Conditional-mean imputation: each missing value replaced by its expectation under the fitted joint normal model.

Wolbers, Noci, Delmar, Gower-Page, Yiu and Bartlett (2022): one imputed data set, from maximum likelihood, whose
analysis has the estimate of infinitely many imputations, no Monte-Carlo error, and a jackknife standard error.
Without gaps the likelihood is maximised by the regressions; with gaps by the EM algorithm (Dempster, Laird and Rubin
1977), begun anew from the whole trial's estimate for each patient left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import Floats, Integers
from trialsim.analysis.imputation import STRATEGIES, VisitData, fill_last_visit
from trialsim.analysis.visit_regressions import (
    add_row,
    fill_means,
    fill_precision,
    fit_visits,
    row_of,
)
from trialsim.foundation.arithmetic import compiled

Flags = NDArray[np.bool_]
MOST_ROUNDS = 2000
CLOSE = 1e-9  # standard deviations by which the last round may still move a gap


@compiled("float64(float64[::1], boolean[::1], int64, float64[::1], float64[:, ::1], float64[:, ::1])")
def _fill_gaps(
    y: Floats, is_gap: Flags, reach: int, mean: Floats, precision: Floats, covariance: Floats
) -> float:
    """Replace a patient's gaps by their conditional means, fill their covariance; return how far they moved.

    By Cholesky's factor of the precision of the gaps.
    """
    gaps = np.nonzero(is_gap[:reach])[0]
    k = gaps.size
    root, inverse, pull = np.zeros((k, k)), np.zeros((k, k)), np.zeros(k)
    for a in range(k):
        for b in range(a + 1):
            left = precision[gaps[a], gaps[b]]
            for m in range(b):
                left -= root[a, m] * root[b, m]
            root[a, b] = left / root[b, b] if b < a else np.sqrt(left)
        for j in range(reach):
            if not is_gap[j]:
                pull[a] -= precision[gaps[a], j] * (y[j] - mean[j])
    for c in range(k):  # a column of the inverse at a time
        for a in range(k):
            left = 1.0 if a == c else 0.0
            for m in range(a):
                left -= root[a, m] * inverse[m, c]
            inverse[a, c] = left / root[a, a]
        for a in range(k - 1, -1, -1):
            left = inverse[a, c]
            for m in range(a + 1, k):
                left -= root[m, a] * inverse[m, c]
            inverse[a, c] = left / root[a, a]
    moved = 0.0
    covariance[:, :] = 0.0
    for a in range(k):
        value = mean[gaps[a]]
        for b in range(k):
            value += inverse[a, b] * pull[b]
            covariance[gaps[a], gaps[b]] = inverse[a, b]
        moved = max(moved, abs(value - y[gaps[a]]) * np.sqrt(precision[gaps[a], gaps[a]]))
        y[gaps[a]] = value
    return moved


@compiled("float64(float64[:, ::1], boolean[:, ::1], int64[::1], int64[::1], float64[:, ::1], int64, int64, boolean, "
          "float64[:, ::1], float64[::1], float64[:, :, ::1])")  # fmt: skip
def _add_expected(
    y: Floats, is_gap: Flags, last: Integers, arm: Integers, x: Floats, n_arms: int, left_out: int, is_first: bool,
    slopes: Floats, variances: Floats, products: Floats,
) -> float:  # fmt: skip
    """Add the expected products of patients with gaps; return how far a gap moved. At first, gaps are as they stand."""
    n_visits = y.shape[1]
    n_own = n_arms + x.shape[1]
    mean, row = np.zeros(n_visits), np.zeros(n_own + n_visits)
    precision, covariance = np.zeros((n_visits, n_visits)), np.zeros((n_visits, n_visits))
    moved = np.inf if is_first else 0.0
    for i in range(y.shape[0]):
        if arm[i] < 0 or i == left_out or not is_gap[i].any():
            continue
        if not is_first:
            fill_means(slopes, n_arms, arm[i], x[i], mean)
            fill_precision(slopes, variances, n_own, last[i], precision)
            moved = max(moved, _fill_gaps(y[i], is_gap[i], last[i], mean, precision, covariance))
            for j in range(last[i]):
                for k in range(j + 1):
                    products[last[i], n_own + j, n_own + k] += covariance[j, k]
        row_of(y, arm, x, n_arms, i, last[i], row)
        add_row(row, n_own + last[i], 1.0, products[last[i]])
    return moved


@compiled("boolean(float64[:, ::1], boolean[:, ::1], int64[::1], int64[::1], float64[:, ::1], int64, int64, "
          "float64[:, :, ::1], int64[::1], boolean, float64[:, ::1], float64[::1])")  # fmt: skip
def _maximise(
    y: Floats, is_gap: Flags, last: Integers, arm: Integers, x: Floats, n_arms: int, left_out: int, whole: Floats,
    arm_count: Integers, is_first: bool, slopes: Floats, variances: Floats,
) -> bool:  # fmt: skip
    """Fill the most likely slopes and residual variances, gaps in y with their means; False if there are none."""
    n_visits = y.shape[1]
    n_own = n_arms + x.shape[1]
    size = n_own + n_visits
    factors, is_kept = np.zeros((n_visits, size, size)), np.zeros((n_visits, size), np.bool_)
    squares, df = np.zeros(n_visits), np.zeros(n_visits, np.int64)
    reached = np.zeros(n_visits)
    for i in range(y.shape[0]):
        for v in range(last[i]):
            reached[v] += 1.0 if arm[i] >= 0 and i != left_out else 0.0
    has_gaps = is_gap.any()
    for turn in range(MOST_ROUNDS):
        products = whole.copy()
        moved = _add_expected(
            y, is_gap, last, arm, x, n_arms, left_out, is_first and turn == 0, slopes, variances, products
        )  # fmt: skip
        if not fit_visits(products, arm_count, n_arms, n_own, slopes, factors, squares, df, is_kept):
            return False
        for v in range(n_visits):
            variances[v] = squares[v] / reached[v]
        # In the first round gaps stand where the slopes at hand have put them.
        if not has_gaps or (turn > 0 and moved <= CLOSE):
            return True
    return False


@compiled("boolean(float64[:, ::1], boolean[:, ::1], int64[::1], int64[::1], int64[::1], float64[:, ::1], int64, "
          "int64, int64, float64[:, ::1])")  # fmt: skip
def _impute_means(
    y: Floats, is_gap: Flags, last: Integers, first: Integers, arm: Integers, x: Floats, n_arms: int, how: int,
    reference: int, out: Floats,
) -> bool:  # fmt: skip
    """Fill the last visit's values [1 or 1 + N, N]: of all, then without each patient; False if not estimable."""
    n, n_visits = y.shape
    n_own = n_arms + x.shape[1]
    size = n_own + n_visits
    whole, row = np.zeros((n_visits + 1, size, size)), np.zeros(size)
    arm_count = np.zeros(n_arms, np.int64)
    for i in range(n):
        if arm[i] >= 0:
            arm_count[arm[i]] += 1
            if not is_gap[i].any():
                row_of(y, arm, x, n_arms, i, last[i], row)
                add_row(row, n_own + last[i], 1.0, whole[last[i]])
    slopes, variances = np.zeros((n_visits, size)), np.zeros(n_visits)
    if not _maximise(y, is_gap, last, arm, x, n_arms, -1, whole, arm_count, True, slopes, variances):
        return False
    nothing, nobody = np.zeros(n_visits), np.zeros(n, np.int64)
    fill_last_visit(y, last, first, arm, x, n_arms, how, reference, slopes, nothing, 0, 0, 0, nobody, 0, out[0])
    for i in range(out.shape[0] - 1):
        if arm[i] < 0:
            out[1 + i, :] = np.nan
            continue
        without, gaps = y.copy(), is_gap.copy()
        others, counts = whole.copy(), arm_count.copy()
        counts[arm[i]] -= 1
        if not is_gap[i].any():
            row_of(y, arm, x, n_arms, i, last[i], row)
            add_row(row, n_own + last[i], -1.0, others[last[i]])
        gaps[i, :] = False
        own_slopes, own_variances = slopes.copy(), variances.copy()
        if not _maximise(
            without, gaps, last, arm, x, n_arms, i, others, counts, False, own_slopes, own_variances
        ):  # fmt: skip
            return False
        fill_last_visit(
            without, last, first, arm, x, n_arms, how, reference, own_slopes, nothing, 0, 0, 0, nobody, 0, out[1 + i]
        )  # fmt: skip
        out[1 + i, i] = np.nan
    return True


def mean_imputed(data: VisitData, strategy: str, reference: int, jackknife: bool = False) -> Floats | None:
    """Return the values at the last visit [1, N], missing ones replaced by their means; None if not estimable.

    With ``jackknife`` [1 + N, N]: after all patients' values come those without each patient, who is NaN there; rows
    of patients who are left out anyway are NaN throughout.
    """
    n = data.arm.size
    out = np.empty((1 + n if jackknife else 1, n))
    done = _impute_means(
        data.y.copy(), data.is_gap, data.last, data.first, data.arm, data.x, data.n_arms, STRATEGIES[strategy],
        int(reference), out,
    )  # fmt: skip
    return out + data.shift[-1] if done else None
