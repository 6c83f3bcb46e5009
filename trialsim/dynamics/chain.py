"""Transit chains of any length: what a dose brings so long after it arrived.

The rate is F A k (k τ)^n e^(-k τ) / Γ(n + 1) with k = (n + 1) / mean time (Savic et al. 2007, J Pharmacokinet
Pharmacodyn 34:711, equation 4), kept as e^(start + n log τ - k τ).
"""

from __future__ import annotations

import numpy as np

from trialsim.dynamics.compiling import kernel
from trialsim.foundation.elementary import log
from trialsim.foundation.gamma import log_gamma

SPENT = -45.0  # log of the share of a dose that no double can add to the rest


@kernel
def chain_start(size: float, number: float, pace: float) -> float:
    """Return the part of a pulse's logarithm that does not change."""
    return float(log(size) + (number + 1.0) * log(pace) - log_gamma(number + 1.0))


@kernel
def is_spent(start: float, arrived: float, t: float, number: float, pace: float) -> bool:
    """Return whether a pulse has nothing left: its tail Γ(n + 1, x) / Γ(n + 1) is at most x^n e^-x x / (x - n)."""
    if start == -np.inf:
        return True
    x = pace * (t - arrived)
    if x <= 2.0 * number + 2.0:
        return False
    return bool(number * log(x) - x - log_gamma(number + 1.0) + log(2.0 * x) < SPENT)
