"""Measures by summary assumptions: means, spreads and probabilities in time, correlations between times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from trialsim.cohort.correlations import cholesky, matrix_of_rows
from trialsim.cohort.equations import CLOCKS, Names, Trees, literal, measures_as, sees_only
from trialsim.cohort.model import Spread, Steps, TimeCorrelation
from trialsim.cohort.reading import Desk
from trialsim.cohort.resolve_events import Tree, sees_what_is_settled
from trialsim.cohort.written import WrittenCohort, WrittenCorrelation, WrittenMeasure, WrittenNormalValues
from trialsim.foundation.dimensions import DIMENSIONLESS, coherent_unit_text
from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.expression import Binary, Call, Compare, Constant, Expr, Name, substitute
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import ONE, Quantity, Unit, moment, unit

Points = FormulaText | Mapping[str, FormulaText]
MOST_COUNTED = 500.0  # in the mean: counts are summed up one after the other
CLOCK = Call("since", (Name("randomised"),))


def spread_of(
    desk: Desk,
    name: str,
    cohort: WrittenCohort,
    trees: Trees,
    names: Names,
    meaning: Mapping[str, Expr],
    of: Unit,
) -> Spread | None:
    """Return how the values of a measure vary between patients; None, its fault told, if there is one."""
    written = cohort.measures[name]
    n_before = len(desk.problems.diagnostics)
    correlation, sd = correlation_of(desk, name, written), cast(Steps, ())
    if written.count is not None:
        for tree in parts(trees, name, "count", "mean"):
            check_count(desk, tree, names, f"the mean of {name!r}", cohort.time)
        points = in_time(name, written.count.mean, trees, "count", "mean")
        if written.count.dispersion is not None:
            for tree in parts(trees, name, "count", "dispersion"):
                check_sd(desk, tree, cohort, names, meaning, f"the dispersion of {name!r}", ONE)
            told = in_time(name, written.count.dispersion, trees, "count", "dispersion")
            sd = tuple((day, substitute(expr, meaning)) for day, expr in told)
    elif written.normal is None:
        assert written.probability is not None
        for tree in parts(trees, name, "probability"):
            check_probability(desk, tree, names, f"the probability of {name!r}", cohort.time)
        points = in_time(name, written.probability, trees, "probability")
    else:
        for tree in parts(trees, name, "normal", "mean"):
            if sees_only(desk, tree, names, (), (), f"the mean of {name!r}"):
                measures_as(desk, tree, names.dimensions(), of.dimension, f"the mean of {name!r}", CLOCKS)
        for tree in parts(trees, name, "normal", "sd"):
            check_sd(desk, tree, cohort, names, meaning, f"the standard deviation of {name!r}", of)
        points = in_time(name, written.normal.mean, trees, "normal", "mean")
        sd = tuple((day, substitute(expr, meaning))
                   for day, expr in in_time(name, written.normal.sd, trees, "normal", "sd"))  # fmt: skip
    if correlation is None or len(desk.problems.diagnostics) > n_before:
        return None
    kind: Literal["normal", "binary", "count"] = "normal" if written.normal is not None else "binary"
    return Spread(
        kind="count" if written.count is not None else kind, points=points, sd=sd, correlation=correlation
    )


def parts(trees: Trees, name: str, *part: str) -> list[Tree]:
    """Return the expressions of a mean, spread or probability: one, or one a point in time."""
    path = ("measures", name, *part)
    return [tree for at, tree in trees.items() if at[: len(path)] == path]


def check_probability(desk: Desk, tree: Tree, names: Names, what: str, time: Unit) -> None:
    if not sees_only(desk, tree, names, (), (), what):
        return
    found = measures_as(desk, tree, names.dimensions(), DIMENSIONLESS, what, CLOCKS)
    value = literal(tree[0], None, time) if found == DIMENSIONLESS else None
    if value is not None and not 0.0 <= value <= 1.0:
        desk.error(tree[1].place, "out-of-range", f"{what} lies between 0 and 1")


def check_count(desk: Desk, tree: Tree, names: Names, what: str, time: Unit) -> None:
    if not sees_only(desk, tree, names, (), (), what):
        return
    found = measures_as(desk, tree, names.dimensions(), DIMENSIONLESS, what, CLOCKS)
    value = literal(tree[0], None, time) if found == DIMENSIONLESS else None
    if value is not None and not 0.0 <= value <= MOST_COUNTED:
        desk.error(tree[1].place, "out-of-range", f"{what} lies between 0 and {MOST_COUNTED:g}")


def check_sd(
    desk: Desk, tree: Tree, cohort: WrittenCohort, names: Names, meaning: Mapping[str, Expr], what: str, of: Unit
) -> None:
    if not sees_what_is_settled(desk, tree, cohort, names, meaning, what):
        return
    found = measures_as(desk, tree, names.dimensions(), of.dimension, what, ())
    value = literal(tree[0], of, cohort.time) if found == of.dimension else None
    if value is not None and value < 0.0:
        desk.error(tree[1].place, "out-of-range", f"{what} is not negative")


def correlation_of(desk: Desk, name: str, written: WrittenMeasure) -> TimeCorrelation | None:
    """Return how values at several times go together; None, its fault told, if that is not said or cannot be."""
    if not written.says_correlation:
        notes = ["correlation: how a patient's values at several times are correlated"]
        notes.append("for example correlation: {ar1: {value: 0.8, over: 4 weeks}}, or correlation: none")
        message = "a measure by summary assumptions needs the field 'correlation'"
        desk.error(desk.key("measures", name), "missing-field", message, "", notes)
        return None
    said = written.correlation
    if said is None:
        return TimeCorrelation(kind="none")
    if said.exchangeable is not None:
        return TimeCorrelation(kind="exchangeable", value=said.exchangeable)
    if said.ar1 is not None:
        return TimeCorrelation(kind="ar1", value=said.ar1.value, over=said.ar1.over.to("day"))
    return table_of(desk, ("measures", name, "correlation", "table"), said)


def table_of(desk: Desk, path: tuple[str, ...], said: WrittenCorrelation) -> TimeCorrelation | None:
    rows: list[tuple[float, tuple[float, ...]]] = []
    for text, before in (said.table or {}).items():
        place = desk.key(*path, text)
        try:
            day = moment(text)
        except UnreadableText as fault:
            desk.error(place, fault.slug, fault.message, "", fault.notes)
            return None
        if rows and day <= rows[-1][0]:
            desk.error(place, "points-order", "points in time come one after the other")
            return None
        if len(before) != len(rows):
            message = f"{text} has {len(before)} correlations, and {len(rows)} points in time before it"
            notes = ["write one with each point before: {day 0: [], week 4: [0.7], week 12: [0.5, 0.7]}"]
            desk.error(place, "correlation-table", message, "", notes)
            return None
        rows.append((day, before))
        if cholesky(matrix_of_rows(rows)) is None:
            message = f"no patients can have these correlations with {text}"
            desk.error(place, "correlation-table", message, "", ["each fits those above: move them closer together"])
            return None
    return TimeCorrelation(kind="table", table=tuple(rows))


def unit_of_normal(
    desk: Desk, name: str, written: WrittenNormalValues, trees: Trees, names: Names
) -> Unit | None:
    """Return the unit of a measure that does not say it: that of its standard deviation, or of a mean that is a name.
    """
    for part in ("sd", "mean"):
        for expr, _ in parts(trees, name, "normal", part):
            if isinstance(expr, Constant):
                return expr.quantity.unit
            found = {**names.individual, **names.inputs, **names.states, **names.quantities}
            if isinstance(expr, Name) and found.get(expr.name) is not None:
                return found[expr.name]
    tree = parts(trees, name, "normal", "sd")[0]
    dimension = measures_as(desk, tree, names.dimensions(), None, f"the standard deviation of {name!r}", ())
    if dimension is None:
        return None
    if dimension.is_dimensionless:
        return ONE
    notes = [f"write unit: {coherent_unit_text(dimension)}, or another unit of that kind"]
    desk.error(desk.key("measures", name), "unit-needed", f"the measure {name!r} needs a unit", "", notes)
    return None


def in_time(name: str, written: Points, trees: Trees, *part: str) -> Steps:
    """Return an expression, or several at points in time, with their days."""
    if isinstance(written, FormulaText):
        return ((0.0, trees["measures", name, *part][0]),)
    found = tuple((moment(point), trees["measures", name, *part, point][0]) for point in written)
    return found if len(found) > 1 else ((0.0, found[0][1]),)


def on_lines(points: Steps) -> Expr:
    """Return expressions at points in time, joined by lines, as one of the time since randomisation.

    Before the first and after the last point that one holds.
    """
    made = points[-1][1]
    for (start, first), (end, second) in zip(reversed(points[:-1]), reversed(points[1:]), strict=True):
        share = Binary("/", Binary("-", CLOCK, days(start)), days(end - start))
        line = Binary("+", first, Binary("*", Binary("-", second, first), share))
        made = Call("if", (Compare(("<",), (CLOCK, days(end))), line, made))
    if len(points) > 1:
        made = Call("if", (Compare(("<",), (CLOCK, days(points[0][0]))), points[0][1], made))
    return made


def days(number: float) -> Expr:
    return Constant(Quantity(number, unit("day")))
