"""Virtual patients of a cohort by themselves, without a trial."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trialsim.cohort.draws import typical_values
from trialsim.cohort.fits import posterior_of
from trialsim.cohort.model import Cohort
from trialsim.cohort.patients import Candidates, candidates

if TYPE_CHECKING:
    import pandas


def sampled_candidates(cohort: Cohort, n: int, seed: int, fits: Path) -> Candidates:
    """Return n candidates at the typical values (a fit's medians where the cohort names one), in declared units.

    They are the candidates 0…n-1 of trial 0 of a run with this seed: the same people.
    """
    posterior = posterior_of(cohort, fits) if cohort.posterior else None
    trial = np.zeros(1, dtype=np.int64)
    typical = typical_values(cohort, seed, trial, "typical", posterior)
    rows = np.zeros(n, dtype=np.int64)
    return candidates(cohort, typical, seed, rows, rows, np.arange(n, dtype=np.int64))


def sampled_patients(cohort: Cohort, n: int, seed: int, fits: Path) -> pandas.DataFrame:
    """Return n virtual patients as a frame, one row each; categories as words."""
    import pandas

    people = sampled_candidates(cohort, n, seed, fits)
    labels = {covariate.name: covariate.categories for covariate in cohort.covariates if covariate.categories}
    columns = {
        name: pandas.Categorical.from_codes(values.astype(np.int64), pandas.Index(labels[name]))
        if name in labels
        else values
        for name, values in {**people.covariates, **people.parameters}.items()
    }
    return pandas.DataFrame({"patient": np.arange(n), **columns})
