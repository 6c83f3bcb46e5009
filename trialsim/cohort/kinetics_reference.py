"""The reference page of the kinetics that come with trialsim, from their documents."""

from __future__ import annotations

from pathlib import Path

from trialsim.cohort.kinetics_model import Argument, Kinetics, KineticsDoor
from trialsim.cohort.kinetics_read import read_kinetics
from trialsim.cohort.model import Reference
from trialsim.cohort.schema_kinetics import KINETICS
from trialsim.foundation.library import documents, shipped
from trialsim.foundation.sections import reference_markdown

HEAD = """# Kinetics by name

Written by `trialsim schema --write docs/reference` from the documents in `kinetics/`. How a cohort uses them is in
[writing a cohort](../guide/writing-a-cohort.md). A use brings the states and quantities listed; an argument that it
does not say is the name of the cohort that is spelled alike, else its default. Kinds such as `amount/volume` are
checked: `amount` is any amount, `response`, `concentration` and the like are anything, the same throughout a use.
"""
ORDER = ("disposition", "absorption", "link", "response", "tumour", "progression", "hazard")


def kinetics_page(root: Path | None = None) -> str:
    """Return the reference of every document of kinetics as Markdown, folder by folder."""
    folder = shipped("kinetics") if root is None else root
    groups: dict[str, list[Kinetics]] = {}
    for path in documents(folder):
        groups.setdefault(path.relative_to(folder).parts[0], []).append(read_kinetics(path).kinetics)
    parts = [HEAD]
    for group in sorted(groups, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER)):
        parts.append(f"## {group.capitalize()}\n")
        parts += [document_text(kinetics) for kinetics in groups[group]]
    fields = reference_markdown(KINETICS).replace("\n## ", "\n### ").replace("## Document", "### Document", 1)
    return "\n".join([*parts, "## A document of kinetics\n", fields])


def document_text(kinetics: Kinetics) -> str:
    """Return one document as Markdown: what it is, its arguments, its equations, its sources."""
    lines = [f"### `{kinetics.id}`", "", f"**{kinetics.title}.** {kinetics.about}", ""]
    lines += ["| argument | what | kind | default |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {need.what} | {need.kind.text} | {without(need)} |" for name, need in kinetics.needs.items()
    ]
    lines += ["", "```text", *equations(kinetics), "```", ""]
    lines += [reference_line(reference) for reference in kinetics.references]
    return "\n".join([*lines, ""])


def reference_line(reference: Reference) -> str:
    """Return a source as an item of a list: citation, DOI, what it is the source of."""
    doi = f" [doi:{reference.doi}](https://doi.org/{reference.doi})" if reference.doi else ""
    return f"- {reference.cite}{doi}" + (f" ({reference.used_for})" if reference.used_for else "")


def without(need: Argument) -> str:
    if need.default is not None:
        return f"`{need.default}`"
    return "left out" if need.optional else ""


def equations(kinetics: Kinetics) -> list[str]:
    """Return the equations of a document, a line each."""
    lines: list[str] = []
    for name, state in kinetics.dynamics.items():
        lines.append(f"d {name}/dt = {state.rate.text}")
        lines += [f"{name} starts at {state.start.text}"] if state.start else []
        lines += [door_line(door, name) for door in state.receives]
    for name, addition in kinetics.adds.items():
        lines += [f"d {name}/dt has the term {addition.rate.text}"] if addition.rate else []
        lines += [door_line(door, name) for door in addition.receives]
    return lines + [f"{name} = {quantity.value.text}" for name, quantity in kinetics.quantities.items()]


def door_line(door: KineticsDoor, state: str) -> str:
    words = ("lag", "bioavailability", "duration", "rate")
    parts = [f"{word} {getattr(door, word).text}" for word in words if getattr(door, word)]
    if door.transit is not None:
        parts.append(f"through {door.transit.number.text} compartments in {door.transit.mean_time.text}")
    return f"{state} receives the drug by {door.route}" + (f": {', '.join(parts)}" if parts else "")
