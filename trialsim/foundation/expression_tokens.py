"""The words and signs of an expression's text."""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>[A-Za-z_µμ°][A-Za-z0-9_µμ]*)
    |(?P<sign>\*\*|<=|>=|==|!=|<>|&&|\|\||[-+*/^<>()%,=!])""",
    re.VERBOSE,
)

# What other languages write, and what to write here.
ELSEWHERE = {
    "**": "a power is written ^",
    "=": "equality is written ==",
    "!": "negation is written not",
    "<>": "inequality is written !=",
    "&&": "write and",
    "||": "write or",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "×": "write *",
    "·": "write *",
    "÷": "write /",
    "−": "write - (this is a typographic minus)",
    "²": "write ^2",
    "³": "write ^3",
    "[": "brackets are round: ( )",
    "]": "brackets are round: ( )",
    "{": "brackets are round: ( )",
    "}": "brackets are round: ( )",
    "'": "expressions know names and numbers, no quoted text",
    '"': "expressions know names and numbers, no quoted text",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign: its kind (number, name, sign, stray, end), its text, where it starts and ends."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Return the words and signs of a text, an `end` last; what is none of them is a `stray`."""
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            found.append(Token("stray", text[at], at, at + 1))
            at += 1
            continue
        if match.lastgroup != "space":
            kind = "stray" if match[0] in ELSEWHERE else str(match.lastgroup)
            found.append(Token(kind, match[0], at, match.end()))
        at = match.end()
    return [*found, Token("end", "", len(text), len(text))]
