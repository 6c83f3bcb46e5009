"""Ordered categories: the common odds ratio of a proportional-odds regression."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    NO_CONVERGENCE,
    NO_VARIANCE,
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
from trialsim.analysis.model_rows import (
    Flags,
    checked_columns,
    complete_rows,
    factored,
    mark_kept,
    product,
    solve,
    solve_below,
)
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import log, logistic

MOST_STEPS = 50
MOST_HALVINGS = 40
FURTHEST = 12.0  # a slope beyond it that still moves has no finite estimate


@compiled("int64(float64[::1], int64, int64[::1], int64[::1])")
def _categories(y: Floats, n: int, seen: Integers, category: Integers) -> int:
    """Fill each patient's position among the categories that occur; return how many occur."""
    seen[:] = 0
    for i in range(n):
        seen[int(y[i])] = 1
    count = 0
    for j in range(seen.size):
        if seen[j] == 1:
            seen[j] = count
            count += 1
    for i in range(n):
        category[i] = seen[int(y[i])]
    return count


@compiled("float64(float64[:, ::1], int64[::1], int64, int64, float64[::1])")
def _log_likelihood(x: Floats, category: Integers, n: int, n_cuts: int, v: Floats) -> float:
    """The logarithm of the likelihood; minus infinity where cuts are out of order."""
    total = 0.0
    for i in range(n):
        linear = product(x[i], v[n_cuts:])
        c = category[i]
        below = logistic(v[c - 1] - linear) if c > 0 else 0.0
        up_to = logistic(v[c] - linear) if c < n_cuts else 1.0
        chance = up_to - below
        if c == n_cuts and c > 0:
            chance = logistic(linear - v[c - 1])
        if not chance > 0.0:
            return -np.inf
        total += log(chance)
    return total


@compiled("void(float64[:, ::1], int64[::1], int64, int64, float64[::1], float64[::1], float64[:, ::1])")
def _slopes(x: Floats, category: Integers, n: int, n_cuts: int, v: Floats, score: Floats, information: Floats) -> None:
    """Fill the score and the observed information (lower triangle) of cuts and slopes (McCullagh 1980)."""
    size = v.size
    score[:] = 0.0
    information[:] = 0.0
    upper, lower = np.zeros(size), np.zeros(size)
    for i in range(n):
        linear = product(x[i], v[n_cuts:])
        c = category[i]
        upper[:] = 0.0
        lower[:] = 0.0
        fu, fl, du, dl, chance = 0.0, 0.0, 0.0, 0.0, 1.0
        if c < n_cuts:
            up_to = logistic(v[c] - linear)
            fu = up_to * (1.0 - up_to)
            du = fu * (1.0 - 2.0 * up_to)
            chance = up_to
            upper[c] = 1.0
            upper[n_cuts:] = -x[i]
        if c > 0:
            below = logistic(v[c - 1] - linear)
            fl = below * (1.0 - below)
            dl = fl * (1.0 - 2.0 * below)
            chance = chance - below if c < n_cuts else logistic(linear - v[c - 1])
            lower[c - 1] = 1.0
            lower[n_cuts:] = -x[i]
        fu, fl, du, dl = fu / chance, fl / chance, du / chance, dl / chance
        for j in range(size):
            score[j] += fu * upper[j] - fl * lower[j]
            for k in range(j + 1):
                information[j, k] -= (du - fu * fu) * upper[j] * upper[k] - (dl + fl * fl) * lower[j] * lower[k]
                information[j, k] -= fu * fl * (upper[j] * lower[k] + lower[j] * upper[k])


@compiled("int64(float64[:, ::1], int64[::1], int64, int64, boolean[::1], float64[::1], float64[:, ::1])")
def _fitted(x: Floats, category: Integers, n: int, n_cuts: int, is_kept: Flags, v: Floats, factor: Floats) -> int:
    """Fill cuts, slopes and the factor of the information; return OK or why there is no fit."""
    size = v.size
    score, moved, information = np.zeros(size), np.zeros(size), np.zeros((size, size))
    v[:] = 0.0
    count = 0
    for c in range(n_cuts):
        for i in range(n):
            count += 1 if category[i] == c else 0
        v[c] = log(count / (n - count))
    value = _log_likelihood(x, category, n, n_cuts, v)
    for _ in range(MOST_STEPS):
        _slopes(x, category, n, n_cuts, v, score, information)
        if not factored(information, is_kept, factor):
            break
        solve(factor, is_kept, score)
        longest = 0.0
        for j in range(size):
            longest = max(longest, abs(score[j]))
        if longest < 1e-9:
            return OK
        share = min(1.0, 4.0 / longest)
        for _ in range(MOST_HALVINGS):
            for j in range(size):
                moved[j] = v[j] + share * score[j]
            following = _log_likelihood(x, category, n, n_cuts, moved)
            if following >= value - 1e-12 * abs(value):
                break
            share = 0.5 * share
        v[:] = moved
        value = following
    for j in range(size):
        if abs(v[j]) > FURTHEST:
            return SEPARATED
    return NO_CONVERGENCE


@compiled(
    "void(float64[::1], int64[::1], int64[::1], float64[:, ::1], int64[::1], int64, int64, int64[:, ::1], int64, "
    "float64[:, :, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    y: Floats, arm: Integers, offsets: Integers, covariates: Floats, stratum: Integers, n_strata: int,
    n_categories: int, pairs: Integers, n_arms: int,
    found: Floats, status: Codes, n_treated: Integers, n_control: Integers,
) -> None:  # fmt: skip
    most = 1
    for t in range(offsets.size - 1):
        most = max(most, offsets[t + 1] - offsets[t])
    p = n_arms + covariates.shape[1] + max(n_strata - 1, 0)
    x, values, rest, none = np.zeros((most, p)), np.zeros(most), np.zeros(most), np.zeros(y.size)
    arms, category, seen = np.zeros(most, np.int64), np.zeros(most, np.int64), np.zeros(n_categories, np.int64)
    count, products, is_kept = np.zeros(n_arms, np.int64), np.zeros((p, p)), np.zeros(p, np.bool_)
    for t in range(offsets.size - 1):
        n = complete_rows(
            y, none, arm, covariates, stratum, n_strata, n_arms, offsets[t], offsets[t + 1], values, rest, arms, x
        )
        count[:] = 0
        for i in range(n):
            count[arms[i]] += 1
        mark_kept(x, n, products, is_kept)
        for a in range(n_arms):  # the cuts are the first arm's
            if is_kept[a]:
                is_kept[a] = False
                break
        n_cuts = _categories(values, n, seen, category) - 1
        size = max(n_cuts, 0) + p
        kept, v, factor, contrast = np.ones(size, np.bool_), np.zeros(size), np.zeros((size, size)), np.zeros(size)
        kept[size - p :] = is_kept
        fit = _fitted(x, category, n, n_cuts, kept, v, factor) if n_cuts > 0 else NO_VARIANCE
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            n_treated[t, c], n_control[t, c] = count[a], count[b]
            if count[a] == 0 or count[b] == 0:
                status[t, c] = TOO_FEW_PATIENTS
            elif fit != OK:
                status[t, c] = fit
            else:
                contrast[:] = 0.0
                contrast[n_cuts + a], contrast[n_cuts + b] = 1.0, -1.0
                solve_below(factor, kept, contrast)
                found[0, t, c] = v[n_cuts + a] - v[n_cuts + b]
                found[1, t, c] = np.sqrt(product(contrast, contrast))
                status[t, c] = OK


def proportional_odds(
    category: ArrayLike,
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
    """Return logarithms of common odds ratios of a higher category (treated over control), with Wald's tests.

    ``category`` [N] is a whole number from 0 (NaN: not in the analysis); only the order of those that occur counts.
    One model of all arms, logit P(category <= j) = cut j - slopes x (McCullagh 1980), with the covariates [N, K] and
    indicators of strata; greatest likelihood, observed information. Rows, pairs, better and margin (a logarithm) as
    for ``t_test``; patients with a missing value, covariate or stratum are left out.
    """
    values, arms, bounds, columns, strata = checked_columns(category, arm, offsets, covariates, stratum, n_strata)
    if np.any((values < 0.0) | (values != np.floor(values)) & ~np.isnan(values)):
        raise ValueError("a category is not a whole number from 0")
    what = contrasts(pairs, better, alpha, margin)
    n_all = what.n_arms if n_arms is None else int(n_arms)
    if n_all < what.n_arms:
        raise ValueError(f"a comparison names arm {what.n_arms - 1}, and there are {n_all} arms")
    greatest = int(np.nanmax(values)) if np.any(~np.isnan(values)) else 0
    shape = (bounds.size - 1, len(what.pairs))
    found, status = np.full((2, *shape), np.nan), np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _compare(
        values, arms, bounds, columns, strata, int(n_strata), greatest + 1, what.pairs, n_all, found, status, *counts
    )
    df = np.where(status == OK, np.inf, np.nan)
    return concluded(found[0], found[1], df, status, counts, what.better, what.alpha, what.margin)
