"""A fit as ArviZ InferenceData: draws, statistics, predictions, likelihood and data, each in its group."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.bayes_model import FitProblem, individual_key
from trialsim.cohort.bayes_predictions import log_likelihoods, predicted, prior_draws, simulated
from trialsim.cohort.bayes_sampling import Sampled

Arrays = Mapping[str, NDArray[Any]]
N_PRIOR_DRAWS = 500


def inference_data(problem: FitProblem, sampled: Sampled) -> Any:
    """Return the fit as ArviZ InferenceData, its variables in the cohort's declared units."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # ArviZ announces its next version on every import
        import arviz

    prior, prior_individual = prior_draws(problem, N_PRIOR_DRAWS)
    prior_predictions = predicted(problem, prior, prior_individual)
    shape = (problem.fit.chains, problem.fit.draws)
    population, individual = _flat(problem, sampled)
    predictions = predicted(problem, population, individual)

    def by_chain(arrays: Arrays) -> dict[str, NDArray[Any]]:
        return {name: values.reshape(*shape, *values.shape[1:]) for name, values in arrays.items()}

    own = {individual_key(p.name): prior_individual[p.name][None] for p in problem.varying}
    return arviz.from_dict(
        posterior=dict(sampled.posterior),
        sample_stats=dict(sampled.statistics),
        prior={name: values[None] for name, values in prior.items()} | own,
        prior_predictive=_one_chain(simulated(problem, prior_predictions, "prior_predictive")),
        posterior_predictive=by_chain(simulated(problem, predictions, "posterior_predictive")),
        log_likelihood=by_chain(log_likelihoods(problem, predictions)),
        observed_data=_observed(problem),
        constant_data=_constant(problem),
        coords=_coordinates(problem),
        dims=_dimensions(problem),
        posterior_attrs={f"unit of {each.key}": each.unit.text for each in problem.estimated},
    )


def _flat(problem: FitProblem, sampled: Sampled) -> tuple[dict[str, Any], dict[str, Any]]:
    """The draws chain after chain: [draws] and, for every parameter that matters, [draws, patients]."""
    n = problem.fit.chains * problem.fit.draws
    population = {each.key: sampled.posterior[each.key].reshape(n) for each in problem.estimated}
    varying = {p.name for p in problem.varying}
    individual: dict[str, Any] = {}
    for p in problem.cohort.parameters:
        if p.name in varying:
            individual[p.name] = sampled.posterior[individual_key(p.name)].reshape(n, -1)
        elif p.name in problem.reached:
            individual[p.name] = shared_values(problem, p.name, population)
    return population, individual


def shared_values(problem: FitProblem, name: str, population: Arrays) -> NDArray[np.float64]:
    """Return the values [draws, patients] of a parameter that differs between patients by its effects alone."""
    from trialsim.cohort.patients import effect_factor

    parameter = next(p for p in problem.cohort.parameters if p.name == name)
    n = len(next(iter(population.values())))
    values = np.asarray(population.get(name, np.full(n, parameter.typical)))[:, None]
    values = np.repeat(values, len(problem.data.patients), axis=1)
    for effect in parameter.effects:
        covariate = np.tile(problem.data.covariates[effect.covariate], n)
        key = f"{name} on {effect.covariate}"
        if effect.kind == "factors":
            columns = [population.get(f"{key} {i}", np.full(n, f)) for i, f in enumerate(effect.factors)]
            coefficient = np.repeat(np.column_stack(columns), len(problem.data.patients), axis=0)
        else:
            coefficient = np.repeat(population.get(key, np.full(n, effect.coefficient)), len(problem.data.patients))
        values = values * effect_factor(effect, coefficient, covariate).reshape(values.shape)
    return values


def _one_chain(arrays: Arrays) -> dict[str, NDArray[Any]]:
    return {name: values[None] for name, values in arrays.items()}


def _observed(problem: FitProblem) -> dict[str, NDArray[Any]]:
    """Measured values; one below its limit of quantification stands at the limit, as it is simulated."""
    limits = {m.name: -np.inf if m.lloq is None else m.lloq for m in problem.cohort.measures}
    return {name: np.maximum(m.value, limits[name]) for name, m in problem.data.measures.items()}


def _constant(problem: FitProblem) -> dict[str, NDArray[Any]]:
    """Everything the measurements hang on: whose and when, doses, covariates."""
    data = problem.data
    arrays: dict[str, NDArray[Any]] = {
        "dose_patient": data.dose_patient, "dose_time": data.dose_time, "dose_amount": data.dose_amount,
        **data.covariates,
    }  # fmt: skip
    for name, measured in data.measures.items():
        arrays |= {f"{name}_patient": measured.patient, f"{name}_time": measured.time,
                   f"{name}_is_below_lloq": measured.is_below_lloq.astype(np.int8)}  # fmt: skip
    return arrays


def _coordinates(problem: FitProblem) -> dict[str, Any]:
    records = {f"{name}_record": np.arange(len(m.value)) for name, m in problem.data.measures.items()}
    return {"patient": list(problem.data.patients), "dose": np.arange(len(problem.data.dose_patient)), **records}


def _dimensions(problem: FitProblem) -> dict[str, list[str]]:
    dims = {individual_key(p.name): ["patient"] for p in problem.varying}
    dims |= {name: ["patient"] for name in problem.data.covariates}
    dims |= {name: ["dose"] for name in ("dose_patient", "dose_time", "dose_amount")}
    for name in problem.data.measures:
        dims |= {key: [f"{name}_record"] for key in
                 (name, f"{name}_patient", f"{name}_time", f"{name}_is_below_lloq")}  # fmt: skip
    return dims
