"""Doses through transit chains against the incomplete gamma function, any number of compartments, doses added up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammainc

from tests.reference.course_models import built, formulas
from trialsim.dynamics.courses import Tolerance, courses
from trialsim.dynamics.doses import same_doses
from trialsim.dynamics.model import Inlet, Transit

NUMBER, MEAN_TIME, LAG = formulas("n m lag k", "n", "m", "lag")
MODEL = replace(
    built("gut", "n m lag k", ("-k * gut",)),
    inlets=(Inlet(drug="x", route="oral", state="gut", lag=LAG, transit=Transit(number=NUMBER, mean_time=MEAN_TIME)),))
# The quick tests have chains among the random patients of the plain twin.
pytestmark = pytest.mark.long
TIMES = np.array([0.02, 0.3, 0.75, 1.0, 2.0, 3.5, 5.0, 9.0, 30.0])


def filled(rows, doses, relative=1e-10):
    params = np.atleast_2d(rows)
    n = len(params)
    found = courses(
        MODEL, params, same_doses(n, doses, 100.0), np.tile(TIMES, (n, 1)), np.zeros((n, 0)), [], [], np.full(n, 31.0),
        Tolerance(relative=relative, absolute=relative * 1e-3))
    assert set(found.status) == {0}
    return found.outputs[:, :, 0]


def exact(number, mean_time, lag, doses):
    since = np.maximum(TIMES[:, None] - lag - np.asarray(doses)[None, :], 0.0)
    return 100.0 * gammainc(number + 1.0, (number + 1.0) / mean_time * since).sum(axis=1)


@pytest.mark.parametrize("doses", [[0.0], [0.0, 0.5, 2.25]])
def test_what_has_come_through_is_the_incomplete_gamma_function(doses):
    rows = [(0.0, 1.1, 0.0, 0.0), (0.4, 0.8, 0.1, 0.0), (1.37, 1.16, 0.25, 0.0), (8.0, 2.0, 0.0, 0.0),
            (23.5, 1.5, 0.3, 0.0)]
    found = filled(rows, doses)
    for row, ours in zip(rows, found, strict=True):
        np.testing.assert_allclose(ours, exact(*row[:3], doses), rtol=2e-8, atol=2e-8)


def test_a_chain_of_no_compartments_is_absorption_of_first_order():
    """A depot emptied at 1 / m, and elimination at k after it: the difference of two exponentials."""
    m, k = 0.9, 0.35
    found = filled([(0.0, m, 0.0, k)], [0.0])[0]
    np.testing.assert_allclose(found, 100.0 / m / (1 / m - k) * (np.exp(-k * TIMES) - np.exp(-TIMES / m)), rtol=1e-8)


def test_nothing_is_lost_and_more_than_eight_at_once_are_told():
    assert filled([(3.0, 0.5, 0.0, 0.0)], np.arange(0.0, 24.0, 3.0))[0, -1] == pytest.approx(800.0, rel=1e-9)
    found = courses(MODEL, np.array([[20.0, 9.0, 0.0, 0.0]]), same_doses(1, np.arange(9) * 0.1, 100.0), TIMES[None],
                    np.zeros((1, 0)), [], [], [31.0])
    assert found.status.tolist() == [9]
