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
    """List the shipped protocols and cohorts, or copy one (with the data it needs) to edit it."""
    from trialsim.api.documents import copy_from_library, library_entries

    if action == "list":
        for kind, identifier, *title in library_entries():
            typer.echo(f"{kind:<9} {identifier:<28} {' '.join(title)}")
        return
    if name is None:
        raise typer.BadParameter("copy needs the name of a protocol or cohort; `trialsim library list` shows them")
    for path in copy_from_library(name, to, force=force):
        typer.echo(path)
