"""The arms of every trial compared by the method of an analysis, on what is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.ancova import ancova
from trialsim.analysis.comparisons import Comparisons
from trialsim.analysis.equivalence import two_one_sided
from trialsim.analysis.t_test import t_test
from trialsim.protocol.model import Analysis
from trialsim.trial.batch import Batch
from trialsim.trial.known import Known
from trialsim.trial.milestones import known_days
from trialsim.trial.randomize import crossed, factor_levels
from trialsim.trial.repeated import repeated_comparisons
from trialsim.trial.setup import Setup
from trialsim.trial.share_comparisons import compared_shares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def pairs_of(setup: Setup, analysis: Analysis) -> Ints:
    """Return the positions of the treated and the control arm of every comparison, [C, 2]."""
    names = [arm.name for arm in setup.protocol.arms]
    return np.array([(names.index(c.treated), names.index(c.control)) for c in analysis.comparisons], dtype=np.int64)


def better_of(analysis: Analysis) -> NDArray[np.int8]:
    """Return the direction of benefit of every comparison [C]: 1 for greater estimates, -1 for smaller."""
    return np.array([c.sign for c in analysis.comparisons], dtype=np.int8)


def compared(setup: Setup, analysis: Analysis, batch: Batch, known: Known, cut_at: Floats) -> Comparisons:
    """Return the comparisons of an analysis on what is known by the cut [N]; equivalence is tested from both sides."""
    is_equivalence = np.array([c.within is not None for c in analysis.comparisons], dtype=np.bool_)
    if not is_equivalence.any():
        return one_sided(setup, analysis, batch, known, cut_at)
    sides = []
    for end, better in ((0, "higher"), (1, "lower")):
        tested = [
            replace(c, margin=c.within[end], better="lower" if (better == "lower") != c.falls else "higher")
            if c.within is not None else c
            for c in analysis.comparisons
        ]  # fmt: skip
        sides.append(one_sided(setup, replace(analysis, comparisons=tuple(tested)), batch, known, cut_at))
    return two_one_sided(sides[0], sides[1], is_equivalence)


def one_sided(setup: Setup, analysis: Analysis, batch: Batch, known: Known, cut_at: Floats) -> Comparisons:
    """Return the comparisons of an analysis; patients whose covariate is not known by the cut [N] are left out."""
    method, y, arms = analysis.method, known.values, batch.arms
    per_trial = setup.protocol.patients.randomised
    offsets = np.arange(0, y.shape[0] + 1, per_trial, dtype=np.int64)
    pairs, better = pairs_of(setup, analysis), better_of(analysis)
    margin = np.array([c.margin for c in analysis.comparisons], dtype=np.float64)
    if method.kind in ("t_test", "welch"):
        return t_test(y, arms, offsets, pairs, better, analysis.alpha, margin, method.kind == "t_test")
    stratum, n_strata = strata_of(setup, method.strata, batch)
    if method.kind in ("risk_difference", "risk_ratio", "odds_ratio", "cmh"):
        return compared_shares(method, y, arms, offsets, stratum, n_strata, pairs, better, analysis.alpha, margin)
    columns = covariates_of(setup, method.covariates, batch, cut_at)
    if method.times is not None:
        from trialsim.trial.time_comparisons import Rows, compared_times  # compiled once, in half a minute

        assert known.causes is not None
        rows = Rows(
            time=y, cause=known.causes, arm=arms, offsets=offsets, stratum=stratum, n_strata=n_strata,
            n_arms=len(setup.protocol.arms),
        )  # fmt: skip
        return compared_times(method, method.times, rows, columns, pairs, better, analysis.alpha, margin)
    if method.kind == "mmrm":
        return repeated_comparisons(setup, analysis, batch, known, cut_at, columns, stratum, n_strata, pairs, better)
    if method.kind == "wilcoxon":
        from trialsim.analysis.wilcoxon import wilcoxon  # compiled when imported, which other trials need not wait for

        return wilcoxon(y, arms, offsets, pairs, better, analysis.alpha, margin, bool(method.continuity))
    n_arms = len(setup.protocol.arms)
    if method.kind == "logistic":
        from trialsim.analysis.logistic import logistic_regression  # compiled once on a machine, in some seconds

        return logistic_regression(
            method.measure or "risk_difference", y, arms, offsets, columns, stratum, n_strata, pairs, better,
            analysis.alpha, margin, n_arms, variance="model" if method.variance == "model" else "robust",
            has_fallback=method.separated == "firth",
        )  # fmt: skip
    if method.imputation is not None:
        from trialsim.trial.imputed import compared_after_imputation

        return compared_after_imputation(
            setup, analysis, batch, cut_at, columns, (stratum, n_strata), pairs, better, margin
        )  # fmt: skip
    linear = (y, arms, offsets, columns, stratum, n_strata, pairs, better, analysis.alpha, margin, n_arms)
    if method.slopes == "by_arm":
        from trialsim.analysis.own_slopes import ancova_by_arm

        return ancova_by_arm(*linear)
    if method.variance in ("hc0", "hc3"):
        from trialsim.analysis.robust_ancova import robust_ancova

        return robust_ancova(*linear, method.variance)
    return ancova(*linear)


def strata_of(setup: Setup, factors: tuple[str, ...], batch: Batch) -> tuple[Ints, int]:
    """Return each patient's combination of factors (-1 without factors) and the number of combinations."""
    sites = batch.sites
    if not factors:
        return np.full(sites.shape[0], -1, dtype=np.int64), 0
    n_sites = setup.protocol.conduct.accrual.sites
    count = 1
    for factor in factors:
        count *= len(factor_levels(factor, setup.cohort, n_sites))
    return crossed(factors, batch.patients.covariates, sites, setup.cohort, n_sites), count


def covariates_of(
    setup: Setup, wanted: tuple[tuple[str, str | None], ...], batch: Batch, cut_at: Floats
) -> Floats:
    """Return the covariates [N, K]: properties as they are, measures as they were seen and known by the cut."""
    columns = []
    for name, visit in wanted:
        if visit is None:
            columns.append(batch.patients.covariates[name])
            continue
        reading = setup.calendar.first_reading(name, visit)
        late = known_days(setup, reading, batch.randomised_at, batch.seen) > cut_at
        columns.append(np.where(late, np.nan, batch.seen.values[reading]))
    return np.column_stack(columns) if columns else np.empty((cut_at.shape[0], 0))
