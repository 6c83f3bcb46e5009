"""`trialsim design PROTOCOL --target … --over …`: find the smallest design that reaches its targets."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialsim.cli import console
from trialsim.cli.run import rate_text

if TYPE_CHECKING:
    from trialsim.api.designs import Design


def design(
    protocol: Annotated[str, typer.Argument(help="A protocol: a name of the library or a path.")],
    target: Annotated[str, typer.Option(help="power >= 90% in SCENARIO; type_1 <= 2.5% in SCENARIO")],
    over: Annotated[str, typer.Option(help="patients.randomised: 100..800, or … by 10, or 100, 150, 200")],
    trials: Annotated[
        int, typer.Option(min=100, max=10_000_000, help="Trials of each size of the verification, and of the search.")
    ] = 10_000,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.9999, help="Confidence of the answer.")] = 0.95,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of this process (default: all cores).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes of a local Dask cluster instead.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Address of a running Dask scheduler instead.")] = None,
    chunk: Annotated[int | None, typer.Option(min=1, help="Trials simulated at once, to save memory.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Search anew.")] = False,
    folder: Annotated[Path | None, typer.Option(help="The search's folder (default: runs/ID-design-xxxx).")] = None,
    runs: Annotated[Path, typer.Option(help="The folder that holds runs.")] = Path("runs"),
    fits: Annotated[Path, typer.Option(help="The folder that holds fits.")] = Path("fits"),
    library: Annotated[Path | None, typer.Option(help="Look for names here first.")] = None,
) -> None:
    """Find the smallest design that reaches its targets, and verify it with fresh random numbers."""
    from trialsim.api.designs import design_search, find_design
    from trialsim.report.write import write_report

    if workers is not None and cluster is not None:
        raise typer.BadParameter("--workers starts a cluster, --cluster uses one: give one of them")
    search = design_search(
        protocol, target, over, trials=trials, confidence=confidence, library=library, runs=runs, fits=fits,
        folder=folder,
    )  # fmt: skip
    sizes = search.question.over.sizes
    console.print_note(f"{search.ready.protocol.title}\n{len(sizes)} designs from {sizes[0]} to {sizes[-1]} "
                       f"{search.question.over.noun} → {search.folder}")  # fmt: skip
    try:
        with console.progress("trials") as show:
            found = find_design(
                search, threads=threads, workers=workers, cluster=cluster, chunk=chunk, force=force,
                on_progress=lambda progress: show(progress.done, progress.expected, rate_text(progress)),
                on_stage=console.print_note, command=shlex.join(["trialsim", *sys.argv[1:]]),
            )  # fmt: skip
    except KeyboardInterrupt:
        console.print_note("Stopped; nothing that was finished is lost. The same command goes on.")
        raise typer.Exit(130) from None
    print_answer(found)
    typer.echo(write_report(found.folder))


def print_answer(found: Design) -> None:
    """Print the answer, what the fresh trials of it and its smaller neighbour gave, and how far the search saw."""
    answer = found.answer
    frame = found.points.astype(object)
    rows: list[dict[str, Any]] = frame.where(frame.notna(), None).to_dict("records")  # type: ignore[assignment]
    typer.echo(answer_text(answer))
    last: tuple[Any, ...] = ()
    lines = []
    for row in verification_rows(rows, answer):
        size = f"{row['size']}"
        lines.append([
            "" if last == (size,) else size, rate_words(row), percent(row["fitted"], row["fitted_standard_error"]),
            percent(row["value"], row["standard_error"]), row["verdict"],
        ])  # fmt: skip
        last = (size,)
    titles = [answer["noun"], "", "search’s curve %", "fresh trials %", "they show"]
    console.print_table("", titles, lines, right=[0, 2, 3])
    for text in further_words(answer):
        typer.echo(text)


def answer_text(answer: dict[str, Any] | Any) -> str:
    """Return the answer in a sentence or two."""
    text = f"{answer['size']} {answer['noun']}: {'; '.join(answer['targets'])}"
    smaller = answer["smaller"]
    if smaller is None:
        return f"{text}.\nIt is the smallest of the range: smaller ones may do."
    return f"{text}.\nShown with {100 * answer['confidence']:g}% confidence; {smaller} is not shown to do."


def verification_rows(rows: list[dict[str, Any]], answer: Any) -> list[dict[str, Any]]:
    """Return the points of the sequence that gave the answer: of the answer and the next smaller size."""
    shown = [size for size in (answer["smaller"], answer["size"]) if size is not None]
    chosen = [row for row in rows if row["sequence"] == answer["sequence"] and row["size"] in shown]
    return sorted(chosen, key=lambda row: (row["size"], row["quantity"] == "type_1"))


def rate_words(row: dict[str, Any]) -> str:
    of = f" of {row['comparison']}" if row["comparison"] else ""
    return f"{row['quantity']}{of} in {row['scenario']}"


def percent(value: float | None, error: float | None) -> str:
    return "" if value is None or error is None else f"{100 * value:.2f} ± {100 * error:.2f}"


def further_words(answer: Any) -> list[str]:
    words = [
        f"{each['target']} is reached at about {each['size']:.1f} ± {each['standard_error']:.1f} {answer['noun']}"
        for each in answer["estimates"]
        if answer["smallest"] <= each["size"] <= answer["largest"]
    ]
    return [*words, f"{answer['trials_simulated']} trials"]
