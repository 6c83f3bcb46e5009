"""The true effect behind each comparison, from what the same patients have under both arms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.protocol.model import Analysis
from trialsim.trial.estimate import EndpointData, true_differences
from trialsim.trial.known import Known
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def true_effects(setup: Setup, analysis: Analysis, data: EndpointData, known: Known, pairs: Ints) -> Floats:
    """Return each trial's true effects [T, C], over its patients randomised by the cut."""
    per_trial = setup.protocol.patients.randomised
    counterfactual = np.where(known.is_there, data.counterfactual, np.nan)
    return np.column_stack([true_differences(counterfactual, a, b, per_trial) for a, b in pairs])
