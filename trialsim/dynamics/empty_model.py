"""What a kernel asks of a model, written out for the empty model: the pattern of every generated module.

The kernels' sources import these names; a generated module defines its own before the kernel's text.
`p` is the patient's parameter row, `c` the terms of parameters alone, `z` what is remembered of the path; rules see the
signals `s`, the numbers they remember `m` and the levels `l`.
"""

from typing import Any

import numpy as np
from numba import njit

N_STATES = 0
N_INTEGRALS = 0  # the last of the states
N_HAZARDS = 0
N_TRIGGERS = 0
N_INLETS = 0
N_PARAMETERS = 0
N_CONSTANTS = 0
N_BREAKPOINTS = 0
N_CHAINS = 0
PULSES = 8
N_FUNCTIONALS = 0
N_MEMORIES = 0
N_OUTPUTS = 0
N_SHOWN = 0  # the states that outputs see
N_ROOTS = 0
N_SWITCHES = 0
N_SHIFTS = 0  # inlets whose doses change other states
LANES = 1
N_ACROSS = 0  # the rows of a closed form's work space
NO_WHOLES = np.array([0], dtype=np.int64)
NO_FLOATS = np.array([0.0])
INLET_STATES, CHAINS, MODELLED, RECURRENT, SHOWN = NO_WHOLES, NO_WHOLES, NO_WHOLES, NO_WHOLES, NO_WHOLES
SHIFTS = NO_WHOLES
OVER, PATH_KIND, PATH_STATE, ROOT_FUNCTIONAL, ROOT_RISES = NO_FLOATS, NO_WHOLES, NO_WHOLES, NO_WHOLES, NO_WHOLES
N_RULES = 0
N_SIGNALS = 0
N_KEPT = 0
N_BRANCHES = 0
ADDITIVE, PROPORTIONAL, LLOQ, SPACING = NO_FLOATS, NO_FLOATS, NO_FLOATS, NO_FLOATS
INTERVALS = NO_WHOLES
BRANCH_RULE, IN_A_ROW, LEVELS, START_LEVELS, ON_EVENTS = NO_WHOLES, NO_WHOLES, NO_WHOLES, NO_WHOLES, NO_WHOLES
ACTION_BRANCH, ACTION_KIND, ACTION_LINES, ACTION_INLET = NO_WHOLES, NO_WHOLES, NO_WHOLES, NO_WHOLES
ACTION_STEP, ACTION_LEAST, ACTION_MOST = NO_FLOATS, NO_FLOATS, NO_FLOATS


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def hoist(p: Any, c: Any) -> None:
    """Fill `c` with the terms of parameters alone."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def starts(p: Any, c: Any, y: Any) -> None:
    """Fill `y` with the states at the beginning."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def inlet_terms(p: Any, c: Any, terms: Any) -> None:
    """Fill lag, bioavailability, duration, rate, chain number and chain rate constant (rows) of every inlet."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def breakpoints(p: Any, c: Any, out: Any) -> None:
    """Fill the times at which a condition on time turns, in any order."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def read_outputs(p: Any, c: Any, t: float, tc: float, y: Any, z: Any, out: Any) -> None:
    """Fill the outputs at time `t`; `tc` is the time that conditions see."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def read_together(p: Any, c: Any, n: int, room: Any) -> None:
    """Fill the rows of the outputs from n times and states in the rows of `room` (`series_kernel` names them)."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def read_modes(p: Any, c: Any, n: int, times: Any, parts: Any, shares: Any, room: Any, numbers: Any) -> int:
    """Return whether any state is not finite or any output no number, having filled all outputs at n times."""
    return 0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def hoist_across(ws: Any) -> None:
    """Fill the terms of parameters alone of patients side by side (closed forms)."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def read_across(ws: Any) -> None:
    """Fill the outputs of patients side by side at one time of each (closed forms)."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def path_values(p: Any, c: Any, t: float, tc: float, y: Any, z: Any, out: Any) -> None:
    """Fill the values that functionals follow."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def path_slopes(w: Any, lane: int, t: float, tc: float, at: int, slope: int, out: Any) -> None:
    """Fill the slopes of the values that shares of time follow, 0 for others; states and their slopes are in rows."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def coefficients(p: Any, c: Any, w: Any, lane: int) -> None:
    """Fill the entries of dy/dt = a y + b that are not zero, in rows from AT_A and AT_B (linear systems)."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def hazard_rates(p: Any, c: Any, tc: float, rates: Any) -> None:
    """Fill the rate of every hazard within the segment that holds `tc` (linear systems)."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def derivatives(w: Any, lane: int, t: float, tc: float, at: int, to: int) -> None:
    """Fill rows from `to` of a lane with the rates of the states in rows from `at`, then of the cumulative hazards.

    Inflows apart (adaptive systems); `lane_table` names the other rows of the table `w`.
    """


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def root_values(w: Any, lane: int, t: float, tc: float, at: int, slope: int, to: int) -> None:
    """Fill rows from `to` with the values whose rise through zero a step must land on, triggers first."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def shift_values(w: Any, lane: int, t: float, tc: float, at: int, to: int, inlet: int) -> None:
    """Fill rows from `to` with the values, at the states in rows from `at`, that change states as an inlet's do."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def switch_jumps(w: Any, lane: int, t: float, tc: float, at: int, to: int, turn: int) -> None:
    """Fill rows from `to` with how far the states in rows from `at` jump: switch s rises (2 s) or falls (2 s + 1)."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def signal_values(p: Any, c: Any, t: float, tc: float, y: Any, z: Any, out: Any) -> None:
    """Fill the true values of the signals."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def remembered_starts(m: Any) -> None:
    """Fill the remembered numbers as they are at the beginning."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def decisions(
    r: int, p: Any, c: Any, t: float, tc: float, y: Any, z: Any, s: Any, m: Any, l: Any, holds: Any,  # noqa: E741
) -> bool:
    """Return whether every signal of rule r is known; if so `m` is up to date and `holds` tells its branches."""
    return True


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def action_value(
    a: int, p: Any, c: Any, t: float, tc: float, y: Any, z: Any, s: Any, m: Any, l: Any,  # noqa: E741
) -> float:
    """Return by how much action a acts."""
    return 0.0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def action_duration(
    a: int, p: Any, c: Any, t: float, tc: float, y: Any, z: Any, s: Any, m: Any, l: Any,  # noqa: E741
) -> float:
    """Return how long what action a gives is infused."""
    return 0.0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def level_amount(r: int, level: float, p: Any, c: Any) -> float:
    """Return the amount on a level of rule r's ladder."""
    return 0.0
