"""Rates that rules set: whether there is something that runs in, and what the rates come to."""

from __future__ import annotations

from trialsim.foundation.expression import Constant, to_text
from trialsim.foundation.units import Dimension, Quantity, Unit, dimension_name, unit
from trialsim.protocol.decision_expressions import as_numbers, measured_by, shown_unit
from trialsim.protocol.decision_model import LEAVE, Act
from trialsim.protocol.decision_written import WrittenAct, WrittenRule
from trialsim.protocol.dosing import MODELLED, inlets_of
from trialsim.protocol.dosing_written import WrittenDosing
from trialsim.protocol.draft import Draft, Path

WITH_RATES = ("stop dosing", LEAVE)  # what else a rule may do to what runs in


def sets_rates(rule: WrittenRule) -> bool:
    """Return whether a rule sets the rate of what runs in."""
    return any(not isinstance(act, str) and act.rate is not None for step in rule.do for act in step.acts)


def rate_unit(draft: Draft, line: WrittenDosing) -> Unit:
    """Return the unit of a line's rates: what its state is measured in, per unit of time in the equations."""
    received = draft.cohort.amount_unit(line.drug, line.route)
    return unit(f"{received.text}/{draft.cohort.time.text}")


def check_act(draft: Draft, where: Path, rule: WrittenRule, act: WrittenAct) -> None:
    """Steps and limits belong to a rate; one that is computed has limits."""
    if act.rate is None:
        for field, value in (("step", act.step), ("within", act.within)):
            if value is not None:
                message = f"'{field}' has no meaning without 'rate'"
                draft.error((*where, field), "needless-field", message, "", ["leave it out"])
        return
    if rule.before is not None:
        message = "a rule that sets a rate is asked by the clock, at visits or on events, not before doses"
        draft.error(("rules", str(where[1]), "before"), "rule-rate", message, "", ["write every: 5 min"])
    if act.within is not None and act.within[0].dimension == act.within[1].dimension:
        low, high = act.within
        if not low.coherent < high.coherent:
            message = f"no rate is from {low} to {high}"
            draft.error((*where, "within"), "rule-rate", message, "", ["the lowest rate comes first"])
    expr = draft.formulas.get(act.rate)
    if expr is not None and act.within is None and not isinstance(expr, Constant):
        message = "a rate that is computed needs its limits"
        draft.error(act.rate.place, "rule-rate", message, "", ["write within: [LOWEST, HIGHEST], as [0 U/h, 5 U/h]"])


def check_others(
    draft: Draft, name: str, rule: WrittenRule, drug: str, lines: list[WrittenDosing], where: Path
) -> None:
    """What runs in at the rate that a rule sets has no doses to hold, delay or change."""
    for act in (act for step in rule.do for act in step.acts):
        what = act if isinstance(act, str) else "delay" if act.delay else "amount" if act.amount else None
        if what is not None and what not in WITH_RATES:
            message = f"'{what}' of the rule '{name}' is about doses, and {drug} runs in at a rate that a rule sets"
            received = next((draft.cohort.amount_unit(line.drug, line.route).text for line in lines), "mg")
            notes = [f"write {{rate: 0 {received}/h}} to let it stand still"]
            draft.error(where, "rule-rate", message, "", notes)
            return


def check_pumped(
    draft: Draft, arm: str, name: str, rule: WrittenRule, drug: str, lines: list[tuple[int, WrittenDosing]], where: Path
) -> None:
    """An arm gives a drug whose rate a rule sets by one infusion, and the rates fit it."""
    if len(lines) != 1:
        message = f"the rule '{name}' sets the rate of {drug}, which arm {arm} gives in {len(lines)} lines"
        notes = ["give it by one infusion: amount, over (or rate) and one time, at"]
        draft.error(where, "rule-rate", message, "", notes)
        return
    i, line = lines[0]
    path: Path = ("arms", arm, "dosing", i)
    runs = (isinstance(line.over, Quantity) and line.over.value > 0) or line.rate is not None
    is_one = (line.at is not None and not (isinstance(line.at, tuple) and len(line.at) > 1)) or line.times == 1
    if not runs or line.over == MODELLED or not is_one or line.steady_state:
        message = f"the rule '{name}' sets the rate of {drug}, and this is not one infusion"
        received = draft.cohort.amount_unit(line.drug, line.route).text
        notes = [f"write {{drug: {drug}, amount: 24 {received}, route: {line.route}, over: 24 h, at: day 0}}"]
        draft.error((*path, "drug"), "rule-rate", message, "", notes)
        return
    if any(inlet.transit is not None for inlet in inlets_of(draft, line)):
        return  # told where the line is checked: chains take no infusions
    check_rates(draft, name, rule, rate_unit(draft, line))


def check_rates(draft: Draft, name: str, rule: WrittenRule, wanted: Unit) -> None:
    """Every rate, step and limit is what runs in per time."""
    for i, step in enumerate(rule.do):
        for k, act in enumerate(step.acts):
            if isinstance(act, str) or act.rate is None:
                continue
            where: Path = ("rules", name, "do", i, "then", k) if isinstance(step.then, tuple) else (
                "rules", name, "do", i, "then")  # fmt: skip
            found = measured_by(draft, rule, act.rate)
            if found is not None and found != wanted.dimension:
                message = f"a rate in {shown_unit(found)} cannot be set where what runs in is in {wanted.text}"
                draft.error(act.rate.place, "amount-unit", message, "", kinds(found, wanted))
            stated: list[tuple[Path, Quantity]] = [(("step",), act.step)] if act.step is not None else []
            stated += [(("within", j), limit) for j, limit in enumerate(act.within or ())]
            for field, quantity in stated:
                if quantity.dimension != wanted.dimension:
                    message = f"{quantity} is no rate of what runs in, in {wanted.text}"
                    draft.error((*where, *field), "amount-unit", message, "", kinds(quantity.dimension, wanted))


def kinds(found: Dimension, wanted: Unit) -> list[str]:
    return [f"given: {dimension_name(found)}", f"{wanted.text}: {dimension_name(wanted.dimension)}"]


def resolved_rate_act(draft: Draft, name: str, rule: WrittenRule, act: WrittenAct, line: WrittenDosing) -> Act:
    """Return the action that sets a rate, in the unit of the line that runs in."""
    assert act.rate is not None
    wanted, expr = rate_unit(draft, line), draft.formulas[act.rate]
    return Act(
        kind="rate",
        rate=as_numbers(draft, name, rule, act.rate, wanted),
        rate_text=to_text(draft.formulas[act.rate]),
        unit=wanted,
        told_in=expr.quantity.unit if isinstance(expr, Constant) else act.within[0].unit if act.within else wanted,
        step=act.step,
        within=None if act.within is None else (act.within[0], act.within[1]),
    )
