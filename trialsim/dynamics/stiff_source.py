"""What a stiff model's module holds beyond an adaptive model's: derivatives, the order of elimination, its own step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, chain

from trialsim.dynamics.stiff_system import StiffSystem
from trialsim.dynamics.stiff_unrolled import is_unrolled, unrolled_stiff_step
from trialsim.dynamics.unrolled import Lines, RateLines

# These stand behind the header of every module and take the place of the names of DOP853 there.
_IMPORTS = '''
from trialsim.dynamics.rodas5p import CARRIED, GAMMA, N_STAGES, NODES, STAGES, TIME_WEIGHTS
from trialsim.dynamics.rodas5p_sums import (
    inverse_tenth_root, side_at_1, side_at_2, side_at_3, side_at_4, side_at_5, side_at_6, side_at_7, state_at_1,
    state_at_2, state_at_3, state_at_4, state_at_5)
'''

WriteLines = Callable[[Sequence[int], str, str, str], tuple[Lines, Sequence[str]]]


def jacobian_targets(found: StiffSystem) -> list[tuple[str, int]]:
    """Return where the function `jacobian` puts which values of the tape."""
    return [*((f"w[AT_J + {e}, lane]", k) for e, k in enumerate(found.by_state.values())),
            *((f"w[AT_FT + {i}, lane]", k) for i, k in found.by_time.items())]


def stiff_sizes(found: StiffSystem) -> str:
    """Return the imports and the constants of a stiff model's module."""
    plan = found.elimination
    rows, columns = [i for i, _ in found.by_state], [j for _, j in found.by_state]
    arrays = {"ENTRY_ROWS": rows, "ENTRY_COLUMNS": columns, "PIVOTS": plan.pivots,
              "BELOW": chain(*plan.below), "BELOW_FROM": accumulate(map(len, plan.below), initial=0),
              "RIGHT": chain(*plan.right), "RIGHT_FROM": accumulate(map(len, plan.right), initial=0)}
    # Never empty, so that the compiler knows what an entry is.
    lines = [f"{name} = np.array({[*values, 0]}, dtype=np.int64)" for name, values in arrays.items()]
    return "\n".join([_IMPORTS, f"N_ENTRIES = {len(rows)}", *lines, ""])


def stiff_step(
    found: StiffSystem, lines: WriteLines, read: Callable[[], Lines], roots: Sequence[RateLines]
) -> str:
    """Return the source of a model's `lockstep`, empty for a model too large to be written out."""
    if not is_unrolled(found.elimination):
        return ""
    rates, hazards = found.system.rates, found.system.hazards
    derivatives = [*found.by_state.values(), *found.by_time.values()]
    return unrolled_stiff_step(
        len(rates), len(hazards), lambda *names: lines([*rates, *hazards], *names),
        lambda *names: lines(derivatives, *names), list(found.by_state), list(found.by_time), found.elimination, read,
        roots, len(found.system.triggers))
