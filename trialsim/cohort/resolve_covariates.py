"""Covariates as they are drawn: units from their distributions, bounds in them, categories, rows of a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from trialsim.cohort.bounds import LEAST_KEPT, share_within
from trialsim.cohort.model import Covariate, CovariateRows, Distribution, Trajectory
from trialsim.cohort.reading import Desk, Table
from trialsim.cohort.schema_units import slope_unit
from trialsim.cohort.written import WrittenCohort, WrittenCovariate, WrittenTrajectory
from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.units import ONE, Quantity, moment, number_text

SHARES_TOLERANCE = 1e-6


def covariates(desk: Desk, cohort: WrittenCohort) -> tuple[Covariate, ...] | None:
    """Return the covariates, None if one of them has a fault."""
    made = [covariate(desk, name, written) for name, written in cohort.covariates.items()]
    return None if any(each is None for each in made) else tuple(each for each in made if each is not None)


def covariate(desk: Desk, name: str, written: WrittenCovariate) -> Covariate | None:
    """Return one covariate; None, its fault told, if there is one."""
    made = at_randomisation(desk, name, written)
    if made is None or written.over_time is None:
        return made
    over_time = trajectory(desk, made, written.over_time)
    return None if over_time is None else replace(made, over_time=over_time)


def trajectory(desk: Desk, covariate: Covariate, written: WrittenTrajectory) -> Trajectory | None:
    """Return how a covariate goes on after randomisation; None, its fault told, if there is one."""
    path = ("covariates", covariate.name, "over_time")
    if covariate.categories:
        message = f"{covariate.name!r} has categories and does not move"
        desk.error(desk.key(*path), "wrong-trajectory", message, "", ["leave 'over_time' out"])
        return None
    if written.trend is not None:
        slope = desk.number_in(written.trend, slope_unit(covariate.unit), *path, "trend")
        until = math.inf if written.until is None else written.until
        if until <= 0.0:
            message = "a trend begins at randomisation and ends after it"
            desk.error(desk.at(*path, "until"), "wrong-trajectory", message)
            return None
        return None if slope is None else Trajectory(between_points="line", trend=slope, until=until)
    points: list[tuple[float, float]] = []
    for text, factor in (written.points or {}).items():
        try:
            day = moment(text)
        except UnreadableText as fault:
            desk.error(desk.key(*path, "points", text), fault.slug, fault.message, "", fault.notes)
            return None
        if day <= (points[-1][0] if points else 0.0):
            message = "points come after randomisation and one after the other"
            notes = ["what a covariate is at randomisation is drawn"]
            desk.error(desk.key(*path, "points", text), "wrong-trajectory", message, "", notes)
            return None
        points.append((day, factor))
    form: Literal["hold", "line"] = "line" if written.between_points == "line" else "hold"
    return Trajectory(between_points=form, points=tuple(points))


def at_randomisation(desk: Desk, name: str, written: WrittenCovariate) -> Covariate | None:
    path = ("covariates", name)
    if written.within is not None and (written.uniform or written.categories or written.unit):
        desk.error(desk.key(*path, "within"), "no-bounds", "only lognormal and normal distributions have bounds")
        return None
    if written.categories is not None:
        return categorical(desk, name, written)
    if written.unit is not None:
        return Covariate(name=name, unit=written.unit, distribution=None, label=written.label)
    distribution = distribution_of(desk, name, written)
    if distribution is None:
        return None
    unit = first_quantity(written).unit
    return Covariate(name=name, unit=unit, distribution=distribution, label=written.label)


def first_quantity(written: WrittenCovariate) -> Quantity:
    if written.lognormal is not None:
        return written.lognormal.median
    if written.normal is not None:
        return written.normal.mean
    assert written.uniform is not None
    return written.uniform.low


def distribution_of(desk: Desk, name: str, written: WrittenCovariate) -> Distribution | None:
    path = ("covariates", name)
    low, high = -math.inf, math.inf
    first = first_quantity(written)
    if written.within is not None:
        bounds = [desk.number_in(q, first.unit, *path, "within", i) for i, q in enumerate(written.within)]
        if bounds[0] is None or bounds[1] is None:
            return None
        low, high = bounds[0], bounds[1]
    if written.lognormal is not None:
        made = Distribution(
            kind="lognormal", location=first.value, spread=written.lognormal.cv, lowest=low, highest=high
        )
        return made if bounds_fit(desk, made, *path) else None
    second = written.normal.sd if written.normal is not None else written.uniform.high if written.uniform else None
    field = ("normal", "sd") if written.normal is not None else ("uniform", "high")
    assert second is not None
    spread = desk.number_in(second, first.unit, *path, *field)
    if spread is None:
        return None
    if written.normal is not None:
        made = Distribution(kind="normal", location=first.value, spread=spread, lowest=low, highest=high)
        return made if bounds_fit(desk, made, *path) else None
    if spread <= first.value:
        desk.error(desk.at(*path, *field), "bounds-crossed", f"'high' of {name!r} is not above 'low'")
        return None
    return Distribution(kind="uniform", location=first.value, spread=spread, lowest=low, highest=high)


def bounds_fit(desk: Desk, distribution: Distribution, *path: str) -> bool:
    """Return whether enough of a distribution lies within its bounds."""
    if distribution.highest <= distribution.lowest:
        desk.error(desk.at(*path, "within"), "bounds-crossed", "the upper bound is not above the lower one")
        return False
    kept = share_within(distribution)
    if kept >= LEAST_KEPT:
        return True
    notes = [f"at least {100 * LEAST_KEPT:g}% must lie within them; are the units right?"]
    message = f"only {100 * kept:.3g}% of {path[-1]!r} lies within these bounds"
    desk.error(desk.at(*path, "within"), "narrow-bounds", message, "", notes)
    return False


def categorical(desk: Desk, name: str, written: WrittenCovariate) -> Covariate | None:
    path = ("covariates", name, "categories")
    assert written.categories is not None
    labels = tuple(written.categories)
    if len(set(labels)) < len(labels):
        desk.error(desk.at(*path), "category-twice", f"a category of {name!r} is named twice")
        return None
    shares: tuple[float, ...] = ()
    if isinstance(written.categories, Mapping):
        shares = tuple(written.categories.values())
        total = math.fsum(shares)
        if abs(total - 1.0) > SHARES_TOLERANCE:
            notes = [f"the rest is {number_text(round(1.0 - total, 9))}"]
            message = f"the shares of {name!r} sum to {number_text(round(total, 9))}, not 1"
            desk.error(desk.at(*path), "shares-do-not-sum", message, "", notes)
            return None
    return Covariate(name=name, unit=ONE, distribution=None, categories=labels, shares=shares, label=written.label)


def comes_with_rows(covariate: Covariate) -> bool:
    return covariate.distribution is None and not covariate.shares


def covariate_rows(desk: Desk, file: str | None, covariates: tuple[Covariate, ...]) -> CovariateRows | None:
    """Return the rows that covariates are drawn from, None if there are none or they have a fault."""
    from_rows = [c for c in covariates if comes_with_rows(c)]
    if file is None:
        for c in from_rows:
            notes = ["say where: covariates_from: {rows_of: FILE.csv}", "or give a distribution"]
            message = f"{c.name!r} has no distribution and there are no rows to draw it from"
            desk.error(desk.key("covariates", c.name), "rows-missing", message, "", notes)
        return None
    path = ("covariates_from", "rows_of")
    if not from_rows:
        notes = ["a covariate that comes with the rows has 'unit', or 'categories' as a list"]
        desk.error(desk.at(*path), "rows-unused", "no covariate is drawn from these rows", "", notes)
        return None
    table = desk.table(file, *path, parquet=True)
    if table is None:
        return None
    are_there = [desk.has_column(table, c.name, "covariates", c.name) for c in from_rows]  # every absence is told
    if not all(are_there):
        return None
    columns = [(c.name, column_values(desk, table, c)) for c in from_rows]
    if any(values is None for _, values in columns):
        return None
    return CovariateRows(
        path=file, absolute_path=str(table.path), digest=table.digest,
        columns=tuple((name, tuple(values)) for name, values in columns if values is not None),
    )  # fmt: skip


def column_values(desk: Desk, table: Table, covariate: Covariate) -> list[float] | None:
    path = ("covariates", covariate.name)
    if not covariate.categories:
        return desk.numbers(table, covariate.name, *path)
    values = []
    for line, cell in table.column(covariate.name):
        if cell not in covariate.categories:
            notes = [f"{table.place(line)} has {cell!r}", f"categories: {', '.join(covariate.categories)}"]
            message = f"the column {covariate.name!r} holds something else than its categories"
            desk.error(desk.at(*path, "categories"), "unknown-category", message, "", notes)
            return None
        values.append(float(covariate.categories.index(cell)))
    return values
