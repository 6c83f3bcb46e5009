"""What a cohort predicts for the patients of its data: by the engine that simulates trials, draw by draw.

The fit itself runs on a PyTensor graph of the same course; that both give the same predictions is tested.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.bayes_model import FitProblem
from trialsim.cohort.covariates import correlated_scores
from trialsim.cohort.draws import TypicalValues, typical_values
from trialsim.cohort.patients import covariate_factor, shifted
from trialsim.cohort.posterior import additive_key, between_patients_key, proportional_key
from trialsim.dynamics.courses import Courses, Tolerance, courses
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.stiff_system import Solver
from trialsim.dynamics.system import tier_of
from trialsim.dynamics.tier import MOST_PILOTS, piloted_solver, with_second_tries
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.streams import label, normals
from trialsim.foundation.units import quantity_text

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PATIENTS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predicted:
    """Predictions and the SDs of measured values around them, [draws, values], in the measure's unit."""

    mean: Floats
    sd: Floats


def prior_draws(problem: FitProblem, n: int) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return n draws from the prior of all that is estimated [n], and of the patients' own parameters [n, patients]."""
    seed, n_patients = problem.fit.seed, len(problem.data.patients)
    typical = typical_values(problem.cohort, seed, np.arange(n), "uncertain", None)
    rows, patients = np.repeat(np.arange(n), n_patients), np.tile(np.arange(n_patients), n)
    names = [p.name for p in problem.varying]
    pairs = [c for c in problem.cohort.random_effect_correlation if c.first in names and c.second in names]
    scores = correlated_scores("individual", names, pairs, seed, rows, patients)
    covariates = {name: np.tile(values, n) for name, values in problem.data.covariates.items()}
    individual: dict[str, Floats] = {}
    for parameter in problem.cohort.parameters:
        if parameter.name not in problem.reached:
            continue
        values = typical.parameters[parameter.name][rows] * covariate_factor(parameter, typical, covariates, rows)
        if parameter.between_patients is not None:
            values = shifted(
                parameter, values, typical.between_patients_sd[parameter.name][rows] * scores[parameter.name]
            )
        individual[parameter.name] = values.reshape(n, n_patients)
    everything = _by_key(typical)
    return {each.key: everything[each.key] for each in problem.estimated}, individual


def _by_key(typical: TypicalValues) -> dict[str, Floats]:
    """Typical values under the names they have among posterior draws."""
    keyed = dict(typical.parameters)
    keyed |= {between_patients_key(name): values for name, values in typical.between_patients_sd.items()}
    keyed |= {additive_key(name): values for name, values in typical.additive.items()}
    keyed |= {proportional_key(name): values for name, values in typical.proportional.items()}
    for (parameter, covariate), values in typical.coefficients.items():
        key = f"{parameter} on {covariate}"
        columns = {key: values} if values.ndim == 1 else {f"{key} {i}": v for i, v in enumerate(values.T)}
        keyed |= columns
    return keyed


def predicted(
    problem: FitProblem, population: Mapping[str, Floats], individual: Mapping[str, Floats]
) -> dict[str, Predicted]:
    """Return the predictions of each measure for every draw: `population` [draws], `individual` [draws, patients]."""
    n_draws = len(next(iter(individual.values())))
    times, position = _sample_times(problem)
    step = max(1, PATIENTS_AT_ONCE // len(problem.data.patients))
    parts = [_outputs(problem, {name: values[first : first + step] for name, values in individual.items()}, times)
             for first in range(0, n_draws, step)]  # fmt: skip
    outputs = np.concatenate(parts)
    errors = {measure.name: measure.error for measure in problem.cohort.measures}
    result: dict[str, Predicted] = {}
    for o, (name, measured) in enumerate(problem.data.measures.items()):
        mean = outputs[:, measured.patient, position[name], o]
        additive = population.get(additive_key(name), np.full(n_draws, errors[name].additive))[:, None]
        proportional = population.get(proportional_key(name), np.full(n_draws, errors[name].proportional))[:, None]
        result[name] = Predicted(mean=mean, sd=np.sqrt(additive**2 + (proportional * mean) ** 2))
    return result


def with_solver(problem: FitProblem) -> FitProblem:
    """Return the problem with the solver of its course, by a pilot of its first patients at the typical values."""
    if tier_of(problem.model)[0] == "linear":
        return problem
    times, _ = _sample_times(problem)
    people = np.arange(min(MOST_PILOTS, len(times)))
    params = _params(problem, {}, 1)[people]

    def run(solver: Solver, tolerance: Tolerance | None) -> Courses:
        return _followed(problem, params, people, times, solver, tolerance)

    return replace(problem, solver=piloted_solver(problem.model, run)[0])


def _sample_times(problem: FitProblem) -> tuple[Floats, dict[str, Integers]]:
    """Every patient's times [patients, most], ascending and filled with NaN, and where each measured value stands."""
    measures = problem.data.measures
    own = [np.unique(np.concatenate([m.time[m.patient == i] for m in measures.values()]))
           for i in range(len(problem.data.patients))]  # fmt: skip
    times = np.full((len(own), max(len(t) for t in own)), np.nan)
    for i, t in enumerate(own):
        times[i, : len(t)] = t
    position = {name: np.array([np.searchsorted(own[i], t) for i, t in zip(m.patient, m.time, strict=True)])
                for name, m in measures.items()}  # fmt: skip
    return times, position


def _outputs(problem: FitProblem, individual: Mapping[str, Floats], times: Floats) -> Floats:
    """The course's outputs for some draws, [draws, patients, times, outputs]."""
    n_draws, n = next(iter(individual.values())).shape
    params, people = _params(problem, individual, n_draws), np.tile(np.arange(n), n_draws)
    found = _followed(problem, params, people, times, problem.solver)
    if tier_of(problem.model)[0] != "linear":
        found, _ = with_second_tries(
            found, problem.solver,
            lambda solver, again: _followed(problem, params[again], people[again], times, solver),
        )  # fmt: skip
    outputs = np.where((found.status == 0)[:, None, None], found.outputs, np.nan)
    return outputs.reshape(n_draws, n, times.shape[1], len(problem.model.outputs))


def _params(problem: FitProblem, individual: Mapping[str, Floats], n_draws: int) -> Floats:
    """The columns of the course's parameters, [draws x patients]; as stated where individuals have no values."""
    n = len(problem.data.patients)
    stated = {p.name: p.typical for p in problem.cohort.parameters}
    params = np.empty((n_draws * n, len(problem.model.parameters)))
    for j, name in enumerate(problem.model.parameters):
        if name in individual:
            params[:, j] = individual[name].reshape(-1)
        else:
            params[:, j] = np.tile(problem.data.covariates.get(name, np.full(n, stated.get(name, 0.0))), n_draws)
    return params


def _followed(
    problem: FitProblem, params: Floats, people: Integers, times: Floats, solver: Solver,
    tolerance: Tolerance | None = None,
) -> Courses:
    """The courses of people of the data, who may occur again, each at their own times."""
    last = np.nan_to_num(np.nanmax(np.column_stack([times, np.zeros(len(times))]), axis=1))
    nothing = np.empty(0, dtype=bool)
    return courses(
        problem.model, params, _schedule(problem, people), times[people], np.empty((len(people), 0)), nothing, nothing,
        last[people], tolerance, solver=solver,
    )  # fmt: skip


def _schedule(problem: FitProblem, people: Integers) -> Schedule:
    """The doses that the data have of these people, by each of their ways in."""
    data, ways = problem.data, len(problem.inlets)
    counts = np.bincount(data.dose_patient, minlength=len(data.patients))
    first = (np.cumsum(counts) - counts)[people]
    offsets = np.concatenate([[0], np.cumsum(counts[people])])
    # Each person's doses lie together once they are sorted; their positions, person by person.
    positions = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], counts[people])
    dose = np.repeat(np.argsort(data.dose_patient, kind="stable")[positions], ways)
    return Schedule(
        offsets=ways * offsets, time=data.dose_time[dose], amount=data.dose_amount[dose], duration=np.zeros(len(dose)),
        inlet=np.tile(np.array(problem.inlets, dtype=np.int64), int(offsets[-1])),
    )  # fmt: skip


def log_likelihoods(problem: FitProblem, predictions: Mapping[str, Predicted]) -> dict[str, Floats]:
    """Return the log density of every measured value, [draws, values]; the log probability for one below its limit."""
    from scipy.special import log_ndtr  # type: ignore[import-untyped]

    limits = {measure.name: measure.lloq for measure in problem.cohort.measures}
    result: dict[str, Floats] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, measured in problem.data.measures.items():
            mean, sd = predictions[name].mean, predictions[name].sd
            lloq = limits[name]
            scores = (measured.value - mean) / sd
            density = -0.5 * scores**2 - np.log(sd) - 0.5 * math.log(2.0 * math.pi)
            if lloq is not None:
                density = np.where(measured.is_below_lloq, log_ndtr((lloq - mean) / sd), density)
            result[name] = density
    return result


def simulated(problem: FitProblem, predictions: Mapping[str, Predicted], purpose: str) -> dict[str, Floats]:
    """Return values as they would be measured, [draws, values]; those below the limit of quantification at it."""
    limits = {measure.name: measure.lloq for measure in problem.cohort.measures}
    result: dict[str, Floats] = {}
    for name, each in predictions.items():
        n_draws, n = each.mean.shape
        luck = normals(
            problem.fit.seed, label("fit", purpose, name), np.arange(n_draws)[:, None], np.arange(n)[None, :]
        )
        values = each.mean + each.sd * luck
        lloq = limits[name]
        result[name] = values if lloq is None else np.maximum(values, lloq)
    return result


def check_start(problem: FitProblem) -> None:
    """Refuse data that the cohort, as it is stated, holds for impossible: no sampler could begin."""
    typical = typical_values(problem.cohort, problem.fit.seed, np.zeros(1, dtype=np.int64), "typical", None)
    n = len(problem.data.patients)
    rows = np.zeros(n, dtype=np.int64)
    individual = {
        p.name: typical.parameters[p.name] * covariate_factor(p, typical, problem.data.covariates, rows)[None, :]
        for p in problem.cohort.parameters
        if p.name in problem.reached
    }
    predictions = predicted(problem, _by_key(typical), individual)
    for name, measured, i in _impossible(problem, predictions):
        unit = next(m.unit for m in problem.cohort.measures if m.name == name)
        raise TrialsimError(
            "fit-impossible",
            f"the {name} of patient {problem.data.patients[measured[0]]} at "
            f"{quantity_text(measured[1], problem.cohort.time)} is impossible under the cohort {problem.cohort.id!r} "
            "as it is stated",
            [f"measured: {quantity_text(measured[2], unit)}",
             f"predicted: {quantity_text(float(predictions[name].mean[0, i]), unit)} with an error of "
             f"{quantity_text(float(predictions[name].sd[0, i]), unit)}",
             "an additive error makes values near zero possible"],
        )  # fmt: skip


def _impossible(
    problem: FitProblem, predictions: Mapping[str, Predicted]
) -> Iterator[tuple[str, tuple[int, float, float], int]]:
    """Every value without a finite log density: its measure, (patient, time, value), its position."""
    for name, density in log_likelihoods(problem, predictions).items():
        measured = problem.data.measures[name]
        for i in np.flatnonzero(~np.isfinite(density[0])):
            yield name, (int(measured.patient[i]), float(measured.time[i]), float(measured.value[i])), int(i)
