"""Families: hypotheses of several analyses that share one error rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Procedure = Literal["graph", "fixed_sequence", "holm", "fallback", "gatekeeping"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """What a family rejects as one: comparisons of which all must be shown."""

    text: str  # as written
    parts: tuple[tuple[str, str], ...]  # analysis, comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Hypotheses of several analyses that share one error rate."""

    name: str
    alpha: float  # one-sided
    procedure: Procedure
    hypotheses: tuple[Hypothesis, ...]  # in the order of the document
    weights: tuple[float, ...] = ()  # of graph and fallback
    transitions: tuple[tuple[float, ...], ...] = ()  # of graph: row i is what i passes on
    gates: tuple[int, ...] = ()  # of gatekeeping: how many hypotheses each gate has
    keeps: tuple[float, ...] = ()  # of gatekeeping: the share that stays, the last without meaning
