"""Prognostic scores: the formula of Schuler and others (2022), and trials that are adjusted for a score."""

import numpy as np
import pytest

from trialsim.analysis.ancova import ancova
from trialsim.analysis.own_slopes import ancova_by_arm
from trialsim.analysis.prognostic import adjusted_patients, adjusted_power, adjusted_variance
from trialsim.analysis.robust_ancova import robust_ancova


def test_numbers_of_patients_and_power():
    # An effect of half a standard deviation, 90% power, 0.05 two-sided; worked out from the formula alone.
    expected = {0.0: 84.05938, 0.3: 76.49404, 0.5: 63.04454, 0.6: 53.79801, 0.7: 42.87029, 0.8: 30.26138}
    for r, per_arm in expected.items():
        assert adjusted_patients(0.5, 0.9, 0.025, (1.0, 1.0), (r, r)) / 2 == pytest.approx(per_arm, abs=1e-4)
    assert adjusted_power(0.5, 170, 0.025, (1.0, 1.0), (0.6, 0.6)) == pytest.approx(0.9827653, abs=1e-6)


def test_the_published_range_of_what_is_saved():
    # Schuler and others (2022), abstract: 10% to 30% fewer patients; scores that explain as much of the variance.
    whole = adjusted_variance((1.0, 1.0), (0.0, 0.0))
    for saved in (0.1, 0.3):
        r = np.sqrt(saved)
        assert 1.0 - adjusted_variance((1.0, 1.0), (r, r)) / whole == pytest.approx(saved, rel=1e-12)


def test_trials_with_a_score_have_that_variance_where_arms_differ():
    rng = np.random.default_rng(1)
    n, n_trials, share = 300, 3000, 1 / 3
    sd, correlation = (1.0, 1.6), (0.7, 0.4)
    arm = np.tile(np.arange(n) % 3 == 0, n_trials).astype(int)
    score = rng.normal(size=arm.size)
    spread, r = np.where(arm == 1, sd[1], sd[0]), np.where(arm == 1, correlation[1], correlation[0])
    y = spread * (r * score + np.sqrt(1 - r * r) * rng.normal(size=arm.size))
    arguments = (y, arm, np.arange(n_trials + 1) * n, score[:, None], None, 0, [(1, 0)], 1, 0.025)
    expected = adjusted_variance(sd, correlation, share) / n
    # The spread of 3000 estimates is known within 1.3% (one standard error), that is 2.6% of the variance.
    # The formula is of slopes by arm; here they are nearly the same (0.70 and 0.64), so that a common one does as well.
    assert ancova(*arguments).estimate.var() == pytest.approx(expected, rel=0.1)
    for method in (robust_ancova, ancova_by_arm):
        assert (method(*arguments).se ** 2).mean() == pytest.approx(expected, rel=0.03), method
