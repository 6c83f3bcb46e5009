"""The rank-sum test of Wilcoxon, with the estimate of Hodges and Lehmann and the interval that the test inverts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.comparisons import (
    NO_VARIANCE,
    OK,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    checked_rows,
    contrasts,
)
from trialsim.foundation.arithmetic import bits_of, compiled, number_of_bits
from trialsim.foundation.elementary import normal_cdf, normal_quantile

LEAST_BITS = -0x8000000000000000  # of minus zero


@compiled("float64(int64)")
def _number_in_order(i: int) -> float:
    """The number at a place in the order of all float64; 0 is at 0."""
    return number_of_bits(i if i >= 0 else LEAST_BITS - i)


@compiled("int64(float64)")
def _place_in_order(x: float) -> int:
    b = bits_of(x)
    return b if b >= 0 else LEAST_BITS - b


@compiled("int64(float64[::1], float64[::1], float64)")
def _n_up_to(x: Floats, y: Floats, limit: float) -> int:
    """How many differences x - y of two ascending samples are at most a limit, in one walk along both."""
    n = 0
    j = 0
    for i in range(x.size):
        while j < y.size and x[i] - y[j] > limit:
            j += 1
        n += y.size - j
    return n


@compiled("float64(float64[::1], float64[::1], int64)")
def kth_difference(x: Floats, y: Floats, k: int) -> float:
    """Return the kth smallest (from 1) of all differences x - y of two ascending samples; infinite outside of 1 to n m.

    By halving the ordered set of all float64 numbers, so that the difference is found exactly in 64 steps.
    """
    if k < 1:
        return float(-np.inf)
    if k > x.size * y.size:
        return float(np.inf)
    low = _place_in_order(x[0] - y[y.size - 1])
    high = _place_in_order(x[x.size - 1] - y[0])
    while low < high:
        middle = (low & high) + ((low ^ high) >> 1)  # their mean, rounded down, without overflow
        if _n_up_to(x, y, _number_in_order(middle)) >= k:
            high = middle
        else:
            low = middle + 1
    return _number_in_order(low)


@compiled("float64(float64[::1], float64[::1])")
def median_difference(x: Floats, y: Floats) -> float:
    """Return the median of all differences x - y of two ascending samples (Hodges and Lehmann 1963)."""
    n = x.size * y.size
    low = kth_difference(x, y, (n + 1) // 2)
    return low if n % 2 == 1 else 0.5 * (low + kth_difference(x, y, n // 2 + 1))


@compiled("float64(float64[::1])")
def _tied_within(x: Floats) -> float:
    """The sum of t^3 - t over the runs of t equal values of an ascending sample."""
    total = 0.0
    run = 1.0
    for i in range(1, x.size + 1):
        if i < x.size and x[i] == x[i - 1]:
            run += 1.0
        else:
            total += run * (run * run - 1.0)
            run = 1.0
    return total


@compiled("UniTuple(float64, 2)(float64[::1], float64[::1], float64)")
def _statistic_and_ties(x: Floats, y: Floats, shift: float) -> tuple[float, float]:
    """How many pairs have x - shift above y (ties count one half), and the sum of t^3 - t over both together."""
    above = 0.0
    ties = 0.0
    i = 0
    j = 0
    while i < x.size or j < y.size:
        value = np.inf
        if i < x.size:
            value = x[i] - shift
        if j < y.size and y[j] < value:
            value = y[j]
        first, second = i, j
        while i < x.size and x[i] - shift == value:
            i += 1
        while j < y.size and y[j] == value:
            j += 1
        above += (i - first) * (second + 0.5 * (j - second))
        run = float(i - first + j - second)
        ties += run * (run * run - 1.0)
    return above, ties


@compiled("float64(int64, int64, float64)")
def _spread(n: int, m: int, ties: float) -> float:
    """The standard deviation of the statistic under the null hypothesis, given the ties (Lehmann 1975, 1.43)."""
    both = float(n + m)
    square = n * m / 12.0 * (both + 1.0 - ties / (both * (both - 1.0)))
    return float(np.sqrt(max(square, 0.0)))


@compiled(
    "void(float64[::1], int64[::1], int64[::1], int64[:, ::1], int8[::1], float64, float64[::1], boolean, "
    "float64[:, :, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    y: Floats,
    arm: Integers,
    offsets: Integers,
    pairs: Integers,
    better: Codes,
    alpha: float,
    margin: Floats,
    is_corrected: bool,
    numbers: Floats,
    status: Codes,
    n_treated: Integers,
    n_control: Integers,
) -> None:
    correction = 0.5 if is_corrected else 0.0
    quantile = -normal_quantile(alpha)
    for t in range(offsets.size - 1):
        values = y[offsets[t] : offsets[t + 1]]
        arms = arm[offsets[t] : offsets[t + 1]]
        for c in range(pairs.shape[0]):
            treated = np.sort(values[(arms == pairs[c, 0]) & ~np.isnan(values)])
            control = np.sort(values[(arms == pairs[c, 1]) & ~np.isnan(values)])
            n, m = treated.size, control.size
            n_treated[t, c], n_control[t, c] = n, m
            if n < 1 or m < 1 or n + m < 3:
                status[t, c] = TOO_FEW_PATIENTS
                continue
            estimate = median_difference(treated, control)
            numbers[0, t, c] = estimate
            above, ties = _statistic_and_ties(treated, control, margin[c])
            spread = _spread(n, m, ties)
            free = _spread(n, m, _tied_within(treated) + _tied_within(control))  # at shifts that tie no two arms
            if not (spread > 0.0 and free > 0.0):
                status[t, c] = NO_VARIANCE
                continue
            status[t, c] = OK
            excess = better[c] * (above - 0.5 * n * m) - correction
            numbers[2, t, c] = better[c] * excess / spread
            numbers[3, t, c] = normal_cdf(-excess / spread)
            k = int(np.ceil(0.5 * n * m - correction - quantile * free))
            numbers[4, t, c] = kth_difference(treated, control, k)
            numbers[5, t, c] = kth_difference(treated, control, n * m + 1 - k)
            numbers[1, t, c] = (numbers[5, t, c] - numbers[4, t, c]) / (2.0 * quantile)


def wilcoxon(
    y: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
    continuity: bool = True,
) -> Comparisons:
    """Return the median differences (treated minus control) in the unit of y, with rank-sum tests and intervals.

    Rows, pairs, better and margin as for ``t_test``. The normal approximation with ties, and with a correction for
    continuity unless told otherwise. The standard error is the length of the interval over that of a standard normal
    one; it may be infinite, as the interval may. See docs/methods/wilcoxon.md.
    """
    values, arms, bounds = checked_rows(y, arm, offsets)
    what = contrasts(pairs, better, alpha, margin)
    shape = (bounds.size - 1, len(what.pairs))
    numbers = np.full((6, *shape), np.nan)
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _compare(
        values, arms, bounds, what.pairs, what.better, what.alpha, what.margin, bool(continuity), numbers, status,
        *counts,
    )  # fmt: skip
    estimate, se, statistic, p_value, lower, upper = numbers
    return Comparisons(
        estimate=estimate,
        se=se,
        df=np.where(status == OK, np.inf, np.nan),
        statistic=statistic,
        p_value=p_value,
        lower=lower,
        upper=upper,
        n_treated=counts[0],
        n_control=counts[1],
        status=status,
        covariance=None,
    )


@compiled("void(float64[:, ::1], int64, int64, int64, float64[::1])")
def _median_differences(counterfactual: Floats, treated: int, control: int, per_trial: int, out: Floats) -> None:
    for t in range(out.size):
        first = counterfactual[treated, t * per_trial : (t + 1) * per_trial]
        second = counterfactual[control, t * per_trial : (t + 1) * per_trial]
        known = ~(np.isnan(first) | np.isnan(second))
        x, y = np.sort(first[known]), np.sort(second[known])
        out[t] = median_difference(x, y) if x.size > 0 else np.nan


def true_median_differences(counterfactual: NDArray[np.float64], treated: int, control: int, per_trial: int) -> Floats:
    """Return each trial's true shift [T]: the median difference of any patient treated and any patient as control.

    Both are the trial's own patients, each under both arms; those whose course failed under either are left out.
    """
    values = np.require(counterfactual, np.float64, ["C", "W"])
    out = np.zeros(values.shape[1] // per_trial)
    _median_differences(values, int(treated), int(control), int(per_trial), out)
    return out
