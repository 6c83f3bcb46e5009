"""Times to events as a trial sees them: at once, or when the event is next looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.protocol.model import Endpoint, Protocol
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Causes = NDArray[np.int8]
EVENT, COMPETING = 1, 2
CLOSE = 1e-9  # of the time between two lookouts, below which an event at one of them is seen there


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenEvents:
    """The first event of an endpoint for each patient, arrays of one shape."""

    days: Floats  # since randomisation: when it was seen, or when last known to be free of it
    causes: Causes  # 1 the event, 2 a competing one, 0 none
    known_days: Floats  # since randomisation: when that was known


def hazard_position(setup: Setup, event: str) -> int:
    """Return the position of an event of the cohort among the events of the model."""
    names = [each.name for each in setup.own_events]
    return len(setup.events) + len(setup.course_losses) + names.index(event)


def seen_events(setup: Setup, endpoint: Endpoint, event_days: Floats, until: Floats) -> SeenEvents:
    """Return what is seen of an endpoint's events up to a day [...]; `event_days` [..., events] are those of the model.

    An event that is looked for is seen at the first lookout at or after it, unless the patient's course has ended
    before; who has none is known to be free of it at the last lookout. One event that ends a course hides all others.
    """
    protocol = setup.protocol
    position = {name: hazard_position(setup, name) for name in (*endpoint.events, *endpoint.competing)}
    ends = np.array(setup.ends_course, dtype=np.bool_)
    ended = event_days[..., np.flatnonzero(ends)].min(axis=-1, initial=np.inf)
    days, causes = np.full(until.shape, np.inf), np.zeros(until.shape, dtype=np.int8)
    known = np.full(until.shape, np.inf)
    for cause, names in ((EVENT, endpoint.events), (COMPETING, endpoint.competing)):
        for name in names:
            every, delay = lookout(protocol, name)
            happened = event_days[..., position[name]]
            seen = at_lookout(happened, every)
            counts = (happened <= ended) & (seen <= until)
            if not ends[position[name]]:
                counts &= seen <= ended
            first = counts & (seen < days)
            days, known = np.where(first, seen, days), np.where(first, seen + delay, known)
            causes = np.where(first, cause, causes).astype(np.int8)
    longest = lookout_length(protocol, endpoint)
    last = np.floor(until / longest + CLOSE) * longest if longest else until
    none = causes == 0
    return SeenEvents(days=np.where(none, last, days), causes=causes, known_days=np.where(none, last, known))


def lookout(protocol: Protocol, event: str) -> tuple[float, float]:
    """Return how often an event is looked for (0: it is seen at once) and how much later it is known, in days."""
    for each in protocol.lookouts:
        if each.event == event:
            return each.every, each.known_after
    return 0.0, 0.0


def lookout_length(protocol: Protocol, endpoint: Endpoint) -> float:
    """Return the longest time between lookouts among an endpoint's events; 0 where all are seen at once."""
    return max(lookout(protocol, name)[0] for name in endpoint.events)


def longest_delay(protocol: Protocol, endpoint: Endpoint) -> float:
    """Return how long it takes until it is known that none of an endpoint's events has been seen."""
    return max(lookout(protocol, name)[1] for name in endpoint.events)


def at_lookout(days: Floats, every: float) -> Floats:
    """Return the day of the first lookout at or after each day."""
    if every == 0.0:
        return days
    with np.errstate(invalid="ignore"):
        return np.asarray(np.ceil(days / every - CLOSE) * every)
