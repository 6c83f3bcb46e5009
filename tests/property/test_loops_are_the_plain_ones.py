"""A pump that reads a noisy, delayed sensor every five minutes: the compiled course is the plain twin's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.reference.plain_course import plain_course
from tests.reference.plain_doses import Dose
from tests.reference.plain_patient import Patient
from tests.reference.plain_rules import Reading
from tests.reference.side_by_side import SHARP, differences
from tests.unit.trial.pump_documents import world
from trialsim.cohort.draws import typical_values
from trialsim.cohort.patients import candidates
from trialsim.dynamics.courses import courses
from trialsim.trial.adhere import adherences, intake
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.grid import sample_grid
from trialsim.trial.observe import moment_days
from trialsim.trial.setup import Setup, setup_of
from trialsim.trial.treat import NOTHING, Run

COLUMNS = ("time", "amount", "duration", "rate", "interval", "inlet", "kind", "check")


def asked_of(setup: Setup, arm: int, n: int) -> dict[str, Any]:
    """Return what `courses` is asked for the first candidates of trial 0 under an arm."""
    seed, rows, numbers = setup.world.seed, np.zeros(n, dtype=np.int64), np.arange(n)
    typical = typical_values(setup.cohort, seed, np.zeros(1, dtype=np.int64), "typical", None)
    drawn = candidates(setup.cohort, typical, seed, rows, rows, numbers)
    nobody = np.zeros(0, dtype=np.int64)
    patients = Enrolled(
        rows=rows, trials=rows, patients=numbers, covariates=drawn.covariates, parameters=drawn.parameters,
        screened=np.array([n]), failed_rows=nobody, failed_patients=nobody, failed_status=nobody,
    )  # fmt: skip
    conduct = setup.protocol.conduct.adherence
    taken = intake(setup.dosing, conduct, seed, rows, numbers, adherences(conduct, seed, rows, numbers))
    run = Run(setup, typical, patients, taken, sample_grid(setup.calendar, moment_days(setup, rows, numbers)))
    return run.asked(arm * n + numbers, NOTHING)


def as_plain(setup: Setup, asked: dict[str, Any], i: int) -> Patient:
    """Return patient i as the plain twin knows patients."""
    schedule, watch = asked["schedule"], asked["watch"]
    n_lines, n_signals, n_rules = schedule.n_lines, len(setup.model.signals), len(setup.model.rules)

    def of(offsets: Any, width: int, k: int) -> range:
        return range(int(offsets[i * width + k]), int(offsets[i * width + k + 1]))

    lines = tuple(
        tuple(
            Dose(**{name: getattr(schedule, name)[row].item() for name in COLUMNS})
            for row in of(schedule.offsets, n_lines, line)
        )
        for line in range(n_lines)
    )
    readings = tuple(
        Reading(
            signal=k,
            time=float(watch.reading_time[row]),
            delay=float(watch.known[row] - watch.reading_time[row]),
            luck=float(watch.errors[row, 0]),
        )
        for k in range(n_signals)
        for row in of(watch.reading_offsets, n_signals, k)
    )
    checks = tuple(
        tuple(float(watch.check_time[row]) for row in of(watch.check_offsets, n_rules, r)) for r in range(n_rules)
    )
    return Patient(
        parameters=tuple(asked["params"][i].tolist()),
        samples=tuple(asked["sample_times"][i].tolist()),
        lines=lines,
        dormant=schedule.dormant,
        checks=checks,
        readings=readings,
        stops_dosing=(False,),
        ends_course=(False,),
        horizon=float(asked["horizon"][i]),
    )


def compared(arm: int, n: int, minutes: float) -> int:
    """Return how many decisions were compared."""
    setup = setup_of(world())
    asked = asked_of(setup, arm, n)
    asked["sample_times"] = np.tile(np.linspace(0.0, minutes, 7), (n, 1))
    asked["horizon"] = np.full(n, minutes)
    found = courses(setup.model, **asked, tolerance=SHARP, told=np.ones(n, dtype=np.bool_))
    # The errors of readings are given one by one; the plain twin takes them from the signals.
    errors = asked["watch"].errors
    assert np.unique(errors[:, 1]).size <= 2 and np.unique(errors[:, 2]).size <= 2
    measures = {measure.name: measure.error for measure in setup.cohort.measures}
    signals = tuple(
        replace(signal, additive=measures[seen.measure].additive, proportional=measures[seen.measure].proportional)
        for signal, seen in zip(setup.model.signals, setup.ruling.signals, strict=True)
    )
    plainly = replace(setup.model, signals=signals)
    for i in range(n):
        course = plain_course(plainly, as_plain(setup, asked, i))
        assert differences(setup.model, found, i, course, 1e-6, 1e-8) == []
    return sum(found.happening(i).decision.shape[0] for i in range(n))


def test_a_morning_on_the_pump() -> None:
    assert compared(1, 2, 240.0) >= 96


@pytest.mark.long
@pytest.mark.parametrize("arm", [0, 1, 2, 3])
def test_days_on_the_pump(arm: int) -> None:
    assert compared(arm, 4, 1440.0) >= 0
