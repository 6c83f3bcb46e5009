"""What linear kernels call at its address: the propagator of an interval, and states at many times at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from trialsim.dynamics.bench import steps_of
from trialsim.dynamics.bundles import bundle_kind
from trialsim.dynamics.compiling import called_at_its_address
from trialsim.dynamics.exponentials import propagator_at as _propagator_at
from trialsim.dynamics.series import equal_step, seen_by_series, seen_by_steps

_STEPS = bundle_kind(steps_of(0, np.zeros(0, dtype=np.int64), 0))


@called_at_its_address(types.int64(types.float64, types.float64, types.float64, _STEPS))
def propagator_at(dt: float, t_next: float, fed: float, x: Any) -> int:
    """Return the slot of the propagator of an interval to a time, made if none of the latest is the one."""
    return _propagator_at(dt, t_next, fed, x)


@called_at_its_address(types.int64(types.int64, types.float64, types.float64, _STEPS))
def states_seen(n: int, clock: float, fed: float, x: Any) -> int:
    """Return at how many of the next n times in `room` outputs can be read at once, having filled the states there."""
    for k in range(x.y.size):
        if not abs(x.y[k]) < np.inf:
            return 0
    step = equal_step(n, clock, x)
    if step == 0.0:
        return seen_by_series(n, clock, fed, x)
    return seen_by_steps(n, step, clock, fed, x) if step > 0.0 else 0
