"""Dynamics, quantities and measures: expressions to trees, units through the equations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trialsim.cohort.equations import CLOCKS, Names, Trees, all_trees, in_words, measures_as, sees_only
from trialsim.cohort.model import Covariate, Event, Measure, NamedQuantity, Parameter, State
from trialsim.cohort.reading import Desk
from trialsim.cohort.resolve_events import check_events, events_made
from trialsim.cohort.resolve_measures import measure
from trialsim.cohort.resolve_paths import INSTANT, check_path, of_paths, quantities_made, so_far
from trialsim.cohort.resolve_ways_in import check_doors, check_ways_in, inlet
from trialsim.cohort.state_units import AMOUNTS, state_units
from trialsim.cohort.written import WrittenCohort, WrittenInlet
from trialsim.foundation.dimensions import DIMENSIONLESS, TIME, Dimension
from trialsim.foundation.expression import Expr, depth_of, events_of, names_of, substitute, to_text
from trialsim.foundation.expression_parse import DEEPEST_TREE, LONGEST
from trialsim.foundation.units import ONE, Unit

BEGINS_WITH = "parameters, covariates, and quantities of these alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    states: tuple[State, ...]
    quantities: tuple[NamedQuantity, ...]
    events: tuple[Event, ...]
    measures: tuple[Measure, ...]


def course(
    desk: Desk, cohort: WrittenCohort, covariates: tuple[Covariate, ...], parameters: tuple[Parameter, ...]
) -> Course | None:
    """Return states, quantities and measures; None, every fault told, if there is one."""
    everything = {*cohort.covariates, *cohort.inputs, *cohort.parameters, *cohort.dynamics, *cohort.quantities}
    everything |= {*cohort.measures}
    trees = all_trees(desk, cohort, covariates, everything)
    if trees is None:
        return None
    individual = {c.name: c.unit for c in covariates} | {p.name: p.unit for p in parameters}
    quantities = {name: written.unit or ONE for name, written in cohort.quantities.items()}
    inputs = {name: written.default.unit for name, written in cohort.inputs.items()}
    states = state_units(cohort, trees, individual | inputs, quantities)
    of_a_path = of_paths(cohort, trees)
    reads = {name: written.value.text if written.value else name for name, written in cohort.measures.items()}
    names = Names(
        covariates, individual, inputs, states, quantities, frozenset(everything), of_a_path, so_far(cohort), reads
    )
    check_dynamics(desk, cohort, trees, names)
    check_quantities(desk, cohort, trees, names)
    settled = individual_quantities(cohort, trees, names, names.inputs)
    check_events(desk, cohort, trees, names, settled)
    measures = [measure(desk, name, cohort, trees, names, settled) for name in cohort.measures]
    for name, found in states.items():
        if found is None and not desk.problems.any_errors:
            notes = [f"write unit: {cohort_amount(parameters)} if that is what {name!r} holds"]
            desk.error(
                desk.key("dynamics", name), "unit-needed", f"the unit of {name!r} follows from nothing", "", notes
            )
    if desk.problems.any_errors:
        return None
    meaning = individual_quantities(cohort, trees, names)
    made = tuple(state(cohort, name, trees, states[name], meaning) for name in cohort.dynamics)
    check_doors(desk, made)
    return Course(
        states=made,
        quantities=quantities_made(cohort, trees, quantities),
        events=events_made(cohort, trees, settled),
        measures=tuple(each for each in measures if each is not None),
    )


def cohort_amount(parameters: Iterable[Parameter]) -> str:
    """Return an amount's unit to suggest: the one that goes with the parameters."""
    return "nmol" if any("mol" in p.unit.text for p in parameters) else "mg"


def check_dynamics(desk: Desk, cohort: WrittenCohort, trees: Trees, names: Names) -> None:
    """Tell every fault of rates, starts and ways in."""
    meaning = individual_quantities(cohort, trees, names)
    seen: dict[str, Dimension | None] = {name: u.dimension for name, u in names.individual.items()}
    seen |= {name: names.quantities[name].dimension for name in meaning}
    for name, written in cohort.dynamics.items():
        state = names.states[name]
        receives_amounts(desk, name, written.receives, state)
        rate = None if state is None else state.dimension / TIME
        tree, what = trees["dynamics", name, "rate"], f"the rate of {name!r}"
        if sees_only(desk, tree, names, (), names.of_paths, what, INSTANT):
            measures_as(desk, tree, names.dimensions(), rate, what, CLOCKS)
        start = trees.get(("dynamics", name, "start"))
        what = f"the start of {name!r}"
        if start is not None and sees_only(desk, start, names, seen, names.everything, what, BEGINS_WITH):
            wanted = None if state is None else state.dimension
            measures_as(desk, start, seen, wanted, what, ())
            if not can_be_written(substitute(start[0], meaning)):
                message = f"{what} is too large with its quantities written out"
                desk.error(start[1].place, "expression-too-large", message)
    check_ways_in(desk, cohort, trees, names)


def can_be_written(expr: Expr) -> bool:
    """Return whether an expression with its quantities written out is one that can be read again."""
    return depth_of(expr) <= DEEPEST_TREE and len(to_text(expr)) <= LONGEST


def individual_quantities(
    cohort: WrittenCohort, trees: Trees, names: Names, others: Iterable[str] = ()
) -> dict[str, Expr]:
    """Return the quantities of parameters, covariates and these others alone, each written out in them."""
    found: dict[str, Expr] = {}
    for name, written in cohort.quantities.items():
        tree = trees["quantities", name, written.kind][0]
        alone = names_of(tree) <= {*names.individual, *others, *found} and not events_of(tree)
        whole = substitute(tree, found)
        if written.kind == "is" and alone and can_be_written(whole):
            found[name] = whole
    return found


def receives_amounts(desk: Desk, name: str, receives: tuple[WrittenInlet, ...], state: Unit | None) -> None:
    """Tell if a state that receives a drug holds no amount of it; a plain number counts things, such as cells."""
    if receives and state is not None and state.dimension not in (*AMOUNTS, DIMENSIONLESS):
        remedy = "let it hold the amount, and divide by a volume in quantities"
        notes = [f"it holds: {in_words(state.dimension)}", remedy]
        message = f"{name!r} receives a drug and holds no amount"
        desk.error(desk.key("dynamics", name), "not-an-amount", message, "", notes)


def check_quantities(desk: Desk, cohort: WrittenCohort, trees: Trees, names: Names) -> None:
    """Tell every fault of quantities; each sees those before it."""
    before: list[str] = []
    for name in cohort.quantities:
        kind = cohort.quantities[name].kind
        tree = trees["quantities", name, kind]
        later = [n for n in cohort.quantities if n not in before and n != name]
        what = f"the quantity {name!r}"
        dimensions = names.dimensions(before)
        if not sees_only(desk, tree, names, dimensions, {*later, name}, what, "quantities declared before it"):
            pass
        elif kind != "is":
            check_path(desk, cohort, name, trees, dimensions, names)
        else:
            bare = cohort.quantities[name].unit is None
            doses = [state for state, held in cohort.dynamics.items() if held.receives]
            measures_as(desk, tree, dimensions, names.quantities[name].dimension, what, CLOCKS, bare, doses)
        before.append(name)


def state(cohort: WrittenCohort, name: str, trees: Trees, found: Unit | None, meaning: Mapping[str, Expr]) -> State:
    assert found is not None
    start = trees.get(("dynamics", name, "start"))
    return State(
        name=name, unit=found, start=substitute(start[0], meaning) if start else None,
        rate=trees["dynamics", name, "rate"][0],
        receives=tuple(inlet(written, trees, ("dynamics", name, "receives", i))
                       for i, written in enumerate(cohort.dynamics[name].receives)),
    )  # fmt: skip
