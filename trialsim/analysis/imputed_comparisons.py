"""Comparisons of arms at the last visit by analysis of covariance of imputed values: Rubin's rules or jackknife."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.ancova import ancova
from trialsim.analysis.comparisons import (
    NOT_ESTIMABLE,
    OK,
    Codes,
    Comparisons,
    Contrasts,
    Floats,
    Integers,
    concluded,
    contrasts,
)
from trialsim.analysis.group_sequential import root_of
from trialsim.analysis.imputation import STRATEGIES, Luck, VisitData, imputed, visit_data
from trialsim.analysis.mean_imputation import mean_imputed
from trialsim.analysis.rubin import pooled

VARIANCES = ("rubin", "jackknife")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imputation:
    """How missing values at visits are imputed, and where the standard error is from."""

    strategy: str  # a key of STRATEGIES
    variance: str  # rubin: Bayesian draws; jackknife: conditional means
    n: int  # imputations, of rubin
    reference: int = 0  # arm
    delta: tuple[float, ...] = ()  # for each arm: what is added to its imputed values at the last visit


def imputed_comparisons(
    y: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    covariates: ArrayLike | None,
    stratum: ArrayLike | None,
    n_strata: int,
    how: Imputation,
    luck: Luck,
    trials: ArrayLike,
    patients: ArrayLike,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
    n_arms: int | None = None,
    first: ArrayLike | None = None,
) -> Comparisons:
    """Return the adjusted differences at the last visit (treated minus control) in the unit of y, after imputation.

    ``y`` [N, V] are values at visits in their order, NaN where missing; ``first`` [N] the first visit after a deviation
    (unless given, the one after a patient's last value); ``trials`` [T] and ``patients`` [N] the numbers that random
    numbers are keyed by. The rest is as for ``ancova``, whose model analyses the last visit; the imputation model has
    its arms, covariates and strata, with slopes for each visit. See docs/methods/imputation.md.
    """
    if how.strategy not in STRATEGIES or how.variance not in VARIANCES or (how.variance == "rubin" and how.n < 2):
        raise ValueError(f"there is no imputation by {how.strategy} with {how.n} draws and the variance {how.variance}")
    values, arms = np.asarray(y, np.float64), np.asarray(arm, np.int64)
    bounds = np.asarray(offsets, np.int64)
    what = contrasts(pairs, better, alpha, margin)
    n_all = what.n_arms if n_arms is None else int(n_arms)
    x = _columns(values.shape[0], covariates, stratum, n_strata)
    numbers = np.asarray(patients, np.int64)
    found = []
    for t, trial in enumerate(np.asarray(trials, np.int64).tolist()):
        rows = slice(bounds[t], bounds[t + 1])
        own = None if first is None else np.asarray(first)[rows]
        data = visit_data(values[rows], arms[rows], x[rows], n_all, own)
        found.append(_of_trial(data, x[rows], how, luck, trial, numbers[rows], what))
    shape = (len(found), len(what.pairs))
    estimate, se, df = (
        np.array([each[i] for each in found]).reshape(shape) for i in range(3)
    )
    status = np.array([each[3] for each in found], np.int8).reshape(shape)
    parts = [slice(a, b) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
    n_treated, n_control = (
        np.array([[_count(arms[part], x[part], pair[side]) for pair in what.pairs] for part in parts], np.int64)
        .reshape(shape)
        for side in (0, 1)
    )  # fmt: skip
    return concluded(estimate, se, df, status, (n_treated, n_control), what.better, what.alpha, what.margin)


def tipping_delta(
    data: VisitData, x: Floats, how: Imputation, luck: Luck, trial: int, patients: Integers, what: Contrasts,
    limit: float,
) -> float:  # fmt: skip
    """Return how much worse imputed values of the treated arm must be for its comparison to lose significance.

    In the unit of y, at most ``limit``; NaN if it is not significant to begin with, infinite if it never loses it.
    The first comparison of ``what`` alone; the same draws at every delta.
    """
    one = replace(what, pairs=what.pairs[:1], better=what.better[:1], margin=what.margin[:1])
    treated, sign = int(one.pairs[0, 0]), float(one.better[0])

    def excess(worse: float) -> float:
        delta = tuple(-sign * worse if a == treated else 0.0 for a in range(data.n_arms))
        estimate, se, df, status = _of_trial(data, x, replace(how, delta=delta), luck, trial, patients, one)
        shape = (1, 1)
        counts = np.ones(shape, np.int64), np.ones(shape, np.int64)
        result = concluded(
            estimate.reshape(shape), se.reshape(shape), df.reshape(shape), status.reshape(shape), counts, one.better,
            one.alpha, one.margin,
        )  # fmt: skip
        return float(result.p_value[0, 0]) - one.alpha

    start, end = excess(0.0), excess(limit)
    if not start < 0.0:
        return np.nan
    return root_of(excess, 0.0, limit) if end > 0.0 else np.inf


def _columns(n: int, covariates: ArrayLike | None, stratum: ArrayLike | None, n_strata: int) -> Floats:
    """Return covariates and indicators of strata [N, K]; NaN for patients without a stratum."""
    own = np.zeros((n, 0)) if covariates is None else np.asarray(covariates, np.float64).reshape(n, -1)
    if n_strata < 2:
        return np.ascontiguousarray(own)
    strata = np.asarray(stratum, np.int64)
    indicators = (strata[:, None] == np.arange(1, n_strata)).astype(np.float64)
    indicators[strata < 0] = np.nan
    return np.ascontiguousarray(np.concatenate([own, indicators], axis=1))


def _count(arm: Integers, x: Floats, of: int) -> int:
    return int(np.sum((arm == of) & ~np.isnan(x).any(axis=1)))


def _of_trial(
    data: VisitData, x: Floats, how: Imputation, luck: Luck, trial: int, patients: Integers, what: Contrasts
) -> tuple[Floats, Floats, Floats, Codes]:
    """Return estimates, standard errors, degrees of freedom and status [C] of one trial."""
    nothing = np.full(len(what.pairs), np.nan)
    failed = np.full(len(what.pairs), NOT_ESTIMABLE, np.int8)
    if how.variance == "rubin":
        values = imputed(data, how.strategy, how.reference, how.n, luck, trial, patients)
    else:
        values = mean_imputed(data, how.strategy, how.reference, jackknife=True)
    if values is None:
        return nothing, nothing, nothing, failed
    if how.delta:
        is_imputed = (data.arm >= 0) & (data.last < data.y.shape[1])
        values = values + np.where(is_imputed, np.array(how.delta)[data.arm], 0.0)
    keep = np.ones(len(values), np.bool_) if how.variance == "rubin" else np.append(True, data.arm >= 0)
    values = values[keep]
    m, n = values.shape
    each = ancova(
        values.reshape(-1), np.tile(data.arm, m), np.arange(m + 1) * n, np.tile(x, (m, 1)), None, 0, what.pairs,
        what.better, what.alpha, what.margin, data.n_arms,
    )  # fmt: skip
    worst: Codes = each.status.max(axis=0)
    if how.variance == "rubin":
        joint = pooled(each.estimate, each.se**2, each.df[0])
        estimate, se, df = joint.estimate, joint.se, joint.df
    else:
        estimate, se = each.estimate[0], _jackknife_se(each.estimate[1:])
        df = np.full(len(what.pairs), np.inf)
        worst[(worst == OK) & ~(se > 0.0)] = NOT_ESTIMABLE
    for column in (estimate, se, df):
        column[worst != OK] = np.nan
    return estimate, se, df, worst


def _jackknife_se(estimates: Floats) -> Floats:
    """Return the jackknife standard error of estimates without each patient [n, C] (Efron and Tibshirani 1993)."""
    n = estimates.shape[0]
    mean = np.cumsum(estimates, axis=0)[-1] / n
    return np.asarray(np.sqrt((n - 1) / n * np.cumsum((estimates - mean) ** 2, axis=0)[-1]))
