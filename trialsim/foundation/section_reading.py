"""From nodes to values: every fault gathered, every place remembered."""

from __future__ import annotations

from typing import Any

from trialsim.foundation.errors import Place, Problems, TrialsimError, UnreadableText
from trialsim.foundation.nearest import nearest
from trialsim.foundation.positions import Entry, Mapping, Node, Scalar, Sequence
from trialsim.foundation.section_kinds import (
    UNREADABLE,
    ByShape,
    Field,
    Kind,
    ListOf,
    MapOf,
    Name,
    NotYet,
    Number,
    Raw,
    Section,
    Text,
    described,
)
from trialsim.foundation.section_scalars import scalar_value
from trialsim.foundation.units import number_text

Path = tuple[str | int, ...]
SHAPES = {Scalar: "one value", Sequence: "a list", Mapping: "a mapping"}


def read(node: Node, kind: Kind, problems: Problems, places: dict[Path, Place], path: Path = ()) -> Any:
    """Return the value of a node, UNREADABLE if it or anything in it is at fault (the faults are in `problems`).

    `places` learns where every value stands (under its path) and where every key does (path + ("@key",)).
    """
    return Reading(problems, places).value(node, kind, path)


class Reading:
    def __init__(self, problems: Problems, places: dict[Path, Place]) -> None:
        self.problems = problems
        self.places = places

    def value(self, node: Node, kind: Kind, path: Path) -> Any:
        self.places[path] = node.place
        match kind:
            case Raw():
                return node
            case NotYet(what, instead):
                return self.not_yet(self.places.get((*path, "@key"), node.place), what, instead)
            case ByShape():
                return self.by_shape(node, kind, path)
            case Section():
                return self.section(node, kind, path)
            case MapOf():
                return self.map_of(node, kind, path)
            case ListOf():
                return self.list_of(node, kind, path)
        if not isinstance(node, Scalar):
            return self.wrong_shape(node, described(kind), path)
        try:
            if not node.text and not node.quoted:
                return self.empty(node, path, f"write {described(kind)}")
            made = scalar_value(node, kind)
            if isinstance(kind, Number) and kind.seldom_above is not None and made > kind.seldom_above:
                percent_meant(node.text, node.place, self.problems)
            return made
        except UnreadableText as fault:
            self.problems.add(fault.diagnostic(node.place, node.text))
            return UNREADABLE

    def not_yet(self, place: Place, what: str, instead: str) -> Any:
        self.problems.error(place, "not-yet", f"{what} is not supported by this version", notes=[instead])
        return UNREADABLE

    def by_shape(self, node: Node, kind: ByShape, path: Path) -> Any:
        chosen = {Scalar: kind.scalar, Mapping: kind.mapping, Sequence: kind.sequence}[type(node)]
        if chosen is None:
            return self.wrong_shape(node, described(kind), path)
        return self.value(node, chosen, path)

    def wrong_shape(self, node: Node, wanted: str, path: Path) -> Any:
        if isinstance(node, Scalar) and not node.text and not node.quoted:
            return self.empty(node, path, f"write {wanted}")
        given = SHAPES[type(node)]
        self.problems.error(
            node.place,
            "wrong-shape",
            f"{subject(path)} is {given} where something else is wanted",
            given,
            [f"expected: {wanted}"],
        )
        return UNREADABLE

    def empty(self, node: Scalar, path: Path, note: str) -> Any:
        place = self.places.get((*path, "@key"), node.place)
        self.problems.error(place, "missing-value", f"{subject(path)} has no value", notes=[note])
        return UNREADABLE

    def list_of(self, node: Node, kind: ListOf, path: Path) -> Any:
        if not isinstance(node, Sequence):
            if isinstance(node, Scalar) and not node.text and not node.quoted:
                return self.empty(node, path, "write [] for none")
            return self.wrong_shape(node, described(kind), path)
        values = [self.value(item, kind.kind, (*path, i)) for i, item in enumerate(node.items)]
        if not self.count_fits(node.place, path, len(values), kind.at_least, kind.at_most, "items"):
            return UNREADABLE
        return UNREADABLE if any(value is UNREADABLE for value in values) else tuple(values)

    def count_fits(self, place: Place, path: Path, count: int, least: int, most: int | None, things: str) -> bool:
        if least <= count and (most is None or count <= most):
            return True
        wanted = f"at least {least}" if count < least else f"at most {most}"
        message = f"{subject(path)} has {count} {things}, {wanted} {'is' if wanted.endswith(' 1') else 'are'} wanted"
        self.problems.error(place, "wrong-count", message)
        return False

    def map_of(self, node: Node, kind: MapOf, path: Path) -> Any:
        if not isinstance(node, Mapping):
            if isinstance(node, Scalar) and not node.text and not node.quoted:
                return self.empty(node, path, "write {} for none")
            return self.wrong_shape(node, described(kind), path)
        values = {}
        sound = self.count_fits(node.place, path, len(node.entries), kind.at_least, None, "entries")
        for entry in node.entries:
            name = entry.key.text
            self.places[(*path, name, "@key")] = entry.key.place
            sound &= self.key_fits(entry.key, kind.key, kind.reserved)
            values[name] = self.value(entry.value, kind.kind, (*path, name))
        return values if sound and not any(value is UNREADABLE for value in values.values()) else UNREADABLE

    def key_fits(self, key: Scalar, kind: Name | Text, reserved: tuple[str, ...]) -> bool:
        try:
            scalar_value(key, kind)
        except UnreadableText as fault:
            self.problems.add(fault.diagnostic(key.place, key.text))
            return False
        if key.text in reserved:
            self.problems.error(
                key.place,
                "reserved-name",
                f"{key.text!r} is a word of the language and no name here",
                notes=["choose another name"],
            )
            return False
        return True

    def section(self, node: Node, kind: Section, path: Path) -> Any:
        if not isinstance(node, Mapping):
            if isinstance(node, Scalar) and not node.text and not node.quoted:
                return self.empty(node, path, "write {} if it has no fields")
            return self.wrong_shape(node, f"{kind.name}, a mapping of fields" + example_of(kind), path)
        values = {}
        for entry in node.entries:
            name = entry.key.text
            self.places[(*path, name, "@key")] = entry.key.place
            if name in kind.fields:
                values[name] = self.value(entry.value, kind.fields[name].kind, (*path, name))
            else:
                self.unknown_field(entry, kind)
        sound = self.fields_complete(node, kind, path) and self.groups_fit(node, kind)
        if not sound or any(value is UNREADABLE for value in values.values()):
            return UNREADABLE
        everything = {name: values.get(name, field.default) for name, field in written(kind).items()}
        try:
            return kind.make(**everything)
        except TrialsimError as fault:
            self.problems.error(node.place, fault.slug, fault.message, notes=fault.notes)
            return UNREADABLE

    def unknown_field(self, entry: Entry, kind: Section) -> None:
        name, known = entry.key.text, tuple(written(kind))
        near = nearest(name, known)
        notes = [f"expected: {', '.join(known)}", *([f"nearest name: {near}"] if near else [])]
        shown = name if len(name) <= 60 else name[:59] + "…"
        self.problems.error(
            entry.key.place, "unknown-key", f"{kind.name} has no field {shown!r}", f"not a field of {kind.name}", notes
        )

    def fields_complete(self, node: Mapping, kind: Section, path: Path) -> bool:
        complete = True
        for name, field in kind.fields.items():
            if field.required and node.get(name) is None:
                place = self.places.get((*path, "@key"), node.place)
                notes = [f"{name}: {field.doc}", *([f"for example {name}: {field.example}"] if field.example else [])]
                self.problems.error(place, "missing-field", f"{kind.name} needs the field {name!r}", notes=notes)
                complete = False
        return complete

    def groups_fit(self, node: Mapping, kind: Section) -> bool:
        fit = True
        for group in (*kind.exactly_one, *kind.at_most_one):
            given = [entry.key for entry in node.entries if entry.key.text in group]
            needed = group in kind.exactly_one
            if len(given) == 1 or (not given and not needed):
                continue
            fit = False
            rule = f"{'exactly' if needed else 'at most'} one of {', '.join(group)}"
            if given:
                also = [(key.place, "given too") for key in given[:-1]]
                self.problems.error(given[-1].place, "one-of", f"{kind.name} has {rule}", "given here", also=also)
            elif all(entry.key.text in kind.fields for entry in node.entries):
                # Where a field is unknown, that is the slip, and it is told.
                self.problems.error(node.place, "one-of", f"{kind.name} has {rule}", notes=["none is given"])
        return fit


def example_of(kind: Section) -> str:
    """Return how a section may look, from the examples of what it needs; nothing if they do not make a whole."""
    fields = written(kind)
    needed = [name for name, field in fields.items() if field.required]
    some = needed or [name for name in fields if fields[name].example][:1]
    if not some or any(not fields[name].example for name in some):
        return ""
    return f", like {{{', '.join(f'{name}: {fields[name].example}' for name in some)}}}"


def percent_meant(text: str, place: Place, problems: Problems) -> None:
    """Warn of a large relative size that is written without %."""
    bare = text.strip()
    if not bare.endswith("%"):
        share = number_text(float(f"{float(bare) * 100:.12g}")) + "%"
        notes = [f"did you mean {bare}%? If not, write {share}"]
        problems.warning(place, "percent-missing", f"{bare} is {share}", "written without %", notes)


def written(kind: Section) -> dict[str, Field]:
    """Return the fields a document may have with this version."""
    return {name: field for name, field in kind.fields.items() if not isinstance(field.kind, NotYet)}


def subject(path: Path) -> str:
    """Return a value's name in a message: its key, or which item of which list it is."""
    if not path:
        return "the document"
    last = path[-1]
    return (
        repr(last) if isinstance(last, str) else f"item {last + 1}" + (f" of {subject(path[:-1])}" if path[:-1] else "")
    )
