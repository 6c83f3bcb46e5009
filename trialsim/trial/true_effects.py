"""The true effect behind each comparison, from what the same patients have under both arms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.protocol.model import Analysis
from trialsim.trial.batch import Batch
from trialsim.trial.compared import covariates_of, strata_of
from trialsim.trial.estimate import EndpointData
from trialsim.trial.known import Known
from trialsim.trial.setup import Setup
from trialsim.trial.share_comparisons import true_measures

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def true_effects(
    setup: Setup, analysis: Analysis, batch: Batch, data: EndpointData, known: Known, pairs: Ints, cut_at: Floats
) -> Floats:
    """Return each trial's true effects [T, C], over its patients randomised by the cut, on the scale of the method.

    A hazard ratio is that of the follow-up which each patient has by the cut [N], as long as nobody leaves.
    """
    per_trial = setup.protocol.patients.randomised
    counterfactual = np.where(known.is_there, data.counterfactual, np.nan)
    strata = strata_of(setup, analysis.method.strata, batch)
    if analysis.method.times is not None:
        followed = np.minimum(setup.protocol.follow_up or np.inf, cut_at - batch.randomised_at)
        columns = covariates_of(setup, analysis.method.covariates, batch, cut_at)
        from trialsim.trial.time_comparisons import true_times

        return true_times(analysis.method.times, data, counterfactual, followed, per_trial, *strata, columns, pairs)
    if analysis.method.kind == "wilcoxon":
        from trialsim.analysis.wilcoxon import true_median_differences  # compiled when imported

        return np.column_stack([true_median_differences(counterfactual, a, b, per_trial) for a, b in pairs])
    return np.column_stack(
        [true_measures(analysis.method, counterfactual, a, b, per_trial, *strata) for a, b in pairs]
    )
