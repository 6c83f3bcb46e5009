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
from trialsim.trial.setup import Setup
from trialsim.trial.treat import Outcomes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EndpointData:
    """One estimand's endpoint: what the trial has [N], and the truth under every arm [A, N]."""

    analysed: Floats  # missing (NaN) where not seen, or after an event that the estimand switches off
    counterfactual: Floats  # missing only where a course failed


def endpoint_data(
    setup: Setup,
    typical: TypicalValues,
    patients: Enrolled,
    worlds: Mapping[frozenset[str], Outcomes],
    seen: Observations,
    luck: Floats,
    own_events: Floats,
) -> dict[str, EndpointData]:
    """Return the endpoint of every estimand; `own_events` [N, events] are the days of the assigned arm's events."""
    out = {}
    for estimand in setup.protocol.estimands:
        world = worlds[estimand.switched_off()]
        out[estimand.name] = EndpointData(
            analysed=analysed_values(
                setup, estimand, setup.protocol.endpoint(estimand.endpoint), seen, own_events
            ),  # fmt: skip
            counterfactual=counterfactual_values(setup, estimand, typical, patients, world, luck),
        )
    return out


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


def true_effects(counterfactual: Floats, treated: int, control: int, per_trial: int) -> Floats:
    """Return each trial's true effect [T]: the mean over its patients of treated - control, NaN if nobody counts.

    Patients whose course failed under either arm are left out. Sums run in the patients' order.
    """
    difference = (counterfactual[treated] - counterfactual[control]).reshape(-1, per_trial)
    known = ~np.isnan(difference)
    total = np.cumsum(np.where(known, difference, 0.0), axis=1)[:, -1]
    count = known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
