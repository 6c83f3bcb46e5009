"""Amounts of doses: whether they fit the state they enter and the cohort's covariates, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trialsim.cohort.model import Cohort, Covariate
from trialsim.cohort.names import with_categories_coded
from trialsim.foundation.errors import InvalidDocument, UnreadableText
from trialsim.foundation.expression import Expr, dimension_of, numeric, to_text
from trialsim.foundation.nearest import nearest
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import (
    AREA,
    LENGTH,
    MASS,
    TIME,
    Dimension,
    Quantity,
    Unit,
    coherent_unit_text,
    dimension_name,
    quantity,
    unit,
)
from trialsim.protocol.dosing_model import (
    BandedAmount,
    CategoryAmount,
    DoseAmount,
    FormulaAmount,
    Per,
    PlainAmount,
    Strengths,
    Surface,
)
from trialsim.protocol.dosing_strengths import MOST_REMAINDERS, n_remainders, sums_of
from trialsim.protocol.dosing_written import WrittenAmount, WrittenDosing
from trialsim.protocol.draft import Draft, Path, near

PER: dict[str, Per] = {"kg": "kg", "m2": "m2", "m^2": "m2"}


def per_patient(amount: Quantity) -> tuple[Quantity, Per]:
    """Return the amount (or rate) for one kilogram or square metre, and for which of them; others as they are.

    `mg/kg` is mass over mass: taken at its word it would be a plain number, so the text tells the two apart.

    >>> per_patient(quantity("5 mg/kg/h"))[1], str(per_patient(quantity("75 mg/m2"))[0])
    ('kg', '75 mg')
    """
    first, *rest = amount.unit.text.split("/")
    for part, per in PER.items():
        if part in rest:
            rest.remove(part)
            return Quantity(amount.value, unit("/".join((first, *rest)))), per
    return amount, "patient"


def plain_amounts(line: WrittenDosing) -> Iterator[tuple[Path, Quantity]]:
    """Yield every amount a line states, and where in the line it stands."""
    amount = line.amount
    if isinstance(amount, Quantity):
        yield ("amount",), amount
        return
    for name, mapping in (("below", amount.below), ("each", amount.each)):
        for key, value in (mapping or {}).items():
            yield ("amount", name, key), value
    if amount.otherwise is not None:
        yield ("amount", "otherwise"), amount.otherwise


def check_amount(draft: Draft, path: Path, line: WrittenDosing, wanted: Unit) -> None:
    """Every amount fits the state it enters, and what it depends on is known of each patient."""
    sound = True
    for where, amount in plain_amounts(line):
        sound &= check_plain(draft, (*path, *where), line, amount, wanted)
    if isinstance(line.amount, WrittenAmount):
        check_by(draft, (*path, "amount"), line.amount, wanted)
    check_surface(draft, path, line)
    check_limits(draft, path, line, wanted)
    if line.rate is not None and sound:
        check_rate(draft, (*path, "rate"), line, line.rate, wanted)


def check_plain(draft: Draft, where: Path, line: WrittenDosing, written: Quantity, wanted: Unit) -> bool:
    amount, per = per_patient(written)
    if amount.value <= 0:
        draft.error(where, "bad-amount", f"an amount of {written} is no dose", "", ["amounts are above 0"])
        return False
    if amount.dimension != wanted.dimension:
        fits = f"{line.drug} by the route {line.route} enters a state in {wanted.text}"
        notes = [f"{written}: {dimension_name(written.dimension)}", f"{fits}: {dimension_name(wanted.dimension)}"]
        draft.error(where, "amount-unit", f"{written} cannot be given where {wanted.text} is received", "", notes)
        return False
    if per == "kg" and covariate_in(draft.cohort, "weight", MASS) is None:
        message = f"{written} needs each patient's weight, and cohort {draft.cohort.id} has no covariate 'weight'"
        draft.error(where, "weight-missing", message, "", ["write a fixed amount, or give the cohort a weight"])
    return True


def covariate_in(cohort: Cohort, name: str, dimension: Dimension) -> Covariate | None:
    """Return the covariate of that name if it is a number of that kind."""
    for covariate in cohort.covariates:
        if covariate.name == name and not covariate.categories and covariate.unit.dimension == dimension:
            return covariate
    return None


def is_per_surface(line: WrittenDosing) -> bool:
    stated = [amount for _, amount in plain_amounts(line)] + ([line.rate] if line.rate is not None else [])
    return any(per_patient(amount)[1] == "m2" for amount in stated)


def check_surface(draft: Draft, path: Path, line: WrittenDosing) -> None:
    """Square metres come from a covariate or from a formula whose covariates are there."""
    if not is_per_surface(line):
        if line.surface is not None:
            notes = ["leave it out, or write an amount such as 75 mg/m2"]
            message = "'surface' has no meaning without an amount per m2"
            draft.error((*path, "surface"), "needless-field", message, "", notes)
        return
    cohort, surface = draft.cohort, line.surface or "bsa"
    missing = [name for name, kind in NEEDED[surface].items() if covariate_in(cohort, name, kind) is None]
    if missing:
        what = " and ".join(f"'{name}'" for name in missing)
        by = f" by {surface}" if surface != "bsa" else ""
        message = f"the body surface{by} is not known: cohort {cohort.id} has no covariate {what}"
        has_both = all(covariate_in(cohort, name, kind) for name, kind in NEEDED["mosteller"].items())
        notes = ["write surface: mosteller, from weight and height"] if has_both and surface == "bsa" else []
        notes += [] if has_both else ["give the cohort bsa in m2, or weight and height"]
        where = (*path, "surface" if line.surface else "amount")
        draft.error(where, "surface-missing", message, "", notes)


NEEDED: dict[str, dict[str, Dimension]] = {
    "bsa": {"bsa": AREA},
    "mosteller": {"weight": MASS, "height": LENGTH},
    "dubois": {"weight": MASS, "height": LENGTH},
}


def check_rate(draft: Draft, where: Path, line: WrittenDosing, written: Quantity, wanted: Unit) -> None:
    """A rate is the amount's kind over time."""
    rate, per = per_patient(written)
    if rate.dimension * TIME != wanted.dimension:
        shown = line.amount if isinstance(line.amount, Quantity) else f"{line.drug} in {wanted.text}"
        like = f"{line.amount.unit.text}/h" if isinstance(line.amount, Quantity) else f"{wanted.text}/h"
        message = f"{written} is no rate for an amount of {shown}"
        draft.error(where, "amount-unit", message, "", [f"a rate looks like: {like}"])
    elif rate.value <= 0:
        draft.error(where, "bad-amount", f"nothing is given at {written}", "", ["rates are above 0"])
    elif per == "kg" and covariate_in(draft.cohort, "weight", MASS) is None:
        message = f"{written} needs each patient's weight, and cohort {draft.cohort.id} has no covariate 'weight'"
        draft.error(where, "weight-missing", message, "", ["write a fixed rate, or give the cohort a weight"])


def check_by(draft: Draft, path: Path, amount: WrittenAmount, wanted: Unit) -> None:
    """An amount by covariates says what it needs and nothing more."""
    kind = "below" if amount.below is not None else "each" if amount.each is not None else "is"
    needed = {"below": ("by", "otherwise"), "each": ("by",), "is": ()}[kind]
    given = {"by": amount.by, "otherwise": amount.otherwise}
    complete = True
    for name, value in given.items():
        if value is None and name in needed:
            complete = False
            example = {"by": "by: weight", "otherwise": "otherwise: 20 mg"}[name]
            draft.error(path, "missing-field", f"an amount with '{kind}' needs the field '{name}'", "",
                        [f"for example {example}"])  # fmt: skip
        elif value is not None and name not in needed:
            message = f"'{name}' has no meaning beside '{kind}'"
            draft.error((*path, name), "needless-field", message, "", ["leave it out"])
    if amount.formula is not None:
        check_formula(draft, (*path, "is"), amount.formula, wanted)
    elif complete:
        covariates = {covariate.name: covariate for covariate in draft.cohort.covariates}
        assert amount.by is not None
        if draft.is_known((*path, "by"), "covariate", amount.by, covariates):
            covariate = covariates[amount.by]
            (check_limits_of if amount.below is not None else check_categories)(draft, path, amount, covariate)


def check_limits_of(draft: Draft, path: Path, amount: WrittenAmount, covariate: Covariate) -> None:
    """Limits are values of the covariate, and ascend."""
    if covariate.categories:
        notes = [f"write each: {{{covariate.categories[0]}: …}}"]
        message = f"'{covariate.name}' has categories, and nothing is below them"
        draft.error((*path, "by"), "bad-limits", message, "", notes)
        return
    before: tuple[str, float] | None = None
    for text in amount.below or {}:
        where = draft.key(*path, "below", text)
        try:
            value = quantity(text).to(covariate.unit)
        except UnreadableText as fault:
            notes = [*fault.notes, f"a limit looks like: 12 {covariate.unit.text}".rstrip()]
            draft.error(where, fault.slug, fault.message, "", notes)
            return
        if before is not None and value <= before[1]:
            message = f"the limit {text} does not lie above {before[0]}"
            draft.error(where, "bad-limits", message, "", ["write limits ascending: the first that fits is taken"])
            return
        before = (text, value)


def check_categories(draft: Draft, path: Path, amount: WrittenAmount, covariate: Covariate) -> None:
    """Every category has its amount."""
    if not covariate.categories:
        notes = [f"write below: {{12 {covariate.unit.text}: …}} and otherwise".replace(" :", ":")]
        message = f"'{covariate.name}' is a number and has no categories"
        draft.error((*path, "by"), "bad-limits", message, "", notes)
        return
    known = covariate.categories
    for name in amount.each or {}:
        if name not in known:
            notes = [f"categories: {', '.join(known)}", *near(nearest(name, known))]
            message = f"'{name}' is not a category of '{covariate.name}'"
            draft.error(draft.key(*path, "each", name), "unknown-category", message, "", notes)
            return
    missing = [name for name in known if name not in (amount.each or {})]
    if missing:
        said = " and ".join(f"'{name}'" for name in missing)
        draft.error(draft.key(*path, "each"), "missing-field", f"no amount is said for {said}", "",
                    [f"categories: {', '.join(known)}"])  # fmt: skip


def check_formula(draft: Draft, path: Path, formula: FormulaText, wanted: Unit) -> None:
    """A formula sees covariates and comes out as an amount."""
    expr = amount_tree(draft, formula)
    if expr is None:
        return
    dimensions = {covariate.name: covariate.unit.dimension for covariate in draft.cohort.covariates}
    found = dimension_of(expr, dimensions, draft.problems, formula.place, ())
    if found is not None and found != wanted.dimension:
        named = f"{dimension_name(found)}, as {coherent_unit_text(found)}"
        kind = "a plain number" if found.is_dimensionless else named
        notes = [f"it comes out as: {kind}", f"the state is in {wanted.text}: {dimension_name(wanted.dimension)}"]
        draft.error(path, "amount-unit", "this formula does not come out as an amount", "", notes)


def amount_tree(draft: Draft, formula: FormulaText) -> Expr | None:
    """Return a formula's tree with categories as their positions, None if it cannot be read."""
    covariates = draft.cohort.covariates
    names = {covariate.name for covariate in covariates}
    names |= {label for covariate in covariates for label in covariate.categories}
    expr = draft.parsed(formula, names)
    if expr is None:
        return None
    try:
        return with_categories_coded(expr, covariates, formula.place)
    except InvalidDocument as fault:
        draft.problems.add(*fault.diagnostics)
        return None


def check_limits(draft: Draft, path: Path, line: WrittenDosing, wanted: Unit) -> None:
    """Limits and strengths are amounts for a patient, and leave something that can be given."""
    sound = True
    limits = [(("at_least",), line.at_least), (("at_most",), line.at_most)]
    parts: list[tuple[Path, Quantity | None]] = [*limits]
    parts += [(("strengths", i), strength) for i, strength in enumerate(line.strengths or ())]
    for where, amount in parts:
        if amount is not None and amount.dimension != wanted.dimension:
            kinds = ((str(amount), amount.dimension), (wanted.text, wanted.dimension))
            notes = [f"{text}: {dimension_name(dimension)}" for text, dimension in kinds]
            message = f"{amount} cannot be given where {wanted.text} is received"
            draft.error((*path, *where), "amount-unit", message, "", notes)
            sound = False
    if line.strengths is None and line.rounded is not None:
        message = "'rounded' has no meaning without strengths"
        draft.error((*path, "rounded"), "needless-field", message, "", ["write strengths: [50 mg, 100 mg]"])
    low, high = line.at_least, line.at_most
    if sound and low is not None and high is not None and low.to(wanted) > high.to(wanted):
        message = f"no dose is at least {low} and at most {high}"
        draft.error((*path, "at_most"), "no-amount-left", message, "", ["write at_least below at_most"])
    elif sound and line.strengths is not None:
        check_strengths(draft, (*path, "strengths"), line, wanted)


def check_strengths(draft: Draft, path: Path, line: WrittenDosing, wanted: Unit) -> None:
    strengths = line.strengths or ()
    for i, strength in enumerate(strengths):
        if strength.to(wanted) in [each.to(wanted) for each in strengths[:i]]:
            draft.error((*path, i), "said-twice", f"{strength} is given twice")
            return
    if n_remainders(strengths, wanted) > MOST_REMAINDERS:
        message = "these strengths have next to nothing in common"
        notes = [f"the smallest is more than {MOST_REMAINDERS} times the amount of which all are multiples"]
        draft.error(path, "no-amount-left", message, "", notes)
    elif sums_of(strengths, wanted, line.at_least, line.at_most) is None:
        bounds = [f"at least {line.at_least}"] if line.at_least is not None else []
        bounds += [f"at most {line.at_most}"] if line.at_most is not None else []
        message = f"no sum of these strengths is {' and '.join(bounds)}"
        draft.error(path, "no-amount-left", message, "", ["widen the limits, or add a strength"])


def resolved_amount(draft: Draft, line: WrittenDosing, received: Unit) -> DoseAmount:
    """Return a valid amount in the unit of the state it enters."""
    amount = line.amount
    if isinstance(amount, Quantity):
        return resolved_plain(amount, received)
    if amount.formula is not None:
        tree = amount_tree(draft, amount.formula)
        assert tree is not None
        units = {covariate.name: covariate.unit for covariate in draft.cohort.covariates}
        text = to_text(draft.formulas[amount.formula])
        return FormulaAmount(text=text, value=numeric(tree, units, received, draft.cohort.time))
    covariate = next(each for each in draft.cohort.covariates if each.name == amount.by)
    if amount.each is not None:
        each = tuple((name, resolved_plain(amount.each[name], received)) for name in covariate.categories)
        return CategoryAmount(by=covariate.name, amounts=each)
    assert amount.below is not None and amount.otherwise is not None
    below = tuple(map(quantity, amount.below))
    amounts = (*amount.below.values(), amount.otherwise)
    return BandedAmount(
        by=covariate.name,
        below=below,
        limits=tuple(limit.to(covariate.unit) for limit in below),
        amounts=tuple(resolved_plain(each, received) for each in amounts),
    )


def resolved_plain(written: Quantity, received: Unit) -> PlainAmount:
    amount, per = per_patient(written)
    return PlainAmount(written=written, value=amount.to(received), per=per)


def resolved_rate(written: Quantity, received: Unit) -> PlainAmount:
    """Return a rate in the unit of the state per hour."""
    rate, per = per_patient(written)
    per_hour = replace(received, text=f"{received.text}/h", dimension=received.dimension / TIME)
    return PlainAmount(written=written, value=rate.to(per_hour), per=per)


def resolved_surface(line: WrittenDosing) -> Surface | None:
    return (line.surface or "bsa") if is_per_surface(line) else None  # type: ignore[return-value]


def resolved_strengths(line: WrittenDosing, received: Unit) -> Strengths | None:
    if line.strengths is None:
        return None
    available = tuple(sorted(line.strengths, key=lambda strength: strength.to(received)))
    return Strengths(available=available, rounded=line.rounded or "nearest")  # type: ignore[arg-type]
