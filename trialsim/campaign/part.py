"""One part: a pure function of a world and trial numbers, written where it belongs. What a worker does."""

from __future__ import annotations

import re
import shlex
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.tables import COLUMNS, Coded, Column, Columns, Values
from trialsim.store.layout import Key, Layout
from trialsim.store.marker import Marker
from trialsim.store.write import write_part

Tables = Mapping[str, Columns]
Simulate = Callable[[Any, range, int], Tables]  # (world, trials, keep patients of trials below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a worker needs to know besides the world: small, and no data."""

    root: str
    run_id: str
    cell: int  # position in the plan
    key: Key
    number: int
    first: int
    stop: int
    keep: int
    patient_columns: tuple[Column, ...]
    chunk: int | None = None  # trials simulated at once; for memory alone, the results are the same

    def __str__(self) -> str:
        return f"{self.key}, trials {self.first} to {self.stop - 1}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished part, and the faults met on the way: for the log, not for the tables."""

    marker: Marker
    traces: tuple[str, ...] = ()


def simulated_part(simulate: Simulate, world: Any, task: Task) -> Outcome:
    """Simulate and write one part. A trial that cannot be simulated becomes a row of `failures`, the others stay."""
    traces: list[str] = []
    try:
        tables = simulated_tables(simulate, world, range(task.first, task.stop), task.keep, chunk_of(task, world))
        failed: dict[int, str] = {}
    except Exception:
        tables, failed = trials_one_by_one(simulate, world, task, traces)
    return Outcome(written(task, tables, failed), tuple(traces))


def chunk_of(task: Task, world: Any) -> int | None:
    """Return how many trials are simulated at once: as the task says, and fewer where sensors are read very often."""
    from trialsim.trial.world import World

    most = None
    if isinstance(world, World):
        from trialsim.trial.sight import trials_at_once

        most = trials_at_once(world.protocol)
    return min((each for each in (task.chunk, most) if each is not None), default=None)


def trials_one_by_one(
    simulate: Simulate, world: Any, task: Task, traces: list[str]
) -> tuple[dict[str, dict[str, Values]], dict[int, str]]:
    """Return the tables of the trials that can be simulated, and why the others cannot, by trial number."""
    pieces, failed = [], {}
    for trial in range(task.first, task.stop):
        try:
            pieces.append(simulate(world, range(trial, trial + 1), task.keep))
        except Exception as error:
            failed[trial] = reason_of(error)
            traces.append(f"{task.key}, trial {trial}\n{traceback.format_exc()}")
    return joined(pieces), failed


def failed_part(task: Task, reason: str) -> Outcome:
    """Write a part none of whose trials could be simulated."""
    return Outcome(written(task, {}, dict.fromkeys(range(task.first, task.stop), reason)))


def written(task: Task, tables: Tables, failed: Mapping[int, str]) -> Marker:
    return write_part(
        Layout(Path(task.root)),
        task.key,
        task.number,
        dict(tables) | {"failures": failure_rows(task, tables.get("failures", {}), failed)},
        first=task.first,
        stop=task.stop,
        further={"patients": task.patient_columns},
        rejections=rejections(tables.get("looks", {})),
        failed=len(failed),
    )


def simulated_tables(simulate: Simulate, world: Any, trials: range, keep: int, chunk: int | None) -> Tables:
    """Return the tables of some trials, simulated at most `chunk` at once."""
    if chunk is None or chunk >= len(trials):
        return simulate(world, trials, keep)
    return joined([simulate(world, trials[i : i + chunk], keep) for i in range(0, len(trials), chunk)])


def joined(pieces: Sequence[Tables]) -> dict[str, dict[str, Values]]:
    """Return the tables of several runs of trials as one, rows in the order of the pieces."""
    return {
        table: {
            name: joined_column([piece[table][name] for piece in pieces if table in piece])
            for name in next(piece[table] for piece in pieces if table in piece)
        }
        for table in COLUMNS
        if any(table in piece for piece in pieces)
    }


def joined_column(columns: Sequence[Values]) -> Values:
    if all(isinstance(column, Coded) for column in columns):
        words = sorted({word for column in columns for word in column.categories})
        rank = {word: i for i, word in enumerate(words)}
        recoded = [np.array([*(rank[word] for word in c.categories), -1], dtype=np.int32)[c.codes] for c in columns]
        return Coded(codes=np.concatenate(recoded), categories=words)
    if all(isinstance(column, np.ndarray) for column in columns):
        masked = any(isinstance(column, np.ma.MaskedArray) for column in columns)
        return np.ma.concatenate(columns) if masked else np.concatenate(columns)  # type: ignore[no-untyped-call]
    return [value for column in columns for value in words_of(column)]


def words_of(column: Values) -> list[Any]:
    """Return a column as a list, None where missing."""
    if isinstance(column, Coded):
        return [None if code < 0 else column.categories[code] for code in column.codes.tolist()]
    return list(column.tolist() if isinstance(column, np.ndarray) else column)


def failure_rows(task: Task, patients: Columns, failed: Mapping[int, str]) -> dict[str, list[Any]]:
    """Return the rows of `failures`: patients that failed within their trials, then trials that failed whole."""
    rows = {name: words_of(patients[name]) if patients else [] for name in ("trial", "patient", "arm", "reason")}
    return {
        "trial": [*rows["trial"], *failed],
        "patient": [*rows["patient"], *[None] * len(failed)],
        "arm": [*rows["arm"], *[None] * len(failed)],
        "reason": [*rows["reason"], *failed.values()],
        "command": [replay_command(task.run_id, task.key, trial) for trial in [*rows["trial"], *failed]],
    }


def rejections(looks: Columns) -> list[tuple[str, str, int]]:
    """Return how many trials of the part reject each comparison, in alphabetical order."""
    if not looks:
        return []
    counts: dict[tuple[str, str], int] = {}
    columns = (words_of(looks[name]) for name in ("analysis", "comparison", "rejected", "concludes"))
    for analysis, comparison, rejected, concludes in zip(*columns, strict=True):
        counts[analysis, comparison] = counts.get((analysis, comparison), 0) + bool(rejected and concludes)
    return [(analysis, comparison, count) for (analysis, comparison), count in sorted(counts.items())]


def reason_of(error: Exception) -> str:
    """Return an error in one line without what differs from run to run (addresses in memory)."""
    text = error.message if isinstance(error, TrialsimError) else f"{type(error).__name__}: {error}"
    return re.sub(r"0x[0-9a-fA-F]+", "0x…", " ".join(text.split()))


def replay_command(run_id: str, key: Key, trial: int) -> str:
    """Return the command that simulates one trial again."""
    words = ["trialsim", "replay", run_id]
    for name, value in key.values.items():
        words += [f"--{name}", value]
    return shlex.join([*words, "--trial", str(trial)])
