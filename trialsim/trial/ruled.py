"""Rules of arms in the course model: which dosing lines each decides about, which measures it sees."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from trialsim.cohort.model import Cohort
from trialsim.dynamics.model import Action, Branch, CourseModel, Rule, Signal
from trialsim.foundation.expression import Name, Number
from trialsim.protocol.decision_model import Act, DosingRule, Sensor, kept_name
from trialsim.protocol.dosing_amounts import per_patient
from trialsim.protocol.dosing_model import Dosing
from trialsim.protocol.model import Arm, Protocol
from trialsim.trial.plan_doses import inlets_of
from trialsim.trial.rule_amounts import amount_given
from trialsim.trial.timetable import Clock

KINDS = {
    "stop dosing": "stop", "hold dosing": "hold", "resume dosing": "resume", "level up": "level_up",
    "level down": "level_down", "leave trial": "note",
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
class Seen:
    """What rules see: a measure at visits, or by the sensor of a rule."""

    name: str  # of the signal
    measure: str
    rule: DosingRule | None = None  # whose sensor it is
    sensor: Sensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """All rules of a protocol's arms, in the order of the course model."""

    rules: tuple[ArmRule, ...] = ()
    signals: tuple[Seen, ...] = ()
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

    @property
    def sensed(self) -> tuple[str, ...]:
        """Return the measures that sensors read."""
        return tuple(dict.fromkeys(seen.measure for seen in self.signals if seen.sensor is not None))

    @property
    def leaving(self) -> tuple[str, ...]:
        """Return the rules by which patients may leave the trial: reasons for loss."""
        return tuple(dict.fromkeys(each.rule.name for each in self.rules if each.rule.leaves))

    def sees(self, arm: int, signal: int) -> bool:
        """Return whether a rule of an arm sees a signal."""
        seen = self.signals[signal]
        mine = [each.rule for each in self.rules if each.arm == arm]
        if seen.rule is not None:
            return any(rule.name == seen.rule.name for rule in mine)
        return any(seen.measure in dict(rule.watch).values() for rule in mine)

    def pumped(self, arm: int) -> frozenset[int]:
        """Return the lines of an arm that run in at a rate which rules set."""
        setting = (each for each in self.rules if each.arm == arm and sets_rates(each.rule))
        return frozenset(line for each in setting for line in each.lines)

    def kept_before(self, rule: int) -> int:
        """Return how many numbers the rules before this one remember."""
        return sum(len(each.rule.remember) for each in self.rules[:rule])

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
        signals=signals_of([each.rule for each in rules]),
        added=tuple(AddedLine(arm=arm, line=n_planned + k, dosing=line) for k, (arm, line) in enumerate(lines)),
        n_planned=n_planned,
    )


def signals_of(rules: list[DosingRule]) -> tuple[Seen, ...]:
    """Return what rules see: each measure at visits once, then what each rule's own sensors read."""
    at_visits = dict.fromkeys(measure for rule in rules for _, measure in rule.watch)
    own = {
        sensor.signal_of(rule.name): Seen(
            name=sensor.signal_of(rule.name), measure=sensor.measure, rule=rule, sensor=sensor
        )
        for rule in rules
        for sensor in rule.sensors
    }
    return (*(Seen(name=measure, measure=measure) for measure in at_visits), *own.values())


def sets_rates(rule: DosingRule) -> bool:
    """Return whether a rule sets the rate of what runs in."""
    return any(act.kind == "rate" for act in acts_of(rule))


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
        signals=tuple(_signal(seen, limits[seen.measure], clock) for seen in rules.signals),
        rules=tuple(_rule(each, protocol.arms[each.arm], rules, model, cohort, waiting, clock) for each in rules.rules),
    )


def _signal(seen: Seen, lloq: float | None, clock: Clock) -> Signal:
    if seen.rule is None or seen.sensor is None or seen.sensor.slope_over is None:
        return Signal(name=seen.name, value=Name(seen.measure), lloq=lloq)
    assert seen.rule.every is not None
    return Signal(
        name=seen.name,
        value=Name(seen.measure),
        lloq=lloq,
        intervals=round(seen.sensor.slope_over / seen.rule.every),
        spacing=seen.rule.every * 24.0 / clock.hours_per_unit,
    )


def _rule(
    each: ArmRule, arm: Arm, rules: Ruling, model: CourseModel, cohort: Cohort, waiting: Iterator[AddedLine],
    clock: Clock,
) -> Rule:  # fmt: skip
    rule, lines = each.rule, each.lines
    events = [*(hazard.name for hazard in model.hazards), *(trigger.name for trigger in model.triggers)]
    is_pump = bool(rules.pumped(each.arm) & set(lines))
    branches = tuple(
        Branch(
            when=step.when,
            in_a_row=step.in_a_row,
            actions=tuple(
                action
                for act in step.acts
                for action in _actions(act, arm, lines, is_pump, model, cohort, waiting, clock)
            ),
        )
        for step in rule.steps
    )
    made = Rule(
        name=f"{arm.name}.{rule.name}",
        branches=branches,
        remembers=tuple((kept_name(kept.name), kept.start.value, kept.then) for kept in rule.remember),
        on_events=tuple(events.index(event) for event in rule.events),
    )
    if not rule.ladder or not lines:
        return made
    ladder = tuple(amount_given(amount, arm.dosing[lines[0]], cohort) for amount in rule.ladder)
    return replace(made, ladder=ladder, start_level=start_level(rule, arm))


def start_level(rule: DosingRule, arm: Arm) -> int:
    """Return the position in a rule's ladder of the amount that an arm begins with."""
    line = arm.dosing[lines_of(arm, rule)[0]]
    begin = getattr(line.amount, "value", None)
    values = [per_patient(amount)[0].to(line.unit) for amount in rule.ladder]
    return values.index(begin) if begin in values else 0


def _actions(
    act: Act, arm: Arm, lines: tuple[int, ...], is_pump: bool, model: CourseModel, cohort: Cohort,
    waiting: Iterator[AddedLine], clock: Clock,
) -> Iterator[Action]:  # fmt: skip
    if act.kind == "add":
        yield Action(kind="start", lines=(next(waiting).line,))
    elif act.kind == "delay":
        yield Action(kind="delay", lines=lines, value=Number(act.delay * 24.0 / clock.hours_per_unit))
    elif act.amount is not None:
        yield Action(kind="amount", lines=lines, value=amount_given(act.amount, arm.dosing[lines[0]], cohort))
    elif act.kind == "rate":
        assert act.rate is not None and act.unit is not None
        least, most = (0.0, math.inf) if act.within is None else (limit.to(act.unit) for limit in act.within)
        step = 0.0 if act.step is None else act.step.to(act.unit)
        for inlet in inlets_of(arm.dosing[lines[0]], model):
            yield Action(kind="rate", lines=lines, value=act.rate, inlet=inlet, step=step, least=least, most=most)
    else:
        # What runs in at a rule's rate belongs to no dose: it has to stand still before its line takes no more.
        for inlet in inlets_of(arm.dosing[lines[0]], model) if is_pump and act.kind == "stop dosing" else ():
            yield Action(kind="rate", lines=lines, value=Number(0.0), inlet=inlet)
        yield Action(kind=KINDS[act.kind], lines=lines)  # type: ignore[arg-type]
