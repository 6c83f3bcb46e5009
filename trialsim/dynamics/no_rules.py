"""What stands for the rules in a model without any; what a model with rules has is `rule_kernel`.

Everything below the marker is copied into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.compiling import kernel

# --- copied from here ---


@kernel
def rules_begin(b: Any, lane: int) -> None:
    """Put every rule at its beginning."""


@kernel
def rules_asked(events: int, i: int, g: Any, o: Any, b: Any, w: Any, lane: int) -> tuple[int, bool]:
    """Return a status and whether a rule ends the course."""
    return 0, False


@kernel
def next_look(i: int, g: Any, b: Any, lane: int) -> float:
    """Return when a signal is next read or a rule next asked."""
    return np.inf
