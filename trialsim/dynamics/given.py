"""What a call of `courses` gives the kernel, in the form the kernel reads, refused where it does not fit together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.dynamics.arrays import (
    ACTION,
    CHANGES,
    CHANGES_END,
    EVENT_KEY,
    IS_DORMANT,
    LINES,
    PERSON,
    SEED,
    SIGNAL_KEY,
    TRIAL,
    Given,
)
from trialsim.dynamics.changes import Changes, no_changes
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.system import system
from trialsim.dynamics.tape import TIME

DOSE_COLUMNS = ("time", "amount", "duration", "rate", "interval", "inlet", "kind", "check")  # of Given.dose, in order

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Luck:
    """Whose random numbers a course takes: keys of the streams, and trial and number of each patient."""

    seed: int
    trial: Wholes
    patient: Wholes
    events: tuple[int, ...] = ()  # a key for every hazard
    signals: tuple[int, ...] = ()  # a key for every signal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watch:
    """When signals are read and rules asked: of signal k of patient i from `reading_offsets[i * K + k]` on, ascending.

    `reading_index` numbers the random number of a reading's error; `delays` [K] is how long until a value is known.
    A rule that events ask is asked of those who have a check of it, be it at infinity.
    `known` says it reading by reading instead, and `errors` [readings, 3] the errors: a standard normal number, and
    the additive and proportional parts for it.
    """

    reading_offsets: Wholes
    reading_time: Floats
    reading_index: Wholes
    delays: Floats
    check_offsets: Wholes
    check_time: Floats
    known: Floats | None = None
    errors: Floats | None = None


def given(
    model: CourseModel, params: Floats, schedule: Schedule, sample_times: Floats, thresholds: Floats,
    stops_dosing: ArrayLike, ends_course: ArrayLike, horizon: ArrayLike, begin: ArrayLike,
    sample_after: NDArray[np.bool_] | None, changes: Changes | None, luck: Luck | None, watch: Watch | None,
) -> Given:
    """Return everything as arrays of the right shape; ValueError says what does not fit, a mistake of the caller."""
    n, n_hazards, n_events = len(params), len(model.hazards), len(model.hazards) + len(model.triggers)
    n_rules, n_signals = len(model.rules), len(model.signals)
    rows = _floats(params, (n, len(model.parameters)), "params")
    samples = _floats(sample_times, (n, np.shape(sample_times)[-1]), "sample_times")
    limits = _floats(thresholds, (n, n_hazards), "thresholds")
    _check_schedule(model, schedule, n)
    if np.any(samples[:, 1:] < samples[:, :-1]):
        raise ValueError("sample_times must ascend along each row")
    later = changes or no_changes(n, rows.shape[1])
    if later.offsets.size != n + 1 or later.rows.shape[1] != rows.shape[1]:
        raise ValueError("changes must be of the same patients and the same parameters")
    chance = luck or Luck(seed=0, trial=np.zeros(n, np.int64), patient=np.arange(n, dtype=np.int64))
    if luck is None and (any(h.recurrent for h in model.hazards) or n_signals):
        raise ValueError("recurrent events and signals need luck")
    seen = watch or Watch(
        reading_offsets=np.zeros(n * n_signals + 1, np.int64), reading_time=np.zeros(0),
        reading_index=np.zeros(0, np.int64), delays=np.zeros(n_signals),
        check_offsets=np.zeros(n * n_rules + 1, np.int64), check_time=np.zeros(0))
    if seen.reading_offsets.size != n * n_signals + 1 or seen.check_offsets.size != n * n_rules + 1:
        raise ValueError("readings and checks need an offset for every signal and rule of every patient")
    after = np.zeros((n, 0), dtype=np.bool_) if sample_after is None else np.ascontiguousarray(sample_after, np.bool_)
    if sample_after is not None and after.shape != samples.shape:
        raise ValueError("sample_after must have the shape of sample_times")
    return Given(
        rows=np.concatenate([rows, later.rows]) if len(later.rows) else rows, samples=samples, after=after,
        person=np.column_stack([_each(begin, n), _each(horizon, n), limits]),
        starts=_starts(chance, schedule, later, seen, n, n_signals, n_rules),
        dose=np.column_stack([schedule.column(name) for name in DOSE_COLUMNS]),
        later=_later(later, seen, n, n_signals), n_lines=schedule.n_lines,
        setting=_setting(chance, schedule, _flags(stops_dosing, n_events) + 2 * _flags(ends_course, n_events)))


def _starts(
    chance: Luck, schedule: Schedule, later: Changes, seen: Watch, n: int, n_signals: int, n_rules: int
) -> Wholes:
    """Return who each patient is and where its rows stand; the ledgers' columns are filled by the caller."""
    starts = np.zeros((n, LINES + schedule.n_lines + n_signals + n_rules + 3), dtype=np.int64)
    starts[:, TRIAL], starts[:, PERSON] = chance.trial, chance.patient
    starts[:, CHANGES], starts[:, CHANGES_END] = later.offsets[:-1], later.offsets[1:]
    first = LINES
    lists = ((schedule.offsets, schedule.n_lines, 0), (seen.reading_offsets, n_signals, later.time.size),
             (seen.check_offsets, n_rules, later.time.size + np.size(seen.reading_time)))
    for offsets, width, before in lists:
        at = np.arange(n)[:, None] * width + np.arange(width + 1)[None, :]
        starts[:, first : first + width + 1] = before + np.asarray(offsets)[at]
        first += width + 1
    return starts


def _later(later: Changes, seen: Watch, n: int, n_signals: int) -> Floats:
    """Return changes, readings and checks in one list."""
    n_readings, n_checks = np.diff(seen.reading_offsets), np.size(seen.check_time)
    delays = np.repeat(np.tile(np.asarray(seen.delays, dtype=np.float64), n), n_readings)
    when = np.concatenate([later.time, seen.reading_time, seen.check_time])
    which = np.concatenate([later.row + n, seen.reading_index, np.zeros(n_checks)])
    own = seen.reading_time + delays if seen.known is None else seen.known
    known = np.concatenate([np.zeros(later.time.size), own, np.zeros(n_checks)])
    errors = np.full((when.size, 3), np.nan)
    if seen.errors is not None:
        errors[later.time.size : when.size - n_checks] = seen.errors
    return np.ascontiguousarray(np.column_stack([when, which, known, errors]), dtype=np.float64)


def _setting(chance: Luck, schedule: Schedule, actions: Wholes) -> Wholes:
    """Return what is the same for all patients, by event, signal or line."""
    columns: dict[int, Wholes] = {
        ACTION: actions, EVENT_KEY: np.array(chance.events, dtype=np.int64),
        SIGNAL_KEY: np.array(chance.signals, dtype=np.int64), IS_DORMANT: np.array(schedule.dormant, dtype=np.int64),
        SEED: np.array([chance.seed], dtype=np.uint64).view(np.int64)}
    setting = np.zeros((max(1, schedule.n_lines, *(values.size for values in columns.values())), 5), dtype=np.int64)
    for column, values in columns.items():
        setting[: values.size, column] = values
    return setting


def _check_schedule(model: CourseModel, schedule: Schedule, n: int) -> None:
    if schedule.n_patients != n:
        raise ValueError(f"the schedule is for {schedule.n_patients} patients, params for {n}")
    if schedule.inlet.size and not (schedule.inlet.min() >= 0 and schedule.inlet.max() < len(model.inlets)):
        raise ValueError("the schedule names an inlet that the model does not have")
    if schedule.check is not None and schedule.check.size and schedule.check.max() > len(model.rules):
        raise ValueError("the schedule names a rule that the model does not have")
    for k, inlet in enumerate(model.inlets):
        if inlet.transit is not None and inlet.transit.doses and most_doses(schedule, k) > inlet.transit.doses:
            raise ValueError("somebody takes more doses through a chain than the model knows of")
    if schedule.has_steady_states and changes_with_time(model):
        raise ValueError("a system that changes with time has no steady state")


def changes_with_time(model: CourseModel) -> bool:
    """Return whether a rate depends on the time itself, not on that since a dose arrived in a chain."""
    found = system(model)
    tape, of_paths = found.tape, 2 * len(model.functionals)
    reached: set[int] = set()
    waiting = list(found.rates)
    while waiting:
        i = waiting.pop()
        operation, *arguments = tape.nodes[i]
        since = tape.nodes[arguments[1]] if operation == "-" else ("",)
        if i in reached or not tape.depends[i] & TIME or (since[0] == "memory" and since[1] >= of_paths):
            continue
        if operation == "t":
            return True
        reached.add(i)
        waiting += arguments
    return False


def most_doses(schedule: Schedule, inlet: int) -> int:
    """Return how many doses through an inlet the patient has who has most."""
    before = np.concatenate([[0], np.cumsum(schedule.inlet == inlet)])
    return int(np.max(np.diff(before[schedule.offsets[:: schedule.n_lines]]), initial=0))


def _floats(values: ArrayLike | None, shape: tuple[int, ...], name: str) -> Floats:
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {array.shape}")
    return array


def _each(values: ArrayLike, n: int) -> Floats:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype=np.float64), n))


def _flags(values: ArrayLike, n: int) -> Wholes:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype=np.bool_), n)).astype(np.int64)
