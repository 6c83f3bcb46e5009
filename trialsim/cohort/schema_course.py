"""How drug and disease act, as a document says it: dynamics, quantities, measures."""

from __future__ import annotations

from typing import Any

from trialsim.cohort import written
from trialsim.cohort.model import LawKind, QuantityKind
from trialsim.cohort.schema_people import LABEL
from trialsim.cohort.schema_units import UNIT
from trialsim.foundation.dimensions import DIMENSIONLESS, TIME
from trialsim.foundation.sections import (
    ByShape,
    Duration,
    Field,
    Formula,
    ListOf,
    MapOf,
    Name,
    NotYet,
    Section,
    Text,
    Truth,
)
from trialsim.foundation.units import Quantity, Unit

TRANSIT = Section(
    "a chain of transit compartments",
    {
        "number": Field(Formula(DIMENSIONLESS), "how many, not only whole numbers", required=True, example="NN"),
        "mean_time": Field(Formula(TIME), "the mean time through all of them", required=True, example="MTT"),
    },
    make=written.WrittenTransit,
)
WAYS_IN = {
    "lag": Field(Formula(TIME), "how long after the dose it arrives", example="0.5 h"),
    "bioavailability": Field(Formula(DIMENSIONLESS), "which share of the dose arrives", example="F1"),
    "duration": Field(
        Formula(TIME), "how long a dose that does not say so itself takes to enter, at a constant rate", example="D1"
    ),
    "rate": Field(Formula(), "the constant rate at which a dose that says no duration itself enters", example="R1"),
    "transit": Field(
        TRANSIT, "the chain of compartments it comes through (Savic 2007)", example="{number: NN, mean_time: MTT}"
    ),
}
ONE_FORM = (("duration", "rate", "transit"),)
INLET = Section(
    "a way in",
    {
        "drug": Field(Name(), "which drug", required=True, example="warfarin"),
        "route": Field(Name(), "by which route", required=True, example="oral"),
        **WAYS_IN,
        "molar_mass": Field(NotYet("a way in with 'molar_mass'", "write the amounts in one kind of unit"), ""),
    },
    at_most_one=ONE_FORM,
    make=written.WrittenInlet,
)
STATE = Section(
    "a state",
    {
        "rate": Field(Formula(), "its change per unit of time", required=True, example="-ka * depot"),
        "start": Field(Formula(), "where it starts; zero unless given", example="E0"),
        "receives": Field(ListOf(INLET), "the drugs that enter it", default=(), example="[{drug: x, route: oral}]"),
        "unit": Field(UNIT, "its unit, where it does not follow from the equations", example="mg"),
    },
    make=written.WrittenState,
)
PATHS: tuple[QuantityKind, ...] = ("is", "integral", "highest", "lowest", "share_of_time")


def written_quantity(unit: Unit | None, label: str | None, over: Quantity | None, **formulas: Any) -> Any:
    """Return a quantity of the one field that is given."""
    kind = next(word for word in PATHS if formulas[word] is not None)
    return written.WrittenQuantity(value=formulas[kind], unit=unit, label=label, kind=kind, over=over)


QUANTITY = Section(
    "a quantity",
    {
        "is": Field(Formula(), "what it is", example="central / V"),
        "integral": Field(Formula(), "the area under this, over time", example="conc"),
        "highest": Field(Formula(), "the largest value of this so far", example="conc"),
        "lowest": Field(Formula(), "the least value of this so far", example="conc"),
        "share_of_time": Field(
            Formula(condition=True), "the share of time for which this holds", example="conc > 2 mg/L"
        ),
        "over": Field(Duration(positive=True), "how far back; since the course began unless given", example="24 h"),
        "unit": Field(UNIT, "the unit it comes out in; left out for a plain number", example="mg/L"),
        "label": LABEL,
    },
    exactly_one=(PATHS,),
    at_most_one=(("is", "over"), ("share_of_time", "unit")),
    make=written_quantity,
)
IN_STEPS = ByShape(scalar=Formula(), mapping=MapOf(Formula(), key=Text(), at_least=1))


def law(name: str, **terms: tuple[str, str]) -> Section:
    """Return the section of a distribution of the time to an event: what each of its terms is, and an example."""
    return Section(
        name,
        {term: Field(Formula(), what, required=True, example=example) for term, (what, example) in terms.items()},
    )


MEDIAN = ("the time by which half of the patients have it", "14 months")
LAWS: dict[LawKind, Section] = {
    "exponential": law("an exponential distribution", median=MEDIAN),
    "weibull": law(
        "a Weibull distribution",
        shape=("below 1 the hazard falls, above 1 it rises", "1.2"),
        scale=("the time by which 63.2% have it", "20 months"),
    ),
    "gompertz": law(
        "a Gompertz distribution",
        initial=("the hazard at randomisation", "0.02 1/month"),
        growth=("the change of the log of the hazard per time", "0.1 1/year"),
    ),
    "log_logistic": law(
        "a log-logistic distribution", shape=("above 1 the hazard rises and falls", "1.8"), median=MEDIAN
    ),
    "log_normal": law(
        "a log-normal distribution", median=MEDIAN, sd_log=("the standard deviation of the log", "0.9")
    ),
    "generalised_gamma": law(
        "a generalised gamma distribution",
        scale=("the median where the skew is 0, a Weibull's scale where it is 1", "20 months"),
        sd_log=("how wide the log is: its standard deviation where the skew is 0", "0.9"),
        skew=("0 is log-normal, 1 Weibull, the same as sd_log gamma", "0.4"),
    ),
}


def written_event(recurrent: bool, terminal: bool, label: str | None, **given: Any) -> written.WrittenEvent:
    """Return an event of the one field that is given, and what its hazard is multiplied by."""
    kind = next((kind for kind in LAWS if given[kind] is not None), None)
    return written.WrittenEvent(
        hazard=given["hazard"], when=given["when"], times=given["times"], law=kind,
        terms={} if kind is None else given[kind], recurrent=recurrent, terminal=terminal, label=label,
    )  # fmt: skip


EVENT = Section(
    "an event",
    {
        "hazard": Field(
            IN_STEPS, "its rate: an expression, or rates from points in time on", example="{day 0: 0.02 1/month}"
        ),
        **{kind: Field(section, f"{section.name} of the time from randomisation") for kind, section in LAWS.items()},
        "times": Field(
            IN_STEPS, "what its hazard is multiplied by: an expression, or factors from points in time on",
            example='"if(treated == 1, hr, 1)"',
        ),
        "when": Field(
            Formula(condition=True), "it happens when this first holds; sees lowest(…) and highest(…) so far",
            example="size > 1.2 * lowest(size)",
        ),
        "recurrent": Field(Truth(), "whether it happens again and again", default=False),
        "terminal": Field(Truth(), "whether it ends the course", default=False),
        "label": LABEL,
    },
    exactly_one=(("hazard", *LAWS, "when"),),
    at_most_one=(("when", "recurrent"), ("recurrent", "terminal"), ("when", "times")),
    make=written_event,
)  # fmt: skip
