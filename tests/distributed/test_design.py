"""`trialsim design` as a process: what it prints, that Ctrl-C loses nothing, how it refuses; on Dask the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.whole_runs import LIBRARY, command, digests, environment

TARGET = "power >= 90% in expected; type_1 <= 2.5% in null"
WORDS = ["design", "two-means", "--library", str(LIBRARY), "--target", TARGET, "--trials", "500"]
OVER = ["--over", "patients.randomised: 100..300 by 20"]


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*WORDS, *words, "--folder", folder), env=environment() | {"COLUMNS": "80"}, text=True,
        start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def told(folder: Path, *words: str) -> tuple[int, str, str]:
    process = started(folder, *words)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("design") / "found"
    code, out, _ = told(folder, *OVER)
    assert code == 0
    return folder, out


@pytest.mark.long
def test_the_answer_fits_a_terminal(undisturbed: tuple[Path, str]) -> None:
    folder, out = undisturbed
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80 + len(str(folder))
    assert max(map(len, lines[:-1])) <= 80
    size = int(lines[0].split()[0])
    assert lines[0] == f"{size} patients: {TARGET}."
    assert lines[1] == f"Shown with 95% confidence; {size - 20} is not shown to do."
    assert lines[-1] == str(folder / "report.html") and lines[-2].endswith(" trials")
    assert any("met" in line and f" {size} " in line for line in lines)


def test_a_search_stopped_by_hand_goes_on_to_the_same_bytes(undisturbed: tuple[Path, str], tmp_path: Path) -> None:
    folder = tmp_path / "found"
    process = started(folder, *OVER)
    deadline = time.monotonic() + 120
    while len(list(folder.glob("parts/**/part-*.json"))) < 8:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.endswith("Stopped; nothing that was finished is lost. The same command goes on.\n")
    assert not (folder / "manifest.json").exists()
    code, out, _ = told(folder, *OVER)
    assert code == 0
    assert out.replace(str(folder), "") == undisturbed[1].replace(str(undisturbed[0]), "")
    assert digests(folder) == digests(undisturbed[0])


def test_a_target_out_of_reach_is_told_with_what_was_tried(tmp_path: Path) -> None:
    code, out, err = told(tmp_path / "d", "--over", "patients.randomised: 20..60 by 20")
    assert (code, out) == (1, "")
    refused = "error[target-out-of-reach]: power >= 90% in expected is out of reach: with 60 patients it is "
    assert err.splitlines()[-3].startswith(refused)
    assert (tmp_path / "d" / "tables" / "points.parquet").exists()


def test_an_unknown_field_leaves_no_folder(tmp_path: Path) -> None:
    code, _, err = told(tmp_path / "d", "--over", "patients.number: 100..300")
    assert code == 2
    assert err == (
        "error[bad-range]: the protocol has no field 'patients.number'\n   = fields: cohort, eligible, randomised\n"
        "   = the number of patients is patients.randomised\n"
    )
    assert not (tmp_path / "d").exists()


@pytest.mark.long
def test_the_same_bytes_on_dask(undisturbed: tuple[Path, str], tmp_path: Path) -> None:
    code, _, err = told(tmp_path / "found", *OVER, "--workers", "2")
    assert code == 0, err
    assert digests(tmp_path / "found") == digests(undisturbed[0])
