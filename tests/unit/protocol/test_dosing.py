"""Dosing lines with nothing implied: amounts, times, infusions, adherence; and written they read as the same."""

from __future__ import annotations

import math
from functools import cache

import pytest

from tests.unit.protocol.documents import FULL, LIBRARY, cohort, first_fault, protocol
from trialsim.cohort.model import Cohort
from trialsim.cohort.read import cohort_of_text
from trialsim.foundation.errors import InvalidDocument
from trialsim.foundation.units import quantity, unit
from trialsim.protocol.dosing_model import (
    Adherence,
    BandedAmount,
    CategoryAmount,
    Cycle,
    DoseTimes,
    Dosing,
    FormulaAmount,
    Holidays,
    PlainAmount,
    Strengths,
    Timing,
)
from trialsim.protocol.dosing_strengths import Sums, at_or_above, at_or_below, sums_of
from trialsim.protocol.dosing_times import is_planned_at, planned_days
from trialsim.protocol.model import Protocol
from trialsim.protocol.read import protocol_from
from trialsim.protocol.scenarios import with_conduct
from trialsim.protocol.write import protocol_text

PLAIN = "{drug: X, amount: 0.25 mg/kg, route: oral, every: 24 h, for: 12 weeks}"
BEFORE = FULL.replace("after_dose: [0 h, 2 h]", "after_dose: [0 h]")


@cache
def larger() -> Cohort:
    """Return the patients of other tests with heights, filtration, and a way in whose duration is modelled."""
    text = (LIBRARY / "cohorts" / "pressure.yaml").read_text(encoding="utf-8")
    more = "  height: {normal: {mean: 170 cm, sd: 10 cm}}\n  gfr: {normal: {mean: 90 mL/min, sd: 10 mL/min}}\n"
    text = text.replace("  sex:", more + "  sex:")
    text = text.replace("receives: [{drug: X, route: iv}]", "receives: [{drug: X, route: iv, duration: 2 h}]")
    return cohort_of_text(text, "pressure.yaml", LIBRARY / "cohorts")[0]


def line_of(written: str, about: Cohort | None = None) -> Dosing:
    """Return a line in place of the second active arm's; what is written of it reads as the same protocol."""
    about = about or cohort()
    assert PLAIN in BEFORE
    found = protocol_from(BEFORE.replace(PLAIN, f"{{drug: X, {written}}}"), about)
    assert protocol_from(protocol_text(found), about) == found
    return found.arms[2].dosing[0]


def fault_of(written: str, about: Cohort) -> str:
    with pytest.raises(InvalidDocument) as fault:
        line_of(written, about)
    return fault.value.diagnostics[0].message


DAILY = "route: oral, every: 24 h, for: 12 weeks"


@pytest.mark.parametrize(
    ("written", "value", "per"),
    [("10 mg", 10.0, "patient"), ("10000 ug", 10.0, "patient"), ("0.25 mg/kg", 0.25, "kg"), ("300 ug/kg", 0.3, "kg")],
)
def test_amounts_are_in_the_unit_of_the_state_they_enter(written: str, value: float, per: str) -> None:
    line = line_of(f"amount: {written}, {DAILY}")
    assert line.amount == PlainAmount(written=quantity(written), value=value, per=per)  # type: ignore[arg-type]
    assert line.unit == unit("mg")


def test_amounts_by_limits_keep_the_covariates_unit() -> None:
    line = line_of(f"amount: {{by: age, below: {{144 months: 5 mg, 18 years: 0.2 mg/kg}}, otherwise: 20 mg}}, {DAILY}")
    assert isinstance(line.amount, BandedAmount)
    assert (line.amount.by, line.amount.limits) == ("age", (pytest.approx(12.0, rel=1e-3), 18.0))
    bands = [(each.value, each.per) for each in line.amount.amounts]
    assert bands == [(5.0, "patient"), (0.2, "kg"), (20.0, "patient")]


def test_amounts_by_category_are_in_the_cohorts_order() -> None:
    line = line_of(f"amount: {{by: sex, each: {{male: 6 mg, female: 5 mg}}}}, {DAILY}")
    assert isinstance(line.amount, CategoryAmount)
    assert [(name, each.value) for name, each in line.amount.amounts] == [("female", 5.0), ("male", 6.0)]


def test_an_amount_by_a_formula_is_calverts() -> None:
    line = line_of(f"amount: {{is: 5 mg*min/mL * (gfr + 25 mL/min)}}, {DAILY}", larger())
    assert isinstance(line.amount, FormulaAmount)
    assert line.amount.text == "5 mg*min/mL * (gfr + 25 mL/min)"
    assert fault_of(f"amount: {{is: 5 mg*min/mL * (gfr + 25 mL)}}, {DAILY}", larger()) == ("cannot add L to L/h")


def test_surface_is_by_formula_or_covariate() -> None:
    assert line_of(f"amount: 7 mg/m2, surface: mosteller, {DAILY}", larger()).surface == "mosteller"
    assert line_of(f"amount: 7 mg, rate: 2 mg/m2/h, surface: dubois, {DAILY}", larger()).surface == "dubois"
    assert line_of(f"amount: 7 mg, {DAILY}", larger()).surface is None
    with pytest.raises(InvalidDocument) as fault:
        line_of(f"amount: 7 mg/m2, {DAILY}", larger())
    assert fault.value.diagnostics[0].notes == ("write surface: mosteller, from weight and height",)


def test_limits_and_strengths() -> None:
    line = line_of(f"amount: 0.25 mg/kg, at_least: 5 mg, at_most: 30 mg, strengths: [10 mg, 2500 ug], {DAILY}")
    assert (line.at_least, line.at_most) == (quantity("5 mg"), quantity("30 mg"))
    assert line.strengths == Strengths(available=(quantity("2500 ug"), quantity("10 mg")), rounded="nearest")


@pytest.mark.parametrize(
    ("written", "infusion", "rate", "per"),
    [("over: 2 h", 2 / 24, None, None), ("rate: 5 mg/h", 0.0, 5.0, "patient"),
     ("rate: 240 mg/day", 0.0, 10.0, "patient"),
     ("rate: 0.5 mg/kg/h", 0.0, 0.5, "kg"), ("over: 0 h", 0.0, None, None)],
)  # fmt: skip
def test_an_infusion_has_its_length_or_its_rate(
    written: str, infusion: float, rate: float | None, per: str | None
) -> None:
    line = line_of(f"amount: 10 mg, {written}, {DAILY}")
    assert line.infusion == infusion
    assert (line.rate.value, line.rate.per) == (rate, per) if line.rate else rate is None


def test_how_long_a_dose_takes_may_be_the_models_to_say() -> None:
    iv = DAILY.replace("oral", "iv")
    assert line_of(f"amount: 10 mg, {iv}", larger()).is_modelled
    assert line_of(f"amount: 10 mg, over: modelled, {iv}", larger()).is_modelled
    assert not line_of(f"amount: 10 mg, over: 1 h, {iv}", larger()).is_modelled
    assert not line_of(f"amount: 10 mg, rate: 1 mg/h, {iv}", larger()).is_modelled
    assert not line_of(f"amount: 10 mg, {DAILY}", larger()).is_modelled
    assert fault_of(f"amount: 10 mg, over: 0 h, {iv}", larger()) == (
        "the cohort's model says how long X by the route iv takes: never at once"
    )


@pytest.mark.parametrize(
    ("written", "when"),
    [
        ("every: 24 h, for: 12 weeks", DoseTimes(every=1.0, until=84.0)),
        ("every: 12 h, start: week 1, times: 4", DoseTimes(start=7.0, every=0.5, times=4)),
        ("at: week 11", DoseTimes(at=(77.0,))),
        ("at: [day 3, day 0]", DoseTimes(at=(0.0, 3.0))),
        ("days: [fri, mon], for: 4 weeks", DoseTimes(every=1.0, until=28.0, days=("mon", "fri"))),
        ("days: [fri], every: 8 h, day_0: thu, times: 5",
         DoseTimes(every=8 / 24, times=5, days=("fri",), day_0="thu")),
        ("cycle: {length: 4 weeks, on_days: [15, 1, 8], times: 6}",
         DoseTimes(every=1.0, cycle=Cycle(length=28.0, on_for=None, on_days=(1, 8, 15), times=6))),
        ("every: 12 h, until: week 12, cycle: {length: 4 weeks, on_for: 3 weeks}",
         DoseTimes(every=0.5, until=84.0, cycle=Cycle(length=28.0, on_for=21.0, on_days=(), times=None))),
    ],
)  # fmt: skip
def test_times(written: str, when: DoseTimes) -> None:
    assert line_of(f"amount: 10 mg, route: oral, {written}").when == when


def test_a_line_begins_at_its_first_moment() -> None:
    assert line_of("amount: 10 mg, route: oral, at: [day 3, day 1]").start == 1.0
    assert line_of("amount: 10 mg, route: oral, every: 12 h, start: week 1, times: 4").start == 7.0


def test_steady_state() -> None:
    assert line_of(f"amount: 10 mg, {DAILY}, steady_state: true").is_steady
    assert not line_of(f"amount: 10 mg, {DAILY}, steady_state: false").is_steady


@pytest.mark.parametrize(
    ("when", "days"),
    [
        (DoseTimes(start=2.0, every=1.0, until=5.0), (2.0, 3.0, 4.0)),
        (DoseTimes(start=2.0, every=1.0 / 3.0, until=3.0), (2.0, 2.0 + 1 / 3, 2.0 + 2 / 3)),
        (DoseTimes(every=1.0 / 7.0, until=1.0), tuple(i / 7 for i in range(7))),
        (DoseTimes(every=2.0, times=3), (0.0, 2.0, 4.0)),
        (DoseTimes(every=1.0), ()),
        (DoseTimes(every=1.0, cycle=Cycle(length=4.0, on_for=3.0, on_days=(), times=2)),
         (0.0, 1.0, 2.0, 4.0, 5.0, 6.0)),
        (DoseTimes(every=2.0, until=8.0, cycle=Cycle(length=3.0, on_for=3.0, on_days=(), times=None)),
         (0.0, 2.0, 3.0, 5.0, 6.0)),
        (DoseTimes(every=0.5, times=5, cycle=Cycle(length=7.0, on_for=None, on_days=(1, 5), times=None)),
         (0.0, 0.5, 4.0, 4.5, 7.0)),
    ],
)  # fmt: skip
def test_planned_days(when: DoseTimes, days: tuple[float, ...]) -> None:
    assert planned_days(when) == pytest.approx(days, abs=1e-12)


def test_a_dose_is_planned_at_a_moment_if_every_patient_has_it() -> None:
    weekly = DoseTimes(every=1.0, until=28.0, days=("mon",), day_0="mon")
    assert is_planned_at(weekly, 14.0) and not is_planned_at(weekly, 15.0)
    drawn = DoseTimes(every=1.0, until=28.0, days=("mon", "tue", "wed", "thu", "fri"))
    assert is_planned_at(drawn, 14.0) and not is_planned_at(drawn, 15.0)  # Friday's patient has no dose on Saturday
    assert is_planned_at(DoseTimes(every=1 / 3, until=28.0), 14.0 + 1e-6)


@pytest.mark.parametrize("strengths", [["50 mg", "100 mg"], ["5 mg", "7.5 mg"], ["3 mg", "5 mg"], ["0.1 mg", "0.25 mg"],
                                       ["6 mg", "10 mg", "15 mg"]])  # fmt: skip
def test_sums_of_strengths_are_those_found_by_trying(strengths: list[str]) -> None:
    sums = sums_of([quantity(text) for text in strengths], unit("mg"))
    assert isinstance(sums, Sums)
    counts = [round(quantity(text).value / float(sums.grain)) for text in strengths]
    assert math.gcd(*counts) == 1
    most = 60
    tried = {0}
    for _ in range(most):
        tried |= {each + count for each in tried for count in counts if each + count <= most}
    for count in range(most - max(counts)):
        assert at_or_below(sums.least, count) == max(each for each in tried if each <= count)
        assert at_or_above(sums.least, count) == min(each for each in tried if each >= count)
    assert (sums.lowest, sums.highest) == (min(counts), None)


def test_sums_of_strengths_lie_between_the_limits() -> None:
    strengths = [quantity("50 mg"), quantity("0.1 g")]
    sums = sums_of(strengths, unit("mg"), quantity("60 mg"), quantity("349 mg"))
    assert sums is not None and (sums.grain, sums.lowest, sums.highest) == (50, 2, 6)
    assert sums_of(strengths, unit("mg"), None, quantity("49 mg")) is None


ADHERENCE = "  adherence: {takes: 92%, between_patients: {logit_normal: 0.5}}\n"


def with_adherence(written: str, *edits: tuple[str, str]) -> Protocol:
    found = protocol((ADHERENCE, f"  adherence: {written}\n"), *edits)
    assert protocol_from(protocol_text(found), cohort()) == found
    return found


def test_adherence() -> None:
    plain = with_adherence("{takes: 92%}").conduct.adherence
    assert plain == Adherence(takes=0.92, between_patients_sd=0.0)
    written = "{timing: {normal: 1 h}, doubles: 20%, holidays: {rate: 12 per year, length: 4 days}}"
    assert with_adherence(written).conduct.adherence == Adherence(
        takes=1.0,
        between_patients_sd=0.0,
        timing=Timing(kind="normal", spread=1 / 24),
        doubles=0.2,
        holidays=Holidays(rate=quantity("12 per year").to("per day"), length=4.0),
    )
    late = "{timing: {lognormal: {median: 36 minutes, cv: 50%}}, holidays: none}"
    assert with_adherence(late).conduct.adherence.timing == Timing(kind="lognormal", location=0.025, spread=0.5)
    varying = "{holidays: {rate: 1 per month, length: {lognormal: {median: 5 days, cv: 40%}}}}"
    found = with_adherence(varying).conduct.adherence.holidays
    assert found is not None and (found.length, found.cv) == (5.0, 0.4)


def test_scenarios_change_what_patients_make_of_doses() -> None:
    written = "{timing: {normal: 1 h}, doubles: 20%, holidays: {rate: 1 per month, length: 4 days}}"
    change = ("      accrual.rate: x 0.5\n", "      adherence.timing.normal: x 2\n      adherence.doubles: 50%\n"
              "      adherence.holidays.rate: x 3\n      adherence.holidays.length: 1 week\n")  # fmt: skip
    found = with_adherence(written, change)
    before = found.conduct.adherence
    after = with_conduct(found, found.scenarios[2]).conduct.adherence
    assert after.timing == Timing(kind="normal", spread=2 / 24) and after.doubles == 0.5
    assert before.holidays is not None
    assert after.holidays == Holidays(rate=3 * before.holidays.rate, length=7.0)
    spreads = "{timing: {lognormal: {median: 1 h, cv: 50%}}, holidays: {rate: 1 per month, length: {lognormal: {median: 4 days, cv: 50%}}}}"  # noqa: E501
    change = ("      accrual.rate: x 0.5\n", "      adherence.timing.lognormal.median: 2 h\n"
              "      adherence.timing.lognormal.cv: x 2\n      adherence.holidays.length.lognormal.cv: 25%\n"
              "      adherence.holidays.length.lognormal.median: x 2\n")  # fmt: skip
    found = with_adherence(spreads, change)
    after = with_conduct(found, found.scenarios[2]).conduct.adherence
    assert after.timing == Timing(kind="lognormal", location=2 / 24, spread=1.0)
    assert after.holidays is not None and (after.holidays.length, after.holidays.cv) == (8.0, 0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("doubles: x 8", "'adherence.doubles' cannot become 1.6"),
        ("holidays.rate: 2 per day", "'adherence.holidays.rate' cannot become 2"),
        ("holidays.length: 0 days", "'adherence.holidays.length' cannot become 0"),
        ("timing.normal: x -1", "'adherence.timing.normal' cannot become -0.041666666666666664"),
    ],
)
def test_changes_that_cannot_be(change: str, message: str) -> None:
    written = "  adherence: {timing: {normal: 1 h}, doubles: 20%, holidays: {rate: 1 per month, length: 4 days}}\n"
    fault = first_fault((ADHERENCE, written), ("      accrual.rate: x 0.5\n", f"      adherence.{change}\n"))
    assert fault == f"impossible-value: {message}"
