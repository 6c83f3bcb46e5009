"""What a protocol document may say: one source for the reader, the JSON Schema and the reference."""

from __future__ import annotations

from typing import Any

from trialsim.foundation.sections import (
    Choice,
    Duration,
    Field,
    ListOf,
    MapOf,
    Name,
    NotYet,
    Phrase,
    Section,
    Text,
    json_schema,
)
from trialsim.protocol.schema_analysis import ANALYSIS, ENDPOINT, ESTIMAND
from trialsim.protocol.schema_campaign import KEEP, SCENARIO, SIMULATION
from trialsim.protocol.schema_decisions import RULE
from trialsim.protocol.schema_design import (
    ARM,
    ASSESSMENT,
    CONDUCT,
    CONTEXT,
    NO_TIME,
    PATIENTS,
    RANDOMISATION,
    VISIT,
    visit_at,
)
from trialsim.protocol.schema_families import FAMILY
from trialsim.protocol.schema_milestones import MILESTONE
from trialsim.protocol.written import Written, WrittenScenario, WrittenVisit

LANGUAGE = "protocol 1"


def written_protocol(language: str = LANGUAGE, **values: Any) -> Written:
    """Return the document, with what may be written in two shapes brought to one."""
    visits = values.get("visits")
    if visits is not None:
        values["visits"] = {
            name: visit if isinstance(visit, WrittenVisit) else visit_at(visit) for name, visit in visits.items()
        }
    if values.get("scenarios", {}) is None:
        values["scenarios"] = {"expected": WrittenScenario()}
    return Written(**values)


PROTOCOL = Section(
    "a protocol",
    {
        "language": Field(Choice(LANGUAGE), "the language and its version", required=True, example=LANGUAGE),
        "id": Field(
            Name(hyphens=True), "the trial's id, the name of its file", required=True, example="bp-dose-ranging"
        ),
        "title": Field(Text(), "what the trial is, in one line", required=True),
        "phase": Field(
            Choice("1", "1/2", "2", "2/3", "3", "4"), "the phase of development", required=True, example="2"
        ),
        "context_of_use": Field(CONTEXT, "what the simulation is for", required=True),
        "patients": Field(PATIENTS, "who is randomised, and how many", required=True),
        "arms": Field(MapOf(ARM, Name()), "what each arm receives", required=True, example="{placebo: {}}"),
        "randomise": Field(RANDOMISATION, "how patients are allocated to arms"),
        "visits": Field(
            MapOf(VISIT, Name(), at_least=1),
            "when patients are seen; day 0 is randomisation; the first visit before it is screening",
            required=True,
            example="{baseline: day 0, w12: week 12}",
        ),
        "assess": Field(
            MapOf(ASSESSMENT, Name()),
            "which measures of the cohort are taken when",
            default={},
            example="{sbp: {at: [baseline, w12]}}",
        ),
        "conduct": Field(CONDUCT, "what is assumed about how the trial runs", required=True),
        "follow_up": Field(
            Duration(positive=True),
            "how long events are looked for in each patient; up to the last visit unless written",
            example="36 months",
        ),
        "cut_delay": Field(
            Duration(),
            "from the day the last datum of the endpoints is known to the analysis",
            default=NO_TIME,
            example="4 weeks",
        ),
        "endpoints": Field(MapOf(ENDPOINT, Name(), at_least=1), "the number each patient contributes", required=True),
        "estimands": Field(
            MapOf(ESTIMAND, Name(), at_least=1), "an endpoint, and what intercurrent events do to it", required=True
        ),
        "analyses": Field(MapOf(ANALYSIS, Name(), at_least=1), "how the arms are compared", required=True),
        "families": Field(
            MapOf(FAMILY, Name()),
            "comparisons of several analyses that share one error rate",
            default={},
            example="{main: {fixed_sequence: [primary, key_secondary]}}",
        ),
        "success": Field(
            Phrase("when the trial succeeds", "any of primary", str, r"(any|all)\s+of\s+\S+"),
            "which rejections make the trial a success",
            required=True,
            example="any of primary",
        ),
        "scenarios": Field(
            MapOf(SCENARIO, Name(hyphens=True), at_least=1),
            "truths to try the design against",
            default=None,
            example="{expected: {}, no_effect: {parameters: {EMAX: 0}, null: [high vs placebo]}}",
        ),
        "vary": Field(
            MapOf(ListOf(Text(), at_least=1), Text()),
            "fields of the design and the values they take in turn",
            default={},
            example="{patients.randomised: [200, 300]}",
        ),
        "simulate": Field(SIMULATION, "the seed, what is uncertain, how many trials", required=True),
        "keep": Field(KEEP, "how much patient-level data is stored"),
        "rules": Field(
            MapOf(RULE, Name()),
            "decisions inside a patient's course, for the arms that name them",
            default={},
            example="{careful: {at: [w4], watch: sbp, do: [{when: sbp < 100 mmHg, then: stop dosing}]}}",
        ),
        "milestones": Field(
            MapOf(MILESTONE, Name()),
            "looks at the trial while it runs, in this order; unless written, one at the end: every analysis, after"
            " the last datum of the endpoints is known",
            default={},
            example="{final: {when: events(pfs) >= 240, do: [{test: primary}]}}",
        ),
        "periods": Field(NotYet("a protocol's 'periods'", "trials of this version have parallel arms"), ""),
        "sequences": Field(NotYet("a protocol's 'sequences'", "trials of this version have parallel arms"), ""),
        "occasions": Field(
            NotYet("a protocol's 'occasions'", "patients vary between, not within, in this version"), ""
        ),
        "assign": Field(NotYet("a protocol's 'assign'", "write randomise: patients are allocated in fixed ratios"), ""),
        "inputs": Field(NotYet("a protocol's 'inputs'", "write them in the cohort, and sets: {…} in arms"), ""),
    },
    make=written_protocol,
)


def protocol_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a protocol, for editors."""
    return json_schema(PROTOCOL, "trialsim protocol 1", "protocol.schema.json")


__all__ = ["LANGUAGE", "PROTOCOL", "protocol_schema"]
