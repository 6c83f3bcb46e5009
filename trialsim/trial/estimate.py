"""Each estimand's endpoint: as it is analysed, and as it truly is under every arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.endpoints import endpoint_values
from trialsim.cohort.draws import TypicalValues
from trialsim.protocol.model import Endpoint, Estimand
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.observe import Observations, as_measured
from trialsim.trial.seen_events import EVENT, longest_delay, lookout_length, seen_events
from trialsim.trial.setup import Setup
from trialsim.trial.treat import Outcomes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EndpointData:
    """One estimand's endpoint: what the trial has [N], and the truth under every arm [A, N]."""

    analysed: Floats  # missing (NaN) where not seen, or after an event that the estimand switches off
    counterfactual: Floats  # missing only where a course failed; of a time to an event, infinite if it never happens
    due_at: Floats  # the day by which it should be known, since the first site opened
    known_at: Floats  # the day it is known, infinite if never
    # Of a time to an event, `analysed` is the time until it or until last known to be free of it, and there is:
    causes: NDArray[np.int8] | None = None  # 1 the event, 2 a competing one, 0 none
    counterfactual_causes: NDArray[np.int8] | None = None  # [A, N]
    counterfactual_days: Floats | None = None  # [A, N], of the first event of any cause, or of the end of the follow-up
    delay: float = 0.0  # days until it is known that nothing was seen
    every: float = 0.0  # days between two lookouts, 0 = seen at once


def endpoint_data(
    setup: Setup,
    typical: TypicalValues,
    patients: Enrolled,
    worlds: Mapping[frozenset[str], Outcomes],
    seen: Observations,
    luck: Floats,
    own_hazards: Floats,
    randomised_at: Floats,
    lost_at: Floats,
    failed: Flags,
) -> dict[str, EndpointData]:
    """Return the endpoint of every estimand.

    `own_hazards` [N, events of the model] are the days of the assigned arm's events, `lost_at` [N] those on which
    patients leave for a reason that is no event of the cohort, `failed` [N] whose own course could not be computed.
    """
    own_events = own_hazards[:, : len(setup.events)]
    out = {}
    for estimand in setup.protocol.estimands:
        world = worlds[estimand.switched_off()]
        endpoint = setup.protocol.endpoint(estimand.endpoint)
        if endpoint.events:
            until = np.where(failed, np.nan, np.minimum(lost_at, days_off(setup, estimand, own_events)))
            out[estimand.name] = event_data(setup, endpoint, world, own_hazards, randomised_at, until)
            continue
        due, known = reading_days(setup, endpoint, randomised_at, seen)
        out[estimand.name] = EndpointData(
            analysed=analysed_values(setup, estimand, endpoint, seen, own_events),
            counterfactual=counterfactual_values(setup, estimand, typical, patients, world, luck),
            due_at=due,
            known_at=known,
        )
    return out


def days_off(setup: Setup, estimand: Estimand, own_events: Floats) -> Floats:
    """Return the day of the first event that an estimand switches off [N], infinite without one."""
    off = [setup.events.index(name) for name in sorted(estimand.switched_off())]
    first: Floats = own_events[:, off].min(axis=1, initial=np.inf)
    return first


def reading_days(
    setup: Setup, endpoint: Endpoint, randomised_at: Floats, seen: Observations
) -> tuple[Floats, Floats]:
    """Return when a value at a visit is due and when it is known with its baseline [N], since the first site opened."""
    at, baseline = setup.calendar.endpoint_readings(endpoint)
    due = randomised_at + seen.actual_days[at] + setup.calendar.readings[at].known_after
    known = np.where(seen.seen[at], due, np.inf)
    if baseline is not None:
        before = randomised_at + seen.actual_days[baseline] + setup.calendar.readings[baseline].known_after
        known = np.maximum(known, np.where(seen.seen[baseline], before, np.inf))
    return due, known


def event_data(
    setup: Setup, endpoint: Endpoint, world: Outcomes, own_hazards: Floats, randomised_at: Floats, until: Floats
) -> EndpointData:
    """Return an endpoint of events: a time, or whether one happened by a day; `until` [N] ends what is seen."""
    last = setup.protocol.follow_up or setup.protocol.visits[-1].at
    if endpoint.derive == "happened":
        return happened_data(setup, endpoint, world, own_hazards, randomised_at, until)
    own = seen_events(setup, endpoint, own_hazards, np.minimum(until, last))
    every_arm = seen_events(setup, endpoint, world.event_days, np.full(world.status.shape, last))
    never = np.where(every_arm.causes == EVENT, every_arm.days, np.inf)
    return EndpointData(
        analysed=own.days,
        counterfactual=np.where(world.status != 0, np.nan, never),
        due_at=randomised_at + last,
        known_at=randomised_at + own.known_days,
        causes=own.causes,
        counterfactual_causes=every_arm.causes,
        counterfactual_days=np.where(world.status != 0, np.nan, every_arm.days),
        delay=longest_delay(setup.protocol, endpoint),
        every=lookout_length(setup.protocol, endpoint),
    )


def happened_data(
    setup: Setup, endpoint: Endpoint, world: Outcomes, own_hazards: Floats, randomised_at: Floats, until: Floats
) -> EndpointData:
    """Return whether an event happened by a day: 1, 0, or missing where the patient left before without one."""
    own = seen_events(setup, endpoint, own_hazards, np.minimum(until, endpoint.by))
    every_arm = seen_events(setup, endpoint, world.event_days, np.full(world.status.shape, endpoint.by))
    there = ~np.isnan(until) & (own.causes == EVENT) | (until > endpoint.by) | ends_before(setup, own_hazards, until)
    due = randomised_at + endpoint.by + longest_delay(setup.protocol, endpoint)
    return EndpointData(
        analysed=np.where(there, (own.causes == EVENT).astype(np.float64), np.nan),
        counterfactual=np.where(world.status != 0, np.nan, (every_arm.causes == EVENT).astype(np.float64)),
        due_at=due,
        known_at=np.where(there, np.where(own.causes == EVENT, randomised_at + own.known_days, due), np.inf),
    )


def ends_before(setup: Setup, own_hazards: Floats, until: Floats) -> Flags:
    """Return whose course a terminal event ended before they left [N]: nothing can happen to them any more."""
    ends = np.flatnonzero(np.array(setup.ends_course, dtype=np.bool_))
    return np.asarray(own_hazards[:, ends].min(axis=1, initial=np.inf) <= until, dtype=np.bool_)


def analysed_values(
    setup: Setup, estimand: Estimand, endpoint: Endpoint, seen: Observations, own_events: Floats
) -> Floats:
    """Return an endpoint as it is analysed [N]: from what was seen, missing after an event that is switched off."""
    at, baseline = setup.calendar.endpoint_readings(endpoint)
    before = None if baseline is None else seen.values[baseline]
    value = endpoint_values(endpoint.derive, seen.values[at], before, endpoint.threshold)
    off = [setup.events.index(name) for name in sorted(estimand.switched_off())]
    too_late = (own_events[:, off] < seen.actual_days[at][:, None]).any(axis=1)
    return np.where(too_late, np.nan, value)


def counterfactual_values(
    setup: Setup, estimand: Estimand, typical: TypicalValues, patients: Enrolled, world: Outcomes, luck: Floats
) -> Floats:
    """Return the endpoint each patient would have under each arm [A, N]: on schedule, complete, same errors."""
    endpoint = setup.protocol.endpoint(estimand.endpoint)
    at, baseline = setup.calendar.endpoint_readings(endpoint)
    measure = setup.measures[setup.calendar.readings[at].output]
    additive = typical.additive[measure.name][patients.rows]
    proportional = typical.proportional[measure.name][patients.rows]
    value = as_measured(measure, world.nominal[at], luck[at], additive, proportional)[0]
    if baseline is None:
        return endpoint_values(endpoint.derive, value, None, endpoint.threshold)
    before = as_measured(measure, world.nominal[baseline], luck[baseline], additive, proportional)[0]
    return endpoint_values(endpoint.derive, value, before, endpoint.threshold)


def true_differences(counterfactual: Floats, treated: int, control: int, per_trial: int) -> Floats:
    """Return each trial's true effect [T]: the mean over its patients of treated - control, NaN if nobody counts.

    Patients whose course failed under either arm are left out. Sums run in the patients' order.
    """
    difference = (counterfactual[treated] - counterfactual[control]).reshape(-1, per_trial)
    known = ~np.isnan(difference)
    total = np.cumsum(np.where(known, difference, 0.0), axis=1)[:, -1]
    count = known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
