"""The calibration records are of this version, of these settings, and agree with theory."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path

import pytest

from tests.calibration.settings import SETTINGS
from tests.statistics import assert_matches
from trialsim.foundation.version import VERSION

STORED = [json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "records").glob("*.json"))]
RECORDS = {record["setting"]["name"]: record for record in STORED}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_rejection_rates_are_those_of_theory(setting):
    record = RECORDS[setting.name]
    assert record["setting"] == setting.data(), "the setting was changed: run `make calibration`"
    assert record["version"] == VERSION, "the record is of another version: run `make calibration`"
    p = setting.expected
    detects = 0.005 if p < 0.1 else 0.02
    assert_matches(record["rejected"] / setting.trials, p, sqrt(p * (1 - p) / setting.trials), detects=detects)


@pytest.mark.parametrize("setting", [each for each in SETTINGS if each.method == "t_test"], ids=lambda each: each.name)
def test_intervals_cover_as_often_as_they_say(setting):
    level = 1 - 2 * setting.alpha
    se = sqrt(level * (1 - level) / setting.trials)
    assert_matches(RECORDS[setting.name]["first_covered"] / setting.trials, level, se, detects=0.007)
