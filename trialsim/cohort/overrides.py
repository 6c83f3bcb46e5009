"""What a scenario changes in the truth: a parameter's typical value, a covariate's distribution.

`x 0.6` multiplies the typical value and every draw of it; a plain value replaces it and is certain.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from trialsim.cohort.bounds import LEAST_KEPT, share_within
from trialsim.cohort.model import Cohort, Covariate, Parameter
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.nearest import nearest
from trialsim.foundation.units import quantity_text

FIELDS = {
    "lognormal": {"median": "location", "cv": "spread"},
    "normal": {"mean": "location", "sd": "spread"},
    "uniform": {"low": "location", "high": "spread"},
}


class Change(Protocol):
    """One override: ("parameters", NAME) or ("covariates", NAME, FIELD), and a factor or a value in its unit."""

    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def factor(self) -> float | None: ...
    @property
    def value(self) -> float | None: ...


def with_overrides(cohort: Cohort, changes: Iterable[Change]) -> Cohort:
    """Return the cohort as a scenario has it; changes to anything but parameters and covariates are passed over.

    A change that leads nowhere, or to a value the model cannot have, raises TrialsimError.
    """
    for change in changes:
        if change.path[0] == "parameters":
            changed = {p.name: p for p in cohort.parameters}
            parameter = changed[_found(change.path[1:], changed, "parameter", 1)]
            new = parameter_with(parameter, change)
            cohort = replace(cohort, parameters=tuple(new if p is parameter else p for p in cohort.parameters))
        elif change.path[0] == "covariates":
            known = {c.name: c for c in cohort.covariates}
            covariate = known[_found(change.path[1:], known, "covariate", 2)]
            other = covariate_with(covariate, change)
            cohort = replace(cohort, covariates=tuple(other if c is covariate else c for c in cohort.covariates))
    return cohort


def _found(path: tuple[str, ...], names: Iterable[str], what: str, length: int) -> str:
    names = list(names)
    if not path or path[0] not in names:
        near = nearest(path[0], names) if path else None
        notes = [f"nearest name: {near}"] if near else []
        raise TrialsimError("unknown-path", f"the cohort has no {what} {'.'.join(path)!r}", notes)
    if len(path) != length:
        form = "NAME" if length == 1 else "NAME.FIELD, like weight.median"
        notes = [f"a {what} is changed as {form}"]
        raise TrialsimError("unknown-path", f"a scenario cannot change {'.'.join(path)!r}", notes)
    return path[0]


def parameter_with(parameter: Parameter, change: Change) -> Parameter:
    """Return the parameter with its typical value multiplied (its uncertainty too) or replaced (then certain)."""
    if change.factor is None:
        assert change.value is not None
        new = replace(parameter, typical=change.value, uncertainty=None)
    else:
        uncertainty = parameter.uncertainty
        if uncertainty is not None and uncertainty.scale == "normal":
            uncertainty = replace(uncertainty, sd=uncertainty.sd * abs(change.factor))
        new = replace(parameter, typical=parameter.typical * change.factor, uncertainty=uncertainty)
    reason = impossible_typical(new, like=parameter)
    if reason:
        raise TrialsimError("impossible-value", f"the parameter {parameter.name!r} cannot be {shown(new)}", [reason])
    return new


def shown(parameter: Parameter) -> str:
    return quantity_text(parameter.typical, parameter.unit)


def impossible_typical(parameter: Parameter, like: Parameter) -> str | None:
    """Return why a typical value is out of the range that the distributions of `like` need, or None.

    Zero is possible on the lognormal scale and zero and one on the logit scale: a scenario may switch an effect off.
    """
    scales = {effect.scale for effect in (like.between_patients, like.uncertainty) if effect is not None}
    if "logit_normal" in scales and not 0.0 <= parameter.typical * parameter.unit.factor <= 1.0:
        return "a logit-normal parameter lies between 0 and 1"
    if {"lognormal", "gamma"} & scales and parameter.typical < 0.0:
        return "a lognormal parameter is not negative"
    return None


def covariate_with(covariate: Covariate, change: Change) -> Covariate:
    """Return the covariate with one field of its distribution changed."""
    distribution = covariate.distribution
    fields = FIELDS[distribution.kind] if distribution else {}
    if distribution is None or change.path[2] not in fields:
        notes = [f"fields of {covariate.name}: {', '.join(fields)}" if fields else "only distributions can be changed"]
        raise TrialsimError("unknown-path", f"a scenario cannot change '{'.'.join(change.path[1:])}'", notes)
    field = fields[change.path[2]]
    old = distribution.location if field == "location" else distribution.spread
    value = old * change.factor if change.factor is not None else change.value
    assert value is not None
    new = replace(distribution, location=value) if field == "location" else replace(distribution, spread=value)
    possible = new.spread > new.location if new.kind == "uniform" else new.spread > 0.0
    if not possible or (new.kind == "lognormal" and new.location <= 0.0):
        raise TrialsimError("impossible-value", f"'{'.'.join(change.path[1:])}' cannot be {value!r}")
    if share_within(new) < LEAST_KEPT:
        message = f"only {100 * share_within(new):.3g}% of '{covariate.name}' would lie within its bounds"
        raise TrialsimError("narrow-bounds", message, [f"at least {100 * LEAST_KEPT:g}% must lie within them"])
    return replace(covariate, distribution=new)
