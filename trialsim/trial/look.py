"""The final look: every analysis of every trial, on what is known at the data cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.ancova import ancova
from trialsim.analysis.comparisons import REASONS, Comparisons
from trialsim.analysis.endpoints import failures_imputed
from trialsim.analysis.multiplicity import adjusted_p_values
from trialsim.analysis.risk_difference import risk_difference
from trialsim.analysis.t_test import t_test
from trialsim.protocol.model import Analysis
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.estimate import EndpointData, true_effects
from trialsim.trial.imputed import compared_after_imputation, visit_values
from trialsim.trial.observe import Observations
from trialsim.trial.randomize import crossed, factor_levels
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What one analysis concludes in T trials about its C comparisons, arrays [T, C]."""

    analysis: Analysis
    results: Comparisons
    adjusted: Floats
    rejected: Flags
    truth: Floats
    n_missing: Ints


def look(
    setup: Setup, analysis: Analysis, patients: Enrolled, arms: Ints, sites: Ints, data: EndpointData,
    seen: Observations, failed: Flags, own_events: Floats,
) -> Look:  # fmt: skip
    """Return what an analysis concludes in every trial; `failed` tells whose course could not be computed.

    `own_events` [N, events] are the days of the assigned arm's events.
    """
    y = data.analysed
    if analysis.method.missing == "failure":
        y = failures_imputed(y, ~failed)
    pairs = _pairs(setup, analysis)
    per_trial = setup.protocol.patients.randomised
    values = y if analysis.method.imputation is None else visit_values(setup, analysis, seen, own_events)
    results = _compared(setup, analysis, values, arms, patients, sites, seen, pairs, failed)
    # A family judges its comparisons together, once all of its analyses are made.
    rule = "none" if analysis.multiplicity == "family" else analysis.multiplicity
    adjusted = adjusted_p_values(rule, results, _directions(analysis), range(len(pairs)))
    missing = np.isnan(y).reshape(-1, per_trial)
    by_trial = arms.reshape(-1, per_trial)
    n_missing = [(missing & ((by_trial == a) | (by_trial == b))).sum(axis=1) for a, b in pairs]
    truth = [true_effects(data.counterfactual, a, b, per_trial) for a, b in pairs]
    return Look(
        analysis=analysis,
        results=results,
        adjusted=adjusted,
        rejected=(results.status == 0) & (adjusted <= analysis.alpha),
        truth=np.column_stack(truth),
        n_missing=np.column_stack(n_missing),
    )


def _pairs(setup: Setup, analysis: Analysis) -> Ints:
    """Return the positions of the treated and the control arm of every comparison, [C, 2]."""
    names = [arm.name for arm in setup.protocol.arms]
    return np.array([(names.index(c.treated), names.index(c.control)) for c in analysis.comparisons], dtype=np.int64)


def _directions(analysis: Analysis) -> NDArray[np.int8]:
    """Return the direction of benefit of every comparison [C]: 1 for higher, -1 for lower."""
    return np.array([1 if c.better == "higher" else -1 for c in analysis.comparisons], dtype=np.int8)


def _compared(
    setup: Setup, analysis: Analysis, y: Floats, arms: Ints, patients: Enrolled, sites: Ints, seen: Observations,
    pairs: Ints, failed: Flags,
) -> Comparisons:  # fmt: skip
    """Return the comparisons of an analysis by its method; patients whose covariate is missing are left out.

    `y` is [N], or [N, V] where missing values are imputed from several visits.
    """
    method = analysis.method
    per_trial = setup.protocol.patients.randomised
    offsets = np.arange(0, y.shape[0] + 1, per_trial, dtype=np.int64)
    better = _directions(analysis)
    margin = np.array([c.margin for c in analysis.comparisons], dtype=np.float64)
    if method.kind in ("t_test", "welch"):
        return t_test(y, arms, offsets, pairs, better, analysis.alpha, margin, method.kind == "t_test")
    stratum, n_strata = _strata(setup, method.strata, patients, sites)
    if method.kind == "risk_difference":
        return risk_difference(y, arms, offsets, stratum, n_strata, pairs, better, analysis.alpha, margin)
    columns = _covariates(setup, method.covariates, patients, seen)
    n_arms = len(setup.protocol.arms)
    if method.imputation is not None:
        return compared_after_imputation(
            setup, analysis, y, arms, patients, failed, columns, (stratum, n_strata), pairs, better, margin
        )  # fmt: skip
    return ancova(y, arms, offsets, columns, stratum, n_strata, pairs, better, analysis.alpha, margin, n_arms)


def _strata(setup: Setup, factors: tuple[str, ...], patients: Enrolled, sites: Ints) -> tuple[Ints, int]:
    """Return each patient's combination of factors (-1 without factors) and the number of combinations."""
    if not factors:
        return np.full(sites.shape[0], -1, dtype=np.int64), 0
    n_sites = setup.protocol.conduct.accrual.sites
    count = 1
    for factor in factors:
        count *= len(factor_levels(factor, setup.cohort, n_sites))
    return crossed(factors, patients.covariates, sites, setup.cohort, n_sites), count


def _covariates(
    setup: Setup, wanted: tuple[tuple[str, str | None], ...], patients: Enrolled, seen: Observations
) -> Floats:
    """Return the covariates [N, K]: properties as they are, measures as they were seen at their visit."""
    columns = [
        patients.covariates[name] if visit is None else seen.values[setup.calendar.first_reading(name, visit)]
        for name, visit in wanted
    ]
    return np.column_stack(columns) if columns else np.empty((patients.trials.shape[0], 0))


def cut_days(setup: Setup, randomised_at: Floats, seen: Observations) -> Floats:
    """Return each trial's data cut [T], in days since the first site opened.

    It comes `cut_delay` after the last value that any analysis's endpoint waits for is known. Values that are
    never seen are not waited for; a trial that sees none of them is cut after its last randomisation.
    """
    per_trial = setup.protocol.patients.randomised
    last: Floats = randomised_at.reshape(-1, per_trial).max(axis=1)
    estimands = {setup.protocol.estimand(analysis.estimand) for analysis in setup.protocol.analyses}
    endpoints = [setup.protocol.endpoint(name) for name in sorted({e.endpoint for e in estimands})]
    for analysis in setup.protocol.analyses:
        own = setup.protocol.endpoint(setup.protocol.estimand(analysis.estimand).endpoint)
        if analysis.method.imputation is not None:
            endpoints += [replace(own, at=visit) for visit in analysis.method.imputation.visits]
    for i in sorted({i for endpoint in endpoints for i in setup.calendar.endpoint_readings(endpoint) if i is not None}):
        known = known_days(setup, i, randomised_at, seen)
        last = np.maximum(last, np.where(np.isnan(known), -np.inf, known).reshape(-1, per_trial).max(axis=1))
    return last + setup.protocol.cut_delay


def known_days(setup: Setup, reading: int, randomised_at: Floats, seen: Observations) -> Floats:
    """Return the day each value of a reading is known [N], since the first site opened; NaN if it is never seen."""
    known = randomised_at + seen.actual_days[reading] + setup.calendar.readings[reading].known_after
    return np.where(seen.seen[reading], known, np.nan)


def successes(setup: Setup, looks: Mapping[str, Look]) -> Flags:
    """Return whether each trial is a success [T]: any or all comparisons of the deciding analysis rejected."""
    rejected = looks[setup.protocol.success.analysis].rejected
    some = setup.protocol.success.quantifier == "any"
    return np.asarray(rejected.any(axis=1) if some else rejected.all(axis=1), dtype=np.bool_)


def reasons(status: NDArray[np.int8]) -> tuple[Ints, tuple[str, ...]]:
    """Return the codes and words of why comparisons could not be estimated; -1 where they could."""
    codes = sorted(code for code in REASONS if code != 0)
    positions = np.full(max([0, *codes]) + 1, -1, dtype=np.int64)
    positions[codes] = np.arange(len(codes))
    return positions[status.astype(np.int64)], tuple(str(REASONS[code]) for code in codes)
