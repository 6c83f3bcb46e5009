"""What a milestone waits for: from an expression to counts that a trial's calendar reaches."""

from __future__ import annotations

from trialsim.foundation.expression import Call, Compare, Constant, Expr, Logic, Name, Number, to_text
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import DIMENSIONLESS, ONE, TIME, Quantity, number_text
from trialsim.protocol.draft import Draft
from trialsim.protocol.milestone_model import Condition, Joined, Power, Reach, StopWhen
from trialsim.protocol.rules_endpoints import TIMES

RANDOMISED, SINCE, FIRST_PATIENT = "randomised", "since", "first_patient"
COUNTS = ("due", "observed", "events")
POWERS = ("conditional_power", "predictive_power")
FORMS = "randomised >= 100, due(ENDPOINT) >= 50%, observed(ENDPOINT) >= 80, events(ENDPOINT) >= 120, " \
    "since(first_patient) >= 18 months"  # fmt: skip


def condition_tree(draft: Draft, formula: FormulaText) -> Expr | None:
    """Return the tree of a milestone's condition, None if it has none; the fault is told."""
    return draft.parsed(formula, {RANDOMISED}, {*COUNTS, *POWERS})


def condition_of(draft: Draft, formula: FormulaText, expr: Expr | None = None) -> Condition | None:
    """Return what a milestone waits for, None if it is at fault; the fault is told."""
    tree = expr or condition_tree(draft, formula)
    if tree is None:
        return None
    if isinstance(tree, Logic):
        parts = [condition_of(draft, formula, part) for part in tree.operands]
        known = tuple(part for part in parts if part is not None)
        return Joined(op="and" if tree.op == "and" else "or", parts=known) if len(known) == len(parts) else None
    if not isinstance(tree, Compare) or tree.ops != (">=",):
        return unmet(draft, formula, f"'{to_text(tree)}' is nothing that a milestone can wait for")
    what, number = tree.operands
    given = value_of(number)
    if given is None:
        return unmet(draft, formula, f"'{to_text(number)}' is no number to be reached")
    if what == Name(RANDOMISED):
        return counted(draft, formula, "randomised", "", given)
    if isinstance(what, Call) and what.function in (*COUNTS, SINCE) and isinstance(what.args[0], Name):
        return counted(draft, formula, what.function, what.args[0].name, given)
    return unmet(draft, formula, f"'{to_text(what)}' is nothing that a milestone can wait for")


def counted(draft: Draft, formula: FormulaText, what: str, of: str, given: Quantity) -> Reach | None:
    """Return one count with the number it has to reach."""
    if what == SINCE:
        if of != FIRST_PATIENT:
            return unmet(draft, formula, f"since({of}) is not known to a trial's calendar")
        if given.dimension != TIME or given.coherent <= 0.0:
            return unmet(draft, formula, f"{given} is no length of time")
        return Reach(counted="since", of=of, number=given.to("day"))
    if what in COUNTS and not draft.is_known(formula.place, "endpoint", of, draft.written.endpoints):
        return None
    if what in COUNTS and (draft.written.endpoints[of].derive in TIMES) != (what == "events"):
        is_time = draft.written.endpoints[of].derive in TIMES
        use = f"events({of})" if is_time else f"due({of}) or observed({of})"
        kind = "a time to an event" if is_time else "a value at a visit"
        return unmet(draft, formula, f"{what}({of}) cannot be counted: {of} is {kind}", f"write {use}")
    is_share = given.unit.text == "%"
    amount = given.coherent
    if given.dimension != DIMENSIONLESS or amount <= 0.0 or not (is_share or amount == int(amount)):
        return unmet(draft, formula, f"{given} is no number of patients or events")
    return within_reach(draft, formula, what, of, amount, is_share)


def within_reach(draft: Draft, formula: FormulaText, what: str, of: str, amount: float, is_share: bool) -> Reach | None:
    """Return a count if there are patients enough for it."""
    patients = draft.written.patients
    most = patients.randomised if patients else amount
    said = what if not of else f"{what}({of})"
    if amount > (1.0 if is_share else most):
        shown = f"{number_text(100 * amount)}%" if is_share else number_text(amount)
        message = f"{said} never reaches {shown}: {most} patients are randomised"
        draft.error(formula.place, "never-reached", message, "", ["wait for fewer, or randomise more"])
        return None
    return Reach(counted=what, of=of, number=amount, is_share=is_share)  # type: ignore[arg-type]


def stop_condition(draft: Draft, formula: FormulaText) -> StopWhen | None:
    """Return when a trial stops, None if that cannot be read; the fault is told."""
    tree = condition_tree(draft, formula)
    if tree is None:
        return None
    if isinstance(tree, Compare) and tree.ops == ("<",):
        what, number = tree.operands
        given = value_of(number)
        if isinstance(what, Call) and what.function in POWERS and isinstance(what.args[0], Name) and given is not None:
            analysis = what.args[0].name
            if not draft.is_known(formula.place, "analysis", analysis, draft.written.analyses):
                return None
            if given.dimension == DIMENSIONLESS and 0.0 < given.coherent < 1.0:
                judged: Power = "conditional_power" if what.function == POWERS[0] else "predictive_power"
                return StopWhen(judged=judged, analysis=analysis, below=given.coherent, text=to_text(tree))
    notes = ["write conditional_power(ANALYSIS) < 10%, or predictive_power(ANALYSIS) < 10%"]
    draft.error(formula.place, "bad-milestone", f"'{to_text(tree)}' is no condition to stop on", "", notes)
    return None


def unmet(draft: Draft, formula: FormulaText, message: str, *notes: str) -> Reach | None:
    """Tell what is wrong with a condition, and return that there is none."""
    draft.error(formula.place, "bad-milestone", message, "", [*notes, f"it is made of: {FORMS}"])
    return None


def value_of(expr: Expr) -> Quantity | None:
    """Return a number that is written out."""
    if isinstance(expr, Number):
        return Quantity(expr.value, ONE)
    return expr.quantity if isinstance(expr, Constant) else None
