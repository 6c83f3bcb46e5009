"""Individual parameters from a file: one row an individual, a column ID, a column a parameter."""

from __future__ import annotations

from collections.abc import Sequence

from trialsim.cohort.event_table import Cell, by_blanks, by_commas, meant
from trialsim.cohort.model import Cohort
from trialsim.foundation.errors import Place, Problems, TrialsimError, UnreadableText
from trialsim.foundation.units import number


def individual_parameters(
    text: str, file: str, cohort: Cohort, wanted: Sequence[int], problems: Problems
) -> dict[int, dict[str, float]]:
    """Return the parameters that a file gives the wanted individuals, in declared units; its faults are told.

    A parameter that varies between patients needs a column; one without a column keeps its typical value. Columns
    that are no parameters are of no account.
    """
    lines = list(meant(text))
    if not lines:
        raise TrialsimError("records-unreadable", f"the file '{file}' holds no parameters",
                            ["its first line is a header"])  # fmt: skip
    split = by_commas if "," in lines[0][1] else by_blanks
    header = [cell.text for cell in split(lines[0][1])]
    top = Place(file, lines[0][0], 1, 1 + max(1, len(lines[0][1])))
    varying = [p.name for p in cohort.parameters if p.between_patients is not None]
    ids = [i for i, name in enumerate(header) if name.upper() == "ID"]
    if len(ids) != 1:
        problems.error(top, "data-no-column", "the data file has no column 'ID'", "", [f"columns: {', '.join(header)}"])
    for name in (name for name in varying if name not in header):
        problems.error(top, "records-no-parameter", f"no column gives {name!r}, which varies between patients", "",
                       [f"columns: {', '.join(header)}"])  # fmt: skip
    if problems.any_errors:
        return {}
    known = {p.name for p in cohort.parameters}
    found: dict[int, dict[str, float]] = {}
    for line, content in lines[1:]:
        cells = split(content)
        if len(cells) != len(header):
            place = Place(file, line, 1, 1 + max(1, len(content)))
            message = f"this record has {len(cells)} cells where the header has {len(header)}"
            problems.error(place, "data-cells", message)
            continue
        values = {
            name: value_of(cell, name, file, line, problems)
            for name, cell in zip(header, cells, strict=True)
            if name in known or name.upper() == "ID"
        }
        who = values.pop(header[ids[0]])
        if who is not None and int(who) in found:
            place = cells[ids[0]].place(file, line)
            problems.error(place, "records-apart", f"individual {int(who)} has two rows of parameters")
        elif who is not None:
            found[int(who)] = {name: value for name, value in values.items() if value is not None}
    for who in (who for who in dict.fromkeys(wanted) if who not in found):
        problems.error(top, "records-no-parameter", f"no row gives the parameters of individual {who}")
    return found


def value_of(cell: Cell, name: str, file: str, line: int, problems: Problems) -> float | None:
    """Return the number in a cell; None, told, if it is none."""
    try:
        return number(cell.text)
    except UnreadableText as fault:
        problems.error(cell.place(file, line), fault.slug, fault.message, f"in column {name}", fault.notes)
        return None
