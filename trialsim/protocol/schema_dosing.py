"""The sections of a protocol about doses: what is planned, and what patients make of it."""

from __future__ import annotations

from typing import Any

from trialsim.foundation.sections import (
    Amount,
    ByShape,
    Choice,
    Duration,
    Field,
    Formula,
    ListOf,
    MapOf,
    Moment,
    Name,
    Number,
    Phrase,
    Section,
    Text,
    Truth,
    Whole,
)
from trialsim.foundation.units import DIMENSIONLESS, TIME, Quantity, duration
from trialsim.protocol.dosing_model import DRAWN, WEEKDAYS
from trialsim.protocol.dosing_times import MOST_DOSES
from trialsim.protocol.dosing_written import (
    WrittenAdherence,
    WrittenAmount,
    WrittenCycle,
    WrittenDosing,
    WrittenHolidays,
    WrittenLognormal,
    WrittenSpread,
    WrittenTiming,
)

MODELLED = "modelled"
NONE = "none"
DECIMAL = r"[+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"


def written_amount(**values: Any) -> WrittenAmount:
    """Return an amount by covariates; `is` is a word of Python and has another name inside."""
    values["formula"] = values.pop("is")
    return WrittenAmount(**values)


AMOUNT_BY = Section(
    "an amount by covariates",
    {
        "by": Field(Name(), "the covariate that decides, with below or each", example="weight"),
        "below": Field(
            MapOf(Amount(), Text(), at_least=1),
            "limits of the covariate, ascending, and the amount below each: the first that fits is given",
            example="{12 years: 5 mg, 18 years: 10 mg}",
        ),
        "otherwise": Field(Amount(), "the amount at the last limit and above", example="20 mg"),
        "each": Field(
            MapOf(Amount(), Text(), at_least=1),
            "the amount of every category of the covariate",
            example="{female: 50 mg, male: 60 mg}",
        ),
        "is": Field(
            Formula(), "an expression of covariates that comes out as an amount",
            example="5 mg*min/mL * (gfr + 25 mL/min)",
        ),
    },
    exactly_one=(("below", "each", "is"),),
    make=written_amount,
)  # fmt: skip

CYCLE = Section(
    "a cycle",
    {
        "length": Field(Duration(positive=True), "from one cycle to the next", required=True, example="4 weeks"),
        "on_for": Field(Duration(positive=True), "doses are given so long, then not", example="3 weeks"),
        "on_days": Field(
            ListOf(Whole(1, 10_000), at_least=1),
            "the days of the cycle with doses; its first day is 1",
            example="[1, 8, 15]",
        ),
        "times": Field(Whole(1, 10_000), "how many cycles", example="6"),
    },
    exactly_one=(("on_for", "on_days"),),
    make=WrittenCycle,
)


def running_time(text: str) -> Quantity | str:
    """Return how long a dose runs in, or that the cohort's model says so."""
    return MODELLED if text.strip() == MODELLED else duration(text)


def written_dosing(**values: Any) -> WrittenDosing:
    """Return a dosing line; `for` is a word of Python and has another name inside."""
    values["length"] = values.pop("for")
    return WrittenDosing(**values)


DOSING = Section(
    "a dosing line",
    {
        "drug": Field(Name(), "a drug the cohort knows", required=True),
        "amount": Field(
            ByShape(scalar=Amount(), mapping=AMOUNT_BY),
            "how much at each dose: for everybody, per kg, per m2, or by covariates",
            required=True,
            example="5 mg/kg",
        ),
        "surface": Field(
            Choice("bsa", "mosteller", "dubois"),
            "where m2 come from: the covariate bsa, or weight and height; bsa unless written, if the cohort has it",
            example="mosteller",
        ),
        "at_least": Field(Amount(positive=True), "a dose is never less", example="50 mg"),
        "at_most": Field(Amount(positive=True), "a dose is never more", example="800 mg"),
        "strengths": Field(
            ListOf(Amount(positive=True), at_least=1, at_most=20),
            "what can be dispensed: a dose is a sum of these; any amount unless written",
            example="[50 mg, 100 mg]",
        ),
        "rounded": Field(
            Choice("nearest", "down", "up"),
            "to which sum of strengths; nearest unless written, the lower of two as near",
            example="down",
        ),
        "route": Field(Name(), "a route by which a state of the cohort receives it", required=True, example="oral"),
        "every": Field(
            Duration(), "the time between doses; 24 hours unless written where days or on_days are", example="12 h"
        ),
        "at": Field(
            ByShape(scalar=Moment(), sequence=ListOf(Moment(), at_least=1)),
            "when a dose is given, once or at several moments",
            example="day 0",
        ),
        "start": Field(Moment(), "the first of repeated doses; day 0 unless written", example="week 2"),
        "until": Field(Moment(), "repeated doses end before this", example="week 12"),
        "for": Field(Duration(positive=True), "repeated doses end so long after they start", example="12 weeks"),
        "times": Field(Whole(1, MOST_DOSES), "how many doses there are", example="6"),
        "cycle": Field(CYCLE, "stretches with doses and without", example="{length: 4 weeks, on_for: 3 weeks}"),
        "days": Field(
            ListOf(Choice(*WEEKDAYS), at_least=1), "the days of the week with doses", example="[mon, wed, fri]"
        ),
        "day_0": Field(
            Choice(DRAWN, *WEEKDAYS),
            "the day of the week of day 0; unless written each patient's own, drawn from Monday to Friday",
            example="mon",
        ),
        "over": Field(
            Phrase("a length of time", "1 h or modelled", running_time, rf"modelled|{DECIMAL}\s*[a-z]+"),
            "how long a dose runs in; at once unless written, or as the cohort's model says if it does",
            example="1 h",
        ),
        "rate": Field(Amount(), "how fast a dose runs in, whatever its bioavailability", example="100 mg/h"),
        "steady_state": Field(
            Truth(), "whether the first dose finds the steady state of these doses", default=False, example="true"
        ),
    },
    at_most_one=(("every", "at"), ("until", "for", "times"), ("over", "rate")),
    make=written_dosing,
)

LOGNORMAL = Section(
    "a lognormal length of time",
    {
        "median": Field(Duration(positive=True), "its median", required=True, example="30 minutes"),
        "cv": Field(Number(at_least=0, at_most=10), "its coefficient of variation", required=True, example="100%"),
    },
    make=WrittenLognormal,
)

TIMING = Section(
    "a timing of doses",
    {
        "normal": Field(
            Duration(), "taken around the planned time, early as often as late: a standard deviation", example="1 h"
        ),
        "lognormal": Field(LOGNORMAL, "taken after the planned time, never early"),
    },
    exactly_one=(("normal", "lognormal"),),
    make=WrittenTiming,
)


def length_of_holiday(lognormal: WrittenLognormal) -> WrittenLognormal:
    """Return lengths that vary."""
    return lognormal


HOLIDAY_LENGTH = Section(
    "a length of holidays",
    {"lognormal": Field(LOGNORMAL, "lengths that vary", required=True, example="{median: 4 days, cv: 50%}")},
    make=length_of_holiday,
)

HOLIDAYS = Section(
    "a drug holiday",
    {
        "rate": Field(
            Amount(DIMENSIONLESS / TIME, at_least=0),
            "how often a run of missed doses begins, in each patient and for each drug",
            required=True,
            example="4 per year",
        ),
        "length": Field(
            ByShape(scalar=Duration(positive=True), mapping=HOLIDAY_LENGTH),
            "how long it is",
            required=True,
            example="4 days",
        ),
    },
    make=WrittenHolidays,
)  # fmt: skip

ADHERENCE = Section(
    "an adherence",
    {
        "takes": Field(Number(at_least=0, at_most=1), "the typical share of doses taken", default=1.0, example="92%"),
        "between_patients": Field(
            Section(
                "a spread between patients",
                {
                    "logit_normal": Field(
                        Number(at_least=0, at_most=10), "its standard deviation on the logit", required=True
                    )
                },
                make=WrittenSpread,
            ),
            "how patients differ",
            example="{logit_normal: 0.5}",
        ),
        "timing": Field(
            ByShape(scalar=Choice(NONE), mapping=TIMING),
            "how far from its time a dose is taken",
            default=NONE,
            example="{normal: 1 h}",
        ),
        "doubles": Field(
            Number(at_least=0, at_most=1),
            "the share of missed doses that are made up for by doubling the next",
            default=0.0,
            example="20%",
        ),
        "holidays": Field(
            ByShape(scalar=Choice(NONE), mapping=HOLIDAYS),
            "runs of missed doses",
            default=NONE,
            example="{rate: 4 per year, length: 4 days}",
        ),
    },
    make=WrittenAdherence,
)
