"""Tables: declared once, checked when written, the same bytes for the same content."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from trialsim.foundation.tables import (
    COLUMNS,
    DESCRIPTIONS,
    PARTITION,
    RUN_TABLES,
    Coded,
    Column,
    columns_of,
    data_dictionary,
)
from trialsim.foundation.tables_parquet import pandas_frame, parquet_bytes, stored_columns

WEIGHT = Column(name="weight", type="float64", unit="kg", description="body weight")
SEX = Column(name="sex", type="category", description="sex")


def patients(arm=("placebo", "high", "high")):
    return {
        "trial": np.array([0, 0, 1]),
        "patient": np.array([4, 7, 1], dtype=np.int32),
        "arm": list(arm),
        "site": [1, 1, 2],
        "stratum": ["f", None, None],
        "randomised_at": np.array([0.5, 2.0, 1.0]),
        "adherence": np.ones(3),
        "weight": np.array([70.0, 80.5, 66.0]),
        "sex": Coded(codes=np.array([1, 1, 2]), categories=("unused", "male", "female")),
    }


def events(**changed):
    return (
        {"trial": [0, 0], "patient": [1, 2], "event": ["stop", "stop"], "kind": ["loss", "completed"]}
        | {"time": np.array([np.nan, 3.0])}
        | changed
    )


def failures(**changed):
    columns = {"trial": [3], "patient": [None], "arm": [None], "reason": ["it broke"], "command": [None]}
    return columns | changed


def test_same_content_gives_same_bytes_however_it_is_handed_over():
    as_lists = parquet_bytes("patients", patients(), (WEIGHT, SEX))
    other = patients() | {
        "arm": Coded(codes=np.array([2, 0, 0]), categories=("high", "low", "placebo")),
        "sex": np.array(["male", "male", "female"]),
        "site": np.array([1.0, 1.0, 2.0]),
    }
    assert parquet_bytes("patients", other, (WEIGHT, SEX)) == as_lists


def test_bytes_do_not_depend_on_the_process():
    program = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]); import test_tables as t;"
        "print(hashlib.sha256(t.parquet_bytes('patients', t.patients(), (t.WEIGHT, t.SEX))).hexdigest())"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(Path(__file__).parent)], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert told == hashlib.sha256(parquet_bytes("patients", patients(), (WEIGHT, SEX))).hexdigest()


def test_another_value_gives_other_bytes():
    assert parquet_bytes("patients", patients(), (WEIGHT, SEX)) != parquet_bytes(
        "patients", patients(arm=("placebo", "placebo", "high")), (WEIGHT, SEX)
    )


def test_units_and_descriptions_are_in_the_file(tmp_path):
    path = tmp_path / "p.parquet"
    path.write_bytes(parquet_bytes("patients", patients(), (WEIGHT, SEX)))
    fields = pq.read_schema(path)
    assert fields.field("weight").metadata == {b"unit": b"kg", b"description": b"body weight"}
    assert fields.field("randomised_at").metadata[b"unit"] == b"day"
    assert not fields.field("weight").nullable
    assert fields.metadata[b"table"] == b"patients"
    assert b"pandas" not in fields.metadata


def test_only_values_that_occur_are_in_a_dictionary_sorted(tmp_path):
    path = tmp_path / "p.parquet"
    path.write_bytes(parquet_bytes("patients", patients(), (WEIGHT, SEX)))
    assert pq.read_table(path).column("sex").chunk(0).dictionary.to_pylist() == ["female", "male"]


def test_columns_come_back_with_what_is_missing(tmp_path):
    path = tmp_path / "p.parquet"
    path.write_bytes(parquet_bytes("events", events()))
    columns = stored_columns(path, ["kind", "time", "trial"])
    assert columns["kind"].tolist() == ["loss", "completed"]
    assert np.isnan(columns["time"][0]) and columns["time"][1] == 3.0
    assert columns["trial"].dtype == np.int32


def test_an_integer_may_be_missing_where_it_is_declared(tmp_path):
    path = tmp_path / "p.parquet"
    path.write_bytes(parquet_bytes("failures", failures()))
    assert pq.read_table(path).column("patient").to_pylist() == [None]
    masked = failures(patient=np.ma.MaskedArray([9], mask=[True]))
    assert parquet_bytes("failures", masked) == path.read_bytes()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (events(trial=[None, 1]), "events.trial may not be missing, but is in 1 of 2 rows"),
        (events(kind=["loss", "dropout"]), "events.kind may not be dropout"),
        (events(trial=[1]), "the columns of the table events are of different lengths: "
         "{'trial': 1, 'patient': 2, 'event': 2, 'kind': 2, 'time': 2}"),
        (events(extra=[1, 2]), "the table events has no columns extra"),
        ({"trial": [1]}, "the table events lacks the columns event, kind, patient, time"),
        (events(kind=Coded(codes=np.array([0, 3]), categories=("loss",))),
         "codes reach from 0 to 3, but there are 1 categories"),
        (events(trial=np.array([0.0, 0.5])), "events.trial is not int32"),
    ],
)  # fmt: skip
def test_a_writer_that_does_not_keep_to_the_columns_is_refused(columns, message):
    with pytest.raises(ValueError) as refusal:
        parquet_bytes("events", columns)
    assert str(refusal.value) == message


def test_a_covariate_cannot_take_the_name_of_a_column_or_key():
    for name in ("site", "design"):
        with pytest.raises(ValueError) as refusal:
            columns_of("patients", (Column(name=name, type="float64", description=""),))
        assert str(refusal.value) == f"the table patients would have two columns named {name}"


def test_parts_become_one_frame_with_their_keys(tmp_path):
    one, two = tmp_path / "1.parquet", tmp_path / "2.parquet"
    one.write_bytes(parquet_bytes("events", events()))
    two.write_bytes(parquet_bytes("events", events(event=["rescue", "alone"])))
    keys = {"scenario": "expected", "parameters": "typical", "design": "base"}
    frame = pandas_frame("events", [(keys, one), (keys | {"scenario": "no_effect"}, two)])
    assert list(frame.columns) == [*PARTITION, *(column.name for column in COLUMNS["events"])]
    assert frame["event"].tolist() == ["stop", "stop", "rescue", "alone"]
    assert frame["scenario"].tolist() == ["expected", "expected", "no_effect", "no_effect"]


def test_no_parts_make_an_empty_frame_with_all_columns():
    frame = pandas_frame("failures", [])
    assert len(frame) == 0
    assert list(frame.columns) == [*PARTITION, *(column.name for column in COLUMNS["failures"])]


def test_data_dictionary_lists_every_column_of_every_table():
    told = data_dictionary({"patients": (WEIGHT,)})
    assert set(told) == set(RUN_TABLES) == set(COLUMNS) - {"population", "points"}
    assert set(COLUMNS) == set(DESCRIPTIONS)
    assert [column["name"] for column in told["patients"]["columns"]][:4] == [*PARTITION, "trial"]
    assert told["patients"]["columns"][-1] == {
        "name": "weight",
        "type": "float64",
        "unit": "kg",
        "description": "body weight",
        "nullable": False,
    }
    assert [column["name"] for column in told["summary"]["columns"]].count("scenario") == 1
    assert all(column["description"] for table in told.values() for column in table["columns"])


def test_column_declarations_need_no_pyarrow():
    program = "import sys, trialsim.foundation.tables; sys.exit('pyarrow' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
