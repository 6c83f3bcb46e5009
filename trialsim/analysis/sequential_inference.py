"""After a group-sequential trial: p values, estimates and intervals that allow for its looks.

Outcomes are ordered stage by stage (Siegmund 1978; Tsiatis, Rosner and Mehta 1984): one that stopped earlier above its
upper bound is more extreme, and so is a greater Z at the same look. Estimates are drifts, the mean of Z at full
information; times the standard error at full information they are effects. Bounds that need not be kept (non-binding
futility) are to be left out, as -inf: then what is concluded holds whether they were kept or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trialsim.analysis.group_sequential import Bounds, crossings, root_of

FARTHEST = 12.0  # standard errors between an estimate and what is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A median-unbiased estimate with its interval, all three drifts."""

    median: float
    lower: float
    upper: float


def exceedance(bounds: Bounds, look: int, z: float, drift: float) -> float:
    """Return the probability, under a drift, of an outcome at least as extreme as Z = z at a look (from 0)."""
    until = Bounds(
        information=bounds.information[: look + 1], lower=bounds.lower[: look + 1].copy(),
        upper=bounds.upper[: look + 1].copy(),
    )  # fmt: skip
    until.lower[look], until.upper[look] = -np.inf, z
    return float(sum(crossings(until, drift).above.tolist()))


def stagewise_p_value(bounds: Bounds, look: int, z: float) -> float:
    """Return the one-sided p value of a trial that ended at a look with Z = z."""
    return exceedance(bounds, look, z, 0.0)


def stagewise_estimate(bounds: Bounds, look: int, z: float, level: float = 0.95) -> Estimate:
    """Return the median-unbiased estimate of the drift and its central interval of a level."""
    tail = 0.5 * (1.0 - level)
    root = float(np.sqrt(bounds.information[look]))

    def drift_with(probability: float) -> float:
        middle, reach = z / root, FARTHEST / root
        return root_of(lambda drift: exceedance(bounds, look, z, drift) - probability, middle - reach, middle + reach)

    return Estimate(median=drift_with(0.5), lower=drift_with(tail), upper=drift_with(1.0 - tail))


def repeated_interval(bounds: Bounds, look: int, z: float) -> tuple[float, float]:
    """Return an interval for the drift that holds at all looks at once, whether or not the trial stops.

    Jennison and Turnbull (1989): all drifts that the bounds would not reject, its level that of the bounds, and as
    wide downwards as upwards.
    """
    root, bound = float(np.sqrt(bounds.information[look])), float(bounds.upper[look])
    return (z - bound) / root, (z + bound) / root


def repeated_p_value(bounds_at: Callable[[float], Bounds], look: int, z: float) -> float:
    """Return the smallest one-sided level at which the bounds of a level would be crossed at a look.

    `bounds_at(level)` gives the bounds of the same design at another level. 1/2 is the greatest level there is.
    """
    return root_of(lambda level: z - float(bounds_at(level).upper[look]), 1e-12, 0.5)
