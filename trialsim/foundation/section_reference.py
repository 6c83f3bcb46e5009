"""The reference pages of the language: a table a section, generated from the kinds the reader reads by."""

from __future__ import annotations

from typing import Any

from trialsim.foundation.section_kinds import ByShape, Field, Kind, ListOf, MapOf, NotYet, Section, described
from trialsim.foundation.section_reading import written
from trialsim.foundation.units import number_text


def reference_markdown(kind: Kind) -> str:
    """Return the reference of a kind of document as Markdown: each section once, in the order it is met."""
    return "\n".join(section_text(section) for section in sections_of(kind))


def sections_of(kind: Kind) -> list[Section]:
    """Return all sections within a kind, outermost first, each once."""
    found: list[Section] = []
    waiting: list[Kind] = [kind]
    while waiting:
        match waiting.pop(0):
            case Section() as section if not any(section is known for known in found):
                found.append(section)
                waiting.extend(field.kind for field in section.fields.values())
            case ListOf(inner) | MapOf(inner):
                waiting.append(inner)
            case ByShape() as by_shape:
                shapes = (by_shape.scalar, by_shape.mapping, by_shape.sequence)
                waiting.extend(inner for inner in shapes if inner is not None)
    return found


def section_text(section: Section) -> str:
    name = section.name.removeprefix("an ").removeprefix("a ").removeprefix("the ")
    lines = [f"## {name[:1].upper()}{name[1:]}", ""]
    lines += ["| field | what | without it | example |", "|---|---|---|---|"]
    lines += [row(name, field) for name, field in written(section).items()]
    lines += [f"\nExactly one of {listed(group)}." for group in section.exactly_one]
    lines += [f"\nAt most one of {listed(group)}." for group in section.at_most_one]
    later = [name for name, field in section.fields.items() if isinstance(field.kind, NotYet)]
    lines += [f"\nNot supported by this version, and refused by name: {listed(tuple(later))}."] if later else []
    return "\n".join([*lines, ""])


def row(name: str, field: Field) -> str:
    example = f"`{name}: {field.example}`" if field.example is not None else ""
    cells = (f"`{name}`", f"{field.doc} ({described(field.kind)})", without(field), example)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def without(field: Field) -> str:
    if field.required:
        return "required"
    return "" if field.default in (None, (), {}) else f"`{default_text(field.default)}`"


def default_text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
    return str(value)


def listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
