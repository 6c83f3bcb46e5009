"""What conditions, rates and remembered numbers of a rule are about: names, their units, and pure numbers."""

from __future__ import annotations

from trialsim.cohort.names import with_categories_coded
from trialsim.foundation.errors import InvalidDocument, Problems
from trialsim.foundation.expression import (
    Binary,
    Expr,
    Name,
    Number,
    check_condition,
    dimension_of,
    numeric,
    substitute,
    to_text,
)
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import ONE, Dimension, Quantity, Unit, coherent_unit_text, unit
from trialsim.protocol.decision_model import LEVEL, Remembered, Sensor, kept_name
from trialsim.protocol.decision_written import WrittenRule
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.times import days


def sensors_of(rule: WrittenRule) -> tuple[Sensor, ...]:
    """Return what a rule reads itself."""
    return tuple(
        Sensor(
            name=own, measure=watched.measure, slope_over=days(watched.over) if watched.kind == "slope" else None
        )
        for own, watched in rule.watched.items()
        if watched.kind != "visits"
    )


def seen_units(draft: Draft, rule: WrittenRule) -> dict[str, Unit]:
    """Return the unit of everything a rule sees that it does not remember: covariates, level, what is watched."""
    cohort = draft.cohort
    units = {measure.name: measure.unit for measure in cohort.measures}
    known: dict[str, Unit] = {covariate.name: covariate.unit for covariate in cohort.covariates} | {LEVEL: ONE}
    for own, watched in rule.watched.items():
        if watched.measure in units:
            of = units[watched.measure]
            known[own] = unit(f"{of.text or '1'}/{cohort.time.text}") if watched.kind == "slope" else of
    return known


def kept_units(draft: Draft, rule: WrittenRule) -> dict[str, Unit | None]:
    """Return the unit of every remembered number: of its start, or of what it becomes; None if nothing tells."""
    known: dict[str, Dimension | None] = {name: of.dimension for name, of in seen_units(draft, rule).items()}
    kept: dict[str, Unit | None] = {
        name: None if each.start is None else each.start.unit for name, each in rule.remembered.items()
    }
    # One number may be made of another: each round tells at least one more.
    for _ in kept:
        known |= {name: None if of is None else of.dimension for name, of in kept.items()}
        for name, each in rule.remembered.items():
            expr = tree(draft, rule, each.then)
            if kept[name] is None and expr is not None:
                found = dimension_of(expr, known, Problems(), each.then.place, ())
                kept[name] = None if found is None else of_dimension(found)
    return kept


def of_dimension(dimension: Dimension) -> Unit:
    """Return the coherent unit of a dimension."""
    return ONE if dimension.is_dimensionless else unit(coherent_unit_text(dimension))


def known_units(draft: Draft, rule: WrittenRule) -> dict[str, Unit | None]:
    """Return the unit of every name that a rule's expressions may use."""
    return {**seen_units(draft, rule), **kept_units(draft, rule)}


def tree(draft: Draft, rule: WrittenRule, formula: FormulaText) -> Expr | None:
    """Return an expression of a rule as it is written, None if it is at fault."""
    labels = {label for covariate in draft.cohort.covariates for label in covariate.categories}
    return draft.parsed(formula, {*seen_units(draft, rule), *rule.watched, *rule.remembered, *labels})


def coded(draft: Draft, rule: WrittenRule, formula: FormulaText, is_check: bool) -> Expr | None:
    """Return an expression of a rule with categories as numbers, None if it is at fault."""
    expr = tree(draft, rule, formula)
    if expr is None:
        return None
    try:
        return with_categories_coded(expr, draft.cohort.covariates, formula.place)
    except InvalidDocument as fault:
        if is_check:
            draft.problems.add(*fault.diagnostics)
        return None


def dimensions(draft: Draft, rule: WrittenRule) -> dict[str, Dimension | None]:
    return {name: None if of is None else of.dimension for name, of in known_units(draft, rule).items()}


def check_formula(draft: Draft, rule: WrittenRule, formula: FormulaText) -> None:
    """A condition of a rule is one, of what the rule sees."""
    expr = coded(draft, rule, formula, is_check=True)
    if expr is not None:
        check_condition(expr, dimensions(draft, rule), draft.problems, formula.place, ())


def measured_by(draft: Draft, rule: WrittenRule, formula: FormulaText) -> Dimension | None:
    """Return what an expression of a rule measures, its faults told; None if that is not known."""
    expr = coded(draft, rule, formula, is_check=True)
    return None if expr is None else dimension_of(expr, dimensions(draft, rule), draft.problems, formula.place, ())


def as_numbers(draft: Draft, name: str, rule: WrittenRule, formula: FormulaText, target: Unit | None) -> Expr:
    """Return an expression of a sound rule over pure numbers, by the names of signals and of what is kept."""
    expr = coded(draft, rule, formula, is_check=False)
    assert expr is not None
    names: dict[str, Expr] = {own: Name(watched.measure) for own, watched in rule.watched.items()}
    names |= {sensor.name: Name(sensor.signal_of(name)) for sensor in sensors_of(rule)}
    names |= {own: Name(kept_name(own)) for own in rule.remembered}
    return substitute(numeric(expr, known_units(draft, rule), target, draft.cohort.time), names | {LEVEL: rung()})


def rung() -> Expr:
    """Return the level as documents count it: from 1."""
    return Binary("+", Name(LEVEL), Number(1.0))


def check_remembered(draft: Draft, name: str, rule: WrittenRule) -> None:
    """What is remembered has a name of its own, and stays what it is measured in."""
    units = kept_units(draft, rule)
    taken = {LEVEL, *rule.watched, *(covariate.name for covariate in draft.cohort.covariates)}
    for own, each in rule.remembered.items():
        path: Path = ("rules", name, "remember", own)
        if own in taken:
            message = f"'{own}' means something else in a rule's conditions"
            draft.error(draft.key(*path), "name-taken", message, "", ["give what is remembered another name"])
            continue
        before = len(draft.problems.diagnostics)
        becomes, kept = measured_by(draft, rule, each.then), units[own]
        if kept is None:
            if len(draft.problems.diagnostics) == before:
                message = f"nothing says what '{own}' is measured in"
                notes = [f"write remember: {{{own}: {{start: 0 mg, then: {each.then.text}}}}}, in its own unit"]
                draft.error(path, "rule-remember", message, "", notes)
        elif becomes is not None and becomes != kept.dimension:
            message = f"'{own}' starts in {kept.text or 'plain numbers'} and becomes what is in {shown_unit(becomes)}"
            draft.error(each.then.place, "units-differ", message)


def shown_unit(dimension: Dimension) -> str:
    return "plain numbers" if dimension.is_dimensionless else coherent_unit_text(dimension)


def resolved_remembered(draft: Draft, name: str, rule: WrittenRule) -> tuple[Remembered, ...]:
    """Return what a sound rule remembers."""
    units = kept_units(draft, rule)
    return tuple(
        Remembered(
            name=own,
            start=each.start or Quantity(0.0, units[own] or ONE),
            then=as_numbers(draft, name, rule, each.then, units[own]),
            then_text=to_text(draft.formulas[each.then]),
        )
        for own, each in rule.remembered.items()
    )
