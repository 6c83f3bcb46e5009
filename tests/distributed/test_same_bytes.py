"""One protocol, the same bytes in every table: whatever the threads, the chunks, the workers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.whole_runs import PROTOCOLS, digests, simulated


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("options", [{"threads": 2}, {"chunk": 7}, {"chunk": 40}, {"threads": 2, "chunk": 99}])
def test_threads_and_chunks_change_no_byte(undisturbed, tmp_path: Path, protocol: str, options: dict[str, int]) -> None:
    assert digests(simulated(protocol, tmp_path / "run", **options)) == undisturbed(protocol)


@pytest.mark.parametrize(
    ("protocol", "workers"),
    [("tiny-linear", 1), ("tiny-linear", 2), pytest.param("tiny-adaptive", 2, marks=pytest.mark.long)],
)
def test_a_cluster_changes_no_byte(undisturbed, tmp_path: Path, protocol: str, workers: int) -> None:
    assert digests(simulated(protocol, tmp_path / "run", workers=workers)) == undisturbed(protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_tiny_protocols_prove_something(undisturbed, tmp_path: Path, protocol: str) -> None:
    """Several cells of several parts, every table with rows: else same bytes would be easy."""
    folder = simulated(protocol, tmp_path / "run")
    manifest = json.loads((folder / "manifest.json").read_text())
    tables = {name: (table["rows"], table["parts"]) for name, table in manifest["tables"].items()}
    assert set(tables) == {
        "patients", "doses", "visits", "events", "endpoints", "counterfactuals", "looks", "trials"
    }  # fmt: skip
    cells, parts = (4, 12) if protocol == "tiny-linear" else (2, 4)
    assert len(manifest["plan"]["cells"]) == cells
    assert tables["trials"][1] == tables["looks"][1] == parts
    assert tables["patients"][1] == cells and tables["events"][0] > 50
    assert digests(folder) == undisturbed(protocol)
