"""Cox's partial likelihood of one trial: its value, slopes and curvature, with ties after Efron or Breslow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import Floats, Integers
from trialsim.foundation.arithmetic import compiled, inlined
from trialsim.foundation.elementary import exp, log

Flags = NDArray[np.bool_]


@inlined("void(float64[:, ::1], int64, float64, int64, float64[:, ::1], float64[:, :, ::1])")
def _added(x: Floats, k: int, weight: float, to: int, first: Floats, second: Floats) -> None:
    """Add weight x to the first moments, and the lower triangle of weight x x' to the second; x is row k."""
    for i in range(first.shape[1]):
        part = weight * x[k, i]
        first[to, i] += part
        for j in range(i + 1):
            second[to, i, j] += part * x[k, j]


@compiled(
    "float64(float64[::1], boolean[::1], float64[:, ::1], int64[::1], float64[::1], boolean, float64[::1], "
    "float64[:, ::1], float64[:, ::1], float64[:, :, ::1])"
)
def partial_likelihood(
    time: Floats, is_event: Flags, x: Floats, strata: Integers, slopes: Floats, efron: bool, score: Floats,
    information: Floats, first: Floats, second: Floats,
) -> float:  # fmt: skip
    """Fill the score and the information (lower triangle) at given slopes; return the log partial likelihood.

    Rows are in order of time within strata, which begin at strata[0], strata[1], ... With D the d events of one time
    and R those at risk, the term of a time is sum_D b'x - sum_l log(S_R - (l / d) S_D), l = 0 ... d - 1 (Efron 1977);
    Breslow (1974) has no S_D. `first` [2, p] and `second` [2, p, p] are room for the moments of R and D.
    """
    p = slopes.size
    score[:] = 0.0
    information[:] = 0.0
    total = 0.0
    mean = np.empty(p)
    for s in range(strata.size - 1):
        at_risk = 0.0
        first[0] = 0.0
        second[0] = 0.0
        k = strata[s + 1] - 1
        while k >= strata[s]:
            now = time[k]
            deaths = 0
            dying = 0.0
            first[1] = 0.0
            second[1] = 0.0
            while k >= strata[s] and time[k] == now:
                linear = 0.0
                for i in range(p):
                    linear += slopes[i] * x[k, i]
                risk = exp(linear)
                at_risk += risk
                _added(x, k, risk, 0, first, second)
                if is_event[k]:
                    deaths += 1
                    dying += risk
                    total += linear
                    _added(x, k, risk, 1, first, second)
                    for i in range(p):
                        score[i] += x[k, i]
                k -= 1
            for l in range(deaths):
                share = l / deaths if efron else 0.0
                whole = at_risk - share * dying
                total -= log(whole)
                for i in range(p):
                    mean[i] = (first[0, i] - share * first[1, i]) / whole
                    score[i] -= mean[i]
                    for j in range(i + 1):
                        information[i, j] += (second[0, i, j] - share * second[1, i, j]) / whole - mean[i] * mean[j]
    return total


@compiled("int64(float64[::1], boolean[::1], int64[::1], int64[::1], float64[:, ::1], float64[:, ::1])")
def fill_counts(
    time: Floats, is_event: Flags, column: Integers, strata: Integers, at_risk: Floats, deaths: Floats
) -> int:  # fmt: skip
    """Fill how many of each arm are at risk and have the event at each time of a stratum with events; how many times.

    `column` is each patient's arm, -1 for the first one, which stands in the last place.
    """
    n_arms = at_risk.shape[1]
    m = 0
    count = np.empty(n_arms)
    for s in range(strata.size - 1):
        count[:] = 0.0
        k = strata[s + 1] - 1
        while k >= strata[s]:
            now = time[k]
            for a in range(n_arms):
                deaths[m, a] = 0.0
            n = 0
            while k >= strata[s] and time[k] == now:
                a = column[k] if column[k] >= 0 else n_arms - 1
                count[a] += 1.0
                event = 1 if is_event[k] else 0
                deaths[m, a] += event
                n += event
                k -= 1
            if n > 0:
                for a in range(n_arms):
                    at_risk[m, a] = count[a]
                m += 1
    return m


@compiled(
    "float64(float64[:, ::1], float64[:, ::1], int64, float64[::1], boolean, float64[::1], float64[:, ::1])"
)
def partial_likelihood_of_arms(
    at_risk: Floats, deaths: Floats, m: int, slopes: Floats, efron: bool, score: Floats, information: Floats
) -> float:
    """Fill and return what ``partial_likelihood`` does where arms alone differ: from counts at m times with events."""
    p = slopes.size
    score[:] = 0.0
    information[:] = 0.0
    total = 0.0
    risk, mean = np.ones(p + 1), np.empty(p)
    for i in range(p):
        risk[i] = exp(slopes[i])
    for k in range(m):
        n = 0
        all_at_risk, all_dying = 0.0, 0.0
        for a in range(p + 1):
            n += int(deaths[k, a])
            all_at_risk += at_risk[k, a] * risk[a]
            all_dying += deaths[k, a] * risk[a]
        for i in range(p):
            total += deaths[k, i] * slopes[i]
            score[i] += deaths[k, i]
        for l in range(n):
            share = l / n if efron else 0.0
            whole = all_at_risk - share * all_dying
            total -= log(whole)
            for i in range(p):
                mean[i] = risk[i] * (at_risk[k, i] - share * deaths[k, i]) / whole
                score[i] -= mean[i]
                information[i, i] += mean[i]
                for j in range(i + 1):
                    information[i, j] -= mean[i] * mean[j]
    return total


@compiled("int64(float64[:, ::1], float64[::1], boolean[::1], boolean)")
def factored(information: Floats, reference: Floats, is_kept: Flags, is_first: bool) -> int:
    """Replace a lower triangle by its Cholesky factor, aliased columns left out; return how many stay, -1 for none.

    A column of which 1e-9 or less of its size is left beside the earlier ones is aliased. That is settled at the
    first call; -1 says that a column kept then has become too small since.
    """
    rank = 0
    p = information.shape[0]
    for j in range(p):
        for k in range(j):
            if not is_kept[k]:
                information[j, k] = 0.0
                continue
            for m in range(k):
                information[j, k] -= information[j, m] * information[k, m]
            information[j, k] /= information[k, k]
        whole = information[j, j]
        for k in range(j):
            information[j, j] -= information[j, k] * information[j, k]
        if is_first:
            is_kept[j] = information[j, j] > 1e-9 * whole and information[j, j] > 1e-12 * reference[j]
        if not is_kept[j]:
            for k in range(j):
                information[j, k] = 0.0
            information[j, j] = 0.0
            continue
        if not information[j, j] > 1e-12 * whole:
            return -1
        information[j, j] = np.sqrt(information[j, j])
        rank += 1
    return rank


@compiled("void(float64[:, ::1], boolean[::1], float64[::1])")
def solve_below(factor: Floats, is_kept: Flags, v: Floats) -> None:
    """Replace v by the solution of L y = v, zero in aliased columns."""
    for j in range(v.size):
        if is_kept[j]:
            for k in range(j):
                v[j] -= factor[j, k] * v[k]
            v[j] /= factor[j, j]
        else:
            v[j] = 0.0


@compiled("void(float64[:, ::1], boolean[::1], float64[::1])")
def solve_above(factor: Floats, is_kept: Flags, v: Floats) -> None:
    """Replace v by the solution of L' y = v, zero in aliased columns."""
    p = v.size
    for j in range(p - 1, -1, -1):
        if is_kept[j]:
            for k in range(j + 1, p):
                v[j] -= factor[k, j] * v[k]
            v[j] /= factor[j, j]
        else:
            v[j] = 0.0
