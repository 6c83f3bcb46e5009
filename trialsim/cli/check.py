"""`trialsim check FILES`: every fault of every document, before any computing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from trialsim.cli import console
from trialsim.foundation.errors import Diagnostic, InvalidDocument, diagnostic_data


def check(
    files: Annotated[list[str], typer.Argument(help="Protocols and cohorts: paths, or names in the library.")],
    explain: Annotated[
        bool, typer.Option("--explain", help="Print each document with every default written out, and how it runs.")
    ] = False,
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="text or json.")] = "text",
    library: Annotated[Path | None, typer.Option(help="Look for names here first.")] = None,
) -> None:
    """Check protocols and cohorts: units through the equations, names, designs that cannot work."""
    from trialsim.api.documents import check_document

    faults: list[Diagnostic] = []
    reports = []
    for file in files:
        try:
            checked = check_document(file, library=library)
        except InvalidDocument as invalid:
            faults.extend(invalid.diagnostics)
            told = [diagnostic_data(diagnostic) for diagnostic in invalid.diagnostics]
            reports.append({"file": file, "valid": False, "diagnostics": told})
            continue
        faults.extend(checked.warnings)
        reports.append(
            {
                "file": file,
                "valid": True,
                "kind": checked.kind,
                "id": checked.id,
                "digest": checked.digest,
                "diagnostics": [diagnostic_data(d) for d in checked.warnings],
                **({"resolved": checked.resolved, "notes": list(checked.notes)} if explain else {}),
            }
        )
    if output == "json":
        typer.echo(console.json_text(reports))
    else:
        _print_as_text(reports, faults, explain)
    if not all(report["valid"] for report in reports):
        raise typer.Exit(3)


def _print_as_text(reports: list[dict[str, object]], faults: list[Diagnostic], explain: bool) -> None:
    console.print_diagnostics(faults)
    for report in reports:
        if not report["valid"]:
            continue
        if explain:
            typer.echo(report["resolved"])
            for note in report["notes"]:  # type: ignore[attr-defined]
                typer.echo(f"# {note}")
        else:
            typer.echo(f"{report['file']}: a valid {report['kind']}")
