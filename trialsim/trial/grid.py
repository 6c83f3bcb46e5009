"""Sample times: one ascending row a patient, in which the planned and the actual moments are found again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.trial.timetable import Timetable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """Each patient's sample times, and where in them each moment stands: planned, and on the patient's own day."""

    times: Floats  # [N, S], the model's, ascending
    nominal: Ints  # [N, moments]
    actual: Ints  # [N, moments]


def sample_grid(calendar: Timetable, days: Floats) -> Grid:
    """Return the union of planned and actual moments of every patient; `days` [N, moments] are the actual ones.

    The same grid serves every arm, so that a patient's course under an arm never depends on the arm assigned.
    Randomisation is a sample too: hazards begin there, and solvers are to step onto it.
    """
    n = days.shape[0]
    planned = calendar.clock.model_times(np.array([0.0, *(moment.nominal for moment in calendar.moments)]))
    distinct, at = np.unique(planned, return_inverse=True)
    own = [i for i, moment in enumerate(calendar.moments) if moment.visit.window > 0.0]
    columns = np.empty((n, distinct.shape[0] + len(own)))
    columns[:, : distinct.shape[0]] = distinct
    columns[:, distinct.shape[0] :] = calendar.clock.model_times(days[:, own])
    order = np.argsort(columns, axis=1, kind="stable")
    place = np.argsort(order, axis=1, kind="stable")
    nominal = place[:, at[1:]]
    actual = nominal.copy()
    actual[:, own] = place[:, distinct.shape[0] :]
    return Grid(times=np.take_along_axis(columns, order, axis=1), nominal=nominal, actual=actual)
