"""Repeated measures of a trial: the endpoint at every visit of a mixed model, and what that model concludes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import Comparisons
from trialsim.analysis.endpoints import endpoint_values
from trialsim.protocol.model import Analysis
from trialsim.trial.batch import Batch
from trialsim.trial.estimate import days_off
from trialsim.trial.known import Known
from trialsim.trial.milestones import known_days
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def has_baseline(setup: Setup, analysis: Analysis) -> bool:
    """Return whether the baseline is among the visits, as an outcome."""
    return any(setup.protocol.visit(name).at <= 0.0 for name in analysis.method.visits)


def repeated_values(setup: Setup, analysis: Analysis, batch: Batch, known: Known, cut_at: Floats) -> Floats:
    """Return the endpoint of each patient at every visit of a mixed model [N, V], missing where not known by the cut.

    Values after an event that the estimand switches off are missing. Where the baseline is an outcome, a change from
    it is analysed as the value itself: the arms differ as much.
    """
    estimand, seen = setup.protocol.estimand(analysis.estimand), batch.seen
    endpoint = setup.protocol.endpoint(estimand.endpoint)
    off = days_off(setup, estimand, batch.own_events)
    _, baseline = setup.calendar.endpoint_readings(endpoint)
    derive = "value" if has_baseline(setup, analysis) else endpoint.derive
    before = None if baseline is None else known_values(setup, baseline, batch, cut_at)
    columns = []
    for name in analysis.method.visits:
        if setup.protocol.visit(name).at <= 0.0:
            at = setup.calendar.first_reading(endpoint.measure, name)
        else:
            at = setup.calendar.reading(endpoint.measure, name, endpoint.after_dose)
        value = endpoint_values(derive, known_values(setup, at, batch, cut_at), before, endpoint.threshold)
        columns.append(np.where((off < seen.actual_days[at]) | ~known.is_there, np.nan, value))
    return np.column_stack(columns)


def known_values(setup: Setup, reading: int, batch: Batch, cut_at: Floats) -> Floats:
    """Return the values of a reading that are known by the cut [N], missing for the others."""
    late = known_days(setup, reading, batch.randomised_at, batch.seen) > cut_at
    return np.where(late, np.nan, batch.seen.values[reading])


def repeated_comparisons(
    setup: Setup, analysis: Analysis, batch: Batch, known: Known, cut_at: Floats, columns: Floats, stratum: Ints,
    n_strata: int, pairs: Ints, better: NDArray[np.int8],
) -> Comparisons:  # fmt: skip
    """Return the comparisons of a mixed model; a measure among the covariates has a slope at every visit."""
    # Not at the top: it takes half a minute to compile when it is imported first, which other trials need not wait for.
    from trialsim.analysis.mmrm import RepeatedModel, mmrm

    method = analysis.method
    assert method.df is not None
    y = repeated_values(setup, analysis, batch, known, cut_at)
    offsets = np.arange(0, y.shape[0] + 1, setup.protocol.patients.randomised, dtype=np.int64)
    endpoint = setup.protocol.endpoint(setup.protocol.estimand(analysis.estimand).endpoint)
    results, fits = mmrm(
        y, batch.arms, offsets, method.visits.index(endpoint.at), columns, [visit is not None for _, visit in
        method.covariates], stratum, n_strata, pairs, better, analysis.alpha,
        [comparison.margin for comparison in analysis.comparisons], len(setup.protocol.arms),
        RepeatedModel(
            structures=method.covariances, df=method.df, equal_at_first_visit=has_baseline(setup, analysis)
        ),
    )  # fmt: skip
    return replace(results, covariance_used=fits.structure)
