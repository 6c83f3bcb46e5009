"""The patients of a batch of trials, once they are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.patients import Candidates

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Enrolled:
    """The randomised patients of a batch: trial after trial, within one in order of arrival, arrays [N]."""

    rows: Ints  # position of the trial in the batch
    trials: Ints
    patients: Ints  # candidate numbers
    covariates: Mapping[str, Floats]
    parameters: Mapping[str, Floats]
    screened: Ints  # [T] candidates screened until the last one randomised
    failed_rows: Ints  # candidates whose screening could not be computed
    failed_patients: Ints
    failed_status: Ints

    @property
    def candidates(self) -> Candidates:
        """Return the patients as the cohort's arrays."""
        return Candidates(covariates=self.covariates, parameters=self.parameters)
