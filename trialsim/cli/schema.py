"""`trialsim schema`: the JSON Schemas of the documents, and the reference made from the same source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from trialsim.cli import console


def schema(
    kind: Annotated[Literal["protocol", "cohort", "kinetics"], typer.Argument(help="Which document.")] = "protocol",
    write: Annotated[
        Path | None, typer.Option(help="Write all schemas and the reference pages into this folder instead.")
    ] = None,
) -> None:
    """Print the JSON Schema of a document, for editors and other programs."""
    from trialsim.api.documents import document_schema, reference_page

    if write is None:
        typer.echo(console.json_text(document_schema(kind)))
        return
    write.mkdir(parents=True, exist_ok=True)
    for name in ("protocol", "cohort", "kinetics"):
        for path, text in (
            (write / f"{name}.schema.json", console.json_text(document_schema(name)) + "\n"),
            (write / f"{name}.md", reference_page(name)),
        ):
            path.write_text(text, encoding="utf-8")
            typer.echo(path)
