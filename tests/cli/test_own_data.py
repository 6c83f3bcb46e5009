"""A data set and a model of one's own from the command line: event records and SBML."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import Run
from tests.whole_runs import LIBRARY, ROOT

TINY = ("tiny-linear", "--library", LIBRARY)
RECORDS = "ID,TIME,AMT,DV,WT\n1,0,320,.,70\n1,1,.,10.5,70\n2,0,320,.,84\n2,5,.,8,84\n"


def test_records_come_back_with_predictions(run: Run, tmp_path: Path) -> None:
    (tmp_path / "records.csv").write_text(RECORDS, encoding="utf-8")
    given = ("simulate", *TINY, "--events", "records.csv", "--column", "weight=WT", "--no-residual-error")
    done = run(*given)
    assert (done.returncode, done.stderr) == (0, "4 records; TIME in h, AMT in mg, IPRED_x_conc in mg/L\n")
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "ID,TIME,AMT,DV,WT,IPRED,IPRED_x_conc,DV_x_conc,BLQ_x_conc,STATUS", "1,0,320,.,70,0,0,.,0,0"
    ]  # fmt: skip
    assert len(lines) == 5
    to_file = run(*given, "--out", "out/simulated.csv")
    assert (to_file.returncode, to_file.stdout) == (0, "out/simulated.csv\n")
    assert (tmp_path / "out" / "simulated.csv").read_text(encoding="utf-8") == done.stdout
    assert run(*given, "--out", "simulated.parquet").returncode == 0
    assert len(pd.read_parquet(tmp_path / "simulated.parquet")) == 4


def test_columns_without_a_meaning_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "records.csv").write_text(RECORDS, encoding="utf-8")
    done = run("simulate", *TINY, "--events", "records.csv", "--individuals", "sampled", "--replicates", "2")
    assert done.returncode == 0
    assert done.stderr == (
        "8 records; TIME in h, AMT in mg, IPRED_x_conc in mg/L\ncarried through, not used: WT\n"
    )  # fmt: skip


def test_a_wrong_record_is_told_at_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "records.csv").write_text(RECORDS.replace("1,1,.,", "1,-1,.,"), encoding="utf-8")
    done = run("simulate", *TINY, "--events", "records.csv", "--column", "weight=WT")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "records.csv:3:3: error[records-order]: time goes back\n"
        "  |\n"
        "3 | 1,-1,.,10.5,70\n"
        "  |   ^^\n"
        "  ::: records.csv:2:3\n"
        "  |\n"
        "2 | 1,0,320,.,70\n"
        "  |   ^ the record before\n"
        "  = only a record that resets (EVID 3 or 4) may start another time\n"
    )


def test_a_file_that_is_not_there(run: Run) -> None:
    done = run("simulate", *TINY, "--events", "nowhere.csv")
    assert (done.returncode, done.stderr) == (
        3, "error[records-unreadable]: the file 'nowhere.csv' cannot be read\n   = No such file or directory\n"
    )  # fmt: skip


@pytest.mark.parametrize("words", [("--column", "weight"), ("--code", "sex=male")], ids=["column", "code"])
def test_a_word_that_maps_nothing(run: Run, tmp_path: Path, words: tuple[str, str]) -> None:
    (tmp_path / "records.csv").write_text(RECORDS, encoding="utf-8")
    done = run("simulate", *TINY, "--events", "records.csv", *words)
    assert done.returncode == 2 and repr(words[1]) in done.stderr


def test_somebody_who_cannot_be_simulated(run: Run, tmp_path: Path) -> None:
    (tmp_path / "records.csv").write_text(RECORDS, encoding="utf-8")
    (tmp_path / "parameters.csv").write_text("ID,CL,V\n1,2,0\n2,2,30\n", encoding="utf-8")
    done = run("simulate", *TINY, "--events", "records.csv", "--individuals", "parameters.csv", "--out", "out.csv")
    assert (done.returncode, done.stdout) == (4, "out.csv\n")
    assert "error: individual 1 could not be simulated: " in done.stderr
    assert "individual 2" not in done.stderr


def test_a_model_is_imported_and_checked(run: Run, tmp_path: Path) -> None:
    model = ROOT / "tests" / "sbml" / "michaelis-menten.xml"
    done = run("import", model, "--out", "drug.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "drug.yaml\n", "")
    checked = run("check", "drug.yaml")
    assert (checked.returncode, checked.stdout) == (0, "drug.yaml: a valid cohort\n")
    again = run("import", model, "--out", "drug.yaml")
    assert (again.returncode, again.stderr) == (
        2, "error[file-exists]: 'drug.yaml' is there already\n   = --force replaces it\n"
    )  # fmt: skip
    assert run("import", model, "--out", "drug.yaml", "--force").returncode == 0
    assert run("import", model).stdout == (tmp_path / "drug.yaml").read_text(encoding="utf-8")


def test_what_is_no_model(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.xml").write_text("<html/>", encoding="utf-8")
    done = run("import", "page.xml")
    assert (done.returncode, done.stderr) == (
        3, "error[sbml-invalid]: 'page.xml' is no valid SBML\n"
        "   = line 2: Document does not conform to the SBML XML schema\n"
    )  # fmt: skip


@pytest.mark.parametrize("command", ["simulate", "import"])
def test_help_fits_the_terminal(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 100
