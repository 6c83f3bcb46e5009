"""The manifest: what ran, on what, from what, and the digest of every table; what may differ is kept apart."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.version import VERSION
from trialsim.store.folder import markers
from trialsim.store.layout import Key, Layout
from trialsim.store.marker import PartFile
from trialsim.store.write import write_data

SOFTWARE = ("numpy", "numba", "pyarrow")
WRITTEN_ONCE = ("protocol.yaml", "cohort.yaml", "plan.json", "tables/data_dictionary.json",
                "tables/summary.parquet", "tables/contrasts.parquet")  # fmt: skip


def software_versions(further: Iterable[str] = ()) -> dict[str, str]:
    """Return the versions of everything a table depends on; `further` names packages used besides (pymc)."""
    versions = {"trialsim": VERSION, "python": platform.python_version()}
    for name in (*SOFTWARE, *further):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def file_digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def table_digests(files: Iterable[PartFile]) -> dict[str, dict[str, Any]]:
    """Return a digest a table, from the paths and digests of its parts; rows, bytes and parts besides."""
    by_table: dict[str, list[PartFile]] = {}
    for file in sorted(files, key=lambda file: file.path):
        by_table.setdefault(file.table, []).append(file)
    return {
        table: {
            "sha256": file_digest("".join(f"{part.sha256}  {part.path}\n" for part in parts).encode()),
            "rows": sum(part.rows for part in parts),
            "bytes": sum(part.size for part in parts),
            "parts": len(parts),
        }
        for table, parts in sorted(by_table.items())
    }


def stored_parts(layout: Layout, keys: Iterable[Key]) -> list[PartFile]:
    """Return every file of every whole part."""
    return [file for key in keys for marker in markers(layout, key).values() for file in marker.files]


def write_manifest(
    layout: Layout,
    keys: Iterable[Key],
    plan: Mapping[str, Any],
    *,
    command: str,
    versions: Mapping[str, str],
    dynamics: Iterable[Mapping[str, Any]] = (),
    varies: Mapping[str, Any],
    copies: Iterable[str] = (),
) -> dict[str, Any]:
    """Write and return the manifest; `varies` holds what may differ between two runs of the same (times, host).

    `dynamics` says of every cell how its courses were computed.
    """
    once = [name for name in (*WRITTEN_ONCE, *copies) if (layout.root / name).is_file()]
    manifest = {
        "command": command,
        "versions": dict(versions),
        "platform": {"system": platform.system(), "machine": platform.machine()},
        "plan": dict(plan),
        "dynamics": [dict(cell) for cell in dynamics],
        "tables": table_digests(stored_parts(layout, keys)),
        "files": {name: file_digest((layout.root / name).read_bytes()) for name in sorted(once)},
        "varies": dict(varies),
    }
    write_data(layout.manifest, manifest)
    return manifest


def read_manifest(layout: Layout) -> dict[str, Any]:
    """Return the manifest of a finished run; TrialsimError if there is none."""
    try:
        manifest = json.loads(layout.manifest.read_bytes())
    except FileNotFoundError as error:
        notes = ["a run that was stopped has none: --resume finishes it"] if layout.plan.exists() else []
        raise TrialsimError("not-a-run", f"{layout.root} holds no finished run", notes, exit_code=2) from error
    except ValueError as error:
        raise TrialsimError("broken-run", f"{layout.manifest} is not readable as JSON") from error
    if not isinstance(manifest, dict) or not {"tables", "files", "plan"} <= set(manifest):
        raise TrialsimError("broken-run", f"{layout.manifest} is not the manifest of a run")
    return manifest
