"""Quantities of paths and conditions on them: what they may see, what they come out as."""

from __future__ import annotations

from collections.abc import Mapping

from trialsim.cohort.equations import CLOCKS, Names, Trees, measures_as, sees_only
from trialsim.cohort.excess import extremes_named, has_no_excess
from trialsim.cohort.model import NamedQuantity
from trialsim.cohort.reading import Desk
from trialsim.cohort.written import WrittenCohort
from trialsim.foundation.dimensions import DIMENSIONLESS, TIME, Dimension
from trialsim.foundation.expression import Expr, check_condition, is_condition, names_of, place_of
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Unit

INSTANT = "what holds at an instant: integral, highest, lowest and share_of_time are for measures"
BEGINNING = "what holds at an instant, and integral, highest, lowest and share_of_time without 'over'"


def of_paths(cohort: WrittenCohort, trees: Trees) -> frozenset[str]:
    """Return the quantities that depend on the path so far: those of paths, and what is computed from them."""
    found: set[str] = set()
    for name, written in cohort.quantities.items():
        if written.kind != "is" or names_of(trees["quantities", name, written.kind][0]) & found:
            found.add(name)
    return frozenset(found)


def check_path(
    desk: Desk, cohort: WrittenCohort, name: str, trees: Trees, dimensions: Mapping[str, Dimension | None], names: Names
) -> None:
    """Tell every fault of a quantity of a path."""
    kind, unit = cohort.quantities[name].kind, names.quantities[name]
    tree, what = trees["quantities", name, kind], f"the quantity {name!r}"
    if not sees_only(desk, tree, names, (), names.of_paths, what, INSTANT):
        return
    if kind == "share_of_time":
        check_condition(tree[0], dimensions, desk.problems, tree[1].place, CLOCKS)
        margins_exist(desk, tree)
        return
    measures_as(desk, tree, dimensions, unit.dimension / (TIME if kind == "integral" else DIMENSIONLESS), what, CLOCKS)


def margins_exist(desk: Desk, tree: tuple[Expr, FormulaText]) -> bool:
    """Return whether a condition is met or missed by a margin, so that the moment it turns can be found."""
    expr, text = tree
    wrong = has_no_excess(expr) if is_condition(expr) else None
    if wrong is not None:
        place = place_of(wrong, text.place)
        desk.error(place, "no-margin", "a condition on a path compares sizes", "", ["write it with <, <=, > or >="])
    return wrong is None


def check_when(desk: Desk, tree: tuple[Expr, FormulaText], names: Names, what: str) -> None:
    expr, asked = extremes_named(tree[0])
    dimensions = names.dimensions()
    for extreme, (of, place_holder) in asked.items():
        if of not in {*names.states, *names.quantities} - names.of_paths:
            place = place_of(place_holder, tree[1].place)
            known = sorted({*names.states, *names.quantities} - names.of_paths)
            desk.unknown(place, "state or quantity", of, known, "no path of this")
            return
        dimensions[extreme] = dimensions[of]
    if not sees_only(desk, (expr, tree[1]), names, (), names.of_paths - names.so_far, what, BEGINNING):
        return
    check_condition(expr, dimensions, desk.problems, tree[1].place, CLOCKS)
    margins_exist(desk, (expr, tree[1]))


def quantities_made(cohort: WrittenCohort, trees: Trees, units: Mapping[str, Unit]) -> tuple[NamedQuantity, ...]:
    """Return the quantities as they run."""
    return tuple(
        NamedQuantity(
            name=name,
            value=trees["quantities", name, written.kind][0],
            unit=units[name],
            label=written.label,
            kind=written.kind,
            over=None if written.over is None else written.over.to(cohort.time),
        )
        for name, written in cohort.quantities.items()
    )


def so_far(cohort: WrittenCohort) -> frozenset[str]:
    """Return the quantities of paths since the course began."""
    return frozenset(n for n, written in cohort.quantities.items() if written.kind != "is" and written.over is None)
