"""A cohort document from its file: every fault with its place, or the cohort."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialsim.cohort.model import Cohort
from trialsim.cohort.reading import Desk
from trialsim.cohort.resolve import resolved
from trialsim.cohort.schema import COHORT
from trialsim.foundation.errors import Diagnostic, Place, Problems, TrialsimError
from trialsim.foundation.positions import Mapping, Node, Scalar, node
from trialsim.foundation.sections import UNREADABLE, read


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortDocument:
    """The document behind a cohort: its text, where everything stands in it, its plain data, warnings."""

    text: str
    places: dict[tuple[str | int, ...], Place]
    plain: Any
    warnings: tuple[Diagnostic, ...]


def read_cohort(path: Path) -> tuple[Cohort, CohortDocument]:
    """Return the cohort of a file and its document; InvalidDocument with all faults, their places naming the file."""
    try:
        raw = path.read_bytes()
    except OSError as fault:
        message = f"the file '{path}' cannot be read"
        raise TrialsimError("no-such-file", message, [fault.strerror or str(fault)]) from fault
    return cohort_of_text(raw, str(path), path.parent)


def cohort_of_text(text: str | bytes, file: str, folder: Path) -> tuple[Cohort, CohortDocument]:
    """Return the cohort a text says; `file` names it in messages, files it names are looked for in `folder`."""
    root = node(text, file)
    problems = Problems()
    places: dict[tuple[str | int, ...], Place] = {}
    written = read(root, COHORT, problems, places)
    cohort = None if written is UNREADABLE else resolved(Desk(problems, places, folder), written)
    problems.raise_if_any()
    assert cohort is not None  # a fault is told for whatever is missing
    decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    return cohort, CohortDocument(text=decoded, places=places, plain=plain(root), warnings=problems.warnings)


def plain(node: Node) -> Any:
    """Return a document as dicts, lists and texts."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Mapping):
        return {entry.key.text: plain(entry.value) for entry in node.entries}
    return [plain(item) for item in node.items]


def files_beside(cohort: Cohort) -> tuple[tuple[str, Path], ...]:
    """Return the files a cohort's document names, as written and where they were found: what goes with a copy of it."""
    found = []
    if cohort.covariates_from is not None:
        found.append((cohort.covariates_from.path, Path(cohort.covariates_from.absolute_path)))
    if cohort.fit is not None:
        found.append((cohort.fit.path, Path(cohort.fit.absolute_path)))
    return tuple(found)
