"""Repeated measures of a trial: the endpoint at every visit of a mixed model, and what that model concludes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import Comparisons
from trialsim.analysis.endpoints import endpoint_values
from trialsim.analysis.mmrm import RepeatedModel, mmrm
from trialsim.protocol.model import Analysis
from trialsim.trial.estimate import EndpointData
from trialsim.trial.observe import Observations
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def has_baseline(setup: Setup, analysis: Analysis) -> bool:
    """Return whether the baseline is among the visits, as an outcome."""
    return any(setup.protocol.visit(name).at <= 0.0 for name in analysis.method.visits)


def repeated_values(setup: Setup, analysis: Analysis, data: EndpointData, seen: Observations) -> Floats:
    """Return the endpoint of each patient at every visit of a mixed model [N, V], missing where not seen or set aside.

    Where the baseline is an outcome, a change from it is analysed as the value itself: the arms differ as much.
    """
    endpoint = setup.protocol.endpoint(setup.protocol.estimand(analysis.estimand).endpoint)
    derive = "value" if has_baseline(setup, analysis) else endpoint.derive
    _, baseline = setup.calendar.endpoint_readings(endpoint)
    before = None if baseline is None else seen.values[baseline]
    columns = []
    for name in analysis.method.visits:
        if setup.protocol.visit(name).at <= 0.0:
            at = setup.calendar.first_reading(endpoint.measure, name)
        else:
            at = setup.calendar.reading(endpoint.measure, name, endpoint.after_dose)
        value = endpoint_values(derive, seen.values[at], before, endpoint.threshold)
        columns.append(np.where(data.set_aside_from < seen.actual_days[at], np.nan, value))
    return np.column_stack(columns)


def repeated_comparisons(
    setup: Setup, analysis: Analysis, data: EndpointData, seen: Observations, arms: Ints, columns: Floats,
    stratum: Ints, n_strata: int, pairs: Ints, better: NDArray[np.int8], margin: Floats,
) -> Comparisons:  # fmt: skip
    """Return the comparisons of a mixed model; a measure among the covariates has a slope at every visit."""
    method = analysis.method
    assert method.df is not None
    y = repeated_values(setup, analysis, data, seen)
    offsets = np.arange(0, y.shape[0] + 1, setup.protocol.patients.randomised, dtype=np.int64)
    by_visit = [visit is not None for _, visit in method.covariates]
    model = RepeatedModel(
        structures=method.covariances, df=method.df, equal_at_first_visit=has_baseline(setup, analysis)
    )
    endpoint = setup.protocol.endpoint(setup.protocol.estimand(analysis.estimand).endpoint)
    results, fits = mmrm(
        y, arms, offsets, method.visits.index(endpoint.at), columns, by_visit, stratum, n_strata, pairs, better,
        analysis.alpha, margin, len(setup.protocol.arms), model,
    )  # fmt: skip
    return replace(results, covariance_used=fits.structure)
