"""Events: hazards, laws of time and conditions, what they may see, what they come out as."""

from __future__ import annotations

from collections.abc import Mapping

from trialsim.cohort.equations import CLOCKS, Names, Trees, literal, measures_as, sees_only
from trialsim.cohort.model import Event, Law, Steps
from trialsim.cohort.reading import Desk
from trialsim.cohort.resolve_paths import INSTANT, check_when
from trialsim.cohort.written import WrittenCohort, WrittenEvent
from trialsim.foundation.dimensions import DIMENSIONLESS, TIME, Dimension
from trialsim.foundation.expression import Call, Expr, Name, names_of, nodes, place_of, substitute, to_text
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Unit, moment

Tree = tuple[Expr, FormulaText]
RATE = DIMENSIONLESS / TIME
TERMS = {"shape": DIMENSIONLESS, "sd_log": DIMENSIONLESS, "skew": DIMENSIONLESS, "scale": TIME,
         "median": TIME, "initial": RATE, "growth": RATE}  # fmt: skip
SETTLED = "parameters, covariates, inputs, and quantities of these alone"


def check_events(desk: Desk, cohort: WrittenCohort, trees: Trees, names: Names, meaning: Mapping[str, Expr]) -> None:
    """Tell every fault of events; `meaning` are the quantities of parameters, covariates and inputs alone."""
    for name, written in cohort.events.items():
        if written.when is not None:
            check_when(desk, trees["events", name, "when"], names, f"the condition of {name!r}")
        for tree in parts(trees, name, "hazard"):
            check_hazard(desk, tree, names, f"the hazard of {name!r}", cohort.time)
        for term in written.terms:
            tree, what = trees["events", name, str(written.law), term], f"{term!r} of {name!r}"
            if sees_what_is_settled(desk, tree, cohort, names, meaning, what):
                check_term(desk, tree, names, term, what, cohort.time)
        for tree in parts(trees, name, "times"):
            what = f"the factor of {name!r}"
            if not written.terms or sees_what_is_settled(desk, tree, cohort, names, meaning, what):
                check_factor(desk, tree, names, what, cohort.time)


def parts(trees: Trees, name: str, part: str) -> list[Tree]:
    """Return the expressions of a hazard or of its factor: one, or one a step."""
    return [tree for path, tree in trees.items() if path[:3] == ("events", name, part)]


def check_hazard(desk: Desk, tree: Tree, names: Names, what: str, time: Unit) -> None:
    if not sees_only(desk, tree, names, (), names.of_paths, what, INSTANT):
        return
    found = measures_as(desk, tree, names.dimensions(), RATE, what, CLOCKS)
    value = literal(tree[0], None, time) if found == RATE else None
    if value is not None and value < 0.0:
        desk.error(tree[1].place, "out-of-range", "a hazard is not negative")


def check_factor(desk: Desk, tree: Tree, names: Names, what: str, time: Unit) -> None:
    if not sees_only(desk, tree, names, (), names.of_paths, what, INSTANT):
        return
    found = measures_as(desk, tree, names.dimensions(), DIMENSIONLESS, what, CLOCKS)
    value = literal(tree[0], None, time) if found == DIMENSIONLESS else None
    if value is not None and value < 0.0:
        desk.error(tree[1].place, "out-of-range", "a hazard is not negative")


def check_term(desk: Desk, tree: Tree, names: Names, term: str, what: str, time: Unit) -> None:
    found = measures_as(desk, tree, names.dimensions(), TERMS[term], what, ())
    value = literal(tree[0], None, time) if found == TERMS[term] else None
    if value is None or term in ("growth", "skew"):
        return
    if value < 0.0 or (value == 0.0 and term != "initial"):
        message = f"{what} is {'not negative' if term == 'initial' else 'positive'}"
        desk.error(tree[1].place, "out-of-range", message)


def sees_what_is_settled(
    desk: Desk, tree: Tree, cohort: WrittenCohort, names: Names, meaning: Mapping[str, Expr], what: str
) -> bool:
    """Return whether an expression sees only what is the same throughout a course, or set in steps by an arm."""
    seen: dict[str, Dimension | None] = {name: u.dimension for name, u in {**names.individual, **names.inputs}.items()}
    seen |= {name: names.quantities[name].dimension for name in meaning}
    if not sees_only(desk, tree, names, seen, names.everything, what, SETTLED):
        return False
    moving = changing(cohort)
    for node in nodes(tree[0]):
        if isinstance(node, Call) and node.function in ("since", "happened"):
            notes = [f"it sees {SETTLED}", "what changes in time is written in steps: {day 0: …, month 6: …}"]
            desk.error(place_of(node, tree[1].place), "not-visible", f"{what} cannot see {to_text(node)}", "", notes)
            return False
        if isinstance(node, Name) and names_of(meaning.get(node.name, node)) & moving:
            message = f"{what} sees {node.name!r}, which changes within a course: not supported by this version"
            notes = ["write it as hazard: …, an expression that is followed through the course"]
            desk.error(place_of(node, tree[1].place), "not-yet", message, "", notes)
            return False
    return True


def changing(cohort: WrittenCohort) -> set[str]:
    """Return the covariates and parameters that change within a course."""
    moving = {name for name, written in cohort.covariates.items() if written.over_time is not None}
    return moving | {
        name
        for name, written in cohort.parameters.items()
        if written.between_occasions is not None or moving & set(written.effects)
    }


def events_made(cohort: WrittenCohort, trees: Trees, meaning: Mapping[str, Expr]) -> tuple[Event, ...]:
    """Return the events as they run."""
    return tuple(event(name, written, trees, meaning) for name, written in cohort.events.items())


def event(name: str, written: WrittenEvent, trees: Trees, meaning: Mapping[str, Expr]) -> Event:
    when = trees.get(("events", name, "when"))
    hazard = trees.get(("events", name, "hazard"))
    terms = tuple(
        (term, substitute(trees["events", name, str(written.law), term][0], meaning)) for term in written.terms
    )
    times = in_steps(name, "times", written.times, trees)
    if terms:
        times = tuple((day, substitute(factor, meaning)) for day, factor in times)
    return Event(
        name=name,
        hazard=hazard[0] if hazard else None,
        when=when[0] if when else None,
        steps=() if hazard else in_steps(name, "hazard", written.hazard, trees),
        law=None if written.law is None else Law(kind=written.law, terms=terms),
        times=times,
        recurrent=written.recurrent,
        terminal=written.terminal,
        label=written.label,
    )


def in_steps(
    name: str, part: str, written: FormulaText | Mapping[str, FormulaText] | None, trees: Trees
) -> Steps:
    """Return an expression, or several from points in time on, as steps."""
    if written is None:
        return ()
    if isinstance(written, FormulaText):
        return ((0.0, trees["events", name, part][0]),)
    return tuple((moment(point), trees["events", name, part, point][0]) for point in written)
