"""Parameters in their three layers: typical value and what is not known of it, variation, covariate effects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from trialsim.cohort.model import Covariate, CovariateRows, Effect, Parameter, RandomEffect, Scale, Uncertainty
from trialsim.cohort.reading import Desk
from trialsim.cohort.schema_people import CATEGORY_EFFECTS, EFFECT
from trialsim.cohort.schema_units import per_unit
from trialsim.cohort.spreads import log_sd
from trialsim.cohort.uncertainties import uncertainty_of_spread, uncertainty_of_value
from trialsim.cohort.written import (
    WrittenCohort,
    WrittenEffect,
    WrittenFactor,
    WrittenLogScale,
    WrittenParameter,
    WrittenVariation,
)
from trialsim.foundation.dimensions import DIMENSIONLESS
from trialsim.foundation.positions import Node
from trialsim.foundation.sections import UNREADABLE, read
from trialsim.foundation.units import ONE, Unit, quantity_text

Path = tuple[str | int, ...]

MOST_OF_OTHER_SIGN = 0.001  # of the patients


def parameters(
    desk: Desk, cohort: WrittenCohort, covariates: tuple[Covariate, ...], rows: CovariateRows | None
) -> tuple[Parameter, ...]:
    """Return the parameters; faults are told, and what has one is left out."""
    known = {c.name: c for c in covariates}
    return tuple(parameter(desk, name, written, known, rows) for name, written in cohort.parameters.items())


def parameter(
    desk: Desk, name: str, written: WrittenParameter, covariates: Mapping[str, Covariate], rows: CovariateRows | None
) -> Parameter:
    path = ("parameters", name)
    value, unit = written.typical.value, written.typical.unit
    variation = random_effect(desk, written.between_patients, unit, (*path, "between_patients"))
    occasions = between_occasions(desk, written, unit, variation, path)
    varying = variation or occasions
    # A gamma factor is positive, as a lognormal one is.
    varies: Scale | None = None
    if varying is not None:
        varies = "lognormal" if varying.scale == "gamma" else varying.scale
    typical_fits(desk, value * unit.factor, varies, path)
    if variation is not None and varies == "normal":
        warn_of_other_sign(desk, name, value, variation.sd, (*path, "between_patients"))
    effects = (
        effect(desk, node, covariate, covariates, rows, varies, (*path, "effects", covariate))
        for covariate, node in written.effects.items()
    )
    return Parameter(
        name=name,
        unit=unit,
        typical=value,
        uncertainty=uncertainty_of_value(desk, written.uncertainty, value, unit, varies, (*path, "uncertainty")),
        between_patients=variation,
        between_occasions=occasions,
        effects=tuple(each for each in effects if each is not None),
        label=written.label,
    )


def typical_fits(desk: Desk, value: float, varies: Scale | None, path: Path) -> None:
    """Tell if a typical value cannot vary on its scale."""
    if varies == "lognormal" and value <= 0.0:
        desk.error(desk.at(*path, "typical"), "wrong-scale", "a lognormal parameter is positive", "",
                   ["let it vary between patients by normal: SD"])  # fmt: skip
    if varies == "logit_normal" and not 0.0 < value < 1.0:
        desk.error(desk.at(*path, "typical"), "wrong-scale", "a logit-normal parameter lies between 0 and 1")


def warn_of_other_sign(desk: Desk, name: str, value: float, sd: float, path: Path) -> None:
    """Warn of a normal variation that gives some patients a value of the other sign: no clearance is below zero."""
    share = 0.5 * math.erfc(abs(value) / sd / math.sqrt(2)) if value and sd else 0.0
    if share < MOST_OF_OTHER_SIGN:
        return
    sign = "below" if value > 0 else "above"
    message = f"{100 * share:.2g}% of patients have a {name!r} {sign} zero"
    notes = ["if that cannot be, let it vary by lognormal: CV"]
    desk.problems.warning(desk.at(*path), "crosses-zero", message, "a normal variation", notes)


def between_occasions(
    desk: Desk, written: WrittenParameter, unit: Unit, between_patients: RandomEffect | None, path: Path
) -> RandomEffect | None:
    """Return the variation between occasions, which is on the scale of that between patients."""
    variation = random_effect(desk, written.between_occasions, unit, (*path, "between_occasions"))
    if variation is not None and "gamma" in (variation.scale, between_patients and between_patients.scale):
        message = "a gamma variation is between patients alone"
        notes = ["write lognormal: CV where occasions vary, too"]
        desk.error(desk.at(*path, "between_occasions"), "wrong-scale", message, "", notes)
        return None
    if variation is None or between_patients is None or variation.scale == between_patients.scale:
        return variation
    message = "occasions vary on the scale on which patients vary"
    words = "patients: {}, occasions: {}".format(*(each.scale for each in (between_patients, variation)))
    desk.error(desk.at(*path, "between_occasions"), "wrong-scale", message, "", [words])
    return variation


def random_effect(desk: Desk, written: WrittenVariation | None, unit: Unit, path: Path) -> RandomEffect | None:
    """Return a variation on its own scale."""
    if written is None:
        return None
    uncertainty = uncertainty_of_spread(desk, written.uncertainty, (*path, "uncertainty"))
    if isinstance(written.lognormal, WrittenLogScale):
        sd_log, shape = written.lognormal.sd_log, written.box_cox or 0.0
        return RandomEffect(scale="lognormal", sd=sd_log, uncertainty=uncertainty, box_cox=shape)
    if written.lognormal is not None:
        sd_log, shape = log_sd(written.lognormal), written.box_cox or 0.0
        return RandomEffect(scale="lognormal", sd=sd_log, uncertainty=uncertainty, box_cox=shape)
    if written.normal is not None:
        sd = desk.number_in(written.normal, unit, *path, "normal")
        return None if sd is None else RandomEffect(scale="normal", sd=sd, uncertainty=uncertainty)
    if written.gamma is not None:
        return RandomEffect(scale="gamma", sd=written.gamma, uncertainty=uncertainty)
    assert written.logit_normal is not None
    desk.alike(unit.dimension, DIMENSIONLESS, *path[:-1], "typical")
    return RandomEffect(scale="logit_normal", sd=written.logit_normal, uncertainty=uncertainty)


def effect(
    desk: Desk,
    node: Node,
    name: str,
    covariates: Mapping[str, Covariate],
    rows: CovariateRows | None,
    varies: Scale | None,
    path: Path,
) -> Effect | None:
    """Return the effect of one covariate; None, its fault told, if there is one."""
    covariate = covariates.get(name)
    if covariate is None:
        desk.unknown(desk.key(*path), "covariate", name, covariates)
        return None
    if covariate.over_time is not None and covariate.over_time.is_line:
        notes = ["write between_points: hold", "or put the effect into the equations, which see it as it moves"]
        message = f"{name!r} moves on in a line, and an effect would stand still"
        desk.error(desk.key(*path), "effect-of-a-line", message, "", notes)
        return None
    if varies == "logit_normal":
        notes = ["put the effect into the equations, on the logit"]
        message = "a share that varies on the logit cannot be multiplied by effects"
        desk.error(desk.key(*path), "effect-on-share", message, "", notes)
        return None
    kind = CATEGORY_EFFECTS if covariate.categories else EFFECT
    written = read(node, kind, desk.problems, desk.places, path)
    if written is UNREADABLE:
        return None
    if covariate.categories:
        return effect_of_categories(desk, written, covariate, path)
    made = effect_of_number(desk, written, covariate, path)
    return made if made is not None and effect_fits(desk, made, covariate, rows, varies, path) else None


def effect_of_categories(
    desk: Desk, written: Mapping[str, float | WrittenFactor], covariate: Covariate, path: Path
) -> Effect | None:
    factors = dict.fromkeys(covariate.categories, 1.0)
    uncertain: dict[str, Uncertainty | None] = dict.fromkeys(covariate.categories)
    for label, factor in written.items():
        if label not in factors:
            notes = [f"categories: {', '.join(covariate.categories)}"]
            message = f"{label!r} is not a category of {covariate.name!r}"
            desk.error(desk.key(*path, label), "unknown-category", message, "", notes)
            return None
        factors[label] = factor.factor if isinstance(factor, WrittenFactor) else factor
        if isinstance(factor, WrittenFactor):
            uncertain[label] = uncertainty_of_value(
                desk, factor.uncertainty, factor.factor, ONE, None, (*path, label, "uncertainty")
            )
        if factors[label] < 0.0:
            desk.error(desk.at(*path, label), "out-of-range", "a factor is not negative")
    is_certain = all(each is None for each in uncertain.values())
    return Effect(
        covariate=covariate.name, kind="factors", factors=tuple(factors.values()),
        factors_uncertainty=() if is_certain else tuple(uncertain.values()),
    )  # fmt: skip


def effect_of_number(desk: Desk, written: WrittenEffect, covariate: Covariate, path: Path) -> Effect | None:
    reference = desk.number_in(written.reference, covariate.unit, *path, "reference")
    kind: Literal["power", "linear", "exponential"] = "power"
    if written.power is not None:
        unit, coefficient = ONE, written.power
    else:
        kind = "linear" if written.linear is not None else "exponential"
        slope = written.linear if written.linear is not None else written.exponential
        assert slope is not None
        unit = per_unit(covariate.unit)
        number = desk.number_in(slope, unit, *path, kind)
        if number is None:
            return None
        coefficient = number
    if reference is None:
        return None
    uncertainty = uncertainty_of_value(desk, written.uncertainty, coefficient, unit, None, (*path, "uncertainty"))
    return Effect(
        covariate=covariate.name, kind=kind, coefficient=coefficient, reference=reference, uncertainty=uncertainty
    )


def effect_fits(
    desk: Desk, effect: Effect, covariate: Covariate, rows: CovariateRows | None, varies: Scale | None, path: Path
) -> bool:
    """Return whether an effect leaves every patient with a possible value."""
    low, high = covariate_range(covariate, rows)
    if effect.kind == "power":
        if effect.reference <= 0.0:
            desk.error(desk.at(*path, "reference"), "out-of-range", "the reference of a power is positive")
            return False
        if low < 0.0 or (low == 0.0 and covariate.distribution and covariate.distribution.kind != "lognormal"):
            notes = [f"write bounds: within: [LOW, HIGH] for {covariate.name}, LOW above 0"]
            message = f"{covariate.name!r} can be zero or negative, and has a power effect"
            desk.error(desk.key(*path), "effect-range", message, "", notes)
            return False
    if effect.kind == "linear" and varies == "lognormal":
        ends = [1.0 + effect.coefficient * (x - effect.reference) for x in (low, high) if effect.coefficient]
        if any(not end > 0.0 for end in ends):
            worst = low if not ends[0] > 0.0 else high
            shown = quantity_text(worst, covariate.unit) if math.isfinite(worst) else "its end, which has no bound"
            notes = [f"write narrower bounds: within: [LOW, HIGH] for {covariate.name}", "or an exponential effect"]
            message = f"this effect of {covariate.name!r} makes the parameter negative at {shown}"
            desk.error(desk.key(*path), "effect-range", message, "", notes)
            return False
    return True


def covariate_range(covariate: Covariate, rows: CovariateRows | None) -> tuple[float, float]:
    """Return the least and largest value a covariate can take, in its unit."""
    distribution = covariate.distribution
    if distribution is None:
        values = dict(rows.columns).get(covariate.name, (1.0,)) if rows is not None else (1.0,)
        return min(values), max(values)
    if distribution.kind == "uniform":
        return distribution.location, distribution.spread
    low = max(distribution.lowest, 0.0) if distribution.kind == "lognormal" else distribution.lowest
    return low, distribution.highest
