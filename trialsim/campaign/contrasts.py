"""What several cells say together: two designs on the same patients, and the worst of several nulls.

A trial of one number has the same luck in every design, so that the difference of two designs, trial by trial, is
known better than from two independent sets of trials: its Monte-Carlo error is that of the paired differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import fsum, nan, sqrt

import numpy as np

from trialsim.campaign.averages import Averages, averages
from trialsim.campaign.exact_rates import lower_bound, upper_bound
from trialsim.campaign.figures import Figure, Z, mean, rate
from trialsim.campaign.plan import Cell, Plan
from trialsim.campaign.rows import Arrays, Row
from trialsim.foundation.tables import CONTRASTS
from trialsim.foundation.tables_parquet import parquet_bytes
from trialsim.store.layout import Layout
from trialsim.store.read import cell_columns
from trialsim.store.write import write_whole

ALL_PAIRS = 6  # designs up to which each is compared with each; beyond, each with the first
ERROR = 0.05  # of the simultaneous bounds, both sides together
ALONE = Averages()  # every trial has a draw of its own
LOOKS = ("trial", "analysis", "comparison", "estimate", "rejected", "concludes", "unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One line of the table; `independent` is the error that two independent sets of trials would have."""

    scenario: str
    parameters: str
    design: str
    against: str | None
    quantity: str
    figure: Figure
    independent: float
    meaning: str
    unit: str = ""
    analysis: str | None = None
    comparison: str | None = None


def write_contrasts(plan: Plan, layout: Layout, rows: Sequence[tuple[Cell, Row]]) -> None:
    """Write contrasts.parquet; `rows` are those of the summary."""
    found = [*worst_errors(rows), *design_contrasts(plan, layout)]
    lines = [
        {
            "scenario": each.scenario,
            "parameters": each.parameters,
            "design": each.design,
            "against": each.against,
            "analysis": each.analysis,
            "comparison": each.comparison,
            "quantity": each.quantity,
            "value": each.figure.value,
            "standard_error": each.figure.standard_error,
            "independent_standard_error": each.independent,
            "lower": each.figure.lower,
            "upper": each.figure.upper,
            "n": each.figure.n,
            "unit": each.unit,
            "meaning": each.meaning,
        }
        for each in found
    ]
    columns = {column.name: [line[column.name] for line in lines] for column in CONTRASTS}
    write_whole(layout.contrasts, parquet_bytes("contrasts", columns))


def worst_errors(rows: Sequence[tuple[Cell, Row]]) -> Iterator[Contrast]:
    """Yield, by parameters mode, design and analysis, the largest family-wise type I error over several nulls.

    The interval holds for all nulls at once: each has exact bounds of a K-th of the error (Bonferroni), and the ends
    are the largest of them. The value itself, being the largest of K, is too large on average where all are equal.
    """
    groups: dict[tuple[str, str, str], list[tuple[str, Figure]]] = {}
    for cell, row in rows:
        if row.quantity == "family_wise_type_1" and row.figure.n:
            place = (cell.key.parameters, cell.key.design, row.analysis or "")
            groups.setdefault(place, []).append((cell.key.scenario, row.figure))
    for (parameters, design, analysis), nulls in groups.items():
        if len(nulls) < 2:
            continue
        share = ERROR / (2 * len(nulls))
        hits = [(round(figure.value * figure.n), figure.n) for _, figure in nulls]
        worst, figure = max(nulls, key=lambda each: each[1].value)
        bounds = Figure(
            figure.value, figure.standard_error, max(lower_bound(x, n, share) for x, n in hits),
            max(upper_bound(x, n, share) for x, n in hits), figure.n,
        )  # fmt: skip
        yield Contrast(
            scenario=worst, parameters=parameters, design=design, against=None, quantity="worst_type_1",
            figure=bounds, independent=nan, analysis=analysis,
            meaning=f"largest family-wise type I error of {len(nulls)} nulls; the interval holds for all of them",
        )  # fmt: skip


def design_contrasts(plan: Plan, layout: Layout) -> Iterator[Contrast]:
    """Yield the differences between designs, scenario by scenario and mode by mode."""
    worlds: dict[tuple[str, str], list[Cell]] = {}
    for cell in plan.cells:
        worlds.setdefault((cell.key.scenario, cell.key.parameters), []).append(cell)
    for cells in worlds.values():
        if len(cells) > 1:
            yield from contrasts_of(cells, layout)


def contrasts_of(cells: Sequence[Cell], layout: Layout) -> Iterator[Contrast]:
    seen = [measured(cell, layout) for cell in cells]
    positions = range(len(cells))
    pairs = combinations(positions, 2) if len(cells) <= ALL_PAIRS else ((0, i) for i in positions[1:])
    for i, j in pairs:
        for name, one in seen[i].items():
            other = seen[j].get(name)
            if other is None:
                continue
            quantity, analysis, comparison, unit, meaning = name
            figure, independent = difference(one, other, quantity in ("success", "rejection"), averages(cells[i]))
            yield Contrast(
                scenario=cells[j].key.scenario, parameters=cells[j].key.parameters, design=cells[j].key.design,
                against=cells[i].key.design, quantity=quantity, figure=figure, independent=independent,
                meaning=meaning, unit=unit, analysis=analysis, comparison=comparison,
            )  # fmt: skip


Name = tuple[str, str | None, str | None, str, str]  # quantity, analysis, comparison, unit, meaning


def measured(cell: Cell, layout: Layout) -> dict[Name, Arrays]:
    """Return what each trial of a cell came to: for each quantity the trials' numbers and values."""
    trials = cell_columns(layout, cell.key, "trials", ("trial", "success", "duration", "randomised"))
    numbers = trials["trial"]
    found = {
        ("success", None, None, "", "difference of the shares of trials that succeed"): trials["success"],
        ("duration", None, None, "day", "difference of the mean days of the last data cut"): trials["duration"],
        ("randomised", None, None, "", "difference of the mean numbers randomised"): trials["randomised"],
    }
    seen: dict[Name, Arrays] = {name: {"trial": numbers, "value": values} for name, values in found.items()}
    looks = cell_columns(layout, cell.key, "looks", LOOKS)
    concludes = looks["concludes"].astype(np.bool_)
    for analysis in cell.protocol.analyses:
        for comparison in analysis.comparisons:
            here = concludes & (looks["analysis"] == analysis.name) & (looks["comparison"] == comparison.name)
            of, unit = (analysis.name, comparison.name), str(next(iter(looks["unit"][here]), ""))
            rejects = np.isin(numbers, looks["trial"][here & looks["rejected"].astype(np.bool_)])
            estimates = looks["estimate"][here].astype(np.float64)
            known = ~np.isnan(estimates)
            shares, means = "difference of the shares of trials that reject", "difference of the mean estimates"
            seen["rejection", *of, "", shares] = {"trial": numbers, "value": rejects}
            seen["estimate", *of, unit, means] = {"trial": looks["trial"][here][known], "value": estimates[known]}
    return seen


def difference(
    one: Arrays, other: Arrays, is_rate: bool, average: Averages = ALONE
) -> tuple[Figure, float]:
    """Return the mean of other - one over the trials both have, paired, and the error if they were not."""
    _, here, there = np.intersect1d(one["trial"], other["trial"], assume_unique=True, return_indices=True)
    a: list[float] = one["value"][here].astype(np.float64).tolist()
    b: list[float] = other["value"][there].astype(np.float64).tolist()
    if average.per_draw > 1:  # draws that trials share: errors are those of draws
        return average.mean(np.subtract(b, a), one["trial"][here]), nan
    if is_rate:
        return paired_rate(a, b), independent_rates(a, b)
    first, second = mean(a).standard_error, mean(b).standard_error
    return mean([y - x for x, y in zip(a, b, strict=True)]), sqrt(first * first + second * second)


def paired_rate(a: Sequence[float], b: Sequence[float]) -> Figure:
    """Return the difference of two shares of the same trials; also of none that differ there is an error.

    Error and interval are those after half a trial is added to each of the four cells (Agresti & Min 2005, Stat. Med.
    24:729, section 3).
    """
    n = len(a)
    if not n:
        return Figure(nan, nan, nan, nan, 0)
    gained = sum(y > x for x, y in zip(a, b, strict=True))
    lost = sum(y < x for x, y in zip(a, b, strict=True))
    change, differing, whole = gained - lost, gained + lost + 1.0, n + 2.0
    error, middle = sqrt(differing - change * change / whole) / whole, change / whole
    return Figure(change / n, error, middle - Z * error, middle + Z * error, n)


def independent_rates(a: Sequence[float], b: Sequence[float]) -> float:
    first, second = (rate(round(fsum(each)), len(each)).standard_error for each in (a, b))
    return sqrt(first * first + second * second)
