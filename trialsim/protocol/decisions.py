"""Rules inside a course: whether they can be asked, see and do what is written, and what they come to."""

from __future__ import annotations

from dataclasses import replace

from trialsim.foundation.expression import to_text
from trialsim.protocol.decision_amounts import acts_of, check_amount_can_change, check_amounts
from trialsim.protocol.decision_expressions import (
    as_numbers,
    check_formula,
    check_remembered,
    resolved_remembered,
    sensors_of,
    tree,
)
from trialsim.protocol.decision_model import LEAVE, LEVEL, Act, DosingRule, Step
from trialsim.protocol.decision_rates import check_act, check_others, check_pumped, resolved_rate_act, sets_rates
from trialsim.protocol.decision_watch import check_asked, check_watched
from trialsim.protocol.decision_written import WrittenAct, WrittenRule
from trialsim.protocol.dosing import check_route, inlets_of, resolved_dosing
from trialsim.protocol.dosing_schedule import check_times
from trialsim.protocol.dosing_written import WrittenDosing
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.rules_conduct import LOST
from trialsim.protocol.times import days

COMPLETED = "completed"  # a row of the table of events


def check_decisions(draft: Draft) -> None:
    """Every rule is some arm's, is asked at some time, sees measures and does what can be done to the arm's doses."""
    for name, rule in draft.written.rules.items():
        check_asked(draft, name, rule)
        check_watched(draft, name, rule)
        check_remembered(draft, name, rule)
        check_leaving(draft, name, rule)
        check_steps(draft, name, rule)
        check_drug(draft, name, rule)
        if not arms_with(draft, name):
            notes = [f"write arms: {{ARM: {{rules: [{name}], …}}}}, or leave the rule out"]
            draft.error(draft.key("rules", name), "rule-without-arm", f"no arm has the rule '{name}'", "", notes)
    for arm, written in draft.written.arms.items():
        for i, name in enumerate(written.rules):
            if name in written.rules[:i]:
                draft.error(("arms", arm, "rules", i), "said-twice", f"'{name}' is given twice")
            elif draft.is_known(("arms", arm, "rules", i), "rule", name, draft.written.rules):
                check_in_arm(draft, arm, name, draft.written.rules[name])
        check_once_before(draft, arm)


def arms_with(draft: Draft, rule: str) -> list[str]:
    """Return the arms that have a rule."""
    return [arm for arm, written in draft.written.arms.items() if rule in written.rules]


def check_steps(draft: Draft, name: str, rule: WrittenRule) -> None:
    """Conditions can be read; what is done has what it needs."""
    ladder = [amount.coherent for amount in rule.ladder]
    if any(above <= below for below, above in zip(ladder, ladder[1:], strict=False)):
        draft.error(("rules", name, "ladder"), "rule-ladder", "the amounts of a ladder ascend", "")
    for i, step in enumerate(rule.do):
        path: Path = ("rules", name, "do", i)
        if step.when is not None:
            check_formula(draft, rule, step.when)
        elif i + 1 < len(rule.do):
            message = "nothing after a step without a condition is ever reached"
            draft.error(path, "rule-steps", message, "", ["write it last, or give it a condition"])
        for k, act in enumerate(step.acts):
            where: Path = (*path, "then", k) if isinstance(step.then, tuple) else (*path, "then")
            if isinstance(act, str):
                if act.startswith(LEVEL) and not rule.ladder:
                    message = f"'{act}' needs a ladder"
                    draft.error(where, "rule-ladder", message, "", ["write ladder: [10 mg, 20 mg]"])
                continue
            if act.rate is not None:
                tree(draft, rule, act.rate)
            check_act(draft, where, rule, act)
            if act.add is not None:
                check_route(draft, (*where, "add"), act.add)
                if act.add.every is not None and ends(act.add):
                    check_times(draft, (*where, "add"), act.add)
                elif act.add.every is None and ends(act.add):
                    notes = ["write every: 24 h, or leave out its end"]
                    draft.error((*where, "add"), "dosing-times", "one dose needs no end", "", notes)


def ends(line: WrittenDosing) -> bool:
    """Return whether something written ends added doses."""
    return line.length is not None or line.times is not None


def is_about_doses(rule: WrittenRule) -> bool:
    """Return whether a rule touches planned doses: more than adding some."""
    return rule.before is not None or any(
        act != LEAVE if isinstance(act, str) else act.add is None for _, act in acts_of(rule)
    )


def sets_amounts(rule: WrittenRule) -> bool:
    """Return whether a rule changes how much is given at a dose."""
    return any((isinstance(act, str) and act.startswith(LEVEL)) or (not isinstance(act, str) and act.amount is not None)
               for _, act in acts_of(rule))  # fmt: skip


def rule_drug(draft: Draft, name: str) -> str | None:
    """Return the drug a rule decides about: written, or the only one of its arms."""
    rule = draft.written.rules[name]
    if rule.drug is not None or not is_about_doses(rule):
        return rule.drug
    drugs = {line.drug for arm in arms_with(draft, name) for line in draft.written.arms[arm].dosing}
    return drugs.pop() if len(drugs) == 1 else None


def check_drug(draft: Draft, name: str, rule: WrittenRule) -> None:
    """It is clear which drug's doses a rule decides about."""
    arms = arms_with(draft, name)
    drugs = sorted({line.drug for arm in arms for line in draft.written.arms[arm].dosing})
    if is_about_doses(rule) and rule.drug is None and len(drugs) > 1:
        message = f"the arms with the rule '{name}' give {len(drugs)} drugs, and it does not say which it decides about"
        draft.error(
            draft.key("rules", name),
            "rule-drug",
            message,
            "",
            [f"write drug: {drugs[0]}, or another of {', '.join(drugs)}"],
        )
    elif not is_about_doses(rule) and rule.drug is not None:
        message = "'drug' has no meaning in a rule that only adds doses"
        draft.error(("rules", name, "drug"), "needless-field", message, "", ["leave it out"])


def check_in_arm(draft: Draft, arm: str, name: str, rule: WrittenRule) -> None:
    """An arm has doses for a rule to decide about, in amounts it can change."""
    drug, dosing = rule_drug(draft, name), draft.written.arms[arm].dosing
    index = draft.written.arms[arm].rules.index(name)
    if not is_about_doses(rule) or (drug is None and dosing):
        return
    lines = [(i, line) for i, line in enumerate(dosing) if line.drug == drug and inlets_of(draft, line)]
    if not any(line.drug == drug for line in dosing):
        what = f"no doses of {drug}" if drug else "no doses"
        message = f"the rule '{name}' decides about doses, and arm {arm} has {what}"
        draft.error(("arms", arm, "rules", index), "rule-drug", message)
    if sets_amounts(rule) and len({(str(line.amount), line.route) for _, line in lines}) > 1:
        message = f"the rule '{name}' changes amounts of {drug}, which arm {arm} gives in {len(lines)} different lines"
        notes = ["such lines are not supported by this version: one amount by one route"]
        draft.error(("arms", arm, "rules", index), "not-yet", message, "", notes)
    pumps = [each for each in draft.written.arms[arm].rules if is_pump(draft, each, drug)]
    if pumps and drug is not None:
        check_others(draft, name, rule, drug, [line for _, line in lines], ("arms", arm, "rules", index))
    if lines and drug is not None and sets_rates(rule):
        check_pumped(draft, arm, name, rule, drug, lines, ("arms", arm, "rules", index))
        return
    for i, line in lines:
        wanted = draft.cohort.amount_unit(line.drug, line.route)
        if check_amounts(draft, name, rule, line, wanted) and sets_amounts(rule):
            check_amount_can_change(draft, ("arms", arm, "dosing", i), name, rule, line, wanted)


def is_pump(draft: Draft, name: str, drug: str | None) -> bool:
    """Return whether a rule of that name sets the rate of a drug."""
    rule = draft.written.rules.get(name)
    return rule is not None and sets_rates(rule) and rule_drug(draft, name) == drug


def lines_about(draft: Draft, name: str) -> list[WrittenDosing]:
    """Return the dosing lines of all arms that a rule decides about."""
    drug = rule_drug(draft, name)
    return [line for arm in arms_with(draft, name) for line in draft.written.arms[arm].dosing if line.drug == drug]


def check_leaving(draft: Draft, name: str, rule: WrittenRule) -> None:
    """A rule by which patients leave is a reason for loss, with a name of its own."""
    conduct = draft.written.conduct
    if not any(act == LEAVE for _, act in acts_of(rule)):
        return
    events = [*(conduct.intercurrent_events if conduct else ()), *(event.name for event in draft.cohort.events)]
    losses = [LOST, *(conduct.lost_to_follow_up if conduct else ())]
    if name in events or name in losses or name == COMPLETED:
        message = f"patients leave by the rule '{name}', and an event or a loss is called so already"
        draft.error(draft.key("rules", name), "name-taken", message, "", ["give the rule another name"])


def check_once_before(draft: Draft, arm: str) -> None:
    """One rule at most is asked before a dose."""
    asked: dict[str | None, str] = {}
    for i, name in enumerate(draft.written.arms[arm].rules):
        rule = draft.written.rules.get(name)
        if rule is None or rule.before is None:
            continue
        drug = rule_drug(draft, name)
        if asked.setdefault(drug, name) != name:
            message = f"a second rule before doses of {drug} is not supported by this version"
            draft.error(("arms", arm, "rules", i), "not-yet", message, "", [f"make it part of '{asked[drug]}'"])


def resolved_rules(draft: Draft) -> tuple[DosingRule, ...]:
    """Return the rules of a draft without faults."""
    return tuple(resolved_rule(draft, name, rule) for name, rule in draft.written.rules.items())


def resolved_rule(draft: Draft, name: str, rule: WrittenRule) -> DosingRule:
    last = max(visit.at + days(visit.window) for visit in draft.written.visits.values())
    return DosingRule(
        name=name,
        moments=tuple(sorted(at for at in rule.asked_at if not isinstance(at, str))),
        visits=tuple(at for at in rule.asked_at if isinstance(at, str)),
        events=rule.events,
        before_doses=rule.before is not None,
        every=None if rule.every is None else days(rule.every),
        start=rule.start or 0.0,
        until=rule.until or 0.0,
        watch=tuple((own, watched.measure) for own, watched in rule.watched.items() if watched.kind == "visits"),
        sensors=sensors_of(rule),
        remember=resolved_remembered(draft, name, rule),
        drug=rule_drug(draft, name),
        ladder=rule.ladder,
        steps=tuple(
            Step(
                when=None if step.when is None else as_numbers(draft, name, rule, step.when, None),
                when_text="" if step.when is None else to_text(draft.formulas[step.when]),
                in_a_row=step.in_a_row,
                acts=tuple(resolved_act(draft, name, act, last) for act in step.acts),
            )
            for step in rule.do
        ),
    )


def resolved_act(draft: Draft, name: str, act: str | WrittenAct, last: float) -> Act:
    """Return an action; added doses without an end go on to the last visit, for a stretch as long as the trial."""
    if isinstance(act, str):
        return Act(kind=act)  # type: ignore[arg-type]
    if act.delay is not None:
        return Act(kind="delay", delay=days(act.delay))
    if act.amount is not None:
        return Act(kind="amount", amount=act.amount)
    if act.rate is not None:
        return resolved_rate_act(draft, name, draft.written.rules[name], act, lines_about(draft, name)[0])
    assert act.add is not None
    return Act(kind="add", added=resolved_dosing(draft, with_end(act.add, last)))


def with_end(line: WrittenDosing, last: float) -> WrittenDosing:
    """Return added doses with times: one at once, or repeated to an end."""
    if line.every is None:
        return replace(line, at=0.0)
    return line if ends(line) else replace(line, until=last)
