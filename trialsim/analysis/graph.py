"""Graphical procedures: hypotheses share one error rate, and one that is rejected passes its share on.

Bretz, Maurer, Brannath and Posch (2009). Each hypothesis holds a weight, its share of the error rate; the transition
from i to j is the share of i's weight that j receives once i is rejected. Holm's procedure, the fixed sequence, the
fallback and gatekeepers are graphs. All of them hold the family-wise error whatever the dependence of the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.foundation.arithmetic import compiled

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
ROUNDING = 1e-9  # by which a sum of shares written in decimals may exceed one
CLOSED = 1e-12  # two hypotheses that pass all but this to each other pass nothing to others
SLIGHT = 2.0**-20  # what a serial gatekeeper lets through before it is passed: too little to reject anything by


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """Weights [H] and transitions [H, H]: checked, in the types the kernels take."""

    weights: Floats
    transitions: Floats


def graph(weights: ArrayLike, transitions: ArrayLike) -> Graph:
    """Return a checked graph; ValueError where shares are negative, exceed one, or go from a hypothesis to itself.

    >>> graph([1, 0], [[0, 1], [0, 0]]).weights.tolist()
    [1.0, 0.0]
    """
    shares = np.require(weights, np.float64, ["C", "W"])
    edges = np.require(transitions, np.float64, ["C", "W"])
    if shares.ndim != 1 or not shares.size or edges.shape != (shares.size, shares.size):
        raise ValueError(f"there are weights {shares.shape} and transitions {edges.shape}")
    if not (np.all(shares >= 0.0) and np.all(edges >= 0.0)):
        raise ValueError("a weight or a transition is negative or not a number")
    if sum(shares.tolist()) > 1.0 + ROUNDING:
        raise ValueError(f"the weights sum to {sum(shares.tolist()):.6g}, more than the whole error rate")
    for i in range(shares.size):
        if edges[i, i] != 0.0:
            raise ValueError(f"hypothesis {i} passes its weight to itself")
        if sum(edges[i].tolist()) > 1.0 + ROUNDING:
            raise ValueError(f"hypothesis {i} passes on {sum(edges[i].tolist()):.6g} of its weight")
    return Graph(weights=shares, transitions=edges)


def holm_graph(n: int) -> Graph:
    """Return Holm's (1979) procedure: equal weights, passed on in equal shares.

    >>> holm_graph(2).transitions.tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    return gatekeeping_graph([range(n)], [])


def fixed_sequence_graph(order: Sequence[int]) -> Graph:
    """Return the fixed sequence (Maurer, Hothorn and Lehmacher 1995): the first holds all and passes it to the next."""
    return fallback_graph(order, [1.0] + [0.0] * (len(order) - 1))


def fallback_graph(order: Sequence[int], weights: Sequence[float]) -> Graph:
    """Return the fallback (Wiens 2003; Wiens and Dmitrienko 2005): a sequence whose members have weights of their own.

    ``weights`` are in that order. Each passes what it has to the next, the last to nobody.
    """
    if sorted(order) != list(range(len(order))) or len(weights) != len(order):
        raise ValueError(f"the order {list(order)} does not name each of the {len(weights)} hypotheses once")
    shares, edges = np.zeros(len(order)), np.zeros((len(order), len(order)))
    for place, i in enumerate(order):
        shares[i] = weights[place]
        if place + 1 < len(order):
            edges[i, order[place + 1]] = 1.0
    return graph(shares, edges)


def gatekeeping_graph(families: Sequence[Sequence[int]], kept: Sequence[float]) -> Graph:
    """Return families tested one after the other, each the gatekeeper of the next; the last by Holm's procedure.

    ``kept`` [families - 1] is the share of a rejected hypothesis's weight that stays in its family until all of that
    is rejected, the rest goes to the next family: 0 is Bonferroni's parallel gatekeeper (Dmitrienko, Offen and
    Westfall 2003), between 0 and 1 the truncated Holm procedure (Dmitrienko, Tamhane and Wiens 2008), 1 the serial
    gatekeeper, which opens when all of its family is rejected (Westfall and Krishen 2001).
    """
    everybody = [i for family in families for i in family]
    if sorted(everybody) != list(range(len(everybody))) or not all(len(family) for family in families):
        raise ValueError("families do not name each hypothesis once")
    if len(kept) != len(families) - 1 or any(not 0.0 <= share <= 1.0 for share in kept):
        raise ValueError(f"{len(families)} families need {len(families) - 1} kept shares, each between 0 and 1")
    shares, edges = np.zeros(len(everybody)), np.zeros((len(everybody), len(everybody)))
    for i in families[0]:
        shares[i] = 1.0 / len(families[0])
    for at, family in enumerate(families):
        is_last = at + 1 == len(families)
        stays = 1.0 if is_last else min(kept[at], 1.0 - SLIGHT)
        if len(family) == 1:
            stays = 0.0
        for i in family:
            for j in family:
                edges[i, j] = stays / (len(family) - 1) if i != j else 0.0
            for j in () if is_last else families[at + 1]:
                edges[i, j] = (1.0 - stays) / len(families[at + 1])
    return graph(shares, edges)


@compiled("void(float64[::1], float64[:, ::1], boolean[::1], int64)")
def pass_on(weights: Floats, transitions: Floats, is_left: Flags, j: int) -> None:
    """Take hypothesis j out of a graph, in place: its weight goes along its edges (Bretz et al. 2009, algorithm 1)."""
    is_left[j] = False
    for i in range(weights.size):
        if is_left[i]:
            weights[i] += weights[j] * transitions[j, i]
    weights[j] = 0.0
    for i in range(weights.size):
        if not is_left[i]:
            continue
        back = transitions[i, j] * transitions[j, i]
        for k in range(weights.size):
            if is_left[k] and k != i:
                through = transitions[i, k] + transitions[i, j] * transitions[j, k]
                transitions[i, k] = through / (1.0 - back) if 1.0 - back > CLOSED else 0.0
        transitions[i, j] = 0.0


@compiled("void(float64[:, ::1], float64[::1], float64[:, ::1], float64[:, ::1])")
def _adjust(p: Floats, weights: Floats, transitions: Floats, adjusted: Floats) -> None:
    """Fill each trial's adjusted p values (Bretz et al. 2009, algorithm 2)."""
    n = weights.size
    for trial in range(p.shape[0]):
        shares, edges = weights.copy(), transitions.copy()
        is_left = np.ones(n, np.bool_)
        greatest = 0.0
        for _ in range(n):
            best, chosen = np.inf, -1
            for i in range(n):
                if is_left[i] and shares[i] > 0.0 and p[trial, i] / shares[i] < best:
                    best, chosen = p[trial, i] / shares[i], i
            if chosen < 0:
                break
            greatest = max(greatest, min(best, 1.0))
            adjusted[trial, chosen] = greatest
            pass_on(shares, edges, is_left, chosen)


def adjusted_by_graph(p: Floats, by: Graph) -> Floats:
    """Return adjusted one-sided p values [T, H]: a hypothesis is rejected where its value is at most the error rate.

    One that never receives weight has 1.

    >>> adjusted_by_graph(np.array([[0.01, 0.04]]), fixed_sequence_graph([0, 1])).tolist()
    [[0.01, 0.04]]
    """
    if p.ndim != 2 or p.shape[1] != by.weights.size:
        raise ValueError(f"there are p values {p.shape} and {by.weights.size} hypotheses")
    adjusted = np.ones(p.shape)
    _adjust(np.require(p, np.float64, ["C", "W"]), by.weights, by.transitions, adjusted)
    return adjusted


def weights_left(by: Graph, rejected: Sequence[bool] | Flags) -> Floats:
    """Return the weights [H] once some hypotheses are rejected, in whatever order that was; theirs are 0."""
    shares, edges = by.weights.copy(), by.transitions.copy()
    is_left = np.ones(shares.size, np.bool_)
    for j in np.nonzero(np.asarray(rejected))[0].tolist():
        pass_on(shares, edges, is_left, j)
    return shares
