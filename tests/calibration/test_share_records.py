"""Tests of shares reject as often as the enumeration of all tables says, in whole trials; and near their level."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path

import pytest

from tests.calibration.share_settings import ALPHA, SHARE_SETTINGS, TRIALS
from tests.statistics import assert_matches
from trialsim.foundation.version import VERSION

STORED = [
    json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "records" / "shares").glob("*.json"))
]
RECORDS = {record["setting"]["name"]: record for record in STORED}
CASES = [(setting, test) for setting in SHARE_SETTINGS for test in setting.tests]


@pytest.mark.parametrize(("setting", "test"), CASES, ids=[f"{s.name}, {t.name}" for s, t in CASES])
def test_whole_trials_reject_as_often_as_all_tables_say(setting, test):
    record = RECORDS[setting.name]
    assert record["setting"] == setting.data(), "the setting was changed: run `make calibration`"
    assert record["version"] == VERSION, "the record is of another version: run `make calibration`"
    p = setting.expected(test)
    assert_matches(record["rejected"][test.name] / TRIALS, p, sqrt(p * (1 - p) / TRIALS), detects=0.005)
    assert abs(p - ALPHA) < 0.01  # of 60 or 65 patients: score tests within 0.004, Wald's further off


@pytest.mark.parametrize("setting", SHARE_SETTINGS, ids=lambda each: each.name)
def test_the_corrected_score_test_is_nearest_to_its_level(setting):
    far = {
        way: max(abs(setting.expected(t) - ALPHA) for t in setting.tests if t.method.get("test") == way)
        for way in ("miettinen_nurminen", "wald")
    }
    assert far["miettinen_nurminen"] < 0.0015
    assert far["miettinen_nurminen"] < far["wald"]
