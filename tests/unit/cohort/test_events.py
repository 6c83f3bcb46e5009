"""Events and quantities of paths: what they become in a course model, and who may see them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trialsim.cohort.course_model import course_model, followed_events
from trialsim.cohort.event_words import event_words
from trialsim.cohort.excess import excess, extremes_named
from trialsim.cohort.read import cohort_of_text
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import parse, to_text, values

TEXT = """language: cohort 1
id: events
title: What happens
context_of_use: Tests.
time: h
covariates:
  sex: {categories: {female: 0.5, male: 0.5}}
parameters:
  CL: {typical: 2 L/h}
  V: {typical: 20 L}
  h0: {typical: 0.1 1/year}
dynamics:
  central: {rate: -CL / V * central, receives: [{drug: x, route: iv}]}
quantities:
  conc: {is: central / V, unit: ug/L}
  auc: {integral: conc, over: 1 day, unit: mg*h/L}
  peak: {highest: conc, unit: mg/L}
  inside: {share_of_time: 1 mg/L <= conc <= 3 mg/L}
  log_auc: {is: log(auc / (1 mg*h/L))}
events:
  bleed: {hazard: "h0 * if(sex == female, 1, 2)", recurrent: true}
  fall: {when: conc < 0.5 * highest(conc)}
  death: {hazard: {day 0: 0.02 1/month, month 6: 0.01 1/month}, terminal: true}
measures:
  exposure: {is: auc, error: {proportional: 5%}}
"""
COHORT = cohort_of_text(TEXT, "events.yaml", Path("."))[0]
NAMES = {"a", "b", "c"}


@pytest.mark.parametrize(
    ("condition", "margin"),
    [
        ("a > b", "a - b"),
        ("a <= 2 * b", "2 * b - a"),
        ("a < b <= c", "min(b - a, c - b)"),
        ("a > b and b > c", "min(a - b, b - c)"),
        ("a > b or b >= c", "max(a - b, b - c)"),
        ("not a > b", "b - a"),
        ("not (a > b and b > c)", "max(b - a, c - b)"),
        ("not (a < b < c)", "max(a - b, b - c)"),
        ("not (a > b or not b > c)", "min(b - a, b - c)"),
    ],
)
def test_the_margin_of_a_condition(condition, margin):
    made = excess(parse(condition, names=NAMES))
    assert to_text(made) == margin
    for a, b, c in [(1, 2.3, 3), (3, 2.3, 1), (2.3, 3, 1), (1, 3, 2.3), (3, 1, 2.3), (2.3, 1, 3)]:
        numbers = {"a": float(a), "b": float(b), "c": float(c)}
        assert bool(values(parse(condition, names=NAMES), numbers)) == bool(values(made, numbers) > 0)


def test_extremes_so_far_are_names_that_no_document_has():
    expr, asked = extremes_named(
        parse("a > 1.2 * lowest(a) and highest(b) > c", names=NAMES, asks=("lowest", "highest"))
    )
    assert to_text(expr) == "a > 1.2 * lowest(a) and highest(b) > c"
    assert {name: of for name, (of, _) in asked.items()} == {"lowest(a)": "a", "highest(b)": "b"}


def test_hazards_triggers_and_functionals_of_a_course():
    model = course_model(COHORT, [("stop", parse("h0", names={"h0"}))], ["exposure"], 0.0, events=True)
    year, month = 1 / (365.25 * 24), 1 / (30.4375 * 24)
    assert [(h.name, h.recurrent) for h in model.hazards] == [("stop", False), ("bleed", True), ("death", False)]
    for t, rate in ((0.0, 0.02), (4382.9, 0.02), (4383.0, 0.01)):
        assert values(model.hazards[2].rate, {"t": t}) == pytest.approx(rate * month)
    assert values(model.hazards[1].rate, {"h0": 0.1, "sex": 1.0}) == pytest.approx(0.2 * year)
    assert [(e.name, to_text(e.excess)) for e in model.triggers] == [("fall", "0.001 * (0.5 * highest(conc) - conc)")]
    assert [(f.name, f.kind, to_text(f.of), f.over) for f in model.functionals] == [
        ("auc", "integral", "0.001 * conc", 24.0),
        ("peak", "highest", "0.001 * conc", None),
        ("inside", "share", "0.001 * min(conc - 1000, 3000 - conc)", None),
        ("highest(conc)", "highest", "conc", None),
    ]
    assert [(name, to_text(e)) for name, e in model.quantities] == [
        ("conc", "central / V"), ("log_auc", "log(auc / 1)"), ("exposure", "auc")
    ]  # fmt: skip
    assert [event.name for event in followed_events(COHORT)] == ["bleed", "death", "fall"]


def test_nothing_happens_before_randomisation():
    model = course_model(COHORT, [], [], 2.0, events=True)
    assert to_text(model.triggers[0].excess) == "min(0.001 * (0.5 * highest(conc) - conc), t - 48)"
    numbers = {"h0": 0.1, "sex": 0.0}
    assert [values(model.hazards[0].rate, {**numbers, "t": t}) > 0 for t in (47.0, 48.0)] == [False, True]


def test_events_are_not_forgotten_where_nobody_asks_for_them():
    with pytest.raises(TrialsimError) as fault:
        course_model(COHORT, [], [], 0.0)
    assert str(fault.value) == (
        "the events of a cohort are not supported by this version here\n  = events: bleed, fall, death"
    )
    without = course_model(COHORT, [], ["exposure"], 0.0, events=False)
    assert (without.hazards, without.triggers, len(without.functionals)) == ((), (), 3)


def test_a_hazard_of_a_protocol_cannot_see_a_path():
    with pytest.raises(TrialsimError) as fault:
        course_model(COHORT, [("stop", parse("h0 * log_auc", names={"h0", "log_auc"}))], [], 0.0, events=True)
    assert str(fault.value) == (
        "the hazard of 'stop' cannot see 'log_auc'\n"
        "  = it sees what holds at an instant: integral, highest, lowest and share_of_time are for measures"
    )


def test_events_in_words():
    assert event_words(COHORT) == [
        ("bleed", "again and again", "hazard h0 * if(sex == female, 1, 2)"),
        ("fall", "once", "when conc < 0.5 * highest(conc)"),
        ("death", "ends the course", "hazard 0.02 1/month from day 0, 0.01 1/month from day 182.625"),
    ]


def test_the_command_shows_events(tmp_path):
    (tmp_path / "events.yaml").write_text(TEXT)
    command = [sys.executable, "-m", "trialsim.cli.main", "cohort", "./events.yaml", "-n", "20"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "COLUMNS": "120"})
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "bleed again and again hazard h0 * if(sex == female, 1, 2)" in lines
    assert "fall once when conc < 0.5 * highest(conc)" in lines
