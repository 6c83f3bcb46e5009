"""Who the patients are, as a document says it: covariates, and parameters in their layers."""

from __future__ import annotations

from typing import Any

from trialsim.cohort import written
from trialsim.cohort.schema_units import UNIT
from trialsim.cohort.spreads import SELDOM_ABOVE
from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.sections import (
    Amount,
    ByShape,
    Choice,
    Duration,
    Field,
    Kind,
    ListOf,
    MapOf,
    Moment,
    Name,
    NotYet,
    Number,
    Phrase,
    Raw,
    Section,
    Text,
)
from trialsim.foundation.units import number

RELATIVE = Number(above=0, seldom_above=SELDOM_ABOVE)  # a coefficient of variation, a relative standard error
LABEL = Field(Text(), "how it is called in tables and figures")


def factor_of(text: str) -> float:
    """Return the number of `x 0.74`."""
    word, _, rest = text.strip().partition(" ")
    if word != "x" or not rest.strip():
        raise UnreadableText("bad-factor", f"{text.strip()!r} is no factor", ["a factor looks like: x 0.74"])
    return number(rest)


FACTOR = Phrase(what="a factor", example="x 0.74", make=factor_of, pattern=r"x\s+[0-9.eE+-]+")

LOGNORMAL = Section(
    "a lognormal distribution",
    {
        "median": Field(Amount(positive=True), "the median", required=True, example="70 kg"),
        "cv": Field(RELATIVE, "the coefficient of variation", required=True, example="20%"),
    },
    make=written.WrittenLognormal,
)
NORMAL = Section(
    "a normal distribution",
    {
        "mean": Field(Amount(), "the mean", required=True, example="45 year"),
        "sd": Field(Amount(positive=True), "the standard deviation", required=True, example="14 year"),
    },
    make=written.WrittenNormal,
)
UNIFORM = Section(
    "a uniform distribution",
    {
        "low": Field(Amount(), "the least value", required=True, example="150 cm"),
        "high": Field(Amount(), "the largest value", required=True, example="200 cm"),
    },
    make=written.WrittenUniform,
)
CATEGORIES = ByShape(mapping=MapOf(Number(at_least=0, at_most=1), key=Text(), at_least=1), sequence=ListOf(Text(), 1))
TRAJECTORY = Section(
    "a covariate over time",
    {
        "points": Field(
            MapOf(FACTOR, key=Text(), at_least=1), "factors of the value at randomisation, from points in time on",
            example="{week 4: x 0.97, week 12: x 0.92}",
        ),
        "between_points": Field(Choice("hold", "line"), "whether it steps or moves on in lines", default="hold"),
        "trend": Field(Amount(), "a constant change per time from randomisation on", example="0.5 kg/week"),
        "until": Field(Moment(), "when the trend ends", example="week 24"),
    },
    exactly_one=(("points", "trend"),),
    at_most_one=(("points", "until"), ("trend", "between_points")),
    make=written.WrittenTrajectory,
)  # fmt: skip
COVARIATE = Section(
    "a covariate",
    {
        "lognormal": Field(LOGNORMAL, "a lognormal distribution", example="{median: 70 kg, cv: 20%}"),
        "normal": Field(NORMAL, "a normal distribution", example="{mean: 45 year, sd: 14 year}"),
        "uniform": Field(UNIFORM, "a uniform distribution", example="{low: 150 cm, high: 200 cm}"),
        "categories": Field(
            CATEGORIES, "categories and their shares; only the categories where rows are drawn from a file",
            example="{female: 0.5, male: 0.5}",
        ),
        "unit": Field(UNIT, "the unit of a covariate that is drawn with rows of a file", example="kg"),
        "within": Field(ListOf(Amount(), 2, 2), "the bounds that truncate the distribution", example="[40 kg, 130 kg]"),
        "over_time": Field(TRAJECTORY, "how it goes on after randomisation", example="{trend: 0.5 kg/week}"),
        "label": LABEL,
    },
    exactly_one=(("lognormal", "normal", "uniform", "categories", "unit"),),
    make=written.WrittenCovariate,
)  # fmt: skip

UNCERTAINTY = Section(
    "an uncertainty",
    {
        "rse": Field(RELATIVE, "the relative standard error; the log is normal", example="25%"),
        "se": Field(Amount(positive=True), "the standard error; the value is normal", example="0.3 L/h"),
        "se_log": Field(Number(above=0), "the standard error of the log", example="0.25"),
        "se_logit": Field(Number(above=0), "the standard error of the logit, for a share", example="0.4"),
    },
    exactly_one=(("rse", "se", "se_log", "se_logit"),),
    make=written.WrittenUncertainty,
)
LOG_SCALE = Section(
    "a spread on the log scale",
    {"sd_log": Field(Number(above=0), "the standard deviation of the log", required=True, example="0.27")},
    make=written.WrittenLogScale,
)
VARIATION = Section(
    "a variation",
    {
        "lognormal": Field(
            ByShape(scalar=RELATIVE, mapping=LOG_SCALE), "the coefficient of variation on the natural scale",
            example="28%",
        ),
        "normal": Field(Amount(positive=True), "the standard deviation", example="4 mmHg"),
        "logit_normal": Field(Number(above=0), "the standard deviation of the logit, for a share", example="0.5"),
        "gamma": Field(
            RELATIVE, "the coefficient of variation of a gamma distributed factor of mean 1, between patients alone",
            example="70%",
        ),
        "box_cox": Field(
            Number(at_least=-5, at_most=5), "the shape of a Box-Cox transformation of a lognormal variation: skewed to"
            " the right above 0", example="0.5",
        ),
        "uncertainty": Field(UNCERTAINTY, "what is not known about the spread", example="{rse: 15%}"),
    },
    exactly_one=(("lognormal", "normal", "logit_normal", "gamma"),),
    at_most_one=(("box_cox", "normal"), ("box_cox", "logit_normal"), ("box_cox", "gamma")),
    make=written.WrittenVariation,
)  # fmt: skip
EFFECT = Section(
    "an effect",
    {
        "power": Field(Number(), "the exponent of covariate / reference", example="0.75"),
        "linear": Field(Amount(), "the relative change per unit", example="0.01 1/year"),
        "exponential": Field(Amount(), "the change of the log per unit", example="0.01 1/year"),
        "reference": Field(Amount(), "where the effect is 1", required=True, example="70 kg"),
        "uncertainty": Field(UNCERTAINTY, "what is not known about the coefficient", example="{rse: 10%}"),
    },
    exactly_one=(("power", "linear", "exponential"),),
    make=written.WrittenEffect,
)
CATEGORY_FACTOR = Section(
    "a category's effect",
    {
        "factor": Field(Number(at_least=0), "what the typical value is multiplied by", required=True, example="0.74"),
        "uncertainty": Field(UNCERTAINTY, "what is not known about the factor", example="{se: 0.05}"),
    },
    make=written.WrittenFactor,
)
CATEGORY_EFFECTS = MapOf(ByShape(scalar=FACTOR, mapping=CATEGORY_FACTOR), key=Text(), at_least=1)
PARAMETER = Section(
    "a parameter",
    {
        "typical": Field(Amount(), "the typical value", required=True, example="0.134 L/h"),
        "uncertainty": Field(UNCERTAINTY, "what is not known about the typical value", example="{rse: 4%}"),
        "between_patients": Field(VARIATION, "how patients differ", example="{lognormal: 28%}"),
        "between_occasions": Field(
            VARIATION, "how a patient differs from occasion to occasion", example="{lognormal: 10%}"
        ),
        "effects": Field(
            MapOf(Raw("an effect, or a factor a category")), "how covariates multiply the typical value", default={},
            example="{weight: {power: 0.75, reference: 70 kg}}",
        ),
        "label": LABEL,
    },
    make=written.WrittenParameter,
)  # fmt: skip
NO_TABLES_YET = "only arms set inputs in this version: leave it out, and write the default with its unit"
INPUT = Section(
    "an input",
    {
        "default": Field(Amount(), "its value where no arm sets it, in its unit", required=True, example="0"),
        "label": LABEL,
        **{word: Field(NotYet(f"an input's {word!r}", NO_TABLES_YET), "")
           for word in ("unit", "table", "by", "between_points")},
    },
    make=written.WrittenInput,
)  # fmt: skip
OCCASIONS = Section(
    "the occasions",
    {"every": Field(Duration(positive=True), "how long one lasts", required=True, example="7 days")},
    make=lambda every: every,
)
COVARIATES_FROM = Section(
    "a source of covariates",
    {"rows_of": Field(Text(), "a CSV or Parquet file with a column a covariate", required=True, example="adults.csv")},
    make=lambda rows_of: rows_of,
)


def named(kind: Kind, reserved: tuple[str, ...]) -> MapOf:
    """Return a map from new names to things of a kind."""
    return MapOf(kind, key=Name(), reserved=reserved)


def renamed(make: Any, **names: str) -> Any:
    """Return `make` for fields whose names are no Python names: renamed(make, is="value")."""
    return lambda **values: make(**{names.get(name, name): value for name, value in values.items()})
