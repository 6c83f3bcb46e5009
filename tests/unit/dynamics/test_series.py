"""Many samples of a linear course at once: the same courses as one sample at a time, and as closed forms."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from tests.reference.course_models import built
from trialsim.dynamics.courses import courses
from trialsim.dynamics.doses import Schedule, no_doses, same_doses

mpmath.mp.dps = 40
# A constant inflow, two ways in, one of them late, and two outputs; and back and forth where `back` is not zero.
MODEL = built(
    "depot cent peri", "ka k out back made lag",
    ("-ka * depot", "made + ka * depot - (k + out) * cent + back * peri", "out * cent - back * peri"),
    starts=("0", "made / k", "0"), outputs="conc peri cent", quantities={"conc": "cent / 20 + 0.001 * t"},
    inlets=(("depot", "lag", None), ("cent", None, None)))
NO_STATES = built("", "a", (), outputs="y z", quantities={"y": "log(a - t)", "z": "exp(-t / a) + max(t, 2)"})


def followed(model, params, schedule, times, horizon=1e4):
    """Return the courses of patients."""
    params, times = np.atleast_2d(params), np.atleast_2d(times)
    return courses(model, params, schedule, times, np.zeros((len(params), 0)), [], [], horizon)


def one_by_one(times):
    """Return the same times, each followed by one that is not wanted: so no two are read at once."""
    times = np.atleast_2d(times)
    return np.stack([times, np.full(times.shape, np.nan)], axis=2).reshape(len(times), -1)


def patients(n):
    """Return parameters, doses and infusions of n patients, no two alike: fast and slow ones, equal rates too."""
    rng = np.random.default_rng(20260401)
    params = np.array([0.8, 0.1, 0.3, 0.05, 0.4, 0.3]) * np.exp(0.8 * rng.standard_normal((n, 6)))
    params[::3, 3] = 0.0
    params[::4, 0] = params[::4, 1] + params[::4, 2]
    params[::2, 4] = 0.0
    times = np.sort(np.floor(960 * rng.uniform(size=(n, 5))) / 8, axis=1)
    schedule = Schedule(
        offsets=np.arange(n + 1) * 5, time=times.ravel(), inlet=np.tile([0, 1, 0, 1, 0], n),
        amount=100 * rng.uniform(size=5 * n), duration=np.tile([0.0, 3.5, 0.0, 0.0, 0.0], n))
    return params, schedule


@pytest.mark.parametrize("kind", ["anywhere", "in equal steps", "in equal steps that begin anywhere", "in clusters"])
def test_samples_at_once_are_samples_one_by_one(kind):
    rng = np.random.default_rng(7)
    n = 12
    params, schedule = patients(n)
    times = {
        "anywhere": np.sort(rng.uniform(0.0, 130.0, (n, 300)), axis=1),
        "in equal steps": np.tile(np.arange(1, 301) * 0.4, (n, 1)),
        "in equal steps that begin anywhere": np.arange(300) * 0.4 + rng.uniform(size=(n, 1)),
        "in clusters": np.sort(np.repeat(rng.uniform(0.0, 120.0, (n, 30)), 10, axis=1)
                               + np.tile(np.arange(10) ** 2 * 0.05, (n, 30)), axis=1)}[kind]
    together, alone = followed(MODEL, params, schedule, times), followed(MODEL, params, schedule, one_by_one(times))
    assert not together.status.any()
    assert together.steps.sum() < 0.7 * alone.steps.sum()
    np.testing.assert_allclose(together.outputs, alone.outputs[:, ::2], rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("ka", [0.1, 0.1 * (1 + 1e-12), 0.10001, 5.0, 300.0])
def test_the_tail_after_equal_and_unequal_rates(ka):
    """The second state of two in a row, at forty digits, from its rise to 1e-13 of its peak."""
    times = np.sort(np.random.default_rng(3).uniform(0.0, 320.0, 700))
    found = followed(MODEL, [ka, 0.1, 0.0, 0.0, 0.0, 0.0], same_doses(1, [0.0], 100.0), times).outputs[0, :, 2]
    fast, slow = mpmath.mpf(ka), mpmath.mpf(0.1)
    for s in range(0, 700, 23):
        t = mpmath.mpf(times[s])
        risen = t * mpmath.exp(-slow * t)
        if fast != slow:
            risen = (mpmath.exp(-slow * t) - mpmath.exp(-fast * t)) / (fast - slow)
        assert found[s] == pytest.approx(float(100 * fast * risen), rel=1e-11)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["anywhere", "in equal steps"])
def test_what_swings_is_not_summed_where_it_would_cancel(kind):
    model = built("y z", "rate", ("rate * z", "-rate * y"), starts=("1", "0"))
    times = np.arange(1, 400) * 0.05 if kind == "in equal steps" else \
        np.sort(np.random.default_rng(5).uniform(0.0, 20.0, 400))
    found = followed(model, [[3.0]], no_doses(1), times).outputs[0]
    np.testing.assert_allclose(found, np.column_stack([np.cos(3 * times), -np.sin(3 * times)]), atol=1e-12)


def test_the_last_bit_does_not_depend_on_samples_that_are_not_wanted():
    times = np.sort(np.random.default_rng(9).uniform(0.0, 100.0, 90))
    params, schedule = patients(1)
    padded = np.append(times, np.full(70, np.nan))
    assert np.array_equal(followed(MODEL, params, schedule, padded).outputs[0, :90],
                          followed(MODEL, params, schedule, times).outputs[0])


def test_one_that_is_not_wanted_among_those_that_are():
    times = np.sort(np.random.default_rng(11).uniform(0.0, 100.0, 90))
    params, schedule = patients(1)
    gap = times.copy()
    gap[[20, 21, 40]] = np.nan
    found = followed(MODEL, params, schedule, gap)
    assert found.status.tolist() == [0]
    assert np.isnan(found.outputs[0, [20, 21, 40]]).all()
    rest = ~np.isnan(gap)
    np.testing.assert_allclose(found.outputs[0, rest], followed(MODEL, params, schedule, times).outputs[0, rest],
                               rtol=1e-12)


@pytest.mark.long
def test_outputs_of_time_alone_and_where_they_end():
    """What was computed before a failure stays, though samples are read many at once."""
    times = np.arange(20) * 0.5
    found = followed(NO_STATES, [[4.2], [90.0]], no_doses(2), np.tile(times, (2, 1)))
    assert found.status.tolist() == [3, 0]
    assert found.outputs[0, :9, 0] == pytest.approx(np.log(4.2 - times[:9]), rel=1e-15)
    assert np.isnan(found.outputs[0, 10:]).all()
    assert found.outputs[1, :, 1] == pytest.approx(np.exp(-times / 90) + np.maximum(times, 2), rel=1e-15)
