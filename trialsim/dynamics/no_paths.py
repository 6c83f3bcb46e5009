"""What stands for functionals of a path in a model without any; a model with some has `path_kernel`.

Everything below the marker is copied into a generated module.
"""

from typing import Any

import numpy as np
from numba import njit

# --- copied from here ---
FOLLOWS = False


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def begin_following(b: Any, w: Any, lane: int) -> None:
    """Forget the path."""


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def follow(event: int, i: int, g: Any, b: Any, w: Any, lane: int) -> None:
    """Bring up to date what the path amounts to."""


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def opened(only_ending: float, i: int, g: Any, b: Any, w: Any, lane: int) -> None:
    """Open the windows that begin now."""


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def finish_windows(s: int, i: int, g: Any, b: Any, w: Any, lane: int) -> None:
    """Put what the windows that end with a sample amount to where outputs look."""


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def next_opening(i: int, t: float, g: Any, b: Any, lane: int) -> float:
    """Return when the next window begins."""
    return np.inf
