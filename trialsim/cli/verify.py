"""`trialsim verify RUN`: prove that a run folder holds what its manifest says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trialsim.cli import console


def verify(run: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """Compute the digest of every file of a run again and compare it with the manifest."""
    from trialsim.api.runs import Run

    faults = Run(run).faults()
    for fault in faults:
        console.print_failure(fault)
    if faults:
        raise typer.Exit(1)
    typer.echo(f"{run}: every table is as it was written")
