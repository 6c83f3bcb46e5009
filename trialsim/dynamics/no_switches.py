"""What stands for switches in a model without any; a model with some has `switch_kernel`.

Everything below the marker is copied into a generated module.
"""

from typing import Any

from trialsim.dynamics.compiling import kernel

# --- copied from here ---


@kernel
def sides_known(w: Any, lane: int) -> None:
    """Remember on which side every switch is."""


@kernel
def switched(event: int, w: Any, lane: int) -> bool:
    """Return whether a switch has turned since sides were last known, having let the states jump that jump there."""
    return False
