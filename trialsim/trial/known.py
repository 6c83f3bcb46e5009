"""What a trial knows on a day: values that have come in, events that were seen, patients who are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.endpoints import failures_imputed
from trialsim.trial.estimate import EndpointData

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Causes = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """An endpoint as it is known at each trial's data cut, arrays [N]; NaN: this patient is not in the analysis."""

    values: Floats  # numbers; of a time to an event, the days until it or until last known to be free of it
    causes: Causes | None  # of a time: 1 the event, 2 a competing one, 0 censored; None of a number
    is_missing: Flags  # due by the cut and not in the analysis
    is_there: Flags  # randomised by the cut


def known_at(
    data: EndpointData, randomised_at: Floats, cut_at: Floats, per_trial: int, missing: str, computable: Flags
) -> Known:
    """Return what is known of an endpoint when each trial is cut; `cut_at` [T] are days since the first site opened.

    A patient who is not due yet is not missing; one who is due and whose value is not known counts as failure where
    the analysis says so. Events are compared as E + T <= cut, so that the one that defines a cut is in it.
    """
    cut = np.repeat(cut_at, per_trial)
    there = randomised_at <= cut
    is_known = there & (data.known_at <= cut)
    if data.causes is None:
        due = there & (data.due_at <= cut)
        values = np.where(is_known, data.analysed, np.nan)
        if missing == "failure":
            values = failures_imputed(values, computable & due)
        return Known(values=values, causes=None, is_missing=due & np.isnan(values), is_there=there)
    seen = is_known & (data.causes > 0)
    free = np.minimum(data.analysed, cut - randomised_at - data.delay)
    if data.every > 0.0:
        free = np.floor(free / data.every + 1e-9) * data.every
    values = np.where(there, np.where(seen, data.analysed, np.maximum(free, 0.0)), np.nan)
    values = np.where(np.isnan(data.analysed), np.nan, values)
    causes: Causes = np.where(seen, data.causes, 0).astype(np.int8)
    return Known(values=values, causes=causes, is_missing=there & np.isnan(values), is_there=there)
