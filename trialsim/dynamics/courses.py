"""The courses of many patients: states, events and decisions from parameters, doses, thresholds and rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.dynamics.arrays import EVENTS_TOLD, FOLLOWED, HAPPENED, LEDGER, LEDGER_END, Found
from trialsim.dynamics.bench import bench, steps
from trialsim.dynamics.changes import Changes
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.generate import compiled
from trialsim.dynamics.given import Luck, Watch, given
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.plain_courses import Followed, plainly_followed
from trialsim.dynamics.stiff_system import Solver
from trialsim.dynamics.system import tier_of

__all__ = ["STATUS", "Changes", "Courses", "Luck", "Tolerance", "Watch", "courses", "tier_of"]

STATUS = {
    0: "complete",
    1: "too stiff: step budget",
    2: "the step size collapsed",
    3: "not a number in a state, an output or a hazard",
    4: "a start, coefficient, lag, bioavailability, dose or horizon that is not finite or has the wrong sign",
    5: "a negative hazard",
    6: "a dose or a sample before the course begins",
    7: "no steady state is reached",
    8: "a rule delays a dose by no time at all",
    9: "more doses under way in a transit chain than eight",
    10: "more administrations under way at once than there is room for",
    11: "more readings under way at once than there is room for",
    12: "an event that recurs more than ten thousand times",
    13: "a probability below 0 or above 1, or a negative standard deviation",
    14: "a mean count below 0 or above 500, or a negative dispersion",
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
class Happening:
    """What a patient's ledgers hold, in order of time."""

    event: NDArray[np.int64]
    event_time: NDArray[np.float64]
    dose: NDArray[np.float64]  # [doses, 7]: time taken, line (-1: a rule), inlet, amount, duration, rate, kind
    decision: NDArray[np.float64]  # [decisions, 4 + signals]: time, rule, branch (-1 hold, -2 nothing known), level, …
    kept: NDArray[np.float64]  # [decisions, remembered numbers of all rules]: as they were afterwards


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Courses:
    """What became of each patient.

    `outputs[i, s, o]` is NaN for a sample not wanted, after the horizon, after an event that ended the course
    (`event_times` says when), or from the moment on at which the patient failed (`status` says why, in the words
    of `STATUS`). `event_times[i, e]` is infinite if the event had not happened by the horizon, `n_events[i, e]` how
    often it did; what rules note are the last events, one a rule. Ledgers hold rows of patients for whom they were
    asked.
    """

    outputs: NDArray[np.float64]
    event_times: NDArray[np.float64]
    status: NDArray[np.int8]
    steps: NDArray[np.int64]
    n_events: NDArray[np.int64]
    counts: NDArray[np.int64]
    ledgers: NDArray[np.float64]
    ledger: NDArray[np.int64]
    n_signals: int
    n_kept: int = 0

    def happening(self, i: int) -> Happening:
        """Return what the ledgers tell of patient i."""
        first, counts = int(self.ledger[i]), self.counts[i, EVENTS_TOLD:HAPPENED]
        events, doses, decisions = (
            rows[first : first + int(n)] for rows, n in zip(self.ledgers, counts, strict=True))
        return Happening(event=events[:, 1].astype(np.int64), event_time=events[:, 0], dose=doses[:, :7],
                         decision=decisions[:, : 4 + self.n_signals],
                         kept=decisions[:, 4 + self.n_signals : 4 + self.n_signals + self.n_kept])


def courses(
    model: CourseModel, params: NDArray[np.float64], schedule: Schedule, sample_times: NDArray[np.float64],
    thresholds: NDArray[np.float64], stops_dosing: ArrayLike, ends_course: ArrayLike, horizon: ArrayLike,
    tolerance: Tolerance | None = None, begin: ArrayLike = 0.0, solver: Solver = "explicit", *,
    sample_after: NDArray[np.bool_] | None = None, changes: Changes | None = None, luck: Luck | None = None,
    watch: Watch | None = None, told: NDArray[np.bool_] | None = None, outputs: NDArray[np.float64] | None = None,
) -> Courses:
    """Return each patient's outputs at the sample times and the times of events, in the model's units.

    `params` is [N, P]; `sample_times` [N, S] ascends along each row (NaN: not wanted); `thresholds` [N, hazards] are
    standard exponential, infinite to switch an event off; `stops_dosing` and `ends_course` [events] say what an event
    (hazards, then triggers) does; `horizon` [N] ends every course, and `begin` starts it. At one instant: new
    parameters, the sample, events, rules, the dose, samples flagged `sample_after`. `changes` are later parameters,
    `watch` when rules are asked and signals read, `luck` whose random numbers recurrent events and readings take;
    `told` says for whom ledgers are kept. A patient who fails is told by `status`; no patient's numbers depend on
    another's. `outputs` is memory to write the outputs to, instead of memory that is new to the process.
    """
    chosen = tolerance or Tolerance()
    module = compiled(model, solver, schedule.has_steady_states)
    shape = (len(params), np.shape(sample_times)[-1], len(model.outputs))
    fits = outputs is None or (outputs.shape == shape and outputs.dtype == np.float64 and outputs.flags.c_contiguous)
    if not fits:
        raise ValueError(f"outputs must be contiguous numbers of shape {shape}")
    plain = None
    if np.shape(thresholds) == (len(params), 0) and watch is None:
        plain = plainly_followed(module, model, params, schedule, sample_times, begin, horizon, sample_after, changes,
                                 told, outputs)
    if plain is not None and not plain.left.any():
        return all_complete(model, plain.outputs)
    known = given(model, params, schedule, sample_times, thresholds, stops_dosing, ends_course, horizon, begin,
                  sample_after, changes, luck, watch)
    n = len(known.person)
    asked = np.zeros(n, dtype=np.bool_) if told is None else np.asarray(told, dtype=np.bool_)
    room = np.where(asked, 64 + np.diff(schedule.offsets[:: schedule.n_lines]), 0)
    while True:
        ledger = np.concatenate(([0], np.cumsum(room)))
        known.starts[:, LEDGER], known.starts[:, LEDGER_END] = ledger[:-1], ledger[1:]
        found = nothing_found(model, known.samples.shape, int(ledger[-1]), plain, outputs)
        module.run(known, found, bench(module, model, known), steps(module), chosen.relative, chosen.absolute,
                   chosen.most_steps)
        most = found.counts[:, EVENTS_TOLD:HAPPENED].max(axis=1, initial=0)
        if not np.any(asked & (most > room)):
            break
        # Written again with room for everything: the courses are the same.
        room = np.where(asked, np.maximum(most, room), 0)
    return Courses(
        outputs=found.outputs, event_times=found.event_times, status=found.counts[:, 0].astype(np.int8),
        steps=found.counts[:, 1], n_events=found.counts[:, HAPPENED:], counts=found.counts, ledgers=found.ledger,
        ledger=ledger, n_signals=len(model.signals), n_kept=n_kept(model))


def n_kept(model: CourseModel) -> int:
    """Return how many numbers the rules of a model remember."""
    return sum(len(rule.remembers) for rule in model.rules)


def all_complete(model: CourseModel, outputs: NDArray[np.float64]) -> Courses:
    """Return courses in which nothing happened but doses and samples."""
    found = nothing_found(model, outputs.shape[:2], 0, outputs=outputs, is_empty=False)
    return Courses(
        outputs=outputs, event_times=found.event_times, status=np.zeros(len(outputs), dtype=np.int8),
        steps=found.counts[:, 1], n_events=found.counts[:, HAPPENED:], counts=found.counts, ledgers=found.ledger,
        ledger=np.zeros(len(outputs) + 1, dtype=np.int64), n_signals=0)


def nothing_found(
    model: CourseModel, shape: tuple[int, ...], room: int, plain: Followed | None = None,
    outputs: NDArray[np.float64] | None = None, is_empty: bool = True,
) -> Found:
    """Return what a kernel fills for so many patients and samples, with room for so many rows in the ledgers."""
    n, n_samples = shape
    n_events = len(model.hazards) + len(model.triggers) + model.n_notes
    counts = np.zeros((n, HAPPENED + n_events), dtype=np.int64)
    if plain is not None:
        outputs = plain.outputs
        outputs[plain.left] = np.nan
        counts[~plain.left, 0] = FOLLOWED
    elif outputs is not None and is_empty:
        outputs[:] = np.nan
    return Found(
        outputs=np.full((n, n_samples, len(model.outputs)), np.nan) if outputs is None else outputs,
        event_times=np.full((n, n_events), np.inf), counts=counts,
        ledger=np.full((3, room, max(7, 4 + len(model.signals) + n_kept(model))), np.nan))
