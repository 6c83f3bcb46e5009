"""Rates and means with their Monte-Carlo errors."""

from __future__ import annotations

from math import isnan

import pytest
from scipy import stats

from trialsim.campaign.figures import mean, rate, standard_deviation


@pytest.mark.parametrize(("count", "n"), [(0, 50), (1, 50), (37, 120), (50, 50)])
def test_rate_has_wilsons_interval(count, n):
    told = rate(count, n)
    interval = stats.binomtest(count, n).proportion_ci(method="wilson")
    assert (told.lower, told.upper) == pytest.approx((interval.low, interval.high), rel=1e-12, abs=1e-15)
    assert (told.value, told.n) == (count / n, n)
    assert told.standard_error > 0


def test_mean_and_standard_deviation_are_those_of_a_sample():
    values = [3.0, 1.5, 9.25, -4.0, 2.0]
    told = mean(values)
    assert told.value == pytest.approx(stats.tmean(values), rel=1e-15)
    assert told.standard_error == pytest.approx(stats.sem(values), rel=1e-14)
    assert told.upper - told.value == pytest.approx(stats.norm.ppf(0.975) * stats.sem(values), rel=1e-12)
    assert standard_deviation(values).value == pytest.approx(stats.tstd(values), rel=1e-14)
    assert standard_deviation(values).standard_error == pytest.approx(stats.tstd(values) / 8**0.5, rel=1e-14)


def test_the_order_of_trials_does_not_show():
    values = [1e16, 1.0, -1e16, 3.0, 0.1]
    assert mean(values) == mean(values[::-1])


def test_of_too_few_trials_nothing_is_claimed():
    assert isnan(rate(0, 0).value) and rate(0, 0).n == 0
    assert isnan(mean([]).value)
    assert mean([2.0]).value == 2.0 and isnan(mean([2.0]).standard_error)
    assert isnan(standard_deviation([2.0]).value)
