"""The cohort as a PyMC model: the same document that is simulated, with its numbers unknown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.bayes_data import FitData
from trialsim.cohort.bayes_priors import Estimated, coefficient_key, cohort_with_priors, estimated, reached_names
from trialsim.cohort.correlations import cholesky, correlation_matrix
from trialsim.cohort.course_model import course_model
from trialsim.cohort.model import Cohort, Effect, FitSection, Parameter
from trialsim.cohort.patients import effect_factor
from trialsim.cohort.posterior import additive_key, between_patients_key, proportional_key
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.pytensor_graph import ObservedDoses
from trialsim.dynamics.pytensor_ode import course_outputs
from trialsim.dynamics.stiff_system import Solver
from trialsim.foundation.errors import TrialsimError

Floats = NDArray[np.float64]
# With so many values a patient and varying parameter, the data say more about a patient than the population does.
RICH = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitProblem:
    """What is fitted: the cohort with a prior for all that is estimated, its course, the data."""

    cohort: Cohort
    fit: FitSection
    model: CourseModel
    reached: frozenset[str]
    estimated: tuple[Estimated, ...]
    data: FitData
    solver: Solver = "explicit"  # of a course that is not linear

    @property
    def varying(self) -> tuple[Parameter, ...]:
        """The parameters whose values differ between patients, in the order of the cohort."""
        return tuple(p for p in self.cohort.parameters if p.name in self.reached and p.between_patients is not None)

    @property
    def is_centred(self) -> bool:
        """Whether each patient's own values are sampled, rather than their distances from the typical patient."""
        n_values = sum(len(measured.value) for measured in self.data.measures.values())
        return n_values >= RICH * len(self.data.patients) * len(self.varying)

    @property
    def inlets(self) -> list[int]:
        """Which of the course's inlets every dose of the data enters by: one, or several that share it."""
        way = (self.fit.dose_drug, self.fit.dose_route)
        return [k for k, inlet in enumerate(self.model.inlets) if (inlet.drug, inlet.route) == way]


def fit_problem(cohort: Cohort, fit: FitSection, data: FitData) -> FitProblem:
    """Return what is fitted; a cohort whose data lack a covariate that matters is refused."""
    with_priors = cohort_with_priors(cohort)
    model = fitted_course(course_model(with_priors, (), tuple(data.measures), 0.0), fit, data)
    names = reached_names(model)
    _check_covariates(with_priors, names, data)
    reached = frozenset(p.name for p in cohort.parameters if p.name in names)
    unknown = estimated(with_priors, reached, data.measures)
    if not unknown:
        raise TrialsimError(
            "nothing-to-fit", f"the cohort {cohort.id!r} has nothing to estimate",
            ["a typical value is estimated if it has an `uncertainty`"])  # fmt: skip
    return FitProblem(cohort=with_priors, fit=fit, model=model, reached=reached, estimated=unknown, data=data)


def fitted_course(model: CourseModel, fit: FitSection, data: FitData) -> CourseModel:
    """Return the course without what no measured value depends on, and with as many doses as the data have.

    What is kept of the path (a highest value, an area) is left out if nothing asks for it; chains that no patient takes
    more doses through than in the data are less to compile.
    """
    most = max(1, int(np.bincount(data.dose_patient, minlength=1).max()))
    inlets = tuple(
        replace(inlet, transit=replace(inlet.transit, doses=most))
        if inlet.transit is not None and (inlet.drug, inlet.route) == (fit.dose_drug, fit.dose_route) else inlet
        for inlet in model.inlets
    )
    asked = reached_names(model) & {functional.name for functional in model.functionals}
    return replace(model, inlets=inlets, functionals=model.functionals if asked else ())


def _check_covariates(cohort: Cohort, reached: frozenset[str], data: FitData) -> None:
    """Refuse data without a covariate that the fitted measures depend on."""
    needed = dict.fromkeys(reached, "the equations depend")
    for parameter in (p for p in cohort.parameters if p.name in reached):
        needed |= {effect.covariate: f"the parameter {parameter.name!r} depends" for effect in parameter.effects}
    for name in (c.name for c in cohort.covariates):
        if name in needed and name not in data.covariates:
            raise TrialsimError(
                "fit-needs-covariate",
                f"{needed[name]} on the covariate {name!r}, which the data of the cohort {cohort.id!r} do not give",
                [f"name its column: fit.columns.covariates.{name}"],
            )


def pymc_model(problem: FitProblem) -> Any:
    """Return the PyMC model: priors, patients, predictions, measurements.

    Every estimated number is a deterministic of its key; `NAME_individual` are the patients' own values.
    Measured values are normal around the prediction with the variances of the two errors added; a value below the
    lower limit of quantification counts with the probability of lying there (method M3 of Beal 2001).
    """
    import pymc as pm
    import pytensor.tensor as pt

    data = problem.data
    with pm.Model(coords={"patient": list(data.patients)}) as model:
        values = {each.key: pm.Deterministic(each.key, _value(each, pm.Normal(f"{each.key} (score)", 0.0, 1.0)))
                  for each in problem.estimated}  # fmt: skip
        individual = _individual_values(problem, values)
        for parameter in problem.varying:
            pm.Deterministic(individual_key(parameter.name), individual[parameter.name], dims="patient")
        predicted = _predictions(problem, individual)
        errors = {m.name: m.error for m in problem.cohort.measures}
        limits = {m.name: m.lloq for m in problem.cohort.measures}
        for name, measured in data.measures.items():
            additive = values.get(additive_key(name), errors[name].additive)
            proportional = values.get(proportional_key(name), errors[name].proportional)
            sd = pt.sqrt(additive**2 + (proportional * predicted[name]) ** 2)
            lloq = limits[name]
            if lloq is None:
                pm.Normal(name, predicted[name], sd, observed=measured.value)
            else:
                normal = pm.Normal.dist(predicted[name], sd)
                pm.Censored(name, normal, lower=lloq, upper=None, observed=with_limit(measured.value, lloq))
    return model


def individual_key(parameter: str) -> str:
    """Return the name of the patients' own values of a parameter among the posterior draws."""
    return f"{parameter}_individual"


def with_limit(values: Floats, lloq: float) -> Floats:
    """Return the values with those below the limit at it, and those at it just above: at it means below."""
    return np.where(values < lloq, lloq, np.maximum(values, math.nextafter(lloq, math.inf)))


def _value(each: Estimated, score: Any) -> Any:
    """The number at a standard normal score of its prior."""
    import pytensor.tensor as pt

    if each.scale == "lognormal":
        return each.centre * pt.exp(each.sd * score)
    if each.scale == "normal":
        return each.centre + each.sd * score
    centre = each.centre * each.share
    return pt.sigmoid(math.log(centre / (1.0 - centre)) + each.sd * score) / each.share


def _individual_values(problem: FitProblem, values: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter that matters, as a vector over patients or a number for all."""
    individual: dict[str, Any] = {}
    names = [p.name for p in problem.varying]
    lower = cholesky(correlation_matrix(names, [c for c in problem.cohort.random_effect_correlation
                                                if c.first in names and c.second in names]))  # fmt: skip
    assert lower is not None  # the reader refuses others
    scores: list[Any] = []
    for parameter in problem.cohort.parameters:
        if parameter.name not in problem.reached:
            continue
        # A plain 3.0 would be a number of single precision to PyTensor, and so would its logarithm.
        typical = values.get(parameter.name, np.float64(parameter.typical)) * _factor(problem, parameter, values)
        if parameter.between_patients is None:
            individual[parameter.name] = typical
            continue
        row = lower[len(scores)]
        expected: Any = 0.0
        for weight, score in zip(row, scores, strict=False):
            expected = expected + weight * score
        individual[parameter.name], score = _varied(problem, parameter, typical, values, expected, row[-1])
        scores.append(score)
    return individual


def _varied(
    problem: FitProblem, parameter: Parameter, typical: Any, values: Mapping[str, Any], expected: Any, rest: float
) -> tuple[Any, Any]:
    """A parameter's value in every patient, and its standard normal scores.

    `expected` is what the scores of the parameters before it say of this one's, `rest` the standard deviation left.
    Centred, the sampler moves the patients' values themselves, in units of the stated spread around the stated typical
    value; otherwise it moves the scores (Papaspiliopoulos, Roberts and Skold 2007, Statistical Science 22, 59-73).
    """
    import pymc as pm
    import pytensor.tensor as pt

    effect = parameter.between_patients
    assert effect is not None
    key = between_patients_key(parameter.name)
    spread = values.get(key, effect.sd)
    name = f"{parameter.name} (patients)"
    location = _on_scale(parameter, typical)
    if not problem.is_centred:
        score = expected + rest * pm.Normal(name, 0.0, 1.0, dims="patient")
        return _from_scale(parameter, location + spread * score), score
    stated = _stated_locations(problem, parameter)
    mean = (location + spread * expected - stated) / effect.sd
    shift = pm.Normal(name, mean + pt.zeros(len(problem.data.patients)), spread * rest / effect.sd, dims="patient")
    position = stated + effect.sd * shift
    return _from_scale(parameter, position), (position - location) / spread


def _stated_locations(problem: FitProblem, parameter: Parameter) -> Floats:
    """The stated typical value with the stated covariate effects, on the scale of the random effect [patients]."""
    stated = parameter.typical * _factor(problem, parameter, {}) * np.ones(len(problem.data.patients))
    assert parameter.between_patients is not None
    scale = parameter.between_patients.scale
    if scale == "lognormal":
        return np.asarray(np.log(stated))
    share = stated * parameter.unit.factor
    return stated if scale == "normal" else np.asarray(np.log(share / (1.0 - share)))


def _on_scale(parameter: Parameter, value: Any) -> Any:
    import pytensor.tensor as pt

    assert parameter.between_patients is not None
    scale = parameter.between_patients.scale
    if scale == "lognormal":
        return pt.log(value)
    share = value * parameter.unit.factor
    return value if scale == "normal" else pt.log(share / (1.0 - share))


def _from_scale(parameter: Parameter, position: Any) -> Any:
    import pytensor.tensor as pt

    assert parameter.between_patients is not None
    scale = parameter.between_patients.scale
    if scale == "lognormal":
        return pt.exp(position)
    return position if scale == "normal" else pt.sigmoid(position) / parameter.unit.factor


def _factor(problem: FitProblem, parameter: Parameter, values: Mapping[str, Any]) -> Any:
    """The product of a parameter's covariate effects, [patients], or 1.0 if it has none."""
    factor: Any = 1.0
    for effect in parameter.effects:
        factor = factor * _effect(parameter, effect, problem.data.covariates[effect.covariate], values)
    return factor


def _effect(parameter: Parameter, effect: Effect, covariate: Floats, values: Mapping[str, Any]) -> Any:
    """One covariate effect, [patients]; a number for each patient unless a coefficient is estimated."""
    import pytensor.tensor as pt

    if effect.kind == "factors":
        position = covariate.astype(np.int64)
        factors = [values.get(coefficient_key(parameter, effect, i), f) for i, f in enumerate(effect.factors)]
        if all(isinstance(f, float) for f in factors):
            return np.array(factors)[position]
        return pt.stack([pt.as_tensor(f) for f in factors])[position]
    coefficient = values.get(coefficient_key(parameter, effect))
    if coefficient is None:
        return effect_factor(effect, np.full(len(covariate), effect.coefficient), covariate)
    if effect.kind == "power":
        return pt.exp(coefficient * np.log(covariate / effect.reference))
    distance = coefficient * (covariate - effect.reference)
    return 1.0 + distance if effect.kind == "linear" else pt.exp(distance)


def _predictions(problem: FitProblem, individual: Mapping[str, Any]) -> dict[str, Any]:
    """What an errorless instrument would read, in each measure's unit, [values of the measure]."""
    data = problem.data
    ways = len(problem.inlets)
    doses = ObservedDoses(
        individual=np.repeat(data.dose_patient, ways),
        inlet=np.tile(np.array(problem.inlets, dtype=np.int64), len(data.dose_patient)),
        time=np.repeat(data.dose_time, ways),
        amount=np.repeat(data.dose_amount, ways),
        duration=np.zeros(len(data.dose_patient) * ways),
    )
    params = {**individual, **data.covariates}
    patient = np.concatenate([measured.patient for measured in data.measures.values()])
    time = np.concatenate([measured.time for measured in data.measures.values()])
    outputs = course_outputs(problem.model, params, patient, time, doses, problem.solver)
    predicted: dict[str, Any] = {}
    first = 0
    for name, measured in data.measures.items():
        predicted[name] = outputs[name][first : first + len(measured.value)]
        first += len(measured.value)
    return predicted
