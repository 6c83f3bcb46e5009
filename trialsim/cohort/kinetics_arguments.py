"""What the arguments of kinetics are in a cohort: expressions, their kinds, the units that follow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from trialsim.cohort.kinds import bound_by, settled
from trialsim.cohort.kinetics_model import Argument, Kinetics
from trialsim.cohort.kinetics_read import KineticsDocument
from trialsim.cohort.reading import Desk
from trialsim.cohort.resolve_covariates import first_quantity
from trialsim.cohort.written import WrittenCohort, WrittenCovariate, WrittenUse
from trialsim.foundation.dimensions import Dimension, coherent_unit_text, dimension_name
from trialsim.foundation.errors import InvalidDocument, Place, Problems, TrialsimError
from trialsim.foundation.expression import Expr, Name, dimension_of, is_condition, names_of, parse
from trialsim.foundation.units import ONE, Unit, unit

Units = dict[str, Unit | None]  # None: a state's unit, which the equations tell later


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The arguments of a use: trees in the cohort's names, dimensions of free words, units of those that are names."""

    trees: dict[str, Expr]
    bound: dict[str, Dimension]
    units: dict[str, Unit] = field(default_factory=dict)


def declared_units(cohort: WrittenCohort) -> Units:
    """Return the unit of every name the cohort declares, None for states that do not say theirs."""
    units: Units = {name: covariate_unit(written) for name, written in cohort.covariates.items()}
    units |= {name: written.default.unit for name, written in cohort.inputs.items()}
    units |= {name: written.typical.unit for name, written in cohort.parameters.items()}
    units |= {name: written.unit for name, written in cohort.dynamics.items()}
    units |= {name: written.unit or ONE for name, written in cohort.quantities.items()}
    return units


def covariate_unit(written: WrittenCovariate) -> Unit:
    if written.categories is not None:
        return ONE
    return written.unit if written.unit is not None else first_quantity(written).unit


def arguments(
    desk: Desk,
    number: int,
    place: Place,
    written: WrittenUse,
    document: KineticsDocument,
    declared: Collection[str],
    units: Units,
) -> Given | None:
    """Return what every argument of a use is; None, every fault told, if there is one."""
    kinetics, n_before = document.kinetics, len(desk.problems.diagnostics)
    given = Given(trees={}, bound={})
    for name, argument in kinetics.needs.items():
        here = desk.at("kinetics", number, "with", name) if name in written.arguments else place
        tree = argument_tree(desk, here, name, argument, written, declared)
        if tree is not None:
            given.trees[name] = tree
            if isinstance(tree, Name) and (found := units.get(tree.name)) is not None:
                given.units[name] = found
        elif name not in written.arguments and not left_out(name, argument, document):
            notes = [f"{name}: {argument.what} ({argument.kind.text})", f"write with: {{{name}: …}}"]
            desk.error(place, "missing-argument", f"{kinetics.id} needs {name!r}", "", notes)
    if len(desk.problems.diagnostics) > n_before:
        return None
    for name, tree in given.trees.items():
        here = desk.at("kinetics", number, "with", name) if name in written.arguments else place
        kind_fits(desk, here, name, tree, kinetics, given, units)
    return given if len(desk.problems.diagnostics) == n_before else None


def argument_tree(
    desk: Desk, place: Place, name: str, argument: Argument, written: WrittenUse, declared: Collection[str]
) -> Expr | None:
    """Return what one argument is: as written, else the name of the cohort that is spelled alike, else its default."""
    if name in written.arguments:
        tree = desk.tree(written.arguments[name], declared)
        unknown = [] if tree is None else sorted(names_of(tree) - set(declared) - {"t"})
        return None if unknown and told(desk, place, unknown[0], declared) else tree
    if name in declared:
        return Name(name)
    if argument.default is None:
        return None
    try:
        tree = parse(argument.default, place, declared)
    except InvalidDocument as fault:
        desk.problems.add(*fault.diagnostics)
        return None
    return tree if names_of(tree) <= set(declared) else None


def told(desk: Desk, place: Place, name: str, declared: Collection[str]) -> bool:
    desk.unknown(place, "name of this cohort", name, declared)
    return True


def left_out(name: str, argument: Argument, document: KineticsDocument) -> bool:
    """Return whether an argument may be absent: only terms of ways in need it."""
    return argument.optional and all(
        "receives" in path for path, tree in document.trees.items() if name in names_of(tree)
    )


def kind_fits(desk: Desk, place: Place, name: str, tree: Expr, kinetics: Kinetics, given: Given, units: Units) -> None:
    """Tell if an argument is of another kind than the document says; what it cannot tell yet, the equations will."""
    if is_condition(tree):
        message = f"the argument {name!r} of {kinetics.id} is a condition where a number is wanted"
        notes = ["write if(CONDITION, 1, 0)"]
        desk.error(place, "number-wanted", message, "", notes)
        return
    dimensions: Mapping[str, Dimension | None] = {
        each: None if (u := units.get(each)) is None else u.dimension for each in names_of(tree)
    }
    found = dimension_of(tree, dimensions, Problems(), place)
    kind = kinetics.needs[name].kind
    if found is None or bound_by(kind, found, given.bound):
        return
    notes = [f"{name}: {kinetics.needs[name].what}", f"given: {dimension_name(found)}"]
    notes.append(f"expected: {kind.in_words(given.bound)}")
    message = f"the argument {name!r} of {kinetics.id} is in the wrong kind of unit"
    desk.error(place, "units-differ", message, "", notes)


def units_of_quantities(
    desk: Desk, place: Place, number: int, written: WrittenUse, kinetics: Kinetics, given: Given
) -> dict[str, Unit]:
    """Return the unit of every quantity of a use: as written, that of an argument of its kind, or the usual one."""
    found: dict[str, Unit] = {}
    by_kind = {kinetics.needs[name].kind.text: u for name, u in reversed(given.units.items())}
    for name, quantity in kinetics.quantities.items():
        wanted = quantity.kind.dimension(settled(given.bound))
        if name in written.units:
            found[name] = written.units[name]
            if wanted is not None and quantity.kind.dimension(given.bound) is not None:
                desk.alike(found[name].dimension, wanted, "kinetics", number, "units", name)
        elif quantity.kind.text in by_kind:
            found[name] = by_kind[quantity.kind.text]
        elif wanted is None or (usual := usual_unit(wanted)) is None:
            notes = [f"write units: {{{name}: …}}"]
            message = f"the unit of {written.named.get(name, name)!r} follows from nothing"
            desk.error(place, "unit-needed", message, f"a quantity of {kinetics.id}", notes)
            found[name] = ONE
        else:
            found[name] = usual
    return found


def usual_unit(dimension: Dimension) -> Unit | None:
    """Return the coherent unit of a dimension, such as mg/L."""
    if dimension.is_dimensionless:
        return ONE
    try:
        return unit(coherent_unit_text(dimension))
    except TrialsimError:
        return None
