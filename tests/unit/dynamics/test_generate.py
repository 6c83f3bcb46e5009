"""Generated modules: named by content, whole when seen, shared between processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.reference.course_models import built, one_compartment
from trialsim.dynamics.generate import compiled, kernel_source
from trialsim.foundation.caches import cache_directory
from trialsim.foundation.errors import TrialsimError

PROGRAM = """
import numpy as np
from tests.reference.course_models import built
from trialsim.dynamics.courses import courses
from trialsim.dynamics.doses import no_doses
model = built("a", "k", ("-k * a * 1.0625",), starts=("1",))
found = courses(model, np.array([[0.5]]), no_doses(1), np.array([[2.0]]), np.zeros((1, 0)), [], [], 9.0)
from trialsim.dynamics.generate import compiled
print(found.outputs[0, 0, 0].hex(), sum(compiled(model).run_plain.stats.cache_hits.values()))
"""


def test_cache_directory_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "trialsim"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_directory() == tmp_path / ".cache" / "trialsim"


def test_processes_share_one_file_and_its_machine_code(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    command = [sys.executable, "-c", PROGRAM]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = (process.communicate()[0].split() for process in both)
    third = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert first[0] == second[0] == third[0]
    assert third[1] == "1"
    files = [path.name for path in (tmp_path / "trialsim" / "models").iterdir() if path.is_file()]
    assert len(files) == 1 and files[0].startswith("trialsim_model_") and files[0].endswith(".py")


def test_a_place_where_nothing_can_be_written_does_no_harm(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert compiled(built("a", "k", ("-k * a * 1.125",))).N_STATES == 1


def test_what_linear_models_share_is_compiled_for_them_alone():
    """The adaptive engine does not wait for what it never calls."""
    program = "import sys, trialsim.dynamics.courses; print('trialsim.dynamics.together' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=True).stdout.strip() == "False"


def test_source_is_the_models_own_and_straight_line():
    source = kernel_source(one_compartment())
    assert "empty_model" not in source
    assert kernel_source(one_compartment()) == source
    # Terms of parameters alone once a patient, each once, and only those that are not zero.
    assert source.split("def hoist(p, c):\n")[1].split("\n\n")[0].splitlines() == [
        "    v9 = -p[0]", "    v12 = (p[1] / p[2])", "    v17 = -v12", "    c[0] = v17", "    c[1] = v9"]
    assert source.split("def coefficients(p, c, w, lane):\n")[1].split("\n\n")[0].splitlines() == [
        "    w[AT_A + 0, lane] = c[1]", "    w[AT_A + 2, lane] = p[0]", "    w[AT_A + 3, lane] = c[0]"]
    assert one_compartment().digest == one_compartment().digest
    assert one_compartment().digest != one_compartment(" + 0 * ka").digest


def test_functions_about_events_have_no_place_in_a_rate():
    with pytest.raises(TrialsimError) as caught:
        kernel_source(built("a", "k", ("-k * a * since(a)",)))
    assert (caught.value.slug, caught.value.message) == (
        "not-in-dynamics", "since() cannot be used in a rate or a quantity")
