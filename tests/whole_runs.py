"""Whole runs of the tiny protocols in tests/protocols: in this process, or as the command does it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

import trialsim

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "tests"
PROTOCOLS = ("tiny-linear", "tiny-adaptive")
OUTSIDE_THE_PROMISE = ("manifest.json", "log.jsonl", ".lock", "report.html")


def simulated(protocol: str | Path, folder: Path, library: Path = LIBRARY, **options: Any) -> Path:
    """Run a protocol in this process into a folder and return the folder."""
    ready = trialsim.campaign_of(protocol, library=library, folder=folder, trials=options.pop("trials", None))
    result = trialsim.simulate(ready, **{"threads": 1} | options)
    assert result.exit_code == 0
    return folder


def command(*words: str | Path) -> list[str]:
    """Return the command line of `trialsim …` by this interpreter and this checkout."""
    return [sys.executable, "-m", "trialsim.cli.main", *map(str, words)]


def environment() -> dict[str, str]:
    """Return the environment of a subprocess that sees this checkout from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}


def told(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it told."""
    return subprocess.run(
        command(*words), capture_output=True, text=True, env=environment(), cwd=cwd or ROOT, timeout=300, check=False
    )


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file of a run that is promised to be the same bytes."""
    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in OUTSIDE_THE_PROMISE
    }
    assert len(files) > 10
    return files


def n_parts(folder: Path) -> int:
    """Return how many parts of a run are whole so far."""
    return len(list(folder.glob("parts/**/part-*.json")))


def content_digest(frame: pd.DataFrame) -> str:
    """Return a digest of names and values alone: another Parquet writer would not change it."""
    digest = hashlib.sha256()
    for name in frame.columns:
        values = [None if value is pd.NA or value != value else value for value in frame[name].tolist()]
        exact = [value.hex() if isinstance(value, float) else value for value in values]
        digest.update(json.dumps([str(name), exact]).encode())
    return digest.hexdigest()


def content_digests(folder: Path, tables: Iterable[str]) -> dict[str, str]:
    run = trialsim.Run(folder)
    return {table: content_digest(run.table(table)) for table in tables}
