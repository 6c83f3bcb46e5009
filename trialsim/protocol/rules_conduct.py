"""Conduct: accrual, adherence, what happens to patients on the way."""

from __future__ import annotations

import math

from trialsim.cohort.names import units_of, with_categories_coded
from trialsim.foundation.errors import InvalidDocument, UnreadableText
from trialsim.foundation.expression import Call, Expr, Name, Number, dimension_of, names_of, nodes, numeric, simplify
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import DIMENSIONLESS, TIME, coherent_unit_text, dimension_name, moment, unit
from trialsim.protocol.adherence_fields import MOST_HOLIDAYS
from trialsim.protocol.dosing_written import WrittenHolidays
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.times import days
from trialsim.protocol.written import WrittenAccrual, WrittenLoss

PER_TIME = DIMENSIONLESS / TIME
LOST = "lost"  # the reason's name where only a hazard is written
RANDOMISED = "randomised"


def check_accrual(draft: Draft) -> None:
    """Patients come."""
    conduct = draft.written.conduct
    if conduct and conduct.accrual.rate.value <= 0:
        message = f"at {conduct.accrual.rate} nobody is ever randomised"
        draft.error(("conduct", "accrual", "rate"), "no-accrual", message, "", ["write a rate such as 20 per month"])
    if conduct and (conduct.accrual.pattern or conduct.accrual.repeats):
        check_pattern(draft, conduct.accrual)


def check_pattern(draft: Draft, accrual: WrittenAccrual) -> None:
    """A pattern begins at day 0, its points come one after the other, and patients never cease to come for good."""
    path: Path = ("conduct", "accrual", "pattern")
    last, shares = -1.0, list(accrual.pattern.values())
    for text in accrual.pattern:
        try:
            day = moment(text)
        except UnreadableText as fault:
            draft.error(draft.key(*path, text), fault.slug, fault.message, "", fault.notes)
            return
        if day <= last or (last < 0.0 and day != 0.0):
            notes = ["like pattern: {day 0: 25%, month 3: 100%}"]
            message = "the points of a pattern begin at day 0 and come one after the other"
            draft.error(draft.key(*path, text), "accrual-pattern", message, "", notes)
            return
        last = day
    repeats = days(accrual.repeats)
    if repeats and (repeats <= last or not shares):
        message = "a pattern comes again after its last point, not before"
        draft.error((*path[:-1], "repeats"), "accrual-pattern", message, "", ["like repeats: 12 months"])
    elif not (sum(shares) > 0.0 if repeats else shares[-1] > 0.0):
        message = "with this pattern patients cease to come, and the trial may never be full"
        draft.error(path, "accrual-pattern", message, "", ["end with a share above 0, or let it repeat"])


def check_adherence(draft: Draft) -> None:
    """A spread between patients around 0% or 100% does not exist on the logit scale."""
    conduct = draft.written.conduct
    adherence = conduct.adherence if conduct else None
    if adherence is not None and adherence.holidays != "none":
        check_holidays(draft, adherence.holidays)
    if adherence is None or adherence.between_patients is None or 0 < adherence.takes < 1:
        return
    if adherence.between_patients.logit_normal > 0:
        share = f"{100 * adherence.takes:g}%"
        message = f"patients cannot vary around an adherence of {share}"
        notes = [f"leave out between_patients, or write takes: {'98%' if adherence.takes else '2%'}"]
        draft.error(("conduct", "adherence", "between_patients"), "no-spread-possible", message, "", notes)


def check_holidays(draft: Draft, holidays: WrittenHolidays) -> None:
    """Holidays begin now and then."""
    if holidays.rate.to(unit("per day")) > MOST_HOLIDAYS:
        message = f"holidays cannot begin {holidays.rate}"
        notes = ["at most 1 per day; for single doses that are missed write takes: 90%"]
        draft.error(("conduct", "adherence", "holidays", "rate"), "too-many-holidays", message, "", notes)


def check_hazards(draft: Draft) -> None:
    """What happens to patients has a name of its own and a hazard per time."""
    conduct = draft.written.conduct
    if conduct is None:
        return
    events = (event.name for event in draft.cohort.events)
    taken = dict.fromkeys((*units_of(draft.cohort), *events, RANDOMISED), "the cohort")
    for section, hazards in (
        ("intercurrent_events", {name: event.hazard for name, event in conduct.intercurrent_events.items()}),
        ("lost_to_follow_up", {name: loss_hazard(loss) for name, loss in conduct.lost_to_follow_up.items()}),
    ):
        for name, hazard in hazards.items():
            path: Path = ("conduct", section, name)
            is_short = section == "lost_to_follow_up" and conduct.lost_to_follow_up[name] is hazard
            own = LOST if is_short else name
            check_loss_shape(draft, path, name, is_short, len(hazards))
            if own in taken:
                owner = "the cohort has something" if taken[own] == "the cohort" else "conduct has an event"
                message = f"{owner} called '{own}' already"
                draft.error(draft.key(*path), "name-taken", message, "", ["give this event another name"])
            taken[own] = "conduct"
            check_hazard(draft, path if is_short else (*path, "hazard"), hazard)


def loss_hazard(loss: WrittenLoss | FormulaText) -> FormulaText:
    return loss.hazard if isinstance(loss, WrittenLoss) else loss


def check_loss_shape(draft: Draft, path: Path, name: str, is_short: bool, n_reasons: int) -> None:
    """Losses are one hazard, or a hazard for each reason, never a mixture."""
    if not is_short and name != "hazard":
        return
    if is_short and name == "hazard" and n_reasons == 1:
        return
    notes = ["write {hazard: 0.01 per month}, or for several reasons {moved: {hazard: …}, withdrew: {hazard: …}}"]
    said = f"'{name}' is neither the one hazard of loss nor a reason with its own"
    draft.error(draft.key(*path), "loss-shape", said, "", notes)


def check_hazard(draft: Draft, path: Path, formula: FormulaText) -> None:
    """Hazards see the truth (states, quantities, parameters, covariates) and come out per time."""
    expr = hazard_tree(draft, formula)
    if expr is None:
        return
    measures = {measure.name: measure for measure in draft.cohort.measures}
    for name in sorted(names_of(expr) & measures.keys()):
        message = f"a hazard sees the truth, and '{name}' is a measurement of it"
        behind = sorted(names_of(measures[name].value))
        draft.error(path, "hazard-sees-truth", message, "", [f"{name} measures: {', '.join(behind)}"])
        return
    for node in nodes(expr):
        if isinstance(node, Call) and node.function == "happened":
            asked = node.args[0].name if isinstance(node.args[0], Name) else ""
            message = f"happened({asked}) in a hazard is not supported by this version"
            draft.error(
                path, "not-yet", message, "", ["hazards may depend on states, covariates and since(randomised)"]
            )
            return
    dimensions = {name: unit.dimension for name, unit in units_of(draft.cohort).items() if name not in measures}
    found = dimension_of(expr, dimensions, draft.problems, formula.place, (RANDOMISED,))
    if found is not None and found != PER_TIME:
        kind = (
            "a plain number" if found.is_dimensionless else f"{dimension_name(found)}, as {coherent_unit_text(found)}"
        )
        notes = [f"it comes out as: {kind}", "a hazard looks like: 0.01 per month * exp(0.5 L/mg * conc)"]
        draft.error(formula.place, "hazard-unit", "a hazard must come out per time", "", notes)
    elif found is not None:
        check_constant(draft, formula, expr)


def check_constant(draft: Draft, formula: FormulaText, expr: Expr) -> None:
    """A hazard that is one number is not negative."""
    if names_of(expr) or any(isinstance(node, Call) for node in nodes(expr)):
        return
    value = simplify(numeric(expr, {}, unit("per day"), unit("day")))
    if not isinstance(value, Number) or not 0 <= value.value < math.inf:
        notes = ["write 0 per month or more"]
        draft.error(formula.place, "negative-hazard", "a hazard is never negative", "", notes)


def hazard_tree(draft: Draft, formula: FormulaText) -> Expr | None:
    """Return a hazard with categories as their positions in the cohort, None if it cannot be read."""
    names = set(units_of(draft.cohort))
    names |= {label for covariate in draft.cohort.covariates for label in covariate.categories}
    expr = draft.parsed(formula, names)
    if expr is None:
        return None
    try:
        return with_categories_coded(expr, draft.cohort.covariates, formula.place)
    except InvalidDocument as fault:
        draft.problems.add(*fault.diagnostics)
        return None
