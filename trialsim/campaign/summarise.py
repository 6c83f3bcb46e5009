"""Operating characteristics of every cell, from its looks and trials, each with its Monte-Carlo error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from trialsim.campaign.assurance import split_rows
from trialsim.campaign.averages import averages
from trialsim.campaign.contrasts import write_contrasts
from trialsim.campaign.figures import Figure, mean, rate, standard_deviation
from trialsim.campaign.nulls import Finding, undeclared_null, unverified_null
from trialsim.campaign.plan import Cell, Plan
from trialsim.campaign.rows import Arrays, Row
from trialsim.campaign.stops import stop_rows
from trialsim.foundation.tables import SUMMARY
from trialsim.foundation.tables_parquet import parquet_bytes
from trialsim.protocol.family_model import Family
from trialsim.protocol.model import Analysis, Comparison
from trialsim.store.folder import markers
from trialsim.store.layout import Layout
from trialsim.store.read import cell_columns
from trialsim.store.write import write_whole

LOOK_COLUMNS = ("trial", "analysis", "comparison", "estimate", "standard_error", "lower", "upper", "n_treated",
                "n_control", "n_missing", "rejected", "status", "truth", "unit", "concludes")  # fmt: skip
TRIAL_COLUMNS = ("trial", "screened", "randomised", "lost", "success", "n_events", "duration", "accrual_ended_at",
                 "failed_patients", "stopped_at", "stopped_for")  # fmt: skip

Array = np.ndarray[Any, Any]


def write_summary(plan: Plan, layout: Layout) -> tuple[Finding, ...]:
    """Write summary.parquet and contrasts.parquet, and return what was found out about the nulls of the scenarios."""
    rows: list[tuple[Cell, Row]] = []
    findings: list[Finding] = []
    for cell in plan.cells:
        cell_rows, cell_findings = operating_characteristics(cell, layout)
        rows += [(cell, row) for row in cell_rows]
        findings += cell_findings
    write_whole(layout.summary, parquet_bytes("summary", summary_columns(rows)))
    write_contrasts(plan, layout, rows)
    return tuple(findings)


def summary_columns(rows: Sequence[tuple[Cell, Row]]) -> dict[str, list[Any]]:
    lines = [
        {
            **cell.key.values,
            "analysis": row.analysis,
            "comparison": row.comparison,
            "milestone": row.milestone,
            "quantity": row.quantity,
            "value": row.figure.value,
            "standard_error": row.figure.standard_error,
            "lower": row.figure.lower,
            "upper": row.figure.upper,
            "n": row.figure.n,
            "unit": row.unit,
            "meaning": row.meaning,
        }
        for cell, row in rows
    ]
    return {column.name: [line[column.name] for line in lines] for column in SUMMARY}


def operating_characteristics(cell: Cell, layout: Layout) -> tuple[list[Row], list[Finding]]:
    """Return a cell's rows of the summary and the findings about its nulls."""
    every_look = cell_columns(layout, cell.key, "looks", LOOK_COLUMNS)
    looks = {name: values[every_look["concludes"].astype(bool)] for name, values in every_look.items()}
    trials = cell_columns(layout, cell.key, "trials", TRIAL_COLUMNS)
    of_trial = trial_rows(cell, layout, trials)
    rows: list[Row] = []
    findings: list[Finding] = []
    for analysis in cell.protocol.analyses:
        chosen = {c.name: only(looks, analysis.name, c.name) for c in analysis.comparisons}
        found = {c.name: finding(cell, analysis.name, c, chosen[c.name]) for c in analysis.comparisons}
        findings += [each for each in found.values() if each]
        for comparison in analysis.comparisons:
            own = chosen[comparison.name]
            rows += comparison_rows(cell, analysis, comparison, own, found[comparison.name], trials["trial"])
        rows += family_rows(cell, analysis, chosen, found.values(), trials["trial"])
    unverified = {each.address for each in findings if each.kind == "null_not_verified"}
    for family in cell.protocol.families:
        rows += shared_rows(cell, family, looks, unverified, trials["trial"])
    return rows + of_trial, findings + failed_patients(cell, of_trial)


def failed_patients(cell: Cell, rows: Sequence[Row]) -> list[Finding]:
    """Return that the courses of some patients could not be computed: what is told of the cell is of the others."""
    share = next(row.figure.value for row in rows if row.quantity == "failed_patients")
    if not share > 0:
        return []
    message = f"{cell.key}: the courses of {100 * share:.3g}% of the randomised patients could not be computed"
    return [Finding(kind="failed_patients", message=message)]


def only(looks: Arrays, analysis: str, comparison: str) -> Arrays:
    mask = (looks["analysis"] == analysis) & (looks["comparison"] == comparison)
    return {name: values[mask] for name, values in looks.items()}


def finding(cell: Cell, analysis: str, comparison: Comparison, looks: Arrays) -> Finding | None:
    truths = known(looks["truth"])
    if not cell.scenario.is_null(analysis, comparison.name):
        return undeclared_null(cell.key, analysis, comparison, truths, mean(truths))
    sd = standard_deviation(known(looks["estimate"])).value
    return unverified_null(cell.key, analysis, comparison, mean(truths), sd)


def known(values: Array) -> list[float]:
    """Return the values that are there."""
    return [float(value) for value in values[~np.isnan(values.astype(np.float64))]]


def comparison_rows(
    cell: Cell, analysis: Analysis, comparison: Comparison, looks: Arrays, found: Finding | None, trials: Array
) -> Iterable[Row]:
    """Yield the rows of one comparison, the rejection rate first."""
    truth, estimate, error, own = looks["truth"], looks["estimate"], looks["standard_error"], looks["trial"]
    average = averages(cell)
    unit = next(iter(looks["unit"]), "")

    def row(quantity: str, figure: Figure, meaning: str, unit: str = "") -> Row:
        return Row(quantity, figure, meaning, unit, analysis.name, comparison.name)

    if found is not None and found.kind == "null_not_verified":
        yield row("null_not_verified", average.mean(truth, own), "true effect where the scenario declares a null", unit)
    else:
        yield row(*rejection_figure(cell, analysis.name, comparison, looks, trials))
    meaning = "mean over trials of the true effect in each trial's own patients"
    yield row("truth", average.mean(truth, own), meaning, unit)
    difference = estimate.astype(np.float64) - truth.astype(np.float64)  # paired by trial
    yield row("mean_estimate", average.mean(estimate, own), "mean of the estimates", unit)
    yield row("bias", average.mean(difference, own), "mean of estimate - true effect in the trial's own patients", unit)
    yield row("empirical_se", average.standard_deviation(estimate, own), "standard deviation of the estimates", unit)
    yield row("mean_se", average.mean(error, own), "mean of the standard errors that the method gives", unit)
    meaning = "root mean square of the method's standard errors, over the standard deviation of the estimates"
    yield row("se_ratio", average.error_ratio(error, estimate, own), meaning)
    targets, what = true_values(cell, looks)
    squares = (estimate.astype(np.float64) - targets) ** 2
    yield row("mse", average.mean(squares, own), f"mean square of estimate - {what}", f"({unit})^2" if unit else "")
    yield row("coverage", *coverage(cell, analysis, looks))
    yield row(
        "missing",
        average.mean(missing_share(analysis, looks), own),
        "mean share of the two arms' patients whose endpoint is missing",
    )
    failed = average.rate(np.array([status is not None for status in looks["status"]], dtype=np.bool_), own)
    yield row("failed_analyses", failed, "share of trials not estimable; they count as not rejected")


def missing_share(analysis: Analysis, looks: Arrays) -> np.ndarray[Any, Any]:
    """Return each trial's share of missing endpoints; failures and imputed ones are in the analysis already."""
    analysed = looks["n_treated"] + looks["n_control"]
    is_left_out = analysis.method.missing == "complete_cases"
    randomised = analysed + looks["n_missing"] if is_left_out else analysed
    return np.asarray(looks["n_missing"] / np.maximum(randomised, 1))


def rejection_figure(
    cell: Cell, analysis: str, comparison: Comparison, looks: Arrays, trials: Array
) -> tuple[str, Figure, str]:
    """Return power, assurance or type I error: what the rejection rate is called under this truth.

    A trial that stops before the analysis is made does not reject.
    """
    rejecting = looks["trial"][looks["rejected"].astype(np.bool_)]
    figure = averages(cell).rate(np.isin(trials, rejecting), trials)
    if cell.scenario.is_null(analysis, comparison.name):
        return "type_1", figure, "share of trials that reject a null that is true"
    if cell.mode == "typical":
        return "power", figure, "share of trials that reject, parameters being typical"
    return "assurance", figure, "share of trials that reject, parameters drawn from what is known"


def coverage(cell: Cell, analysis: Analysis, looks: Arrays) -> tuple[Figure, str]:
    level = f"{100 * (1 - 2 * analysis.alpha):g}%"
    targets, what = true_values(cell, looks)
    lower, upper = looks["lower"].astype(np.float64), looks["upper"].astype(np.float64)
    there = ~(np.isnan(lower) | np.isnan(upper) | np.isnan(targets))
    inside = (lower <= targets) & (targets <= upper)
    figure = averages(cell).rate(inside[there], looks["trial"][there])
    return figure, f"share of the {level} intervals that contain {what}"


def true_values(cell: Cell, looks: Arrays) -> tuple[np.ndarray[Any, Any], str]:
    """Return what an estimate of each trial is to hit, and what that is."""
    if cell.mode == "typical":
        pooled = mean(known(looks["truth"])).value
        return np.full(len(looks["truth"]), pooled), "the mean true effect over all trials"
    return looks["truth"].astype(np.float64), "the true effect in the trial's own patients"


def family_rows(
    cell: Cell, analysis: Analysis, looks: dict[str, Arrays], found: Iterable[Finding | None], trials: Array
) -> Iterable[Row]:
    """Yield the family-wise type I error over the declared nulls, if every one of them is null in truth."""
    nulls = [each.name for each in analysis.comparisons if cell.scenario.is_null(analysis.name, each.name)]
    if not nulls or any(each and each.kind == "null_not_verified" for each in found):
        return
    rejecting = np.concatenate([looks[name]["trial"][looks[name]["rejected"].astype(np.bool_)] for name in nulls])
    figure = averages(cell).rate(np.isin(trials, rejecting), trials)
    yield Row(
        "family_wise_type_1", figure, "share of trials that reject at least one true null", analysis=analysis.name
    )


def shared_rows(
    cell: Cell, family: Family, looks: Arrays, unverified: set[tuple[str, str]], trials: Array
) -> Iterable[Row]:
    """Yield the family-wise type I error of a family of several analyses, under its own name."""
    parts = [part for hypothesis in family.hypotheses for part in hypothesis.parts]
    nulls = [only(looks, *part) for part in parts if cell.scenario.is_null(*part)]
    if not nulls or unverified.intersection(parts):
        return
    rejecting = np.concatenate([each["trial"][each["rejected"].astype(np.bool_)] for each in nulls])
    what = "share of trials that reject at least one true null of the family"
    figure = averages(cell).rate(np.isin(trials, rejecting), trials)
    yield Row("family_wise_type_1", figure, what, analysis=family.name)


def trial_rows(cell: Cell, layout: Layout, trials: Arrays) -> list[Row]:
    """Return what belongs to the trial as a whole."""
    average, numbers = averages(cell), trials["trial"]
    n, success = len(trials["success"]), cell.protocol.success
    screened = np.maximum(trials["screened"], 1)
    randomised = np.maximum(trials["randomised"], 1)
    failed = sum(marker.failed for marker in markers(layout, cell.key).values())
    goal = f"share of trials that succeed: {success.quantifier} of {success.analysis}"
    of = {
        "screened": (trials["screened"], "mean number of candidates screened", ""),
        "randomised": (trials["randomised"], "mean number of patients randomised until the trial ends", ""),
        "screen_failure": ((screened - randomised) / screened, "mean share of candidates who are not eligible", ""),
        "lost": (trials["lost"] / randomised, "mean share of patients lost to follow-up", ""),
        "intercurrent_events": (
            trials["n_events"] / randomised,
            "mean share of patients with an intercurrent event",
            "",
        ),
        "failed_patients": (trials["failed_patients"] / randomised, "mean share of patients not computable", ""),
        "accrual_time": (trials["accrual_ended_at"], "mean day of the last randomisation", "day"),
        "duration": (trials["duration"], "mean day of the last data cut", "day"),
    }
    return [
        Row("success", average.rate(trials["success"].astype(np.bool_), numbers), goal, analysis=success.analysis),
        *split_rows(cell, trials),
        *(Row(name, average.mean(values, numbers), meaning, unit) for name, (values, meaning, unit) in of.items()),
        *stop_rows(cell.protocol, trials, average),
        Row(
            "failed_trials", rate(failed, n + failed), "share of trials that could not be simulated; in no other figure"
        ),
    ]
