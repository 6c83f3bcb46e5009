"""Doses planned and taken, and courses with events and without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trial.worlds import dosing, formula, pressure_world
from trialsim.cohort.draws import typical_values
from trialsim.cohort.model import Inlet
from trialsim.protocol.model import Adherence
from trialsim.trial.enroll import enrolled
from trialsim.trial.observe import moment_days
from trialsim.trial.plan_doses import planned_days
from trialsim.trial.setup import setup_of
from trialsim.trial.treat import NOTHING, adherences, doses_taken, outcomes, schedule_under, weights_kg

N = 3000
TRIALS, PATIENTS = np.zeros(N, dtype=np.int64), np.arange(N)
OFF = frozenset({"intolerance"})


@pytest.mark.parametrize(
    ("every", "until", "expected"),
    [(None, None, [2.0]), (1.0, 5.0, [2.0, 3.0, 4.0]), (1.0 / 3.0, 3.0, [2.0, 2.0 + 1 / 3, 2.0 + 2 / 3]),
     (3.0, None, [2.0, 5.0, 8.0]), (1.0, 2.0, [])],
)  # fmt: skip
def test_doses_are_planned_from_start_to_strictly_before_until(every, until, expected):
    np.testing.assert_allclose(planned_days(dosing(1.0, every, until, start=2.0), 8.0), expected)


def test_adherence_is_logit_normal_around_the_typical_share():
    shares = adherences(Adherence(takes=0.8, between_patients_sd=0.5), 1, TRIALS, PATIENTS)
    logits = np.log(shares / (1 - shares))
    assert abs(logits.mean() - np.log(4.0)) < 4 * 0.5 / np.sqrt(N)
    assert abs(logits.std() - 0.5) < 4 * 0.5 / np.sqrt(2 * N)
    assert np.all(adherences(Adherence(takes=1.0, between_patients_sd=0.5), 1, TRIALS, PATIENTS) == 1.0)
    assert np.all(adherences(Adherence(takes=0.8, between_patients_sd=0.0), 1, TRIALS, PATIENTS) == 0.8)


def test_doses_are_taken_at_the_patients_own_share_and_alike_in_every_arm():
    setup = setup_of(pressure_world(30))
    assert len(setup.dosing.slots) == 28  # both arms share them
    shares = np.where(PATIENTS < N / 2, 0.5, 0.9)
    taken = doses_taken(setup.dosing, 1, TRIALS, PATIENTS, shares)
    for half, share in ((taken[: N // 2], 0.5), (taken[N // 2 :], 0.9)):
        assert abs(half.mean() - share) < 4 * np.sqrt(share * (1 - share) / half.size)
    low, high = (schedule_under(setup, arm, taken, np.ones(N)) for arm in (1, 2))
    assert np.array_equal(low.time, high.time)
    assert np.array_equal(low.offsets, high.offsets)
    assert np.array_equal(low.amount * 4.0, high.amount)
    assert low.offsets[-1] == taken.sum()
    assert schedule_under(setup, 0, taken, np.ones(N)).time.size == 0


def test_the_same_doses_of_a_drug_are_forgotten_by_whichever_route():
    world = pressure_world(30)
    arms, cohort = list(world.protocol.arms), world.cohort
    depot, central, pressure = cohort.states
    central = replace(central, receives=(Inlet(drug="X", route="iv"),))
    arms[2] = replace(arms[2], dosing=(dosing(40.0, route="iv"),))
    protocol = replace(world.protocol, arms=tuple(arms))
    setup = setup_of(replace(world, protocol=protocol, cohort=replace(cohort, states=(depot, central, pressure))))
    taken = doses_taken(setup.dosing, 1, TRIALS, PATIENTS, np.full(N, 0.7))
    by_mouth, by_vein = (taken[:, setup.dosing.arms[arm].slot] for arm in (1, 2))
    assert by_mouth.shape == (N, 28)
    assert 0.6 < by_mouth.mean() < 0.8
    assert np.array_equal(by_mouth, by_vein)
    low, high = (schedule_under(setup, arm, taken, np.ones(N)) for arm in (1, 2))
    assert np.array_equal(low.time, high.time)
    assert set(low.inlet) != set(high.inlet)


def test_doses_by_weight_are_multiplied_by_kilograms():
    world = pressure_world(30)
    arms = list(world.protocol.arms)
    arms[2] = replace(arms[2], dosing=(dosing(0.5, per_weight=True),))
    setup = setup_of(replace(world, protocol=replace(world.protocol, arms=tuple(arms))))
    trials = np.arange(1)
    patients = enrolled(setup, typical_values(setup.cohort, 1, trials, "typical", None), trials)
    weight = weights_kg(setup, patients)
    assert np.array_equal(weight, patients.covariates["weight"])
    schedule = schedule_under(setup, 2, np.ones((30, 28), dtype=bool), weight)
    np.testing.assert_array_equal(schedule.amount.reshape(30, 28), np.repeat(0.5 * weight[:, None], 28, axis=1))


def lived(world, n_trials=3):
    setup, trials = setup_of(world), np.arange(n_trials)
    patients = enrolled(setup, typical_values(world.cohort, 1, trials, "typical", None), trials)
    days = moment_days(setup, patients.trials, patients.patients)
    shares = np.ones(patients.trials.shape[0])
    taken = doses_taken(setup.dosing, 1, patients.trials, patients.patients, shares)
    return setup, patients, outcomes(setup, patients, days, taken, [OFF, NOTHING])


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
