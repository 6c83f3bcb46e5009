"""`trialsim library`: what ships with trialsim, and an editable copy of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def library(
    action: Annotated[Literal["list", "copy"], typer.Argument(help="list, or copy NAME.")] = "list",
    name: Annotated[str | None, typer.Argument(help="A protocol or cohort of the library.")] = None,
    to: Annotated[Path, typer.Option(help="The folder that gets protocols/ and cohorts/.")] = Path("."),
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """List the shipped protocols, cohorts and kinetics, or copy a protocol or cohort (with its data) to edit it."""
    from trialsim.api.documents import copy_from_library, kinetics_entries, library_entries

    if action == "list":
        entries = [*library_entries(), *kinetics_entries()]
        width = max(len(identifier) for _, identifier, _ in entries)
        for kind, identifier, title in entries:
            typer.echo(f"{kind:<9} {identifier:<{width}} {title}")
        return
    if name is None:
        raise typer.BadParameter("copy needs the name of a protocol or cohort; `trialsim library list` shows them")
    for path in copy_from_library(name, to, force=force):
        typer.echo(path)
