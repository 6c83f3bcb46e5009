"""Documents: reading, checking, explaining, handing out copies."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trialsim.foundation.errors import Diagnostic, TrialsimError
from trialsim.foundation.library import find, identifiers, looks_like_a_path, shipped
from trialsim.foundation.nearest import nearest

if TYPE_CHECKING:
    from trialsim.cohort.model import Cohort
    from trialsim.foundation.slugs import Explanation
    from trialsim.protocol.model import Protocol

DocumentKind = Literal["protocol", "cohort"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDocument:
    """A valid document: what it is, its warnings, its resolved text with nothing implied, how it will run."""

    kind: DocumentKind
    id: str
    digest: str
    warnings: tuple[Diagnostic, ...]
    resolved: str
    notes: tuple[str, ...]


def load_cohort(name_or_path: str | Path, library: Path | None = None) -> Cohort:
    """Return the population model of that name or path; raises InvalidDocument with every fault it has."""
    from trialsim.cohort.read import read_cohort

    return read_cohort(find("cohorts", name_or_path, library))[0]


def load_protocol(name_or_path: str | Path, library: Path | None = None) -> Protocol:
    """Return the trial of that name or path; raises InvalidDocument with every fault it has."""
    from trialsim.protocol.read import read_protocol

    return read_protocol(find("protocols", name_or_path, library), library)[0]


def check_document(name_or_path: str | Path, library: Path | None = None) -> CheckedDocument:
    """Return what a valid document says with nothing implied; raises InvalidDocument with every fault it has."""
    path = document_path(name_or_path, library)
    if document_kind(path) == "cohort":
        return _checked_cohort(path)
    return _checked_protocol(path, library)


def document_path(name_or_path: str | Path, library: Path | None = None) -> Path:
    """Return the file that a path, or the name of a protocol or a cohort, means."""
    name = str(name_or_path)
    for kind in ("protocols", "cohorts"):
        if name in identifiers(kind, library):  # type: ignore[arg-type]
            return find(kind, name, library)  # type: ignore[arg-type]
    if looks_like_a_path(name):
        return find("protocols", name_or_path, library)
    known = [*identifiers("protocols", library), *identifiers("cohorts", library)]
    close = nearest(name, known)
    notes = [f"nearest name: {close}" if close else f"there are: {', '.join(known)}"]
    raise TrialsimError("no-such-document", f"no protocol and no cohort is called '{name}'", notes)


def document_kind(path: Path) -> DocumentKind:
    """Return which of the two documents a file is, by its word `language`; a protocol if it does not say."""
    from trialsim.foundation.positions import Mapping as YamlMapping
    from trialsim.foundation.positions import Scalar, node

    root = node(path.read_bytes(), str(path))
    language = root.get("language") if isinstance(root, YamlMapping) else None
    is_cohort = isinstance(language, Scalar) and language.text.startswith("cohort")
    return "cohort" if is_cohort else "protocol"


def explanations() -> Mapping[str, Explanation]:
    """Return every error's explanation by its slug; one that two kinds of document share says both."""
    from trialsim.api.slugs import SLUGS as API
    from trialsim.campaign.slugs import SLUGS as CAMPAIGN
    from trialsim.cohort.slugs import SLUGS as COHORT
    from trialsim.cohort.slugs_events import SLUGS as RECORDS
    from trialsim.cohort.slugs_fit import SLUGS as FIT
    from trialsim.cohort.slugs_sbml import SLUGS as SBML
    from trialsim.dynamics.slugs import SLUGS as DYNAMICS
    from trialsim.foundation.slugs import SLUGS as LANGUAGE
    from trialsim.protocol.slugs import SLUGS as PROTOCOL
    from trialsim.store.slugs import SLUGS as STORE
    from trialsim.trial.slugs import SLUGS as TRIAL

    known: dict[str, Explanation] = {}
    for slugs in (LANGUAGE, COHORT, FIT, RECORDS, SBML, DYNAMICS, PROTOCOL, TRIAL, STORE, CAMPAIGN, API):
        for slug, explanation in slugs.items():
            known[slug] = _both(known[slug], explanation) if slug in known else explanation
    return known


def _both(first: Explanation, second: Explanation) -> Explanation:
    return replace(
        second,
        meaning=f"{first.meaning} {second.meaning}",
        wrong_example=f"{first.wrong_example}\n{second.wrong_example}",
        remedy=f"{first.remedy} {second.remedy}",
    )


def document_schema(kind: DocumentKind | Literal["kinetics"]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a document."""
    from trialsim.cohort.schema import cohort_schema
    from trialsim.cohort.schema_kinetics import kinetics_schema
    from trialsim.protocol.schema import protocol_schema

    return {"cohort": cohort_schema, "protocol": protocol_schema, "kinetics": kinetics_schema}[kind]()


def reference_page(kind: DocumentKind | Literal["kinetics"]) -> str:
    """Return the reference of a document's sections and fields as Markdown, from the reader's own source."""
    from trialsim.cohort.kinetics_reference import kinetics_page
    from trialsim.cohort.schema import COHORT
    from trialsim.foundation.sections import reference_markdown
    from trialsim.protocol.schema import PROTOCOL

    if kind == "kinetics":
        return kinetics_page()
    origin = "Written by `trialsim schema --write docs/reference` from what the reader reads by."
    return f"# The {kind} document\n\n{origin}\n\n" + reference_markdown(COHORT if kind == "cohort" else PROTOCOL)


def library_entries() -> list[tuple[str, ...]]:
    """Return (kind, id, title) of every shipped protocol and cohort."""
    entries: list[tuple[str, ...]] = []
    for kind in ("protocols", "cohorts"):
        folder = shipped(kind)  # type: ignore[arg-type]
        for path in sorted(folder.rglob("*.yaml")):
            lines = path.read_text("utf-8").splitlines()
            titles = [line.removeprefix("title:").strip() for line in lines if line.startswith("title:")]
            entries.append((kind.removesuffix("s"), path.stem, *titles[:1]))
    return entries


def kinetics_entries() -> list[tuple[str, str, str]]:
    """Return the named kinetics that cohorts can pull in, as ("kinetics", name, title)."""
    from trialsim.cohort.kinetics_read import read_kinetics
    from trialsim.foundation.library import documents

    read = (read_kinetics(path).kinetics for path in documents(shipped("kinetics")))
    return [("kinetics", kinetics.id, kinetics.title) for kinetics in read]


def copy_from_library(name: str, to: Path, force: bool = False) -> list[Path]:
    """Copy a shipped protocol (with its cohort) or a cohort, with the data it names, below `to`; return the copies."""
    from trialsim.cohort.read import read_cohort
    from trialsim.protocol.read import read_protocol

    sources: list[tuple[Path, Path]] = []  # file, where it goes below `to`
    if name in identifiers("protocols"):
        path = find("protocols", name)
        sources.append((path, Path("protocols") / path.name))
        cohort_path = find("cohorts", read_protocol(path)[0].patients.cohort)
    else:
        cohort_path = find("cohorts", name)
    cohort = read_cohort(cohort_path)[0]
    sources.append((cohort_path, Path("cohorts") / cohort_path.name))
    for data in (cohort.fit, cohort.covariates_from):
        if data is not None:
            sources.append((Path(data.absolute_path), Path("cohorts") / data.path))
    present = [to / place for _, place in sources if (to / place).exists()]
    if present and not force:
        raise TrialsimError("file-exists", f"'{present[0]}' is there already", ["--force replaces it"], exit_code=2)
    for source, place in sources:
        (to / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, to / place)
    return [to / place for _, place in sources]


def _checked_cohort(path: Path) -> CheckedDocument:
    from trialsim.cohort.read import read_cohort
    from trialsim.cohort.write import cohort_text

    cohort, document = read_cohort(path)
    return CheckedDocument(
        kind="cohort",
        id=cohort.id,
        digest=cohort.digest,
        warnings=document.warnings,
        resolved=cohort_text(cohort),
        notes=tuple(_dynamics_notes(cohort)),
    )


def _checked_protocol(path: Path, library: Path | None) -> CheckedDocument:
    from trialsim.protocol.read import read_protocol
    from trialsim.protocol.write import protocol_text

    protocol, document = read_protocol(path, library)
    cohort = load_cohort(protocol.patients.cohort, library)
    events = [(event.name, event.hazard) for event in protocol.conduct.intercurrent_events]
    asked = {event for rule in protocol.rules for event in rule.events}
    return CheckedDocument(
        kind="protocol",
        id=protocol.id,
        digest=protocol.digest,
        warnings=document.warnings,
        resolved=protocol_text(protocol),
        notes=tuple(_dynamics_notes(cohort, tuple(events), protocol.simulate.solver or "by pilot", asked)),
    )


def _dynamics_notes(
    cohort: Cohort, hazards: tuple[tuple[str, Any], ...] = (), solver: str | None = None, asked: Collection[str] = ()
) -> list[str]:
    from trialsim.cohort.closed_events import closed_events
    from trialsim.cohort.course_model import course_model
    from trialsim.dynamics.system import tier_of

    closed = [event.name for event in closed_events(cohort, asked)]
    measures = tuple(measure.name for measure in cohort.measures)
    tier, why = tier_of(course_model(cohort, hazards, measures, 0.0, events=True, outside=closed))
    notes = [f"dynamics of {cohort.id}: {why}"]
    if closed:
        notes.append(f"events of {cohort.id} in closed form: {', '.join(closed)}")
    if tier == "adaptive" and solver == "by pilot":
        notes.append("solver: explicit or stiff, chosen by counted work on 64 pilot patients when the run begins")
    elif tier == "adaptive" and solver is not None:
        notes.append(f"solver: {solver}, as the protocol says")
    return notes
