"""Plain courses: the bits of those that are followed instant by instant, and closed forms."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from tests.reference.course_models import built
from trialsim.dynamics.changes import Changes
from trialsim.dynamics.courses import courses
from trialsim.dynamics.doses import Schedule, no_doses, same_doses
from trialsim.dynamics.modes import halved

mpmath.mp.dps = 40
# A constant inflow where `made` is not zero, two ways in, one of them late, three modes, and two outputs.
SEVERAL = built(
    "depot cent peri", "ka k out back made lag",
    ("-ka * depot", "made + ka * depot - (k + out) * cent + back * peri", "out * cent - back * peri"),
    starts=("0", "made / k", "0"), outputs="conc cent", quantities={"conc": "cent / 20 + 0.001 * t"},
    inlets=(("depot", "lag", "0.8"), ("cent", "lag", None)))
ORAL = built("depot cent", "ka k v", ("-ka * depot", "ka * depot - k * cent"), outputs="conc",
             quantities={"conc": "cent / v"}, inlets=(("depot", None, None),))
TUMOUR = built("", "size grows kills fades", (), outputs="y z",
               quantities={"y": "size * exp(grows * t - kills / fades * (1 - exp(-fades * t)))",
                           "z": "log(size - t) + max(t, 2) ^ grows"})


def followed(model, params, schedule, times, horizon=1e4, **more):
    """Return the courses of patients."""
    return courses(model, params, schedule, times, np.zeros((len(params), 0)), [], [], horizon, **more)


def both(model, params, schedule, times, horizon=1e4, **more):
    """Return the courses of patients, and those of the same patients followed instant by instant."""
    told = np.ones(len(params), dtype=np.bool_)
    return (followed(model, params, schedule, times, horizon, **more),
            followed(model, params, schedule, times, horizon, told=told, **more))


def patients(n, lag=0.3, infused=0.0):
    """Return parameters and doses of n patients, no two alike, half of them without what runs in always."""
    rng = np.random.default_rng(20261121)
    params = np.array([0.8, 0.1, 0.3, 0.05, 0.4, lag]) * np.exp(0.5 * rng.standard_normal((n, 6)))
    params[::2, 4] = 0.0
    times = np.sort(np.floor(960 * rng.uniform(size=(n, 5))) / 8, axis=1)
    times[:, 0] = 0.0
    schedule = Schedule(offsets=np.arange(n + 1) * 5, time=times.ravel(), inlet=np.tile([0, 1, 0, 1, 0], n),
                        amount=100 * rng.uniform(size=5 * n), duration=np.tile([0.0, infused, 0.0, 0.0, infused], n))
    return params, schedule


def test_halvings_are_those_of_forty_digits():
    w = np.concatenate([np.linspace(0.0, 3.0, 61), np.linspace(3.0, 1009.9, 60)])
    found = np.array([halved(x) for x in w])
    exactly = np.array([float(mpmath.power(2, -mpmath.mpf(x))) for x in w])
    assert halved(0.0) == 1.0
    assert np.abs(found / exactly - 1.0).max() < 1.5e-15
    assert [halved(x) for x in (1010.0, 1e10, 1e300)] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("lag", "infused"), [(0.0, 0.0), (0.3, 0.0), (0.0, 6.5), (0.3, 40.0)])
def test_plain_courses_have_the_bits_of_those_followed_instant_by_instant(lag, infused):
    rng = np.random.default_rng(5)
    n = 40
    params, schedule = patients(n, lag, infused)
    times = np.sort(np.concatenate([rng.uniform(0.0, 130.0, (n, 60)), np.tile(np.arange(10.0) * 6, (n, 1)),
                                    schedule.time.reshape(n, 5)], axis=1), axis=1)
    plain, general = both(SEVERAL, params, schedule, times)
    # Those whose courses are followed by the general kernel make steps.
    assert (plain.steps == 0).sum() > n // 2
    assert general.steps.all() and not plain.status.any()
    assert plain.outputs.tobytes() == general.outputs.tobytes()


def test_samples_after_the_end_and_samples_that_are_not_wanted():
    times = np.array([[0.0, 0.0, 1.0, 8.0, 12.0, 30.0, np.nan], [0.0, 1.0, np.nan, 8.0, 12.0, 13.0, 14.0],
                      [np.nan] * 7])
    params = np.tile([1.0, 0.1, 50.0], (3, 1))
    plain, general = both(ORAL, params, same_doses(3, [0.0, 8.0, 12.0], 100.0), times, horizon=12.0)
    assert plain.steps.tolist()[0] == 0 and plain.steps[1] > 0
    assert plain.outputs.tobytes() == general.outputs.tobytes()
    assert np.isnan(plain.outputs[0, 5:]).all() and not np.isnan(plain.outputs[0, :5]).any()


def test_the_beginning_of_a_course_is_not_nought():
    times = np.array([[-24.0, -20.0, 0.0, 3.0, 3.5]])
    plain, general = both(ORAL, np.array([[1.0, 0.1, 50.0]]), same_doses(1, [-24.0, 3.0], 100.0), times, begin=-24.0)
    assert plain.steps.tolist() == [0]
    assert plain.outputs.tobytes() == general.outputs.tobytes()


@pytest.mark.parametrize("form", ["empty", "rate", "reset", "late"])
def test_whoever_takes_anything_else_is_followed_by_the_general_kernel(form):
    schedule = Schedule(
        offsets=[0, 2, 4], time=[0.0, 8.0, 0.0, 8.0], inlet=[0] * 4,
        amount=[100.0, 100.0, 100.0, 0.0 if form == "empty" else 100.0],
        duration=[0.0, 0.0, 0.0, 3.0 if form == "empty" else 0.0],
        rate=[0.0, 0.0, 0.0, 20.0 if form == "rate" else 0.0], kind=[0, 0, 0, 1 if form == "reset" else 0])
    times = np.tile(np.arange(20.0), (2, 1))
    if form == "late":
        times[1, 8] = np.nan
    plain, general = both(ORAL, np.tile([1.0, 0.1, 50.0], (2, 1)), schedule, times)
    assert plain.steps[0] == 0 and plain.steps[1] > 0
    assert plain.outputs.tobytes() == general.outputs.tobytes()


def test_whose_parameters_change_is_followed_by_the_general_kernel():
    params, times = np.tile([1.0, 0.1, 50.0], (2, 1)), np.tile(np.arange(20.0), (2, 1))
    changes = Changes(offsets=np.array([0, 0, 1]), time=np.array([4.0]), row=np.array([0]),
                      rows=np.array([[1.0, 0.2, 50.0]]))
    found = followed(ORAL, params, same_doses(2, [0.0], 100.0), times, changes=changes)
    alone = followed(ORAL, params[:1], same_doses(1, [0.0], 100.0), times[:1])
    assert found.steps[0] == 0 and found.steps[1] > 0
    assert found.outputs[0].tobytes() == alone.outputs[0].tobytes()
    assert found.outputs[1, 19, 0] < 0.5 * found.outputs[0, 19, 0]


@pytest.mark.parametrize("ka", [0.1 * (1 + 9e-4), 0.1 * (1 + 2e-3), 0.11, 3.0])
def test_the_first_moments_and_the_tail_keep_ten_digits(ka):
    times = np.sort(np.concatenate([10.0 ** np.arange(-9.0, 1.0), np.linspace(2.0, 300.0, 40)]))[None]
    found = followed(ORAL, np.array([[ka, 0.1, 50.0]]), same_doses(1, [0.0], 100.0), times).outputs[0, :, 0]
    fast, slow = mpmath.mpf(ka), mpmath.mpf(0.1)
    exactly = [float(2 * fast * (mpmath.exp(-slow * t) - mpmath.exp(-fast * t)) / (fast - slow))
               for t in map(mpmath.mpf, times[0])]
    np.testing.assert_allclose(found, exactly, rtol=1e-11)


@pytest.mark.parametrize("model", ["several", "tumour"])
def test_neither_the_chunk_nor_shared_samples_change_a_bit(model):
    n = 70
    if model == "several":
        model, (params, schedule) = SEVERAL, patients(n, 0.0)
    else:
        model, params, schedule = TUMOUR, patients(n)[0][:, :4] * [900.0, 0.2, 0.1, 1.0], no_doses(n)
    times = np.sort(np.random.default_rng(8).uniform(0.0, 100.0, 33))
    whole = followed(model, params, schedule, np.tile(times, (n, 1)))
    shared = followed(model, params, schedule, np.broadcast_to(times, (n, 33)), outputs=np.ones((n, 33, 2)))
    assert whole.outputs.tobytes() == shared.outputs.tobytes()
    for first in range(0, n, 9):
        last = min(first + 9, n)
        part = followed(model, params[first:last], schedule.of_patients(first, last), np.tile(times, (last - first, 1)))
        assert part.outputs.tobytes() == whole.outputs[first:last].tobytes()


def test_closed_forms_have_the_bits_of_those_followed_instant_by_instant():
    rng = np.random.default_rng(12)
    n = 130
    params = np.array([60.0, 0.02, 0.1, 0.1]) * np.exp(0.4 * rng.standard_normal((n, 4)))
    times = np.sort(rng.uniform(0.0, 90.0, (n, 11)), axis=1)
    times[3, 5], times[7, 10] = np.nan, 500.0
    plain, general = both(TUMOUR, params, no_doses(n), times, horizon=100.0)
    assert (plain.status == 3).sum() > 10 and (plain.status == 0).sum() > 10
    assert plain.status.tolist() == general.status.tolist()
    assert plain.outputs.tobytes() == general.outputs.tobytes()
    assert np.isnan(plain.outputs[7, 10]).all()


def test_memory_for_the_outputs_must_fit():
    with pytest.raises(ValueError) as caught:
        followed(ORAL, np.ones((1, 3)), same_doses(1, [0.0], 100.0), np.ones((1, 2)), outputs=np.ones((1, 2)))
    assert str(caught.value) == "outputs must be contiguous numbers of shape (1, 2, 1)"


def test_patients_of_one_schedule_have_their_own_amounts():
    """Doses at the same times, of other amounts into other states: what is laid out is shared, the doses are not."""
    params = np.tile([0.8, 0.1, 0.3, 0.05, 0.0, 0.0], (3, 1))
    amounts, inlets = np.array([[10.0, 20.0], [30.0, 5.0], [7.0, 70.0]]), np.array([[0, 1], [0, 1], [1, 0]])
    for infused in (0.0, 2.0):
        schedule = Schedule(offsets=np.array([0, 2, 4, 6]), time=np.tile([0.0, 12.0], 3), inlet=inlets.ravel(),
                            amount=amounts.ravel(), duration=np.full(6, infused))
        plain, general = both(SEVERAL, params, schedule, np.tile(np.arange(0.5, 40.0, 1.5), (3, 1)))
        assert plain.outputs.tobytes() == general.outputs.tobytes()
        assert len(np.unique(plain.outputs[:, 5, 0])) == 3
