"""Every command from an installed wheel: what it prints, whole where short, and its exit code."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.whole_runs import LIBRARY
from trialsim.api.documents import document_schema, explanations, kinetics_entries, library_entries
from trialsim.foundation.version import VERSION

USAGE = "Usage: trialsim"


def out(done: object) -> tuple[int, str, str]:
    return done.returncode, done.stdout, done.stderr  # type: ignore[attr-defined]


def test_version(run: Run) -> None:
    assert out(run("--version")) == (0, f"trialsim {VERSION}\n", "")


def test_without_a_command_the_commands_are_listed(run: Run) -> None:
    done = run()
    assert done.returncode == 2
    text = done.stdout + done.stderr
    assert text.startswith(USAGE)
    for name in ("run", "fit", "cohort", "check", "explain", "report", "verify", "replay", "schema", "library"):
        assert f"\n  {name} " in text


def test_a_command_that_is_none(run: Run) -> None:
    done = run("rum")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{USAGE} [OPTIONS] COMMAND [ARGS]...\nTry 'trialsim -h' for help.\n")
    assert "No such command 'rum'." in done.stderr


def test_the_library_is_listed(run: Run) -> None:
    entries = [*library_entries(), *kinetics_entries()]
    width = max(len(name) for _, name, _ in entries)
    assert ("kinetics", "one_compartment", "One compartment with linear elimination") in entries
    lines = [f"{kind:<9} {name:<{width}} {title}\n" for kind, name, title in entries]
    assert out(run("library", "list")) == (0, "".join(lines), "")


def test_a_protocol_is_copied_with_all_it_needs(run: Run, tmp_path: Path) -> None:
    copies = ["mine/protocols/theophylline-dose-finding.yaml", "mine/cohorts/theophylline.yaml",
              "mine/cohorts/data/theophylline.csv"]  # fmt: skip
    assert out(run("library", "copy", "theophylline-dose-finding", "--to", "mine")) == (
        0, "".join(f"{copy}\n" for copy in copies), ""
    )  # fmt: skip
    assert all((tmp_path / copy).is_file() for copy in copies)
    assert out(run("library", "copy", "theophylline-dose-finding", "--to", "mine")) == (
        2, "", f"error[file-exists]: '{copies[0]}' is there already\n   = --force replaces it\n"
    )  # fmt: skip
    assert run("library", "copy", "theophylline", "--to", "mine", "--force").returncode == 0
    assert out(run("check", "mine/protocols/theophylline-dose-finding.yaml", "mine/cohorts/theophylline.yaml")) == (
        0, f"{copies[0]}: a valid protocol\n{copies[1]}: a valid cohort\n", ""
    )  # fmt: skip


def test_every_shipped_document_is_valid(run: Run) -> None:
    names = [name for _, name, _ in library_entries()]
    lines = [f"{name}: a valid {kind}\n" for kind, name, _ in library_entries()]
    code, text, told = out(run("check", *names))
    assert (code, text) == (0, "".join(lines))
    # Published models whose variation is normal say that it crosses zero; of nothing else is warned.
    assert set(re.findall(r"(?:error|warning)\[([\w-]+)\]", told)) <= {"crosses-zero"}


def test_a_fault_is_told_at_its_place(run: Run, tmp_path: Path) -> None:
    text = (LIBRARY / "cohorts" / "tiny-linear.yaml").read_text(encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(text.replace("typical: 2 L/h", "typical: 2 kg"), encoding="utf-8")
    assert out(run("check", "wrong.yaml")) == (
        3,
        "",
        "wrong.yaml:16:19: error[units-differ]: cannot subtract mg^2/L from mg/h\n"
        "   |\n"
        "16 |   central: {rate: ka * depot - CL / V * central}\n"
        "   |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "   = ka * depot: mass/time, as mg/h\n"
        "   = CL / V * central: mass^2/length^3, as mg^2/L\n",
    )
    as_json = run("check", "wrong.yaml", "--format", "json")
    (report,) = json.loads(as_json.stdout)
    assert (as_json.returncode, report["file"], report["valid"]) == (3, "wrong.yaml", False)
    (fault,) = report["diagnostics"]
    assert (fault["slug"], fault["place"]) == (
        "units-differ", {"file": "wrong.yaml", "line": 16, "column": 19, "end_column": 48}
    )  # fmt: skip


def test_a_name_that_nobody_has(run: Run) -> None:
    assert out(run("check", "theophyline")) == (
        3, "", "error[no-such-document]: no protocol and no cohort is called 'theophyline'\n"
        "   = nearest name: theophylline\n"
    )  # fmt: skip


def test_a_valid_document_is_explained_in_full(run: Run) -> None:
    done = run("check", "theophylline", "--explain")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("language: cohort 1\nid: theophylline\n")
    assert done.stdout.splitlines()[-1].startswith("# dynamics of theophylline: ")


@pytest.mark.parametrize("kind", ["protocol", "cohort"])
def test_the_schema_is_printed(run: Run, kind: str) -> None:
    done = run("schema", kind)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == document_schema(kind)  # type: ignore[arg-type]


def test_an_error_is_explained(run: Run) -> None:
    known = explanations()["too-few-eligible"]
    assert out(run("explain", "too-few-eligible")) == (
        0,
        f"too-few-eligible: {known.title}\n\n{known.meaning}\n\n"
        f"For example:\n\n    {known.wrong_example}\n\nWhat to do: {known.remedy}\n",
        "",
    )
    assert out(run("explain", "too-few-elligible")) == (
        2, "", "error[unknown-slug]: no error is called 'too-few-elligible'\n   = nearest name: too-few-eligible\n"
    )  # fmt: skip


def test_every_error_is_listed(run: Run) -> None:
    done = run("explain")
    listed = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    assert {slug: title.strip() for slug, title in listed.items()} == {
        slug: known.title for slug, known in explanations().items()
    }


def test_patients_are_drawn(run: Run, tmp_path: Path) -> None:
    import pandas as pd

    done = run("cohort", "tiny-linear", "-n", "40", "--library", LIBRARY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].rstrip() == "tiny-linear: 40 patients"
    folder = "populations/tiny-linear-n40-seed1"
    assert done.stdout.splitlines()[-2:] == [f"{folder}/patients.parquet", f"{folder}/population.svg"]
    frame = pd.read_parquet(tmp_path / folder / "patients.parquet")
    assert len(frame) == 40 and {"weight", "sex", "CL", "V"} < set(frame.columns)
    assert (tmp_path / folder / "population.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")


def test_a_fit_that_has_not_been_made(run: Run) -> None:
    assert out(run("run", "theophylline-dose-finding", "--trials", "2")) == (
        3,
        "",
        "error[fit-missing]: the cohort 'theophylline' takes its values from the fit 'theophylline', which has not been"
        " made\n   = looked for fits/theophylline/fit.json and posterior.nc beside it\n"
        "   = run: trialsim fit theophylline\n",
    )


def test_a_fit_of_nothing(run: Run) -> None:
    done = run("fit", "bempedoic-acid")
    assert out(done) == (
        3, "", "error[nothing-to-fit]: the cohort 'bempedoic-acid' has no section `fit`\n"
        "   = `fit` names a data file and what its columns mean: see docs/methods/fitting.md\n"
    )  # fmt: skip


def test_a_run_from_its_start_to_its_proof(run: Run, tmp_path: Path) -> None:
    tiny = ("tiny-linear", "--library", LIBRARY)
    estimate = run("run", *tiny, "--trials", "2", "--estimate")
    assert estimate.returncode == 0 and estimate.stdout.startswith("tiny-linear: at most 8 trials, ")
    assert not (tmp_path / "runs").exists()
    done = run("run", *tiny, "--trials", "2")
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("tiny-linear-")
    place = folder.relative_to(tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"{place}/report.html")
    assert done.stderr == f"Two doses of X and their concentrations\n4 cells → {place}\n"
    cells = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["dynamics"]
    assert {(cell["scenario"], cell["parameters"], cell["tier"], cell["solver"]) for cell in cells} == {
        (scenario, mode, "adaptive", "explicit") for scenario in ("expected", "fast")
        for mode in ("typical", "uncertain")
    }  # fmt: skip
    assert all("64 patients took" in cell["why"] for cell in cells)
    assert out(run("verify", place)) == (0, f"{place}: every table is as it was written\n", "")
    assert out(run("report", place)) == (0, f"{place}/report.html\n", "")
    assert out(run("run", *tiny, "--trials", "2")) == (
        2, "", f"{done.stderr}error[run-exists]: {place} holds a run already\n"
        "   = --resume continues it\n   = --force replaces it\n"
    )  # fmt: skip
    before = (folder / "report.html").stat().st_mtime_ns
    assert run("run", *tiny, "--trials", "2", "--resume").returncode == 0
    assert (folder / "report.html").stat().st_mtime_ns > before
    looks = next((folder / "tables" / "looks").rglob("part-*.parquet"))
    looks.write_bytes(looks.read_bytes()[:-1] + b"x")
    name = looks.relative_to(folder)
    assert out(run("verify", place)) == (
        1, "", f"error: {name} was changed\nerror: the table looks is not the one in the manifest\n"
    )  # fmt: skip


def test_a_folder_that_is_no_run(run: Run) -> None:
    assert out(run("verify", ".")) == (2, "", "error[not-a-run]: . holds no finished run\n")
    assert out(run("report", ".")) == (2, "", "error[not-a-run]: . holds no finished run\n")


def test_a_trial_is_replayed(run: Run, tmp_path: Path) -> None:
    tiny = ("tiny-linear", "--library", LIBRARY)
    done = run("replay", *tiny, "--scenario", "fast", "--trial", "3-4", "--to", "again")
    assert (done.returncode, done.stderr) == (0, "")
    assert "patients              32 rows  again/patients.csv\n" in done.stdout
    assert (tmp_path / "again" / "visits.csv").is_file()
    wrong = run("replay", *tiny, "--scenario", "slow", "--trial", "3")
    assert out(wrong) == (
        2, "", "error[unknown-cell]: the run has no scenario 'slow'\n   = there are: expected, fast\n"
    )  # fmt: skip
    assert run("replay", *tiny, "--scenario", "fast", "--trial", "three").returncode == 2


def test_a_null_that_is_none_is_a_finding(run: Run, tmp_path: Path) -> None:
    text = (LIBRARY / "protocols" / "tiny-adaptive.yaml").read_text(encoding="utf-8")
    text = text.replace("  expected: {}\n", "  expected: {null: [active vs placebo]}\n")
    (tmp_path / "wrong-null.yaml").write_text(text, encoding="utf-8")
    done = run("run", "wrong-null.yaml", "--library", LIBRARY, "--trials", "30")
    assert done.returncode == 1
    assert "fault: scenario expected, typical parameters, design base: primary, active vs placebo is declared null" in (
        done.stderr
    )


def test_trials_that_cannot_be_simulated_are_counted(run: Run, tmp_path: Path) -> None:
    text = (LIBRARY / "protocols" / "tiny-linear.yaml").read_text(encoding="utf-8")
    text = text.replace("50 kg <= weight <= 110 kg", "129.99 kg <= weight <= 130 kg")
    (tmp_path / "nobody.yaml").write_text(text, encoding="utf-8")
    done = run("run", "nobody.yaml", "--library", LIBRARY, "--trials", "1", "--folder", "run")
    assert done.returncode == 4
    assert done.stderr.endswith("error: 4 trials could not be simulated; tables/failures says why\n")
    assert done.stdout.endswith("run/report.html\n")


def test_a_folder_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("run", "tiny-linear", "--library", LIBRARY, "--folder", "file/run")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.endswith("error: the system refused: Not a directory (file/run)\n")


def test_a_pipe_that_closes_is_no_fault(run: Run, installed: Path, tmp_path: Path) -> None:
    import subprocess

    program = installed / "venv" / "bin" / "trialsim"
    done = subprocess.run(
        f"{program} schema protocol | head -n 1", shell=True, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")
    assert shutil.which("head")
