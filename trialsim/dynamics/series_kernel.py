"""Samples of a linear course read many at once.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.empty_model import N_STATES, read_together
from trialsim.dynamics.lane_table import AT_C, AT_P, AT_Y, AT_Z
from trialsim.dynamics.linear_kernel import AT_CLOCK, moved_to
from trialsim.dynamics.modes import MODAL
from trialsim.dynamics.no_solver import states_seen
from trialsim.dynamics.series import FEWEST, REACHES, TIMES, times_before, written

# --- copied from here ---


@kernel
def sampled_together(s: int, t_stop: float, fed: float, i: int, g: Any, o: Any, w: Any, lane: int, x: Any) -> int:
    """Return how many of the next samples have been read at once; none where they are to be read one by one."""
    samples = g.samples[i, s:]
    n = times_before(t_stop, samples, x.room[TIMES])
    if n == 0 or (n < FEWEST and x.known[MODAL] == 0.0):
        return 0
    if N_STATES > 0:
        for k in range(N_STATES):
            x.y[k] = w[AT_Y + k, lane]
        n = states_seen(n, w[AT_CLOCK, lane], fed, x)
        if n == 0:
            return 0
    read_together(w[AT_P:AT_C, lane], w[AT_C:AT_Z, lane], (n + 7) // 8 * 8, x.room)
    if not written(n, x.powers.shape[0], x.room, o.outputs[i, s : s + n]):
        return 0
    if N_STATES > 0:
        # On to where the states reach, if what comes next is not before, nor farther from there.
        reach, comes = x.known[REACHES], t_stop
        if n < samples.size and samples[n] < t_stop:
            comes = samples[n]
        end = w[AT_CLOCK, lane] + reach
        if end <= comes < end + reach:
            moved_to(end, fed, w, lane, x)
    return int(n)
