"""The JSON Schema of a document, for editors: generated from the kinds the reader reads by."""

from __future__ import annotations

from typing import Any

from trialsim.foundation.section_kinds import (
    IDENTIFIER,
    NAME,
    Amount,
    ByShape,
    Choice,
    Duration,
    Field,
    Formula,
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
    described,
)
from trialsim.foundation.section_reading import written
from trialsim.foundation.unit_names import TIME_WORDS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
DECIMAL = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
# An editor's YAML types what ours takes as text: `title: 2024` is a number to it.
ANY_SCALAR = ["string", "number", "boolean"]


def json_schema(kind: Kind, title: str, id: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a kind of document."""
    return {"$schema": DRAFT, "$id": id, "title": title, **schema_of(kind)}


def schema_of(kind: Kind) -> dict[str, Any]:
    """Return what an editor may accept for a kind; what it cannot judge (units, expressions) stays open."""
    match kind:
        case Text() | Formula() | Phrase(_, _, _, None):
            return {"type": ANY_SCALAR}
        case Phrase(_, _, _, pattern):
            return {"type": ["string", "number"], "pattern": f"^(?:{pattern})$"}
        case Name(hyphens):
            return {"type": ["string", "number"] if hyphens else "string", "pattern": name_pattern(hyphens)}
        case Whole(low, high):
            return {"type": "integer"} | limits(low, high)
        case Number(low, high, above, below):
            return {
                "anyOf": [
                    {"type": "number"} | limits(low, high, above, below),
                    {"type": "string", "pattern": rf"^{DECIMAL}\s*%$"},
                ]
            }
        case Amount(dimension, positive, low):
            with_unit = {"type": "string", "pattern": rf"^{DECIMAL}\s*\S+.*$"}
            bare = {"type": "number"} | limits(low, None, 0 if positive else None)
            if dimension is not None and not dimension.is_dimensionless:
                return with_unit
            return {"anyOf": [with_unit, bare]}
        case Moment():
            return {"type": "string", "pattern": rf"^({'|'.join(TIME_WORDS)})\s+{DECIMAL}$"}
        case Duration():
            return {"type": "string", "pattern": rf"^{DECIMAL}\s*[a-z]+$"}
        case Truth():
            return {"type": "boolean"}
        case Choice(options):
            return {"enum": [*options, *(int(option) for option in options if option.isdecimal())]}
        case Raw() | NotYet():
            return {}
        case ListOf() | MapOf() | Section() | ByShape():
            return schema_of_many(kind)


def schema_of_many(kind: ListOf | MapOf | Section | ByShape) -> dict[str, Any]:
    match kind:
        case ListOf(inner, low, high):
            most = {"maxItems": high} if high is not None else {}
            least = {"minItems": low} if low else {}
            return {"type": "array", "items": schema_of(inner)} | least | most
        case MapOf(inner, key, reserved, low):
            names: dict[str, Any] = {"pattern": name_pattern(key.hyphens)} if isinstance(key, Name) else {}
            names |= {"not": {"enum": list(reserved)}} if reserved else {}
            least = {"minProperties": low} if low else {}
            named = {"propertyNames": names} if names else {}
            return {"type": "object", "additionalProperties": schema_of(inner)} | named | least
        case Section():
            return schema_of_section(kind)
        case ByShape():
            kinds = [inner for inner in (kind.scalar, kind.mapping, kind.sequence) if inner is not None]
            return {"anyOf": [schema_of(inner) for inner in kinds if not isinstance(inner, NotYet)]}


def schema_of_section(section: Section) -> dict[str, Any]:
    fields = written(section)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: schema_of(field.kind) | remarks(field) for name, field in fields.items()},
        "additionalProperties": False,
    }
    required = [name for name, field in fields.items() if field.required]
    if required:
        schema["required"] = required
    rules: list[dict[str, Any]] = [{"oneOf": [{"required": [name]} for name in group]} for group in section.exactly_one]
    rules += [
        {"not": {"required": [first, second]}}
        for group in section.at_most_one
        for i, first in enumerate(group)
        for second in group[i + 1 :]
    ]
    return schema | ({"allOf": rules} if rules else {})


def remarks(field: Field) -> dict[str, Any]:
    made: dict[str, Any] = {"description": f"{field.doc} ({described(field.kind)})"}
    if isinstance(field.default, str | bool | int | float):
        made["default"] = field.default
    if field.example is not None:
        made["examples"] = [field.example]
    return made


def name_pattern(hyphens: bool) -> str:
    return f"^{(IDENTIFIER if hyphens else NAME).pattern}$"


def limits(
    low: float | None, high: float | None, above: float | None = None, below: float | None = None
) -> dict[str, Any]:
    words = {"minimum": low, "maximum": high, "exclusiveMinimum": above, "exclusiveMaximum": below}
    return {word: limit for word, limit in words.items() if limit is not None}
