"""What the command and the package leave alone until it is needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.whole_runs import LIBRARY, ROOT, environment

HEAVY = ("pymc", "arviz", "nutpie", "pytensor", "dask", "distributed", "numba", "pandas", "matplotlib", "pyarrow",
         "scipy", "xarray", "jinja2", "rich", "numpy")  # fmt: skip
AS_COMMAND = """
import sys
sys.argv = ["trialsim", *{words!r}]
from trialsim.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
TELL = "\nimport json, sys\nprint()\nprint(json.dumps(sorted(name for name in sys.modules if '.' not in name)))"


def loaded(program: str) -> set[str]:
    """Return the top-level modules that a program has loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-c", program + TELL], capture_output=True, text=True, env=environment(), cwd=ROOT, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "program",
    [
        "import trialsim",
        "import trialsim; trialsim.__version__, dir(trialsim)",
        AS_COMMAND.format(words=["--help"]),
        AS_COMMAND.format(words=["run", "--help"]),
        AS_COMMAND.format(words=["--version"]),
        AS_COMMAND.format(words=["explain", "too-few-eligible"]),
        AS_COMMAND.format(words=["library", "list"]),
        AS_COMMAND.format(words=["schema", "cohort"]),
        AS_COMMAND.format(words=["check", "tiny-linear", "tiny-adaptive", "--library", str(LIBRARY)]),
        AS_COMMAND.format(words=["check", str(LIBRARY / "cohorts" / "tiny-adaptive.yaml"), "--explain"]),
    ],
)
def test_nothing_heavy_is_loaded(program: str) -> None:
    modules = loaded(program)
    assert "trialsim" in modules
    assert modules.isdisjoint(HEAVY)


def test_the_readers_of_documents_load_no_numpy() -> None:
    names = ("protocol.read", "protocol.write", "protocol.designs", "cohort.read", "cohort.write", "dynamics.system",
             "foundation.units", "foundation.expression", "foundation.sections", "foundation.library")  # fmt: skip
    modules = loaded("\n".join(f"import trialsim.{name}" for name in names))
    assert modules.isdisjoint(HEAVY)


def test_the_scan_sees_what_is_loaded() -> None:
    assert "numpy" in loaded("import trialsim.foundation.streams")


def test_no_function_of_the_package_hides_behind_a_subpackage() -> None:
    """A subpackage takes its name in the package once imported: `trialsim.campaign` cannot be a function too."""
    import trialsim

    packages = {path.parent.name for path in (ROOT / "trialsim").glob("*/__init__.py")}
    assert packages >= {"campaign", "cohort"}
    assert packages.isdisjoint(trialsim.__all__)
    for name in trialsim.__all__:
        assert getattr(trialsim, name) is not None
