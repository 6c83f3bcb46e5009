"""What patients make of planned doses: shares, times, doubles and holidays, alike in every arm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trial.worlds import dosing, patients_of, pressure_cohort, pressure_world
from trialsim.cohort.model import Inlet
from trialsim.protocol.dosing_model import Adherence, Holidays, Timing
from trialsim.protocol.model import Arm
from trialsim.trial.adhere import adherences, doses_taken, intake, on_holiday, shifts
from trialsim.trial.schedules import own_doses, schedule_under
from trialsim.trial.setup import setup_of

N = 3000
TRIALS, PATIENTS = np.zeros(N, dtype=np.int64), np.arange(N)
WHO = patients_of({"weight": np.ones(N), "sex": np.zeros(N)})
EVERYTHING = Adherence(takes=1.0, between_patients_sd=0.0)


def setup_with(*lines, cohort=None, **parts):
    """Return the setup of a trial whose arms are placebo, these lines, and these lines a second time."""
    world = pressure_world(30)
    arms = (world.protocol.arms[0], Arm(name="low", label="", dosing=lines), Arm(name="high", label="", dosing=lines))
    return setup_of(replace(world, protocol=replace(world.protocol, arms=arms, **parts), cohort=cohort or world.cohort))


def intake_with(setup, shares=None, **parts):
    adherence = replace(EVERYTHING, **parts)
    return intake(setup.dosing, adherence, 1, TRIALS, PATIENTS, np.ones(N) if shares is None else shares)


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
    own = intake_with(setup, shares)
    for half, share in ((own.taken[: N // 2], 0.5), (own.taken[N // 2 :], 0.9)):
        assert abs(half.mean() - share) < 4 * np.sqrt(share * (1 - share) / half.size)
    low, high = (schedule_under(setup, arm, own, WHO) for arm in (1, 2))
    assert np.array_equal(low.time, high.time)
    assert np.array_equal(low.offsets, high.offsets)
    assert np.array_equal(low.amount * 4.0, high.amount)
    assert low.offsets[-1] == own.taken.sum()
    assert schedule_under(setup, 0, own, WHO).time.size == 0


def test_the_same_doses_of_a_drug_are_forgotten_by_whichever_route():
    world = pressure_world(30)
    arms, cohort = list(world.protocol.arms), world.cohort
    depot, central, pressure = cohort.states
    central = replace(central, receives=(Inlet(drug="X", route="iv"),))
    arms[2] = replace(arms[2], dosing=(dosing(40.0, route="iv"),))
    protocol = replace(world.protocol, arms=tuple(arms))
    setup = setup_of(replace(world, protocol=protocol, cohort=replace(cohort, states=(depot, central, pressure))))
    own = intake_with(setup, np.full(N, 0.7))
    by_mouth, by_vein = (own.taken[:, setup.dosing.arms[arm][0].slot] for arm in (1, 2))
    assert by_mouth.shape == (N, 28)
    assert 0.6 < by_mouth.mean() < 0.8
    assert np.array_equal(by_mouth, by_vein)
    low, high = (schedule_under(setup, arm, own, WHO) for arm in (1, 2))
    assert np.array_equal(low.time, high.time)
    assert set(low.inlet) != set(high.inlet)


def test_times_are_normal_around_the_planned_ones_or_lognormal_after_them():
    setup = setup_with(dosing(5.0))
    around = shifts(setup.dosing, Timing(kind="normal", spread=1.0 / 24.0), 1, TRIALS, PATIENTS)
    assert abs(around.mean()) < 4 * 3600 / np.sqrt(around.size)
    assert abs(around.std() / 3600 - 1.0) < 4 / np.sqrt(2 * around.size)
    after = shifts(setup.dosing, Timing(kind="lognormal", location=1.0 / 48.0, spread=1.0), 1, TRIALS, PATIENTS)
    assert after.min() >= 0
    assert abs(np.median(after) / 1800 - 1.0) < 0.02
    assert abs(np.log(np.maximum(after, 1)).std() - np.sqrt(np.log(2.0))) < 0.01
    assert np.array_equal(around, np.rint(around))  # whole seconds, as the model's clock has them


def test_a_dose_stays_between_its_neighbours_and_after_randomisation():
    setup = setup_with(dosing(5.0, 0.5, 7.0))
    own = intake_with(setup, timing=Timing(kind="normal", spread=5.0))
    (doses,) = own_doses(setup, 1, own, PATIENTS)
    assert doses.day.min() == 0.0
    assert np.all(np.diff(doses.day, axis=1) > 0)
    assert np.all(np.abs(doses.day - doses.plan.day) < 0.25)
    # Half of an SD of five days is far outside: nearly every dose is at its bound, less than half way to the next.
    assert np.mean(np.abs(doses.day[:, 1:] - doses.plan.day[1:]) > 0.2499) > 0.9


def test_a_dose_at_a_visit_is_on_time():
    setup = setup_with(dosing(5.0))  # baseline has no window, and samples are taken 2 h after the dose of w2
    own = intake_with(setup, timing=Timing(kind="normal", spread=1.0 / 24.0))
    (doses,) = own_doses(setup, 1, own, PATIENTS)
    assert doses.plan.day[14] == 14.0 and np.all(doses.day[:, 14] == 14.0)
    assert np.all(doses.day[:, 0] == 0.0)
    assert np.all(np.std(np.delete(doses.day, [0, 14], axis=1), axis=0) > 0)


def test_a_dose_after_a_missed_one_is_doubled_at_the_share_that_is_made_up_for():
    setup = setup_with(dosing(5.0))
    own = intake_with(setup, np.full(N, 0.7), doubles=0.25)
    (doses,) = own_doses(setup, 1, own, PATIENTS)
    after_missed = ~doses.taken[:, :-1]
    doubled = doses.times[:, 1:] == 2.0
    assert not doubled[~after_missed].any() and not np.any(doses.times[:, 0] == 2.0)
    n = after_missed.sum()
    assert abs(doubled[after_missed].mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / n)
    schedule = schedule_under(setup, 1, own, WHO)
    assert np.array_equal(np.unique(schedule.amount), [5.0, 10.0])
    assert np.sum(schedule.amount == 10.0) == np.sum(doubled & doses.taken[:, 1:])


def test_holidays_are_runs_of_missed_doses_that_begin_at_a_rate():
    setup = setup_with(dosing(5.0, 1.0, 400.0))
    off = on_holiday(setup.dosing, Holidays(rate=0.02, length=4.0), 1, TRIALS, PATIENTS)
    begun = off & ~np.column_stack([np.zeros(N, dtype=bool), off[:, :-1]])
    # A renewal process of gaps of 50 days and lengths of 4: 1 / 54 a day in the long run.
    counts = begun[:, 50:].sum(axis=1)
    assert abs(counts.mean() / 350 - 1 / 54) < 4 * counts.std() / 350 / np.sqrt(N)
    # A holiday of four days holds four daily doses (two that touch hold more).
    ends = off & ~np.column_stack([off[:, 1:], np.zeros(N, dtype=bool)])
    lengths = [e - b + 1 for row, last in zip(begun, ends, strict=True)
               for b, e in zip(np.flatnonzero(row), np.flatnonzero(last), strict=True) if e < 399]  # fmt: skip
    assert np.mean(np.array(lengths) == 4) > 0.9 and min(lengths) == 4


def test_holidays_are_the_same_days_whatever_is_planned():
    often, seldom = setup_with(dosing(5.0, 0.5, 60.0)), setup_with(dosing(5.0, 2.0, 60.0))
    holidays = Holidays(rate=0.05, length=3.0, cv=0.5)
    twice_a_day = on_holiday(often.dosing, holidays, 1, TRIALS, PATIENTS)
    every_other_day = on_holiday(seldom.dosing, holidays, 1, TRIALS, PATIENTS)
    assert np.array_equal(twice_a_day[:, ::4], every_other_day)
    assert 0.05 < every_other_day.mean() < 0.3


def test_another_line_moves_no_luck_of_the_first():
    parts = {"timing": Timing(kind="normal", spread=0.02), "doubles": 0.3, "holidays": Holidays(rate=0.05, length=3.0)}
    shares = np.full(N, 0.8)
    alone = setup_with(dosing(5.0))
    both = setup_with(dosing(5.0), dosing(1.0, 7.0, start=0.25))
    (one,) = own_doses(alone, 1, intake_with(alone, shares, **parts), PATIENTS)
    (two,) = own_doses(both, 1, intake_with(both, shares, **parts), PATIENTS)
    first = two.plan.line == 0
    assert np.array_equal(one.taken, two.taken[:, first])
    assert np.array_equal(one.day, two.day[:, first])
    assert np.array_equal(one.times, two.times[:, first])


def test_everything_taken_needs_no_luck():
    setup = setup_with(dosing(5.0))
    assert doses_taken(setup.dosing, 1, TRIALS, PATIENTS, np.ones(N)).all()
    own = intake_with(setup)
    assert (own.shift, own.makes_up, own.weekday.sum()) == (None, None, 0)


def test_a_patients_day_0_is_a_working_day_and_doses_fall_on_their_days():
    setup = setup_with(dosing(5.0, days=("mon", "wed", "fri")))
    assert setup.dosing.weekdays == (0, 1, 2, 3, 4)
    own = intake_with(setup)
    shares = np.bincount(own.weekday) / N
    assert np.all(np.abs(shares - 0.2) < 4 * np.sqrt(0.2 * 0.8 / N))
    seen = 0
    for doses in own_doses(setup, 1, own, PATIENTS):
        weekday = own.weekday[doses.rows[0]]
        assert np.all(own.weekday[doses.rows] == weekday)
        assert set((weekday + doses.plan.day) % 7) == {0.0, 2.0, 4.0}
        assert doses.plan.n_doses == 12
        seen += doses.rows.size
    assert seen == N
    schedule = schedule_under(setup, 1, own, WHO)
    assert np.all(np.diff(schedule.offsets) == 12)
    days = setup.calendar.clock.days(schedule.time).reshape(N, 12)
    assert set(((days + own.weekday[:, None]) % 7).reshape(-1)) == {0.0, 2.0, 4.0}


@pytest.mark.parametrize("weekday", ["mon", "sun"])
def test_a_stated_day_0_is_everybodys(weekday):
    setup = setup_with(dosing(5.0, days=("mon",), day_0=weekday))
    assert len(setup.dosing.weekdays) == 1
    (doses,) = own_doses(setup, 1, intake_with(setup), PATIENTS)
    assert doses.plan.day.tolist() == [(0.0 if weekday == "mon" else 1.0) + 7 * i for i in range(4)]


def test_the_cohort_is_the_one_of_these_tests():
    assert [covariate.name for covariate in pressure_cohort().covariates] == list(WHO.covariates)
