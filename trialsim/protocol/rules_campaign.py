"""Scenarios, variations and numbers of trials: truths that exist, designs that are designs, runs that can end."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from trialsim.cohort.model import Cohort
from trialsim.cohort.overrides import FIELDS, with_overrides
from trialsim.foundation.errors import TrialsimError, UnreadableText
from trialsim.foundation.nearest import nearest
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Unit
from trialsim.protocol.draft import Draft, Path, near
from trialsim.protocol.hypotheses import one_spaced
from trialsim.protocol.model import Conduct, Override
from trialsim.protocol.resolve_conduct import resolved_conduct
from trialsim.protocol.rules_conduct import LOST, check_hazard, hazard_tree
from trialsim.protocol.scenarios import HAZARD, changed, conduct_fields, factor_of, override_text, value_in

DESIGN = ("patients", "arms", "randomise", "visits", "assess", "endpoints", "analyses", "families",
          "cut_delay")  # fmt: skip
NO_DESIGN = {
    "conduct": "a scenario changes conduct",
    "scenarios": "scenarios are run side by side as they stand",
    "simulate": "every design is simulated alike",
    "keep": "every design is stored alike",
    "vary": "it cannot vary itself",
    "parameters": "a scenario changes the cohort's parameters",
    "covariates": "a scenario changes the cohort's covariates",
}
T = TypeVar("T")
KEPT = re.compile(r"first\s+([0-9]{1,9})\s+trials?")


def check_scenarios(draft: Draft) -> None:
    """A scenario changes truth and conduct that exist, to values that can be, and names null comparisons that exist."""
    for name in draft.written.scenarios:
        scenario_overrides(draft, name, resolved_conduct(draft))


def check_nulls(draft: Draft) -> None:
    """What a scenario says is null is a comparison, in every analysis that makes it or `of` one."""
    analyses = draft.written.analyses.items()
    comparisons = list(dict.fromkeys(one_spaced(c) for _, analysis in analyses for c in analysis.compare))
    of_analyses = [f"{one_spaced(c)} of {name}" for name, analysis in analyses for c in analysis.compare]
    for name, scenario in draft.written.scenarios.items():
        for i, comparison in enumerate(scenario.null):
            path: Path = ("scenarios", name, "null", i)
            if comparison in scenario.null[:i]:
                draft.error(path, "said-twice", f"'{comparison}' is given twice")
            elif one_spaced(comparison) not in of_analyses:
                draft.is_known(path, "comparison", one_spaced(comparison), comparisons)


def scenario_overrides(draft: Draft, name: str, conduct: Conduct | None) -> tuple[Override, ...]:
    """Return what a scenario changes; what it cannot change, one thing after the other, is a fault."""
    written = draft.written.scenarios[name]
    path: Path = ("scenarios", name)
    cohort = draft.cohort
    found: list[Override] = []
    for section, changes, truth_override in (
        ("parameters", written.parameters, parameter_override),
        ("covariates", written.covariates, covariate_override),
    ):
        for key, text in changes.items():
            where = (*path, section, key)
            override = truth_override(draft, where, key, text)
            if override is not None:
                cohort = possible(draft, where, cohort, lambda c, o=override: with_overrides(c, [o]))  # type: ignore[misc]
                found.append(override)
    for key, text in written.conduct.items() if conduct is not None else ():
        where = (*path, "conduct", key)
        override = conduct_override(draft, where, key, text, conduct)
        if override is not None:
            conduct = possible(draft, where, conduct, lambda c, o=override: changed(c, o))  # type: ignore[misc]
            found.append(override)
    return tuple(found)


def possible(draft: Draft, path: Path, before: T, change: Callable[[T], T]) -> T:
    """Return what a change makes, or what was before where it cannot be; that is a fault."""
    try:
        return change(before)
    except TrialsimError as fault:
        draft.error(path, fault.slug, fault.message, "", fault.notes)
        return before


def parameter_override(draft: Draft, path: Path, name: str, text: str) -> Override | None:
    parameters = {parameter.name: parameter for parameter in draft.cohort.parameters}
    if not draft.is_known(draft.key(*path), "parameter", name, parameters):
        return None
    return read_override(draft, path, ("parameters", name), text, parameters[name].unit)


def covariate_override(draft: Draft, path: Path, key: str, text: str) -> Override | None:
    name, _, field = key.partition(".")
    covariates = {covariate.name: covariate for covariate in draft.cohort.covariates}
    if not draft.is_known(draft.key(*path), "covariate", name, covariates):
        return None
    distribution = covariates[name].distribution
    fields = FIELDS[distribution.kind] if distribution else {}
    if field not in fields:
        notes = [
            f"fields: {', '.join(f'{name}.{each}' for each in fields)}" if fields else f"{name} has no distribution"
        ]
        message = f"a scenario cannot change '{key}'"
        draft.error(draft.key(*path), "unknown-path", message, "", notes + near(nearest(field, fields)))
        return None
    unit = None if field == "cv" else covariates[name].unit
    return read_override(draft, path, ("covariates", name, field), text, unit)


def read_override(draft: Draft, path: Path, changes: tuple[str, ...], text: str, unit: Unit | None) -> Override | None:
    """Return a change to a number: a factor, or a value in a unit (None: a plain number)."""
    from trialsim.protocol.rules_endpoints import ONE

    try:
        factor = factor_of(text)
        value = None if factor is not None else value_in(text, unit or ONE)
    except UnreadableText as fault:
        notes = [*fault.notes, "a change is a value, or a factor such as x 0.6"]
        draft.error(path, fault.slug, fault.message, "", notes)
        return None
    return Override(path=changes, factor=factor, value=value, text=override_text(factor, value, unit))


def conduct_override(draft: Draft, path: Path, key: str, text: str, conduct: Conduct | None) -> Override | None:
    assert conduct is not None
    fields = conduct_fields(conduct)
    parts = tuple(key.split("."))
    if parts == ("lost_to_follow_up", HAZARD) and ("lost_to_follow_up", LOST, HAZARD) in fields:
        parts = ("lost_to_follow_up", LOST, HAZARD)
    if parts not in fields:
        refuse_path(draft, path, key, [".".join(field) for field in fields])
        return None
    changes, unit = ("conduct", *parts), fields[parts]
    if unit == HAZARD and factor_text(text) is None:
        return hazard_override(draft, path, changes, text)
    return read_override(draft, path, changes, text, unit if isinstance(unit, Unit) else None)


def factor_text(text: str) -> float | None:
    """Return the factor of a change to a hazard; a text that is none is an expression."""
    try:
        return factor_of(text)
    except UnreadableText:
        return None


def hazard_override(draft: Draft, path: Path, changes: tuple[str, ...], text: str) -> Override | None:
    from trialsim.protocol.resolve_conduct import written_text

    place = draft.place(path)
    assert place is not None
    formula = FormulaText(text, place)
    check_hazard(draft, path, formula)
    hazard = hazard_tree(draft, formula)
    if hazard is None:
        return None
    return Override(path=changes, factor=None, value=None, text=written_text(draft, formula), hazard=hazard)


def refuse_path(draft: Draft, path: Path, key: str, fields: list[str]) -> None:
    """Gather the fault of a path that is none of conduct: design, or nothing at all."""
    if key.split(".")[0] in DESIGN:
        message = f"a scenario cannot change '{key}': it is design"
        notes = ["scenarios are truths to try the design against", f"to try several designs write vary: {{{key}: […]}}"]
        draft.error(draft.key(*path), "scenario-touches-design", message, "", notes)
        return
    notes = [f"fields of conduct: {', '.join(fields)}", *near(nearest(key, fields))]
    draft.error(draft.key(*path), "unknown-path", f"conduct has no field '{key}'", "", notes)


def check_variations(draft: Draft) -> None:
    """What varies is design, and takes different values."""
    for key, values in draft.written.vary.items():
        root = key.split(".")[0]
        if root in NO_DESIGN:
            message = f"'{key}' cannot vary: it is no part of the design"
            draft.error(draft.key("vary", key), "vary-no-design", message, "", [NO_DESIGN[root]])
        elif root not in DESIGN:
            notes = [f"what can vary begins with: {', '.join(DESIGN)}", *near(nearest(root, DESIGN))]
            draft.error(draft.key("vary", key), "unknown-path", f"the design has no field '{key}'", "", notes)
        for i, value in enumerate(values):
            if value in values[:i]:
                draft.error(("vary", key, i), "said-twice", f"'{value}' is given twice")


def check_simulation(draft: Draft) -> None:
    """There is something to be uncertain about, and the number of trials can be reached."""
    simulate = draft.written.simulate
    if simulate is None:
        return
    trials = simulate.trials
    if trials.at_most < trials.at_least:
        message = f"at most {trials.at_most} trials are fewer than at least {trials.at_least}"
        where: Path = ("simulate", "trials", "at_most")
        also = [(("simulate", "trials", "at_least"), "")] if ("simulate", "trials", "at_least") in draft.places else []
        draft.error(where, "trials-order", message, "", [f"write at_most: {trials.at_least} or more"], also)
    if simulate.parameters in ("uncertain", "both") and not is_uncertain(draft.cohort):
        message = f"nothing about cohort {draft.cohort.id} is uncertain, so that assurance is just power"
        notes = ["write parameters: typical, or give the cohort's parameters an uncertainty"]
        draft.error(("simulate", "parameters"), "no-uncertainty", message, "", notes)
    check_draws(draft)


def check_draws(draft: Draft) -> None:
    """Trials that share a draw are of drawn parameters, and their number is known before."""
    simulate = draft.written.simulate
    if simulate is None or simulate.trials_per_draw == 1:
        return
    where: Path = ("simulate", "trials_per_draw")
    if simulate.parameters == "typical" or not is_uncertain(draft.cohort):
        message = "trials with typical parameters draw none that they could share"
        draft.error(where, "trials-per-draw", message, "", ["leave it out, or write parameters: both"])
    if simulate.trials.standard_error is not None:
        message = "trials that share draws do not stop at a precision: they are not independent"
        draft.error(where, "trials-per-draw", message, "", ["write a number of trials, such as trials: 2000"])


def is_uncertain(cohort: Cohort) -> bool:
    """Return whether anything a trial draws about the typical patient is uncertain."""
    errors = [measure.error for measure in cohort.measures]
    spreads = [parameter.between_patients for parameter in cohort.parameters]
    effects = [effect for parameter in cohort.parameters for effect in parameter.effects]
    return (
        cohort.posterior is not None
        or any(parameter.uncertainty for parameter in cohort.parameters)
        or any(spread is not None and spread.uncertainty for spread in spreads)
        or any(effect.uncertainty or any(effect.factors_uncertainty) for effect in effects)
        or any(error.additive_uncertainty or error.proportional_uncertainty for error in errors)
    )


def check_kept(draft: Draft) -> None:
    """What is kept is a number of trials."""
    keep = draft.written.keep
    if keep is not None and kept_trials(keep.patients_of, 1) is None:
        message = f"'{keep.patients_of}' does not say which trials' patients are kept"
        draft.error(("keep", "patients_of"), "bad-keep", message, "", ["write first 10 trials, all or none"])


def kept_trials(text: str, at_most: int) -> int | None:
    """Return of how many trials patients are kept, None if the text does not say."""
    if text in ("all", "none"):
        return at_most if text == "all" else 0
    match = KEPT.fullmatch(text.strip())
    return None if match is None else min(int(match[1]), at_most)
