"""Simulated event records as a table again: what the file held, and beside it what is predicted and read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from trialsim.cohort.event_simulation import SimulatedRecords
from trialsim.foundation.units import number_text

if TYPE_CHECKING:
    import pandas

OWN = ("REP", "IPRED", "STATUS")
PREFIXES = ("IPRED_", "DV_", "BLQ_")


def record_frame(simulated: SimulatedRecords) -> pandas.DataFrame:
    """Return one row a record and replicate, in their order: the file's columns, REP, then what is simulated.

    REP is there if there are several replicates or the file has it. DV is what the instrument of DVID reads at a
    record that observes, IPRED the true value, IPRED_x, DV_x and BLQ_x those of measure x, STATUS why nothing is
    predicted (0: nothing is wrong). What does not exist is missing.
    """
    import pandas

    records = simulated.records
    table = records.table
    rows = [record for individual in records.individuals for record in individual.records]
    n_replicates = len(simulated.replicates)
    kept = {
        name: [table.rows[record.row][1][i].text for record in rows] * n_replicates
        for i, name in enumerate(table.header)
        if not is_written_here(name)
    }
    columns: dict[str, object] = {name: column_of(values) for name, values in kept.items()}
    observes = np.tile([record.evid == 0 for record in rows], n_replicates)
    measure = np.tile([record.measure for record in rows], n_replicates)
    true = simulated.true.reshape(len(observes), -1)
    read = np.where(observes[:, None], simulated.read.reshape(true.shape), np.nan)
    which = np.maximum(measure, 0)[:, None]
    dv_column = table.header[table.items["DV"]] if "DV" in table.items else "DV"
    columns[dv_column] = np.where(measure >= 0, np.take_along_axis(read, which, 1)[:, 0], np.nan)
    if n_replicates > 1 or "REP" in table.items:
        columns = {"REP": simulated.replicates.reshape(-1), **columns}
    columns["IPRED"] = np.where(measure >= 0, np.take_along_axis(true, which, 1)[:, 0], np.nan)
    for m, own in enumerate(simulated.measures):
        columns[f"IPRED_{own.name}"] = true[:, m]
        columns[f"DV_{own.name}"] = read[:, m]
        if own.lloq is not None:
            columns[f"BLQ_{own.name}"] = (simulated.is_below.reshape(true.shape)[:, m] & observes).astype(np.int8)
    columns["STATUS"] = simulated.status.reshape(-1)
    return pandas.DataFrame(columns)


def is_written_here(column: str) -> bool:
    """Return whether a column is one that a simulation writes, and writes anew."""
    return column in OWN or column.startswith(PREFIXES)


def column_of(texts: list[str]) -> object:
    """Return a column of a file as numbers if it holds nothing else, else as texts; a full stop is missing."""
    values = [float("nan") if text in ("", ".") else text for text in texts]
    try:
        numbers = np.array([float(value) for value in values])
    except ValueError:
        return [None if value != value else value for value in values]
    if not np.isnan(numbers).any() and np.array_equal(numbers, np.floor(numbers)) and np.abs(numbers).max() < 2**53:
        return numbers.astype(np.int64)
    return numbers


def record_text(frame: pandas.DataFrame) -> str:
    """Return a frame of records as CSV that NONMEM reads with IGNORE=@ and that reads back: `.` is what is missing."""
    out = io.StringIO()
    out.write(",".join(str(name) for name in frame.columns) + "\n")
    for row in zip(*(texts_of(frame[name].tolist()) for name in frame.columns), strict=True):
        out.write(",".join(row) + "\n")
    return out.getvalue()


def texts_of(values: list[object]) -> list[str]:
    return [
        "." if value is None or value != value else number_text(value) if isinstance(value, float) else str(value)
        for value in values
    ]
