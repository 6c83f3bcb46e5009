"""The courses of patients to whom nothing happens but doses and samples, before all others are followed."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.dynamics.bench import steps
from trialsim.dynamics.changes import Changes
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.plain import WIDE, Across, Plainly, timeline

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Followed:
    """The outputs of those who are followed; `left` marks whoever is left to be followed by the general kernel."""

    outputs: Floats
    left: Flags


def plainly_followed(
    module: ModuleType, model: CourseModel, params: Floats, schedule: Schedule, samples: Floats, begin: ArrayLike,
    horizon: ArrayLike, sample_after: Flags | None, changes: Changes | None, told: Flags | None, outputs: Floats | None,
) -> Followed | None:
    """Return the courses that are plain; None where a model or a call has none, or does not fit together."""
    params, samples = np.asarray(params, dtype=np.float64), np.asarray(samples, dtype=np.float64)
    n = len(params)
    fits = (
        hasattr(module, "run_plain") and params.shape == (n, len(model.parameters)) and samples.ndim == 2
        and samples.shape[0] == n == schedule.n_patients and schedule.n_lines == 1 and schedule.offsets.size == n + 1
        and n > 0 and not schedule.column("check").any()
        and (not schedule.time.size or 0 <= schedule.inlet.min() <= schedule.inlet.max() < len(model.inlets)))
    if not fits:
        return None
    left = left_from_the_start(n, samples, sample_after, changes, told)
    if left is None or left.all():
        return None
    span = np.empty((n, 2))
    span[:, 0], span[:, 1] = begin, horizon
    # Samples that are the same for all are read where they stand.
    own = samples if samples.strides[0] else samples[:1]
    columns = (schedule.offsets, schedule.time, schedule.amount, schedule.duration, schedule.rate, schedule.inlet,
               schedule.kind, schedule.interval)
    # Kernels are compiled for arrays that may be written to.
    known = Plainly(*(np.require(array, None, ["C", "W"]) for array in (params, own, span, *columns)))
    shape = (n, samples.shape[1], len(model.outputs))
    if outputs is None:
        outputs = np.empty(shape)
    marks = left.astype(np.int8)
    if model.states:
        most = int(np.diff(schedule.offsets).max())
        line = timeline(
            int(module.N_STATES), shape[1], most, int(module.N_OUTPUTS),
            module.INLET_STATES[:-1], module.MODELLED[:-1], int(module.N_ROWS_IN_ALL))
        module.run_plain(known, line, steps(module), marks, outputs)
    else:
        module.run_plain(known, side_by_side(module), marks, outputs)
    return Followed(outputs=outputs, left=marks != 0)


def left_from_the_start(
    n: int, samples: Floats, sample_after: Flags | None, changes: Changes | None, told: Flags | None
) -> Flags | None:
    """Return who asks for more than a plain course; None where what is asked does not fit."""
    left = np.zeros(n, dtype=np.bool_)
    if sample_after is not None:
        if np.shape(sample_after) != samples.shape:
            return None
        left |= np.any(sample_after, axis=1)
    if changes is not None:
        if changes.offsets.size != n + 1:
            return None
        left |= np.diff(changes.offsets) > 0
    if told is not None:
        left |= np.asarray(told, dtype=np.bool_)
    return left


def side_by_side(module: ModuleType) -> Across:
    """Return the work space of a closed form."""
    return Across(ws=np.zeros(int(module.N_ACROSS) * WIDE), odd=np.zeros(WIDE, dtype=np.int64))
