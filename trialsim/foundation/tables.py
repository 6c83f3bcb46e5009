"""Every column of every table, once: name, type, unit, meaning. `tables_parquet` writes and reads what is listed here.

The keys `scenario`, `parameters` and `design` are not among the columns: they are the folders a part lies in
(hive partitions) and come back as columns when a table is read. Only `summary`, one file, holds them itself.

Writers hand over a dict of columns: numpy arrays or lists, all of one length. What is missing is NaN in a float column
and None in a list; an integer or boolean column with missing entries is a list with None or a numpy masked array; a
category column is a list or array of text (None where missing), or `Coded`, which is the cheap way for long tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

ColumnType = Literal["int32", "int64", "float64", "bool", "category"]
PARTITION = ("scenario", "parameters", "design")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its unit is "" where it has none; `categories` closes the set of values where it is closed."""

    name: str
    type: ColumnType
    description: str
    unit: str = ""
    nullable: bool = False
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """A category column as positions in `categories`; -1 is missing."""

    codes: np.ndarray[Any, Any]
    categories: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)


Values = Any  # numpy array, numpy masked array, list, or Coded
Columns = Mapping[str, Values]


def whole(name: str, description: str, *, unit: str = "", nullable: bool = False) -> Column:
    return Column(name=name, type="int32", description=description, unit=unit, nullable=nullable)


def number(name: str, description: str, *, unit: str = "", nullable: bool = False) -> Column:
    return Column(name=name, type="float64", description=description, unit=unit, nullable=nullable)


def truth(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name=name, type="bool", description=description, nullable=nullable)


def word(name: str, description: str, *, nullable: bool = False, categories: tuple[str, ...] = ()) -> Column:
    return Column(name=name, type="category", description=description, nullable=nullable, categories=categories)


TRIAL = whole("trial", "number of the simulated trial, from 0; the same number has the same luck in every cell")
PATIENT = whole("patient", "candidate number of the patient, given before screening; unique within a trial")
UNIT = word("unit", "unit of the numbers in this row; empty for shares and counts")
ENDPOINT = word("endpoint", "endpoint of the protocol")
ESTIMAND = word("estimand", "estimand of the protocol")

PATIENTS = (
    TRIAL,
    PATIENT,
    word("arm", "arm the patient is randomised to"),
    whole("site", "site that enrols the patient, from 1"),
    word("stratum", "randomisation stratum; null without strata", nullable=True),
    number("randomised_at", "day of randomisation since the first site opened", unit="day"),
    number("adherence", "the patient's own probability of taking each planned dose"),
)
DOSES = (
    TRIAL,
    PATIENT,
    whole("line", "dosing line of the patient's arm, from 1; above the longest arm's, the lines that rules add"),
    word("drug", "drug given"),
    word("route", "route it is given by"),
    number(
        "planned_time", "planned time since randomisation; of doses that a rule adds, when they are due", unit="day"
    ),
    truth("taken", "whether the dose is taken"),
    number("taken_time", "time since randomisation it is taken; null if it is not", unit="day", nullable=True),
    number("amount", "amount as planned, in `unit`; null where its formula gives none", nullable=True),
    number(
        "taken_amount",
        "amount as taken, in `unit`: 0, twice the planned one if it is doubled, of an infusion what ran in",
        nullable=True,
    ),
    UNIT,
    number(
        "infusion",
        "length of the infusion, as far as it ran, or at one rate; 0 is a bolus, null where the cohort's model says it",
        unit="day",
        nullable=True,
    ),
)
DECISIONS = (
    TRIAL,
    PATIENT,
    number("time", "time since randomisation at which a rule is asked", unit="day"),
    word("rule", "rule of the protocol"),
    word("condition", "condition of the step that is done, `otherwise` without one; empty if no step is"),
    word("done", "what is done, in the protocol's words; `nothing` where no step fits or a value is not known"),
    number("level", "level of the rule's ladder after the decision, from 1; null without a ladder", nullable=True),
    word("values", "what the rule sees, with units: the newest values known, then what it remembers"),
)
VISITS = (
    TRIAL,
    PATIENT,
    word("measure", "what is measured"),
    word("visit", "visit of the protocol"),
    number("nominal_time", "planned time since randomisation, time after the visit's dose included", unit="day"),
    number("actual_time", "time since randomisation it is measured; null if it is not", unit="day", nullable=True),
    number("known_at", "day the value is known, since the first site opened; null if never", unit="day", nullable=True),
    number("true_value", "value without measurement error, in `unit`; null if nothing is measured", nullable=True),
    number("value", "value as measured, in `unit`; null if nothing is measured", nullable=True),
    truth("below_lloq", "whether the measured value is below the lower limit of quantification"),
    truth("missed", "whether nothing is measured"),
    word(
        "reason", "why nothing is measured; null if something is", nullable=True, categories=("lost", "missed", "ended")
    ),
    UNIT,
)
EVENTS = (
    TRIAL,
    PATIENT,
    word("event", "intercurrent event, reason for loss, event of the cohort, or `completed`"),
    word("kind", "what sort of event it is", categories=("completed", "intercurrent", "loss", "cohort")),
    number("time", "time since randomisation; null if it never happens", unit="day", nullable=True),
)
ENDPOINTS = (
    TRIAL,
    PATIENT,
    word("arm", "arm the patient is randomised to"),
    ENDPOINT,
    ESTIMAND,
    number("value", "value as analysed, in `unit`; null if missing", nullable=True),
    UNIT,
)
COUNTERFACTUALS = (
    TRIAL,
    PATIENT,
    ENDPOINT,
    ESTIMAND,
    word("arm", "arm the patient would be in"),
    number(
        "value",
        "value under that arm, nothing missing, measured on schedule with the same luck, in `unit`; null if it failed",
        nullable=True,
    ),
    UNIT,
)
LOOKS = (
    TRIAL,
    word("look", "milestone at which the analysis is made"),
    word("analysis", "analysis of the protocol"),
    word("comparison", "arms compared, as written in the protocol"),
    number("estimate", "estimated difference treated - control, in `unit`; null if not estimable", nullable=True),
    number("standard_error", "its standard error according to the method, in `unit`", nullable=True),
    number("df", "degrees of freedom; null if the method has none", nullable=True),
    number("statistic", "test statistic, positive in the direction of benefit", nullable=True),
    number("p_value", "one-sided p value before adjustment for multiplicity", nullable=True),
    number("adjusted_p_value", "one-sided p value adjusted for multiplicity", nullable=True),
    number("lower", "lower end of the interval of level 1 - 2 alpha, in `unit`", nullable=True),
    number("upper", "upper end of the interval of level 1 - 2 alpha, in `unit`", nullable=True),
    whole("n_treated", "patients of the treated arm in the analysis"),
    whole("n_control", "patients of the control arm in the analysis"),
    whole("n_missing", "randomised patients of these two arms whose endpoint is missing"),
    whole("n_events", "patients of these two arms who had the event by the cut; 0 of what is no time to an event"),
    number("information", "share of full information that is there; null where nothing is spent", nullable=True),
    number("lower_bound", "the statistic below which the trial is futile; null if there is none", nullable=True),
    number("upper_bound", "the statistic from which the null is rejected; null if nothing is spent", nullable=True),
    truth("rejected", "whether the null hypothesis is rejected by this look; false if the analysis failed"),
    truth("after_stop", "whether the trial had stopped before: what this look would have said"),
    truth("concludes", "whether no further look of this analysis comes before the trial stops"),
    word("status", "why the comparison could not be estimated; null if it could", nullable=True),
    word("covariance", "covariance of repeated values that was used; null without one", nullable=True),
    number(
        "truth",
        "true effect in this trial's own patients: mean over its randomised patients of treated - control, in `unit`",
        nullable=True,
    ),
    number("cut_at", "day of the data cut since the first site opened", unit="day"),
    UNIT,
)
TRIALS = (
    TRIAL,
    whole("draw", "posterior draw of the typical values; null without a posterior", nullable=True),
    whole("screened", "candidates screened"),
    whole("randomised", "patients randomised until the trial ends"),
    whole("lost", "randomised patients lost to follow-up before their last planned assessment"),
    truth("success", "whether the trial is a success as the protocol defines it"),
    word("stopped_at", "milestone at which the trial ends"),
    word("stopped_for", "why it ends there", categories=("success", "futility", "end")),
    whole("n_events", "randomised patients with at least one intercurrent event"),
    number("duration", "length of the trial: from the first site opened to the last data cut", unit="day"),
    number("accrual_ended_at", "day of the last randomisation since the first site opened", unit="day"),
    whole("failed_patients", "randomised patients whose course could not be computed"),
)
FAILURES = (
    TRIAL,
    whole("patient", "candidate number of the patient; null if the whole trial failed", nullable=True),
    word("arm", "arm under which the course failed; null if the whole trial failed", nullable=True),
    word("reason", "why it could not be simulated"),
    word("command", "the command that simulates just this again", nullable=True),
)
SUMMARY = (
    word("scenario", "scenario of the protocol"),
    word("parameters", "typical parameters, or drawn from what is known", categories=("typical", "uncertain")),
    word("design", "design: one point of `vary`"),
    word("analysis", "analysis; null for what belongs to the whole trial", nullable=True),
    word("comparison", "comparison; null for what belongs to the analysis or trial", nullable=True),
    word("milestone", "milestone at which trials stop; null for what is not of one", nullable=True),
    word("quantity", "which operating characteristic"),
    number("value", "its value, in `unit`; null if no trial tells", nullable=True),
    number("standard_error", "Monte-Carlo standard error, in `unit`; null where it cannot be had", nullable=True),
    number("lower", "lower end of the 95% Monte-Carlo interval, in `unit`", nullable=True),
    number("upper", "upper end of the 95% Monte-Carlo interval, in `unit`", nullable=True),
    whole("n", "trials it is computed from"),
    UNIT,
    word("meaning", "what the value is, in words"),
)
CONTRASTS = (
    word("scenario", "scenario of the protocol; of the worst of several nulls, that null"),
    word("parameters", "typical parameters, or drawn from what is known", categories=("typical", "uncertain")),
    word("design", "design: one point of `vary`"),
    word("against", "the design it is compared with; null for what is no difference", nullable=True),
    word("analysis", "analysis; null for what belongs to the whole trial", nullable=True),
    word("comparison", "comparison; null for what belongs to the analysis or trial", nullable=True),
    word("quantity", "what is compared"),
    number("value", "its value, design - against, in `unit`; null if no trial tells", nullable=True),
    number("standard_error", "Monte-Carlo standard error of the paired differences, in `unit`", nullable=True),
    number(
        "independent_standard_error", "what it would be, had the designs other luck; null for no difference",
        nullable=True,
    ),
    number("lower", "lower end of the 95% Monte-Carlo interval, in `unit`", nullable=True),
    number("upper", "upper end of the 95% Monte-Carlo interval, in `unit`", nullable=True),
    whole("n", "trials it is computed from: those of both"),
    UNIT,
    word("meaning", "what the value is, in words"),
)
POPULATION = (whole("patient", "candidate number of the patient"),)
POINTS = (
    whole("sequence", "0 in the search; in the verification the number of its sequence, from 1"),
    whole("size", "what the field that is searched over was set to"),
    word("scenario", "scenario of the protocol"),
    word("parameters", "typical parameters, or drawn from what is known", categories=("typical", "uncertain")),
    word("quantity", "which rate", categories=("assurance", "power", "success", "type_1")),
    word("comparison", "comparison; null for what belongs to the analysis or trial", nullable=True),
    number("level", "the rate it is asked to reach, or not to exceed"),
    whole("n", "trials it is computed from"),
    whole("hits", "trials that count for the rate"),
    number("value", "share of trials", nullable=True),
    number("standard_error", "Monte-Carlo standard error", nullable=True),
    number("lower", "lower end of the 95% Monte-Carlo interval", nullable=True),
    number("upper", "upper end of the 95% Monte-Carlo interval", nullable=True),
    number("fitted", "rate of the search's curve at this size; null where there is none", nullable=True),
    number("fitted_standard_error", "its standard error", nullable=True),
    number("error", "largest probability that the verdict is wrong, taken for itself"),
    word("verdict", "what the trials show", categories=("above", "met", "missed", "not above", "undecided")),
    word("seed", "seed of the trials, a whole number below 2^63"),
)

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "patients": PATIENTS,
    "doses": DOSES,
    "decisions": DECISIONS,
    "visits": VISITS,
    "events": EVENTS,
    "endpoints": ENDPOINTS,
    "counterfactuals": COUNTERFACTUALS,
    "looks": LOOKS,
    "trials": TRIALS,
    "failures": FAILURES,
    "summary": SUMMARY,
    "contrasts": CONTRASTS,
    "population": POPULATION,
    "points": POINTS,
}
DESCRIPTIONS: Mapping[str, str] = {
    "patients": "one row a randomised patient of a kept trial; covariates and own parameters as further columns",
    "doses": "one row an administration as planned and as taken",
    "decisions": "one row a decision of a rule inside a patient's course, whether anything is done or not",
    "visits": "one row a planned measurement",
    "events": "one row a patient and event: intercurrent events, loss to follow-up, completion",
    "endpoints": "one row a patient, endpoint and estimand: the value as analysed",
    "counterfactuals": "one row a patient, endpoint, estimand and arm: what would have been seen under that arm",
    "looks": "one row a trial, look, analysis and comparison: what was estimated and decided",
    "trials": "one row a simulated trial",
    "failures": "what could not be simulated and why",
    "summary": "operating characteristics: one row a scenario, parameters mode, design, comparison and quantity",
    "contrasts": "cells together: one row a pair of designs and quantity, paired by trial; the worst of several nulls",
    "population": "one row a virtual patient of a cohort: covariates and own parameters as further columns",
    "points": "of a search for a design: one row a size, target, and search or sequence of the verification",
}
SINGLE = ("summary", "contrasts", "points")  # one file each, which holds its keys
RUN_TABLES = tuple(table for table in COLUMNS if table not in ("population", "points"))
# What `keep` limits.
PATIENT_LEVEL = ("patients", "doses", "decisions", "visits", "events", "endpoints", "counterfactuals")
TRIAL_LEVEL = ("looks", "trials", "failures")  # always whole
RESERVED = frozenset(PARTITION) | {column.name for column in PATIENTS} | {"unit"}  # names no covariate can have


def columns_of(table: str, further: Iterable[Column] = ()) -> tuple[Column, ...]:
    """Return a table's columns in order; `further` are those a writer adds to `patients`."""
    columns = (*COLUMNS[table], *further)
    names = [column.name for column in columns]
    if twice := sorted({name for name in names if names.count(name) > 1} | (set(names) & set(hidden_keys(table)))):
        raise ValueError(f"the table {table} would have two columns named {', '.join(twice)}")
    return columns


def hidden_keys(table: str) -> tuple[str, ...]:
    """Return the keys that are folders, not columns of the file."""
    return () if table in SINGLE else PARTITION


def data_dictionary(
    further: Mapping[str, Sequence[Column]] | None = None, tables: Sequence[str] = RUN_TABLES
) -> dict[str, Any]:
    """Return every table, column, type, unit and meaning as plain data, for data_dictionary.json."""
    keys = {column.name: column for column in SUMMARY if column.name in PARTITION}
    return {
        table: {
            "description": DESCRIPTIONS[table],
            "columns": [
                {
                    "name": column.name,
                    "type": column.type,
                    "unit": column.unit,
                    "description": column.description,
                    "nullable": column.nullable,
                }
                for column in (
                    *(keys[key] for key in hidden_keys(table)),
                    *columns_of(table, (further or {}).get(table, ())),
                )
            ],
        }
        for table in tables
    }
