"""`trialsim report RUN`: write the report of a run anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(run: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """Write the report of a finished run anew from its tables."""
    from trialsim.report.write import write_report

    typer.echo(write_report(run))
