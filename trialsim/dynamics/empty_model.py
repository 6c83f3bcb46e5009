"""What a kernel asks of a model, written out for the empty model: the pattern of every generated module.

The kernels' sources import these names; a generated module defines its own before the kernel's text.
`p` is the patient's parameter row, `c` the terms of parameters alone, computed once a patient.
"""

from typing import Any

import numpy as np
from numba import njit

N_STATES = 0
N_HAZARDS = 0
N_INLETS = 0
N_CONSTANTS = 0
N_BREAKPOINTS = 0
INLET_STATES = np.array([0], dtype=np.int64)


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def hoist(p: Any, c: Any) -> None:
    """Fill `c` with the terms of parameters alone."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def starts(p: Any, c: Any, y: Any) -> None:
    """Fill `y` with the states at the beginning."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def inlet_terms(p: Any, c: Any, lags: Any, shares: Any) -> None:
    """Fill the lag and the bioavailability of every inlet."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def breakpoints(p: Any, c: Any, out: Any) -> None:
    """Fill the times at which a condition on time turns, in any order."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def read_outputs(p: Any, c: Any, t: float, tc: float, y: Any, out: Any) -> None:
    """Fill the outputs at time `t`; `tc` is the time that conditions see."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def coefficients(p: Any, c: Any, a: Any, b: Any) -> None:
    """Fill the entries of dy/dt = a y + b that are not zero (linear systems)."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def hazard_rates(p: Any, c: Any, tc: float, rates: Any) -> None:
    """Fill the rate of every hazard within the segment that holds `tc` (linear systems)."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def derivatives(p: Any, c: Any, t: float, tc: float, y: Any, dy: Any) -> None:
    """Fill the rates of the states, then of the cumulative hazards, doses apart (adaptive systems)."""
