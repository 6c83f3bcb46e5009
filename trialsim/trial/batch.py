"""What became of the patients of a batch of trials, before it is laid out as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.tables import Coded
from trialsim.trial.adhere import Intake
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.estimate import EndpointData
from trialsim.trial.happen import Happened
from trialsim.trial.observe import Observations

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Everything that became of the patients of a batch of trials, in the order of `patients`."""

    patients: Enrolled
    sites: Ints
    randomised_at: Floats
    strata: Ints
    arms: Ints
    adherence: Floats
    intake: Intake
    days: Floats  # [N, moments]
    own_events: Floats  # [N, events] days of the assigned arm's intercurrent events
    losses: Floats  # [N, reasons] days on which each reason would take the patient
    lost_at: Floats  # by loss or a terminal event, infinite if never
    ended_at: Floats  # by a terminal event, infinite if never
    happened: Happened
    own_failed: Flags  # the course under the assigned arm could not be computed
    seen: Observations
    endpoints: Mapping[str, EndpointData]


def words(texts: list[str], positions: Ints) -> Coded:
    """Return a category column from the text of each position."""
    categories = list(dict.fromkeys(texts))
    position = {text: i for i, text in enumerate(categories)}
    codes = np.array([position[text] for text in texts], dtype=np.int64)
    return Coded(codes=codes[positions], categories=tuple(categories))
