"""The cohort document as a whole: one source for the reader, the JSON Schema and the reference."""

from __future__ import annotations

from typing import Any

from trialsim.cohort.names import RESERVED
from trialsim.cohort.schema_course import EVENT, QUANTITY, STATE
from trialsim.cohort.schema_fit import FIT
from trialsim.cohort.schema_kinetics import USE
from trialsim.cohort.schema_measures import MEASURE
from trialsim.cohort.schema_people import COVARIATE, COVARIATES_FROM, INPUT, OCCASIONS, PARAMETER, named
from trialsim.cohort.schema_references import REFERENCE
from trialsim.cohort.schema_units import UNIT
from trialsim.cohort.written import WrittenCohort
from trialsim.foundation.sections import (
    Choice,
    Field,
    ListOf,
    MapOf,
    Name,
    NotYet,
    Number,
    Section,
    Text,
    json_schema,
)

LANGUAGE = "cohort 1"
CORRELATIONS = MapOf(Number(above=-1, below=1), key=Text())
COHORT = Section(
    "a cohort",
    {
        "language": Field(Choice(LANGUAGE), "the language and its version", required=True, example=LANGUAGE),
        "id": Field(Name(hyphens=True), "its name in protocols and folders", required=True, example="warfarin"),
        "title": Field(Text(), "what it is", required=True),
        "context_of_use": Field(Text(), "what it may be used for", required=True),
        "references": Field(ListOf(REFERENCE), "where its numbers come from", default=()),
        "limits": Field(ListOf(Text()), "what it does not cover; reports repeat it", default=()),
        "time": Field(UNIT, "the unit of time in the equations", required=True, example="h"),
        "covariates": Field(named(COVARIATE, RESERVED), "the properties patients come with", default={}),
        "covariate_correlation": Field(
            CORRELATIONS, "correlations of the underlying normal scores", default={}, example="{weight ~ age: 0.15}"
        ),
        "covariates_from": Field(COVARIATES_FROM, "a file whose rows are patients", example="{rows_of: adults.csv}"),
        "inputs": Field(named(INPUT, RESERVED), "what arms set", default={}, example="{treated: {default: 0}}"),
        "parameters": Field(named(PARAMETER, RESERVED), "the numbers of the model, in three layers", default={}),
        "random_effect_correlation": Field(
            CORRELATIONS, "correlations of the variation between patients", default={}, example="{CL ~ V: 0.3}"
        ),
        "occasions": Field(OCCASIONS, "what an occasion is, counted from randomisation", example="{every: 7 days}"),
        "kinetics": Field(
            ListOf(USE),
            "kinetics and links by name",
            default=(),
            example="[{use: one_compartment, drug: x}]",
        ),
        "dynamics": Field(named(STATE, RESERVED), "states and their rates of change", default={}),
        "quantities": Field(named(QUANTITY, RESERVED), "values that follow from states", default={}),
        "events": Field(named(EVENT, RESERVED), "what happens to patients", default={}),
        "measures": Field(named(MEASURE, RESERVED), "what instruments read", default={}),
        "posterior": Field(Name(hyphens=True), "the fit whose draws replace the published uncertainty"),
        "fit": Field(FIT, "how the cohort is fitted to data"),
        "units": Field(NotYet("a cohort's 'units'", "give the units"), ""),
    },
    make=WrittenCohort,
)


def cohort_schema() -> dict[str, Any]:
    """Return the JSON Schema of cohort documents."""
    return json_schema(COHORT, "A cohort of patients", "cohort.schema.json")
