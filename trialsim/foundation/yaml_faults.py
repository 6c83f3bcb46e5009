"""What the YAML parser complains of, retold for the people who write the documents."""

from __future__ import annotations

from typing import Any

from trialsim.foundation.errors import Diagnostic, Place

# libyaml's problem: (message, remedies). Where its context says more, `retold` decides.
RETOLD: dict[str, tuple[str, tuple[str, ...]]] = {
    "mapping values are not allowed in this context": (
        "a ':' stands where no key can be",
        ("text with ': ' in it is quoted", "check the indentation of this line and the one above"),
    ),
    "did not find expected key": (
        "this fits nothing that was begun above",
        ("check the indentation", "an expression that begins with a quoted word is quoted as a whole"),
    ),
    "did not find expected ',' or '}'": ("a ',' or '}' is missing", ("every { needs its }",)),
    "did not find expected ',' or ']'": ("a ',' or ']' is missing", ("every [ needs its ]",)),
    "did not find expected '-' indicator": (
        "this is no item of the list begun above",
        ("items begin with '- ', all in one column",),
    ),
    "could not find expected ':'": ("a ':' is missing after this key", ("write: key: value",)),
    "did not find expected node content": ("a value is missing here", ()),
    "did not find expected <document start>": (
        "this fits nothing that was begun above",
        ("check the indentation",),
    ),
    "did not find expected alphabetic or numeric character": (
        "a name is missing after * or &",
        ("text that begins with * or & is quoted",),
    ),
    "block sequence entries are not allowed in this context": (
        "a list cannot begin here",
        ("a list begins on a line of its own, or is written [a, b]", "text that begins with '- ' is quoted"),
    ),
    "found unknown escape character": (
        "this escape is not known",
        ("in double quotes \\ begins an escape; single quotes take it as it is",),
    ),
    "found a tab character that violates indentation": ("a tab", ("use spaces",)),
    "found duplicate anchor": ("this anchor is given twice", ()),
}


def retold(fault: Any, file: str, lines: list[str]) -> Diagnostic:
    """Return a parser's exception as a fault at its place."""
    problem, context = getattr(fault, "problem", None) or "", getattr(fault, "context", None) or ""
    place = mark_place(getattr(fault, "problem_mark", None), file, lines)
    begun = mark_place(getattr(fault, "context_mark", None), file, lines)
    if "tag" in problem or "tag" in context or "handle" in problem:
        return Diagnostic(place, "tag", "a tag is not allowed", "", ("text that begins with ! is quoted",))
    if "quoted scalar" in context and "unexpected" in problem:
        return Diagnostic(begun, "yaml-syntax", "this quote is never closed")
    if problem == "found character that cannot start any token":
        character = lines[place.line - 1][place.column - 1 : place.column]
        return Diagnostic(
            place, "yaml-syntax", f"text cannot begin with {character!r}", "", ("quote the text, or leave it out",)
        )
    message, notes = RETOLD.get(problem, ("", ()))
    if not message:
        told = problem or getattr(fault, "reason", None) or "it cannot be read"
        message, notes = f"this is no YAML: {told}", (context,) if context else ()
    also = ((begun, "begun here"),) if context and begun != place and begun.line < place.line else ()
    return Diagnostic(place, "yaml-syntax", message, "", notes, also)


def mark_place(mark: Any, file: str, lines: list[str]) -> Place:
    """Return a parser's mark as a place inside the text; a mark behind the last line is its end."""
    if mark is None:
        return Place(file, 1, 1, 2)
    line, column = mark.line, mark.column
    if line >= len(lines) or (line == len(lines) - 1 and not lines[line] and line > 0):
        line = max(i for i in range(min(line, len(lines) - 1) + 1) if lines[i] or i == 0)
        column = len(lines[line])
    return Place(file, line + 1, column + 1, column + 2)
