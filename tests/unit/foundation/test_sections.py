"""Sections: values, faults in full, places, and the schema and reference from the same source."""

from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trialsim.foundation.dimensions import MASS
from trialsim.foundation.errors import InvalidDocument, Place, Problems, UnreadableText, diagnostic_text
from trialsim.foundation.positions import Mapping, node
from trialsim.foundation.sections import (
    UNREADABLE,
    Amount,
    ByShape,
    Choice,
    Duration,
    Field,
    Formula,
    FormulaText,
    Kind,
    ListOf,
    MapOf,
    Moment,
    Name,
    NotYet,
    Number,
    Phrase,
    Raw,
    Section,
    Text,
    Truth,
    Whole,
    json_schema,
    read,
    reference_markdown,
)
from trialsim.foundation.units import Quantity, quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    drug: str
    amount: Quantity
    every: Quantity | None
    until: float | None


def versus(text: str) -> tuple[str, str]:
    treated, found, control = text.partition(" vs ")
    if not found:
        raise UnreadableText("bad-name", f"{text!r} compares nothing", ["write: high vs placebo"])
    return treated, control


DOSE = Section(
    "a dose",
    {
        "drug": Field(Name(), "what is given", required=True, example="X"),
        "amount": Field(Amount(MASS, positive=True), "how much", required=True, example="25 mg"),
        "every": Field(Duration(positive=True), "the time between doses"),
        "until": Field(Moment(), "when it ends", example="week 12"),
    },
    make=Dose,
)
ARM = Section(
    "an arm",
    {
        "dosing": Field(ListOf(DOSE), "what is given", default=()),
        "rules": Field(ListOf(Name(), at_most=2), "rules followed", default=()),
        "opens": Field(NotYet("an arm's 'opens'", "open all arms at once"), "when it opens"),
    },
)
EVENT = Section(
    "an event",
    {
        "hazard": Field(Formula(), "its hazard"),
        "when": Field(Formula(condition=True), "when it happens"),
        "lag": Field(Duration(), "a lag"),
        "delay": Field(Duration(), "a delay"),
    },
    exactly_one=(("hazard", "when"),),
    at_most_one=(("lag", "delay"),),
)
TRIAL = Section(
    "a protocol",
    {
        "id": Field(Name(hyphens=True), "its id", required=True),
        "title": Field(Text(20), "its title"),
        "phase": Field(Choice("1", "2", "3"), "the phase"),
        "randomised": Field(Whole(1), "patients", default=100),
        "takes": Field(Number(0, 1), "share of doses taken", default=1.0),
        "open_label": Field(Truth(), "known to all", default=False),
        "arms": Field(MapOf(ARM, at_least=1, reserved=("all",)), "the arms", required=True),
        "events": Field(MapOf(EVENT, key=Text()), "the events", default={}),
        "compare": Field(Phrase("a comparison", "high vs low", versus, r".+ vs .+"), "what is compared"),
        "anything": Field(Raw("anything"), "read later"),
        "cut": Field(ByShape(scalar=Moment(), mapping=EVENT), "the data cut"),
    },
)
GOOD = """\
id: bp-dose-ranging
title: A trial
phase: 2
takes: 92%
arms:
  placebo: {}
  high: {dosing: [{drug: X, amount: 25 mg, every: 24 h, until: week 12}], rules: [titrate]}
events: {death: {hazard: "if(a > b, c, d)"}}
compare: high vs placebo
anything: {x: [1]}
cut: week 4
"""


def reading(text: str, kind: Kind = TRIAL) -> tuple[Any, str, dict[tuple[str | int, ...], Place]]:
    problems, places = Problems(), {}
    value = read(node(text, "f"), kind, problems, places)
    return value, "\n".join(diagnostic_text(fault, text) for fault in problems.diagnostics), places


def test_a_document_is_read_whole() -> None:
    value, told, places = reading(GOOD)
    assert told == ""
    anything = value.pop("anything")
    assert isinstance(anything, Mapping)
    assert value == {
        "id": "bp-dose-ranging",
        "title": "A trial",
        "phase": "2",
        "randomised": 100,
        "takes": 0.92,
        "open_label": False,
        "arms": {
            "placebo": {"dosing": (), "rules": ()},
            "high": {
                "dosing": (Dose(drug="X", amount=quantity("25 mg"), every=quantity("24 h"), until=84.0),),
                "rules": ("titrate",),
            },
        },
        "events": {
            "death": {
                "hazard": FormulaText("if(a > b, c, d)", Place("f", 8, 26, 43)),
                "when": None,
                "lag": None,
                "delay": None,
            }
        },
        "compare": ("high", "placebo"),
        "cut": 28.0,
    }
    assert places[("arms", "high", "dosing", 0, "amount")] == Place("f", 7, 37, 42)
    assert places[("arms", "high", "@key")] == Place("f", 7, 3, 7)


FAULTS: list[tuple[Kind, str, str]] = [
    (
        ARM,
        "dosin: []",
        "f:1:1: error[unknown-key]: an arm has no field 'dosin'\n  |\n1 | dosin: []\n  | ^^^^^ not a field of an arm\n"
        "  = expected: dosing, rules\n  = nearest name: dosing",
    ),
    (
        ARM,
        "opens: month 3",
        "f:1:1: error[not-yet]: an arm's 'opens' is not supported by this version\n  |\n1 | opens: month 3\n  | ^^^^^\n"
        "  = open all arms at once",
    ),
    (
        ARM,
        "rules: titrate",
        "f:1:8: error[wrong-shape]: 'rules' is one value where something else is wanted\n  |\n1 | rules: titrate\n"
        "  |        ^^^^^^^ one value\n  = expected: a list, each a name, at most 2 items",
    ),
    (
        ARM,
        "rules: [a, b, c]",
        "f:1:8: error[wrong-count]: 'rules' has 3 items, at most 2 are wanted\n  |\n1 | rules: [a, b, c]\n"
        "  |        ^^^^^^^^^",
    ),
    (
        ARM,
        "dosing: [5]",
        "f:1:10: error[wrong-shape]: item 1 of 'dosing' is one value where something else is wanted\n  |\n"
        "1 | dosing: [5]\n  |          ^ one value\n"
        "  = expected: a dose, a mapping of fields, like {drug: X, amount: 25 mg}",
    ),
    (
        ARM,
        "dosing:",
        "f:1:1: error[missing-value]: 'dosing' has no value\n  |\n1 | dosing:\n  | ^^^^^^\n  = write [] for none",
    ),
    (
        DOSE,
        "drug: X",
        "f:1:1: error[missing-field]: a dose needs the field 'amount'\n  |\n1 | drug: X\n  | ^^^^\n"
        "  = amount: how much\n  = for example amount: 25 mg",
    ),
    (
        Amount(MASS),
        "25",
        "f:1:1: error[missing-unit]: '25' has no unit\n  |\n1 | 25\n  | ^^\n  = expected: mass, in a unit such as mg",
    ),
    (
        Amount(MASS),
        "25 mg/L",
        "f:1:1: error[wrong-unit]: '25 mg/L' is in the wrong kind of unit\n  |\n1 | 25 mg/L\n  | ^^^^^^^\n"
        "  = given: concentration (mass/volume)\n  = expected: mass, in a unit such as mg",
    ),
    (
        Amount(MASS, positive=True),
        "-5 mg",
        "f:1:1: error[out-of-range]: -5 mg is out of range\n  |\n1 | -5 mg\n  | ^^^^^\n  = expected: above 0",
    ),
    (
        Amount(),
        '"5 mcg"',
        "f:1:4: error[unknown-unit]: 'mcg' is not a unit here\n  |\n1 | \"5 mcg\"\n  |    ^^^\n  = write ug",
    ),
    (
        Number(0, 1),
        "120%",
        "f:1:1: error[out-of-range]: 120% is out of range\n  |\n1 | 120%\n  | ^^^^\n"
        "  = expected: at least 0 and at most 1",
    ),
    (
        Number(above=0),
        "5 mg",
        "f:1:1: error[wrong-unit]: '5 mg' has a unit where a plain number is wanted\n  |\n1 | 5 mg\n  | ^^^^\n"
        "  = leave the unit out",
    ),
    (
        Whole(1),
        "2.5",
        "f:1:1: error[bad-number]: '2.5' is no whole number\n  |\n1 | 2.5\n  | ^^^\n  = write it in digits, like 300",
    ),
    (Truth(), "yes", "f:1:1: error[bad-truth]: 'yes' is neither true nor false\n  |\n1 | yes\n  | ^^^\n  = write true"),
    (
        Choice("lower", "higher"),
        "lowr",
        "f:1:1: error[unknown-word]: 'lowr' is not a word known here\n  |\n1 | lowr\n  | ^^^^\n"
        "  = expected: lower, higher\n  = nearest name: lower",
    ),
    (
        Name(),
        "2x",
        "f:1:1: error[bad-name]: '2x' is no name\n  |\n1 | 2x\n  | ^^\n"
        "  = names are letters, digits and _, begin with a letter and have at most 64 characters",
    ),
    (
        MapOf(Raw("anything"), reserved=("all",)),
        "all: 1",
        "f:1:1: error[reserved-name]: 'all' is a word of the language and no name here\n  |\n1 | all: 1\n  | ^^^\n"
        "  = choose another name",
    ),
    (
        MapOf(Raw("anything")),
        "min: 1",
        "f:1:1: error[reserved-name]: 'min' is a word of expressions and no name\n  |\n1 | min: 1\n  | ^^^\n"
        "  = choose another name",
    ),
    (Text(3), "long", "f:1:1: error[too-long]: a text of 4 characters, at most 3 are allowed\n  |\n1 | long\n  | ^^^^"),
    (Text(), '" "', 'f:1:1: error[missing-value]: a text is missing\n  |\n1 | " "\n  | ^^^'),
    (
        EVENT,
        "{}",
        "f:1:1: error[one-of]: an event has exactly one of hazard, when\n  |\n1 | {}\n  | ^^\n  = none is given",
    ),
    (
        EVENT,
        "{hazard: 1, lag: 1 h, delay: 1 h}",
        "f:1:23: error[one-of]: an event has at most one of lag, delay\n  |\n1 | {hazard: 1, lag: 1 h, delay: 1 h}\n"
        "  |                       ^^^^^ given here\n  ::: f:1:13\n  |\n1 | {hazard: 1, lag: 1 h, delay: 1 h}\n"
        "  |             ^^^ given too",
    ),
    (
        ByShape(scalar=Moment()),
        "[1]",
        "f:1:1: error[wrong-shape]: the document is a list where something else is wanted\n  |\n1 | [1]\n"
        "  | ^^^ a list\n"
        "  = expected: a point in time, like week 12",
    ),
    (
        Phrase("a comparison", "high vs low", versus),
        "high",
        "f:1:1: error[bad-name]: 'high' compares nothing\n  |\n1 | high\n  | ^^^^\n  = write: high vs placebo",
    ),
]


@pytest.mark.parametrize(("kind", "text", "message"), FAULTS)
def test_faults_in_full(kind: Kind, text: str, message: str) -> None:
    value, told, _ = reading(text, kind)
    assert told == message
    assert value is UNREADABLE or "unknown-key" in message


def test_a_fault_does_not_stop_the_reading_of_the_rest() -> None:
    value, told, places = reading("id: bp\narms: {a: {dosing: [{drug: X, amount: 5}]}, b: {rules: [1x]}}\ntakes: 2\n")
    assert value is UNREADABLE
    assert [line.split(": ")[1] for line in told.splitlines() if line.startswith("f:")] == [
        "error[missing-unit]",
        "error[bad-name]",
        "error[out-of-range]",
    ]
    assert ("takes",) in places


@pytest.mark.parametrize("kind", [ARM, DOSE, EVENT, TRIAL])
def test_the_schema_is_a_schema(kind: Kind) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(kind, "T", "https://example.org/t.json"))


def test_the_schema_takes_what_the_reader_takes() -> None:
    schema = json_schema(TRIAL, "Protocol", "https://example.org/protocol.json")
    jsonschema.validate(yaml.safe_load(GOOD), schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "opens" not in schema["properties"]["arms"]["additionalProperties"]["properties"]


@pytest.mark.parametrize(
    "change",
    [
        {"idd": "x"},
        {"arms": {}},
        {"arms": {"all": {}}},
        {"arms": {"2x": {}}},
        {"arms": {"a": {"opens": "day 0"}}},
        {"arms": {"a": {"dosing": [{"drug": "X", "amount": 25}]}}},
        {"arms": {"a": {"dosing": [{"drug": "X", "amount": "25 mg", "until": "12 weeks"}]}}},
        {"events": {"a": {}}},
        {"events": {"a": {"hazard": 1, "lag": "1 h", "delay": "1 h"}}},
        {"takes": 1.2},
        {"phase": 4},
        {"randomised": 0},
        {"compare": "high"},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(change: dict[str, Any]) -> None:
    document = {**yaml.safe_load(GOOD), **change}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json_schema(TRIAL, "Protocol", "https://example.org/protocol.json"))
    value, told, _ = reading(yaml.safe_dump(document))
    assert told != ""


def test_the_reference_has_a_table_a_section() -> None:
    assert reference_markdown(ListOf(ARM)) == (
        "## Arm\n\n| field | what | without it | example |\n|---|---|---|---|\n"
        "| `dosing` | what is given (a list, each a dose) |  |  |\n"
        "| `rules` | rules followed (a list, each a name, at most 2 items) |  |  |\n"
        "\nNot supported by this version, and refused by name: `opens`.\n\n"
        "## Dose\n\n| field | what | without it | example |\n|---|---|---|---|\n"
        "| `drug` | what is given (a name) | required | `drug: X` |\n"
        "| `amount` | how much (a quantity (mass), above 0) | required | `amount: 25 mg` |\n"
        "| `every` | the time between doses (a length of time, like 12 weeks, above 0) |  |  |\n"
        "| `until` | when it ends (a point in time, like week 12) |  | `until: week 12` |\n"
    )


anything = st.recursive(
    st.text(max_size=8) | st.sampled_from(["25 mg", "week 12", "{}", "5", "true", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*TRIAL.fields, *ARM.fields, *DOSE.fields, *EVENT.fields, "x", "1"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)


@given(anything)
@settings(max_examples=300, deadline=None)
def test_any_document_is_read_or_told_its_faults(document: Any) -> None:
    try:
        made = node(yaml.safe_dump(document, allow_unicode=True), "f")
    except InvalidDocument:
        return
    problems = Problems()
    value = read(made, TRIAL, problems, {})
    assert (value is UNREADABLE) <= problems.any_errors
