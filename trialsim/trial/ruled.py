"""Rules of arms in the course model: which dosing lines each decides about, which measures it sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from trialsim.cohort.model import Cohort
from trialsim.dynamics.model import Action, Branch, CourseModel, Rule, Signal
from trialsim.foundation.expression import Name, Number
from trialsim.protocol.decision_model import Act, DosingRule
from trialsim.protocol.dosing_model import Dosing
from trialsim.protocol.model import Arm, Protocol
from trialsim.trial.timetable import Clock

KINDS = {
    "stop dosing": "stop", "hold dosing": "hold", "resume dosing": "resume", "level up": "level_up",
    "level down": "level_down", "delay": "delay", "amount": "amount", "add": "start",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedLine:
    """Doses that wait for a rule: a line of their own, after the lines of dosing plans."""

    arm: int
    line: int
    dosing: Dosing


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRule:
    """A rule in one arm: a rule of the course model."""

    arm: int
    rule: DosingRule
    lines: tuple[int, ...]  # of the arm, whose doses it decides about


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """All rules of a protocol's arms, in the order of the course model."""

    rules: tuple[ArmRule, ...] = ()
    measures: tuple[str, ...] = ()  # the signals
    added: tuple[AddedLine, ...] = ()
    n_planned: int = 1  # lines of dosing plans

    @property
    def n_lines(self) -> int:
        """Return how many lines a schedule has."""
        return self.n_planned + len(self.added)

    @property
    def dormant(self) -> tuple[bool, ...]:
        """Return which lines wait for a rule; nothing where no line does."""
        return (False,) * self.n_planned + (True,) * len(self.added) if self.added else ()

    def before_doses(self, arm: int) -> dict[int, int]:
        """Return the lines of an arm before whose doses a rule is asked, and one more than that rule's position."""
        return {
            line: k + 1
            for k, each in enumerate(self.rules)
            if each.arm == arm and each.rule.before_doses
            for line in each.lines
        }


def ruling(protocol: Protocol) -> Ruling:
    """Return the rules of every arm of a protocol; without any, all doses of a patient are one line."""
    rules = [
        ArmRule(arm=k, rule=rule, lines=lines_of(arm, rule))
        for k, arm in enumerate(protocol.arms)
        for rule in protocol.rules_of(arm)
    ]
    if not rules:
        return Ruling()
    n_planned = max(1, *(len(arm.dosing) for arm in protocol.arms))
    lines = [(each.arm, act.added) for each in rules for act in acts_of(each.rule) if act.added is not None]
    return Ruling(
        rules=tuple(rules),
        measures=tuple(dict.fromkeys(measure for each in rules for _, measure in each.rule.watch)),
        added=tuple(AddedLine(arm=arm, line=n_planned + k, dosing=line) for k, (arm, line) in enumerate(lines)),
        n_planned=n_planned,
    )


def lines_of(arm: Arm, rule: DosingRule) -> tuple[int, ...]:
    """Return the positions of an arm's lines that a rule decides about."""
    return tuple(i for i, line in enumerate(arm.dosing) if line.drug == rule.drug)


def acts_of(rule: DosingRule) -> Iterator[Act]:
    """Yield every action of a rule, step by step."""
    for step in rule.steps:
        yield from step.acts


def with_rules(model: CourseModel, rules: Ruling, protocol: Protocol, cohort: Cohort, clock: Clock) -> CourseModel:
    """Return the course model with the rules of all arms and the measures they see; as it is without any."""
    if not rules.rules:
        return model
    waiting = iter(rules.added)
    limits = {measure.name: measure.lloq for measure in cohort.measures}
    return replace(
        model,
        signals=tuple(Signal(name=name, value=Name(name), lloq=limits[name]) for name in rules.measures),
        rules=tuple(_rule(each, protocol.arms[each.arm], waiting, clock) for each in rules.rules),
    )


def _rule(each: ArmRule, arm: Arm, waiting: Iterator[AddedLine], clock: Clock) -> Rule:
    rule, lines = each.rule, each.lines
    branches = tuple(
        Branch(
            when=step.when,
            in_a_row=step.in_a_row,
            actions=tuple(_action(act, arm, lines, waiting, clock) for act in step.acts),
        )
        for step in rule.steps
    )
    if not rule.ladder or not lines:
        return Rule(name=f"{arm.name}.{rule.name}", branches=branches)
    ladder = [amount.to(arm.dosing[lines[0]].unit) for amount in rule.ladder]
    return Rule(
        name=f"{arm.name}.{rule.name}",
        branches=branches,
        ladder=tuple(map(Number, ladder)),
        start_level=start_level(rule, arm),
    )


def start_level(rule: DosingRule, arm: Arm) -> int:
    """Return the position in a rule's ladder of the amount that an arm begins with."""
    line = arm.dosing[lines_of(arm, rule)[0]]
    begin = getattr(line.amount, "value", None)
    values = [amount.to(line.unit) for amount in rule.ladder]
    return values.index(begin) if begin in values else 0


def _action(act: Act, arm: Arm, lines: tuple[int, ...], waiting: Iterator[AddedLine], clock: Clock) -> Action:
    kind = KINDS[act.kind]
    if act.kind == "add":
        return Action(kind="start", lines=(next(waiting).line,))
    if act.kind == "delay":
        return Action(kind="delay", lines=lines, value=Number(act.delay * 24.0 / clock.hours_per_unit))
    if act.amount is not None:
        return Action(kind="amount", lines=lines, value=Number(act.amount.to(arm.dosing[lines[0]].unit)))
    return Action(kind=kind, lines=lines)  # type: ignore[arg-type]
