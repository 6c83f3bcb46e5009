"""Alpha- and beta-spending functions: how much of a level may be spent by an information fraction."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.foundation.elementary import expm1, log, normal_cdf, normal_quantile, power

Floats = NDArray[np.float64]
FAMILIES = ("obrien_fleming", "pocock", "hwang_shih_decani", "kim_demets")


def spent(family: str, level: float, fractions: ArrayLike, parameter: float = 0.0) -> Floats:
    """Return what is spent of a one-sided level at information fractions [K]; all of it from fraction 1 on.

    ``obrien_fleming`` and ``pocock`` are those of Lan and DeMets (1983), ``hwang_shih_decani`` has the parameter gamma
    (Hwang, Shih and DeCani 1990), ``kim_demets`` the power rho (Kim and DeMets 1987).

    >>> [round(float(x), 9) for x in spent("obrien_fleming", 0.025, [0.2, 1.0])]
    [5.39e-07, 0.025]
    """
    at = [min(max(float(t), 0.0), 1.0) for t in np.atleast_1d(np.asarray(fractions, dtype=np.float64))]
    return np.array([0.0 if t == 0.0 else level if t == 1.0 else _spent(family, level, t, parameter) for t in at])


def _spent(family: str, level: float, t: float, parameter: float) -> float:
    if family == "obrien_fleming":
        return 2.0 * float(normal_cdf(normal_quantile(0.5 * level) / math.sqrt(t)))
    if family == "pocock":
        return level * float(log(1.0 + (math.e - 1.0) * t))
    if family == "hwang_shih_decani":
        return level * t if parameter == 0.0 else level * float(expm1(-parameter * t) / expm1(-parameter))
    if family == "kim_demets":
        return level * float(power(t, parameter))
    raise ValueError(f"there is no spending function {family!r}; there are {', '.join(FAMILIES)}")


def increments(cumulative: Sequence[float] | Floats) -> Floats:
    """Return what is spent at each look, of what is spent by each; never less than nothing.

    >>> increments([0.01, 0.01, 0.025]).round(3).tolist()
    [0.01, 0.0, 0.015]
    """
    steps: Floats = np.maximum(np.diff(np.concatenate([[0.0], np.asarray(cumulative, dtype=np.float64)])), 0.0)
    return steps
