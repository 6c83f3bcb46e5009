"""Rows of patients from a file: CSV and Parquet say the same."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trialsim.cohort.covariates import covariate_values
from trialsim.cohort.read import cohort_of_text
from trialsim.foundation.errors import InvalidDocument
from trialsim.foundation.tables_parquet import foreign_columns

TEXT = """language: cohort 1
id: people
title: People from a file
context_of_use: tests
time: hour
covariates:
  weight: {unit: kg}
  visits: {unit: "1"}
  sex: {categories: [female, male]}
covariates_from: {rows_of: people.FORMAT}
parameters:
  k: {typical: 0.1 1/h}
dynamics:
  a: {rate: -k * a, start: 1 mg, unit: mg}
"""
WEIGHTS = [60.1 + 0.1 / 3.0, 1e2 / 7.0, 81.0]


def cohort(folder, ending):
    return cohort_of_text(TEXT.replace("FORMAT", ending), str(folder / "people.yaml"), folder)[0]


def write_parquet(folder, weights=WEIGHTS, sexes=("male", "female", "male")):
    sex = pa.array(sexes).dictionary_encode()
    columns = {"sex": sex, "weight": pa.array(weights), "visits": pa.array([3, 4, 5], pa.int16()), "more": [None] * 3}
    pq.write_table(pa.table(columns), folder / "people.parquet")


def test_the_numbers_of_a_parquet_file_come_back_exactly(tmp_path):
    write_parquet(tmp_path)
    rows = cohort(tmp_path, "parquet").covariates_from
    assert dict(rows.columns) == {"weight": tuple(WEIGHTS), "visits": (3.0, 4.0, 5.0), "sex": (1.0, 0.0, 1.0)}
    assert rows.path == "people.parquet"


def test_a_csv_file_of_the_same_people_gives_the_same_patients(tmp_path):
    write_parquet(tmp_path)
    lines = ["weight,sex,visits", *(f"{w!r},{s},{v}" for w, s, v in zip(WEIGHTS, "mfm", (3, 4, 5), strict=True))]
    text = "\n".join(lines).replace(",m,", ",male,").replace(",f,", ",female,")
    (tmp_path / "people.csv").write_text(text, encoding="utf-8")
    who = np.repeat([0, 1], 25), np.tile(np.arange(25), 2)
    one, other = (covariate_values(cohort(tmp_path, ending), 7, *who) for ending in ("parquet", "csv"))
    assert sorted(one) == sorted(other) == ["sex", "visits", "weight"]
    assert all(one[name].tolist() == other[name].tolist() for name in one)
    assert set(one["weight"]) == set(WEIGHTS)


@pytest.mark.parametrize(
    ("weights", "sexes", "told"),
    [
        ([60.0, None, 80.0], ("male", "female", "male"), "row 2 of people.parquet has ''"),
        ([60.0, 70.0, 80.0], ("male", "female", "M"), "row 3 of people.parquet has 'M'"),
        ([[60.0], [70.0], [80.0]], ("male", "female", "male"), "row 1 of people.parquet has '[60.0]'"),
    ],
)
def test_what_is_no_number_or_category_is_told_with_its_row(tmp_path, weights, sexes, told):
    write_parquet(tmp_path, weights, sexes)
    with pytest.raises(InvalidDocument) as refusal:
        cohort(tmp_path, "parquet")
    assert told in [note for fault in refusal.value.diagnostics for note in fault.notes]


def test_what_is_no_parquet_file_is_told(tmp_path):
    (tmp_path / "people.parquet").write_bytes(b"weight,sex\n60,male\n")
    with pytest.raises(InvalidDocument) as refusal:
        cohort(tmp_path, "parquet")
    assert [(fault.slug, fault.message) for fault in refusal.value.diagnostics] == [
        ("unreadable-file", "the file 'people.parquet' cannot be read")
    ]
    assert "Parquet magic bytes not found" in refusal.value.diagnostics[0].notes[0]


def test_two_columns_of_one_name_are_told():
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), sink)
    with pytest.raises(ValueError, match="two columns have one name"):
        foreign_columns(bytes(sink.getvalue()))
