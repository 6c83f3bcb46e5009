"""Patients who step together in lanes: nobody's bits depend on who stands beside them, or on the lanes at all."""

from __future__ import annotations

import numpy as np
import pytest

from tests.reference.course_models import built
from trialsim.dynamics import courses as courses_module
from trialsim.dynamics import dop853, generate, source, stage_sums
from trialsim.dynamics.courses import Tolerance, courses
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.lane_power import lane_power
from trialsim.foundation.elementary import power

N = 70
# Everything a rate may hold: functions, conditions on states and on time, joined ones, least and greatest of two.
RICH = built(
    "depot cent effect", "ka vm km kin kout gamma at",
    ("-ka * depot", "ka * depot - vm * conc / (km + conc) - if(t > at and cent > 1 or effect < 0.2, 0.05 * cent, 0)",
     "kin * exp(-min(conc, 3)) / (1 + conc ^ gamma) - kout * max(effect, 0.01) - log(1 - bad)"),
    starts=("0", "0", "kin / kout"), quantities={"conc": "cent / 20", "bad": "if(vm > 40, cent, 0)"},
    outputs="cent effect conc", inlets=(("depot", "at / 100", "0.9"), ("cent", None, None)),
    hazards={"intolerance": "0.01 * conc + if(t > at, 0.001, 0)", "odd": "0.02 * (effect - if(ka < 0.2, 9, 0))"})


def patients():
    """Return parameters, schedule, samples, thresholds and horizons that are different for each patient."""
    rng = np.random.default_rng(7)
    params = np.array([1.0, 8.0, 0.5, 2.0, 0.4, 1.7, 11.0]) * np.exp(0.4 * rng.standard_normal((N, 7)))
    params[5, 1], params[6, 0], params[17, 0], params[40, 2], params[30:34, 6] = 50.0, 0.1, 1e7, np.nan, -9.0
    counts = rng.integers(0, 9, N)
    counts[3] = 0
    n = int(counts.sum())
    time = np.concatenate([np.sort(rng.uniform(0.0, 60.0, k)) for k in counts])
    schedule = Schedule(
        offsets=np.append(0, np.cumsum(counts)), time=time, inlet=rng.integers(0, 2, n),
        amount=rng.uniform(10.0, 200.0, n), duration=np.where(rng.random(n) < 0.4, rng.uniform(1.0, 9.0, n), 0.0))
    samples = np.sort(rng.uniform(0.0, 90.0, (N, 6)), axis=1)
    samples[::9, 4:] = np.nan
    thresholds = rng.exponential(size=(N, 2))
    thresholds[::4, 0], thresholds[::3, 1] = np.inf, np.inf
    return params, schedule, samples, thresholds, rng.uniform(50.0, 90.0, N)


def followed(members):
    """Return the courses of some of the patients, in the order asked for."""
    params, schedule, samples, thresholds, horizon = patients()
    rows = [np.arange(schedule.offsets[i], schedule.offsets[i + 1]) for i in members]
    flat = np.concatenate(rows)
    own = Schedule(offsets=np.append(0, np.cumsum([len(row) for row in rows])), time=schedule.time[flat],
                   inlet=schedule.inlet[flat], amount=schedule.amount[flat], duration=schedule.duration[flat])
    return courses(RICH, params[members], own, samples[members], thresholds[members], [True, False], [False, True],
                   horizon[members], Tolerance(most_steps=3000))


def bits(found):
    return [found.outputs.tobytes(), found.event_times.tobytes(), found.status.tobytes(), found.steps.tobytes()]


@pytest.fixture(scope="module")
def everybody():
    return followed(np.arange(N))


def test_the_patients_try_everything(everybody):
    assert set(everybody.status) == {0, 1, 3, 4, 5}
    assert np.isfinite(everybody.event_times).sum(axis=0).min() >= 10
    assert np.isfinite(everybody.outputs).mean() > 0.3


@pytest.mark.parametrize("size", [1, 7, 33])
def test_the_chunk_changes_no_bit(everybody, size):
    parts = [followed(np.arange(first, min(first + size, N))) for first in range(0, N, size)]
    for name in ("outputs", "event_times", "status", "steps"):
        together = np.concatenate([getattr(part, name) for part in parts])
        assert together.tobytes() == getattr(everybody, name).tobytes(), name


def test_the_neighbours_and_the_place_change_no_bit(everybody):
    order = np.random.default_rng(3).permutation(N)
    found = followed(order)
    for name in ("outputs", "event_times", "status", "steps"):
        assert getattr(found, name).tobytes() == getattr(everybody, name)[order].tobytes(), name


def test_steps_in_lanes_are_the_steps_made_alone(everybody, monkeypatch):
    monkeypatch.setattr(source, "LARGEST", 0)
    alone = generate._compiled.__wrapped__(RICH)
    assert alone.LANES == 1
    monkeypatch.setattr(courses_module, "compiled", lambda model, solver, steady: alone)
    assert bits(followed(np.arange(N))) == bits(everybody)


def test_nobody_is_nobody():
    found = courses(RICH, np.zeros((0, 7)), Schedule(offsets=[0], time=[], inlet=[], amount=[], duration=[]),
                    np.zeros((0, 3)), np.zeros((0, 2)), False, False, 1.0)
    assert found.outputs.shape == (0, 3, 3)


def test_a_power_in_a_lane_is_the_power_bit_for_bit():
    rng = np.random.default_rng(0)
    special = [0.0, 1.0, 2.0, 0.5, 3.0, 16.0, 17.0, 2.5, 0.1, 1e300, 1e-300, 5e-324, 2.0**52, 2.0**53 - 1, np.inf,
               np.nan]
    numbers = [*special, *(-x for x in special), *np.exp(rng.uniform(-700.0, 700.0, 20)), *rng.uniform(-9.0, 9.0, 20)]
    pairs = [(x, y) for x in numbers for y in numbers]
    ours = np.array([lane_power(x, y) for x, y in pairs])
    expected = np.array([power(x, y) for x, y in pairs])
    assert np.isnan(ours).tolist() == np.isnan(expected).tolist()
    known = ~np.isnan(expected)
    assert ours[known].tobytes() == expected[known].tobytes()


def test_the_sums_of_the_stages_are_those_of_the_tables():
    rng = np.random.default_rng(1)
    rows = [(getattr(stage_sums, f"state_at_{s}"), dop853.STAGES[s]) for s in range(1, dop853.N_STAGES)]
    for function, row in [*rows, (stage_sums.state_after, dop853.WEIGHTS)]:
        used = row != 0.0
        for k in rng.standard_normal((20, int(used.sum()))):
            total = 0.0
            for weight, slope in zip(row[used], k, strict=True):
                total += weight * slope
            assert function(0.3, 0.7, *k) == 0.3 + 0.7 * total
    for function, row in ((stage_sums.error_3, dop853.ERROR_3), (stage_sums.error_5, dop853.ERROR_5)):
        for i, weight in enumerate(row[row != 0.0]):
            assert function(*np.eye(int((row != 0.0).sum()))[i]) == weight
