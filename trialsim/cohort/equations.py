"""The expressions of a document: what each may see, and what it has to come out as."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from trialsim.cohort.excess import EXTREMES
from trialsim.cohort.model import Covariate
from trialsim.cohort.names import with_categories_coded
from trialsim.cohort.reading import Desk
from trialsim.cohort.texts_in_time import event_texts, measure_texts
from trialsim.cohort.written import WrittenCohort
from trialsim.foundation.dimensions import Dimension, coherent_unit_text, dimension_name
from trialsim.foundation.errors import InvalidDocument
from trialsim.foundation.expression import (
    Call,
    Expr,
    Name,
    Number,
    dimension_of,
    is_condition,
    nodes,
    numeric,
    place_of,
    simplify,
)
from trialsim.foundation.section_kinds import NAME
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Unit

CLOCKS = ("randomised",)  # what `since` may ask about in a cohort
Trees = dict[tuple[str | int, ...], tuple[Expr, FormulaText]]


@dataclass(frozen=True, slots=True)
class Names:
    """What expressions of a cohort may see: the unit of each name."""

    covariates: tuple[Covariate, ...]
    individual: dict[str, Unit]  # covariates and parameters: what a patient is, at any time
    inputs: dict[str, Unit] = field(default_factory=dict)  # what an arm sets, in time
    states: dict[str, Unit | None] = field(default_factory=dict)
    quantities: dict[str, Unit] = field(default_factory=dict)
    everything: frozenset[str] = frozenset()  # declared names of the whole document
    of_paths: frozenset[str] = frozenset()  # quantities that depend on the path so far
    so_far: frozenset[str] = frozenset()  # those that are such a thing themselves, since the course began
    measures: Mapping[str, str] = field(default_factory=dict)  # what each reads, as written: nothing sees a measure

    def dimensions(self, quantities: Collection[str] | None = None) -> dict[str, Dimension | None]:
        """Return the dimensions of all names that change in time or not; of quantities only those given."""
        seen: dict[str, Unit | None] = {**self.individual, **self.inputs, **self.states}
        seen |= {n: u for n, u in self.quantities.items() if quantities is None or n in quantities}
        return {name: None if u is None else u.dimension for name, u in seen.items()}


def all_trees(
    desk: Desk, cohort: WrittenCohort, covariates: tuple[Covariate, ...], names: Iterable[str]
) -> Trees | None:
    """Return every expression of the document as a tree with categories as numbers, by its path; None for a fault."""
    texts: dict[tuple[str | int, ...], FormulaText] = {}
    for name, written in cohort.dynamics.items():
        texts["dynamics", name, "rate"] = written.rate
        if written.start is not None:
            texts["dynamics", name, "start"] = written.start
        for i, inlet in enumerate(written.receives):
            texts |= {("dynamics", name, "receives", i, *path): text for path, text in inlet.texts.items()}
    texts |= {("quantities", name, written.kind): written.value for name, written in cohort.quantities.items()}
    texts |= event_texts(desk, cohort.events)
    texts |= measure_texts(desk, cohort.measures)
    trees: Trees = {}
    for path, text in texts.items():
        if compares_no_name(desk, text, covariates):
            continue
        tree = desk.tree(text, names, EXTREMES if path[-1] == "when" else ())
        if tree is None:
            continue
        try:
            trees[path] = (with_categories_coded(tree, covariates, text.place), text)
        except InvalidDocument as fault:
            desk.problems.add(*fault.diagnostics)
    return trees if len(trees) == len(texts) else None


def compares_no_name(desk: Desk, text: FormulaText, covariates: Iterable[Covariate]) -> bool:
    """Return whether an expression compares a covariate with a category that is no name, such as 1 or *1/*3; told."""
    for covariate in covariates:
        for label in covariate.categories:
            asked = rf"\b{covariate.name}\s*[=!]=\s*[\"']?({re.escape(label)})(?![A-Za-z0-9_.])"
            found = None if NAME.fullmatch(label) else re.search(asked, text.text)
            if found is not None:
                name = "_".join([covariate.name, *re.findall("[A-Za-z0-9]+", label)])
                message = f"the category {label!r} of {covariate.name!r} cannot be compared: it is no name"
                place = text.place.part(text.text, found.start(1), found.end(1))
                desk.error(place, "category-no-name", message, "", [f"call it {name}, here and where it is declared"])
                return True
    return False


def sees_only(
    desk: Desk,
    tree: tuple[Expr, FormulaText],
    names: Names,
    seen: Collection[str],
    declared: Collection[str],
    what: str,
    may_see: str = "parameters and covariates",
) -> bool:
    """Return whether an expression uses no declared name that it cannot see."""
    expr, text = tree
    for node in nodes(expr):
        if not isinstance(node, Name) or node.name in seen:
            continue
        note = f"it sees {may_see}"
        if node.name in names.measures:
            note = f"{node.name!r} is a measure, read with an error; write what it reads: {names.measures[node.name]}"
        elif node.name not in declared:
            continue
        desk.error(place_of(node, text.place), "not-visible", f"{what} cannot see {node.name!r}", "", [note])
        return False
    return True


def measures_as(
    desk: Desk,
    tree: tuple[Expr, FormulaText],
    dimensions: Mapping[str, Dimension | None],
    wanted: Dimension | None,
    what: str,
    clocks: tuple[str, ...],
    bare: bool = False,
    doses: Collection[str] = (),
) -> Dimension | None:
    """Return the dimension of an expression; its faults are told, and so is a dimension that is not the wanted one.

    `bare`: nothing says its unit, so that it is a plain number; `doses` are the states that hold amounts of a drug.
    """
    expr, text = tree
    n_before = len(desk.problems.diagnostics)
    if is_condition(expr):
        message = f"{what} is a condition where a number is wanted"
        desk.error(text.place, "number-wanted", message, "", ["write if(CONDITION, 1, 0)"])
        return None
    found = dimension_of(expr, dimensions, desk.problems, text.place, clocks)
    if len(desk.problems.diagnostics) == n_before and None not in (found, wanted) and found != wanted:
        assert found is not None and wanted is not None
        notes = [f"it comes out as: {in_words(found)}", f"expected: {in_words(wanted)}"]
        if bare:
            notes.append(
                f"without a unit it is a plain number: write unit: {coherent_unit_text(found)}, or one like it"
            )
        if isinstance(expr, Name) and expr.name in doses:
            notes.append(f"{expr.name!r} receives a drug and holds an amount: divide it by a volume")
        desk.error(text.place, "units-differ", f"{what} comes out in the wrong kind of unit", "", notes)
    return found


def literal(expr: Expr, unit: Unit | None, time: Unit) -> float | None:
    """Return the number that an expression without any name is, in a unit; None if it has names or a clock."""
    if any(isinstance(node, Name) or (isinstance(node, Call) and node.function == "since") for node in nodes(expr)):
        return None
    found = simplify(numeric(expr, {}, unit, time))
    return found.value if isinstance(found, Number) else None


def in_words(dimension: Dimension) -> str:
    if dimension.is_dimensionless:
        return dimension_name(dimension)
    return f"{dimension_name(dimension)}, as {coherent_unit_text(dimension)}"
