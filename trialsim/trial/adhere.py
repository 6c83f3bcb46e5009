"""What patients make of planned doses: which they take, when, which they double; and their days of the week.

All of it is keyed by patient, drug and planned minute: who forgets a dose forgets it in every arm that plans it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.draws import logit_shifted
from trialsim.cohort.spreads import log_sd
from trialsim.foundation.elementary import exp_array
from trialsim.foundation.streams import exponentials, normals, uniforms
from trialsim.protocol.dosing_model import Adherence, Holidays, Timing
from trialsim.trial.keys import (
    adherence_key,
    dose_key,
    doubled_key,
    holiday_gap_key,
    holiday_length_key,
    timing_key,
    weekday_key,
)
from trialsim.trial.plan_doses import MINUTES_PER_DAY, SECONDS_PER_DAY, DosingPlan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Key = Callable[[str], int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Intake:
    """What N patients make of every slot, before any event stops dosing; arrays [N, slots]."""

    taken: Flags
    shift: Floats | None  # seconds after the planned time, before they are bounded; None = on time
    makes_up: Flags | None  # doubles this dose if the one before it was missed; None = nobody does
    weekday: Ints  # [N] position among the plan's weekdays of a patient's day 0


def adherences(adherence: Adherence, seed: int, trials: Ints, patients: Ints) -> Floats:
    """Return each patient's own probability of taking a planned dose: logit-normal around the typical share."""
    shares = np.full(trials.shape[0], adherence.takes)
    if adherence.between_patients_sd == 0.0:
        return shares
    return logit_shifted(shares, adherence.between_patients_sd * normals(seed, adherence_key(), trials, patients))


def intake(
    plan: DosingPlan, adherence: Adherence, seed: int, trials: Ints, patients: Ints, own_shares: Floats
) -> Intake:
    """Return what patients make of every slot; `own_shares` [N] are their probabilities of taking a dose."""
    taken = doses_taken(plan, seed, trials, patients, own_shares)
    if adherence.holidays is not None and adherence.holidays.rate > 0:
        taken &= ~on_holiday(plan, adherence.holidays, seed, trials, patients)
    timing, doubles = adherence.timing, adherence.doubles
    return Intake(
        taken=taken,
        shift=None if timing is None else shifts(plan, timing, seed, trials, patients),
        makes_up=None if doubles == 0 else _drawn(plan, doubled_key, seed, trials, patients, doubles),
        weekday=weekdays(plan, seed, trials, patients),
    )


def doses_taken(plan: DosingPlan, seed: int, trials: Ints, patients: Ints, own_shares: Floats) -> Flags:
    """Return whether each patient takes each slot's dose by the share of doses taken alone, [N, slots]."""
    if np.all(own_shares == 1.0):
        return np.ones((trials.shape[0], len(plan.slots)), dtype=np.bool_)
    return _drawn(plan, dose_key, seed, trials, patients, own_shares[:, None])


def shifts(plan: DosingPlan, timing: Timing, seed: int, trials: Ints, patients: Ints) -> Floats:
    """Return how many seconds after its planned time each patient would take each slot's dose, [N, slots]."""
    found = np.zeros((trials.shape[0], len(plan.slots)))
    for drug, here, minutes in _slots_by_drug(plan):
        scores = normals(seed, timing_key(drug), trials[:, None], patients[:, None], minutes)
        if timing.kind == "normal":
            days = timing.spread * scores
        else:
            days = timing.location * exp_array(log_sd(timing.spread) * scores)
        found[:, here] = np.rint(days * SECONDS_PER_DAY)
    return found


def on_holiday(plan: DosingPlan, holidays: Holidays, seed: int, trials: Ints, patients: Ints) -> Flags:
    """Return whether each slot's minute lies in one of a patient's holidays from its drug, [N, slots].

    Holidays begin at a constant rate outside of holidays, from randomisation on, whatever doses are planned.
    """
    found = np.zeros((trials.shape[0], len(plan.slots)), dtype=np.bool_)
    for drug, here, minutes in _slots_by_drug(plan):
        days = minutes / MINUTES_PER_DAY
        rows, ends = np.arange(trials.shape[0]), np.zeros(trials.shape[0])
        number = 0
        while rows.size:
            who = (trials[rows], patients[rows])
            begins = ends + exponentials(seed, holiday_gap_key(drug), *who, number) / holidays.rate
            scores = normals(seed, holiday_length_key(drug), *who, number)
            ends = begins + holidays.length * exp_array(log_sd(holidays.cv) * scores)
            found[np.ix_(rows, here)] |= (days >= begins[:, None]) & (days < ends[:, None])
            more = begins <= days.max()
            rows, ends, number = rows[more], ends[more], number + 1
    return found


def weekdays(plan: DosingPlan, seed: int, trials: Ints, patients: Ints) -> Ints:
    """Return the position of each patient's day of the week among those that day 0 may be."""
    n = len(plan.weekdays)
    if n == 1:
        return np.zeros(trials.shape[0], dtype=np.int64)
    return np.floor(uniforms(seed, weekday_key(), trials, patients) * n).astype(np.int64)


def _slots_by_drug(plan: DosingPlan) -> Iterator[tuple[str, Ints, Ints]]:
    """Yield each drug, the positions of its slots and their minutes."""
    for drug in dict.fromkeys(slot.drug for slot in plan.slots):
        here = np.array([i for i, slot in enumerate(plan.slots) if slot.drug == drug], dtype=np.int64)
        yield drug, here, np.array([plan.slots[i].minute for i in here], dtype=np.int64) % 2**32


def _drawn(plan: DosingPlan, key: Key, seed: int, trials: Ints, patients: Ints, shares: Floats | float) -> Flags:
    """Return whether each slot's own uniform number lies below a share, [N, slots]."""
    found = np.ones((trials.shape[0], len(plan.slots)), dtype=np.bool_)
    for drug, here, minutes in _slots_by_drug(plan):
        found[:, here] = uniforms(seed, key(drug), trials[:, None], patients[:, None], minutes) < shares
    return found
