"""The model's clock and the order of samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.unit.trial.worlds import dosing, pressure_cohort, pressure_protocol
from trialsim.foundation.units import unit
from trialsim.protocol.dosing_times import planned_days
from trialsim.trial.grid import sample_grid
from trialsim.trial.timetable import timetable


def test_the_clock_starts_at_the_earliest_visit_and_runs_in_the_cohorts_unit():
    calendar = timetable(pressure_protocol(), pressure_cohort())
    assert calendar.clock.shift_days == 9.0
    assert calendar.clock.model_times(np.array([-9.0, 0.0, 14.0])).tolist() == [0.0, 216.0, 552.0]
    assert calendar.clock.days(np.array([216.0, np.inf])).tolist() == [0.0, np.inf]
    weeks = timetable(pressure_protocol(), replace(pressure_cohort(), time=unit("week")))
    assert weeks.clock.model_times(np.array([5.0])).tolist() == [2.0]


def test_a_dose_and_a_visit_at_one_instant_are_one_number():
    clock = timetable(pressure_protocol(), pressure_cohort()).clock
    doses = np.array(planned_days(dosing(1.0, 8.0 / 24.0, 28.0 + 1e-3).when))
    assert doses.shape == (85,)
    assert clock.model_times(doses)[84] == clock.model_times(np.array([28.0]))[0]
    sevenths = np.array(planned_days(dosing(1.0, 1.0 / 7.0, 3.5).when))
    assert clock.model_times(sevenths)[21] == clock.model_times(np.array([3.0]))[0]


def test_every_moment_is_found_again_in_the_grid():
    calendar = timetable(pressure_protocol(), pressure_cohort())
    rng = np.random.default_rng(1)
    days = np.array([[m.nominal + m.visit.window * x for m, x in zip(calendar.moments, row, strict=True)]
                     for row in rng.uniform(-1, 1, (50, len(calendar.moments)))])  # fmt: skip
    grid = sample_grid(calendar, days)
    assert np.all(np.diff(grid.times, axis=1) >= 0)
    nominal = calendar.clock.model_times(np.array([m.nominal for m in calendar.moments]))
    assert np.array_equal(np.take_along_axis(grid.times, grid.nominal, axis=1), np.tile(nominal, (50, 1)))
    assert np.array_equal(np.take_along_axis(grid.times, grid.actual, axis=1), calendar.clock.model_times(days))
