"""A run on disk: paths that readers understand, files that are whole or absent, digests that prove it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.tables import data_dictionary
from trialsim.store.folder import drop_other_parts, markers, open_folder, run_folder
from trialsim.store.layout import Key, Layout
from trialsim.store.manifest import read_manifest, write_manifest
from trialsim.store.marker import read_marker
from trialsim.store.read import cell_columns, read_table
from trialsim.store.verify import verify
from trialsim.store.write import write_data, write_part, write_whole

KEY = Key(scenario="expected", parameters="typical", design="base")
OTHER = Key(scenario="a first", parameters="typical", design="20 mg/d")
PLAN = {"digest": "ab12" + "0" * 60, "inputs": {"seed": 1}, "cells": [KEY.values, OTHER.values]}


def events(*times):
    n = len(times)
    columns = {"trial": list(range(n)), "patient": [1] * n, "event": ["stop"] * n, "kind": ["loss"] * n}
    return {"events": columns | {"time": np.array(times, dtype=np.float64)}}


@pytest.fixture
def run(tmp_path):
    """A finished run of three parts in two cells."""
    layout = Layout(tmp_path / "runs" / "x-ab12")
    open_folder(layout, PLAN)
    write_part(layout, KEY, 0, events(1.0, 2.0), first=0, stop=2)
    write_part(layout, KEY, 1, events(3.0), first=2, stop=4, rejections=[("primary", "high vs placebo", 1)])
    write_part(layout, OTHER, 0, events(np.nan), first=0, stop=2, failed=1)
    write_data(layout.data_dictionary, data_dictionary())
    write_manifest(layout, [KEY, OTHER], PLAN, command="trialsim run x", versions={}, varies={"host": "here"})
    return layout


def test_values_in_paths_are_encoded(run):
    assert run.relative(run.part("events", OTHER, 12)) == (
        "tables/events/scenario=a%20first/parameters=typical/design=20%20mg%2Fd/part-00012.parquet"
    )


def test_a_table_comes_back_in_the_order_of_the_plan(run):
    frame = read_table(run.root, "events")
    assert frame["scenario"].tolist() == ["expected"] * 3 + ["a first"]
    assert frame["design"].tolist()[-1] == "20 mg/d"
    assert frame["time"].tolist()[:3] == [1.0, 2.0, 3.0] and np.isnan(frame["time"].tolist()[3])
    assert cell_columns(run, KEY, "events", ["time", "event"])["time"].tolist() == [1.0, 2.0, 3.0]
    assert cell_columns(run, KEY, "looks", ["truth"])["truth"].tolist() == []
    assert len(read_table(run.root, "summary")) == 0


def test_an_unknown_table_names_the_nearest(run):
    with pytest.raises(TrialsimError) as refusal:
        read_table(run.root, "event")
    assert str(refusal.value) == "a run has no table 'event'\n  = nearest name: events"


def test_a_marker_says_what_the_part_holds(run):
    marker = markers(run, KEY)[1]
    assert (marker.first, marker.stop, marker.n_trials) == (2, 4, 2)
    assert marker.rejections == (("primary", "high vs placebo", 1),)
    assert [(file.table, file.rows) for file in marker.files] == [("events", 1)]
    assert markers(run, OTHER)[0].n_trials == 1


def test_a_table_without_rows_has_no_file(run):
    marker = write_part(run, KEY, 2, events(), first=4, stop=6)
    assert marker.files == ()
    assert not run.part("events", KEY, 2).exists()


def test_a_table_nobody_declared_is_refused_before_the_marker_is_there(run):
    with pytest.raises(ValueError) as refusal:
        write_part(run, KEY, 2, {"evnets": events(1.0)["events"]}, first=4, stop=6)
    assert str(refusal.value) == "there are no tables evnets"
    assert not run.marker(KEY, 2).exists()


def test_parts_from_a_number_on_are_dropped(run):
    drop_other_parts(run, KEY, 1)
    assert list(markers(run, KEY)) == [0]
    assert not run.part("events", KEY, 1).exists() and run.part("events", KEY, 0).exists()


def test_a_file_that_cannot_be_written_leaves_the_old_one_whole(run, monkeypatch):
    path = run.root / "note"
    write_whole(path, b"old")

    def refuse(source, target):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(TrialsimError) as refusal:
        write_whole(path, b"new")
    assert refusal.value.message == f"{path} cannot be written: Permission denied"
    assert path.read_bytes() == b"old"
    assert not list(run.root.rglob("*.tmp"))


def test_an_untouched_run_is_verified(run):
    assert verify(run.root) == ()


def test_every_kind_of_change_is_found(run):
    part = run.part("events", KEY, 0)
    name = run.relative(part)
    content = part.read_bytes()
    part.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert verify(run.root) == (f"{name} was changed", "the table events is not the one in the manifest")
    part.unlink()
    assert verify(run.root) == (f"{name} is missing", "the table events is not the one in the manifest")
    part.write_bytes(content)
    extra = run.part("visits", KEY, 9)
    write_whole(extra, content)
    run.data_dictionary.write_text("{}")
    assert verify(run.root) == (
        "tables/data_dictionary.json was changed",
        f"{run.relative(extra)} does not belong to the run",
    )
    extra.unlink()
    run.data_dictionary.unlink()
    assert verify(run.root) == ("tables/data_dictionary.json is missing",)


def test_a_change_that_also_mends_the_marker_is_found_by_the_manifest(run):
    write_part(run, KEY, 0, events(1.0, 2.5), first=0, stop=2)
    assert verify(run.root) == ("the table events is not the one in the manifest",)


def test_a_run_that_was_stopped_has_nothing_to_verify(run):
    run.manifest.unlink()
    with pytest.raises(TrialsimError) as refusal:
        verify(run.root)
    assert str(refusal.value) == (
        f"{run.root} holds no finished run\n  = a run that was stopped has none: --resume finishes it"
    )
    run.manifest.write_text("{")
    with pytest.raises(TrialsimError) as refusal:
        read_manifest(run)
    assert str(refusal.value) == f"{run.manifest} is not readable as JSON"
    run.manifest.write_text("{}")
    with pytest.raises(TrialsimError) as refusal:
        read_manifest(run)
    assert str(refusal.value) == f"{run.manifest} is not the manifest of a run"


def test_a_marker_changed_by_hand_is_told(run):
    run.marker(KEY, 0).write_text(json.dumps({"number": 0}))
    with pytest.raises(TrialsimError) as refusal:
        read_marker(run.marker(KEY, 0))
    assert str(refusal.value) == (
        f"{run.marker(KEY, 0)} is no marker of a part\n  = the run folder was changed by hand"
    )  # fmt: skip


def test_a_folder_of_something_else_is_never_touched(tmp_path):
    precious = tmp_path / "thesis.txt"
    precious.write_text("all of it")
    for options in ({}, {"resume": True}, {"force": True}):
        with pytest.raises(TrialsimError) as refusal:
            open_folder(Layout(tmp_path), PLAN, **options)
        assert str(refusal.value) == f"{tmp_path} is there and is no run\n  = choose another folder"
    assert precious.read_text() == "all of it"


def test_force_empties_the_folder(run):
    open_folder(run, PLAN | {"digest": "cd"}, force=True)
    assert [path.name for path in run.root.iterdir()] == ["plan.json"]
    assert json.loads(run.plan.read_text())["digest"] == "cd"


def test_a_run_folder_is_named_after_its_inputs_and_never_shared(tmp_path):
    first = run_folder(tmp_path, "x", PLAN["digest"])
    assert first.name == "x-ab12"
    open_folder(Layout(first), PLAN)
    assert run_folder(tmp_path, "x", PLAN["digest"]) == first
    same_start = "ab12f" + "0" * 59
    assert run_folder(tmp_path, "x", same_start).name == "x-ab12f"
