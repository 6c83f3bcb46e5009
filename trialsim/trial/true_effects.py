"""The true effect behind each comparison, from what the same patients have under both arms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.protocol.model import Analysis
from trialsim.trial.batch import Batch
from trialsim.trial.compared import strata_of
from trialsim.trial.estimate import EndpointData
from trialsim.trial.known import Known
from trialsim.trial.setup import Setup
from trialsim.trial.share_comparisons import true_measures

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def true_effects(
    setup: Setup, analysis: Analysis, batch: Batch, data: EndpointData, known: Known, pairs: Ints
) -> Floats:
    """Return each trial's true effects [T, C], over its patients randomised by the cut, on the scale of the method."""
    per_trial = setup.protocol.patients.randomised
    counterfactual = np.where(known.is_there, data.counterfactual, np.nan)
    strata = strata_of(setup, analysis.method.strata, batch)
    return np.column_stack(
        [true_measures(analysis.method, counterfactual, a, b, per_trial, *strata) for a, b in pairs]
    )
