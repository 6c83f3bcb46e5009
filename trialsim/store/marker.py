"""The marker of a part: which trials it holds, its files and their digests, what later decisions need of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialsim.foundation.errors import TrialsimError


@dataclass(frozen=True, slots=True)
class PartFile:
    """One file of a part, by its path in the run folder."""

    path: str
    table: str
    sha256: str
    rows: int
    size: int  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One whole part of a cell: trials `first` to `stop` - 1; `failed` of them could not be simulated."""

    number: int
    first: int
    stop: int
    files: tuple[PartFile, ...]
    rejections: tuple[tuple[str, str, int], ...]  # analysis, comparison, trials that reject
    failed: int

    @property
    def n_trials(self) -> int:
        """Trials simulated."""
        return self.stop - self.first - self.failed


def marker_data(marker: Marker) -> dict[str, Any]:
    return {
        "number": marker.number,
        "first": marker.first,
        "stop": marker.stop,
        "failed": marker.failed,
        "rejections": [list(rejection) for rejection in marker.rejections],
        "files": [
            {"path": file.path, "table": file.table, "sha256": file.sha256, "rows": file.rows, "size": file.size}
            for file in marker.files
        ],
    }


def read_marker(path: Path) -> Marker:
    """Return a part's marker; TrialsimError if the file is none."""
    try:
        data = json.loads(path.read_bytes())
        return Marker(
            number=data["number"],
            first=data["first"],
            stop=data["stop"],
            failed=data["failed"],
            rejections=tuple((analysis, comparison, count) for analysis, comparison, count in data["rejections"]),
            files=tuple(PartFile(**file) for file in data["files"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise TrialsimError(
            "broken-run", f"{path} is no marker of a part", ["the run folder was changed by hand"]
        ) from error
