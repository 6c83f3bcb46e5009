"""Courses under every arm, with events and without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.unit.trial.worlds import formula, pressure_world
from trialsim.cohort.draws import typical_values
from trialsim.protocol.model import Adherence
from trialsim.trial.adhere import intake
from trialsim.trial.enroll import enrolled
from trialsim.trial.observe import moment_days
from trialsim.trial.setup import setup_of
from trialsim.trial.treat import NOTHING, outcomes

N = 3000
TRIALS, PATIENTS = np.zeros(N, dtype=np.int64), np.arange(N)
OFF = frozenset({"intolerance"})


def lived(world, n_trials=3):
    setup, trials = setup_of(world), np.arange(n_trials)
    typical = typical_values(world.cohort, 1, trials, "typical", None)
    patients = enrolled(setup, typical, trials)
    days = moment_days(setup, patients.trials, patients.patients)
    everything = Adherence(takes=1.0, between_patients_sd=0.0)
    shares = np.ones(patients.trials.shape[0])
    taken = intake(setup.dosing, everything, 1, patients.trials, patients.patients, shares)
    return setup, patients, outcomes(setup, typical, patients, days, taken, [OFF, NOTHING])


def test_only_who_had_a_switched_off_event_has_another_course():
    setup, _, worlds = lived(pressure_world(20))
    had = np.isfinite(worlds[NOTHING].event_days[:, :, 0])
    assert 0 < had.sum() < had.size
    assert not had[0].any()  # nobody on placebo is exposed
    assert not np.isfinite(worlds[OFF].event_days[:, :, 0]).any()
    same = worlds[NOTHING].nominal == worlds[OFF].nominal
    assert same[:, ~had].all()
    last = setup.calendar.reading("sbp", "w4", 0.0)
    with_event, without = worlds[NOTHING].nominal[last][had], worlds[OFF].nominal[last][had]
    assert np.all(with_event >= without - 1e-5)  # those who stopped dosing are less helped
    assert np.mean(with_event - without) > 5.0


def test_a_switched_off_event_is_as_if_its_hazard_were_nothing():
    world = pressure_world(20)
    conduct = world.protocol.conduct
    never = replace(conduct.intercurrent_events[0], hazard=formula("0 1/h * conc / EC50"))
    free = replace(world, protocol=replace(world.protocol, conduct=replace(conduct, intercurrent_events=(never,))))
    _, _, worlds = lived(world)
    _, _, without = lived(free)
    np.testing.assert_allclose(worlds[OFF].nominal, without[NOTHING].nominal, rtol=1e-6)


def test_actual_and_nominal_moments_are_read_where_they_are():
    setup, _, worlds = lived(pressure_world(20))
    factual = worlds[NOTHING]
    baseline, last = setup.calendar.reading("sbp", "baseline", 0.0), setup.calendar.reading("sbp", "w4", 0.0)
    assert np.array_equal(factual.actual[baseline], factual.nominal[baseline])  # no window
    assert np.array_equal(factual.actual[last][0], factual.nominal[last][0])  # nothing moves on placebo
    assert not np.array_equal(factual.actual[last][2], factual.nominal[last][2])
    trough, peak = (setup.calendar.reading("x_conc", "w2", after) for after in (0.0, 2.0 / 24.0))
    dosed = ~np.isfinite(factual.event_days[2, :, 0])
    assert dosed.sum() > 10
    assert np.all(factual.nominal[peak][2][dosed] > factual.nominal[trough][2][dosed])
    assert np.all(factual.nominal[peak][0] == 0.0)
