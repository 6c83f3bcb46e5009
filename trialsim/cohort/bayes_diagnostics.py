"""Has the sampler converged? Rank-normalised R-hat and effective sample sizes of everything it estimated.

Vehtari, Gelman, Simpson, Carpenter and Burkner (2021), Bayesian Analysis 16, 667-718, as ArviZ computes them.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from trialsim.cohort.bayes_model import FitProblem, individual_key
from trialsim.cohort.bayes_sampling import Sampled
from trialsim.cohort.fits import Diagnosed
from trialsim.cohort.model import FitSection


def diagnosed(problem: FitProblem, sampled: Sampled) -> tuple[Diagnosed, ...]:
    """Return the diagnostics of every estimated number of the population, in the order of the cohort."""
    return tuple(_diagnosed(each.key, each.unit.text, sampled.posterior[each.key]) for each in problem.estimated)


def _diagnosed(name: str, unit: str, draws: Any) -> Diagnosed:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # ArviZ announces its next version on every import
        import arviz

    low, median, high = (float(q) for q in np.quantile(draws, [0.05, 0.5, 0.95]))
    return Diagnosed(
        parameter=name, unit=unit, median=median, sd=float(np.std(draws, ddof=1)), low=low, high=high,
        r_hat=float(arviz.rhat(draws)), ess_bulk=float(arviz.ess(draws, method="bulk")),
        ess_tail=float(arviz.ess(draws, method="tail")),
    )  # fmt: skip


def diagnosed_patients(problem: FitProblem, sampled: Sampled) -> tuple[Diagnosed, ...]:
    """Return the diagnostics of every patient's own parameters, named like `CL of patient 3`."""
    return tuple(
        _diagnosed(f"{p.name} of patient {patient}", p.unit.text, sampled.posterior[individual_key(p.name)][:, :, i])
        for p in problem.varying
        for i, patient in enumerate(problem.data.patients)
    )


def failures(fit: FitSection, rows: tuple[Diagnosed, ...], n_divergences: int) -> tuple[str, ...]:
    """Return what keeps the draws from counting as converged, one phrase a threshold; nothing if they do."""
    found: list[str] = []
    worst = max(rows, key=lambda row: row.r_hat if np.isfinite(row.r_hat) else np.inf)
    if not worst.r_hat <= fit.largest_r_hat:
        found.append(f"R-hat of {worst.parameter} is {worst.r_hat:.4f} (at most {fit.largest_r_hat:g})")
    least = min(rows, key=lambda row: np.nan_to_num(min(row.ess_bulk, row.ess_tail), nan=0.0))
    size = min(least.ess_bulk, least.ess_tail)
    if not size >= fit.least_ess:
        where = "in the bulk" if least.ess_bulk <= least.ess_tail else "in the tails"
        found.append(f"effective sample size of {least.parameter} is {size:.0f} {where} (at least {fit.least_ess:g})")
    if n_divergences > fit.most_divergences:
        word = "transition" if n_divergences == 1 else "transitions"
        found.append(f"{n_divergences} divergent {word} (at most {fit.most_divergences})")
    return tuple(found)
