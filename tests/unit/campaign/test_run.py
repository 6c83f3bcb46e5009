"""Runs: the same bytes however they come about, resumable from any end, honest about failures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.campaign.fakes import PAPERS, digests, fake_plan, fake_simulate, worlds_of
from trialsim.campaign.pools import SerialPool
from trialsim.campaign.run import run
from trialsim.foundation.errors import TrialsimError
from trialsim.store import write as store_write
from trialsim.store.layout import Layout
from trialsim.store.read import read_table
from trialsim.store.verify import verify

PLAN = fake_plan(randomised=1000, at_least=60, at_most=200, until=0.05)  # parts of 20 trials


def go(folder, plan=PLAN, **options):
    world = options.pop("world", {})
    return run(plan, folder, PAPERS, worlds_of(plan, **world), **{"simulate": fake_simulate} | options)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "fake"
    return go(folder), digests(folder)


def test_a_run_leaves_all_its_papers_and_tables(undisturbed):
    result, files = undisturbed
    assert result.exit_code == 0
    assert {
        "plan.json",
        "protocol.yaml",
        "cohort.yaml",
        "tables/data_dictionary.json",
        "tables/summary.parquet",
    } <= set(files)
    part = "scenario=expected/parameters=typical/design=base/part-00000.parquet"
    assert {f"tables/{table}/{part}" for table in ("patients", "looks", "trials", "failures")} <= set(files)
    assert verify(result.folder) == ()
    assert not list(result.folder.rglob("*.tmp"))


@pytest.mark.parametrize("options", [{"workers": 2}, {"workers": 5}, {"chunk": 7}, {"chunk": 1}])
def test_threads_and_chunks_change_no_byte(undisturbed, tmp_path, options):
    go(tmp_path / "fake", **options)
    assert digests(tmp_path / "fake") == undisturbed[1]


def test_what_a_lost_worker_was_writing_is_gone_at_the_end(undisturbed, tmp_path):
    """Another worker computes its part; the half-written file has a name of its own and would stay for ever."""
    folder = tmp_path / "fake"
    half = folder / "tables/looks/scenario=expected/parameters=typical/design=base/.part-00004.parquet.4f2e06.tmp"

    def half_written(*arguments):
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(b"PAR1")
        return fake_simulate(*arguments)

    go(folder, simulate=half_written)
    assert not half.exists()
    assert digests(folder) == undisturbed[1]


def test_parts_beyond_the_stop_are_gone(undisturbed):
    result, files = undisturbed
    trials = read_table(result.folder, "trials")
    counts = trials.groupby("scenario", observed=True)["trial"].agg(["size", "max"])
    for scenario in ("expected", "no_effect"):
        size, last = counts.loc[scenario]
        assert 60 <= size < 200 and size % 20 == 0 and last == size - 1
        markers = [name for name in files if name.startswith(f"parts/scenario={scenario}")]
        assert len(markers) == size // 20


class StopsAfter(SerialPool):
    """Ends in the middle, as Ctrl-C or a fault of the machine would."""

    parts = 3
    error: BaseException = KeyboardInterrupt()

    def finished(self):
        if not self.parts:
            raise self.error
        self.parts -= 1
        return super().finished()


def test_ctrl_c_leaves_a_folder_that_resumes_to_the_same_bytes(undisturbed, tmp_path):
    folder = tmp_path / "fake"
    with pytest.raises(KeyboardInterrupt):
        go(folder, pool_of=StopsAfter)
    assert len(list(folder.glob("parts/**/part-*.json"))) == 3
    assert not (folder / "manifest.json").exists()
    go(folder, resume=True)
    assert digests(folder) == undisturbed[1]


def test_ctrl_c_while_threads_work_keeps_what_they_finish(undisturbed, tmp_path):
    folder = tmp_path / "fake"

    def interrupted(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(folder, workers=2, on_progress=interrupted)
    assert 1 <= len(list(folder.glob("parts/**/part-*.json"))) <= 6
    assert not list(folder.rglob("*.tmp"))
    go(folder, workers=2, resume=True)
    assert digests(folder) == undisturbed[1]


def test_kill_9_in_the_middle_resumes_to_the_same_bytes(undisturbed, tmp_path):
    folder = tmp_path / "fake"
    program = (
        "from pathlib import Path; import sys; from tests.unit.campaign.test_run import go;"
        "go(Path(sys.argv[1]), workers=2, world={'seconds': 0.01})"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(folder)])
    deadline = time.monotonic() + 60
    while len(list(folder.glob("parts/**/part-*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 2 <= len(list(folder.glob("parts/**/part-*.json"))) < 10
    go(folder, resume=True)
    assert digests(folder) == undisturbed[1]


def test_what_a_killed_writer_left_is_removed(undisturbed, tmp_path):
    folder = tmp_path / "fake"
    with pytest.raises(KeyboardInterrupt):
        go(folder, pool_of=StopsAfter)
    cell = "scenario=no_effect/parameters=typical/design=base"
    for name in (f"tables/looks/{cell}/.part-00000.parquet.abc.tmp", f"tables/looks/{cell}/part-00199.parquet"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"half")
    short = sorted(folder.glob("tables/trials/**/part-00001.parquet"))[0]
    short.write_bytes(short.read_bytes()[:100])
    go(folder, resume=True)
    assert digests(folder) == undisturbed[1]


def test_a_full_disk_is_told_and_resumed_from(undisturbed, tmp_path, monkeypatch):
    folder = tmp_path / "fake"
    real, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if len(calls) > 40:
            raise OSError(28, "No space left on device")
        return real(handle)

    with monkeypatch.context() as patched:
        patched.setattr(store_write.os, "fsync", full)
        with pytest.raises(TrialsimError) as refusal:
            go(folder, workers=2)
    assert refusal.value.slug == "cannot-write"
    assert refusal.value.exit_code == 4
    assert refusal.value.message.endswith(".json cannot be written: No space left on device") or (
        refusal.value.message.endswith(".parquet cannot be written: No space left on device")
    )
    assert refusal.value.notes == ("the run folder is left as it can be resumed",)
    assert not list(folder.rglob("*.tmp"))
    go(folder, resume=True)
    assert digests(folder) == undisturbed[1]


def test_a_finished_run_is_not_overwritten(undisturbed):
    folder = undisturbed[0].folder
    with pytest.raises(TrialsimError) as refusal:
        go(folder)
    assert str(refusal.value) == (
        f"{folder} holds a run already\n  = --resume continues it\n  = --force replaces it"
    )  # fmt: skip
    assert verify(folder) == ()


def test_resuming_a_finished_run_computes_nothing(undisturbed, tmp_path):
    folder = tmp_path / "fake"
    go(folder)
    assert go(folder, resume=True, simulate=never).exit_code == 0
    assert digests(folder) == undisturbed[1]


def never(world, trials, keep):
    raise AssertionError("nothing is left to simulate")


def test_a_changed_input_is_refused_with_the_reason(tmp_path):
    folder = tmp_path / "fake"
    go(folder)
    other = fake_plan(randomised=1000, at_least=60, at_most=200, until=0.05, seed=8)
    with pytest.raises(TrialsimError) as refusal:
        go(folder, other, resume=True)
    old, new = PLAN.inputs["protocol"][:12], other.inputs["protocol"][:12]
    assert str(refusal.value) == (
        f"{folder} cannot be resumed: its inputs were others\n"
        f"  = protocol: {old}… then, {new}… now\n"
        "  = seed: 7 then, 8 now\n"
        "  = --force replaces it; without --resume, a changed input makes a new folder"
    )
    assert refusal.value.exit_code == 2
    assert verify(folder) == ()
    result = go(folder, other, force=True)
    assert read_table(folder, "trials")["trial"].size == result.n_trials
    assert verify(folder) == ()


def test_a_trial_that_fails_is_a_row_and_the_others_stay(tmp_path):
    plan = fake_plan(at_most=60, scenarios=(("expected", ()),))
    result = go(tmp_path / "fake", plan, world={"fails": (23, 41)})
    assert (result.exit_code, result.n_failed, result.n_trials) == (4, 2, 58)
    trials = read_table(result.folder, "trials")["trial"].tolist()
    assert trials == [trial for trial in range(60) if trial not in (23, 41)]
    failures = read_table(result.folder, "failures")
    whole = failures[failures["patient"].isna()]
    assert whole["trial"].tolist() == [23, 41]
    assert whole["reason"].tolist() == ["nobody is eligible in trial 23", "nobody is eligible in trial 41"]
    assert whole["command"].tolist()[0] == (
        f"trialsim replay fake-{plan.digest[:4]} --scenario expected --parameters typical --design base --trial 23"
    )
    summary = read_table(result.folder, "summary").set_index("quantity")
    assert summary.loc["failed_trials", "value"] == 2 / 60
    assert summary.loc["power", "n"].tolist() == [58, 58]
    log = [json.loads(line) for line in (result.folder / "log.jsonl").read_text().splitlines()]
    assert [record["trace"].splitlines()[0] for record in log] == [
        "scenario expected, typical parameters, design base, trial 23",
        "scenario expected, typical parameters, design base, trial 41",
    ]


def test_failed_trials_are_tried_again_on_resume(tmp_path):
    plan = fake_plan(at_most=60, scenarios=(("expected", ()),))
    go(tmp_path / "healthy", plan)
    assert go(tmp_path / "sick", plan, world={"fails": (23,)}).exit_code == 4
    assert go(tmp_path / "sick", plan, resume=True).exit_code == 0
    assert digests(tmp_path / "sick") == digests(tmp_path / "healthy")


def test_patients_that_fail_within_a_trial_get_their_command(tmp_path):
    plan = fake_plan(at_most=60, scenarios=(("expected", ()),))
    result = go(tmp_path / "fake", plan)
    failures = read_table(result.folder, "failures")
    assert failures[["trial", "patient", "arm", "reason"]].values.tolist() == [[1, 5, "high", "the solver gave up"]]
    assert failures["command"].str.endswith("--trial 1").all()
    assert result.exit_code == 0


def test_patients_are_kept_of_the_first_trials_only(undisturbed):
    patients = read_table(undisturbed[0].folder, "patients")
    assert patients.groupby("scenario", observed=True)["trial"].unique().map(list).to_dict() == {
        "expected": [0, 1],
        "no_effect": [0, 1],
    }
    assert {"weight", "scenario", "parameters", "design"} <= set(patients.columns)


def test_progress_counts_what_counts_and_says_what_is_left(tmp_path):
    told, ticks = [], iter(range(1000))
    result = go(tmp_path / "fake", on_progress=told.append, clock=lambda: float(next(ticks)), workers=2)
    assert told[-1].done == told[-1].at_most == told[-1].expected == result.n_trials
    assert told[-1].seconds_left == 0.0
    assert told[0].at_most == 400
    assert all(before.at_most >= after.at_most for before, after in zip(told, told[1:], strict=False))
    assert all(each.done <= each.expected <= each.at_most for each in told)


def test_two_processes_cannot_work_in_one_folder(tmp_path):
    folder = tmp_path / "fake"

    def second(progress):
        with pytest.raises(TrialsimError) as refusal:
            go(folder, resume=True)
        raise refusal.value

    with pytest.raises(TrialsimError) as refusal:
        go(folder, on_progress=second)
    assert str(refusal.value) == f"another process is working in {folder}"


def test_the_manifest_tells_what_ran_and_keeps_apart_what_varies(undisturbed, tmp_path):
    manifest = json.loads((undisturbed[0].folder / "manifest.json").read_text())
    assert manifest["command"] == "trialsim run fake"
    assert set(manifest["versions"]) == {"trialsim", "python", "numpy", "numba", "pyarrow"}
    assert manifest["plan"]["inputs"]["seed"] == 7
    assert set(manifest["tables"]) == {"patients", "looks", "trials", "failures"}
    go(tmp_path / "fake", workers=3, clock=time.monotonic, varies={"host": "elsewhere"})
    other = json.loads((tmp_path / "fake" / "manifest.json").read_text())
    assert other.pop("varies").keys() == {"workers", "seconds", "host"}
    assert manifest.pop("varies") == {"workers": 1}
    assert other == manifest


def test_layout_of_a_run_is_hive_partitioned_for_other_readers(undisturbed):
    import pyarrow.dataset as ds

    folder = Layout(undisturbed[0].folder).tables / "looks"
    table = ds.dataset(Path(folder), partitioning="hive").to_table()
    assert table.num_rows == len(read_table(undisturbed[0].folder, "looks"))
    assert {"scenario", "parameters", "design"} <= set(table.column_names)
