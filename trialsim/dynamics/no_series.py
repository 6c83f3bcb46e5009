"""What stands for samples read many at once in a model whose path is followed; others have `series_kernel`.

Everything below the marker is copied into a generated module.
"""

from typing import Any

from trialsim.dynamics.compiling import kernel

# --- copied from here ---


@kernel
def sampled_together(s: int, t_stop: float, fed: float, i: int, g: Any, o: Any, w: Any, lane: int, x: Any) -> int:
    """Return how many of the next samples have been read at once."""
    return 0
