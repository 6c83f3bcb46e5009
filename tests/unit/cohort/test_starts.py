"""Where a state starts: parameters, covariates, and quantities of these alone, which are written out."""

from __future__ import annotations

from pathlib import Path

import pytest

from trialsim.cohort.model import Cohort
from trialsim.cohort.read import cohort_of_text
from trialsim.cohort.write import cohort_text
from trialsim.foundation.errors import InvalidDocument
from trialsim.foundation.expression import to_text

TEXT = """language: cohort 1
id: turnover
title: A level in balance
context_of_use: Testing.
time: h
covariates:
  sex: {categories: {male: 0.5, female: 0.5}}
parameters:
  E0: {typical: 140 mmHg, between_patients: {normal: 12 mmHg}}
  kout: {typical: 0.05 1/h}
dynamics:
  level: {start: START, rate: kin - kout * level}
quantities:
  kin: {is: "E0 * kout * if(sex == male, 1, 1.1)", unit: mmHg/day}
  balance: {is: kin / kout, unit: mmHg}
  now: {is: balance * exp(-since(randomised) / 1 h), unit: mmHg}
measures:
  seen: {is: level, error: {additive: 1 mmHg}}
"""


def cohort(start: str) -> Cohort:
    return cohort_of_text(TEXT.replace("START", start), "document.yaml", Path("."))[0]


def test_a_start_sees_quantities_of_parameters_and_covariates() -> None:
    made = cohort("balance + 1 mmHg")
    start = made.states[0].start
    assert start is not None
    assert to_text(start) == "E0 * kout * if(sex == 0, 1, 1.1) / kout + 1 mmHg"
    assert made.digest == cohort('"E0 * kout * if(sex == male, 1, 1.1) / kout + 1 mmHg"').digest


def test_a_state_that_starts_at_a_quantity_has_its_unit() -> None:
    assert cohort("balance").states[0].unit.text == "mmHg"


def test_what_is_written_reads_back() -> None:
    made = cohort("balance")
    assert cohort_of_text(cohort_text(made), "document.yaml", Path("."))[0].digest == made.digest


@pytest.mark.parametrize("start", ["now", "balance + now"])
def test_a_quantity_with_a_clock_is_not_seen(start: str) -> None:
    with pytest.raises(InvalidDocument) as fault:
        cohort(start)
    (told,) = fault.value.diagnostics
    assert (told.slug, told.message) == ("not-visible", "the start of 'level' cannot see 'now'")
    assert told.notes == ("it sees parameters, covariates, and quantities of these alone",)


def test_quantities_that_grow_without_end_are_refused() -> None:
    doubling = "".join(f"  q{i}: {{is: q{i - 1} + q{i - 1}, unit: mmHg}}\n" for i in range(1, 60))
    text = TEXT.replace("measures:", f"  q0: {{is: E0, unit: mmHg}}\n{doubling}measures:")
    with pytest.raises(InvalidDocument) as fault:
        cohort_of_text(text.replace("START", "q59"), "document.yaml", Path("."))
    assert [told.slug for told in fault.value.diagnostics] == ["not-visible"]
    with pytest.raises(InvalidDocument) as fault:
        cohort_of_text(text.replace("START", "q7 + q7 + q7 + q7"), "document.yaml", Path("."))
    (told,) = fault.value.diagnostics
    assert told.message == "the start of 'level' is too large with its quantities written out"
