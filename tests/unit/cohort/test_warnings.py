"""What is legal in a cohort and probably not meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from trialsim.cohort.read import cohort_of_text
from trialsim.foundation.errors import diagnostic_text

TEXT = """language: cohort 1
id: shift
title: A level that varies
context_of_use: Testing.
references: []
time: h
parameters:
  level: {typical: 5 L/h, between_patients: {normal: SD L/h}}
dynamics:
  amount: {unit: mg, rate: -level * 0.01 1/L * amount, receives: [{drug: x, route: iv}]}
measures:
  seen: {is: amount, unit: mg, error: {additive: 1 mg}}
"""
EXPECTED = """document.yaml:8:45: warning[crosses-zero]: 11% of patients have a 'level' below zero
  |
8 |   level: {typical: 5 L/h, between_patients: {normal: 4 L/h}}
  |                                             ^^^^^^^^^^^^^^^ a normal variation
  = if that cannot be, let it vary by lognormal: CV"""


@pytest.mark.parametrize(("sd", "told"), [("4", [EXPECTED]), ("1", [])])
def test_a_wide_normal_variation_is_warned_of(sd, told):
    text = TEXT.replace("SD", sd)
    _, document = cohort_of_text(text, "document.yaml", Path("."))
    assert [diagnostic_text(warning, text) for warning in document.warnings] == told


MORE = """document.yaml:10:61: warning[more-than-the-dose]: 8500% of the dose arrives
   |
10 |   amount: {receives: [{drug: x, route: iv, bioavailability: 85}], unit: mg, rate: -level * 0.01 1/L * amount}
   |                                                             ^^ a bioavailability above 1
   = relative to a reference this can be; if it is none, are the units right?"""


@pytest.mark.parametrize(("share", "told"), [("85", [MORE]), ("85%", []), ("1", [])])
def test_more_than_the_whole_dose_is_warned_of(share, told):
    line = f"  amount: {{receives: [{{drug: x, route: iv, bioavailability: {share}}}], unit: mg, rate"
    text = TEXT.replace("SD", "1").replace(", receives: [{drug: x, route: iv}]", "")
    text = text.replace("  amount: {unit: mg, rate", line)
    _, document = cohort_of_text(text, "document.yaml", Path("."))
    assert [diagnostic_text(warning, text) for warning in document.warnings] == told


PERCENT = """document.yaml:8:COLUMN: warning[percent-missing]: SIZE is SHARE
  |
8 | LINE
  | MARK written without %
  = did you mean SIZE%? If not, write SHARE"""
PERCENT_OF_AN_ERROR = """document.yaml:12:54: warning[percent-missing]: 12.5 is 1250%
   |
12 |   seen: {is: amount, unit: mg, error: {proportional: 12.5}}
   |                                                      ^^^^ written without %
   = did you mean 12.5%? If not, write 1250%"""


def told(text: str) -> list[str]:
    _, document = cohort_of_text(text, "document.yaml", Path("."))
    return [diagnostic_text(warning, text) for warning in document.warnings]


@pytest.mark.parametrize(
    ("line", "size", "share"),
    [
        ("  level: {typical: 5 L/h, between_patients: {lognormal: 30}}", "30", "3000%"),
        ("  level: {typical: 5 L/h, uncertainty: {rse: 5}}", "5", "500%"),
        ("  level: {typical: 5 L/h, between_patients: {lognormal: 30%, uncertainty: {rse: 4.1}}}", "4.1", "410%"),
    ],
)
def test_a_percentage_without_its_sign_is_warned_of(line: str, size: str, share: str) -> None:
    column = line.rindex(f": {size}") + 2
    text = TEXT.replace("  level: {typical: 5 L/h, between_patients: {normal: SD L/h}}", line)
    mark = " " * column + "^" * len(size)
    parts = {"COLUMN": str(column + 1), "SIZE": size, "SHARE": share, "LINE": line, "MARK": mark}
    expected = PERCENT
    for word, value in parts.items():
        expected = expected.replace(word, value)
    assert told(text) == [expected]
    assert told(text.replace(f": {size}}}", f": {size}%}}")) == []
    assert told(text.replace(f": {size}}}", f": {share}}}")) == []


@pytest.mark.parametrize("size", ["12.5", "{value: 12.5}"])
def test_a_proportional_error_without_its_percent_sign_is_warned_of(size: str) -> None:
    text = TEXT.replace("SD", "1").replace("{additive: 1 mg}", f"{{proportional: {size}}}")
    (warning,) = told(text)
    if size == "12.5":
        assert warning == PERCENT_OF_AN_ERROR
    assert "warning[percent-missing]: 12.5 is 1250%" in warning
    assert told(text.replace("12.5", "12.5%")) == told(text.replace("12.5", "1250%")) == []
