"""What every step of reading a cohort shares: places of values, faults found so far, files beside the document."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trialsim.foundation.dimensions import Dimension, dimension_name
from trialsim.foundation.errors import InvalidDocument, Place, Problems, TrialsimError
from trialsim.foundation.expression import Expr, parse
from trialsim.foundation.nearest import nearest
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Quantity, Unit, number

LARGEST_FILE = 50_000_000
EMPTY = ("", "NA", ".")


def is_parquet(name: str) -> bool:
    return name.endswith(".parquet")


def csv_records(raw: bytes) -> list[list[str]]:
    return list(csv.reader(raw.decode("utf-8-sig").splitlines(), strict=True))


def parquet_records(raw: bytes) -> list[list[str]]:
    """Return header and rows of a Parquet file as text from which its numbers come back exactly; null is empty."""
    from trialsim.foundation.tables_parquet import foreign_columns  # pyarrow, only for those who have such a file

    columns = foreign_columns(raw)
    cells = [["" if value is None else str(value) for value in values] for values in columns.values()]
    return [list(columns), *(list(row) for row in zip(*cells, strict=True))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file's cells as text: its header, and its rows with the line (of a Parquet file, the row) each stands on."""

    path: Path
    digest: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def place(self, line: int) -> str:
        """Return where a cell stands, for a message."""
        return f"{'row' if is_parquet(self.path.name) else 'line'} {line} of {self.path.name}"

    def column(self, name: str) -> list[tuple[int, str]]:
        """Return the lines and stripped cells of a column."""
        i = self.header.index(name)
        return [(line, row[i].strip()) for line, row in self.rows]


class Desk:
    """One document being read."""

    def __init__(self, problems: Problems, places: dict[tuple[str | int, ...], Place], folder: Path) -> None:
        self.problems = problems
        self.places = places
        self.folder = folder

    def at(self, *path: str | int) -> Place:
        """Return the place of a value, or of the nearest thing written that holds it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places[path]

    def key(self, *path: str | int) -> Place:
        """Return the place of a value's key."""
        return self.places.get((*path, "@key")) or self.at(*path)

    def error(
        self,
        place: Place,
        slug: str,
        message: str,
        label: str = "",
        notes: Iterable[str] = (),
        also: Iterable[tuple[Place, str]] = (),
    ) -> None:
        self.problems.error(place, slug, message, label, notes, also)

    def unknown(self, place: Place, what: str, name: str, known: Iterable[str], label: str = "not declared") -> None:
        """Tell that a name means nothing here."""
        names = list(known)
        near = nearest(name, names)
        notes = [f"declared: {', '.join(names) or 'none'}", *([f"nearest name: {near}"] if near else [])]
        self.error(place, "unknown-name", f"{name!r} is no {what}", label, notes)

    def number_in(self, quantity: Quantity, unit: Unit, *path: str | int) -> float | None:
        """Return a quantity's number in a unit; a fault at the path and None if it measures something else."""
        return quantity.to(unit) if self.alike(quantity.dimension, unit.dimension, *path) else None

    def alike(self, given: Dimension, wanted: Dimension, *path: str | int) -> bool:
        if given == wanted:
            return True
        notes = [f"given: {dimension_name(given)}", f"expected: {dimension_name(wanted)}"]
        what = repr(path[-1]) if isinstance(path[-1], str) else f"item {path[-1] + 1} of {path[-2]!r}"
        self.error(self.at(*path), "wrong-unit", f"{what} is in the wrong kind of unit", "", notes)
        return False

    def tree(self, formula: FormulaText, names: Iterable[str], asks: tuple[str, ...] = ()) -> Expr | None:
        """Return the tree of an expression; its faults are told and the answer None if it has any."""
        try:
            return parse(formula.text, formula.place, set(names), asks)
        except InvalidDocument as fault:
            self.problems.add(*fault.diagnostics)
            return None

    def table(self, name: str, *path: str | int, parquet: bool = False) -> Table | None:
        """Return a file beside the document, CSV or where allowed Parquet; a fault and None if it is no table."""
        if not (name.endswith(".csv") or (parquet and is_parquet(name))):
            self.error(self.at(*path), "unknown-format", f"the file {name!r} is no CSV{' or Parquet' * parquet} file",
                       "", ["write it as CSV with a header line"])  # fmt: skip
            return None
        if Path(name).is_absolute() or ".." in Path(name).parts or "\\" in name:
            self.error(self.at(*path), "file-elsewhere", f"the file {name!r} is not beside this document", "",
                       ["put it into the document's folder or one below"])  # fmt: skip
            return None
        file = self.folder / name
        try:
            if file.stat().st_size > LARGEST_FILE:
                raise OSError(f"it is larger than {LARGEST_FILE // 1_000_000} MB")
            raw = file.read_bytes()
            records = parquet_records(raw) if is_parquet(name) else csv_records(raw)
        except FileNotFoundError:
            self.error(self.at(*path), "no-such-file", f"there is no file {name!r} beside this document", "",
                       ["a file is looked for in the document's folder"])  # fmt: skip
            return None
        except (OSError, ValueError, csv.Error) as fault:
            self.error(self.at(*path), "unreadable-file", f"the file {name!r} cannot be read", "", [str(fault)])
            return None
        return self.table_of(name, file, hashlib.sha256(raw).hexdigest(), records, path)

    def table_of(
        self, name: str, file: Path, digest: str, records: Sequence[Sequence[str]], path: tuple[str | int, ...]
    ) -> Table | None:
        header = tuple(cell.strip() for cell in records[0]) if records else ()
        first = 1 if is_parquet(name) else 2  # the header of a CSV file is its first line
        rows = tuple((line, tuple(row)) for line, row in enumerate(records[1:], start=first) if any(row))
        uneven = next((line for line, row in rows if len(row) != len(header)), None)
        faults = {
            "it has no rows below its header": not rows,
            f"line {uneven} has more or fewer cells than the header": uneven is not None,
            "two columns have one name": len(set(header)) < len(header),
        }
        for fault in (fault for fault, is_there in faults.items() if is_there):
            self.error(self.at(*path), "unreadable-file", f"the file {name!r} is no table", "", [fault])
            return None
        return Table(path=file.resolve(), digest=digest, header=header, rows=rows)

    def has_column(self, table: Table, name: str, *path: str | int) -> bool:
        if name in table.header:
            return True
        near = nearest(name, table.header)
        notes = [f"columns: {', '.join(table.header)}", *([f"nearest name: {near}"] if near else [])]
        message = f"the file {table.path.name!r} has no column {name!r}"
        self.error(self.at(*path), "unknown-column", message, "", notes)
        return False

    def numbers(self, table: Table, column: str, *path: str | int, may_be_empty: bool = False) -> list[float] | None:
        """Return a column's numbers (NaN where empty cells are allowed); a fault and None if a cell is no number."""
        values = []
        for line, cell in table.column(column):
            try:
                values.append(float("nan") if may_be_empty and cell in EMPTY else number(cell))
            except TrialsimError:
                notes = [f"{table.place(line)} has {cell!r}"]
                self.error(self.at(*path), "bad-cell", f"the column {column!r} holds something else than numbers", "",
                           notes)  # fmt: skip
                return None
        return values
