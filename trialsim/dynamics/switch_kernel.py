"""States that jump where a switch turns: what slopes do where a rate jumps.

A step lands where the excess of a switch passes zero. On which side it is, is remembered: a dose that takes a state to
the other side turns no switch, nor does a course that begins at zero and leaves it.
Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

from trialsim.dynamics.compiling import kernel
from trialsim.dynamics.empty_model import N_HAZARDS, N_ROOTS, N_STATES, N_SWITCHES, root_values, switch_jumps
from trialsim.dynamics.lane_table import AT_G, AT_NEW, AT_SIDE, AT_SLOPE, AT_T, AT_TC, AT_Y

# --- copied from here ---
FIRST_SWITCH = N_ROOTS - 2 * N_SWITCHES  # among the roots: each once as it rises and once as it falls


@kernel
def sides_known(w: Any, lane: int) -> None:
    """Remember on which side every switch is."""
    root_values(w, lane, w[AT_T, lane], w[AT_TC, lane], AT_Y, AT_SLOPE, AT_G)
    for s in range(N_SWITCHES):
        excess = w[AT_G + FIRST_SWITCH + 2 * s, lane]
        w[AT_SIDE + s, lane] = 1.0 if excess > 0.0 else (-1.0 if excess < 0.0 else 0.0)


@kernel
def switched(event: int, w: Any, lane: int) -> bool:
    """Return whether a switch has turned since sides were last known, having let the states jump that jump there."""
    root_values(w, lane, w[AT_T, lane], w[AT_TC, lane], AT_Y, AT_SLOPE, AT_G)
    turned = False
    for s in range(N_SWITCHES):
        root = FIRST_SWITCH + 2 * s
        excess, side = w[AT_G + root, lane], w[AT_SIDE + s, lane]
        # A root is landed on from its own side: whichever sign rounding gives it there, it has been crossed.
        rises = side < 0.0 and (excess > 0.0 or event == N_HAZARDS + root)
        falls = side > 0.0 and (excess < 0.0 or event == N_HAZARDS + root + 1)
        if rises or falls:
            switch_jumps(w, lane, w[AT_T, lane], w[AT_TC, lane], AT_Y, AT_NEW, 2 * s if rises else 2 * s + 1)
            for i in range(N_STATES):
                w[AT_Y + i, lane] += w[AT_NEW + i, lane]
            w[AT_SIDE + s, lane], turned = (1.0 if rises else -1.0), True
        elif side == 0.0 and excess != 0.0:
            w[AT_SIDE + s, lane] = 1.0 if excess > 0.0 else -1.0
    return turned
