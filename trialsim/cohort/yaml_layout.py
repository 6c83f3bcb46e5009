"""Plain data as YAML that a person can read: sections in blocks, small things on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDEST = 110
TYPED_ELSEWHERE = ("yes", "no", "on", "off", "true", "false", "null", "y", "n")  # what other readers take for no text
PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _.%/()+*^~-]*[A-Za-z0-9_.%)])?")


def yaml_text(document: Mapping[str, Any]) -> str:
    """Return the text of a document of mappings, lists and texts; read back, it is the same data."""
    return "\n".join(block(document, 0)) + "\n"


def block(value: Mapping[str, Any] | Sequence[Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for head, inner in heads(value):
        line = f"{indent}{head} {flow(inner)}"
        if isinstance(inner, str) or not inner or (depth > 0 and len(line) <= WIDEST):
            yield line
        elif head == "-" and isinstance(inner, Mapping):
            first, *others = block(inner, depth + 1)
            yield f"{indent}- {first.lstrip()}"
            yield from others
        else:
            yield f"{indent}{head}"
            yield from block(inner, depth + 1)


def heads(value: Mapping[str, Any] | Sequence[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield f"{scalar(key)}:", inner
    else:
        for inner in value:
            yield "-", inner


def flow(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, str):
        return scalar(value)
    return "[" + ", ".join(flow(inner) for inner in value) + "]"


def scalar(text: str) -> str:
    """Return a text as it is where nothing in it could be mistaken, else in quotes."""
    return (
        text if PLAIN.fullmatch(text) and text.lower() not in TYPED_ELSEWHERE else json.dumps(text, ensure_ascii=False)
    )
