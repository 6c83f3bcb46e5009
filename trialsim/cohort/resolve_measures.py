"""Measures in their units, with the sizes of their errors."""

from __future__ import annotations

from collections.abc import Mapping

from trialsim.cohort.equations import CLOCKS, Names, Trees, measures_as, sees_only
from trialsim.cohort.model import Measure, MeasurementError, Uncertainty
from trialsim.cohort.reading import Desk
from trialsim.cohort.resolve_summaries import on_lines, spread_of, unit_of_normal
from trialsim.cohort.spreads import SELDOM_ABOVE
from trialsim.cohort.uncertainties import uncertainty_of_spread
from trialsim.cohort.written import WrittenCohort, WrittenErrorSize, WrittenMeasurementError
from trialsim.foundation.dimensions import Dimension, coherent_unit_text
from trialsim.foundation.expression import Expr, Name
from trialsim.foundation.section_reading import percent_meant
from trialsim.foundation.units import ONE, Quantity, Unit, number_text


def measure(
    desk: Desk, name: str, cohort: WrittenCohort, trees: Trees, names: Names, meaning: Mapping[str, Expr]
) -> Measure | None:
    """Return one measure in its unit; None, its fault told, if there is one."""
    written = cohort.measures[name]
    if written.value is None:
        return measure_by_summary(desk, name, cohort, trees, names, meaning)
    path = ("measures", name)
    if written.error is None:
        notes = ["error: the error of measurement; the variances of its parts add"]
        notes.append("for example error: {proportional: 10%}")
        desk.error(desk.key(*path), "missing-field", "a measure needs the field 'error'", "", notes)
        return None
    tree, text = trees[*path, "is"]
    found = written.unit
    if found is None and isinstance(tree, Name):
        found = {**names.individual, **names.inputs, **names.states, **names.quantities}.get(tree.name)
    wanted = found.dimension if found else None
    what = f"the measure {name!r}"
    if not sees_only(desk, (tree, text), names, (), (), what):
        return None
    dimension = measures_as(desk, (tree, text), names.dimensions(), wanted, what, CLOCKS)
    if found is None:
        found = unit_of_number(desk, dimension, path)
    if found is None:
        return None
    error = measurement_error(desk, written.error, found, (*path, "error"))
    lloq = None if written.lloq is None else desk.number_in(written.lloq, found, *path, "lloq")
    return Measure(
        name=name, value=tree, unit=found, error=error, lloq=lloq, known_after=written.known_after.to("day"),
        label=written.label,
    )  # fmt: skip


def measure_by_summary(
    desk: Desk, name: str, cohort: WrittenCohort, trees: Trees, names: Names, meaning: Mapping[str, Expr]
) -> Measure | None:
    """Return a measure that says its mean and spread, or a probability; None, its fault told, if there is one."""
    written, path = cohort.measures[name], ("measures", name)
    unit = ONE if written.normal is None else written.unit or unit_of_normal(desk, name, written.normal, trees, names)
    if unit is None:
        return None
    spread = spread_of(desk, name, cohort, trees, names, meaning, unit)
    if spread is None:
        return None
    error = MeasurementError()
    if written.error is not None:
        error = measurement_error(desk, written.error, unit, (*path, "error"))
    lloq = None if written.lloq is None else desk.number_in(written.lloq, unit, *path, "lloq")
    return Measure(
        name=name, value=on_lines(spread.points), unit=unit, error=error, spread=spread, lloq=lloq,
        known_after=written.known_after.to("day"), label=written.label,
    )  # fmt: skip


def measurement_error(
    desk: Desk, written: WrittenMeasurementError, unit: Unit, path: tuple[str, ...]
) -> MeasurementError:
    additive, additive_uncertainty = error_size(desk, written.additive, unit, (*path, "additive"))
    proportional, proportional_uncertainty = error_size(desk, written.proportional, ONE, (*path, "proportional"))
    warn_of_percent(desk, written.proportional, (*path, "proportional"))
    return MeasurementError(
        additive=additive,
        proportional=proportional,
        additive_uncertainty=additive_uncertainty,
        proportional_uncertainty=proportional_uncertainty,
    )


def unit_of_number(desk: Desk, dimension: Dimension | None, path: tuple[str, ...]) -> Unit | None:
    """Return the unit of plain numbers for a measure without a unit; its need of one is told if it is no number."""
    if dimension is None:
        return None
    if dimension.is_dimensionless:
        return ONE
    notes = [f"write unit: {coherent_unit_text(dimension)}, or another unit of that kind"]
    desk.error(desk.key(*path), "unit-needed", f"the measure {path[-1]!r} needs a unit", "", notes)
    return None


def warn_of_percent(desk: Desk, written: Quantity | WrittenErrorSize | None, path: tuple[str, ...]) -> None:
    """Warn of a proportional error far above 1 that is written without %."""
    size = written.value if isinstance(written, WrittenErrorSize) else written
    if size is not None and not size.unit.text and size.value > SELDOM_ABOVE:
        place = desk.at(*path, "value") if isinstance(written, WrittenErrorSize) else desk.at(*path)
        percent_meant(number_text(size.value), place, desk.problems)


def error_size(
    desk: Desk, written: Quantity | WrittenErrorSize | None, unit: Unit, path: tuple[str, ...]
) -> tuple[float, Uncertainty | None]:
    """Return the size of an error component in a unit, and its uncertainty."""
    if written is None:
        return 0.0, None
    if isinstance(written, Quantity):
        return desk.number_in(written, unit, *path) or 0.0, None
    number = desk.number_in(written.value, unit, *path, "value") or 0.0
    return number, uncertainty_of_spread(desk, written.uncertainty, (*path, "uncertainty"))
