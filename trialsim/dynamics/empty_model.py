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
N_PARAMETERS = 0
N_CONSTANTS = 0
N_BREAKPOINTS = 0
LANES = 1
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
def derivatives(w: Any, lane: int, t: float, tc: float, at: int, to: int) -> None:
    """Fill rows from `to` of a lane with the rates of the states in rows from `at`, then of the cumulative hazards.

    Doses apart (adaptive systems); `step_kernel` names the other rows of the table `w`.
    """
