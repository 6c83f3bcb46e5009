"""The courses of many patients: states and events from parameters, doses and thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.generate import compiled
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.stiff_system import Solver
from trialsim.dynamics.system import tier_of

__all__ = ["STATUS", "Courses", "Tolerance", "courses", "tier_of"]

STATUS = {
    0: "complete",
    1: "too stiff: step budget",
    2: "the step size collapsed",
    3: "not a number in a state, an output or a hazard",
    4: "a start, coefficient, lag, bioavailability, dose or horizon that is not finite or has the wrong sign",
    5: "a negative hazard",
    6: "a dose or a sample before the course begins",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """The error allowed in one step of the adaptive solver; the linear tier is exact and has none.

    `absolute` is relative to the scale of each state: the largest of its start, its doses and its value so far.
    """

    relative: float = 1e-8
    absolute: float = 1e-10
    most_steps: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Courses:
    """What became of each patient.

    `outputs[i, s, o]` is NaN for a sample not wanted, after the horizon, after an event that ended the course
    (`event_times` says when), or from the moment on at which the patient failed (`status` says why, in the words
    of `STATUS`). `event_times[i, h]` is infinite if the event had not happened by the horizon.
    """

    outputs: NDArray[np.float64]
    event_times: NDArray[np.float64]
    status: NDArray[np.int8]
    steps: NDArray[np.int64]


def courses(
    model: CourseModel, params: NDArray[np.float64], schedule: Schedule, sample_times: NDArray[np.float64],
    thresholds: NDArray[np.float64], stops_dosing: ArrayLike, ends_course: ArrayLike, horizon: ArrayLike,
    tolerance: Tolerance | None = None, begin: ArrayLike = 0.0, solver: Solver = "explicit",
) -> Courses:
    """Return each patient's outputs at the sample times and the times of events, in the model's units.

    `params` is [N, P]; `sample_times` [N, S] ascends along each row (NaN: not wanted); `thresholds` [N, H] are
    standard exponential, infinite to switch an event off; `stops_dosing` and `ends_course` [H] say what an event
    does; `horizon` [N] ends every course, and `begin` starts it. At one instant: the sample, then the event, then
    the dose. A patient who fails is told by `status`; no patient's numbers depend on another's.
    """
    n, n_hazards = len(params), len(model.hazards)
    rows = _floats(params, (n, len(model.parameters)), "params")
    samples = _floats(sample_times, (n, np.shape(sample_times)[-1]), "sample_times")
    limits = _floats(thresholds, (n, n_hazards), "thresholds")
    if schedule.n_patients != n:
        raise ValueError(f"the schedule is for {schedule.n_patients} patients, params for {n}")
    if schedule.inlet.size and not (schedule.inlet.min() >= 0 and schedule.inlet.max() < len(model.inlets)):
        raise ValueError("the schedule names an inlet that the model does not have")
    if np.any(np.diff(samples, axis=1) < 0):
        raise ValueError("sample_times must ascend along each row")
    chosen = tolerance or Tolerance()
    outputs = np.full((n, samples.shape[1], len(model.outputs)), np.nan)
    event_times = np.full((n, n_hazards), np.inf)
    status, steps = np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int64)
    compiled(model, solver).run(
        rows, _each(begin, n), _each(horizon, n), samples, schedule.offsets, schedule.time, schedule.inlet,
        schedule.amount, schedule.duration, limits, _flags(stops_dosing, n_hazards), _flags(ends_course, n_hazards),
        chosen.relative, chosen.absolute, chosen.most_steps, outputs, event_times, status, steps)
    return Courses(outputs=outputs, event_times=event_times, status=status, steps=steps)


def _floats(values: ArrayLike, shape: tuple[int, ...], name: str) -> NDArray[np.float64]:
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {array.shape}")
    return array


def _each(values: ArrayLike, n: int) -> NDArray[np.float64]:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype=np.float64), n))


def _flags(values: ArrayLike, n: int) -> NDArray[np.bool_]:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype=np.bool_), n))
