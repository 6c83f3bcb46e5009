"""Families of hypotheses: what each trial rejects once the comparisons of its analyses are judged together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import OK
from trialsim.analysis.graph import (
    Graph,
    adjusted_by_graph,
    fallback_graph,
    fixed_sequence_graph,
    gatekeeping_graph,
    graph,
    holm_graph,
)
from trialsim.protocol.model import Family
from trialsim.trial.look import Look

Floats = NDArray[np.float64]


def with_families(families: tuple[Family, ...], looks: Mapping[str, Look]) -> dict[str, Look]:
    """Return the looks with adjusted p values and rejections of every comparison that is in a family."""
    found = dict(looks)
    for family in families:
        p = np.column_stack([_p_value(found, hypothesis.parts) for hypothesis in family.hypotheses])
        adjusted = adjusted_by_graph(p, graph_of(family))
        for i, hypothesis in enumerate(family.hypotheses):
            for analysis, comparison in hypothesis.parts:
                found[analysis] = _judged(found[analysis], comparison, adjusted[:, i], family.alpha)
    return found


def graph_of(family: Family) -> Graph:
    """Return the graph of a family's procedure."""
    n = len(family.hypotheses)
    if family.procedure == "graph":
        return graph(family.weights, family.transitions)
    if family.procedure == "holm":
        return holm_graph(n)
    if family.procedure == "fixed_sequence":
        return fixed_sequence_graph(range(n))
    if family.procedure == "fallback":
        return fallback_graph(range(n), family.weights)
    last = np.cumsum(family.gates).tolist()
    gates = [range(end - size, end) for end, size in zip(last, family.gates, strict=True)]
    return gatekeeping_graph(gates, family.keeps[:-1])


def _p_value(looks: Mapping[str, Look], parts: tuple[tuple[str, str], ...]) -> Floats:
    """Return the p value [T] of showing every part: the greatest; 1 where one of them could not be tested."""
    columns = []
    for analysis, comparison in parts:
        results, c = looks[analysis].results, _column(looks[analysis], comparison)
        columns.append(np.where(results.status[:, c] == OK, results.p_value[:, c], 1.0))
    return np.asarray(np.max(np.column_stack(columns), axis=1))


def _judged(look: Look, comparison: str, adjusted: Floats, alpha: float) -> Look:
    c = _column(look, comparison)
    values, rejected = look.adjusted.copy(), look.rejected.copy()
    values[:, c] = adjusted
    rejected[:, c] = (look.results.status[:, c] == OK) & (adjusted <= alpha)
    return replace(look, adjusted=values, rejected=rejected)


def _column(look: Look, comparison: str) -> int:
    return [each.name for each in look.analysis.comparisons].index(comparison)
