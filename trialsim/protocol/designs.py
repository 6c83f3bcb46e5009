"""Designs: every point of what `vary` spans, each a protocol of its own, read and checked like any other."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from trialsim.foundation.errors import Diagnostic, InvalidDocument
from trialsim.foundation.nearest import nearest
from trialsim.protocol.draft import Draft, near
from trialsim.protocol.model import Design, Protocol
from trialsim.protocol.write import Data, lines_of, protocol_data

MOST_DESIGNS = 200
ONLY = "base"


def designs(protocol: Protocol) -> tuple[Design, ...]:
    """Return every design of a protocol, in the order of `vary`; one called `base` where nothing varies."""
    return protocol.designs


def made_designs(protocol: Protocol, draft: Draft, read_again: Callable[[str], Protocol]) -> tuple[Design, ...]:
    """Return the designs of a protocol; one that is itself at fault is told at the value that makes it so.

    A design is the resolved document with other texts in it, read from the start: what is checked of a protocol is
    checked of each of its designs.
    """
    base = replace(protocol, vary=(), designs=())
    if not protocol.vary:
        return (Design(name=ONLY, label=ONLY, protocol=base),)
    n_designs = 1
    for variation in protocol.vary:
        n_designs *= len(variation.values)
        check_path(draft, protocol_data(base), ".".join(variation.path))
    if n_designs > MOST_DESIGNS:
        message = f"{n_designs} designs are more than the {MOST_DESIGNS} of one run"
        draft.error(
            draft.key("vary"), "too-many-designs", message, "", ["vary fewer fields, or give them fewer values"]
        )
    draft.problems.raise_if_any()
    names = short_names([variation.path for variation in protocol.vary])
    made = []
    for values in itertools.product(*(enumerate(variation.values) for variation in protocol.vary)):
        point = {variation.path: text for variation, (_, text) in zip(protocol.vary, values, strict=True)}
        at = [(".".join(variation.path), i) for variation, (i, _) in zip(protocol.vary, values, strict=True)]
        design = design_protocol(base, point, at, draft, read_again)
        if design is not None:
            made.append(
                Design(
                    name="_".join(
                        f"{name}-{file_text(text)}" for name, text in zip(names, point.values(), strict=True)
                    ),
                    label=", ".join(f"{'.'.join(path)} = {text}" for path, text in point.items()),
                    protocol=design,
                )
            )
    draft.problems.raise_if_any()
    return with_own_names(made)


def check_path(draft: Draft, data: dict[str, Data], key: str) -> None:
    """The path leads to one value of the resolved document."""
    here: Data = data
    done: list[str] = []
    for part in key.split("."):
        fields = list(here) if isinstance(here, dict) else [str(i) for i in range(len(here))]
        if isinstance(here, str) or part not in fields:
            whole = ".".join(done)
            of = f"'{whole}'"
            notes = [f"{of} is one value"] if isinstance(here, str) else [f"fields of {of}: {', '.join(fields)}"]
            close = None if isinstance(here, str) else nearest(part, fields)
            message = f"the design has no field '{key}'"
            draft.error(draft.key("vary", key), "unknown-path", message, "", notes + near(close))
            return
        here = here[part] if isinstance(here, dict) else here[int(part)]
        done.append(part)
    if not isinstance(here, str):
        fields = list(here) if isinstance(here, dict) else [str(i) for i in range(len(here))]
        notes = [f"write one of: {', '.join(f'{key}.{field}' for field in fields)}"] if fields else ["it is empty"]
        draft.error(draft.key("vary", key), "unknown-path", f"'{key}' is not one value but several", "", notes)


def design_protocol(
    base: Protocol,
    point: dict[tuple[str, ...], str],
    at: Sequence[tuple[str, int]],
    draft: Draft,
    read_again: Callable[[str], Protocol],
) -> Protocol | None:
    """Return the protocol at one point, None where it is at fault."""
    data = protocol_data(base)
    for path, text in point.items():
        put(data, path, text)
    try:
        return read_again("\n".join(lines_of(data, "")) + "\n")
    except InvalidDocument as fault:
        first: Diagnostic = fault.diagnostics[0]
        setting = ", ".join(f"{'.'.join(path)} = {text}" for path, text in point.items())
        key, i = at[-1]
        draft.error(("vary", key, i), first.slug, f"with {setting}: {first.message}", "", first.notes)
        return None


def put(data: Data, path: tuple[str, ...], text: str) -> None:
    for part in path[:-1]:
        data = data[part] if isinstance(data, dict) else data[int(part)]
    if isinstance(data, dict):
        data[path[-1]] = text
    elif isinstance(data, list):
        data[int(path[-1])] = text


def short_names(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the shortest ends of the paths that tell them apart."""
    for length in range(1, 1 + max(map(len, paths))):
        names = ["-".join(path[-length:]) for path in paths]
        if len(set(names)) == len(names):
            break
    return names


def file_text(text: str) -> str:
    """Return a text as part of a folder's name."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.") or "0"


def with_own_names(made: Sequence[Design]) -> tuple[Design, ...]:
    """Return designs whose names differ: `10 mg/L` and `10 mg L` would be one folder."""
    names = [design.name for design in made]
    return tuple(
        replace(design, name=f"{design.name}-{i + 1}") if names.count(design.name) > 1 else design
        for i, design in enumerate(made)
    )
