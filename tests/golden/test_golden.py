"""Numbers that move do so on purpose, and the changelog says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.golden import HOW, made, moved, recorded
from tests.whole_runs import PROTOCOLS
from trialsim.foundation.tables import RUN_TABLES


def test_no_number_has_moved(tmp_path: Path) -> None:
    text = moved(recorded(), made(tmp_path))
    if text:
        pytest.fail(text, pytrace=False)


def test_the_record_covers_every_table() -> None:
    assert set(recorded()) == set(PROTOCOLS)
    for tables in recorded().values():
        assert set(tables) == set(RUN_TABLES)


def test_what_moved_is_told_with_what_to_do() -> None:
    record = {"a": {"looks": "1", "trials": "2"}}
    assert moved(record, record) == ""
    assert moved(record, {"a": {"looks": "1", "trials": "3"}}) == (
        f"{HOW}\nTables that are others than recorded:\n  a: trials"
    )
    assert moved(record, {"a": {"looks": "1"}}).endswith("\n  a: trials")
