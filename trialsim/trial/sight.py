"""What the rules of arms see of patients, and when each is asked of whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.draws import TypicalValues
from trialsim.dynamics.courses import Watch
from trialsim.foundation.streams import normals, uniforms
from trialsim.protocol.decision_model import DosingRule
from trialsim.protocol.model import Protocol
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.keys import SECONDS_PER_DAY, missed_key, sensor_key
from trialsim.trial.observe import measurement_luck, missed_visits, moment_days, visit_days
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


READINGS_AT_ONCE = 2_000_000  # of sensors under all arms: some 100 bytes each


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """What rules would see of N patients and when each is asked, whichever arm they are in; the model's times."""

    read_at: Floats  # [N, signals, R], ascending, NaN where nothing is read
    known_at: Floats  # [N, signals, R]
    errors: Floats  # [N, signals, R, 3]: standard normal numbers, additive and proportional parts
    asked_at: Floats  # [N, rules, C], ascending, NaN where it is not asked
    watches: Flags  # [arms, signals]
    has_rule: Flags  # [arms, rules]

    def watch(self, rows: Ints, arms: Ints) -> Watch:
        """Return what the rules of their arm see of rows, which are positions of patients."""
        n, n_signals = rows.shape[0], self.read_at.shape[1]
        seen = ~np.isnan(self.read_at[rows]) & self.watches[arms][:, :, None]
        asked = ~np.isnan(self.asked_at[rows]) & self.has_rule[arms][:, :, None]
        read_at = self.read_at[rows][seen]
        return Watch(
            reading_offsets=np.concatenate(([0], np.cumsum(seen.sum(axis=2).reshape(-1)))),
            reading_time=read_at,
            reading_index=np.zeros(read_at.shape[0], dtype=np.int64),
            delays=np.zeros(n_signals),
            check_offsets=np.concatenate(([0], np.cumsum(asked.sum(axis=2).reshape(n, -1).reshape(-1)))),
            check_time=self.asked_at[rows][asked],
            known=self.known_at[rows][seen],
            errors=self.errors[rows][seen],
        )


def trials_at_once(protocol: Protocol) -> int | None:
    """Return how many trials may be simulated together, for the memory that sensors' readings take; None: any number.
    """
    each = sum(
        len(asked_days(rule)) * len(rule.sensors) for arm in protocol.arms for rule in protocol.rules_of(arm)
    )
    return max(1, READINGS_AT_ONCE // (each * protocol.patients.randomised)) if each else None


def sight(setup: Setup, typical: TypicalValues, patients: Enrolled) -> Sight:
    """Return what rules would see of patients: what is measured at visits that are not missed, when it is known."""
    rules, arms = setup.ruling, range(len(setup.protocol.arms))
    read_at, known_at, errors = _readings(setup, typical, patients)
    return Sight(
        read_at=read_at,
        known_at=known_at,
        errors=errors,
        asked_at=_checks(setup, patients),
        watches=np.array(
            [[rules.sees(arm, k) for k in range(len(rules.signals))] for arm in arms], dtype=np.bool_
        ).reshape(len(arms), -1),
        has_rule=np.array([[each.arm == arm for each in rules.rules] for arm in arms], dtype=np.bool_),
    )  # fmt: skip


def _readings(setup: Setup, typical: TypicalValues, patients: Enrolled) -> tuple[Floats, Floats, Floats]:
    """Return the readings of every signal: when, when known, and their errors, as in `Sight`."""
    rules, calendar, who = setup.ruling, setup.calendar, (patients.trials, patients.patients)
    n, clock, missed = patients.trials.shape[0], calendar.clock, missed_visits(setup, *who)
    days = moment_days(setup, *who)
    each = [[i for i, reading in enumerate(calendar.readings) if seen.rule is None and reading.measure == seen.measure]
            for seen in rules.signals]  # fmt: skip
    sensed = [() if seen.rule is None else asked_days(seen.rule) for seen in rules.signals]
    most = max((len(found) + len(at) for found, at in zip(each, sensed, strict=True)), default=0)
    read_at, known_at = np.full((2, n, len(each), most), np.nan)
    errors = np.zeros((n, len(each), most, 3))
    delays = {measure.name: measure.known_after for measure in setup.cohort.measures}
    for k, found in enumerate(each):
        measure = rules.signals[k].measure
        if sensed[k]:
            at = np.array(sensed[k])
            read_at[:, k, : at.size] = clock.model_times(at)
            known_at[:, k, : at.size] = clock.model_times(at + delays[measure])
            errors[:, k, : at.size, 0] = _sensor_luck(setup, measure, at, patients)
            errors[:, k, : at.size, 1] = typical.additive[measure][patients.rows][:, None]
            errors[:, k, : at.size, 2] = typical.proportional[measure][patients.rows][:, None]
        for r, i in enumerate(found):
            reading = calendar.readings[i]
            at = days[:, reading.moment]
            read_at[:, k, r] = np.where(missed[:, reading.moment], np.nan, clock.model_times(at))
            known_at[:, k, r] = clock.model_times(at + reading.known_after)
            errors[:, k, r, 0] = measurement_luck(setup, i, *who)
            errors[:, k, r, 1] = typical.additive[measure][patients.rows]
            errors[:, k, r, 2] = typical.proportional[measure][patients.rows]
    order = np.argsort(read_at, axis=2, kind="stable")
    return (
        np.take_along_axis(read_at, order, axis=2),
        np.take_along_axis(known_at, order, axis=2),
        np.take_along_axis(errors, order[:, :, :, None], axis=2),
    )


def _sensor_luck(setup: Setup, measure: str, at: Floats, patients: Enrolled) -> Floats:
    """Return the standard normal errors of a sensor's readings [N, R]: the same under every arm and rule."""
    seconds = np.rint(at * SECONDS_PER_DAY).astype(np.int64) % 2**32
    who = (patients.trials[:, None], patients.patients[:, None])
    return normals(setup.world.seed, sensor_key(measure), *who, seconds[None, :])


def _checks(setup: Setup, patients: Enrolled) -> Floats:
    """Return when each rule is asked of each patient, [N, rules, C]; not at a visit that is missed."""
    columns = [_asked(setup, each.rule, patients) for each in setup.ruling.rules]
    most = max((column.shape[1] for column in columns), default=0)
    padded = [np.pad(c, ((0, 0), (0, most - c.shape[1])), constant_values=np.nan) for c in columns]
    return np.sort(np.stack(padded, axis=1), axis=2)


def asked_days(rule: DosingRule) -> tuple[float, ...]:
    """Return the days since randomisation on which a rule that is asked every so often is asked."""
    if rule.every is None:
        return ()
    count = int(np.ceil((rule.until - rule.start) / rule.every))
    return tuple(at for at in (rule.start + k * rule.every for k in range(count + 1)) if at < rule.until)


def _asked(setup: Setup, rule: DosingRule, patients: Enrolled) -> Floats:
    n, clock, who = patients.trials.shape[0], setup.calendar.clock, (patients.trials, patients.patients)
    seed = setup.world.seed
    fixed = [*rule.moments, *asked_days(rule)]
    columns = [np.broadcast_to(clock.model_times(np.array(fixed, dtype=np.float64)), (n, len(fixed)))]
    if rule.events:
        # Whom events may ask this rule has a check of it that never comes.
        columns.append(np.full((n, 1), np.inf))
    for name in rule.visits:
        visit = setup.protocol.visit(name)
        at = clock.model_times(visit_days(visit, seed, *who))
        share = setup.protocol.conduct.missed_visits
        if visit.at > 0.0 and share > 0.0:
            at = np.where(uniforms(seed, missed_key(name), *who) < share, np.nan, at)
        columns.append(at[:, None])
    return np.concatenate(columns, axis=1)
