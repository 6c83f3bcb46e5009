"""What a fit estimates, and what is taken for likely before the data: read off the cohort, nothing added but spreads.

The published uncertainty of a value is its prior. Spreads between patients and measurement errors whose uncertainty
is not stated get a lognormal prior around the stated value whose log has the standard deviation 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from trialsim.cohort.model import Cohort, Effect, MeasurementError, Parameter, Scale, Uncertainty
from trialsim.cohort.posterior import additive_key, between_patients_key, proportional_key
from trialsim.dynamics.model import CourseModel, inlet_terms
from trialsim.foundation.expression import Expr, names_of
from trialsim.foundation.units import ONE, Unit

WIDE = Uncertainty(scale="lognormal", sd=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """One number that a fit estimates: its name in the posterior, its prior's centre, and the error around it."""

    key: str
    centre: float
    scale: Scale
    sd: float  # on the scale
    unit: Unit
    share: float = 1.0  # turns the value into a share of one, for the logit scale


def cohort_with_priors(cohort: Cohort) -> Cohort:
    """Return the cohort with an uncertainty for every spread between patients and every measurement error."""
    return replace(
        cohort,
        parameters=tuple(_parameter_with_priors(p) for p in cohort.parameters),
        measures=tuple(replace(m, error=_error_with_priors(m.error)) for m in cohort.measures),
    )


def _parameter_with_priors(parameter: Parameter) -> Parameter:
    """A lognormal parameter that is zero stays zero, and neither its value nor its spread can be estimated."""
    effect, uncertainty = parameter.between_patients, parameter.uncertainty
    if parameter.typical == 0.0 and uncertainty is not None and uncertainty.scale == "lognormal":
        uncertainty = None
    if effect is not None and (effect.sd == 0.0 or (parameter.typical == 0.0 and effect.scale == "lognormal")):
        effect = None
    if effect is not None:
        effect = replace(effect, uncertainty=_of_spread(effect.sd, effect.uncertainty))
    return replace(parameter, uncertainty=uncertainty, between_patients=effect)


def _error_with_priors(error: MeasurementError) -> MeasurementError:
    return replace(
        error,
        additive_uncertainty=_of_spread(error.additive, error.additive_uncertainty) if error.additive else None,
        proportional_uncertainty=(
            _of_spread(error.proportional, error.proportional_uncertainty) if error.proportional else None
        ),
    )


def _of_spread(spread: float, uncertainty: Uncertainty | None) -> Uncertainty:
    """A spread is positive: a standard error becomes the lognormal of the same relative error."""
    if uncertainty is None:
        return WIDE
    if uncertainty.scale == "lognormal":
        return uncertainty
    return Uncertainty(scale="lognormal", sd=uncertainty.sd / spread)


def estimated(cohort: Cohort, reached: frozenset[str], measures: Iterable[str]) -> tuple[Estimated, ...]:
    """Return what a fit of a cohort with priors estimates.

    `reached` names the parameters that the fitted measures depend on, `measures` what was measured.
    """
    found: list[Estimated] = []
    parameters = [p for p in cohort.parameters if p.name in reached]
    for p in parameters:
        if p.uncertainty is not None:
            found.append(_estimated(p.name, p.typical, p.uncertainty, p.unit, p.unit.factor))
    for p in parameters:
        if p.between_patients is not None and p.between_patients.uncertainty is not None:
            unit = p.unit if p.between_patients.scale == "normal" else ONE
            effect = p.between_patients
            found.append(_estimated(between_patients_key(p.name), effect.sd, p.between_patients.uncertainty, unit))
    for p in parameters:
        for influence in p.effects:
            found += _coefficients(p, influence)
    units = {m.name: m for m in cohort.measures}
    for measure in (units[name] for name in measures):
        error = measure.error
        if error.additive_uncertainty is not None:
            found.append(
                _estimated(additive_key(measure.name), error.additive, error.additive_uncertainty, measure.unit)
            )
        if error.proportional_uncertainty is not None:
            key = proportional_key(measure.name)
            found.append(_estimated(key, error.proportional, error.proportional_uncertainty, ONE))
    return tuple(found)


def _estimated(key: str, centre: float, uncertainty: Uncertainty, unit: Unit, share: float = 1.0) -> Estimated:
    return Estimated(key=key, centre=centre, scale=uncertainty.scale, sd=uncertainty.sd, unit=unit, share=share)


def _coefficients(parameter: Parameter, effect: Effect) -> list[Estimated]:
    if effect.kind != "factors":
        if effect.uncertainty is None:
            return []
        return [_estimated(coefficient_key(parameter, effect), effect.coefficient, effect.uncertainty, ONE)]
    uncertain = effect.factors_uncertainty or (None,) * len(effect.factors)
    return [
        _estimated(coefficient_key(parameter, effect, i), factor, uncertainty, ONE)
        for i, (factor, uncertainty) in enumerate(zip(effect.factors, uncertain, strict=True))
        if uncertainty is not None
    ]


def coefficient_key(parameter: Parameter, effect: Effect, i: int | None = None) -> str:
    """Return the name of an effect's coefficient, or of the factor of one category, among the posterior draws."""
    key = f"{parameter.name} on {effect.covariate}"
    return key if i is None else f"{key} {i}"


def reached_names(model: CourseModel) -> frozenset[str]:
    """Return every name that a model's outputs depend on, through quantities, rates, starts and inlets."""
    expressions: dict[str, list[Expr]] = {name: [value] for name, value in model.quantities}
    for state, start, rate in zip(model.states, model.starts, model.rates, strict=True):
        doors = [inlet for inlet in model.inlets if inlet.state == state]
        terms = [term for inlet in doors for term in (inlet.lag, inlet.bioavailability) if term is not None]
        terms += [term for inlet in doors for _, term in inlet_terms(inlet) if term is not None]
        expressions[state] = [start, rate, *terms]
    reached: set[str] = set()
    waiting = list(model.outputs)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [used for expression in expressions.get(name, []) for used in names_of(expression)]
    return frozenset(reached)
