"""A cohort fitted to data: its published uncertainty becomes a posterior, by PyMC.

PyMC, PyTensor, nutpie and ArviZ are imported in this module and its `bayes_…` neighbours alone, inside functions.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from trialsim.cohort.bayes_data import fit_data
from trialsim.cohort.bayes_diagnostics import diagnosed, diagnosed_patients, failures
from trialsim.cohort.bayes_groups import inference_data
from trialsim.cohort.bayes_model import FitProblem, fit_problem
from trialsim.cohort.bayes_predictions import check_start, with_solver
from trialsim.cohort.bayes_sampling import Progress, Sampled, sampled, software
from trialsim.cohort.fits import DRAWS, FORMAT, RECORD, Fit, fit_of_record
from trialsim.cohort.model import Cohort
from trialsim.cohort.posterior import draws_digest
from trialsim.foundation.errors import TrialsimError

__all__ = ["Fit", "Progress", "fit_cohort"]


def fit_cohort(cohort: Cohort, folder: Path, cache_folder: Path, on_progress: Progress | None = None) -> Fit:
    """Return the fit of a cohort to the data its document names, written to `folder`.

    Leaves posterior.nc (ArviZ InferenceData) and fit.json (what was fitted to what, by which software, and whether
    it has converged). The same cohort, data, sampler and software are sampled once: `cache_folder` keeps the draws.
    A fit that has not converged is written too, and says so. `on_progress` hears (draws done, draws in all, phrase).
    """
    if cohort.fit is None:
        raise TrialsimError(
            "nothing-to-fit",
            f"the cohort {cohort.id!r} has no section `fit`",
            ["`fit` names a data file and what its columns mean: see docs/methods/fitting.md"],
        )
    problem = with_solver(fit_problem(cohort, cohort.fit, fit_data(cohort, cohort.fit)))
    check_start(problem)
    draws, cached = sampled(problem, cache_folder, on_progress)
    record = _record(cohort, problem, draws)
    folder.mkdir(parents=True, exist_ok=True)
    data = inference_data(problem, draws)
    _replace(folder / DRAWS, lambda path: data.to_netcdf(str(path), engine="h5netcdf"))
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=True) + "\n"
    _replace(folder / RECORD, lambda path: path.write_text(text, encoding="utf-8"))
    return fit_of_record(record, folder, cached)


def _record(cohort: Cohort, problem: FitProblem, draws: Sampled) -> dict[str, Any]:
    """What fit.json says; what may differ between two runs of the same fit stands under `environment`."""
    fit, data = problem.fit, problem.data
    rows, patients = diagnosed(problem, draws), diagnosed_patients(problem, draws)
    n_divergences = int(draws.statistics["diverging"].sum())
    failed = failures(fit, rows + patients, n_divergences)
    flat = {each.key: draws.posterior[each.key].reshape(-1) for each in problem.estimated}
    return {
        "format": FORMAT,
        "cohort": {"id": cohort.id, "digest": cohort.digest},
        "data": {
            "file": fit.path, "digest": fit.digest, "patients": len(data.patients), "doses": len(data.dose_time),
            "values": {name: len(measured.value) for name, measured in data.measures.items()},
            "below_lloq": {name: int(measured.is_below_lloq.sum()) for name, measured in data.measures.items()},
        },
        "sampler": {
            "chains": fit.chains, "tune": fit.tune, "draws": fit.draws, "seed": fit.seed,
            "target_accept": fit.target_accept, "patients": "centred" if problem.is_centred else "non-centred",
        },
        "require": {"r_hat": fit.largest_r_hat, "ess": fit.least_ess, "divergences": fit.most_divergences},
        "posterior": {"file": DRAWS, "digest": draws_digest(flat), "n_draws": fit.chains * fit.draws},
        "converged": not failed,
        "failures": list(failed),
        "divergences": n_divergences,
        "diagnostics": [_plain(row) for row in rows],
        "software": software(),
        "environment": {"seconds": round(draws.seconds, 1)},
    }  # fmt: skip


def _plain(row: Any) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
