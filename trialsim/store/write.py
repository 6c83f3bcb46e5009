"""Writing so that what exists is whole: a temporary name, a flush to the disk, a rename; the marker of a part last."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.tables import COLUMNS, Column, Columns
from trialsim.foundation.tables_parquet import parquet_bytes
from trialsim.store.layout import TEMPORARY, Key, Layout
from trialsim.store.marker import Marker, PartFile, marker_data


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is either absent or whole, whatever happens; a full disk is told as a fault of the user's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}{TEMPORARY}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise TrialsimError(
            "cannot-write",
            f"{path} cannot be written: {error.strerror or error}",
            ["the run folder is left as it can be resumed"],
            exit_code=4,
        ) from error
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make a rename lasting; not every system can open a folder, and then there is nothing to do."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_data(path: Path, data: Any) -> None:
    """Write plain data as JSON with sorted keys: the same data are the same bytes."""
    write_whole(path, (json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode())


def write_part(
    layout: Layout,
    key: Key,
    number: int,
    tables: Mapping[str, Columns],
    *,
    first: int,
    stop: int,
    further: Mapping[str, Sequence[Column]] | None = None,
    rejections: Sequence[tuple[str, str, int]] = (),
    failed: int = 0,
) -> Marker:
    """Write one part's tables, then its marker; a table without rows has no file."""
    files = []
    for table in [table for table in COLUMNS if table in tables]:
        columns = tables[table]
        rows = len(next(iter(columns.values())))
        if not rows:
            continue
        content = parquet_bytes(table, columns, (further or {}).get(table, ()))
        path = layout.part(table, key, number)
        write_whole(path, content)
        files.append(PartFile(layout.relative(path), table, hashlib.sha256(content).hexdigest(), rows, len(content)))
    if strange := sorted(set(tables) - set(COLUMNS)):
        raise ValueError(f"there are no tables {', '.join(strange)}")
    marker = Marker(
        number=number, first=first, stop=stop, files=tuple(files), rejections=tuple(rejections), failed=failed
    )
    write_data(layout.marker(key, number), marker_data(marker))
    return marker


def drop_part(layout: Layout, key: Key, number: int) -> None:
    """Delete one part: the marker first, so that a part without its tables is never taken for whole."""
    layout.marker(key, number).unlink(missing_ok=True)
    for table in COLUMNS:
        layout.part(table, key, number).unlink(missing_ok=True)
