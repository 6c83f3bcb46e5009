"""Dosing lines and adherence, as a synopsis says them."""

from __future__ import annotations

import pytest

from tests.unit.protocol.documents import FULL, cohort
from trialsim.foundation.units import ONE, unit
from trialsim.protocol.dosing_model import Adherence, Dosing, Holidays, Timing
from trialsim.protocol.model import Arm, Setting
from trialsim.protocol.read import protocol_from
from trialsim.report.dosing_words import adherence_words, dose_days, dosing_words
from trialsim.report.schedule import lane

LINE = "{drug: X, amount: 0.25 mg/kg, route: oral, every: 24 h, for: 12 weeks}"


def line_of(written: str) -> Dosing:
    text = FULL.replace("after_dose: [0 h, 2 h]", "after_dose: [0 h]")
    return protocol_from(text.replace(LINE, f"{{drug: X, {written}}}"), cohort()).arms[2].dosing[0]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("amount: 40 mg, route: oral, every: 24 h, until: week 12", "X 40 mg oral every day until week 12"),
        ("amount: 40 mg, route: iv, at: week 1, over: 1 h", "X 40 mg iv over 1 hour from day 7 once"),
        ("amount: 40 mg, route: oral, at: [day 0, week 1]", "X 40 mg oral at day 0 and day 7"),
        ("amount: {by: age, below: {30 years: 5 mg}, otherwise: 10 mg}, route: iv, rate: 5 mg/h, every: 12 h, times: 6",
         "X 5 mg below 30 years, else 10 mg (by age) iv at 5 mg/h every 12 hours, 6 doses"),
        ("amount: {by: sex, each: {female: 5 mg, male: 6 mg}}, route: oral, days: [mon, fri], for: 4 weeks",
         "X 5 mg if sex is female and 6 mg if sex is male oral every day on mon and fri (day 0 is a working day of each"
         " patient's own) until week 4"),
        ("amount: 0.2 mg/kg, at_most: 20 mg, strengths: [2.5 mg, 5 mg], rounded: down, route: oral, "
         "cycle: {length: 4 weeks, on_days: [1, 8], times: 3}",
         "X 0.2 mg/kg, at most 20 mg, rounded down to a sum of 2.5 mg and 5 mg, oral every day on days 1 and 8 of every"
         " 4 weeks, 3 times"),
        ("amount: {is: 0.1 mg/kg * weight}, route: oral, every: 24 h, until: week 12, steady_state: true",
         "X 0.1 mg/kg * weight oral every day until week 12, at steady state from the first dose"),
    ],
)  # fmt: skip
def test_a_line_in_words(written: str, words: str) -> None:
    assert dosing_words(line_of(written)) == words


def test_days_are_those_of_any_patient() -> None:
    assert dose_days(line_of("amount: 5 mg, route: oral, every: 36 h, times: 3")) == [0.0, 1.5, 3.0]
    drawn = line_of("amount: 5 mg, route: oral, days: [mon], for: 1 week")
    assert dose_days(drawn) == [0.0, 3.0, 4.0, 5.0, 6.0]


def test_what_patients_make_of_doses() -> None:
    assert adherence_words(Adherence(takes=0.9, between_patients_sd=0.0)) == [("Doses taken", "90%, everybody alike")]
    adherence = Adherence(
        takes=0.9, between_patients_sd=0.5, timing=Timing(kind="normal", spread=1 / 24), doubles=0.2,
        holidays=Holidays(rate=4 / 365.25, length=4.0),
    )  # fmt: skip
    assert adherence_words(adherence) == [
        ("Doses taken", "90%, varying between patients with SD 0.5 on the logit"),
        ("Times of doses", "around the planned time with an SD of 1 hour"),
        ("Doses doubled", "20% of those after a missed one"),
        ("Drug holidays", "4 per year, 4 days long"),
    ]
    late = Adherence(takes=1.0, between_patients_sd=0.0, timing=Timing(kind="lognormal", location=1 / 48, spread=1.0))
    assert adherence_words(late)[1] == ("Times of doses", "30 minutes (median) after the planned time, CV 100%")


def test_what_an_arm_sets_stands_beside_its_doses() -> None:
    device = Setting(input="low_purine_diet", unit=ONE, steps=((30.4375, 1.0), (84.0, 0.0)))
    energy = Setting(input="energy", unit=unit("kcal/day"), steps=((0.0, 1500.0),))
    arm = Arm(name="diet", label="", dosing=(), sets=(device, energy))
    words = "low purine diet 1 from month 1 then 0 from week 12 and energy 1500 kcal/day from day 0"
    assert lane(arm, 1).dosing == words
    assert lane(Arm(name="none", label="", dosing=()), 1).dosing == "no drug"
