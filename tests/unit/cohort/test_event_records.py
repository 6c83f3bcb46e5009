"""Event records: what each item of a file comes to, and what of a file is no record."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from trialsim.cohort.event_records import EventRecords, Reading, event_records
from trialsim.cohort.event_table import event_table
from trialsim.cohort.model import Cohort
from trialsim.cohort.read import cohort_of_text, read_cohort
from trialsim.foundation.errors import Problems, TrialsimError
from trialsim.foundation.units import unit

TWO_DOORS = Path(__file__).parents[2] / "errors" / "events" / "cohort.yaml"
IN_PARTS = """
language: cohort 1
id: in-parts
title: A dose in two parts, and an infusion of the cohort's own duration
context_of_use: tests
time: h
parameters:
  k: {typical: 0.2 1/h}
  share: {typical: 40%}
dynamics:
  fast: {rate: -k * fast, unit: mg, receives: [{drug: x, route: oral, bioavailability: share}]}
  slow: {rate: -k * slow, unit: mg, receives: [{drug: x, route: oral, bioavailability: 1 - share}]}
  blood:
    unit: mg
    rate: k * fast + k * slow - k * blood
    receives: [{drug: x, route: iv}, {drug: x, route: slow_iv, duration: 3 h}, {drug: x, route: pump, rate: 5 mg/h}]
measures:
  level: {is: blood, unit: mg, error: {additive: 1 mg}}
"""


def read(text: str, cohort: Cohort | None = None, how: Reading | None = None, **columns: str) -> EventRecords:
    """Return the records of a text, for the cohort with two ways in."""
    model = cohort or read_cohort(TWO_DOORS)[0]
    problems = Problems()
    return event_records(event_table(text, "records.csv", model, columns, problems), model, how or Reading(), problems)


def only(text: str, cohort: Cohort | None = None, how: Reading | None = None, **columns: str) -> tuple:
    (individual,) = read(text, cohort, how, **columns).individuals
    return individual.records


def test_every_item_of_a_dose() -> None:
    (record,) = only("ID,TIME,AMT,RATE,EVID,CMT,II,ADDL,SS,MDV,weight,sex\n7,2,100,25,4,2,12,3,1,1,70.5,male\n")
    assert (record.time, record.evid, record.amount, record.rate) == (2.0, 4, 100.0, 25.0)
    assert (record.interval, record.additional, record.steady, record.doors) == (12.0, 3, 1, (1,))
    assert record.covariates == (70.5, 1.0)
    assert record.is_dose and record.resets


def test_remarks_comments_and_blank_lines_are_no_records() -> None:
    text = "# made by hand\nC,ID,TIME,AMT,CMT\n.,1,0,100,1\nC,1,1,100,1\n#.,1,2,100,1\n\n@.,1,3,100,1\n,1,4,,\n,,,,\n"
    records = only(text)
    assert [(record.time, record.evid) for record in records] == [(0.0, 1), (4.0, 0)]


def test_blanks_and_tabs_separate_where_the_header_has_no_comma() -> None:
    records = only("ID TIME\tAMT  CMT\n1 0 100 1\n1\t2.5\t.\t.\n")
    assert [(record.time, record.amount, record.doors) for record in records] == [(0.0, 100.0, (0,)), (2.5, 0.0, ())]


def test_names_in_quotes_and_in_small_letters() -> None:
    (record,) = only('"id","time","amt","cmt"\n"1",0,100,"central"\n')
    assert (record.amount, record.doors) == (100.0, (1,))


def test_records_without_evid_are_what_they_look_like() -> None:
    records = only("ID,TIME,AMT,ADDL,II,MDV,CMT\n1,0,100,.,.,1,1\n1,1,.,.,.,0,1\n1,2,.,.,.,1,1\n")
    assert [record.evid for record in records] == [1, 0, 2]


def test_a_missing_mdv_says_nothing() -> None:
    records = only("ID,TIME,AMT,EVID,MDV,CMT\n1,0,100,1,.,1\n1,1,.,0,.,1\n")
    assert [record.evid for record in records] == [1, 0]


def test_units_of_a_file() -> None:
    how = Reading(time_unit=unit("day"), amount_unit=unit("g"))
    (record,) = only("ID,TIME,AMT,RATE,II,ADDL,CMT\n1,2,0.1,2.4,1,1,2\n", how=how)
    assert (record.time, record.amount, record.interval) == (48.0, 100.0, 24.0)
    assert record.rate == 100.0  # 2.4 g a day


def test_codes_of_rates_are_no_rates() -> None:
    how = Reading(time_unit=unit("day"))
    cohort, _ = cohort_of_text(IN_PARTS, "in-parts.yaml", Path())
    (record,) = only("ID,TIME,AMT,RATE,CMT\n1,0,100,-2,3\n", cohort, how)
    assert (record.rate, record.doors) == (-2.0, (3,))


@pytest.mark.parametrize(
    ("rate", "doors"), [("0", (2,)), ("25", (2,)), ("-2", (3,)), ("-1", (4,))], ids=["bolus", "rate", "-2", "-1"]
)
def test_rate_chooses_among_the_ways_into_a_compartment(rate: str, doors: tuple[int, ...]) -> None:
    cohort, _ = cohort_of_text(IN_PARTS, "in-parts.yaml", Path())
    (record,) = only(f"ID,TIME,AMT,RATE,CMT\n1,0,100,{rate},blood\n", cohort)
    assert record.doors == doors


def test_one_dose_in_parts_takes_all_its_ways_in() -> None:
    cohort, _ = cohort_of_text(IN_PARTS, "in-parts.yaml", Path())
    records = only("ID,TIME,AMT,CMT,DRUG,ROUTE\n1,0,100,.,x,oral\n1,1,100,2,x,oral\n", cohort)
    assert [record.doors for record in records] == [(0, 1), (1,)]


def test_which_measure_dv_reads() -> None:
    records = only("ID,TIME,DVID\n1,0,2\n1,1,x_conc\n1,2,.\n1,3,0\n")
    assert [record.measure for record in records] == [1, 0, -1, -1]
    cohort, _ = cohort_of_text(IN_PARTS, "in-parts.yaml", Path())
    assert [record.measure for record in only("ID,TIME\n1,0\n", cohort)] == [0]


def test_columns_under_other_names() -> None:
    records = only("ID,HOURS,WT,weight,TIME\n1,2,80,70,0\n", TIME="HOURS", weight="WT")
    assert (records[0].time, records[0].covariates[0]) == (2.0, 80.0)


def test_numbers_for_categories() -> None:
    how = Reading(codes={"sex": {"1": "male", "2": "female"}})
    records = only("ID,TIME,sex\n1,0,1\n1,1,2\n1,2,male\n1,3,.\n", how=how)
    assert [record.covariates[1] for record in records[:3]] == [1.0, 0.0, 1.0]
    assert math.isnan(records[3].covariates[1]) and math.isnan(records[0].covariates[0])


def test_individuals_and_replicates() -> None:
    records = read("REP,ID,TIME\n0,1,0\n0,2,0\n1,1,0\n1,2,0\n")
    assert [(who.replicate, who.id, len(who.records)) for who in records.individuals] == [
        (0, 1, 1), (0, 2, 1), (1, 1, 1), (1, 2, 1)
    ]  # fmt: skip


def test_a_reset_may_begin_another_time() -> None:
    assert [record.time for record in only("ID,TIME,EVID,AMT,CMT\n1,24,0,0,0\n1,0,3,0,0\n1,0,1,5,1\n")] == [24, 0, 0]


def test_a_file_of_nothing() -> None:
    with pytest.raises(TrialsimError) as fault:
        read("# nothing\n")
    assert str(fault.value) == "the file 'records.csv' holds no records\n  = its first line is a header"


def test_a_name_that_is_neither_item_nor_covariate() -> None:
    with pytest.raises(TrialsimError) as fault:
        read("ID,TIME\n1,0\n", wieght="WT")
    assert (fault.value.slug, fault.value.exit_code) == ("records-unknown-name", 2)
    assert str(fault.value) == (
        "'wieght' is neither an item of event records nor a covariate of the cohort\n"
        "  = items: ID, TIME, AMT, RATE, EVID, CMT, II, ADDL, SS, DV, MDV, DVID, DRUG, ROUTE, OCC, REP\n"
        "  = covariates: weight, sex\n  = nearest name: weight"
    )
