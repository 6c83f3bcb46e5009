"""Rules inside a course: what they come to, and how they are written again."""

import pytest

from tests.unit.protocol.documents import FULL, cohort, first_fault, protocol
from tests.unit.trial import pump_documents
from trialsim.foundation.errors import InvalidDocument
from trialsim.protocol.read import protocol_from
from trialsim.protocol.write import protocol_text

RULES = """\
rules:
  titrate:
    at: [w4, week 8]
    watch: {p: sbp}
    ladder: [5 mg, 10 mg, 20 mg]
    do:
      - {when: p < 100 mmHg, then: stop dosing}
      - {when: p > 14 kPa and sex == female and level < 3, in_a_row: 2, then: [level up, {delay: 1 week}]}
      - {then: {add: {drug: X, amount: 2 mg, route: iv, every: 12 h, for: 2 days}}}
"""
NAMED = (("arms:\n", RULES + "arms:\n"), ("until: week 12}]}\n  high", "until: week 12}], rules: [titrate]}\n  high"))


def test_a_rule_with_nothing_implied():
    rule = protocol(*NAMED).rules[0]
    assert (rule.moments, rule.visits, rule.before_doses, rule.every) == ((56.0,), ("w4",), False, None)
    assert (rule.watch, rule.drug, [str(amount) for amount in rule.ladder]) == (
        (("p", "sbp"),), "X", ["5 mg", "10 mg", "20 mg"],
    )  # fmt: skip
    assert [step.in_a_row for step in rule.steps] == [1, 2, 1]
    assert [act.text for step in rule.steps for act in step.acts] == [
        "stop dosing", "level up", "delay 1 week", "add X",
    ]  # fmt: skip
    added = rule.steps[2].acts[0].added
    assert (added.when.every, added.when.until, added.route) == (0.5, 2.0, "iv")


def test_a_resolved_protocol_with_rules_reads_as_itself():
    made = protocol(*NAMED)
    text = protocol_text(made)
    again = protocol_from(text, cohort())
    assert protocol_text(again) == text
    assert (again.digest, again.rules) == (made.digest, made.rules)
    assert made.digest != protocol().digest


def test_rules_are_checked_in_every_design():
    shorter = ("ladder: [5 mg, 10 mg, 20 mg]", "ladder: [10 mg, 20 mg]")
    text = FULL
    for old, new in NAMED:
        text = text.replace(old, new)
    assert first_fault(shorter, text=text) == (
        "rule-ladder: with patients.randomised = 60, arms.low.dosing.0.amount = 5 mg: the arm begins with 5 mg, which "
        "the ladder of the rule 'titrate' does not have"
    )


def test_doses_that_are_added_without_an_end_go_on_to_the_last_visit():
    endless = (NAMED[0][0], NAMED[0][1].replace(", for: 2 days", ""))
    added = protocol(endless, NAMED[1]).rules[0].steps[2].acts[0].added
    assert added.when.until == 84.0


def test_a_loop_with_nothing_implied_reads_as_itself():
    made = protocol_from(pump_documents.PROTOCOL, pump_documents.cohort())
    text = protocol_text(made)
    again = protocol_from(text, pump_documents.cohort())
    assert protocol_text(again) == text
    assert (again.digest, again.rules) == (made.digest, made.rules)


def test_what_a_loop_sees_and_remembers():
    made = protocol_from(pump_documents.PROTOCOL, pump_documents.cohort())
    loop = next(rule for rule in made.rules if rule.name == "loop")
    assert [(sensor.name, sensor.text) for sensor in loop.sensors] == [
        ("g", "sensor(cgm)"), ("trend", "slope(cgm, 15 minutes)"),
    ]  # fmt: skip
    assert [(kept.name, str(kept.start), kept.then_text) for kept in loop.remember] == [
        ("i", "0 mg*h/L", "0.98 * i + (g - 110 mg/dL) * 5 min"), ("asked", "0", "asked + 1"),
    ]  # fmt: skip
    assert [act.text for step in loop.steps for act in step.acts][0] == "rate 0 U/h"
    assert [rule.events for rule in made.rules if rule.events] == [("low",), ("low",)]
    assert [rule.name for rule in made.rules if rule.leaves] == ["gone"]


def test_a_rule_on_an_event_that_ends_the_course_is_refused():
    from trialsim.cohort.read import cohort_of_text

    text = pump_documents.COHORT.replace('when: "glucose < 65 mg/dL"', 'when: "glucose < 65 mg/dL", terminal: true')
    deadly = cohort_of_text(text, "<cohort>", pump_documents.Path())[0]
    with pytest.raises(InvalidDocument) as fault:
        protocol_from(pump_documents.PROTOCOL, deadly)
    message = "the event 'low' ends a patient's course, and nothing is decided after that"
    assert [(each.slug, each.message) for each in fault.value.diagnostics] == [("rule-times", message)] * 2
