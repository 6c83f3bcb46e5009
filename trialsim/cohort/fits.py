"""What a fit left on disk, read back without PyMC: is it there, is it of this cohort, may it be trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trialsim.cohort.model import Cohort
from trialsim.cohort.posterior import PosteriorDraws, posterior_draws
from trialsim.foundation.errors import TrialsimError

FORMAT = "trialsim fit 1"
DRAWS = "posterior.nc"
RECORD = "fit.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """One estimated number: its posterior in its unit, and how well the sampler knows it."""

    parameter: str
    unit: str
    median: float
    sd: float
    low: float  # 5% quantile
    high: float  # 95% quantile
    r_hat: float
    ess_bulk: float
    ess_tail: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One fit: where it lies, the digest of its draws, and whether they have converged (if not: `failures`)."""

    cohort: str
    folder: Path
    digest: str
    n_draws: int
    converged: bool
    failures: tuple[str, ...]
    diagnostics: tuple[Diagnosed, ...]
    divergences: int
    seconds: float
    cached: bool
    record: Mapping[str, Any] = field(compare=False, repr=False)  # fit.json as it is


def read_fit(folder: Path) -> Fit:
    """Return the fit in a folder, as its fit.json tells it; a folder without one is a TrialsimError."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise ValueError(f"its format is {record['format']!r}")
        return fit_of_record(record, folder, cached=True)
    except FileNotFoundError as fault:
        raise TrialsimError("fit-missing", f"there is no fit in {folder}", [f"the file {RECORD} is missing"]) from fault
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise TrialsimError(
            "fit-unreadable", f"the fit in {folder} cannot be read: {fault}", [f"run: trialsim fit {folder.name}"]
        ) from fault


def fit_of_record(record: Mapping[str, Any], folder: Path, cached: bool) -> Fit:
    """Return the fit that a record describes."""
    return Fit(
        cohort=record["cohort"]["id"],
        folder=folder,
        digest=record["posterior"]["digest"],
        n_draws=record["posterior"]["n_draws"],
        converged=record["converged"],
        failures=tuple(record["failures"]),
        diagnostics=tuple(Diagnosed(**row) for row in record["diagnostics"]),
        divergences=record["divergences"],
        seconds=record["environment"]["seconds"],
        cached=cached,
        record=record,
    )


def posterior_of(cohort: Cohort, fits_folder: Path) -> PosteriorDraws:
    """Return the posterior draws that a cohort with `posterior: ID` takes its values from.

    Refuses a fit that is missing, was made from another text of the cohort or of its data, or has not converged.
    """
    identifier = cohort.posterior
    if identifier is None:
        raise ValueError(f"the cohort {cohort.id!r} names no posterior")
    folder = fits_folder / identifier
    if not (folder / RECORD).is_file() or not (folder / DRAWS).is_file():
        raise TrialsimError(
            "fit-missing",
            f"the cohort {cohort.id!r} takes its values from the fit {identifier!r}, which has not been made",
            [f"looked for {folder / RECORD} and {DRAWS} beside it", f"run: trialsim fit {identifier}"],
        )
    fit = read_fit(folder)
    _check_origin(cohort, fit)
    if not fit.converged:
        raise TrialsimError(
            "fit-not-converged",
            f"the fit {identifier!r} has not converged: {'; '.join(fit.failures)}",
            ["more draws or a longer warm-up help against few or poorly mixed draws: fit.sampler.draws, "
             "fit.sampler.tune", "a higher fit.sampler.target_accept helps against divergences",
             f"then run: trialsim fit {identifier}"],
        )  # fmt: skip
    draws = posterior_draws(folder / DRAWS)
    if draws.digest != fit.digest:
        raise TrialsimError(
            "fit-damaged",
            f"the draws of the fit {identifier!r} are not those that its {RECORD} describes",
            [f"digest of the draws: {draws.digest}", f"digest in {RECORD}: {fit.digest}",
             f"run: trialsim fit {identifier}"],
        )  # fmt: skip
    return draws


def _check_origin(cohort: Cohort, fit: Fit) -> None:
    """Refuse a fit of another text of the cohort, or of other data."""
    data, fitted = fit.record["data"]["digest"], fit.record["cohort"]["digest"]
    if cohort.fit is not None and data != cohort.fit.digest:
        raise TrialsimError(
            "fit-stale",
            f"the fit {cohort.posterior!r} was made from other data than {cohort.fit.path!r} holds now",
            [f"digest of the data: {cohort.fit.digest}", f"digest of the data that were fitted: {data}",
             f"run: trialsim fit {cohort.posterior}"],
        )  # fmt: skip
    if fitted != cohort.digest:
        raise TrialsimError(
            "fit-stale",
            f"the fit {cohort.posterior!r} was made from another text of the cohort {cohort.id!r}",
            [f"digest of the cohort: {cohort.digest}", f"digest of the cohort that was fitted: {fitted}",
             f"run: trialsim fit {cohort.posterior}"],
        )  # fmt: skip
