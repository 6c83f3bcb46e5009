"""The table of a file of event records: its header, its cells, and where each of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trialsim.cohort.model import Cohort
from trialsim.foundation.errors import Place, Problems, TrialsimError
from trialsim.foundation.nearest import nearest

LARGEST_FILE = 200_000_000
NOTHING = ("", ".")  # how a cell says that there is no value
# What PREDPP and NM-TRAN call the columns of a data set, with DRUG, ROUTE and REP of our own.
ITEMS = (
    "ID",
    "TIME",
    "AMT",
    "RATE",
    "EVID",
    "CMT",
    "II",
    "ADDL",
    "SS",
    "DV",
    "MDV",
    "DVID",
    "DRUG",
    "ROUTE",
    "OCC",
    "REP",
)
NOT_HONOURED = {
    "DATE": "give TIME as a number: the time since a beginning of each individual",
    "DAT1": "give TIME as a number: the time since a beginning of each individual",
    "DAT2": "give TIME as a number: the time since a beginning of each individual",
    "DAT3": "give TIME as a number: the time since a beginning of each individual",
    "L1": "call the column ID",
    "L2": "errors of measurement are drawn one by one; leave the column out if that is meant",
    "CONT": "write each event on one line",
    "CALL": "parameters follow the covariates of every record; leave the column out",
    "PCMT": "every measure is predicted at every record; leave the column out",
    "RAW_": "leave the column out",
    "MRG_": "leave the column out",
    "RPT_": "write repeated records out",
    **{f"XVID{i}": "write repeated records out" for i in range(1, 6)},
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one column of one line, stripped; columns count from 1."""

    text: str
    column: int

    @property
    def is_empty(self) -> bool:
        return self.text in NOTHING

    def place(self, file: str, line: int) -> Place:
        return Place(file, line, self.column, self.column + max(1, len(self.text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTable:
    """A file of records as text. `items` says which column holds an item, `covariates` which holds a covariate."""

    file: str
    header: tuple[str, ...]
    header_line: int
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    items: Mapping[str, int]
    covariates: Mapping[str, int]

    def place(self, row: int, column: str | int) -> Place:
        """Return where a cell stands: by its column's position, or by the item or covariate it holds."""
        line, cells = self.rows[row]
        if isinstance(column, str):
            column = self.items[column] if column in self.items else self.covariates[column]
        return cells[column].place(self.file, line)


def event_text(path: Path) -> str:
    """Return the text of a file of records."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise TrialsimError(
                "records-unreadable", f"the file '{path}' is larger than {LARGEST_FILE // 1_000_000} MB",
                ["split it by individuals"],
            )  # fmt: skip
        return path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as fault:
        message = f"the file '{path}' cannot be read"
        raise TrialsimError("records-unreadable", message, [fault.strerror or str(fault)]) from fault


def event_table(text: str, file: str, cohort: Cohort, columns: Mapping[str, str], problems: Problems) -> EventTable:
    """Return the table of a text; `columns` says under which name an item or a covariate stands in the file.

    Commas separate cells; without a comma in the header, blanks and tabs do. Lines that begin with `#` or `@`, and
    those whose first cell is C, are no records. Faults are told; those of the header end the reading.
    """
    lines = list(meant(text))
    if not lines:
        raise TrialsimError("records-unreadable", f"the file '{file}' holds no records", ["its first line is a header"])
    header_line, header_text = lines[0]
    split = by_commas if "," in header_text else by_blanks
    header = split(header_text)
    check_names(file, header_line, header, problems)
    items, covariates = found_columns(file, header_line, header, cohort, columns, problems)
    problems.raise_if_any()
    rows = []
    for line, content in lines[1:]:
        cells = split(content)
        if cells[0].text.upper() == "C":
            continue
        if len(cells) != len(header):
            problems.error(
                Place(file, line, 1, 1 + max(1, len(content))), "data-cells",
                f"this record has {len(cells)} cells where the header has {len(header)}",
            )  # fmt: skip
            continue
        rows.append((line, tuple(cells)))
    return EventTable(
        file=file, header=tuple(cell.text for cell in header), header_line=header_line, rows=tuple(rows), items=items,
        covariates=covariates,
    )  # fmt: skip


def meant(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are neither empty nor remarks, with their numbers."""
    for line, content in enumerate(text.splitlines(), start=1):
        if content.strip(" \t,") and not content.lstrip().startswith(("#", "@")):
            yield line, content


def by_commas(content: str) -> list[Cell]:
    cells, start = [], 0
    for part in content.split(","):
        text = part.strip()
        shift = len(part) - len(part.lstrip())
        if len(text) > 1 and text[0] == text[-1] == '"':
            text, shift = text[1:-1].strip(), shift + 1
        cells.append(Cell(text, start + shift + 1 if text else start + 1))
        start += len(part) + 1
    return cells


def by_blanks(content: str) -> list[Cell]:
    return [Cell(match[0].strip('"'), match.start() + 1) for match in re.finditer(r"\S+", content)]


def check_names(file: str, line: int, header: list[Cell], problems: Problems) -> None:
    """Tell columns without a name, of one name, and those that stand for something this version cannot do."""
    for i, cell in enumerate(header):
        if not cell.text:
            problems.error(cell.place(file, line), "records-header", f"column {i + 1} of the header has no name")
        elif cell.text in (other.text for other in header[:i]):
            problems.error(cell.place(file, line), "records-header", f"two columns are called {cell.text!r}")
        elif cell.text.upper() in NOT_HONOURED:
            problems.error(
                cell.place(file, line), "records-not-honoured",
                f"the item {cell.text.upper()} means something that this version does not do", "",
                [NOT_HONOURED[cell.text.upper()]],
            )  # fmt: skip


def found_columns(
    file: str, line: int, header: list[Cell], cohort: Cohort, columns: Mapping[str, str], problems: Problems
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the position of every item and of every covariate that the header has."""
    covariates = [covariate.name for covariate in cohort.covariates]
    positions = {cell.text: i for i, cell in enumerate(header)}
    whole_header = Place(file, line, 1, max(2, header[-1].column + len(header[-1].text)))
    named: dict[str, int] = {}
    for name, column in columns.items():
        known = name if name in covariates else name.upper()
        if known not in covariates and known not in ITEMS:
            near = nearest(name, [*ITEMS, *covariates])
            notes = [f"items: {', '.join(ITEMS)}", f"covariates: {', '.join(covariates) or 'none'}"]
            raise TrialsimError(
                "records-unknown-name", f"{name!r} is neither an item of event records nor a covariate of the cohort",
                [*notes, *([f"nearest name: {near}"] if near else [])], exit_code=2,
            )  # fmt: skip
        if column not in positions:
            notes = [f"columns: {', '.join(positions)}"]
            problems.error(whole_header, "data-no-column", f"the data file has no column {column!r}", "", notes)
        else:
            named[known] = positions[column]
    found = {**named}
    for i, cell in enumerate(header):
        for name in (*ITEMS, *covariates):
            if name in columns or name in named or i in named.values() or cell.text.lower() != name.lower():
                continue
            if name in found:
                message = f"both {header[found[name]].text!r} and {cell.text!r} are the item {name}"
                problems.error(cell.place(file, line), "records-header", message)
            found[name] = i
    for name in ("ID", "TIME"):
        if name not in found and name not in columns:
            notes = [f"columns: {', '.join(positions)}"]
            problems.error(whole_header, "data-no-column", f"the data file has no column {name!r}", "", notes)
    return {n: i for n, i in found.items() if n in ITEMS}, {n: i for n, i in found.items() if n in covariates}
