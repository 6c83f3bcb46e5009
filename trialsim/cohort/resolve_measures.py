"""Measures in their units, with the sizes of their errors."""

from __future__ import annotations

from trialsim.cohort.equations import CLOCKS, Names, Trees, measures_as, sees_only
from trialsim.cohort.model import Measure, MeasurementError, Uncertainty
from trialsim.cohort.reading import Desk
from trialsim.cohort.spreads import SELDOM_ABOVE
from trialsim.cohort.uncertainties import uncertainty_of_spread
from trialsim.cohort.written import WrittenErrorSize, WrittenMeasure
from trialsim.foundation.dimensions import Dimension, coherent_unit_text
from trialsim.foundation.expression import Name
from trialsim.foundation.section_reading import percent_meant
from trialsim.foundation.units import ONE, Quantity, Unit, number_text


def measure(desk: Desk, name: str, written: WrittenMeasure, trees: Trees, names: Names) -> Measure | None:
    """Return one measure in its unit; None, its fault told, if there is one."""
    path = ("measures", name)
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
    where = (*path, "error")
    additive, additive_uncertainty = error_size(desk, written.error.additive, found, (*where, "additive"))
    proportional, proportional_uncertainty = error_size(desk, written.error.proportional, ONE, (*where, "proportional"))
    warn_of_percent(desk, written.error.proportional, (*where, "proportional"))
    error = MeasurementError(
        additive=additive,
        proportional=proportional,
        additive_uncertainty=additive_uncertainty,
        proportional_uncertainty=proportional_uncertainty,
    )
    lloq = None if written.lloq is None else desk.number_in(written.lloq, found, *path, "lloq")
    return Measure(
        name=name, value=tree, unit=found, error=error, lloq=lloq, known_after=written.known_after.to("day"),
        label=written.label,
    )  # fmt: skip


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
