"""A run folder from its first moment: new, continued, or replaced on purpose; never silently overwritten."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from trialsim.foundation.errors import TrialsimError
from trialsim.store.layout import TEMPORARY, Key, Layout
from trialsim.store.marker import Marker, read_marker
from trialsim.store.write import drop_part, write_data

FEWEST_DIGITS = 4


def run_folder(parent: Path, identifier: str, digest: str) -> Path:
    """Return the folder of a run: `ID-xxxx`, from the digest of its inputs; more digits if those are another run's."""
    for digits in range(FEWEST_DIGITS, len(digest) + 1):
        folder = parent / f"{identifier}-{digest[:digits]}"
        if not folder.exists() or stored_plan(Layout(folder)).get("digest") in (digest, None):
            return folder
    raise TrialsimError("run-exists", f"{folder} holds another run", exit_code=2)


def stored_plan(layout: Layout) -> dict[str, Any]:
    """Return what a run folder was started from; {} if it is no run folder."""
    try:
        plan = json.loads(layout.plan.read_bytes())
    except (OSError, ValueError):
        return {}
    return plan if isinstance(plan, dict) else {}


def open_folder(layout: Layout, plan: Mapping[str, Any], *, resume: bool = False, force: bool = False) -> None:
    """Make the folder ready for a run of this plan, or refuse with the reason.

    `plan` is plain data with "digest" and "inputs" (name → digest or value). An existing run is continued with
    `resume` if its inputs are the same, replaced with `force`, and refused otherwise. What a killed run left
    unfinished is removed: temporary files, tables without a marker, parts that failed (they are tried again).
    """
    there = layout.root.exists() and any(child != layout.lock for child in layout.root.iterdir())
    if there:
        before = stored_plan(layout)
        if not before:
            raise TrialsimError(
                "not-a-run", f"{layout.root} is there and is no run", ["choose another folder"], exit_code=2
            )
        if force:
            remove_run(layout)
        elif not resume:
            notes = ["--resume continues it", "--force replaces it"]
            raise TrialsimError("run-exists", f"{layout.root} holds a run already", notes, exit_code=2)
        elif changes := changed_inputs(before, plan):
            notes = [*changes, "--force replaces it; without --resume, a changed input makes a new folder"]
            raise TrialsimError(
                "run-changed", f"{layout.root} cannot be resumed: its inputs were others", notes, exit_code=2
            )
    layout.root.mkdir(parents=True, exist_ok=True)
    layout.manifest.unlink(missing_ok=True)  # it comes back when the run is finished
    if not layout.plan.exists():
        write_data(layout.plan, plan)
    remove_unfinished(layout)


def remove_run(layout: Layout) -> None:
    """Empty a run folder; the plan goes last, so that a removal that was interrupted is still known as a run."""
    for child in sorted(layout.root.iterdir(), key=lambda child: child == layout.plan):
        if child == layout.lock:
            continue
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


def changed_inputs(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what differs between the inputs of two plans."""
    if before.get("digest") == now["digest"]:
        return []
    old, new = before.get("inputs", {}), now["inputs"]
    return [
        f"{name.replace('_', ' ')}: {shown(old.get(name))} then, {shown(new.get(name))} now"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def shown(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:12]}…"


def remove_unfinished(layout: Layout) -> None:
    """Remove temporary files, tables whose part has no marker, and parts in which a trial failed."""
    remove_temporaries(layout)
    for path in [*layout.parts.rglob("part-*.json")]:
        marker = read_marker(path)
        if marker.failed or not all(is_there(layout.root / file.path, file.size) for file in marker.files):
            path.unlink()
    whole = {file.path for path in layout.parts.rglob("part-*.json") for file in read_marker(path).files}
    for path in [*layout.tables.rglob("part-*.parquet")]:
        if layout.relative(path) not in whole:
            path.unlink()


def remove_temporaries(layout: Layout) -> None:
    """Remove the files that a killed worker was writing."""
    for temporary in [*layout.root.rglob(f".*{TEMPORARY}")]:
        temporary.unlink(missing_ok=True)


def is_there(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def markers(layout: Layout, key: Key) -> dict[int, Marker]:
    """Return the markers of a cell's whole parts by number, ascending."""
    folder = layout.parts / key.folder
    found = [read_marker(path) for path in sorted(folder.glob("part-*.json"))]
    return {marker.number: marker for marker in sorted(found, key=lambda marker: marker.number)}


def stored_keys_of_parts(layout: Layout) -> list[Key]:
    """Return the cells of which a folder holds parts, whatever its plan says; in the order of their names."""
    found = []
    for folder in sorted(layout.parts.glob("*/*/*")):
        values = dict(unquote(part).split("=", 1) for part in folder.relative_to(layout.parts).parts)
        found.append(Key(**values))
    return found


def drop_other_parts(layout: Layout, key: Key, n_parts: int) -> None:
    """Delete the parts of a cell from number `n_parts` on."""
    for number in [number for number in markers(layout, key) if number >= n_parts]:
        drop_part(layout, key, number)


@contextmanager
def held(layout: Layout) -> Iterator[None]:
    """Hold the run folder for one process at a time; a killed process lets go of it."""
    layout.root.mkdir(parents=True, exist_ok=True)
    with open(layout.lock, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrialsimError("run-in-use", f"another process is working in {layout.root}", exit_code=2) from error
        yield
