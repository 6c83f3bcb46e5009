"""Two-sample t tests, each pair of arms on its own patients: Student's and Welch's."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    NO_VARIANCE,
    OK,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    checked_rows,
    concluded,
    contrasts,
    rounding_square,
)
from trialsim.foundation.arithmetic import compiled


@compiled("void(float64[::1], int64[::1], int64, int64, int64[::1], float64[::1], float64[::1])")
def _arm_moments(
    y: Floats, arm: Integers, start: int, stop: int, count: Integers, mean: Floats, squares: Floats
) -> None:
    """Fill the number, the mean and the sum of squared deviations of each arm's values that are not missing."""
    greatest = np.zeros(count.size)
    count[:] = 0
    mean[:] = 0.0
    squares[:] = 0.0
    for i in range(start, stop):
        a = arm[i]
        if 0 <= a < count.size and y[i] == y[i]:
            count[a] += 1
            mean[a] += y[i]
            greatest[a] = max(greatest[a], abs(y[i]))
    for a in range(count.size):
        mean[a] = mean[a] / count[a] if count[a] > 0 else np.nan
    for i in range(start, stop):
        a = arm[i]
        if 0 <= a < count.size and y[i] == y[i]:
            squares[a] += (y[i] - mean[a]) * (y[i] - mean[a])
    for a in range(count.size):
        if squares[a] <= rounding_square(count[a], greatest[a]):
            squares[a] = 0.0


@compiled("UniTuple(float64, 2)(int64, float64, int64, float64, boolean)")
def _error_and_df(n1: int, squares1: float, n2: int, squares2: float, equal_variances: bool) -> tuple[float, float]:
    """The standard error of the difference and its degrees of freedom."""
    if equal_variances:
        df = float(n1 + n2 - 2)
        return np.sqrt((squares1 + squares2) / df * (1.0 / n1 + 1.0 / n2)), df
    v1 = squares1 / (n1 - 1.0) / n1
    v2 = squares2 / (n2 - 1.0) / n2
    total = v1 + v2
    if total == 0.0:
        return 0.0, np.nan
    share = v1 / total  # scaled so that no square under- or overflows
    rest = v2 / total
    return np.sqrt(total), 1.0 / (share * share / (n1 - 1.0) + rest * rest / (n2 - 1.0))


@compiled(
    "void(float64[::1], int64[::1], int64[::1], int64[:, ::1], int64, boolean, float64[:, ::1], float64[:, ::1], "
    "float64[:, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    y: Floats,
    arm: Integers,
    offsets: Integers,
    pairs: Integers,
    n_arms: int,
    equal_variances: bool,
    estimate: Floats,
    se: Floats,
    df: Floats,
    status: Codes,
    n_treated: Integers,
    n_control: Integers,
) -> None:
    count = np.zeros(n_arms, np.int64)
    mean = np.zeros(n_arms)
    squares = np.zeros(n_arms)
    for t in range(offsets.size - 1):
        _arm_moments(y, arm, offsets[t], offsets[t + 1], count, mean, squares)
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            n_treated[t, c] = count[a]
            n_control[t, c] = count[b]
            estimate[t, c] = mean[a] - mean[b]
            if count[a] < 2 or count[b] < 2:
                status[t, c] = TOO_FEW_PATIENTS
                continue
            error, freedom = _error_and_df(count[a], squares[a], count[b], squares[b], equal_variances)
            status[t, c] = OK if error > 0.0 else NO_VARIANCE
            if error > 0.0:
                se[t, c] = error
                df[t, c] = freedom


def t_test(
    y: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
    equal_variances: bool = True,
) -> Comparisons:
    """Return the differences of means (treated minus control) in the unit of y, with t tests and intervals.

    One row is one patient; rows offsets[t] to offsets[t + 1] are trial t; missing y (NaN) are left out. ``pairs`` is
    [C, 2] of arms (treated, control), ``better`` +1 or -1, ``margin`` the difference under the null hypothesis, all
    in one number or one a pair. Student's test pools the variance of the two arms of the pair; Welch's takes the
    degrees of freedom of Satterthwaite (1946). Fewer than two values in an arm: too few patients.
    """
    values, arms, bounds = checked_rows(y, arm, offsets)
    what = contrasts(pairs, better, alpha, margin)
    shape = (bounds.size - 1, len(what.pairs))
    estimate, se, df = (np.full(shape, np.nan) for _ in range(3))
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _compare(values, arms, bounds, what.pairs, what.n_arms, bool(equal_variances), estimate, se, df, status, *counts)
    return concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin)
