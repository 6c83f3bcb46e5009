"""Times of events in closed form, against the distributions of scipy, and interval by interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trialsim.dynamics.event_times import LAWS, event_times, piecewise_event_times
from trialsim.foundation.streams import exponentials, label

N = 20_000
LUCK = exponentials(1, label("test", "event times"), 0, np.arange(N))
CASES = [
    ("weibull", 1.2, 20.0, stats.weibull_min(1.2, scale=20.0)),
    ("weibull", 0.6, 20.0, stats.weibull_min(0.6, scale=20.0)),
    ("gompertz", 0.02, 0.05, stats.gompertz(0.4, scale=20.0)),
    ("gompertz", 0.1, 0.0, stats.expon(scale=10.0)),
    ("log_logistic", 1.7, 9.0, stats.fisk(1.7, scale=9.0)),
    ("log_normal", 12.0, 0.8, stats.lognorm(0.8, scale=12.0)),
    ("generalised_gamma", 12.0, (0.8, 0.4), stats.gengamma(6.25, 0.5, scale=12.0 * 0.16**2)),
    ("generalised_gamma", 12.0, (0.8, -0.5), stats.gengamma(4.0, -0.625, scale=12.0 * 0.25**-1.6)),
    ("generalised_gamma", 12.0, (0.8, 0.0), stats.lognorm(0.8, scale=12.0)),
    ("generalised_gamma", 20.0, (1 / 1.2, 1.0), stats.weibull_min(1.2, scale=20.0)),
]
ZERO = np.zeros(1)


def cumulative(known, times):
    """Return the cumulative hazard; that of scipy's log-logistic loses digits where it is small."""
    return np.log1p((times / 9.0) ** 1.7) if known.dist.name == "fisk" else -known.logsf(times)



def times_of(law, first, second, luck=LUCK, starts=ZERO, factor=1.0):
    """Return the times of patients with the same terms throughout; the second may be two."""
    shape = (len(starts), luck.size)
    terms = [np.full(shape, value) for value in (first, *np.atleast_1d(second))]
    return event_times(law, np.array(starts), terms, np.full(shape, factor), luck)


@pytest.mark.parametrize(("law", "first", "second", "known"), CASES)
def test_times_are_those_of_the_distribution_and_of_the_same_luck(law, first, second, known):
    times, status = times_of(law, first, second)
    assert not status.any()
    # The cumulative hazard at the time is the patient's own exponential number: exactly, not on average.
    np.testing.assert_allclose(cumulative(known, times), LUCK, rtol=1e-11, atol=1e-14)
    assert stats.kstest(times, known.cdf).pvalue > 1e-4


@pytest.mark.parametrize(("law", "first", "second", "known"), CASES)
def test_a_law_in_pieces_is_the_law(law, first, second, known):
    whole, _ = times_of(law, first, second)
    pieces, _ = times_of(law, first, second, starts=(0.0, 3.0, 11.0, 40.0))
    np.testing.assert_allclose(pieces, whole, rtol=1e-12)


@pytest.mark.parametrize(("law", "first", "second", "known"), CASES)
def test_a_late_factor_multiplies_the_hazard_from_then_on(law, first, second, known):
    starts, factor = np.array([0.0, 6.0]), np.repeat([[1.0], [0.4]], N, axis=1)
    terms = [np.full((2, N), value) for value in (first, *np.atleast_1d(second))]
    times, _ = event_times(law, starts, terms, factor, LUCK)
    before = cumulative(known, 6.0)
    reached = np.where(times <= 6.0, cumulative(known, times), before + 0.4 * (cumulative(known, times) - before))
    np.testing.assert_allclose(reached, LUCK, rtol=1e-11, atol=1e-14)
    assert 0 < (times < 6.0).sum() < N


def test_steps_of_a_constant_hazard():
    starts, rates = np.array([0.0, 6.0, 12.0]), np.repeat([[0.05], [0.0], [0.02]], N, axis=1)
    times, status = piecewise_event_times(starts, rates, LUCK)
    known = np.where(times <= 6.0, 0.05 * times, 0.3 + 0.02 * (times - 12.0))
    np.testing.assert_allclose(known, LUCK, rtol=1e-12)
    assert not status.any() and not ((times > 6.0) & (times < 12.0)).any()


def test_who_is_never_reached_by_a_hazard_has_no_event():
    immune, _ = piecewise_event_times(np.array([0.0, 6.0]), np.repeat([[0.05], [0.0]], N, axis=1), LUCK)
    np.testing.assert_array_equal(np.isinf(immune), LUCK > 0.05 * 6.0)
    fading, _ = times_of("gompertz", 0.02, -0.1)
    np.testing.assert_array_equal(np.isinf(fading), LUCK >= 0.02 / 0.1)
    none, status = times_of("weibull", 1.2, 20.0, factor=0.0)
    assert np.isinf(none).all() and not status.any()


def test_nobody_depends_on_who_else_is_asked_for():
    for law in LAWS:
        whole, _ = times_of(law, 0.9, 1.3)
        parts = [times_of(law, 0.9, 1.3, LUCK[i : i + 777])[0] for i in range(0, N, 777)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()


@pytest.mark.parametrize(
    ("law", "first", "second", "factor", "status"),
    [
        ("weibull", 0.0, 20.0, 1.0, 4),
        ("weibull", 1.2, -20.0, 1.0, 4),
        ("log_normal", 12.0, 0.0, 1.0, 4),
        ("gompertz", -0.1, 1.0, 1.0, 5),
        ("log_logistic", 2.0, 9.0, -0.5, 5),
        ("log_logistic", np.nan, 9.0, 1.0, 3),
        ("weibull", 1.2, 20.0, np.inf, 3),
        ("generalised_gamma", 12.0, (0.0, 0.4), 1.0, 4),
        ("generalised_gamma", 12.0, (0.8, np.nan), 1.0, 3),
    ],
)
def test_what_can_be_no_law_is_told_and_has_no_time(law, first, second, factor, status):
    times, told = times_of(law, first, second, LUCK[:3], factor=factor)
    assert told.tolist() == [status] * 3 and np.isinf(times).all()


def test_what_can_be_no_rate_is_told_and_has_no_time():
    rates = np.array([[0.1, 0.1, 0.1], [-0.1, np.nan, np.inf]])
    times, told = piecewise_event_times(np.array([0.0, 1.0]), rates, np.full(3, 0.01))
    assert told.tolist() == [5, 3, 3] and np.isinf(times).all()


# R 4.2.2: qweibull(-E, 1.2, 20, FALSE, TRUE), qlnorm(-E, log(12), 0.8, FALSE, TRUE) and
# exp(qlogis(-E, log(9), 1 / 1.7, FALSE, TRUE)) for these E.
R_LUCK = np.array([0.001, 0.5, 3.0, 20.0])
R_TIMES = [
    ("weibull", 1.2, 20.0, (0.06324555320336757, 11.22462048309373, 49.96099065933626, 242.7848924011669)),
    ("log_normal", 12.0, 0.8, (1.012681760321529, 9.666596021751731, 44.81056897464936, 1323.816504303298)),
    ("log_logistic", 1.7, 9.0, (0.1547620135054066, 6.977317294404748, 51.00327085180801, 1157682.197353794)),
]


@pytest.mark.parametrize(("law", "first", "second", "known"), R_TIMES)
def test_times_are_the_quantiles_of_r(law, first, second, known):
    np.testing.assert_allclose(times_of(law, first, second, R_LUCK)[0], known, rtol=1e-13)
