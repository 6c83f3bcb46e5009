"""Where everything lies in a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from trialsim.foundation.tables import PARTITION

TEMPORARY = ".tmp"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Key:
    """Which cell a part belongs to: the values of the three partition columns."""

    scenario: str
    parameters: str
    design: str

    @property
    def folder(self) -> Path:
        """The hive path `scenario=…/parameters=…/design=…`; values are percent-encoded, as every reader expects."""
        return Path(*(f"{name}={quote(value, safe='')}" for name, value in self.values.items()))

    @property
    def values(self) -> dict[str, str]:
        return dict(zip(PARTITION, (self.scenario, self.parameters, self.design), strict=True))

    def __str__(self) -> str:
        return f"scenario {self.scenario}, {self.parameters} parameters, design {self.design}"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one run folder."""

    root: Path

    @property
    def tables(self) -> Path:
        return self.root / "tables"

    @property
    def plan(self) -> Path:
        """What the run was started from; there from the first moment, unlike the manifest."""
        return self.root / "plan.json"

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"

    @property
    def summary(self) -> Path:
        return self.tables / "summary.parquet"

    @property
    def contrasts(self) -> Path:
        return self.tables / "contrasts.parquet"

    @property
    def data_dictionary(self) -> Path:
        return self.tables / "data_dictionary.json"

    @property
    def parts(self) -> Path:
        """The folder of the markers, one for every part that is whole."""
        return self.root / "parts"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"

    @property
    def log(self) -> Path:
        return self.root / "log.jsonl"

    def part(self, table: str, key: Key, number: int) -> Path:
        return self.tables / table / key.folder / f"part-{number:05d}.parquet"

    def marker(self, key: Key, number: int) -> Path:
        return self.parts / key.folder / f"part-{number:05d}.json"

    def relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()
