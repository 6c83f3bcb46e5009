"""Graphical procedures with several looks (Maurer and Bretz 2013): each hypothesis spends its share in its own way.

At a look, a hypothesis that holds the weight w is rejected if its p value there is at most the nominal level of a
group-sequential test with the error rate w alpha. Its weight is then passed on, the others' nominal levels are computed
anew, and so on until nothing more is rejected. Weights only grow, so that spending functions must spend no less of a
greater error rate at every look; those of ``spending`` do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.graph import Flags, Floats, Graph, weights_left
from trialsim.analysis.group_sequential import spending_bounds
from trialsim.analysis.spending import increments, spent
from trialsim.foundation.elementary import normal_cdf

Integers = NDArray[np.int64]
NEVER = -1
LEAST_LEVEL = 1e-12  # a smaller error rate rejects nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """How a hypothesis spends its error rate over its looks: a family of ``spending`` and its parameter."""

    family: str
    parameter: float = 0.0


def nominal_levels(spending: Spending, level: float, information: ArrayLike) -> Floats:
    """Return the one-sided p values [K] at or below which a hypothesis is rejected; 0 at looks it does not have.

    ``information`` [K] are its fractions, ascending, NaN where it is not looked at.

    >>> nominal_levels(Spending(family="obrien_fleming"), 0.025, [0.5, 1.0]).round(5).tolist()
    [0.00153, 0.0245]
    """
    fractions = np.asarray(information, np.float64)
    has_look = ~np.isnan(fractions)
    levels = np.zeros(fractions.shape)
    own = fractions[has_look]
    if own.size == 0 or level < LEAST_LEVEL:
        return levels
    if own[0] <= 0.0 or np.any(np.diff(own) <= 0.0):
        raise ValueError(f"the information {own.tolist()} does not grow from look to look")
    spends = increments(spent(spending.family, level, own, spending.parameter))
    levels[has_look] = [normal_cdf(-bound) for bound in spending_bounds(own, spends).upper.tolist()]
    return levels


def rejected_at(
    by: Graph,
    p: ArrayLike,
    information: ArrayLike,
    spending: Sequence[Spending],
    alpha: float,
    *,
    looks_back: bool = False,
) -> Integers:
    """Return the look (from 0) at which each trial rejects each hypothesis [T, H], -1 where it never does.

    ``p`` [T, K, H] are one-sided p values on all data of a look, NaN where a hypothesis could not be tested then.
    ``information`` is [K, H] if all trials share it, or [T, K, H] as realised; NaN where a hypothesis has no look.
    A trial goes on after a rejection. With ``looks_back``, a hypothesis that receives weight is also judged by its p
    values of earlier looks; the family-wise error is held either way, but by custom it is not done.
    """
    values = np.asarray(p, np.float64)
    fractions = np.asarray(information, np.float64)
    n_trials, n_looks, n = values.shape
    if n != by.weights.size or len(spending) != n or fractions.shape[-2:] != (n_looks, n):
        raise ValueError(
            f"p values {values.shape}, information {fractions.shape}, {len(spending)} spending functions and "
            f"{by.weights.size} hypotheses do not fit together"
        )
    if fractions.ndim == 2:
        return _with_one_information(by, values, fractions, spending, alpha, looks_back)
    each = [
        _with_one_information(by, values[t : t + 1], fractions[t], spending, alpha, looks_back) for t in range(n_trials)
    ]
    return np.concatenate(each) if each else np.empty((0, n), np.int64)


def _with_one_information(
    by: Graph, p: Floats, information: Floats, spending: Sequence[Spending], alpha: float, looks_back: bool
) -> Integers:
    """Trials are taken together by what they have rejected: they have the same nominal levels."""
    n_trials, n_looks, n = p.shape
    rejected = np.full((n_trials, n), NEVER, np.int64)
    known: dict[tuple[int, float], Floats] = {}

    def levels(state: Flags) -> Floats:
        """The nominal levels [K, H] once the hypotheses of a state are rejected."""
        weights = weights_left(by, state)
        for i, weight in enumerate(weights.tolist()):
            if (i, weight) not in known:
                known[i, weight] = nominal_levels(spending[i], weight * alpha, information[:, i])
        return np.column_stack([known[i, weight] for i, weight in enumerate(weights.tolist())])

    for look in range(n_looks):
        seen = slice(0 if looks_back else look, look + 1)
        is_open = np.ones(n_trials, np.bool_)
        while is_open.any():
            states, member = np.unique(rejected[is_open] != NEVER, axis=0, return_inverse=True)
            bound = np.stack([levels(state) for state in states])[member.reshape(-1)]
            passes = np.any((p[is_open, seen] <= bound[:, seen]) & (bound[:, seen] > 0.0), axis=1)
            new = passes & (rejected[is_open] == NEVER)
            changed = np.nonzero(is_open)[0]
            rejected[changed] = np.where(new, look, rejected[changed])
            is_open[changed] = new.any(axis=1)
    return rejected
