"""Proving that a run folder holds what its manifest says."""

from __future__ import annotations

from pathlib import Path

from trialsim.store.folder import markers
from trialsim.store.layout import Key, Layout
from trialsim.store.manifest import file_digest, read_manifest, table_digests
from trialsim.store.marker import PartFile


def verify(run: Path) -> tuple[str, ...]:
    """Return in words every way in which a run folder differs from its manifest; nothing if it is as it was written.

    Every file's digest is computed again from its bytes; markers are not believed.
    """
    layout = Layout(run)
    manifest = read_manifest(layout)
    faults = []
    for name, digest in manifest["files"].items():
        path = layout.root / name
        if not path.is_file():
            faults.append(f"{name} is missing")
        elif file_digest(path.read_bytes()) != digest:
            faults.append(f"{name} was changed")
    keys = [Key(**cell) for cell in manifest["plan"]["cells"]]
    promised = {file.path: file for key in keys for marker in markers(layout, key).values() for file in marker.files}
    found = {layout.relative(path): path for path in sorted(layout.tables.rglob("part-*.parquet"))}
    actual = []
    for name, file in sorted(promised.items()):
        if name not in found:
            faults.append(f"{name} is missing")
            continue
        content = found[name].read_bytes()
        if file_digest(content) != file.sha256:
            faults.append(f"{name} was changed")
        actual.append(PartFile(name, file.table, file_digest(content), file.rows, len(content)))
    faults += [f"{name} does not belong to the run" for name in found if name not in promised]
    digests = table_digests(actual)
    for table in sorted({*manifest["tables"], *digests}):
        if manifest["tables"].get(table, {}).get("sha256") != digests.get(table, {}).get("sha256"):
            faults.append(f"the table {table} is not the one in the manifest")
    for below in sorted(layout.root.glob("*/manifest.json")):  # of a search: the run that verified its answer
        faults += [f"{below.parent.name}: {fault}" for fault in verify(below.parent)]
    return tuple(faults)
