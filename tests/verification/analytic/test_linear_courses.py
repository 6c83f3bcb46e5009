"""Compartment models against closed forms at fifty digits: every dosing form, both tiers, tails included."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from tests.reference.course_models import TWIST, one_compartment, three_compartments, two_compartments
from trialsim.dynamics.courses import Tolerance, courses
from trialsim.dynamics.doses import Schedule

mpmath.mp.dps = 50
TIMES = [0.1, 0.5, 1.0, 2.0, 3.0, 4.0, 5.5, 8.0, 12.0, 13.0, 18.0, 24.0, 36.0]
# (time, inlet, amount, duration) with inlet 0 oral (or the only one) and 1 intravenous.
FORMS = {
    "bolus": [(0.0, -1, 100.0, 0.0)],
    "short infusion": [(0.0, -1, 100.0, 0.5)],
    "long infusion": [(0.0, -1, 100.0, 30.0)],
    "overlapping infusions": [(0.0, -1, 100.0, 4.0), (2.0, -1, 60.0, 3.5), (3.0, -1, 10.0, 1.0)],
    "oral": [(0.0, 0, 100.0, 0.0)],
    "repeated": [(0.0, 0, 100.0, 0.0), (4.0, 0, 50.0, 0.0), (12.0, 0, 100.0, 0.0)],
}
SHARP = Tolerance(relative=1e-10, absolute=1e-16)
ONE = {"two rates": [1.1, 5.0, 50.0, 0.7, 0.3], "ka equal to k": [0.1, 5.0, 50.0, 0.7, 0.3]}


def exact(matrix, doses, at):
    """Return the states at each time by mpmath's matrix exponential: dose columns, infusions as one more state."""
    n = len(matrix)
    big = mpmath.matrix(n + 1, n + 1)
    for i in range(n):
        for j in range(n):
            big[i, j] = matrix[i][j]
    result = []
    for t in at:
        total = mpmath.matrix(n, 1)
        for start, state, amount, duration in doses:
            since = mpmath.mpf(t) - start
            if since <= 0:
                continue
            plain = mpmath.matrix(n + 1, 1)
            if duration == 0:
                plain[state] = amount
                grown = mpmath.expm(big * since) * plain
            else:
                fed = big.copy()
                fed[state, n] = mpmath.mpf(amount) / duration
                plain[n] = 1
                ended = min(since, mpmath.mpf(duration))
                grown = mpmath.expm(fed * ended) * plain
                grown[n] = 0
                grown = mpmath.expm(big * (since - ended)) * grown
            total += grown[:n, 0]
        result.append([total[i] for i in range(n)])
    return result


def found(model, params, doses, times, tolerance=None):
    """Return the first output of one patient."""
    columns = [np.array(c, dtype=float) for c in zip(*doses, strict=True)]
    schedule = Schedule(offsets=[0, len(doses)], time=columns[0], inlet=columns[1], amount=columns[2],
                        duration=columns[3])
    run = courses(model, np.array([params]), schedule, np.array([times]), np.zeros((1, 0)), [], [], 1e4, tolerance)
    assert run.status.tolist() == [0]
    return run.outputs[0, :, 0]


def into(doses, inlet_states, intravenous, lag=0, share=1):
    """Return doses as they arrive: (time, state, amount, duration); inlet -1 stands for the intravenous one."""
    return [(mpmath.mpf(t) + (lag if inlet == 0 else 0), inlet_states[intravenous if inlet < 0 else inlet],
             mpmath.mpf(amount) * (share if inlet == 0 else 1), duration) for t, inlet, amount, duration in doses]


def through(doses, intravenous):
    return [(t, intravenous if inlet < 0 else inlet, amount, duration) for t, inlet, amount, duration in doses]


TIERS = pytest.mark.parametrize(("twist", "tolerance", "bound"), [("", None, 1e-10), (TWIST, SHARP, 1e-8)],
                                ids=["linear", "adaptive"])
ALONE = pytest.mark.parametrize(
    ("twist", "tolerance", "bound"),
    [("", None, 1e-10), pytest.param(TWIST, SHARP, 1e-8, marks=pytest.mark.long)], ids=["linear", "adaptive"])


@TIERS
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", ONE)
def test_one_compartment(case, form, twist, tolerance, bound):
    ka, cl, v, f, lag = (mpmath.mpf(x) for x in ONE[case])
    expected = exact([[-ka, 0], [ka, -cl / v]], into(FORMS[form], [0, 1], 1, lag, f), TIMES)
    observed = found(one_compartment(twist), ONE[case], through(FORMS[form], 1), TIMES, tolerance)
    np.testing.assert_allclose(observed, [float(y[1] / v) for y in expected], rtol=bound)


@ALONE
@pytest.mark.parametrize("form", FORMS)
def test_two_compartments(form, twist, tolerance, bound):
    params = [0.9, 5.0, 20.0, 12.0, 150.0]
    ka, cl, v, q, v2 = (mpmath.mpf(x) for x in params)
    matrix = [[-ka, 0, 0], [ka, -(cl + q) / v, q / v2], [0, q / v, -q / v2]]
    expected = exact(matrix, into(FORMS[form], [0, 1], 1), TIMES)
    observed = found(two_compartments(twist), params, through(FORMS[form], 1), TIMES, tolerance)
    np.testing.assert_allclose(observed, [float(y[1] / v) for y in expected], rtol=bound)


@ALONE
@pytest.mark.parametrize("form", ["bolus", "short infusion", "long infusion", "overlapping infusions"])
def test_three_compartments(form, twist, tolerance, bound):
    params = [0.5, 0.4, 0.2, 0.1, 0.01]
    k, k12, k21, k13, k31 = (mpmath.mpf(x) for x in params)
    matrix = [[-(k + k12 + k13), k21, k31], [k12, -k21, 0], [k13, 0, -k31]]
    expected = exact(matrix, into(FORMS[form], [0], 0), TIMES)
    observed = found(three_compartments(twist), params, through(FORMS[form], 0), TIMES, tolerance)
    np.testing.assert_allclose(observed, [float(y[0]) for y in expected], rtol=bound)


@pytest.mark.parametrize("ka", [0.1, 0.1 * (1 + 1e-12), 0.10001, 5.0, 300.0])
def test_tails_keep_their_relative_accuracy(ka):
    """Down to 1e-14 of the peak, whatever the absorption, and over one long interval as well as many short ones."""
    params = [ka, 5.0, 50.0, 1.0, 0.0]
    exactly = [mpmath.mpf(x) for x in params]
    k = exactly[1] / exactly[2]
    for times in ([320.0], list(np.arange(1.0, 321.0))):
        expected = exact([[-exactly[0], 0], [exactly[0], -k]], [(0, 0, mpmath.mpf(100), 0)], times[-1:])
        observed = found(one_compartment(), params, [(0.0, 0, 100.0, 0.0)], times)
        assert observed[-1] == pytest.approx(float(expected[0][1] / 50), rel=1e-10)
