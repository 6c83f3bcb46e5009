"""Sample sizes that whole searches find, against R's power.t.test; what a search leaves, and that it can be stopped.

R 4.2.2, power.t.test(delta, sd = 1, power, sig.level = 0.05), patients a group: 85.03129 for a delta of 0.5 and a
power of 90%, 99.08057 for 0.4 and 80%. Twice that, rounded up to an even number: 172 and 200 patients.
"""

from __future__ import annotations

import hashlib
from math import sqrt
from pathlib import Path

import pytest
from scipy import stats

import trialsim
from tests.unit.report.test_page import Outline
from tests.whole_runs import LIBRARY
from trialsim.api.designs import Design, design_search, find_design
from trialsim.foundation.errors import TrialsimError
from trialsim.report.write import write_report

EXACT = {("expected", 0.5, 0.9): 85.03129, ("smaller", 0.4, 0.8): 99.08057}  # patients a group, not rounded
OUTSIDE_THE_PROMISE = ("manifest.json", "log.jsonl", ".lock", "report.html")
TARGET = "power >= 90% in expected; type_1 <= 2.5% in null"
OVER = "patients.randomised: 100..300 by 4"


def power(patients: int, delta: float) -> float:
    df, noncentrality = patients - 2, delta * sqrt(patients) / 2
    return float(stats.nct.sf(stats.t.isf(0.025, df), df, noncentrality))


def searched(folder: Path, target: str = TARGET, over: str = OVER, trials: int = 1000, **options: object) -> Design:
    search = design_search("two-means", target, over, trials=trials, library=LIBRARY, folder=folder)
    return find_design(search, **{"threads": 1} | options)  # type: ignore[arg-type]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in OUTSIDE_THE_PROMISE
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Design:
    return searched(tmp_path_factory.mktemp("design") / "found")


@pytest.mark.parametrize(("scenario", "delta", "level"), EXACT, ids=str)
def test_the_sizes_are_those_of_power_t_test(scenario: str, delta: float, level: float, tmp_path: Path) -> None:
    trials = 3000
    design = searched(tmp_path / "d", f"power >= {level} in {scenario}", "patients.randomised: 100..400", trials)
    exact = 2 * EXACT[scenario, delta, level]
    (estimate,) = design.answer["estimates"]
    assert estimate["standard_error"] < 8
    assert abs(estimate["size"] - exact) < 4 * estimate["standard_error"]
    # Shown: not too small, and not larger than the trials of the verification need to show it.
    assert power(design.size, delta) >= level
    error = sqrt(level * (1 - level) / trials)
    assert power(design.size - 2, delta) < level + (stats.norm.isf(0.008) + 4) * error
    fresh = design.points.query("sequence > 0")
    for row in fresh.itertuples():
        rate = power(row.size, delta)
        assert abs(row.value - rate) < 4 * sqrt(rate * (1 - rate) / row.n)


def test_a_search_leaves_what_it_says(found: Design) -> None:
    answer, points = found.answer, found.points
    assert found.size - answer["smaller"] == 4
    assert answer["trials_simulated"] == points.n.sum()
    verified = points[(points.sequence == answer["sequence"]) & (points["size"] == found.size)]
    assert dict(zip(verified.quantity, verified.verdict, strict=True)) == {"power": "met", "type_1": "not above"}
    next_to = points[(points.sequence == answer["sequence"]) & (points["size"] == answer["smaller"])]
    assert set(next_to[next_to.quantity == "power"].verdict) <= {"undecided", "missed"}
    assert trialsim.Run(found.folder).faults() == ()
    manifest = trialsim.Run(found.folder).manifest
    assert {"design.json", "tables/points.parquet", "protocol.yaml"} < set(manifest["files"])
    # The run that verified the answer is an ordinary one, with the same numbers.
    summary = found.verification.summary
    rows = summary[(summary.design == f"randomised-{found.size}") & (summary.quantity == "power")]
    assert rows.value.tolist() == verified[verified.quantity == "power"].value.tolist()
    assert set(summary.scenario) == {"expected", "null"} and set(summary.n) <= {1000, 999}


def test_a_changed_table_is_found(found: Design, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(found.folder, copy)
    path = copy / found.answer["verification"] / "tables" / "summary.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert trialsim.Run(copy).faults() == (f"{path.parent.parent.name}: tables/summary.parquet was changed",)


def test_the_same_bytes_after_interruptions_and_on_threads(found: Design, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    folder, seen = tmp_path / "found", []

    def stop_sometimes(progress: object) -> None:
        seen.append(progress)
        if len(seen) in (2, 9, 25):
            raise Stop

    for _ in range(3):
        with pytest.raises(Stop):
            searched(folder, on_progress=stop_sometimes)
        assert not (folder / "manifest.json").exists()
    before = len(list(folder.rglob("part-*.json")))
    assert before > 10
    searched(folder, threads=3, chunk=30)
    assert digests(folder) == digests(found.folder)
    assert len(digests(folder)) > 40


def test_a_finished_search_is_told_again_and_another_is_refused(found: Design) -> None:
    before = digests(found.folder)
    assert searched(found.folder).answer == found.answer
    assert digests(found.folder) == before
    with pytest.raises(TrialsimError) as caught:
        searched(found.folder, trials=2000)
    assert (caught.value.slug, caught.value.message) == (
        "run-changed", f"{found.folder} cannot be resumed: its inputs were others"
    )  # fmt: skip
    assert caught.value.notes[0] == "trials: 1000 then, 2000 now"


def test_the_report_says_how_the_design_was_found(found: Design) -> None:
    path = write_report(found.folder)
    assert path == found.folder / "report.html"
    text = path.read_text("utf-8")
    assert '<h2 id="found-heading">Finding the design</h2>' in text
    assert "Asked: the smallest of 51 designs from 100 to 300 patients that reaches power ≥ 90% in expected" in text
    assert f"{found.size} patients are shown to do, with 95% confidence, by 1000 trials a scenario" in text
    assert f"<strong>{found.size}</strong>" in text
    outline = Outline()
    outline.feed(text)
    assert outline.open == [] and len(set(outline.ids)) == len(outline.ids)
    drawing = text[text.index('aria-labelledby="found-0-title') :]
    assert '<title id="found-0-title">Power in expected by patients</title>' in drawing
    assert f"Target 90%, answer {found.size}. " in drawing
    ordinary = write_report(found.verification.folder).read_text("utf-8")
    assert "Finding the design" not in ordinary


def test_a_trial_of_the_search_can_be_replayed(found: Design) -> None:
    from trialsim.api.runs import campaign_of, replayed

    size = int(found.points.query("sequence == 0 and quantity == 'power'")["size"].iloc[0])
    name = f"randomised-{size}"
    ready = campaign_of(found.folder / f"{name}.yaml")
    again = replayed(ready, "expected", "typical", name, 3, 3)["looks"]
    looks = trialsim.Run(found.folder).table("looks")
    row = looks[(looks.design == name) & (looks.scenario == "expected") & (looks.trial == 3)]
    assert again.estimate.tolist() == row.estimate.tolist()


@pytest.mark.parametrize(("level", "trials"), [("1%", 1000), ("1.5%", 3000)])
def test_a_null_rejected_too_often_is_refused_each_time(level: str, trials: int, tmp_path: Path) -> None:
    """The test's own level is 2.5%."""
    for _ in range(2):
        with pytest.raises(TrialsimError) as caught:
            searched(tmp_path / "d", f"power >= 80% in expected; type_1 <= {level} in null", trials=trials)
        assert caught.value.slug == "null-rejected-too-often"
        assert not (tmp_path / "d" / "manifest.json").exists()
    points = trialsim.Run(tmp_path / "d").table("points")
    assert set(points[points.quantity == "type_1"].verdict) >= {"above"}
