"""A run that was ended from outside goes on with --resume, to the same bytes as if nothing had been."""

from __future__ import annotations

import os
import re
import resource
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.whole_runs import LIBRARY, ROOT, command, digests, environment, n_parts, told

N_PARTS = 12  # of tiny-linear


def run_words(folder: Path, *options: str) -> list[str]:
    return ["run", "tiny-linear", "--library", str(LIBRARY), "--folder", str(folder), *options]


def started(folder: Path, *options: str, limit: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    """Start a run in a session of its own, as a terminal would."""
    return subprocess.Popen(
        command(*run_words(folder, *options)), env=environment(), cwd=ROOT, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit,
    )  # fmt: skip


def until(process: subprocess.Popen[str], folder: Path, parts: int) -> None:
    """Wait until so many parts are whole."""
    deadline = time.monotonic() + 120
    while not (folder / "plan.json").exists() or n_parts(folder) < parts:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def killed(folder: Path, parts: int, *options: str) -> None:
    """Run until so many parts are whole, then kill -9."""
    process = started(folder, *options)
    until(process, folder, parts)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert parts <= n_parts(folder) < N_PARTS
    assert not (folder / "manifest.json").exists()


def resumed(folder: Path, *options: str) -> None:
    done = told(*run_words(folder, "--resume", *options))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, str(folder / "report.html")), done.stderr


def test_kill_9_again_and_again_changes_no_byte(undisturbed, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    killed(folder, 0, "--threads", "1")
    killed(folder, 1, "--threads", "2", "--resume")
    killed(folder, 5, "--threads", "1", "--resume")
    killed(folder, 8, "--threads", "2", "--resume", "--chunk", "30")
    resumed(folder, "--threads", "1")
    assert digests(folder) == undisturbed("tiny-linear")


@pytest.mark.long
@pytest.mark.parametrize("parts", [1, 6])
def test_kill_9_of_a_cluster_changes_no_byte(undisturbed, tmp_path: Path, parts: int) -> None:
    folder = tmp_path / "run"
    killed(folder, parts, "--workers", "2")
    resumed(folder, "--workers", "1")
    assert digests(folder) == undisturbed("tiny-linear")


# A trial at a time: slowly enough for the signal to come before the end.
@pytest.mark.parametrize(
    "options",
    [("--threads", "2", "--chunk", "1"), pytest.param(("--workers", "2", "--chunk", "1"), marks=pytest.mark.long)],
)
def test_ctrl_c_says_how_to_go_on(undisturbed, tmp_path: Path, options: tuple[str, ...]) -> None:
    folder = tmp_path / "a run"
    process = started(folder, *options)
    until(process, folder, 2)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    words = ["trialsim", *run_words(folder, *options), "--resume"]
    assert (process.returncode, out) == (130, "")
    assert err == (
        f"Two doses of X and their concentrations\n4 cells → {folder}\n"
        f"Stopped; nothing that was finished is lost. To go on: {shlex.join(words)}\n"
    )
    assert 2 <= n_parts(folder) < N_PARTS
    assert not list(folder.rglob("*.tmp"))
    assert told(*words[1:]).returncode == 0
    assert digests(folder) == undisturbed("tiny-linear")


def full_text(folder: Path, why: str) -> re.Pattern[str]:
    """Return all that a run says whose disk is full, the name of the file left open."""
    start, path = re.escape(f"Two doses of X and their concentrations\n4 cells → {folder}\n"), re.escape(f"{folder}/")
    return re.compile(
        rf"{start}error\[cannot-write\]: {path}[-\w/.=]+ cannot be written: {why}\n"
        r"   = the run folder is left as it can be resumed\n"
    )


def test_files_that_may_not_grow_are_told(undisturbed, tmp_path: Path) -> None:
    folder = tmp_path / "run"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    process = started(folder, "--threads", "1", limit=limit)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (4, "")
    assert full_text(folder, "File too large").fullmatch(err), err
    resumed(folder)
    assert digests(folder) == undisturbed("tiny-linear")


def mounted(folder: Path, *options: str) -> bool:
    """Mount a file system in memory; only root may."""
    words = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A disk of 160 kB, None where this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or not mounted(folder, "size=160k"):
        yield None
        return
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_resumed_from(undisturbed, tmp_path: Path, small_disk: Path | None) -> None:
    """Where no small disk can be mounted, the limit on files of the test above is the only full disk there is."""
    if small_disk is None:
        test_files_that_may_not_grow_are_told(undisturbed, tmp_path)
        return
    folder = small_disk / "run"
    full = told(*run_words(folder, "--threads", "2"))
    assert (full.returncode, full.stdout) == (4, "")
    assert full_text(folder, "No space left on device").fullmatch(full.stderr), full.stderr
    assert 1 <= n_parts(folder) < N_PARTS
    assert mounted(small_disk, "remount", "size=16m")
    resumed(folder)
    assert digests(folder) == undisturbed("tiny-linear")
