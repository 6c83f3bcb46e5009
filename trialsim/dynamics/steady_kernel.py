"""Bringing a lane to the steady state of a dose that has always been taken: copied where a schedule asks for it.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.administrations import infusion, lingering, put, timed
from trialsim.dynamics.arrays import DURATION, INLET, INTERVAL, KIND, LAG, RATE, SHARE, UNDER_WAY
from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.doses import STEADY_ADDED
from trialsim.dynamics.empty_model import CHAINS, MODELLED
from trialsim.dynamics.lane_table import AT_T, NO_STEADY_STATE
from trialsim.dynamics.no_solver import settled


# --- copied from here ---
@kernel
def steady(row: int, i: int, line: int, amount: float, g: Any, b: Any, w: Any, lane: int, rtol: float) -> int:
    """Return a status, having brought a lane to the steady state of a row's dose, itself not yet taken."""
    dose, terms = g.dose[row], b.terms[lane]
    inlet, interval, added = int(dose[INLET]), dose[INTERVAL], dose[KIND] == STEADY_ADDED
    sound, duration, rate = timed(inlet, dose[DURATION], dose[RATE], MODELLED, terms)
    size, lasts, inflow = infusion(amount, duration, rate, terms[SHARE, inlet])
    lag = terms[LAG, inlet]
    for_ever = amount == 0.0 and rate > 0.0 and interval == 0.0
    if not sound or CHAINS[inlet] >= 0 or not (for_ever or (interval > 0.0 and 0.0 <= lag < np.inf)):
        return NO_STEADY_STATE
    if not added:
        b.counts[lane, UNDER_WAY] = 0
    status = int(settled(inlet, size, lasts, rate if for_ever else inflow, lag, interval, added, w, lane, rtol))
    if status != 0:
        return status
    if for_ever:
        return int(put(w[AT_T, lane], np.inf, rate, 0.0, 0.0, inlet, line, b, lane))
    return int(lingering(w[AT_T, lane], inlet, line, size, lasts, inflow, lag, interval, b, lane))
