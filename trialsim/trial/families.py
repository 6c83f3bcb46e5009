"""Families of hypotheses: what each trial rejects once the comparisons of several analyses are judged together.

With one look each, by adjusted p values of the graph. Where analyses spend, each hypothesis is held against the bounds
of its own looks at the error rate that its weight gives it now (Maurer and Bretz 2013), on its latest look: one that
receives weight after its last look is judged by that look again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

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
    weights_left,
)
from trialsim.protocol.family_model import Family
from trialsim.trial.boundaries import bounds_at_look
from trialsim.trial.look import Look

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Value = TypeVar("Value", np.float64, np.bool_)
LEAST_LEVEL = 1e-12  # a smaller error rate rejects nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Latest:
    """The latest look of one analysis, with the information of all its looks so far."""

    look: Look
    is_held: Flags  # [T]
    fractions: tuple[Floats, ...]  # of each look so far [T, C]; none without spending
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What a family comes to at a milestone, for each of its comparisons (analysis, position) [T]."""

    rejected: Mapping[tuple[str, int], Flags]
    adjusted: Mapping[tuple[str, int], Floats]  # p values, where no analysis of the family spends
    lower: Mapping[tuple[str, int], Floats]  # bounds of Z, where it does
    upper: Mapping[tuple[str, int], Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """Of one comparison at one level [T]: whether it passes, and the bounds it was held against."""

    passes: Flags
    lower: Floats
    upper: Floats


def judged(family: Family, latest: Mapping[str, Latest | None], before: Flags, held: Flags) -> tuple[Flags, Judged]:
    """Return which hypotheses are rejected by now [T, H], and what that means for the comparisons.

    `before` [T, H] are those rejected until now; trials where this milestone is not `held` [T] reject nothing more.
    """
    if any(each is not None and each.look.analysis.spend is not None for each in latest.values()):
        return with_spending(family, latest, before, held)
    p = np.column_stack([_p_value(latest, hypothesis.parts) for hypothesis in family.hypotheses])
    adjusted = adjusted_by_graph(p, graph_of(family))
    rejected = before | ((adjusted <= family.alpha) & held[:, None])
    return rejected, Judged(
        rejected=_of_parts(family, latest, rejected), adjusted=_of_parts(family, latest, adjusted), lower={}, upper={}
    )


def with_spending(
    family: Family, latest: Mapping[str, Latest | None], before: Flags, held: Flags
) -> tuple[Flags, Judged]:
    """Reject what its bounds say, pass its weight on, and look again; trials of equal rejections go together."""
    by, rejected = graph_of(family), before.copy()
    known: dict[tuple[str, int, float], Bounds] = {}
    shape = held.shape
    lower = {part: np.full(shape, -np.inf) for part in _columns(family, latest)}
    upper = {part: np.full(shape, np.inf) for part in _columns(family, latest)}
    while True:
        new = np.zeros(rejected.shape, dtype=np.bool_)
        states, member = np.unique(rejected, axis=0, return_inverse=True)
        for s, state in enumerate(states):
            here = held & (member.reshape(-1) == s)
            for h, weight in enumerate(weights_left(by, state).tolist()):
                level = weight * family.alpha
                if state[h] or level < LEAST_LEVEL:
                    continue
                passes = here.copy()
                for name, comparison in family.hypotheses[h].parts:
                    seen = latest[name]
                    if seen is None:
                        passes[:] = False
                        continue
                    part = (name, _column(seen.look, comparison))
                    if (*part, level) not in known:
                        known[*part, level] = bounds_of(seen, part[1], level)
                    at = known[*part, level]
                    passes &= at.passes
                    lower[part][here], upper[part][here] = at.lower[here], at.upper[here]
                new[:, h] |= passes
        if not new.any():
            break
        rejected = rejected | new
    return rejected, Judged(rejected=_of_parts(family, latest, rejected), adjusted={}, lower=lower, upper=upper)


def bounds_of(seen: Latest, c: int, level: float) -> Bounds:
    """Return whether a comparison passes at a level, on its latest look."""
    look = seen.look
    if look.analysis.spend is None:
        ok = (look.results.status[:, c] == OK) & seen.is_held
        nowhere = np.full(ok.shape, np.nan)
        with np.errstate(invalid="ignore"):
            return Bounds(passes=ok & (look.results.p_value[:, c] <= level), lower=nowhere, upper=nowhere)
    fractions = np.column_stack([each[:, c] for each in seen.fractions])
    found = bounds_at_look(look.analysis.spend, level, fractions, seen.is_last)
    return Bounds(passes=seen.is_held & (look.z[:, c] >= found.upper), lower=found.lower, upper=found.upper)


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


def analyses_of(family: Family) -> tuple[str, ...]:
    """Return the analyses whose comparisons a family judges."""
    return tuple(dict.fromkeys(name for hypothesis in family.hypotheses for name, _ in hypothesis.parts))


def _p_value(latest: Mapping[str, Latest | None], parts: tuple[tuple[str, str], ...]) -> Floats:
    """Return the p value [T] of showing every part: the greatest; 1 where one of them is not tested, or not yet."""
    columns = []
    for name, comparison in parts:
        seen = latest[name]
        if seen is None:
            columns.append(np.ones(next(each for each in latest.values() if each is not None).is_held.shape))
            continue
        results, c = seen.look.results, _column(seen.look, comparison)
        columns.append(np.where(seen.is_held & (results.status[:, c] == OK), results.p_value[:, c], 1.0))
    return np.asarray(np.max(np.column_stack(columns), axis=1))


def _columns(family: Family, latest: Mapping[str, Latest | None]) -> dict[tuple[str, int], int]:
    """Return the hypothesis of each comparison of a look that was made."""
    return {
        (name, _column(seen.look, comparison)): h
        for h, hypothesis in enumerate(family.hypotheses)
        for name, comparison in hypothesis.parts
        if (seen := latest[name]) is not None
    }


def _of_parts(
    family: Family, latest: Mapping[str, Latest | None], values: NDArray[Value]
) -> dict[tuple[str, int], NDArray[Value]]:
    """Return each comparison's column of values [T, H] by hypothesis."""
    return {part: values[:, h] for part, h in _columns(family, latest).items()}


def _column(look: Look, comparison: str) -> int:
    return [each.name for each in look.analysis.comparisons].index(comparison)
