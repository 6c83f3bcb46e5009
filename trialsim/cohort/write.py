"""A cohort as a document with nothing implied: every default and every unit written out."""

from __future__ import annotations

import math
from typing import Any

from trialsim.cohort.model import (
    Cohort,
    Correlation,
    Covariate,
    DataColumn,
    Distribution,
    Effect,
    Event,
    FitSection,
    Inlet,
    Measure,
    NamedQuantity,
    Parameter,
    RandomEffect,
    Reference,
    Spread,
    State,
    Steps,
    Trajectory,
    Uncertainty,
)
from trialsim.cohort.names import with_categories_named
from trialsim.cohort.schema_units import per_unit, slope_unit, unit_text
from trialsim.cohort.yaml_layout import yaml_text
from trialsim.foundation.expression import Expr, to_text
from trialsim.foundation.units import ONE, Unit, number_text, quantity_text, unit

NEEDED = ("error", "measures")  # fields that are written even if there is nothing in them
FIELDS = {"lognormal": ("median", "cv"), "normal": ("mean", "sd"), "uniform": ("low", "high")}


def cohort_text(cohort: Cohort) -> str:
    """Return the resolved YAML of a cohort; reading it beside the same files gives an equal cohort."""
    return yaml_text(without_nothing(cohort_data(cohort)))


def cohort_data(cohort: Cohort) -> dict[str, Any]:
    return {
        "language": "cohort 1",
        "id": cohort.id,
        "title": cohort.title,
        "context_of_use": cohort.context_of_use,
        "references": [reference_data(reference) for reference in cohort.references],
        "limits": list(cohort.limits),
        "time": unit_text(cohort.time),
        "covariates": {c.name: covariate_data(c) for c in cohort.covariates},
        "covariate_correlation": correlation_data(cohort.covariate_correlation),
        "covariates_from": {"rows_of": cohort.covariates_from.path} if cohort.covariates_from else None,
        "inputs": {
            each.name: {"default": quantity_text(each.default, each.unit), "label": each.label}
            for each in cohort.inputs
        },
        "parameters": {p.name: parameter_data(p, cohort) for p in cohort.parameters},
        "random_effect_correlation": correlation_data(cohort.random_effect_correlation),
        "occasions": occasions_data(cohort),
        "dynamics": {s.name: state_data(s, cohort) for s in cohort.states},
        "quantities": {q.name: quantity_data(q, cohort) for q in cohort.quantities},
        "events": {e.name: event_data(e, cohort) for e in cohort.events},
        "measures": {m.name: measure_data(m, cohort) for m in cohort.measures},
        "posterior": cohort.posterior,
        "fit": fit_data(cohort.fit) if cohort.fit else None,
    }


class Whole(dict[str, Any]):
    """A map whose empty entries say something: they are written."""


def without_nothing(value: Any) -> Any:
    """Return data without the fields that are None and the maps and lists that are empty."""
    if isinstance(value, Whole):
        return value
    if isinstance(value, dict):
        kept = {key: without_nothing(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None and (inner or key in NEEDED)}
    return [without_nothing(inner) for inner in value] if isinstance(value, list) else value


def correlation_data(correlations: tuple[Correlation, ...]) -> dict[str, str]:
    return {f"{c.first} ~ {c.second}": number_text(c.value) for c in correlations}


def reference_data(reference: Reference) -> dict[str, Any]:
    return {"cite": reference.cite, "doi": reference.doi, "for": reference.used_for, "where": reference.where}


def covariate_data(covariate: Covariate) -> dict[str, Any]:
    over_time = covariate.over_time and trajectory_data(covariate.over_time, covariate.unit)
    return {**covariate_source(covariate), "over_time": over_time, "label": covariate.label}


def occasions_data(cohort: Cohort) -> dict[str, str] | None:
    return None if cohort.occasion_days is None else {"every": quantity_text(cohort.occasion_days, unit("day"))}


def trajectory_data(trajectory: Trajectory, of: Unit) -> dict[str, Any]:
    if trajectory.points:
        points = {f"day {number_text(day)}": f"x {number_text(factor)}" for day, factor in trajectory.points}
        return {"points": points, "between_points": trajectory.between_points}
    until = None if math.isinf(trajectory.until) else f"day {number_text(trajectory.until)}"
    return {"trend": quantity_text(trajectory.trend, slope_unit(of)), "until": until}


def covariate_source(covariate: Covariate) -> dict[str, Any]:
    if covariate.shares:
        shares = zip(covariate.categories, covariate.shares, strict=True)
        return {"categories": {label: number_text(share) for label, share in shares}}
    if covariate.categories:
        return {"categories": list(covariate.categories)}
    if covariate.distribution is None:
        return {"unit": unit_text(covariate.unit)}
    return distribution_data(covariate.distribution, covariate.unit)


def distribution_data(distribution: Distribution, unit: Unit) -> dict[str, Any]:
    first, second = FIELDS[distribution.kind]
    spread = number_text(distribution.spread) if second == "cv" else quantity_text(distribution.spread, unit)
    data: dict[str, Any] = {distribution.kind: {first: quantity_text(distribution.location, unit), second: spread}}
    bounds = (distribution.lowest, distribution.highest)
    if not all(math.isinf(bound) for bound in bounds):
        data["within"] = [quantity_text(bound, unit) for bound in bounds]
    return data


def parameter_data(parameter: Parameter, cohort: Cohort) -> dict[str, Any]:
    units = {c.name: c for c in cohort.covariates}
    return {
        "typical": quantity_text(parameter.typical, parameter.unit),
        "uncertainty": uncertainty_data(parameter.uncertainty, parameter.unit),
        "between_patients": variation_data(parameter.between_patients, parameter.unit),
        "between_occasions": variation_data(parameter.between_occasions, parameter.unit),
        "effects": {effect.covariate: effect_data(effect, units[effect.covariate]) for effect in parameter.effects},
        "label": parameter.label,
    }


def uncertainty_data(uncertainty: Uncertainty | None, unit: Unit = ONE) -> dict[str, str] | None:
    if uncertainty is None:
        return None
    if uncertainty.scale == "normal":
        return {"se": quantity_text(uncertainty.sd, unit)}
    return {"se_log" if uncertainty.scale == "lognormal" else "se_logit": number_text(uncertainty.sd)}


def variation_data(effect: RandomEffect | None, unit: Unit) -> dict[str, Any] | None:
    if effect is None:
        return None
    if effect.scale == "lognormal":
        spread: Any = {"sd_log": number_text(effect.sd)}
    else:
        spread = quantity_text(effect.sd, unit) if effect.scale == "normal" else number_text(effect.sd)
    shape = number_text(effect.box_cox) if effect.box_cox else None
    return {effect.scale: spread, "box_cox": shape, "uncertainty": uncertainty_data(effect.uncertainty)}


def effect_data(effect: Effect, covariate: Covariate) -> dict[str, Any]:
    if effect.kind == "factors":
        uncertain = effect.factors_uncertainty or (None,) * len(effect.factors)
        factors = zip(covariate.categories, effect.factors, uncertain, strict=True)
        return {
            label: {"factor": number_text(factor), "uncertainty": uncertainty_data(unknown)}
            if unknown
            else f"x {number_text(factor)}"
            for label, factor, unknown in factors
        }
    slope = ONE if effect.kind == "power" else per_unit(covariate.unit)
    return {
        effect.kind: quantity_text(effect.coefficient, slope),
        "reference": quantity_text(effect.reference, covariate.unit),
        "uncertainty": uncertainty_data(effect.uncertainty, slope),
    }


def expr_text(expr: Expr | None, cohort: Cohort) -> str | None:
    return None if expr is None else to_text(with_categories_named(expr, cohort.covariates))


def state_data(state: State, cohort: Cohort) -> dict[str, Any]:
    return {
        "start": expr_text(state.start, cohort),
        "rate": expr_text(state.rate, cohort),
        "receives": [inlet_data(inlet, cohort) for inlet in state.receives],
        "unit": unit_text(state.unit),
    }


def inlet_data(inlet: Inlet, cohort: Cohort) -> dict[str, Any]:
    return {
        "drug": inlet.drug,
        "route": inlet.route,
        "lag": expr_text(inlet.lag, cohort),
        "bioavailability": expr_text(inlet.bioavailability, cohort),
        "duration": expr_text(inlet.duration, cohort),
        "rate": expr_text(inlet.rate, cohort),
        "transit": inlet.transit
        and {
            "number": expr_text(inlet.transit.number, cohort),
            "mean_time": expr_text(inlet.transit.mean_time, cohort),
        },
    }


def quantity_data(quantity: NamedQuantity, cohort: Cohort) -> dict[str, Any]:
    over = None if quantity.over is None else quantity_text(quantity.over, cohort.time)
    of = None if quantity.kind == "share_of_time" else unit_text(quantity.unit)
    return {quantity.kind: expr_text(quantity.value, cohort), "over": over, "unit": of, "label": quantity.label}


def steps_data(steps: Steps, cohort: Cohort) -> Any:
    """Return expressions from points in time on; one that always holds stands alone."""
    if len(steps) == 1:
        return expr_text(steps[0][1], cohort)
    return {f"day {number_text(day)}": expr_text(expr, cohort) for day, expr in steps}


def event_data(event: Event, cohort: Cohort) -> dict[str, Any]:
    steps = {f"day {number_text(day)}": expr_text(expr, cohort) for day, expr in event.steps}
    law: dict[str, Any] = {}
    if event.law is not None:
        law = {event.law.kind: {term: expr_text(expr, cohort) for term, expr in event.law.terms}}
    return {
        "hazard": steps or expr_text(event.hazard, cohort),
        **law,
        "times": steps_data(event.times, cohort),
        "when": expr_text(event.when, cohort),
        "recurrent": "true" if event.recurrent else None,
        "terminal": "true" if event.terminal else None,
        "label": event.label,
    }


def measure_data(measure: Measure, cohort: Cohort) -> dict[str, Any]:
    error = measure.error
    sizes = {
        "additive": error_size_data(error.additive, error.additive_uncertainty, measure.unit),
        "proportional": error_size_data(error.proportional, error.proportional_uncertainty, ONE),
    }
    is_number = measure.spread is not None and measure.spread.kind != "normal"
    return {
        **({"is": expr_text(measure.value, cohort)} if measure.spread is None else spread_data(measure.spread, cohort)),
        "unit": None if is_number else unit_text(measure.unit),
        **({} if is_number else {"error": sizes}),
        "lloq": None if measure.lloq is None else quantity_text(measure.lloq, measure.unit),
        "known_after": quantity_text(measure.known_after, unit("day")),
        "label": measure.label,
    }


def spread_data(spread: Spread, cohort: Cohort) -> dict[str, Any]:
    points, said = steps_data(spread.points, cohort), spread.correlation
    data: dict[str, Any] = {"probability": points}
    if spread.kind == "normal":
        data = {"normal": {"mean": points, "sd": steps_data(spread.sd, cohort)}}
    if spread.kind == "count":
        data = {"count": {"mean": points, "dispersion": steps_data(spread.sd, cohort) if spread.sd else None}}
    if said.kind == "ar1":
        over = quantity_text(said.over, unit("day"))
        return {**data, "correlation": {"ar1": {"value": number_text(said.value), "over": over}}}
    if said.kind == "table":
        rows = Whole(
            {f"day {number_text(day)}": [number_text(value) for value in before] for day, before in said.table}
        )
        return {**data, "correlation": {"table": rows}}
    return {**data, "correlation": "none" if said.kind == "none" else {"exchangeable": number_text(said.value)}}


def error_size_data(size: float, uncertainty: Uncertainty | None, unit: Unit) -> Any:
    if uncertainty is None:
        return quantity_text(size, unit)
    return {"value": quantity_text(size, unit), "uncertainty": uncertainty_data(uncertainty)}


def fit_data(fit: FitSection) -> dict[str, Any]:
    dose = {**column_data(fit.dose), "drug": fit.dose_drug, "route": fit.dose_route} if fit.dose else None
    return {
        "data": fit.path,
        "columns": {
            "patient": fit.patient_column,
            "time": column_data(fit.time),
            "dose": dose,
            "covariates": {name: column_data(column) for name, column in fit.covariates},
            "measures": {name: column_data(column) for name, column in fit.measures},
        },
        "sampler": {
            "chains": str(fit.chains),
            "tune": str(fit.tune),
            "draws": str(fit.draws),
            "seed": str(fit.seed),
            "target_accept": number_text(fit.target_accept),
        },
        "require": {
            "r_hat": number_text(fit.largest_r_hat),
            "ess": number_text(fit.least_ess),
            "divergences": str(fit.most_divergences),
        },
    }


def column_data(column: DataColumn) -> dict[str, str]:
    return {"column": column.column, "unit": unit_text(column.unit)}
