"""What stands for functionals of a path in a model without any; a model with some has `path_kernel`.

Everything below the marker is copied into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.compiling import kernel

# --- copied from here ---
FOLLOWS = False


@kernel
def begin_following(b: Any, w: Any, lane: int) -> None:
    """Forget the path."""


@kernel
def follow(event: int, i: int, g: Any, b: Any, w: Any, lane: int) -> None:
    """Bring up to date what the path amounts to."""


@kernel
def opened(only_ending: float, i: int, g: Any, b: Any, w: Any, lane: int) -> None:
    """Open the windows that begin now."""


@kernel
def shares_begin(b: Any, w: Any, lane: int) -> None:
    """Say of every share whose value is at its very limit on which side it goes on."""


@kernel
def finish_windows(s: int, i: int, g: Any, b: Any, w: Any, lane: int) -> None:
    """Put what the windows that end with a sample amount to where outputs look."""


@kernel
def next_opening(i: int, t: float, g: Any, b: Any, lane: int) -> float:
    """Return when the next window begins."""
    return np.inf
