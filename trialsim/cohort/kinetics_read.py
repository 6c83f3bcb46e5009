"""A document of kinetics from its file: every fault with its place, or the equations as trees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trialsim.cohort.kinetics_model import Kinetics, KineticsDoor
from trialsim.cohort.reading import Desk
from trialsim.cohort.schema_kinetics import KINETICS
from trialsim.foundation.errors import Place, Problems
from trialsim.foundation.expression import Expr, Name, events_of, nodes, place_of
from trialsim.foundation.positions import node
from trialsim.foundation.sections import UNREADABLE, FormulaText, read

Part = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KineticsDocument:
    """Kinetics, their expressions as trees by path, and where everything stands in the file."""

    kinetics: Kinetics
    trees: dict[Part, Expr]
    places: dict[Part, Place]


def read_kinetics(path: Path) -> KineticsDocument:
    """Return the kinetics of a file; InvalidDocument with all faults, their places naming the file."""
    problems = Problems()
    places: dict[Part, Place] = {}
    written = read(node(path.read_bytes(), str(path)), KINETICS, problems, places)
    desk = Desk(problems, places, path.parent)
    trees = {} if written is UNREADABLE else checked_trees(desk, written)
    problems.raise_if_any()
    return KineticsDocument(kinetics=written, trees=trees, places=places)


def checked_trees(desk: Desk, written: Kinetics) -> dict[Part, Expr]:
    """Return every expression as a tree; names used twice or not declared are told."""
    known = (*written.needs, *written.names)
    for name in dict.fromkeys(name for name in known if known.count(name) > 1):
        section = "quantities" if name in written.quantities else "dynamics"
        desk.error(desk.key(section, name), "name-twice", f"the name {name!r} is declared twice")
    for name in written.adds:
        if name not in written.needs:
            desk.unknown(desk.key("adds", name), "argument", name, written.needs)
    trees: dict[Part, Expr] = {}
    for path, text in texts_of(written).items():
        tree = desk.tree(text, known)
        if tree is None:
            continue
        trees[path] = tree
        for part in nodes(tree):
            if isinstance(part, Name) and part.name not in known:
                desk.unknown(place_of(part, text.place), "name of this document", part.name, known)
        for event in sorted(events_of(tree) - {"randomised"}):
            desk.error(text.place, "unknown-event", f"there is no event {event!r}", "", ["events: randomised"])
    return trees


def texts_of(written: Kinetics) -> dict[Part, FormulaText]:
    """Return every expression of a document by its path."""
    texts: dict[Part, FormulaText] = {}
    for name, state in written.dynamics.items():
        texts["dynamics", name, "rate"] = state.rate
        if state.start is not None:
            texts["dynamics", name, "start"] = state.start
        texts |= door_texts(("dynamics", name), state.receives)
    for name, addition in written.adds.items():
        if addition.rate is not None:
            texts["adds", name, "rate"] = addition.rate
        texts |= door_texts(("adds", name), addition.receives)
    return texts | {("quantities", name, "is"): quantity.value for name, quantity in written.quantities.items()}


def door_texts(path: Part, doors: tuple[KineticsDoor, ...]) -> dict[Part, FormulaText]:
    texts: dict[Part, FormulaText] = {}
    for i, door in enumerate(doors):
        given: dict[tuple[str, ...], FormulaText | None] = {
            (part,): getattr(door, part) for part in ("lag", "bioavailability", "duration", "rate")
        }
        if door.transit is not None:
            given |= {("transit", part): getattr(door.transit, part) for part in ("number", "mean_time")}
        texts |= {(*path, "receives", i, *part): text for part, text in given.items() if text is not None}
    return texts
