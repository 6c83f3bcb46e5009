"""What a rule decides: what it remembers, which of its branches fires, and where it stands on its ladder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.reference.plain_expressions import value
from trialsim.dynamics.model import Rule, Signal
from trialsim.foundation.expression import names_of

NOTHING_FIRES, NOTHING_IS_KNOWN = -1, -2


@dataclass(kw_only=True)
class Standing:
    """Where a rule stands: remembered numbers, level, and how many times in a row each branch's condition held."""

    remembered: dict[str, float]
    level: int
    in_a_row: list[int]
    n_asked: int = 0
    seen: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """When a signal is read, how much later that is known, and the reading's standard normal error."""

    signal: int
    time: float
    delay: float = 0.0
    luck: float = 0.0


def standing_of(rule: Rule) -> Standing:
    """Return where a rule stands before it is first asked."""
    return Standing(remembered={name: first for name, first, _ in rule.remembers}, level=rule.start_level,
                    in_a_row=[0] * len(rule.branches))


def as_read(signal: Signal, true: float, luck: float) -> float:
    """Return what the instrument says: f + sqrt(a^2 + (b f)^2) epsilon; half the limit below the limit."""
    read = true + math.sqrt(signal.additive**2 + (signal.proportional * true) ** 2) * luck
    return 0.5 * signal.lloq if signal.lloq is not None and read < signal.lloq else read


def seen_by(rule: Rule) -> frozenset[str]:
    """Return the names that a rule needs to decide."""
    exprs = [expr for _, _, expr in rule.remembers]
    exprs += [branch.when for branch in rule.branches if branch.when is not None]
    exprs += [each for branch in rule.branches for action in branch.actions
              for each in (action.value, action.duration) if each is not None]
    return frozenset().union(*(names_of(expr) for expr in exprs))


def decided(rule: Rule, standing: Standing, seen: Mapping[str, float], names: Mapping[str, float]) -> int:
    """Return the branch that fires, -1 if none, -2 if a signal the rule needs is not known yet.

    `names` holds functionals, t and parameters. What is remembered is brought up to date first, all from the old
    numbers; then every branch's condition is counted, and the first branch that has held often enough fires.
    """
    if any(math.isnan(seen[name]) for name in seen_by(rule) & seen.keys()):
        return NOTHING_IS_KNOWN
    old = names_for(standing, seen, names)
    standing.remembered = {name: value(expr, old) for name, _, expr in rule.remembers}
    now = names_for(standing, seen, names)
    for b, branch in enumerate(rule.branches):
        held = branch.when is None or value(branch.when, now)
        standing.in_a_row[b] = standing.in_a_row[b] + 1 if held else 0
    for b, branch in enumerate(rule.branches):
        if standing.in_a_row[b] >= branch.in_a_row:
            standing.in_a_row[b] = 0
            return b
    return NOTHING_FIRES


def names_for(standing: Standing, seen: Mapping[str, float], names: Mapping[str, float]) -> dict[str, float]:
    """Return what a rule's expressions see."""
    return {**names, **seen, **standing.remembered, "level": float(standing.level)}
