"""Kinetics by name, written out: the states and quantities of documents become a cohort's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from trialsim.cohort.kinetics_arguments import arguments, declared_units, units_of_quantities
from trialsim.cohort.kinetics_model import KineticsDoor
from trialsim.cohort.kinetics_read import KineticsDocument, Part, read_kinetics
from trialsim.cohort.model import Reference
from trialsim.cohort.names import RESERVED
from trialsim.cohort.reading import Desk
from trialsim.cohort.rules import SECTIONS
from trialsim.cohort.written import (
    WrittenCohort,
    WrittenInlet,
    WrittenQuantity,
    WrittenState,
    WrittenTransit,
    WrittenUse,
)
from trialsim.foundation.errors import InvalidDocument, Place, TrialsimError
from trialsim.foundation.expression import Expr, Name, names_of, parse, substitute, to_text
from trialsim.foundation.library import find, identifiers
from trialsim.foundation.nearest import nearest
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use in a cohort: where it stands, its document, what each name of the document is here."""

    number: int
    place: Place
    written: WrittenUse
    document: KineticsDocument

    @property
    def own_names(self) -> dict[str, str]:
        """Return the names that the document brings, as they are called here."""
        return {name: self.written.named.get(name, name) for name in self.document.kinetics.names}


def with_kinetics(desk: Desk, cohort: WrittenCohort) -> WrittenCohort | None:
    """Return the cohort with all kinetics written out; None, every fault told, if there is one."""
    if not cohort.kinetics:
        return cohort
    uses = [use for i, written in enumerate(cohort.kinetics) if (use := use_of(desk, i, written)) is not None]
    if len(uses) < len(cohort.kinetics):
        return None
    for use in uses:
        words_are_known(desk, use)
    names_are_free(desk, cohort, uses)
    if desk.problems.any_errors:
        return None
    units, new = declared_units(cohort), dict[str, WrittenQuantity]()
    declared = [name for section in SECTIONS for name in getattr(cohort, section)]
    declared += [name for use in uses for name in use.own_names.values()]
    for use in uses:
        given = arguments(desk, use.number, use.place, use.written, use.document, declared, units)
        if given is None:
            return None
        meaning: dict[str, Expr] = {**given.trees, **{n: Name(own) for n, own in use.own_names.items()}}
        found = units_of_quantities(desk, use.place, use.number, use.written, use.document.kinetics, given)
        units |= {use.own_names[name]: unit for name, unit in found.items()}
        cohort = with_use(desk, cohort, use, meaning)
        new |= quantities_of(desk, use, meaning, found)
    if desk.problems.any_errors:
        return None
    quantities = in_order(new, cohort.quantities, {*new, *cohort.quantities})
    return replace(cohort, kinetics=(), quantities=quantities)


def use_of(desk: Desk, number: int, written: WrittenUse) -> Use | None:
    """Return a use with its document, None if there is none of that name or it has faults."""
    place = desk.at("kinetics", number, "use")
    beside = desk.folder.resolve().parent
    known = identifiers("kinetics", beside)
    if written.use not in known:
        near = nearest(written.use, known)
        notes = [f"nearest name: {near}"] if near else []
        notes.append("docs/reference/kinetics.md lists those that come with trialsim")
        desk.error(place, "no-such-kinetics", f"there are no kinetics called {written.use!r}", "", notes)
        return None
    try:
        document = read_kinetics(find("kinetics", written.use, beside))
    except InvalidDocument as fault:
        desk.problems.add(*fault.diagnostics)
        return None
    except TrialsimError as fault:
        desk.error(place, fault.slug, fault.message, "", fault.notes)
        return None
    return Use(number=number, place=place, written=written, document=document)


def words_are_known(desk: Desk, use: Use) -> None:
    """Tell what a use names that its document does not have, and a drug that is missing or has no way in."""
    kinetics, written = use.document.kinetics, use.written
    for field, given, known, what in (
        ("with", written.arguments, tuple(kinetics.needs), "argument"),
        ("named", written.named, kinetics.names, "state or quantity"),
        ("units", written.units, kinetics.names, "state or quantity"),
        ("routes", written.routes, kinetics.routes, "route"),
    ):
        for name in given:
            if name not in known:
                desk.unknown(desk.key("kinetics", use.number, field, name), f"{what} of {kinetics.id}", name, known)
    if kinetics.routes and written.drug is None:
        notes = ["drug: which drug enters", f"routes: {', '.join(kinetics.routes)}"]
        desk.error(use.place, "missing-field", f"a use of {kinetics.id} needs the field 'drug'", "", notes)
    if written.drug is not None and not kinetics.routes:
        place = desk.key("kinetics", use.number, "drug")
        desk.error(place, "drug-not-taken", f"{kinetics.id} has no way in for a drug", "", ["leave 'drug' out"])


def names_are_free(desk: Desk, cohort: WrittenCohort, uses: Iterable[Use]) -> None:
    """Tell the names that a use brings and that stand for something else already."""
    first = {name: desk.key(section, name) for section in SECTIONS for name in getattr(cohort, section)}
    for use in uses:
        for name, own in use.own_names.items():
            notes = [f"give it another name here: named: {{{name}: …}}"]
            what = "a state" if name in use.document.kinetics.dynamics else "a quantity"
            label = f"{what} of {use.document.kinetics.id}"
            if own in RESERVED:
                message = f"{own!r} is a word of the language and no name here"
                desk.error(use.place, "reserved-name", message, label, notes)
            elif own in first:
                message = f"the name {own!r} is declared twice"
                desk.error(use.place, "name-twice", message, label, notes, [(first[own], "declared here")])
            first.setdefault(own, use.place)


def with_use(desk: Desk, cohort: WrittenCohort, use: Use, meaning: Mapping[str, Expr]) -> WrittenCohort:
    """Return the cohort with the states and references of one use."""
    kinetics, trees = use.document.kinetics, use.document.trees

    def text(*path: str | int) -> FormulaText | None:
        return written_out(trees[path], meaning, use.place) if path in trees else None

    states = dict(cohort.dynamics)
    for name, state in kinetics.dynamics.items():
        own, rate = use.own_names[name], text("dynamics", name, "rate")
        assert rate is not None
        receives = doors(use, ("dynamics", name), state.receives, meaning)
        states[own] = WrittenState(
            rate=rate, start=text("dynamics", name, "start"), receives=receives, unit=use.written.units.get(name)
        )
        remember(desk, use.place, "dynamics", own, 0, len(receives))
    for name, addition in kinetics.adds.items():
        target = meaning[name]
        if not isinstance(target, Name) or target.name not in states:
            message = f"the argument {name!r} of {kinetics.id} is the name of a state"
            place = desk.at("kinetics", use.number, "with", name) if name in use.written.arguments else use.place
            desk.error(place, "not-a-state", message, "", [f"states: {', '.join(states)}"])
            continue
        before, term = states[target.name], text("adds", name, "rate")
        more = doors(use, ("adds", name), addition.receives, meaning)
        rate = before.rate if term is None else FormulaText(f"{before.rate.text} + {term.text}", before.rate.place)
        states[target.name] = replace(before, rate=rate, receives=(*before.receives, *more))
        remember(desk, use.place, "dynamics", target.name, len(before.receives), len(more))
    references = with_references(cohort.references, kinetics.references, kinetics.id)
    return replace(cohort, dynamics=states, references=references)


def quantities_of(
    desk: Desk, use: Use, meaning: Mapping[str, Expr], units: Mapping[str, Unit]
) -> dict[str, WrittenQuantity]:
    """Return the quantities of one use."""
    made: dict[str, WrittenQuantity] = {}
    for name, quantity in use.document.kinetics.quantities.items():
        own = use.own_names[name]
        value = written_out(use.document.trees["quantities", name, "is"], meaning, use.place)
        made[own] = WrittenQuantity(value=value, unit=units[name], label=quantity.label)
        remember(desk, use.place, "quantities", own, 0, 0)
    return made


def written_out(tree: Expr, meaning: Mapping[str, Expr], place: Place) -> FormulaText:
    """Return an expression of a document in the names of the cohort, with the place of the use."""
    text = to_text(substitute(tree, meaning))
    while place.text_shift(text) is not None:
        text += " "  # a text as long as its place would be taken for what stands there
    return FormulaText(text, place)


def doors(use: Use, path: Part, given: Iterable[KineticsDoor], meaning: Mapping[str, Expr]) -> tuple[WrittenInlet, ...]:
    """Return the ways in of a use; terms that need an optional argument which is not given are left out."""
    made = []
    drug = use.written.drug
    assert drug is not None or not tuple(given)
    for i, door in enumerate(given):
        below = {
            part[len(path) + 2 :]: written_out(tree, meaning, use.place)
            for part, tree in use.document.trees.items()
            if part[: len(path) + 2] == (*path, "receives", i)
            and not names_of(tree) & (use.document.kinetics.needs.keys() - meaning.keys())
        }
        number, mean_time = below.get(("transit", "number")), below.get(("transit", "mean_time"))
        made.append(
            WrittenInlet(
                drug=drug or "",
                route=use.written.routes.get(door.route, door.route),
                lag=below.get(("lag",)),
                bioavailability=below.get(("bioavailability",)),
                duration=below.get(("duration",)),
                rate=below.get(("rate",)),
                transit=WrittenTransit(number=number, mean_time=mean_time) if number and mean_time else None,
            )
        )
    return tuple(made)


def remember(desk: Desk, place: Place, section: str, name: str, first: int, n_doors: int) -> None:
    """Let faults of what a use brings be told at the use."""
    if (section, name) not in desk.places:
        desk.places[section, name] = desk.places[section, name, "@key"] = place
    for i in range(first, first + n_doors):
        desk.places[section, name, "receives", i] = place


def in_order(
    new: Mapping[str, WrittenQuantity], old: Mapping[str, WrittenQuantity], everything: set[str]
) -> dict[str, WrittenQuantity]:
    """Return the quantities in an order in which each sees what it needs: new ones as early as they can stand."""
    made: dict[str, WrittenQuantity] = {}
    waiting = dict(new)
    for name in (*old, None):
        for other, quantity in list(waiting.items()):
            if name is None or needs_of(quantity.value, everything) <= made.keys():
                made[other] = waiting.pop(other)
        if name is not None:
            made[name] = old[name]
    return made


def needs_of(text: FormulaText, quantities: set[str]) -> frozenset[str]:
    """Return the quantities that an expression uses; an expression with a fault needs none, the fault is told later."""
    try:
        return names_of(parse(text.text, None, quantities)) & quantities
    except InvalidDocument:
        return frozenset()


def with_references(given: tuple[Reference, ...], more: Iterable[Reference], document: str) -> tuple[Reference, ...]:
    """Return the references with those of a document that are not among them yet."""
    cited = {reference.cite for reference in given}
    new = [reference for reference in more if reference.cite not in cited]
    words = [f"kinetics {document}: {r.used_for}" if r.used_for else f"kinetics {document}" for r in new]
    return (*given, *(replace(r, used_for=what) for r, what in zip(new, words, strict=True)))
