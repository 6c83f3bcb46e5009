"""trialsim as its users have it: a built wheel in an environment of its own, no checkout in sight."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.whole_runs import ROOT

DROPPED = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "FORCE_COLOR")
Run = Callable[..., subprocess.CompletedProcess[str]]


def built(folder: Path) -> None:
    """Build the wheel and install it into an environment that also sees the packages of this one."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
    # A folder named in a .pth file comes last and its own .pth files do not count: no editable install gets in.
    (site / "packages-of-the-tests.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    (wheel,) = folder.glob("trialsim-*.whl")
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the wheel and its environment `venv`, made once for all workers of a test run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "installed"
    with open(shared / "installed.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            folder.mkdir()
            built(folder)
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def wheel(installed: Path) -> zipfile.ZipFile:
    (path,) = installed.glob("trialsim-*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """Return the function that runs the installed command in an empty folder."""
    environment = {name: value for name, value in os.environ.items() if name not in DROPPED}
    environment |= {"COLUMNS": "100", "TERM": "dumb"}

    def told(*words: str | Path, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        program = str(installed / "venv" / "bin" / "trialsim")
        return subprocess.run(
            [program, *map(str, words)], capture_output=True, text=True, env=environment, cwd=cwd, timeout=300,
            check=False,
        )  # fmt: skip

    return told
