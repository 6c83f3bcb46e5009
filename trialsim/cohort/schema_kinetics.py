"""Documents of kinetics, and how a cohort uses one: one source for the reader, the JSON Schema and the reference."""

from __future__ import annotations

from typing import Any

from trialsim.cohort import kinetics_model as model
from trialsim.cohort.kinds import KIND
from trialsim.cohort.names import RESERVED
from trialsim.cohort.schema_course import ONE_FORM, WAYS_IN
from trialsim.cohort.schema_people import LABEL, named, renamed
from trialsim.cohort.schema_references import REFERENCE
from trialsim.cohort.schema_units import UNIT
from trialsim.cohort.written import WrittenUse
from trialsim.foundation.sections import (
    Choice,
    Field,
    Formula,
    ListOf,
    MapOf,
    Name,
    Section,
    Text,
    Truth,
    json_schema,
)

LANGUAGE = "kinetics 1"
USE = Section(
    "a use of kinetics",
    {
        "use": Field(Name(), "the document", required=True, example="two_compartment"),
        "drug": Field(Name(), "the drug that enters, where there is a way in", example="warfarin"),
        "routes": Field(
            MapOf(Name(), key=Name()), "other names for the routes of the document", default={},
            example="{oral: subcutaneous}",
        ),
        "with": Field(
            MapOf(Formula(), key=Name()),
            "what its arguments are; one left out is the name of the cohort that is spelled alike", default={},
            example="{CL: CL, V: V1}",
        ),
        "named": Field(
            MapOf(Name(), key=Name()), "other names for its states and quantities", default={}, example="{depot: gut}"
        ),
        "units": Field(
            MapOf(UNIT, key=Name()), "units of its states and quantities", default={}, example="{conc: ug/L}"
        ),
    },
    make=renamed(WrittenUse, **{"with": "arguments"}),
)  # fmt: skip
ARGUMENT = Section(
    "an argument",
    {
        "kind": Field(KIND, "what it measures; words such as response stand for anything", required=True,
                      example="volume/time"),
        "what": Field(Text(), "what it is", required=True, example="clearance"),
        "default": Field(Text(), "what it is where neither a use nor a name of the cohort says it", example="1"),
        "optional": Field(Truth(), "whether the terms of ways in that name it may be left out", default=False),
    },
    at_most_one=(("default", "optional"),),
    make=model.Argument,
)  # fmt: skip
DOOR = Section(
    "a way in of kinetics",
    {"route": Field(Name(), "by which route", required=True, example="oral"), **WAYS_IN},
    at_most_one=ONE_FORM,
    make=model.KineticsDoor,
)
DOORS = Field(ListOf(DOOR), "the ways in of the drug", default=(), example="[{route: oral, lag: lag}]")
STATE = Section(
    "a state of kinetics",
    {
        "rate": Field(Formula(), "its change per unit of time", required=True, example="-ka * depot"),
        "start": Field(Formula(), "where it starts; zero unless given", example="baseline"),
        "receives": DOORS,
    },
    make=model.KineticsState,
)
ADDITION = Section(
    "an addition to a state",
    {"rate": Field(Formula(), "a term added to its rate", example="ka * depot"), "receives": DOORS},
    make=model.Addition,
)
QUANTITY = Section(
    "a quantity of kinetics",
    {
        "is": Field(Formula(), "what it is", required=True, example="central / V"),
        "kind": Field(KIND, "what it measures", required=True, example="amount/volume"),
        "label": LABEL,
    },
    make=renamed(model.KineticsQuantity, **{"is": "value"}),
)
KINETICS = Section(
    "a document of kinetics",
    {
        "language": Field(Choice(LANGUAGE), "the language and its version", required=True, example=LANGUAGE),
        "id": Field(Name(), "its name, and that of its file", required=True, example="one_compartment"),
        "title": Field(Text(), "what it is, in a line", required=True),
        "about": Field(Text(), "what it assumes and when it holds", required=True),
        "references": Field(ListOf(REFERENCE), "where the equations come from", default=()),
        "needs": Field(named(ARGUMENT, RESERVED), "what a cohort hands over", default={}),
        "dynamics": Field(named(STATE, RESERVED), "its states and their rates", default={}),
        "adds": Field(MapOf(ADDITION), "what it adds to states that are arguments", default={}),
        "quantities": Field(named(QUANTITY, RESERVED), "values that follow from states", default={}),
    },
    make=lambda language, **fields: model.Kinetics(**fields),
)


def kinetics_schema() -> dict[str, Any]:
    """Return the JSON Schema of documents of kinetics."""
    return json_schema(KINETICS, "Kinetics by name", "kinetics.schema.json")
