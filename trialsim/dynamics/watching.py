"""What is told of a lane: the ledgers of events and decisions, and the luck that events and readings take."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialsim.dynamics.arrays import (
    DECISIONS_TOLD,
    EVENT_KEY,
    EVENTS_TOLD,
    HAPPENED,
    LEDGER,
    LEDGER_END,
    PERSON,
    SEED,
    SIGNAL_KEY,
    TRIAL,
)
from trialsim.dynamics.compiling import kernel
from trialsim.foundation.streams import exponential, normal


@kernel
def tell_decision(
    i: int, t: float, rule: int, branch: int, level: float, signals: Any, kept: Any, g: Any, o: Any
) -> None:
    """Write a decision into the ledger."""
    told = o.counts[i, DECISIONS_TOLD]
    if g.starts[i, LEDGER] + told < g.starts[i, LEDGER_END]:
        row = o.ledger[2, g.starts[i, LEDGER] + told]
        row[0], row[1], row[2], row[3] = t, rule, branch, level
        for k in range(signals.size):
            row[4 + k] = signals[k]
        for k in range(kept.size):
            row[4 + signals.size + k] = kept[k]
    o.counts[i, DECISIONS_TOLD] = told + 1


@kernel
def tell_event(i: int, t: float, event: int, g: Any, o: Any) -> None:
    """Write an event into the ledger, and when it first happened."""
    told = o.counts[i, EVENTS_TOLD]
    if g.starts[i, LEDGER] + told < g.starts[i, LEDGER_END]:
        row = o.ledger[0, g.starts[i, LEDGER] + told]
        row[0], row[1] = t, event
    o.counts[i, EVENTS_TOLD] = told + 1
    if o.counts[i, HAPPENED + event] == 0:
        o.event_times[i, event] = t
    o.counts[i, HAPPENED + event] += 1


@kernel
def seed_of(g: Any) -> Any:
    """Return the seed, 64 bits without a sign."""
    return np.uint64(g.setting[0, SEED])


@kernel
def next_threshold(i: int, event: int, g: Any, o: Any) -> float:
    """Return by how much a cumulative hazard must grow until its event happens again."""
    n = o.counts[i, HAPPENED + event]
    return float(exponential(seed_of(g), g.setting[event, EVENT_KEY], g.starts[i, TRIAL],
                             g.starts[i, PERSON], n))


@kernel
def reading_luck(i: int, signal: int, number: float, g: Any) -> float:
    """Return the standard normal number of a reading's error."""
    return float(normal(seed_of(g), g.setting[signal, SIGNAL_KEY], g.starts[i, TRIAL],
                        g.starts[i, PERSON], int(number)))
