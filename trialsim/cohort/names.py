"""The names of a cohort: one namespace, the unit of each, and categories as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trialsim.cohort.model import Cohort, Covariate
from trialsim.foundation.errors import Diagnostic, InvalidDocument, Place
from trialsim.foundation.expression import Call, Compare, Expr, Name, Number, place_of
from trialsim.foundation.expression_algebra import rebuilt
from trialsim.foundation.nearest import nearest
from trialsim.foundation.units import Unit

# Columns of the patients table, words of the language, the clock of a course: no covariate or parameter is so called.
RESERVED = (
    "scenario", "parameters", "design", "trial", "patient", "arm", "site", "stratum", "randomised_at", "unit",
    "adherence", "screened", "t", "randomised",
)  # fmt: skip
RESERVED_ENDINGS = (
    "_between_patients",
    "_between_occasions",
    "_additive",
    "_proportional",
)  # names of what a fit estimates besides


def units_of(cohort: Cohort) -> dict[str, Unit]:
    """Return the declared unit of every name: covariates, inputs, parameters, states, quantities, measures."""
    units = {covariate.name: covariate.unit for covariate in cohort.covariates}
    units |= {each.name: each.unit for each in cohort.inputs}
    units |= {parameter.name: parameter.unit for parameter in cohort.parameters}
    units |= {state.name: state.unit for state in cohort.states}
    units |= {quantity.name: quantity.unit for quantity in cohort.quantities}
    return units | {measure.name: measure.unit for measure in cohort.measures}


def with_categories_coded(expr: Expr, covariates: Iterable[Covariate], place: Place | None = None) -> Expr:
    """Return the expression with every category as its position, `sex == female` as `sex == 1`.

    A categorical covariate stands only in `==` and `!=`, next to one of its categories; anything else is an
    InvalidDocument that points into the scalar at `place`.
    """
    return _coded(expr, {c.name: c.categories for c in covariates if c.categories}, place)


def _coded(expr: Expr, categories: Mapping[str, tuple[str, ...]], place: Place | None) -> Expr:
    match expr:
        case Name(name) if name in categories:
            raise _fault(expr, place, "category-alone", f"{name!r} has categories and is no number",
                         [f"compare it: {name} == {categories[name][0]}"])  # fmt: skip
        case Compare(ops, operands):
            return Compare(ops, tuple(_operands(ops, operands, categories, place)), expr.span)
        case Call("since" | "happened"):
            return expr
    return rebuilt(expr, lambda part: _coded(part, categories, place))


def with_categories_named(expr: Expr, covariates: Iterable[Covariate]) -> Expr:
    """Return the expression with every position of a category as its name again."""
    known = {c.name: c.categories for c in covariates if c.categories}
    if isinstance(expr, Compare) and len(expr.operands) == 2:
        asked = [o.name for o in expr.operands if isinstance(o, Name) and o.name in known]
        if asked:
            named = (Name(known[asked[0]][int(o.value)]) if isinstance(o, Number) else o for o in expr.operands)
            return Compare(expr.ops, tuple(named))
    return rebuilt(expr, lambda part: with_categories_named(part, covariates))


def _operands(
    ops: tuple[str, ...], operands: tuple[Expr, ...], categories: Mapping[str, tuple[str, ...]], place: Place | None
) -> list[Expr]:
    """The operands of one comparison, categories as numbers."""
    asked = [o.name for o in operands if isinstance(o, Name) and o.name in categories]
    if not asked:
        return [_coded(operand, categories, place) for operand in operands]
    covariate, known = asked[0], categories[asked[0]]
    if len(operands) != 2 or ops[0] not in ("==", "!="):
        where = next(o for o in operands if isinstance(o, Name) and o.name == covariate)
        raise _fault(where, place, "category-order", f"the categories of {covariate!r} have no order",
                     [f"compare with == or !=: {covariate} == {known[0]}"])  # fmt: skip
    coded: list[Expr] = []
    for operand in operands:
        if isinstance(operand, Name) and operand.name == covariate:
            coded.append(operand)
        elif isinstance(operand, Name) and operand.name in known:
            coded.append(Number(float(known.index(operand.name)), operand.span))
        else:
            raise _unknown_category(operand, covariate, known, place)
    if coded[0] == coded[1]:
        raise _unknown_category(operands[1], covariate, known, place)
    return coded


def _unknown_category(operand: Expr, covariate: str, known: tuple[str, ...], place: Place | None) -> InvalidDocument:
    notes = [f"categories: {', '.join(known)}"]
    near = nearest(operand.name, known) if isinstance(operand, Name) else None
    if near:
        notes.append(f"nearest name: {near}")
    what = repr(operand.name) if isinstance(operand, Name) else "this"
    return _fault(operand, place, "unknown-category", f"{what} is not a category of {covariate!r}", notes)


def _fault(expr: Expr, place: Place | None, slug: str, message: str, notes: Iterable[str]) -> InvalidDocument:
    return InvalidDocument([Diagnostic(place_of(expr, place) if place else None, slug, message, "", tuple(notes))])
