"""What the stiff kernel asks of a model beyond `empty_model`, written out for the empty model.

A generated module defines its own: entry e of the Jacobian stands in row `ENTRY_ROWS[e]` and column
`ENTRY_COLUMNS[e]`; the other arrays are an `Elimination`, whose step k has rows `BELOW[BELOW_FROM[k] :
BELOW_FROM[k + 1]]` and columns `RIGHT[RIGHT_FROM[k] : RIGHT_FROM[k + 1]]`.
"""

from typing import Any

import numpy as np
from numba import njit

N_ENTRIES = 0
ENTRY_ROWS = np.array([0], dtype=np.int64)
ENTRY_COLUMNS = np.array([0], dtype=np.int64)
PIVOTS = np.array([0], dtype=np.int64)
BELOW = np.array([0], dtype=np.int64)
BELOW_FROM = np.array([0], dtype=np.int64)
RIGHT = np.array([0], dtype=np.int64)
RIGHT_FROM = np.array([0], dtype=np.int64)


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def jacobian(w: Any, lane: int, t: float, tc: float, at: int) -> None:
    """Fill rows from AT_J of a lane with the entries, and rows from AT_FT with the derivatives by time.

    `at` is the row of the first state; a derivative by time that is always zero is left as it is.
    """
