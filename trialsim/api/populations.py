"""Populations: fitting a cohort to data, and patients drawn from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from trialsim.api.documents import load_cohort
from trialsim.foundation.errors import TrialsimError

if TYPE_CHECKING:
    import pandas

    from trialsim.cohort.fits import Fit
    from trialsim.cohort.model import Cohort

FITS = Path("fits")


def fit(
    cohort: Cohort | str | Path, folder: Path = FITS, on_progress: Callable[[int, int, str], None] | None = None
) -> Fit:
    """Fit a cohort to the data of its `fit` section and return the fit, converged or not, with its diagnostics.

    The posterior is written into `folder`/ID as ArviZ InferenceData (NetCDF). The same content (document, data,
    sampler, versions) is never sampled twice. Raises TrialsimError if the cohort has no `fit` section or its dynamics
    cannot be fitted.
    """
    from importlib.util import find_spec

    from trialsim.foundation.caches import cache_directory

    if find_spec("pymc") is None:
        raise TrialsimError(
            "no-pymc", "fitting needs PyMC, which is not installed", ["run: pip install 'trialsim[fit]'"], exit_code=2
        )
    from trialsim.cohort.bayes import fit_cohort

    cohort = cohort_of(cohort)
    return fit_cohort(cohort, folder / cohort.id, cache_directory() / "fits", on_progress)


def sample_patients(cohort: Cohort | str | Path, n: int, seed: int = 1, fits: Path = FITS) -> pandas.DataFrame:
    """Return n virtual patients, one row each: covariates and individual parameters in their declared units.

    Typical values are the published ones, or the posterior medians of the fit that the cohort names.
    """
    from trialsim.cohort.sample import sampled_patients

    return sampled_patients(cohort_of(cohort), n, seed, fits)


def cohort_of(cohort: Cohort | str | Path) -> Cohort:
    """Return the cohort itself, or the one of that name or path."""
    return load_cohort(cohort) if isinstance(cohort, str | Path) else cohort


def write_population(
    cohort: Cohort | str | Path, n: int, seed: int, folder: Path, fits: Path = FITS
) -> pandas.DataFrame:
    """Draw n virtual patients, write `patients.parquet` and `population.svg` into a folder, and return the frame."""
    from trialsim.campaign.plan import patient_columns
    from trialsim.foundation.tables_parquet import parquet_bytes
    from trialsim.report.population import population_figure
    from trialsim.store.write import write_whole

    cohort = cohort_of(cohort)
    frame = sample_patients(cohort, n, seed, fits)
    columns = patient_columns(cohort)
    values = {"patient": frame["patient"].to_numpy()} | {
        column.name: list(frame[column.name]) if column.type == "category" else frame[column.name].to_numpy()
        for column in columns
    }
    metadata = {"cohort": cohort.digest, "seed": str(seed)}
    titles = {c.name: c.description + (f" ({c.unit})" if c.unit else "") for c in columns}
    write_whole(folder / "patients.parquet", parquet_bytes("population", values, columns, metadata))
    figure = population_figure(frame, titles, f"{cohort.title}: {n} virtual patients")
    write_whole(folder / "population.svg", figure.encode())
    return frame
