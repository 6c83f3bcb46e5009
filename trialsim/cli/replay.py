"""`trialsim replay PROTOCOL`: simulate a few trials of one cell again, with all their patients."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from trialsim.cli import console


def replay(
    protocol: Annotated[str, typer.Argument(help="A run (its folder, or its name below runs/), or a protocol.")],
    scenario: Annotated[str, typer.Option(help="The scenario.")],
    trial: Annotated[str, typer.Option(help="The trial's number, or FIRST-LAST.")],
    parameters: Annotated[Literal["typical", "uncertain"], typer.Option(help="typical or uncertain.")] = "typical",
    design: Annotated[str, typer.Option(help="The design's name.")] = "base",
    to: Annotated[Path | None, typer.Option(help="Write every table as CSV into this folder.")] = None,
    fits: Annotated[Path, typer.Option(help="The folder that holds fits.")] = Path("fits"),
    runs: Annotated[Path, typer.Option(help="The folder that holds runs.")] = Path("runs"),
    library: Annotated[Path | None, typer.Option(help="Look for names here first.")] = None,
) -> None:
    """Simulate a few trials of one cell again, keeping every patient: to look into a failure or a surprise."""
    from trialsim.api.runs import campaign_of, replayed

    first, _, last = trial.partition("-")
    if not first.isdigit() or (last and not last.isdigit()):
        raise typer.BadParameter(f"--trial takes a number or FIRST-LAST, not '{trial}'")
    ready = campaign_of(document_of(protocol, runs, design), library=library, fits=fits)
    tables = replayed(ready, scenario, parameters, design, int(first), int(last or first))
    for name, frame in tables.items():
        if to is not None:
            to.mkdir(parents=True, exist_ok=True)
            frame.to_csv(to / f"{name}.csv", index=False)
        typer.echo(f"{name:<16} {len(frame):>7} rows" + (f"  {to / f'{name}.csv'}" if to else ""))
    looks = tables["looks"]
    console.print_table(
        "what the trial concluded",
        ["trial", "look", "analysis", "comparison", "estimate", "se", "p", "rejected"],
        [
            [str(row.trial), str(row.look), str(row.analysis), str(row.comparison), f"{row.estimate:.4g}",
             f"{row.standard_error:.3g}",
             f"{row.p_value:.4f}", "yes" if row.rejected else "no"]
            for row in looks.itertuples()
        ],
        right=[0, 4, 5, 6],
    )


def document_of(run_or_protocol: str, runs: Path, design: str) -> str | Path:
    """Return the protocol that a run was made from, of a search that of the design; or else its own name or path."""
    for folder in (Path(run_or_protocol), runs / run_or_protocol):
        if (folder / "design.json").is_file() and (folder / f"{design}.yaml").is_file():
            return folder / f"{design}.yaml"
        if (folder / "protocol.yaml").is_file():
            return folder / "protocol.yaml"
    return run_or_protocol
