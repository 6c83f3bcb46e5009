"""An arm, a visit, a scenario or a design more, written into the document, moves nobody's luck and no course."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import trialsim
from tests.whole_runs import LIBRARY, digests, simulated

ARM = "  high: {dosing: [{drug: X, amount: 14 mg, route: oral, every: 12 h, until: day 3}]}\n"
ARM_MORE = "  mid: {dosing: [{drug: X, amount: 12 mg, route: oral, every: 8 h, until: day 3}]}\n"
WHO = ["scenario", "parameters", "trial", "patient"]
Changed = Callable[..., "trialsim.Run"]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Return the function that runs a tiny protocol with some of its text replaced; every patient is kept."""

    def run(name: str, *changes: tuple[str, str], trials: int = 12) -> trialsim.Run:
        text = (LIBRARY / "protocols" / f"{name}.yaml").read_text(encoding="utf-8")
        kept = [line for line in text.splitlines() if line.startswith("keep:")]
        for old, new in (*changes, (kept[0], "keep: {patients_of: all}")):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        folder = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        document = folder.with_suffix(".yaml")
        document.write_text(text, encoding="utf-8")
        return trialsim.Run(simulated(document, folder, trials=trials))

    return run


def rows(run: trialsim.Run, table: str, without: tuple[str, ...] = (), **only: str) -> pd.DataFrame:
    """Return a table as plain rows in the order of its keys."""
    frame = run.table(table)
    for name, value in only.items():
        frame = frame[frame[name] == value]
    return frame.drop(columns=["design", *without]).astype(object).reset_index(drop=True)


def of_those(frame: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
    return frame.merge(patients[WHO], on=WHO, how="inner").reset_index(drop=True)


def same(first: pd.DataFrame, second: pd.DataFrame) -> None:
    assert len(first) > 30
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_a_comment_or_another_order_of_fields_is_the_same_run(changed: Changed) -> None:
    before = changed("tiny-linear")
    title = "title: Two doses of X and their concentrations\n"
    after = changed("tiny-linear", (title, ""), ("cut_delay: 1 day\n", f"cut_delay: 24 h  # a day\n{title}"))
    assert digests(after.folder) == digests(before.folder)


def test_a_scenario_more_leaves_the_files_of_the_others_as_they_were(changed: Changed) -> None:
    before = digests(changed("tiny-linear").folder)
    more = "  expected: {}\n  slow: {parameters: {CL: x 0.5}, conduct: {accrual.rate: x 0.5}}\n"
    after = digests(changed("tiny-linear", ("  expected: {}\n", more)).folder)
    theirs = {name for name in after if "scenario=slow" in name}
    tables = {name for name in before if "scenario=" in name}
    assert len(theirs) > 15 and len(tables) > 30
    assert {name for name in after if "scenario=" in name} == tables | theirs
    assert {name: after[name] for name in tables} == {name: before[name] for name in tables}


def test_scenarios_share_their_patients(changed: Changed) -> None:
    run = changed("tiny-linear")
    first, second = (rows(run, "patients", ("scenario", "CL"), scenario=name) for name in ("expected", "fast"))
    same(first, second)


@pytest.mark.parametrize(
    ("name", "arm", "more", "ratio"),
    [
        ("tiny-linear", ARM, ARM + ARM_MORE, ("{low: 1, high: 1}, blocks: 4", "{low: 1, high: 1, mid: 1}, blocks: 6")),
        (
            "tiny-adaptive",
            "  placebo: {}\n",
            "  placebo: {}\n  twice: {dosing: [{drug: X, amount: 5 mg, route: oral, every: 12 h, until: day 7}]}\n",
            ("{placebo: 1, active: 1}, blocks: 4", "{placebo: 1, twice: 1, active: 1}, blocks: 6"),
        ),
    ],
)
def test_an_arm_more_moves_no_course(
    changed: Changed, name: str, arm: str, more: str, ratio: tuple[str, str]
) -> None:
    before, after = changed(name), changed(name, (arm, more), ratio)
    same(rows(before, "patients", ("arm",)), rows(after, "patients", ("arm",)))
    allocated = rows(before, "patients").merge(rows(after, "patients")[[*WHO, "arm"]], on=WHO, suffixes=("", "_after"))
    stayed = allocated[allocated["arm"] == allocated["arm_after"]]
    assert 20 < len(stayed) < len(allocated)
    for table in ("doses", "visits", "events", "endpoints"):
        same(of_those(rows(before, table), stayed), of_those(rows(after, table), stayed))
    truths = rows(after, "counterfactuals")
    arms = set(rows(before, "counterfactuals")["arm"])
    assert set(truths["arm"]) - arms in ({"mid"}, {"twice"})
    keys = [*WHO, "estimand", "arm"]
    truths = truths[truths["arm"].isin(arms)].sort_values(keys).reset_index(drop=True)
    same(rows(before, "counterfactuals").sort_values(keys).reset_index(drop=True), truths)


@pytest.mark.parametrize(
    ("name", "visit", "assessed"),
    [
        (
            "tiny-linear",
            ("day2: {at: day 2", "day1: {at: day 1, window: 2 h}, day2: {at: day 2"),
            ("day2, day3]", "day1, day2, day3]"),
        ),
        ("tiny-adaptive", ("day4: day 4,", "day2: day 2, day4: day 4,"), ("baseline, day4", "baseline, day2, day4")),
    ],
)
def test_a_visit_more_moves_no_luck(
    changed: Changed, name: str, visit: tuple[str, str], assessed: tuple[str, str]
) -> None:
    before, after = changed(name), changed(name, visit, assessed)
    same(rows(before, "patients"), rows(after, "patients"))
    mine, theirs = rows(before, "visits"), rows(after, "visits")
    assert len(theirs) > len(mine)
    theirs = theirs[theirs["visit"].isin(set(mine["visit"]))].reset_index(drop=True)
    values = ["true_value", "value"]
    same(mine.drop(columns=values), theirs.drop(columns=values))
    for column in values:  # solver steps and propagations land elsewhere
        pairs = list(zip(mine[column], theirs[column], strict=True))
        assert all(pd.isna(a) == pd.isna(b) for a, b in pairs)
        assert all(pd.isna(a) or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9) for a, b in pairs)
    doses = [rows(run, "doses", ("taken",)) for run in (before, after)]
    same(doses[0], doses[1])
    unlike = (rows(before, "doses")["taken"] != rows(after, "doses")["taken"]).sum()
    assert unlike == 0


def test_a_design_more_begins_with_the_same_patients(changed: Changed) -> None:
    before = changed("tiny-linear")
    keep = ("simulate: {seed", "vary: {patients.randomised: [16, 24]}\nsimulate: {seed")
    after = changed("tiny-linear", keep)
    for table in ("patients", "doses", "visits", "counterfactuals"):
        same(rows(before, table), rows(after, table, design="randomised-16"))
    larger = of_those(rows(after, "doses", design="randomised-24"), rows(before, "patients"))
    assert len(larger) == len(rows(before, "doses"))
    same(of_those(rows(after, "visits", design="randomised-24"), rows(before, "patients")), rows(before, "visits"))
