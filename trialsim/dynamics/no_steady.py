"""What stands for steady states in schedules without any; those with some have `steady_kernel`.

Everything below the marker is copied into a generated module.
"""

from typing import Any

from trialsim.dynamics.compiling import kernel

# --- copied from here ---


@kernel
def steady(row: int, i: int, line: int, amount: float, g: Any, b: Any, w: Any, lane: int, rtol: float) -> int:
    """Return a status: there is nothing to be done."""
    return 0
