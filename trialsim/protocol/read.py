"""Reading a protocol: every fault of the document in one go, or the protocol with nothing implied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trialsim.cohort.model import Cohort
from trialsim.cohort.read import read_cohort
from trialsim.foundation.errors import Diagnostic, Place, Problems, TrialsimError
from trialsim.foundation.library import find
from trialsim.foundation.positions import Mapping as YamlMapping
from trialsim.foundation.positions import Node, Scalar, node
from trialsim.foundation.sections import UNREADABLE, read
from trialsim.protocol.designs import made_designs
from trialsim.protocol.draft import Draft
from trialsim.protocol.model import Protocol
from trialsim.protocol.resolve import resolved
from trialsim.protocol.rules import check_rules
from trialsim.protocol.schema import PROTOCOL, written_protocol
from trialsim.protocol.schema_campaign import SCENARIO
from trialsim.protocol.write import protocol_digest
from trialsim.protocol.written import Written

Places = Mapping[tuple[str | int, ...], Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolDocument:
    """The document a protocol was read from: its text, where everything stands, what deserves a warning."""

    path: str
    text: str
    places: Places
    cohort_path: str
    warnings: tuple[Diagnostic, ...]


def read_protocol(path: Path, library: Path | None = None) -> tuple[Protocol, ProtocolDocument]:
    """Return the protocol in a file, its cohort found by name; InvalidDocument holds every fault it has.

    Faults of the cohort's document are faults of that file, and come alone.
    """
    content = path.read_bytes()
    root = node(content, str(path))
    problems = Problems()
    cohort, cohort_path = None, ""
    try:
        cohort_path = str(cohort_file(path, cohort_name(root), library)) if cohort_name(root) else ""
    except TrialsimError as fault:
        problems.error(cohort_place(root), fault.slug, fault.message, notes=fault.notes)
    if cohort_path:
        cohort = read_cohort(Path(cohort_path))[0]
    protocol, places, warnings = checked(root, cohort, problems)
    text = content.decode("utf-8")
    document = ProtocolDocument(path=str(path), text=text, places=places, cohort_path=cohort_path, warnings=warnings)
    return protocol, document


def cohort_file(protocol: Path, name: str, library: Path | None) -> Path:
    """Return the file of a protocol's cohort: the `cohort.yaml` beside it, as in a run folder, if it is that cohort."""
    beside = protocol.with_name("cohort.yaml")
    if beside.is_file() and f"\nid: {name}\n" in beside.read_text(encoding="utf-8", errors="replace"):
        return beside
    return find("cohorts", name, library)


def protocol_from(text: str, cohort: Cohort, file: str = "<protocol>") -> Protocol:
    """Return the protocol a text says, about a cohort at hand; InvalidDocument holds every fault it has."""
    return checked(node(text, file), cohort, Problems())[0]


def checked(root: Node, cohort: Cohort | None, problems: Problems) -> tuple[Protocol, Places, tuple[Diagnostic, ...]]:
    """Return the protocol of a document, where everything stands, and the warnings about it."""
    places: dict[tuple[str | int, ...], Place] = {}
    written = written_from(root, problems, places)
    if cohort is None:
        problems.raise_if_any()
        raise AssertionError("a readable protocol names its cohort")
    draft = Draft(written=written, places=places, problems=problems, cohort=cohort)
    check_rules(draft)
    problems.raise_if_any()
    protocol = resolved(draft)
    made = made_designs(protocol, draft, lambda text: protocol_from(text, cohort))
    protocol = replace(protocol, digest=protocol_digest(protocol))
    own = tuple(
        replace(design, protocol=replace(design.protocol, digest=protocol_digest(design.protocol), designs=()))
        for design in made
    )
    return replace(protocol, designs=own), places, problems.warnings


def written_from(root: Node, problems: Problems, places: dict[tuple[str | int, ...], Place]) -> Written:
    """Return what the document says; of a faulty one, the sections that can be read."""
    root = without_design_in_scenarios(root, problems)
    whole = read(root, PROTOCOL, problems, places)
    if whole is not UNREADABLE:
        assert isinstance(whole, Written)
        return whole
    values: dict[str, Any] = {name: UNREADABLE for name in PROTOCOL.fields if name != "language"}
    for name, field in PROTOCOL.fields.items():
        if not field.required and name in values:
            values[name] = field.default
    for entry in root.entries if isinstance(root, YamlMapping) else ():
        if entry.key.text in values:
            field = PROTOCOL.fields[entry.key.text]
            values[entry.key.text] = read(entry.value, field.kind, Problems(), {}, (entry.key.text,))
    sound = {name: value for name, value in values.items() if value is not UNREADABLE and name in WRITTEN}
    return replace(written_protocol(**sound), unreadable=frozenset(values.keys() - sound.keys()))


WRITTEN = frozenset(Written.__dataclass_fields__)


def without_design_in_scenarios(root: Node, problems: Problems) -> Node:
    """Return the document without what scenarios say about design; each is a fault told by its own name."""
    scenarios = root.get("scenarios") if isinstance(root, YamlMapping) else None
    if not isinstance(root, YamlMapping) or not isinstance(scenarios, YamlMapping):
        return root
    entries = []
    for entry in scenarios.entries:
        scenario = entry.value
        if isinstance(scenario, YamlMapping):
            design = [
                e for e in scenario.entries if e.key.text in PROTOCOL.fields and e.key.text not in SCENARIO.fields
            ]
            for each in design:
                name = each.key.text
                message = f"a scenario cannot change '{name}': it is design"
                notes = ["scenarios are truths to try the design against", "several designs are tried with vary"]
                problems.error(each.key.place, "scenario-touches-design", message, notes=notes)
            kept = tuple(e for e in scenario.entries if e not in design)
            entry = replace(entry, value=replace(scenario, entries=kept))
        entries.append(entry)
    changed = replace(scenarios, entries=tuple(entries))
    own = tuple(replace(e, value=changed) if e.value is scenarios else e for e in root.entries)
    return replace(root, entries=own)


def cohort_name(root: Node) -> str:
    """Return the name of the cohort a document asks for, empty if it names none."""
    patients = root.get("patients") if isinstance(root, YamlMapping) else None
    cohort = patients.get("cohort") if isinstance(patients, YamlMapping) else None
    return cohort.text if isinstance(cohort, Scalar) else ""


def cohort_place(root: Node) -> Place:
    patients = root.get("patients") if isinstance(root, YamlMapping) else None
    cohort = patients.get("cohort") if isinstance(patients, YamlMapping) else None
    return cohort.place if cohort else root.place
