"""Mixed model for repeated measures: arms by visits, a covariance of the visits, Kenward and Roger's inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.comparisons import (
    NO_CONVERGENCE,
    OK,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    checked_rows,
    concluded,
    contrasts,
)
from trialsim.analysis.covariance_structures import STRUCTURES, fill_covariance, fill_start, n_parameters
from trialsim.analysis.fixed_effects import first_covariance, numbered_effects
from trialsim.analysis.positive_definite import factor, invert
from trialsim.analysis.reml import maximised
from trialsim.analysis.repeated_inference import variance_and_df
from trialsim.analysis.visit_patterns import centre_visits, fill_patterns, seen_rows, standardise
from trialsim.foundation.arithmetic import compiled

Flags = NDArray[np.bool_]

MOST_VISITS = 12
START_SHARES = (1.0, 0.7, 0.4, 0.0)  # of the first correlations, until they are positive definite


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedModel:
    """What is assumed of repeated values: covariances in the order in which they are tried, and how tests are made."""

    structures: tuple[str, ...] = ("unstructured",)
    df: Literal["kenward_roger", "satterthwaite"] = "kenward_roger"
    equal_at_first_visit: bool = False  # one mean of all arms there (constrained longitudinal analysis)
    information: Literal["observed", "expected"] = "observed"  # of the covariance's parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedFits:
    """The fits behind the comparisons of T trials: which covariance, how well, in how many steps."""

    structure: Codes  # [T]: position among the model's structures, -1 where nothing was fitted
    steps: Integers  # [T]
    deviance: Floats  # [T]: -2 log restricted likelihood without its constant
    covariance: Floats  # [T, V, V]: NaN at visits without values


@compiled(
    "int64(int64[::1], int64[::1], float64[::1], boolean[:, ::1], float64[:, :, ::1], float64[:, :, ::1], "
    "float64[:, :, ::1], int64[:, ::1], int64, float64[:, ::1], boolean, boolean, int64, int64[:, ::1], float64[::1], "
    "float64[::1], float64[::1], float64[:, ::1], float64[::1])"
)
def _fitted(
    structures: Integers,
    active: Integers,
    count: Floats,
    is_seen: Flags,
    xx: Floats,
    xy: Floats,
    yy: Floats,
    index: Integers,
    p: int,
    spread: Floats,
    is_expected: bool,
    is_adjusted: bool,
    at: int,
    pairs: Integers,
    estimate: Floats,
    se: Floats,
    df: Floats,
    sigma: Floats,
    found: Floats,
) -> int:
    """Fill the comparisons by the first structure that converges; return its position, -1 if none does."""
    m = active.size
    inverse, beta, phi = np.zeros((count.size, m, m)), np.zeros(p), np.zeros((p, p))
    weight = np.zeros(p)
    for s in range(structures.size):
        n = n_parameters(structures[s], active)
        theta, slopes, lower = np.zeros(n), np.zeros((n, m, m)), np.zeros((n, n))
        expected, observed, scratch = np.zeros((n, n)), np.zeros((n, n)), np.zeros((m, m))
        for share in START_SHARES:
            fill_start(structures[s], spread, share, active, theta)
            fill_covariance(structures[s], theta, active, sigma)
            if factor(sigma, scratch):
                break
        if not maximised(
            structures[s], active, count, is_seen, xx, xy, yy, index, theta, sigma, slopes, inverse, beta, phi,
            expected, observed, found,
        ):  # fmt: skip
            continue
        if not factor(observed, lower) or (is_expected and not factor(expected, lower)):
            continue
        uncertainty = observed
        invert(lower, uncertainty)
        for c in range(pairs.shape[0]):
            a, b = index[pairs[c, 0], at], index[pairs[c, 1], at]
            if a < 0 or b < 0:
                continue
            estimate[c] = beta[a] - beta[b]
            for i in range(p):
                weight[i] = phi[i, a] - phi[i, b]
            plain = weight[a] - weight[b]
            adjusted, freedom = variance_and_df(weight, plain, uncertainty, count, inverse, xx, index, slopes, phi)
            se[c] = np.sqrt(adjusted if is_adjusted else plain)
            df[c] = freedom
        return s
    return -1


@compiled(
    "void(float64[:, ::1], int64[::1], int64[::1], int64, float64[:, ::1], boolean[::1], int64[::1], int64, "
    "int64[:, ::1], int64, int64[::1], boolean, boolean, boolean, float64[:, ::1], float64[:, ::1], float64[:, ::1], "
    "int8[:, ::1], int64[:, ::1], int64[:, ::1], int8[::1], int64[::1], float64[::1], float64[:, :, ::1])"
)
def _compare(
    y: Floats,
    arm: Integers,
    offsets: Integers,
    at: int,
    covariates: Floats,
    by_visit: Flags,
    stratum: Integers,
    n_strata: int,
    pairs: Integers,
    n_arms: int,
    structures: Integers,
    is_expected: bool,
    is_adjusted: bool,
    equal_first: bool,
    estimate: Floats,
    se: Floats,
    df: Floats,
    status: Codes,
    n_treated: Integers,
    n_control: Integers,
    structure: Codes,
    steps: Integers,
    value: Floats,
    covariance: Floats,
) -> None:
    n_visits = y.shape[1]
    q = by_visit.size + n_arms
    most = 0
    for t in range(offsets.size - 1):
        most = max(most, offsets[t + 1] - offsets[t])
    n_patterns = min(most, 2**n_visits)
    features, values = np.zeros((most, q)), np.zeros((most, n_visits))
    number = np.full(2**n_visits, -1)
    n_seen, greatest = np.zeros(n_visits, np.int64), np.zeros(n_visits)
    found = np.zeros(2)
    for t in range(offsets.size - 1):
        n = seen_rows(y, arm, covariates, stratum, n_strata, n_arms, offsets[t], offsets[t + 1], features, values)
        for i in range(n):
            for c in range(pairs.shape[0]):
                if values[i, at] == values[i, at]:
                    n_treated[t, c] += int(features[i, pairs[c, 0]])
                    n_control[t, c] += int(features[i, pairs[c, 1]])
        standardise(features, n, n_arms, n_arms + covariates.shape[1])
        centre_visits(values, n, n_seen, greatest)
        active = np.flatnonzero(n_seen)
        m = active.size
        if n_seen[at] == 0:
            status[t] = TOO_FEW_PATIENTS
            continue
        count, is_seen = np.zeros(n_patterns), np.zeros((n_patterns, m), np.bool_)
        xx, xy, yy = np.zeros((n_patterns, q, q)), np.zeros((n_patterns, q, m)), np.zeros((n_patterns, m, m))
        number[: 2**m] = -1
        g = fill_patterns(features, values, n, active, number, count, is_seen, xx, xy, yy)
        count, is_seen, xx, xy, yy = count[:g], is_seen[:g], xx[:g], xy[:g], yy[:g]
        index = np.zeros((q, m), np.int64)
        p = numbered_effects(by_visit, equal_first, n_arms, count, is_seen, xx, active, index)
        spread, sigma = np.zeros((m, m)), np.zeros((m, m))
        fault = first_covariance(count, is_seen, xx, xy, yy, index, p, greatest[active], spread)
        if fault != OK:
            status[t] = fault
            continue
        here = int(np.searchsorted(active, at))
        used = _fitted(
            structures, active, count, is_seen, xx, xy, yy, index, p, spread, is_expected, is_adjusted, here, pairs,
            estimate[t], se[t], df[t], sigma, found,
        )  # fmt: skip
        structure[t] = used
        if used < 0:
            status[t] = NO_CONVERGENCE
            continue
        steps[t], value[t] = int(found[1]), found[0]
        for j in range(m):
            for k in range(m):
                covariance[t, active[j], active[k]] = sigma[j, k]
        for c in range(pairs.shape[0]):
            if not (se[t, c] > 0.0 and df[t, c] > 0.0):
                status[t, c] = TOO_FEW_PATIENTS


def mmrm(
    y: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    at: int,
    covariates: ArrayLike | None,
    by_visit: ArrayLike | None,
    stratum: ArrayLike | None,
    n_strata: int,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
    n_arms: int | None = None,
    model: RepeatedModel = RepeatedModel(),  # noqa: B008
) -> tuple[Comparisons, RepeatedFits]:
    """Return the differences of means (treated minus control) at visit ``at``, in the unit of y, and the fits.

    y [N, V] holds one row a patient and one column a visit, NaN where nothing was seen. Restricted maximum likelihood
    with a mean for each arm at each visit, a slope for each covariate [N, K] (one a visit where ``by_visit`` [K] says
    so, else one) and a shift for each stratum. Patients without any value, or without a covariate or stratum, are
    left out; those counted have a value at the visit. Pairs, better and margin as for ``t_test``. The first structure
    of the model that converges is used.
    See docs/methods/repeated-measures.md.
    """
    values = np.require(y, np.float64, ["C", "W"])
    if values.ndim != 2 or not 1 <= values.shape[1] <= MOST_VISITS or not 0 <= at < values.shape[1]:
        raise ValueError(f"values of shape {values.shape} are not patients by 1 to {MOST_VISITS} visits, or no {at}")
    _, arms, bounds = checked_rows(values[:, at], arm, offsets)
    columns = np.zeros((len(values), 0)) if covariates is None else np.require(covariates, np.float64, ["C", "W"])
    if columns.ndim != 2 or len(columns) != len(values):
        raise ValueError(f"there are {len(values)} patients and covariates of shape {columns.shape}")
    strata = np.zeros(len(values), np.int64)
    if n_strata > 0:
        strata = np.require(stratum, np.int64, ["C", "W"])
        if strata.shape != (len(values),):
            raise ValueError(f"there are {len(values)} patients and {strata.shape} strata")
    by = np.zeros(columns.shape[1] + max(n_strata - 1, 0), np.bool_)
    by[: columns.shape[1]] = False if by_visit is None else np.asarray(by_visit, np.bool_)
    what = contrasts(pairs, better, alpha, margin)
    n_all = what.n_arms if n_arms is None else int(n_arms)
    if n_all < what.n_arms:
        raise ValueError(f"a comparison names arm {what.n_arms - 1}, and there are {n_all} arms")
    codes = np.array([STRUCTURES.index(name) for name in model.structures], np.int64)
    shape = (bounds.size - 1, len(what.pairs))
    estimate, se, df = (np.full(shape, np.nan) for _ in range(3))
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    fits = RepeatedFits(
        structure=np.full(shape[0], -1, np.int8),
        steps=np.zeros(shape[0], np.int64),
        deviance=np.full(shape[0], np.nan),
        covariance=np.full((shape[0], values.shape[1], values.shape[1]), np.nan),
    )
    _compare(
        values, arms, bounds, int(at), columns, by, strata, int(n_strata), what.pairs, n_all, codes,
        model.information == "expected", model.df == "kenward_roger", model.equal_at_first_visit, estimate, se, df,
        status, *counts, fits.structure, fits.steps, fits.deviance, fits.covariance,
    )  # fmt: skip
    results = concluded(estimate, se, df, status, counts, what.better, what.alpha, what.margin)
    return results, fits
