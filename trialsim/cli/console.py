"""How diagnostics, notes, tables and progress look in a terminal. Rich is imported where something is drawn."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialsim.foundation.errors import Diagnostic, InvalidDocument, TrialsimError, diagnostic_text
from trialsim.foundation.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

RED, YELLOW, BOLD, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"


def print_error(error: TrialsimError) -> None:
    """Print a user's error to standard error: every fault of a document at its place, or the message and its notes."""
    if isinstance(error, InvalidDocument):
        print_diagnostics(error.diagnostics)
        return
    print(f"{_coloured(f'error[{error.slug}]', RED)}: {error.message}", file=sys.stderr)
    for note in error.notes:
        print(f"   = {note}", file=sys.stderr)


def print_diagnostics(diagnostics: Sequence[Diagnostic]) -> None:
    """Print faults and warnings in order, each with its line, a blank line between two."""
    sources: dict[str, str | None] = {}
    for i, diagnostic in enumerate(diagnostics):
        if i:
            print(file=sys.stderr)
        file = diagnostic.place.file if diagnostic.place else ""
        if file not in sources:
            sources[file] = _text_of(file)
        text = diagnostic_text(diagnostic, sources[file])
        for word, colour in (("error[", RED), ("warning[", YELLOW)):
            text = text.replace(word, _coloured(word[:-1], colour) + "[", 1)
        print(text, file=sys.stderr)


def print_note(text: str) -> None:
    """Print a remark to standard error, so that standard output stays what was asked for."""
    print(text, file=sys.stderr)


def print_failure(message: str, detail: str = "") -> None:
    print(f"{_coloured('error', RED)}: {message}" + (f" ({detail})" if detail else ""), file=sys.stderr)


def print_internal_fault(error: Exception) -> None:
    """Say that the fault is ours, and leave what a maintainer needs."""
    traceback.print_exception(error)
    print(
        f"{_coloured('internal fault', RED)}: this is a fault of trialsim {VERSION}, not of your documents. "
        "Please report the lines above together with the command and the documents.",
        file=sys.stderr,
    )


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print a table that fits the terminal; columns numbered in `right` are aligned to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i in right else "left", no_wrap=i in right)
    for row in rows:
        table.add_row(*[cell.replace("[", r"\[") for cell in row])
    Console(highlight=False).print(table)


@contextmanager
def progress(unit: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show a bar while work goes on; call with (done, total at most, a phrase such as the rate and the time left)."""
    if not sys.stderr.isatty():
        yield lambda done, total, phrase: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    bar = Progress(
        BarColumn(bar_width=28), MofNCompleteColumn(), TextColumn(unit), TextColumn("{task.fields[phrase]}"),
        console=Console(stderr=True), transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, phrase="")

        def show(done: int, total: int, phrase: str) -> None:
            bar.update(task, completed=done, total=total, phrase=phrase)

        yield show


def time_text(seconds: float) -> str:
    """Return a length of time in words short enough for a status line."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _coloured(text: str, colour: str) -> str:
    return f"{BOLD}{colour}{text}{PLAIN}" if sys.stderr.isatty() else text


def _text_of(file: str) -> str | None:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def json_text(data: Any) -> str:
    """Return data as indented JSON."""
    import json

    return json.dumps(data, indent=2, ensure_ascii=False)
