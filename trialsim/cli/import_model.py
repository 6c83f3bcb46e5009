"""`trialsim import MODEL.xml`: the mathematics of an SBML model as a cohort document."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_model(
    model: Annotated[Path, typer.Argument(help="An SBML file, Level 1, 2 or 3.")],
    out: Annotated[Path | None, typer.Option(help="The YAML file to write (default: standard output).")] = None,
    without_units: Annotated[
        bool, typer.Option("--without-units", help="Take every number as it stands; the limits say so.")
    ] = False,
    time_unit: Annotated[str | None, typer.Option(help="What time runs in, if the model does not say: h.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
) -> None:
    """Turn an SBML model into a cohort document: compartments, species, reactions, rules, units."""
    from trialsim.api.imports import import_sbml
    from trialsim.foundation.errors import TrialsimError
    from trialsim.store.write import write_whole

    document = import_sbml(model, without_units=without_units, time_unit=time_unit)
    if out is None:
        typer.echo(document, nl=False)
        return
    if out.exists() and not force:
        raise TrialsimError("file-exists", f"'{out}' is there already", ["--force replaces it"], exit_code=2)
    write_whole(out, document.encode())
    typer.echo(out)
