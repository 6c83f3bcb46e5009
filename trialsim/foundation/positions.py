"""YAML text to plain nodes, each with its place: no types, no code, no surprises; hostile documents are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import yaml

from trialsim.foundation.errors import MOST_SHOWN, InvalidDocument, Place, Problems
from trialsim.foundation.yaml_faults import retold

LARGEST_BYTES = 1_000_000
MOST_NODES = 50_000
MOST_ALIASES = 20
DEEPEST = 40

LINE_END = re.compile("\r\n|\n|\r")
# Control characters, other line breaks than \n and \r, and signs that turn the direction of writing (they make a
# line look like another one to its reviewer).
UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text as written; `quoted` tells "5" from 5."""

    text: str
    quoted: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: tuple[Entry, ...]
    place: Place

    def get(self, name: str) -> Node | None:
        """Return the value of a key, None if there is none."""
        return next((entry.value for entry in self.entries if entry.key.text == name), None)


Node = Scalar | Sequence | Mapping


@dataclass(slots=True)
class Open:
    """A collection whose end has not been read; in a mapping, `key` waits for its value."""

    event: Any
    anchor: str | None
    children: list[Node] = field(default_factory=list)
    key: Scalar | None = None
    entries: list[Entry] = field(default_factory=list)
    torn: bool = False
    size: int = 1
    height: int = 1

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.event, yaml.MappingStartEvent)

    @property
    def wants_key(self) -> bool:
        return self.is_mapping and self.key is None


class Refused(Exception):
    """Reading cannot go on; the fault is among the problems."""


def node(text: str | bytes, file: str) -> Node:
    """Return the one document in a YAML text; every fault found is in the InvalidDocument raised otherwise."""
    problems = Problems()
    try:
        return Reader(decoded(text, file, problems), file, problems).document()
    except Refused:
        raise InvalidDocument(problems.diagnostics) from None


def decoded(text: str | bytes, file: str, problems: Problems) -> str:
    """Return the text of a document, refused as a whole if it is too large or holds unwanted characters."""
    whole = (utf8_text(text, file, problems) if isinstance(text, bytes) else text).removeprefix("\ufeff")
    if len(whole) > LARGEST_BYTES or len(whole.encode("utf-8", "surrogatepass")) > LARGEST_BYTES:
        problems.error(Place(file, 1, 1, 2), "document-too-large", "a document is at most 1 MB of text")
        raise Refused
    for i_line, line in enumerate(LINE_END.split(whole), start=1):
        unwanted = UNWANTED.search(line)
        if unwanted is None and "\t" not in line:
            continue
        if unwanted:
            what = f"the character U+{ord(unwanted[0]):04X} is not allowed in a document"
            place = Place(file, i_line, unwanted.start() + 1, unwanted.end() + 1)
            problems.error(place, "control-character", what)
        if "\t" in line:
            column = line.index("\t") + 1
            problems.error(Place(file, i_line, column, column + 1), "tab", "a tab character", notes=["use spaces"])
        if len(problems.diagnostics) > MOST_SHOWN:
            break
    if problems.any_errors:
        raise Refused
    return whole


def utf8_text(raw: bytes, file: str, problems: Problems) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        before = raw[: fault.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        place = Place(file, before.count(b"\n") + 1, column, column + 1)
        problems.error(place, "not-utf-8", "this file is not written in UTF-8", notes=["save it as UTF-8"])
        raise Refused from None


class Reader:
    """Builds nodes from the stream of events, so that depth and size are known before anything is built."""

    def __init__(self, text: str, file: str, problems: Problems) -> None:
        self.text = text
        self.lines = LINE_END.split(text)
        self.file = file
        self.problems = problems
        self.open: list[Open] = []
        self.anchors: dict[str, tuple[Node, int, int]] = {}
        self.n_nodes = 0
        self.n_aliases = 0
        self.root: Node | None = None

    def document(self) -> Node:
        for event in self.events():
            self.take(event)
        if self.root is None or (isinstance(self.root, Scalar) and not self.root.text and not self.root.quoted):
            self.problems.error(Place(self.file, 1, 1, 2), "empty-document", "this document is empty")
            raise Refused
        if self.problems.any_errors:
            raise Refused
        return self.root

    def events(self) -> Iterator[Any]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(self.text)
        n_documents = 0
        try:
            while True:
                try:
                    event = loader.get_event()
                except yaml.YAMLError as fault:
                    self.problems.add(retold(fault, self.file, self.lines))
                    raise Refused from None
                if isinstance(event, yaml.StreamEndEvent):
                    return
                if isinstance(event, yaml.DocumentStartEvent):
                    n_documents += 1
                    self.check_document(event, n_documents)
                yield event
        finally:
            loader.dispose()

    def check_document(self, event: Any, n_documents: int) -> None:
        place = self.place(event.start_mark, event.end_mark)
        if n_documents > 1:
            self.refuse(place, "several-documents", "a second document begins here", ["one file holds one document"])
        if event.tags:
            self.problems.error(place, "tag", "a %TAG line has no meaning here", notes=["leave it out"])

    def refuse(self, place: Place, slug: str, message: str, notes: list[str]) -> None:
        self.problems.error(place, slug, message, notes=notes)
        raise Refused

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self.check_tag(event)
                self.put(self.scalar(event), event.anchor, 1, 1)
            case yaml.AliasEvent():
                self.alias(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self.begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.end(event)

    def place(self, start: Any, end: Any) -> Place:
        """Return a stretch of the line where it starts; a stretch of several lines ends with its first."""
        line, first = start.line, start.column
        if line >= len(self.lines):  # an empty value at the end of the text
            line = len(self.lines) - 1
            first = len(self.lines[line])
        last = end.column if end.line == start.line == line else len(self.lines[line])
        return Place(self.file, line + 1, first + 1, max(last, first + 1) + 1)

    def check_tag(self, event: Any) -> None:
        if event.tag is not None:
            place = self.place(event.start_mark, event.end_mark)
            name = event.tag if event.tag.isprintable() and len(event.tag) < 80 else "of this name"
            notes = ["documents hold no types and no code; text that begins with ! is quoted"]
            self.problems.error(place, "tag", f"the tag {name} is not allowed", notes=notes)

    def scalar(self, event: Any) -> Scalar:
        place = self.place(event.start_mark, event.end_mark)
        scalar = Scalar(event.value, event.style is not None and event.style != "", place)
        unwanted = UNWANTED.search(scalar.text)
        if unwanted:
            what = f"the character U+{ord(unwanted[0]):04X} is not allowed in a document"
            self.problems.error(place, "control-character", what)
        if self.open and self.open[-1].event.flow_style and not scalar.quoted:
            self.check_torn(scalar)
        return scalar

    def check_torn(self, scalar: Scalar) -> None:
        if scalar.text.count("(") <= scalar.text.count(")"):
            return
        self.open[-1].torn = True
        self.problems.error(
            scalar.place,
            "torn-expression",
            f"the expression that begins with {scalar.text[:40]!r} is torn apart at its comma",
            "inside { } and [ ] a comma ends a value",
            ['quote the expression, like "if(a, b, c)"'],
        )

    def check_torn_numbers(self, entries: list[Entry]) -> None:
        """Tell of `{typical: 38,000 mL}`, which YAML reads as two fields, the second `000 mL` without a value."""
        for before, entry in pairwise(entries):
            first, second = before.value, entry.value
            if not isinstance(first, Scalar) or not isinstance(second, Scalar) or first.quoted or second.quoted:
                continue
            if second.text or not re.fullmatch(r"(x )?[+-]?[0-9]+", first.text) or not entry.key.text[:1].isdigit():
                continue
            sign = "" if re.match(r"[0-9]{3}(?![0-9])", entry.key.text) else "."
            message = f"the number {f'{first.text},{entry.key.text}'[:40]!r} is torn apart at its comma"
            notes = [f"numbers have a decimal point and no separators: {f'{first.text}{sign}{entry.key.text}'[:40]}"]
            label = "inside { } and [ ] a comma ends a value"
            self.problems.error(first.place, "torn-number", message, label, notes)

    def alias(self, event: Any) -> None:
        place = self.place(event.start_mark, event.end_mark)
        self.n_aliases += 1
        if self.n_aliases > MOST_ALIASES:
            notes = ["say it again in full"]
            self.refuse(place, "too-many-aliases", f"more than {MOST_ALIASES} aliases (*name) in a document", notes)
        if event.anchor not in self.anchors:
            self.refuse(
                place,
                "unknown-alias",
                f"there is no anchor &{event.anchor} before this alias",
                [f'text that begins with * is quoted: "*{event.anchor}"'],
            )
        self.put(*self.anchors[event.anchor][:1], None, *self.anchors[event.anchor][1:], alias_place=place)

    def put(self, made: Node, anchor: str | None, size: int, height: int, alias_place: Place | None = None) -> None:
        """Place a finished node where it belongs: the root, an item, a key or a value."""
        place = alias_place or made.place
        self.n_nodes += size if alias_place else 1
        if self.n_nodes > MOST_NODES:
            self.refuse(place, "document-too-large", f"a document holds at most {MOST_NODES} values", [])
        if len(self.open) + height > DEEPEST:
            self.refuse(place, "too-deep", f"this is nested more than {DEEPEST} levels deep", [])
        if anchor is not None:
            self.anchors[anchor] = (made, size, height)
        if not self.open:
            self.root = made
            return
        top = self.open[-1]
        top.size += size
        top.height = max(top.height, height + 1)
        if not top.is_mapping:
            top.children.append(made)
        elif top.key is None:
            self.put_key(top, made, place)
        else:
            top.entries.append(Entry(top.key, made))
            top.key = None

    def put_key(self, top: Open, made: Node, place: Place) -> None:
        if not isinstance(made, Scalar):
            self.refuse(place, "key-not-text", "a key is plain text, no list and no mapping", [])
            return
        if made.text == "<<" and not made.quoted:
            notes = ["write the fields out, so that the document can be read line by line"]
            self.problems.error(place, "merge-key", "merging with << is not supported", notes=notes)
        top.key = Scalar(made.text, made.quoted, place)

    def begin(self, event: Any) -> None:
        self.check_tag(event)
        if len(self.open) >= DEEPEST:
            place = self.place(event.start_mark, event.start_mark)
            self.refuse(place, "too-deep", f"this is nested more than {DEEPEST} levels deep", [])
        if self.open and self.open[-1].wants_key:
            place = self.place(event.start_mark, event.start_mark)
            self.refuse(place, "key-not-text", "a key is plain text, no list and no mapping", [])
        self.open.append(Open(event, event.anchor))

    def end(self, event: Any) -> None:
        done = self.open.pop()
        if done.event.flow_style:
            place = self.place(done.event.start_mark, event.end_mark)
        elif done.is_mapping and done.entries:
            place = done.entries[0].key.place
        else:
            place = self.place(done.event.start_mark, done.event.start_mark)
        if done.is_mapping:
            if done.event.flow_style:
                self.check_torn_numbers(done.entries)
            if not done.torn:
                self.check_duplicates(done.entries)
            made: Node = Mapping(tuple(done.entries), place)
        else:
            made = Sequence(tuple(done.children), place)
        self.put(made, done.anchor, done.size, done.height)

    def check_duplicates(self, entries: list[Entry]) -> None:
        first: dict[str, Place] = {}
        for entry in entries:
            before = first.setdefault(entry.key.text, entry.key.place)
            if before is not entry.key.place:
                self.problems.error(
                    entry.key.place,
                    "duplicate-key",
                    f"the key {entry.key.text[:60]!r} is given twice",
                    "given again here",
                    also=[(before, "first given here")],
                )
