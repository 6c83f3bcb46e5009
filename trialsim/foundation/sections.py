"""Sections of a document, declared once: the reader, the JSON Schema and the reference come from one source."""

from __future__ import annotations

from trialsim.foundation.section_kinds import (
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
    described,
)
from trialsim.foundation.section_reading import Path, read
from trialsim.foundation.section_reference import reference_markdown
from trialsim.foundation.section_schema import json_schema

__all__ = [
    "UNREADABLE", "Amount", "ByShape", "Choice", "Duration", "Field", "Formula", "FormulaText", "Kind", "ListOf",
    "MapOf", "Moment", "Name", "NotYet", "Number", "Path", "Phrase", "Raw", "Section", "Text", "Truth", "Whole",
    "described", "json_schema", "read", "reference_markdown",
]  # fmt: skip
