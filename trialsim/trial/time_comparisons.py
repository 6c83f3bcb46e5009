"""Times to an event compared by the method of an analysis, and the true value of what it measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import Comparisons
from trialsim.analysis.competing_risks import incidence_difference
from trialsim.analysis.cox import cox
from trialsim.analysis.gray import gray
from trialsim.analysis.log_rank import Weight, fleming_harrington, log_rank, modestly_weighted
from trialsim.analysis.max_combo import max_combo
from trialsim.analysis.survival_difference import milestone_difference, rmst_difference, rmst_ratio
from trialsim.analysis.survival_truth import (
    true_incidence_difference,
    true_log_hazard_ratio,
    true_milestone_difference,
    true_rmst_difference,
    true_rmst_ratio,
)
from trialsim.protocol.model import Method
from trialsim.protocol.time_method_model import TimeMethod
from trialsim.trial.estimate import EndpointData
from trialsim.trial.seen_events import EVENT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """The patients of all trials: how long each was followed and why that ended, arm, and stratum."""

    time: Floats  # days; NaN: not in the analysis
    cause: NDArray[np.int8]  # 1 the event, 2 a competing one, 0 censored
    arm: Ints
    offsets: Ints
    stratum: Ints
    n_strata: int
    n_arms: int


def compared_times(
    method: Method, times: TimeMethod, rows: Rows, covariates: Floats, pairs: Ints, better: NDArray[np.int8],
    alpha: float, margin: Floats,
) -> Comparisons:  # fmt: skip
    """Return the comparisons of times that a method makes; those of hazards censor competing events."""
    data = (rows.time, rows.cause, rows.arm, rows.offsets)
    strata = (rows.stratum, rows.n_strata)
    if method.kind == "cox":
        efron = times.ties == "efron"
        return cox(*data, covariates, *strata, pairs, better, alpha, margin, rows.n_arms, efron, EVENT)
    if method.kind == "gray":
        return gray(*data, *strata, pairs, better, alpha, EVENT)
    if method.kind == "max_combo":
        weights = tuple(fleming_harrington(*each) for each in times.weights)
        return max_combo(*data, *strata, pairs, better, alpha, weights, EVENT).comparisons
    if method.kind == "log_rank":
        return log_rank(*data, *strata, pairs, better, alpha, weight_of(times), EVENT)
    if method.kind == "cumulative_incidence":
        return incidence_difference(*data, pairs, better, alpha, margin, times.horizon, EVENT)
    chosen = {"survival_difference": milestone_difference, "rmst_ratio": rmst_ratio}.get(times.measure, rmst_difference)
    return chosen(*data, pairs, better, alpha, margin, times.horizon)


def weight_of(times: TimeMethod) -> Weight:
    """Return how a log-rank test weighs events."""
    return modestly_weighted(times.delay) if times.delay is not None else fleming_harrington(*times.weights[0])


def true_times(
    times: TimeMethod, data: EndpointData, counterfactual: Floats, followed: Floats, per_trial: int, stratum: Ints,
    n_strata: int, covariates: Floats, pairs: Ints,
) -> Floats:  # fmt: skip
    """Return each trial's true values [T, C] of what a method measures, of its patients under both arms.

    `counterfactual` [A, N] are days until the event, infinite where it never happens and NaN for who does not count;
    `followed` [N] how long each is followed at most, which hazard ratios that change in time depend on. Hazards are
    those of patients without any event, so a competing one ends a patient's time; subdistribution hazards are of all
    who have not had the event.
    """
    assert data.counterfactual_causes is not None and data.counterfactual_days is not None
    offsets = np.arange(0, counterfactual.shape[1] + 1, per_trial, dtype=np.int64)
    causes = data.counterfactual_causes
    days = np.where(np.isnan(counterfactual), np.nan, data.counterfactual_days)
    efron = times.ties == "efron"
    if times.measure == "hazard_ratio":
        return true_log_hazard_ratio(days, offsets, pairs, followed, stratum, n_strata, efron, causes, covariates)
    if times.measure == "subdistribution_hazard_ratio":
        return true_log_hazard_ratio(counterfactual, offsets, pairs, followed, stratum, n_strata, efron)
    if times.measure == "incidence_difference":
        return true_incidence_difference(days, causes, offsets, pairs, times.horizon, EVENT)
    if times.measure == "survival_difference":
        return true_milestone_difference(counterfactual, offsets, pairs, times.horizon)
    mean = true_rmst_ratio if times.measure == "rmst_ratio" else true_rmst_difference
    return mean(counterfactual, offsets, pairs, times.horizon)
