"""`trialsim run PROTOCOL`: simulate its trials, write the tables and the report."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialsim.cli import console

if TYPE_CHECKING:
    from trialsim.api.runs import Campaign
    from trialsim.campaign.execute import Progress
    from trialsim.campaign.run import Result

MOST_FINDINGS = 4


def run(
    protocol: Annotated[str, typer.Argument(help="A protocol: a name of the library or a path.")],
    trials: Annotated[int | None, typer.Option(min=1, help="Trials a cell, instead of the protocol's number.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of this process (default: all cores).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes of a local Dask cluster instead.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Address of a running Dask scheduler instead.")] = None,
    chunk: Annotated[int | None, typer.Option(min=1, help="Trials simulated at once, to save memory.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was interrupted.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the run that is there.")] = False,
    estimate: Annotated[bool, typer.Option("--estimate", help="Only measure what the run would need.")] = False,
    folder: Annotated[Path | None, typer.Option(help="The run's folder (default: runs/ID-xxxx).")] = None,
    runs: Annotated[Path, typer.Option(help="The folder that holds runs.")] = Path("runs"),
    fits: Annotated[Path, typer.Option(help="The folder that holds fits.")] = Path("fits"),
    library: Annotated[Path | None, typer.Option(help="Look for names here first.")] = None,
) -> None:
    """Simulate a protocol's trials under every scenario and design; end with the path of the report."""
    from trialsim.api.runs import campaign_of, needs_of, simulate
    from trialsim.report.write import write_report

    if workers is not None and cluster is not None:
        raise typer.BadParameter("--workers starts a cluster, --cluster uses one: give one of them")
    ready = campaign_of(protocol, library=library, runs=runs, fits=fits, folder=folder, trials=trials)
    if estimate:
        print_needs(ready, needs_of(ready, threads or 1))
        return
    console.print_note(f"{ready.protocol.title}\n{len(ready.plan.cells)} cells → {ready.folder}")
    try:
        with console.progress("trials") as show:
            result = simulate(
                ready, threads=threads, workers=workers, cluster=cluster, chunk=chunk, resume=resume, replace=force,
                on_progress=lambda progress: show(progress.done, progress.expected, rate_text(progress)),
                command=shlex.join(["trialsim", *sys.argv[1:]]),
            )
    except KeyboardInterrupt:
        console.print_note(f"Stopped; nothing that was finished is lost. To go on: {resumed_command()}")
        raise typer.Exit(130) from None
    print_summary(result, ready.protocol.success.analysis)
    typer.echo(write_report(result.folder))
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def print_summary(result: Result, analysis: str) -> None:
    """Print how often the trial's main analysis rejects and succeeds, with Monte-Carlo errors, and every finding."""
    from trialsim.api.runs import Run

    summary = Run(result.folder).summary
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in summary.to_dict("records"):
        of_analysis = row["analysis"] == analysis and row["quantity"] in ("power", "assurance", "type_1")
        if of_analysis or row["quantity"] == "success":
            comparison = row["comparison"] if of_analysis else "the trial succeeds"
            cells = rows.setdefault((row["scenario"], row["design"], comparison), {})
            null = " (null)" if row["quantity"] == "type_1" else ""
            rate = f"{100 * row['value']:.1f} ± {100 * row['standard_error']:.1f}{null}"
            cells[row["parameters"]] = rate if row["n"] else "no trial"
    modes = [mode for mode in ("typical", "uncertain") if any(mode in cells for cells in rows.values())]
    titles = {"typical": "power %", "uncertain": "assurance %"}
    lines: list[list[str]] = []
    for (scenario, design, comparison), cells in rows.items():
        heading = f"{scenario}, {design}" if design != "base" else scenario
        if heading not in (line[0] for line in lines):
            lines.append([heading, *["" for _ in modes]])
        lines.append([f"  {comparison}", *[cells.get(mode, "") for mode in modes]])
    console.print_table(
        f"How often '{analysis}' rejects and the trial succeeds (null: no true effect)",
        ["", *[titles[mode] for mode in modes]],
        lines,
        right=range(1, 1 + len(modes)),
    )
    findings = sorted(result.findings, key=lambda finding: not finding.is_fault)
    for finding in findings[:MOST_FINDINGS]:
        console.print_note(f"{'fault' if finding.is_fault else 'note'}: {finding.message}")
    if len(findings) > MOST_FINDINGS:
        console.print_note(f"… and {len(findings) - MOST_FINDINGS} more like these: the report tells them all")
    if result.n_failed:
        console.print_failure(f"{result.n_failed} trials could not be simulated; tables/failures says why")


def print_needs(ready: Campaign, needs: object) -> None:
    from trialsim.campaign.pilot import Needs

    assert isinstance(needs, Needs)
    typer.echo(
        f"{ready.plan.id}: at most {needs.trials} trials, {console.time_text(needs.seconds)}, "
        f"{needs.memory / 1e9:.1f} GB of memory, {needs.disk / 1e6:.0f} MB of disk"
    )


def rate_text(progress: Progress) -> str:
    """Return how fast it goes and how long it will still take."""
    if not progress.per_second:
        return ""
    left = f", {console.time_text(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    return f"{progress.per_second:.1f}/s{left}"


def resumed_command() -> str:
    words = [word for word in sys.argv[1:] if word not in ("--resume", "--force")]
    return shlex.join(["trialsim", *words, "--resume"])
