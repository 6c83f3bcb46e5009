"""The records of analyses of times to an event are of these settings, made by this code, and agree with theory."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path

import pytest

from tests.calibration.survival import ALPHA, SETTINGS, counts
from tests.statistics import assert_matches

RECORDS = json.loads((Path(__file__).parent / "records" / "survival" / "times.json").read_text(encoding="utf-8"))
BY_NAME = {record["setting"]["name"]: record for record in RECORDS}


def case(setting):
    return setting.name


@pytest.mark.parametrize("setting", [each for each in SETTINGS if each.is_null], ids=case)
def test_nulls_are_rejected_as_often_as_they_may_be(setting):
    record = BY_NAME[setting.name]
    assert record["setting"] == setting.data(), "the setting was changed: run `make calibration`"
    rate = sum(record["rejected"]) / setting.trials
    assert_matches(rate, ALPHA, sqrt(ALPHA * (1 - ALPHA) / setting.trials), detects=0.005)


@pytest.mark.parametrize("setting", [each for each in SETTINGS if each.covers], ids=case)
def test_intervals_cover_as_often_as_they_say(setting):
    record = BY_NAME[setting.name]
    assert sum(record["estimated"]) == setting.trials
    level = 1 - 2 * ALPHA
    se = sqrt(level * (1 - level) / setting.trials)
    assert_matches(sum(record["covered"]) / setting.trials, level, se, detects=0.007)


@pytest.mark.parametrize("setting", SETTINGS, ids=case)
def test_the_first_block_made_again_has_the_same_counts(setting):
    record = BY_NAME[setting.name]
    assert counts(setting, 0) == tuple(record[name][0] for name in ("rejected", "covered", "estimated"))
