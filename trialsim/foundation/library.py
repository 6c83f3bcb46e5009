"""Where protocols, cohorts, kinetics and report templates are found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.nearest import nearest

Kind = Literal["protocols", "cohorts", "kinetics", "reports"]

SUFFIX = ".yaml"
PACKAGE = Path(__file__).resolve().parents[1]


def find(kind: Kind, name_or_path: str | Path, library: Path | None = None) -> Path:
    """Return the file that a name or a path means.

    What looks like a path (has a directory or a suffix `.yaml`) is that file. A name is a file's name without its
    suffix, looked for in `library`, then below the current directory, then in what is shipped; the first that has it
    wins. Two files of one name in one place are refused.
    """
    name = str(name_or_path)
    if isinstance(name_or_path, Path) or looks_like_a_path(name):
        return existing(kind, Path(name_or_path))
    for root in roots(kind, library):
        found = [path for path in documents(root) if path.stem == name]
        if len(found) > 1:
            listed = ", ".join(str(path) for path in found)
            raise TrialsimError(
                "two-documents", f"{len(found)} {kind} are called '{name}'", (f"they are: {listed}", "give a path")
            )
        if found:
            return found[0]
    raise not_found(kind, name, library)


def identifiers(kind: Kind, library: Path | None = None) -> dict[str, Path]:
    """Return every name that `find` would find, in alphabetical order, each with the file it stands for."""
    found: dict[str, Path] = {}
    for root in roots(kind, library):
        for path in documents(root):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def roots(kind: Kind, library: Path | None) -> tuple[Path, ...]:
    """Return the directories where names are looked up, nearest first."""
    named = () if library is None else (library / kind,)
    return (*named, Path(kind), shipped(kind))


def shipped(kind: Kind, package: Path = PACKAGE) -> Path:
    """Return the directory of the content that comes with trialsim.

    A wheel carries it inside the package; an editable install has none there and uses the checkout's own folders.
    """
    inside = package / "_library" / kind
    return inside if inside.is_dir() else package.parent / kind


def documents(root: Path) -> Iterator[Path]:
    """Return the documents below a directory, hidden files and folders left out, in a fixed order."""
    for path in sorted(root.rglob(f"*{SUFFIX}")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts):
            yield path


def looks_like_a_path(name: str) -> bool:
    return "/" in name or "\\" in name or name.endswith((SUFFIX, ".yml"))


def existing(kind: Kind, path: Path) -> Path:
    if path.is_file():
        return path
    what = "is a directory" if path.is_dir() else "does not exist"
    raise TrialsimError("no-such-file", f"the file '{path}' {what}", (f"a name without '/' is looked up in {kind}/",))


def not_found(kind: Kind, name: str, library: Path | None) -> TrialsimError:
    known = identifiers(kind, library)
    close = nearest(name, known)
    places = ["the library given"] * (library is not None) + [f"./{kind}", "what is shipped with trialsim"]
    notes = [f"looked in: {', '.join(places)}"]
    notes += [f"nearest name: {close}"] if close else [f"there are: {', '.join(known)}" if known else "all are empty"]
    return TrialsimError("no-such-document", f"no {kind.removesuffix('s')} is called '{name}'", notes)
