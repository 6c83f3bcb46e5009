"""Rules inside a course: whether they can be asked, see and do what is written, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from trialsim.cohort.names import with_categories_coded
from trialsim.foundation.errors import InvalidDocument
from trialsim.foundation.expression import Binary, Expr, Name, Number, check_condition, numeric, substitute, to_text
from trialsim.foundation.expression import names_of as names_in
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import ONE, Quantity, Unit, dimension_name
from trialsim.protocol.decision_model import LEVEL, Act, DosingRule, Step
from trialsim.protocol.decision_written import WrittenAct, WrittenRule
from trialsim.protocol.dosing import check_route, inlets_of, resolved_dosing
from trialsim.protocol.dosing_amounts import per_patient
from trialsim.protocol.dosing_schedule import check_times
from trialsim.protocol.dosing_written import WrittenDosing
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.times import days, moment_text


def check_decisions(draft: Draft) -> None:
    """Every rule is some arm's, is asked at some time, sees measures and does what can be done to the arm's doses."""
    for name, rule in draft.written.rules.items():
        check_asked(draft, name, rule)
        check_watched(draft, name, rule)
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


def check_asked(draft: Draft, name: str, rule: WrittenRule) -> None:
    """A rule asked again and again has an end; start and until mean nothing to others."""
    path: Path = ("rules", name)
    for i, at in enumerate(rule.asked_at):
        where: Path = (*path, "at", i) if isinstance(rule.at, tuple) else (*path, "at")
        if at in rule.asked_at[:i]:
            draft.error(where, "said-twice", f"{at if isinstance(at, str) else moment_text(at)} is given twice")
        elif isinstance(at, str):
            draft.is_known(where, "visit", at, draft.written.visits)
    if rule.every is None:
        for field, value in (("start", rule.start), ("until", rule.until)):
            if value is not None:
                message = f"'{field}' has no meaning without 'every'"
                draft.error((*path, field), "rule-times", message, "", ["write every: 7 days, or leave it out"])
    elif rule.until is None:
        message = f"the rule is asked every {rule.every} and nothing ends that"
        draft.error((*path, "every"), "rule-times", message, "", ["write until: week 12"])
    elif rule.until <= (rule.start or 0.0):
        begins = moment_text(rule.start or 0.0)
        message = f"the rule is never asked: it begins at {begins} and ends at {moment_text(rule.until)}"
        draft.error((*path, "until"), "rule-times", message)


def check_watched(draft: Draft, name: str, rule: WrittenRule) -> None:
    """What is watched are measures that are assessed, by names that mean nothing else."""
    cohort = draft.cohort
    measures = {measure.name: measure for measure in cohort.measures}
    taken = {LEVEL, *(covariate.name for covariate in cohort.covariates)}
    for own, measure in rule.watched.items():
        where: Path = ("rules", name, "watch", own) if isinstance(rule.watch, Mapping) else ("rules", name, "watch")
        if own in taken:
            message = f"'{own}' means something else in a rule's conditions"
            draft.error(where, "name-taken", message, "", [f"write watch: {{other_name: {measure}}}"])
        if not draft.is_known(where, "measure", measure, measures):
            continue
        if measure not in draft.written.assess:
            message = f"the rule watches {measure}, which is not assessed"
            notes = [f"write assess: {{{measure}: {{at: [{next(iter(draft.written.visits), 'VISIT')}, …]}}}}"]
            draft.error(where, "rule-watch", message, "", notes)
        elif names_in(measures[measure].value) & cohort.path_quantities:
            message = f"watching {measure}, which depends on the path so far, is not supported by this version"
            draft.error(where, "not-yet", message, "", ["watch a measure of what holds at an instant"])


def check_steps(draft: Draft, name: str, rule: WrittenRule) -> None:
    """Conditions can be read; what is done has what it needs."""
    ladder = [amount.coherent for amount in rule.ladder]
    if any(above <= below for below, above in zip(ladder, ladder[1:], strict=False)):
        draft.error(("rules", name, "ladder"), "rule-ladder", "the amounts of a ladder ascend", "")
    for i, step in enumerate(rule.do):
        path: Path = ("rules", name, "do", i)
        if step.when is not None:
            condition(draft, rule, step.when, is_check=True)
        elif i + 1 < len(rule.do):
            message = "nothing after a step without a condition is ever reached"
            draft.error(path, "rule-steps", message, "", ["write it last, or give it a condition"])
        for k, act in enumerate(step.acts):
            where: Path = (*path, "then", k) if isinstance(step.then, tuple) else (*path, "then")
            if isinstance(act, str):
                if act.startswith(LEVEL) and not rule.ladder:
                    message = f"'{act}' needs a ladder"
                    draft.error(where, "rule-ladder", message, "", ["write ladder: [10 mg, 20 mg]"])
            elif act.add is not None:
                check_route(draft, (*where, "add"), act.add)
                if act.add.every is not None and ends(act.add):
                    check_times(draft, (*where, "add"), act.add)
                elif act.add.every is None and ends(act.add):
                    notes = ["write every: 24 h, or leave out its end"]
                    draft.error((*where, "add"), "dosing-times", "one dose needs no end", "", notes)


def ends(line: WrittenDosing) -> bool:
    """Return whether something written ends added doses."""
    return line.length is not None or line.times is not None


def condition(draft: Draft, rule: WrittenRule, formula: FormulaText, is_check: bool = False) -> Expr | None:
    """Return a condition over the names of measures, covariates and `level` as pure numbers; None if it is at fault."""
    cohort, watched = draft.cohort, rule.watched
    units = {measure.name: measure.unit for measure in cohort.measures}
    known: dict[str, Unit] = {covariate.name: covariate.unit for covariate in cohort.covariates} | {LEVEL: ONE}
    known |= {own: units[measure] for own, measure in watched.items() if measure in units}
    labels = {label for covariate in cohort.covariates for label in covariate.categories}
    expr = draft.parsed(formula, {*known, *watched, *labels})
    if expr is None:
        return None
    try:
        coded = with_categories_coded(expr, cohort.covariates, formula.place)
    except InvalidDocument as fault:
        if is_check:
            draft.problems.add(*fault.diagnostics)
        return None
    if is_check:
        check_condition(coded, {name: unit.dimension for name, unit in known.items()}, draft.problems,
                        formula.place, ())  # fmt: skip
        return None
    names: dict[str, Expr] = {own: Name(measure) for own, measure in watched.items()}
    return substitute(numeric(coded, known, None, cohort.time), names | {LEVEL: rung()})


def rung() -> Expr:
    """Return the level as documents count it: from 1."""
    return Binary("+", Name(LEVEL), Number(1.0))


def acts_of(rule: WrittenRule) -> Iterator[tuple[Path, str | WrittenAct]]:
    """Yield every action of a rule and where it stands in the rule."""
    for i, step in enumerate(rule.do):
        for k, act in enumerate(step.acts):
            yield (("do", i, "then", k) if isinstance(step.then, tuple) else ("do", i, "then")), act


def is_about_doses(rule: WrittenRule) -> bool:
    """Return whether a rule touches planned doses: more than adding some."""
    return rule.before is not None or any(isinstance(act, str) or act.add is None for _, act in acts_of(rule))


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
    for i, line in lines:
        wanted = draft.cohort.amount_unit(line.drug, line.route)
        if check_amounts(draft, name, rule, wanted) and sets_amounts(rule):
            check_amount_can_change(draft, ("arms", arm, "dosing", i), name, rule, line, wanted)


def check_amounts(draft: Draft, name: str, rule: WrittenRule, wanted: Unit) -> bool:
    """Return whether the amounts of a rule fit the state that the doses enter."""
    stated: list[tuple[Path, Quantity]] = [(("ladder", i), amount) for i, amount in enumerate(rule.ladder)]
    stated += [((*path, "amount"), act.amount) for path, act in acts_of(rule)
               if not isinstance(act, str) and act.amount is not None]  # fmt: skip
    sound = True
    for where, amount in stated:
        if per_patient(amount)[1] != "patient":
            message = f"a rule's amount of {amount} is not supported by this version"
            draft.error(("rules", name, *where), "not-yet", message, "", ["write amounts for everybody, such as 10 mg"])
            sound = False
        elif amount.dimension != wanted.dimension:
            message = f"{amount} cannot be given where {wanted.text} is received"
            notes = [
                f"{amount}: {dimension_name(amount.dimension)}",
                f"{wanted.text}: {dimension_name(wanted.dimension)}",
            ]
            draft.error(("rules", name, *where), "amount-unit", message, "", notes)
            sound = False
    return sound


def check_amount_can_change(
    draft: Draft, path: Path, name: str, rule: WrittenRule, line: WrittenDosing, wanted: Unit
) -> None:
    """The amount a rule changes is one amount for everybody, and one of its ladder."""
    conduct = draft.written.conduct
    if conduct is not None and conduct.adherence is not None and conduct.adherence.doubles > 0:
        message = f"doses that are doubled, and changed by the rule '{name}', are not supported by this version"
        draft.error(("conduct", "adherence", "doubles"), "not-yet", message, "", ["leave out doubles"])
    limited = [field for field in ("at_least", "at_most", "strengths") if getattr(line, field) is not None]
    if not isinstance(line.amount, Quantity) or per_patient(line.amount)[1] != "patient" or limited:
        what = f"'{limited[0]}'" if limited else "an amount that differs between patients"
        message = f"{what} in doses that the rule '{name}' changes is not supported by this version"
        where = (*path, limited[0]) if limited else (*path, "amount")
        draft.error(where, "not-yet", message, "", ["write one amount for everybody, and all of them in the ladder"])
    elif (
        rule.ladder and line.amount.dimension == wanted.dimension and rung_of(rule.ladder, line.amount, wanted) is None
    ):
        message = f"the arm begins with {line.amount}, which the ladder of the rule '{name}' does not have"
        notes = [f"ladder: {', '.join(map(str, rule.ladder))}"]
        draft.error((*path, "amount"), "rule-ladder", message, "", notes, [(("rules", name, "ladder"), "")])


def rung_of(ladder: tuple[Quantity, ...], amount: Quantity, unit: Unit) -> int | None:
    """Return the position of an amount in a ladder."""
    values = [each.to(unit) for each in ladder]
    return values.index(amount.to(unit)) if amount.to(unit) in values else None


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
        before_doses=rule.before is not None,
        every=None if rule.every is None else days(rule.every),
        start=rule.start or 0.0,
        until=rule.until or 0.0,
        watch=tuple(rule.watched.items()),
        drug=rule_drug(draft, name),
        ladder=rule.ladder,
        steps=tuple(
            Step(
                when=None if step.when is None else condition(draft, rule, step.when),
                when_text="" if step.when is None else to_text(draft.formulas[step.when]),
                in_a_row=step.in_a_row,
                acts=tuple(resolved_act(draft, act, last) for act in step.acts),
            )
            for step in rule.do
        ),
    )


def resolved_act(draft: Draft, act: str | WrittenAct, last: float) -> Act:
    """Return an action; added doses without an end go on to the last visit, for a stretch as long as the trial."""
    if isinstance(act, str):
        return Act(kind=act)  # type: ignore[arg-type]
    if act.delay is not None:
        return Act(kind="delay", delay=days(act.delay))
    if act.amount is not None:
        return Act(kind="amount", amount=act.amount)
    assert act.add is not None
    return Act(kind="add", added=resolved_dosing(draft, with_end(act.add, last)))


def with_end(line: WrittenDosing, last: float) -> WrittenDosing:
    """Return added doses with times: one at once, or repeated to an end."""
    if line.every is None:
        return replace(line, at=0.0)
    return line if ends(line) else replace(line, until=last)
