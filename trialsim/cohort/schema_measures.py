"""What instruments read, as a document says it: measures of a course, and measures by summary assumptions."""

from __future__ import annotations

from typing import Any

from trialsim.cohort import written
from trialsim.cohort.schema_course import IN_STEPS
from trialsim.cohort.schema_people import LABEL, UNCERTAINTY
from trialsim.cohort.schema_units import UNIT
from trialsim.foundation.sections import (
    Amount,
    ByShape,
    Choice,
    Duration,
    Field,
    Formula,
    ListOf,
    MapOf,
    NotYet,
    Number,
    Section,
    Text,
)
from trialsim.foundation.units import Quantity, Unit, duration

ERROR_SIZE = Section(
    "an error's size",
    {
        "value": Field(Amount(at_least=0), "its standard deviation", required=True, example="10%"),
        "uncertainty": Field(UNCERTAINTY, "what is not known about it", example="{rse: 20%}"),
    },
    make=written.WrittenErrorSize,
)
SIZE = ByShape(scalar=Amount(at_least=0), mapping=ERROR_SIZE)
ERROR = Section(
    "a measurement error",
    {
        "additive": Field(SIZE, "the standard deviation of the additive part", example="0.2 mg/L"),
        "proportional": Field(SIZE, "the standard deviation of the proportional part", example="10%"),
        "correlated_over": Field(NotYet("an error's 'correlated_over'"), ""),
        "bias": Field(NotYet("an error's 'bias'"), ""),
    },
    make=written.WrittenMeasurementError,
)
NORMAL_VALUES = Section(
    "a normal distribution of values",
    {
        "mean": Field(
            IN_STEPS, "the mean: an expression, or values at points in time, joined by lines", required=True,
            example="{day 0: 160 mmHg, week 12: 150 mmHg - 8 mmHg * treated}",
        ),
        "sd": Field(
            IN_STEPS, "the standard deviation between patients, error included; likewise", required=True,
            example="14 mmHg",
        ),
    },
    make=written.WrittenNormalValues,
)  # fmt: skip
COUNTS = Section(
    "a distribution of counts",
    {
        "mean": Field(
            IN_STEPS, "the mean: an expression, or values at points in time, joined by lines", required=True,
            example="{day 0: 6, week 12: 4 - 2 * treated}",
        ),
        "dispersion": Field(
            IN_STEPS, "likewise: the variance is mean + dispersion * mean^2 (negative binomial); 0 unless written",
            example="0.5",
        ),
    },
    make=written.WrittenCounts,
)  # fmt: skip
AR1 = Section(
    "a correlation that falls with time",
    {
        "value": Field(Number(above=0, below=1), "the correlation of two values so far apart", required=True,
                       example="0.8"),
        "over": Field(Duration(positive=True), "how far apart", required=True, example="4 weeks"),
    },
    make=written.WrittenFallingCorrelation,
)  # fmt: skip
CORRELATION = Section(
    "a correlation between times",
    {
        "exchangeable": Field(Number(at_least=0, below=1), "the same between any two times", example="0.6"),
        "ar1": Field(AR1, "falling with the time between them (first-order autoregressive)"),
        "table": Field(
            MapOf(ListOf(Number(above=-1, below=1)), key=Text(), at_least=1),
            "each point in time, and its correlations with those before it",
            example="{day 0: [], week 4: [0.7], week 12: [0.5, 0.7]}",
        ),
    },
    exactly_one=(("exchangeable", "ar1", "table"),),
    make=written.WrittenCorrelation,
)
NONE = "none"
SAID = ("is", "normal", "probability", "count")


def written_measure(
    error: written.WrittenMeasurementError | None, unit: Unit | None, lloq: Quantity | None, known_after: Quantity,
    label: str | None, **given: Any,
) -> written.WrittenMeasure:  # fmt: skip
    """Return a measure of the one field that says what is read."""
    return written.WrittenMeasure(
        value=given["is"], normal=given["normal"], probability=given["probability"], count=given["count"],
        correlation=None if given["correlation"] == NONE else given["correlation"],
        says_correlation=given["correlation"] is not None, error=error, unit=unit, lloq=lloq, known_after=known_after,
        label=label,
    )  # fmt: skip


MEASURE = Section(
    "a measure",
    {
        "is": Field(Formula(), "what an instrument without error would read", example="conc"),
        "normal": Field(NORMAL_VALUES, "a summary assumption: mean and standard deviation in time"),
        "probability": Field(
            IN_STEPS, "yes (1) with this probability, else no (0): an expression, or values at points in time, joined"
            " by lines", example="logistic(-0.4 + 0.8 * treated)",
        ),
        "count": Field(COUNTS, "a summary assumption: a count with this mean", example="{mean: 3.2, dispersion: 0.5}"),
        "correlation": Field(
            ByShape(scalar=Choice(NONE), mapping=CORRELATION),
            "how a patient's values at several times are correlated, with 'normal', 'probability' and 'count'",
            example="{ar1: {value: 0.8, over: 4 weeks}}",
        ),
        "unit": Field(UNIT, "its unit; needed where 'is' is more than one name", example="mg/L"),
        "error": Field(
            ERROR, "the error of measurement, needed with 'is'; the variances of its parts add",
            example="{proportional: 10%}",
        ),
        "lloq": Field(Amount(positive=True), "the lower limit of quantification", example="0.05 mg/L"),
        "known_after": Field(
            Duration(), "how long until the value is known", default=duration("0 days"), example="1 day"
        ),
        "label": LABEL,
        "cumulative_logit": Field(NotYet("a measure with 'cumulative_logit'"), ""),
    },
    exactly_one=(SAID,),
    at_most_one=(
        ("is", "correlation"),
        *((said, word) for said in ("probability", "count") for word in ("error", "unit", "lloq")),
    ),
    make=written_measure,
)  # fmt: skip
