"""Every shipped document reads, resolves, cites, tells editors its schema, and runs small."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import trialsim
from tests.unit.protocol.test_schema import as_an_editor_reads_it
from tests.whole_runs import ROOT, told
from trialsim.api.documents import document_schema, library_entries, reference_page
from trialsim.cohort.read import files_beside, read_cohort
from trialsim.cohort.write import cohort_text
from trialsim.foundation.library import documents
from trialsim.protocol.read import read_protocol
from trialsim.protocol.write import protocol_text

REFERENCE = ROOT / "docs" / "reference"
COHORTS = list(documents(ROOT / "cohorts"))
PROTOCOLS = list(documents(ROOT / "protocols"))
TINY = [*documents(ROOT / "tests" / "cohorts"), *documents(ROOT / "tests" / "protocols")]
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


def named(paths: list[Path]) -> Any:
    return pytest.mark.parametrize("path", paths, ids=[f"{path.parent.name}-{path.stem}" for path in paths])


def test_the_library_lists_them() -> None:
    assert [entry[1] for entry in library_entries()] == [path.stem for path in (*PROTOCOLS, *COHORTS)]
    assert len(PROTOCOLS) >= 2 and len(COHORTS) >= 2
    assert all(len(entry) == 3 and entry[2] for entry in library_entries())


@named([*COHORTS, *PROTOCOLS, *TINY])
def test_editors_find_the_schema_and_accept_the_document(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    modeline = MODELINE.match(text)
    assert modeline
    schema = (path.parent / modeline[1]).resolve()
    kind = "cohort" if "cohorts" in path.parts else "protocol"
    assert schema == REFERENCE / f"{kind}.schema.json"
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(as_an_editor_reads_it(text))] == []


@pytest.mark.parametrize("kind", ["protocol", "cohort", "kinetics"])
def test_the_committed_reference_is_what_is_generated(kind: Any) -> None:
    how = "run `trialsim schema --write docs/reference`"
    assert (REFERENCE / f"{kind}.md").read_text(encoding="utf-8") == reference_page(kind), how
    assert json.loads((REFERENCE / f"{kind}.schema.json").read_text(encoding="utf-8")) == document_schema(kind), how


def test_the_command_writes_the_reference(tmp_path: Path) -> None:
    done = told("schema", "--write", tmp_path)
    names = [f"{kind}{ending}" for kind in ("protocol", "cohort", "kinetics") for ending in (".schema.json", ".md")]
    assert (done.returncode, done.stdout.split()) == (0, [str(tmp_path / name) for name in names])
    for name in names:
        assert (tmp_path / name).read_bytes() == (REFERENCE / name).read_bytes()


@named(COHORTS)
def test_a_cohort_reads_resolves_and_cites(path: Path, tmp_path: Path) -> None:
    cohort, document = read_cohort(path)
    assert cohort.id == path.stem
    # Published deviations that may have either sign (a slope, a change) are told of, and meant.
    assert {warning.slug for warning in document.warnings} <= {"crosses-zero"}
    assert cohort.references and all(reference.cite for reference in cohort.references)
    assert cohort.limits, "a model says what it leaves out"
    for name, source in files_beside(cohort):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(source.read_bytes())
    resolved = tmp_path / path.name
    resolved.write_text(cohort_text(cohort), encoding="utf-8")
    again, _ = read_cohort(resolved)
    assert again.digest == cohort.digest
    assert cohort_text(again) == cohort_text(cohort)


@named(PROTOCOLS)
def test_a_protocol_reads_and_resolves_to_itself(path: Path, tmp_path: Path) -> None:
    protocol, document = read_protocol(path)
    assert (protocol.id, document.warnings) == (path.stem, ())
    assert protocol.patients.cohort in {cohort.stem for cohort in COHORTS}
    assert all(scenario.label for scenario in protocol.scenarios)
    resolved = tmp_path / path.name
    resolved.write_text(protocol_text(protocol), encoding="utf-8")
    assert read_protocol(resolved)[0] == protocol


@named(COHORTS)
def test_a_cohort_gives_patients(path: Path) -> None:
    cohort = replace(read_cohort(path)[0], posterior=None)  # without its fit: from what is stated
    frame = trialsim.sample_patients(cohort, 50)
    assert len(frame) == 50 and not frame.isna().any().any()
    assert {c.name for c in cohort.covariates} | {p.name for p in cohort.parameters} < set(frame.columns)


@named(PROTOCOLS)
def test_a_protocol_runs_small(path: Path, tmp_path: Path) -> None:
    """Two trials a cell, typical values as stated: no fit is needed to see that the documents go together."""
    ready = trialsim.campaign_of(without_a_fit(path, tmp_path), library=tmp_path, folder=tmp_path / "run", trials=2)
    result = trialsim.simulate(ready, threads=2)
    assert (result.n_trials, result.n_failed) == (2 * len(ready.plan.cells), 0)
    run = trialsim.Run(result.folder)
    assert run.faults() == ()
    looks = run.table("looks")
    assert looks[looks["analysis"] == ready.protocol.success.analysis]["status"].isna().all()
    assert len(run.table("failures")) == 0
    assert trialsim.write_report(result.folder).stat().st_size > 20_000


def without_a_fit(path: Path, library: Path) -> Path:
    """Write a protocol and its cohort without the posterior into a library, and return the protocol's file."""
    cohort, _ = read_cohort(next(each for each in COHORTS if each.stem == read_protocol(path)[0].patients.cohort))
    plain = replace(cohort, posterior=None, fit=None)
    for folder, name, text in (
        ("cohorts", cohort.id, cohort_text(plain)), ("protocols", path.stem, path.read_text(encoding="utf-8"))
    ):  # fmt: skip
        (library / folder).mkdir(exist_ok=True)
        (library / folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return library / "protocols" / f"{path.stem}.yaml"
