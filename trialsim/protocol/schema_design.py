"""The sections of a protocol about design and conduct: patients, arms, visits, assessments, what happens on the way."""

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
    NotYet,
    Number,
    Section,
    Text,
    Whole,
)
from trialsim.foundation.units import DIMENSIONLESS, TIME, Quantity, unit
from trialsim.protocol.schema_dosing import ADHERENCE, DOSING
from trialsim.protocol.written import (
    WrittenAccrual,
    WrittenArm,
    WrittenAssessment,
    WrittenConduct,
    WrittenContext,
    WrittenEvent,
    WrittenLoss,
    WrittenPatients,
    WrittenRandomisation,
    WrittenVisit,
)

LEVELS = Choice("low", "medium", "high")
PER_TIME = DIMENSIONLESS / TIME
NO_TIME = Quantity(0.0, unit("day"))

CONTEXT = Section(
    "a context of use",
    {
        "question": Field(
            Text(), "the question the simulation answers", required=True, example='"Which dose goes on?"'
        ),
        "decision": Field(Text(), "the decision it informs", required=True, example="dose and size of phase III"),
        "model_influence": Field(LEVELS, "how much the decision rests on the model", required=True),
        "consequence": Field(LEVELS, "how much harm a wrong decision does", required=True),
    },
    make=WrittenContext,
)

PATIENTS = Section(
    "the patients",
    {
        "cohort": Field(Name(hyphens=True), "the cohort (population model) they come from", required=True),
        "eligible": Field(
            ListOf(Formula(condition=True)),
            "conditions of entry, all of which must hold: on covariates, and on measures as screening measured them",
            default=(),
            example='["18 years <= age <= 75 years"]',
        ),
        "randomised": Field(Whole(1, 1_000_000), "how many are randomised", required=True, example="300"),
    },
    make=WrittenPatients,
)


ARM = Section(
    "an arm",
    {
        "label": Field(Text(), "what tables and figures call it; its name unless written"),
        "dosing": Field(ListOf(DOSING), "what its patients are given", default=()),
        "rules": Field(
            ListOf(Name()),
            "the rules that change its doses in the course, asked in this order",
            default=(),
            example="[titrate]",
        ),
        "sets": Field(
            MapOf(ByShape(scalar=Amount(), mapping=MapOf(Amount(), key=Text(), at_least=1))),
            "the cohort's inputs that it sets: from day 0 on, or from points in time on; before, the input's default",
            default={},
            example="{treated: 1}",
        ),
        "opens": Field(NotYet("an arm's 'opens'", "all arms of this version are open from the first day"), ""),
        "closes": Field(NotYet("an arm's 'closes'", "all arms of this version stay open to the last patient"), ""),
    },
    make=WrittenArm,
)

RANDOMISATION = Section(
    "a randomisation",
    {
        "ratio": Field(
            MapOf(Whole(1, 1000), Name()),
            "each arm's share; equal shares unless written",
            example="{placebo: 1, high: 2}",
        ),
        "blocks": Field(
            Whole(1, 10_000), "the size of the permuted blocks; twice the sum of the ratio unless written", example="6"
        ),
        "strata": Field(
            ListOf(Name()),
            "categorical covariates, or site: blocks are filled within each combination",
            default=(),
            example="[sex]",
        ),
    },
    make=WrittenRandomisation,
)


def visit_at(at: float, window: Any = None) -> WrittenVisit:
    """Return a visit."""
    return WrittenVisit(at=at, window=window)


VISIT = ByShape(
    scalar=Moment(),
    mapping=Section(
        "a visit",
        {
            "at": Field(Moment(), "when it is planned", required=True, example="week 12"),
            "window": Field(Duration(), "how far it may be off, before and after", default=NO_TIME, example="3 days"),
        },
        make=visit_at,
    ),
)

ASSESSMENT = Section(
    "an assessment",
    {
        "at": Field(
            ListOf(Name(), at_least=1), "the visits at which a measure is taken", default=(), example="[baseline, w12]"
        ),
        "after_dose": Field(
            ListOf(Duration(), at_least=1),
            "times after the dose planned at each of these visits; before any dose unless written",
            example="[0 h, 2 h, 6 h]",
        ),
        "known_after": Field(Duration(), "how long until the value is known; the measure's own delay unless written"),
        "every": Field(
            Duration(positive=True),
            "of an event of the cohort: how often it is looked for; seen at once unless it is assessed",
            example="8 weeks",
        ),
        "window": Field(NotYet("an assessment's 'window'", "give the visit a window"), ""),
    },
    make=WrittenAssessment,
)

ACCRUAL = Section(
    "an accrual",
    {
        "rate": Field(
            Amount(PER_TIME),
            "patients randomised per time, once all sites are open",
            required=True,
            example="20 per month",
        ),
        "sites": Field(Whole(1, 100_000), "how many sites", default=1, example="12"),
        "ramp_up": Field(
            Duration(),
            "how long until all sites are open, the rate climbing in a line",
            default=NO_TIME,
            example="3 months",
        ),
        "opening": Field(
            Duration(positive=True), "sites open one by one, at random within this time", example="9 months"
        ),
        "pattern": Field(
            MapOf(Number(at_least=0), Text()),
            "from which point in time which share of the rate: steps, pauses (0%), seasons",
            default={},
            example="{day 0: 25%, month 3: 100%, month 7: 0%, month 8: 100%}",
        ),
        "repeats": Field(
            Duration(positive=True), "after which the pattern begins again, with pattern", example="12 months"
        ),
    },
    at_most_one=(("ramp_up", "opening", "pattern"),),
    make=WrittenAccrual,
)

EVENT = Section(
    "an intercurrent event",
    {
        "hazard": Field(
            Formula(PER_TIME),
            "how often it happens, after randomisation; sees the true state of the patient",
            required=True,
            example="0.01 per month * exp(0.5 L/mg * conc)",
        ),
        "then": Field(
            ByShape(
                scalar=Choice("stop dosing"), mapping=NotYet("an action other than 'stop dosing'", "write stop dosing")
            ),
            "what it does",
            required=True,
            example="stop dosing",
        ),
        "when": Field(NotYet("an intercurrent event's 'when'", "write a hazard that depends on the state"), ""),
    },
    make=WrittenEvent,
)

LOSS = Section(
    "a reason for loss",
    {"hazard": Field(Formula(PER_TIME), "how often patients are lost for it", required=True, example="0.01 per month")},
    make=WrittenLoss,
)

CONDUCT = Section(
    "a conduct",
    {
        "accrual": Field(ACCRUAL, "how patients come", required=True),
        "adherence": Field(ADHERENCE, "the doses they take; all of them unless written"),
        "intercurrent_events": Field(
            MapOf(EVENT, Name()), "what happens to them that changes the treatment", default={}
        ),
        "missed_visits": Field(
            Number(at_least=0, below=1), "the share of visits after baseline that are missed", default=0.0, example="3%"
        ),
        "lost_to_follow_up": Field(
            MapOf(ByShape(scalar=Formula(PER_TIME), mapping=LOSS), Name()),
            "how patients are lost: one hazard, or a hazard for each reason",
            default={},
            example="{hazard: 0.01 per month}",
        ),
    },
    make=WrittenConduct,
)
