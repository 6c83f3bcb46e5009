"""How a cohort is fitted to data, as a document says it."""

from __future__ import annotations

from trialsim.cohort import written
from trialsim.cohort.schema_people import named
from trialsim.cohort.schema_units import UNIT
from trialsim.foundation.sections import Field, Name, Number, Section, Text, Whole

COLUMN = Section(
    "a column",
    {
        "column": Field(Text(), "its name in the file", required=True, example="time_h"),
        "unit": Field(UNIT, "the unit of its numbers", required=True, example="h"),
    },
    make=written.WrittenColumn,
)
DOSE_COLUMN = Section(
    "a dose column",
    {
        "column": Field(Text(), "its name in the file; empty cells are no doses", required=True, example="dose_mg"),
        "unit": Field(UNIT, "the unit of its numbers", required=True, example="mg"),
        "drug": Field(Name(), "which drug is given", required=True, example="theophylline"),
        "route": Field(Name(), "by which route", required=True, example="oral"),
    },
    make=written.WrittenDoseColumn,
)
COLUMNS = Section(
    "a set of columns",
    {
        "patient": Field(Text(), "the column that tells patients apart", required=True, example="id"),
        "time": Field(COLUMN, "the time of each record", required=True, example="{column: time_h, unit: h}"),
        "dose": Field(DOSE_COLUMN, "doses given", example="{column: dose_mg, unit: mg, drug: x, route: oral}"),
        "covariates": Field(named(COLUMN, ()), "covariates by name", default={}),
        "measures": Field(named(COLUMN, ()), "measured values by measure", required=True),
    },
    make=written.WrittenColumns,
)
SAMPLER = Section(
    "a sampler",
    {
        "chains": Field(Whole(2, 16), "independent chains", default=4),
        "tune": Field(Whole(100, 100_000), "steps of adaptation", default=1000),
        "draws": Field(Whole(100, 100_000), "draws kept of each chain", default=1000),
        "seed": Field(Whole(0, 2**32 - 1), "the seed", required=True, example="20261121"),
        "target_accept": Field(Number(above=0.5, below=1), "the acceptance the steps are tuned to", default=0.9),
    },
    make=written.WrittenSampler,
)
REQUIREMENTS = Section(
    "the requirements of a fit",
    {
        "r_hat": Field(Number(above=1, at_most=1.1), "the largest R-hat", default=1.01),
        "ess": Field(Number(at_least=100), "the least effective sample size", default=400.0),
        "divergences": Field(Whole(0), "the most divergent transitions", default=0),
    },
    make=written.WrittenRequirements,
)
FIT = Section(
    "a fit",
    {
        "data": Field(Text(), "a CSV file beside the document, one row a record", required=True, example="pk.csv"),
        "columns": Field(COLUMNS, "what its columns mean", required=True),
        "sampler": Field(SAMPLER, "how posterior draws are made", required=True, example="{seed: 1}"),
        "require": Field(
            REQUIREMENTS, "what counts as converged",
            default=written.WrittenRequirements(r_hat=1.01, ess=400.0, divergences=0),
        ),
    },
    make=written.WrittenFit,
)  # fmt: skip
