"""Schedules as courses take them: one line or several, rates kept, steady states, rows of arms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.unit.trial.worlds import dosing, patients_of, pressure_cohort, pressure_world
from trialsim.cohort.model import Inlet
from trialsim.dynamics.doses import DOSE, STEADY, STEADY_WITH
from trialsim.foundation.units import quantity, unit
from trialsim.protocol.dosing_model import Adherence, Holidays, PlainAmount, Timing
from trialsim.protocol.model import Arm
from trialsim.trial.adhere import intake
from trialsim.trial.schedules import COLUMNS, schedule_of_rows, schedule_under
from trialsim.trial.setup import setup_of

N = 50
WHO = patients_of({"weight": np.linspace(50.0, 99.0, N), "sex": np.zeros(N)})


def setup_with(*arms, cohort=None):
    world = pressure_world(30)
    made = (world.protocol.arms[0], *(Arm(name=f"a{i}", label="", dosing=lines) for i, lines in enumerate(arms)))
    return setup_of(replace(world, protocol=replace(world.protocol, arms=made), cohort=cohort or world.cohort))


def own_intake(setup, shares=None, **parts):
    adherence = replace(Adherence(takes=1.0, between_patients_sd=0.0), **parts)
    return intake(setup.dosing, adherence, 1, WHO.trials, WHO.patients, np.ones(N) if shares is None else shares)


def test_doses_by_weight_are_multiplied_by_kilograms():
    setup = setup_with((dosing(0.5, per_weight=True),))
    schedule = schedule_under(setup, 1, own_intake(setup), WHO)
    expected = np.repeat(0.5 * WHO.covariates["weight"][:, None], 28, axis=1)
    np.testing.assert_array_equal(schedule.amount.reshape(N, 28), expected)
    assert not schedule.rate.any() and not schedule.duration.any() and np.all(schedule.kind == DOSE)


def test_an_infusion_keeps_its_length_or_its_rate():
    rate = PlainAmount(written=quantity("48 mg/day"), value=2.0)
    per_kg = PlainAmount(written=quantity("0.1 mg/kg/h"), value=0.1, per="kg")
    lines = (
        dosing(5.0, infusion=0.125),
        dosing(5.0, None, start=0.5, rate=rate),
        dosing(5.0, None, start=0.6, rate=per_kg),
    )
    setup = setup_with(lines)
    schedule = schedule_under(setup, 1, own_intake(setup), WHO, n_lines=3)
    assert schedule.n_lines == 3
    first, second, third = (schedule.offsets[k : k + 2] for k in range(3))
    assert set(schedule.duration[slice(*first)]) == {3.0} and not schedule.rate[slice(*first)].any()
    assert schedule.duration[slice(*second)].tolist() == [0.0] and schedule.rate[slice(*second)].tolist() == [2.0]
    assert schedule.rate[slice(*third)].tolist() == [0.1 * 50.0]
    by_day = replace(pressure_cohort(), time=unit("day"))
    days = setup_with(lines, cohort=by_day)
    schedule = schedule_under(days, 1, own_intake(days), WHO, n_lines=3)
    assert schedule.duration[0] == 0.125 and schedule.rate[slice(*second)].tolist() == [48.0]


def test_one_line_each_holds_what_one_line_for_all_holds():
    setup = setup_with((dosing(5.0), dosing(1.0, 7.0, start=0.25)), (dosing(2.0),))
    assert setup.dosing.n_lines == 2
    own = own_intake(setup, np.full(N, 0.7), timing=Timing(kind="normal", spread=0.05), doubles=0.3)
    for arm, n_used in ((1, 2), (2, 1)):
        whole = schedule_under(setup, arm, own, WHO)
        apart = schedule_under(setup, arm, own, WHO, n_lines=2)
        assert (whole.n_patients, apart.n_patients) == (N, N)
        for i in range(N):
            rows = [slice(*apart.offsets[2 * i + k : 2 * i + k + 2]) for k in range(2)]
            assert all(np.all(np.diff(apart.time[row]) > 0) for row in rows)
            both = sorted((t, a) for row in rows for t, a in zip(apart.time[row], apart.amount[row], strict=True))
            mine = slice(*whole.offsets[i : i + 2])
            assert both == list(zip(whole.time[mine], whole.amount[mine], strict=True))
        lengths = np.diff(apart.offsets).reshape(N, 2)
        assert (lengths.sum(axis=0) > 0).sum() == n_used


def test_the_dose_that_finds_a_steady_state_is_taken_and_on_time():
    setup = setup_with((dosing(5.0, 0.5, 10.0, start=2.0, is_steady=True), dosing(1.0, None, start=2.0)))
    parts = {"timing": Timing(kind="normal", spread=0.1), "holidays": Holidays(rate=0.5, length=5.0)}
    schedule = schedule_under(setup, 1, own_intake(setup, np.full(N, 0.3), **parts), WHO)
    first = schedule.offsets[:-1]
    assert np.all(schedule.kind[first] == STEADY) and np.sum(schedule.kind == STEADY) == N
    assert np.all(schedule.interval[first] == 12.0) and not np.delete(schedule.interval, first).any()
    assert np.all(setup.calendar.clock.days(schedule.time[first]) == 2.0)
    assert np.all(schedule.amount[first] == 5.0)
    assert schedule.time.size < N * 17


def test_a_dose_that_enters_two_states_is_two_administrations():
    cohort = pressure_cohort()
    depot, central, pressure = cohort.states
    central = replace(central, receives=(Inlet(drug="X", route="oral"),))
    setup = setup_with((dosing(5.0, 1.0, 4.0),), cohort=replace(cohort, states=(depot, central, pressure)))
    schedule = schedule_under(setup, 1, own_intake(setup, np.full(N, 0.5), doubles=1.0), WHO)
    assert np.array_equal(schedule.time[::2], schedule.time[1::2])
    assert np.array_equal(schedule.amount[::2], schedule.amount[1::2])
    assert set(schedule.inlet[::2]) | set(schedule.inlet[1::2]) == {0, 1}


def test_the_parts_of_a_dose_find_one_steady_state():
    cohort = pressure_cohort()
    depot, central, pressure = cohort.states
    central = replace(central, receives=(Inlet(drug="X", route="oral"),))
    setup = setup_with((dosing(5.0, 1.0, 4.0, is_steady=True),),
                       cohort=replace(cohort, states=(depot, central, pressure)))
    schedule = schedule_under(setup, 1, own_intake(setup, np.full(N, 0.5)), WHO)
    first = schedule.offsets[:-1]
    assert np.all(schedule.kind[first] == STEADY) and np.all(schedule.kind[first + 1] == STEADY_WITH)
    assert np.all(schedule.interval[first] == 24.0) and np.all(schedule.interval[first + 1] == 24.0)
    assert np.all(schedule.time[first] == schedule.time[first + 1])
    assert np.sum(schedule.kind != DOSE) == 2 * N


def test_several_drugs_and_routes_enter_one_state():
    cohort = pressure_cohort()
    depot, central, pressure = cohort.states
    doors = (Inlet(drug="X", route="iv"), Inlet(drug="Y", route="iv"), Inlet(drug="Y", route="sc"))
    cohort = replace(cohort, states=(depot, replace(central, receives=doors), pressure))
    lines = (dosing(5.0, None), dosing(2.0, 1.0, 3.0, route="iv"), dosing(1.0, 1.0, 3.0, drug="Y", route="sc"))
    setup = setup_with(lines, (dosing(1.0, None, drug="Y", route="iv"),), cohort=cohort)
    shares = np.full(N, 0.5)
    schedule = schedule_under(setup, 1, own_intake(setup, shares), WHO, n_lines=3)
    states = [setup.model.inlets[k].state for k in range(4)]
    assert states == ["depot", "central", "central", "central"]
    counts = np.diff(schedule.offsets).reshape(N, 3)
    lines_of_rows = np.repeat(np.tile(np.arange(3), N), counts.reshape(-1))
    doors_of = {k: (setup.model.inlets[k].drug, setup.model.inlets[k].route) for k in range(4)}
    used = {line: {doors_of[k] for k in schedule.inlet[lines_of_rows == line]} for line in range(3)}
    assert used == {0: {("X", "oral")}, 1: {("X", "iv")}, 2: {("Y", "sc")}}
    # The dose of X at day 0 is forgotten by both of its routes or by none; Y has luck of its own.
    first = schedule.time == schedule.time.min()
    by_line = [
        {int(i) for i in np.repeat(np.arange(N), counts.sum(axis=1))[first & (lines_of_rows == k)]} for k in range(3)
    ]
    assert by_line[0] == by_line[1] != by_line[2]


def test_rows_of_arms_are_those_of_their_schedules():
    setup = setup_with((dosing(5.0), dosing(1.0, 7.0, start=0.25)), (dosing(2.0, 2.0),))
    own = own_intake(setup, np.full(N, 0.7))
    for n_lines in (1, 2):
        schedules = [schedule_under(setup, arm, own, WHO, n_lines) for arm in range(3)]
        rows = np.array([2 * N + 3, 0, N + 7, N + 7, 2 * N - 1, 3 * N - 1])
        picked = schedule_of_rows(schedules, rows, N)
        assert (picked.n_patients, picked.n_lines) == (6, n_lines)
        for i, row in enumerate(rows):
            source = schedules[row // N].of_patients(row % N, row % N + 1)
            mine = picked.of_patients(i, i + 1)
            assert np.array_equal(mine.offsets, source.offsets)
            for name in COLUMNS:
                assert np.array_equal(getattr(mine, name), getattr(source, name))
