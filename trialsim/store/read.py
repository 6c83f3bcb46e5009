"""Reading a run's tables back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.nearest import nearest
from trialsim.foundation.tables import COLUMNS, SINGLE
from trialsim.foundation.tables_parquet import pandas_frame, stored_columns
from trialsim.store.folder import markers, stored_plan
from trialsim.store.layout import Key, Layout

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def stored_keys(layout: Layout) -> tuple[Key, ...]:
    """Return the cells of a run in the order of its plan."""
    return tuple(Key(**cell) for cell in stored_plan(layout).get("cells", ()))


def read_table(run: Path, table: str) -> pd.DataFrame:
    """Return one table of a run as a frame, keys first, cells in the order of the plan, trials ascending."""
    if table not in COLUMNS:
        near = nearest(table, COLUMNS)
        notes = [f"nearest name: {near}"] if near else [f"expected: {', '.join(COLUMNS)}"]
        raise TrialsimError("unknown-table", f"a run has no table {table!r}", notes, exit_code=2)
    layout = Layout(run)
    if table in SINGLE:
        path = layout.tables / f"{table}.parquet"
        return pandas_frame(table, [({}, path)] if path.exists() else [])
    return pandas_frame(
        table,
        [
            (key.values, layout.root / file.path)
            for key in stored_keys(layout)
            for marker in markers(layout, key).values()
            for file in marker.files
            if file.table == table
        ],
    )


def cell_columns(layout: Layout, key: Key, table: str, names: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
    """Return some columns of one cell's table over all its parts, in the order of the trials."""
    import numpy as np

    pieces = [
        stored_columns(layout.root / file.path, names)
        for marker in markers(layout, key).values()
        for file in marker.files
        if file.table == table
    ]
    return {
        name: np.concatenate([piece[name] for piece in pieces]) if pieces else np.zeros(0, dtype=object)
        for name in names
    }
