"""How much of a distribution its bounds leave."""

from __future__ import annotations

import math

from trialsim.cohort.model import Distribution
from trialsim.cohort.spreads import log_sd

LEAST_KEPT = 0.01  # of a distribution within its bounds: less is a mistake in a unit, not a population


def share_within(distribution: Distribution) -> float:
    """Return the share of a distribution that lies within its bounds; a uniform one has no others than its ends."""
    if distribution.kind == "uniform":
        return 1.0
    shares = []
    for bound in (distribution.lowest, distribution.highest):
        if math.isinf(bound):
            shares.append(0.0 if bound < 0 else 1.0)
        elif distribution.kind == "lognormal":
            score = math.log(bound / distribution.location) / log_sd(distribution.spread) if bound > 0 else -math.inf
            shares.append(0.5 * math.erfc(-score / math.sqrt(2)))
        else:
            shares.append(0.5 * math.erfc(-(bound - distribution.location) / distribution.spread / math.sqrt(2)))
    return shares[1] - shares[0]
