"""What the wheel holds, and that the installed command lives from it alone."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from tests.whole_runs import ROOT


def names(wheel: zipfile.ZipFile) -> set[str]:
    return {name for name in wheel.namelist() if ".dist-info/" not in name}


def committed(folder: str) -> set[str]:
    """Return the content files of a folder as the checkout has them."""
    return {
        path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }  # fmt: skip


def test_the_wheel_holds_the_package_and_the_library(wheel: zipfile.ZipFile) -> None:
    kinds = ("protocols", "cohorts", "kinetics", "reports")
    library = {f"trialsim/_library/{name}" for kind in kinds for name in committed(kind)}
    assert names(wheel) == committed("trialsim") | library
    for name in ("cohorts/data/theophylline.csv", "reports/run.html", "cohorts/theophylline.yaml"):
        assert f"trialsim/_library/{name}" in library


def test_the_wheel_says_its_licence_and_its_command(wheel: zipfile.ZipFile) -> None:
    (info,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    metadata = wheel.read(f"{info}/METADATA").decode()
    assert "License-Expression: Apache-2.0\n" in metadata
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    assert wheel.read(f"{info}/entry_points.txt").decode() == "[console_scripts]\ntrialsim = trialsim.cli.main:main\n"


def test_the_installed_package_is_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    program = "import trialsim, trialsim.foundation.library as l; print(trialsim.__file__); print(l.shipped('cohorts'))"
    done = subprocess.run(
        [str(installed / "venv" / "bin" / "python"), "-c", program], capture_output=True, text=True, cwd=tmp_path,
        check=True,
    )  # fmt: skip
    module, library = map(Path, done.stdout.split("\n")[:2])
    assert module.is_relative_to(installed / "venv") and library.is_relative_to(installed / "venv")
    assert library == module.parent / "_library" / "cohorts"
