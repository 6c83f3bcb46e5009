"""The calendar of every trial: the day on which each milestone is reached, and its data cut."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trialsim.protocol.milestone_model import Condition, Joined, Reach
from trialsim.protocol.model import Protocol
from trialsim.trial.batch import Batch
from trialsim.trial.estimate import EndpointData
from trialsim.trial.observe import Observations
from trialsim.trial.seen_events import EVENT
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]


def milestone_cuts(setup: Setup, batch: Batch) -> Floats:
    """Return the data cut of every milestone in every trial [M, T], in days since the first site opened.

    A milestone that is not reached, or not before the next one, is not held: its cut is infinite. The last one is held
    in any case, at the latest when nothing more can come in and everybody was due: who left counts as missing, not as
    somebody who may still come. None is cut before the one before it.
    """
    protocol, end = setup.protocol, np.maximum(last_days_of_data(setup, batch), last_days_due(setup, batch))
    cuts = np.empty((len(protocol.milestones), end.shape[0]))
    before = np.full(end.shape, -np.inf)
    for m, milestone in enumerate(protocol.milestones):
        reached = reached_days(protocol, batch, milestone.when)
        if m == len(protocol.milestones) - 1:
            reached = np.minimum(reached, end)
        day = np.maximum(reached, before) + milestone.cut_delay
        cuts[m] = np.where(reached > end, np.inf, day)
        before = np.where(np.isfinite(cuts[m]), cuts[m], before)
    following = cuts[-1]
    for m in range(len(protocol.milestones) - 2, -1, -1):
        cuts[m] = np.where(cuts[m] < following, cuts[m], np.inf)
        following = np.minimum(following, cuts[m])
    return cuts


def reached_days(protocol: Protocol, batch: Batch, condition: Condition) -> Floats:
    """Return the day on which a condition is first met in each trial [T], infinite if never."""
    if isinstance(condition, Joined):
        days = [reached_days(protocol, batch, part) for part in condition.parts]
        return np.asarray(np.max(days, axis=0) if condition.op == "and" else np.min(days, axis=0))
    per_trial = protocol.patients.randomised
    arrivals = batch.randomised_at.reshape(-1, per_trial)
    if condition.counted == "since":
        return np.asarray(arrivals[:, 0] + condition.number)
    if condition.counted == "randomised":
        return np.asarray(arrivals[:, number_of(condition, per_trial) - 1])
    data = batch.endpoints[estimand_of(protocol, condition.of)]
    dates = counted_days(data, condition.counted).reshape(-1, per_trial)
    return np.asarray(np.sort(dates, axis=1)[:, number_of(condition, per_trial) - 1])


def counted_days(data: EndpointData, counted: str) -> Floats:
    """Return the day on which each patient counts [N], infinite if never."""
    if counted == "due":
        return data.due_at
    if counted == "observed":
        return np.where(np.isnan(data.analysed), np.inf, data.known_at)
    assert data.causes is not None
    return np.where(data.causes == EVENT, data.known_at, np.inf)


def number_of(condition: Reach, per_trial: int) -> int:
    """Return how many patients a condition waits for; of a share, the smallest number that is at least that."""
    number = condition.number * per_trial if condition.is_share else condition.number
    return max(1, math.ceil(number - 1e-9))


def estimand_of(protocol: Protocol, endpoint: str) -> str:
    """Return the estimand by which an endpoint is counted: the first of it that an analysis is about."""
    analysed = [analysis.estimand for analysis in protocol.analyses]
    named = [each.name for each in protocol.estimands if each.endpoint == endpoint]
    return next((name for name in analysed if name in named), named[0])


def last_days_of_data(setup: Setup, batch: Batch) -> Floats:
    """Return the day on which the last datum of any analysis is known in each trial [T].

    Values that are never seen are not waited for; who has no event is followed to the end, or until lost. A trial that
    sees nothing ends with its last randomisation.
    """
    per_trial = setup.protocol.patients.randomised
    last: Floats = batch.randomised_at.reshape(-1, per_trial).max(axis=1)
    for known in (known for name in analysed_estimands(setup.protocol) for known in dates_known(setup, batch, name)):
        finite = np.where(np.isfinite(known), known, -np.inf).reshape(-1, per_trial)
        last = np.maximum(last, finite.max(axis=1))
    return last


def last_days_due(setup: Setup, batch: Batch) -> Floats:
    """Return the day on which the last value of any analysis is due in each trial [T], seen or not."""
    per_trial = setup.protocol.patients.randomised
    last: Floats = batch.randomised_at.reshape(-1, per_trial).max(axis=1)
    for name in analysed_estimands(setup.protocol):
        if batch.endpoints[name].causes is None:
            last = np.maximum(last, batch.endpoints[name].due_at.reshape(-1, per_trial).max(axis=1))
    return last


def dates_known(setup: Setup, batch: Batch, name: str) -> Iterable[Floats]:
    """Yield the days on which what an estimand's endpoint is made of is known [N], not finite if never."""
    endpoint = setup.protocol.endpoint(setup.protocol.estimand(name).endpoint)
    if endpoint.events:
        yield batch.endpoints[name].known_at
        return
    imputed = [
        replace(endpoint, at=visit)
        for analysis in setup.protocol.analyses
        if analysis.estimand == name and analysis.method.imputation is not None
        for visit in analysis.method.imputation.visits
    ]
    for reading in {r: None for each in (endpoint, *imputed) for r in setup.calendar.endpoint_readings(each)}:
        if reading is not None:
            yield known_days(setup, reading, batch.randomised_at, batch.seen)


def known_days(setup: Setup, reading: int, randomised_at: Floats, seen: Observations) -> Floats:
    """Return the day each value of a reading is known [N], since the first site opened; NaN if it is never seen."""
    known = randomised_at + seen.actual_days[reading] + setup.calendar.readings[reading].known_after
    return np.where(seen.seen[reading], known, np.nan)


def analysed_estimands(protocol: Protocol) -> Iterable[str]:
    """Return the estimands that analyses are about."""
    return dict.fromkeys(analysis.estimand for analysis in protocol.analyses)
