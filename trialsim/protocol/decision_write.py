"""Rules inside a course as a document says them, with nothing implied."""

from __future__ import annotations

from trialsim.protocol.decision_model import Act, DosingRule, Step
from trialsim.protocol.dosing_model import Dosing
from trialsim.protocol.dosing_write import Data, dosing_data
from trialsim.protocol.times import duration_text, moment_text


def rule_data(rule: DosingRule) -> dict[str, Data]:
    """Return a rule as plain data."""
    data: dict[str, Data] = {}
    if rule.before_doses:
        data["before"] = "doses"
    elif rule.events:
        data["on"] = list(rule.events)
    elif rule.every is not None:
        data |= {"every": duration_text(rule.every), "start": moment_text(rule.start), "until": moment_text(rule.until)}
    else:
        data["at"] = [*map(moment_text, rule.moments), *rule.visits]
    watch: dict[str, Data] = {**dict(rule.watch), **{sensor.name: sensor.text for sensor in rule.sensors}}
    data |= {"watch": watch} if watch else {}
    kept: dict[str, Data] = {each.name: {"start": str(each.start), "then": each.then_text} for each in rule.remember}
    data |= {"remember": kept} if kept else {}
    data |= {"drug": rule.drug} if rule.drug is not None else {}
    data |= {"ladder": [str(amount) for amount in rule.ladder]} if rule.ladder else {}
    return data | {"do": [step_data(step) for step in rule.steps]}


def step_data(step: Step) -> dict[str, Data]:
    data: dict[str, Data] = {"when": step.when_text} if step.when_text else {}
    return data | {"in_a_row": str(step.in_a_row), "then": [act_data(act) for act in step.acts]}


def act_data(act: Act) -> Data:
    match act.kind:
        case "delay":
            return {"delay": duration_text(act.delay)}
        case "amount":
            return {"amount": str(act.amount)}
        case "add":
            assert act.added is not None
            return {"add": added_data(act.added)}
        case "rate":
            data: dict[str, Data] = {"rate": act.rate_text}
            data |= {"step": str(act.step)} if act.step is not None else {}
            return data | ({"within": [str(limit) for limit in act.within]} if act.within is not None else {})
    return act.kind


def added_data(line: Dosing) -> dict[str, Data]:
    """Return added doses: their times count from the decision, so that an end is a length of time."""
    data, when = dosing_data(line), line.when
    for name in ("at", "start", "until"):
        data.pop(name, None)
    return data | ({"for": duration_text(when.until)} if when.until is not None else {})
