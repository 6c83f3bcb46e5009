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

FUNCTIONS_ELSEWHERE = {
    "ln": "the natural logarithm is log(x)",
    "LN": "the natural logarithm is log(x)",
    "LOG": "the natural logarithm is log(x)",
    "log10": "write log(x) / log(10)",
    "LOG10": "write log(x) / log(10)",
    "log2": "write log(x) / log(2)",
    "EXP": "write exp(x)",
    "SQRT": "write sqrt(x)",
    "pow": "a power is written x ^ y",
    "power": "a power is written x ^ y",
    "IF": "write if(condition, value if true, value if false)",
    "ifelse": "write if(condition, value if true, value if false)",
    "piecewise": "write if(condition, value if true, value if false)",
    "expit": "write logistic(x)",
    "inv_logit": "write logistic(x)",
    "invlogit": "write logistic(x)",
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
