"""The stiff solver: classical stiff problems, target-mediated disposition, time in the rates, events and failures."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from tests.reference.course_models import built
from tests.reference.course_twin import course
from trialsim.dynamics.courses import STATUS, Tolerance, courses
from trialsim.dynamics.doses import no_doses, same_doses
from trialsim.dynamics.generate import compiled

# Robertson 1966 (three species) and van der Pol's oscillator, side by side.
CLASSICS = built("a b c x v", "k1 k2 k3 mu",
                 ("-k1 * a + k2 * b * c", "k1 * a - k2 * b * c - k3 * b * b", "k3 * b * b",
                  "v", "mu * (1 - x * x) * v - x"), starts=("1", "0", "0", "2", "0"))
CLASSICAL_TIMES = [0.4, 40.0, 400.0, 1000.0, 2000.0]
# scipy 1.17.1, solve_ivp(method="Radau", rtol=1e-12, atol=1e-18 and 1e-14, analytic jac), the systems apart; the state
# of van der Pol at 2000 is 1.706167732170483 in Hairer & Wanner's test set.
ROBERTSON = [
    [0.9851721138609917, 3.3863953789749496e-05, 0.014794022185218811],
    [0.7158270687194056, 9.18553476455793e-06, 0.2841637457458304],
    [0.45051866847112654, 3.22290144167477e-06, 0.5494781086274335],
    [0.33687453066069123, 2.013702318261138e-06, 0.6631234556369922],
    [0.25555152272548703, 1.365592778749049e-06, 0.7444471116817363],
]
VAN_DER_POL = [
    [1.9997335260175366, -0.0006668146210073408], [1.9730299333358856, -0.0006820372643969522],
    [1.6932094268310567, -0.0009069343138541247], [-1.8636462548083028, 0.0007535430865432749],
    [1.7061677321704383, -0.0008928097010248463],
]
# Full target-mediated disposition: a drug (nmol, nmol/L) that binds its target fast and tightly.
TMDD = built("depot drug target bound", "ka v cl kon koff kint ksyn kdeg",
             ("-ka * depot", "ka / v * depot - cl / v * drug - binding", "ksyn - kdeg * target - binding",
              "binding - kint * bound"), quantities={"binding": "kon * drug * target - koff * bound"},
             starts=("0", "0", "ksyn / kdeg", "0"), outputs="drug target bound",
             inlets=(("depot", None, None), ("drug", None, "1 / v")))
TMDD_PARAMETERS = [0.25, 3.0, 0.15, 8.0, 0.08, 0.2, 2.0, 0.4]
# Prothero & Robinson 1974 with time in the rate, y = 1 / (1 + t^2); a substance that meets itself, z = 1 / (1 + k t);
# a hazard that is c y, so that its event comes at tan(limit / c).
EXACT = built("y z", "k c m bad",
              ("-k * (y - 1 / (1 + t * t)) - 2 * t / (1 + t * t) ^ 2 + log(1 - bad * t)", "-m * z * z"),
              starts=("1", "1"), hazards={"seen": "c * y"})
TIMES = [0.1, 1.0, 2.5, 7.0, 20.0]
EXACTLY = np.stack([1.0 / (1.0 + np.square(TIMES)), 1.0 / (1.0 + 3.0 * np.array(TIMES))], axis=1)


def followed(model, params, times, schedule=None, thresholds=None, **options):
    params = np.atleast_2d(params)
    n = len(params)
    limits = np.full((n, len(model.hazards)), np.inf) if thresholds is None else thresholds
    return courses(model, params, schedule or no_doses(n), np.tile(times, (n, 1)), limits, False, False, 1e5,
                   Tolerance(**options), solver="stiff")


@pytest.mark.long
@pytest.mark.parametrize(("relative", "allowed"), [(1e-6, 2e-4), (1e-8, 3e-6), (1e-10, 5e-8)])
def test_robertson_and_van_der_pol(relative, allowed):
    found = followed(CLASSICS, [0.04, 1e4, 3e7, 1e3], CLASSICAL_TIMES, relative=relative, absolute=1e-4 * relative)
    assert found.status.tolist() == [0]
    expected = np.hstack([ROBERTSON, VAN_DER_POL])
    np.testing.assert_allclose(found.outputs[0], expected, rtol=allowed)
    # What is made of one substance is gone from the others.
    np.testing.assert_allclose(found.outputs[0, :, :3].sum(axis=1), 1.0, rtol=1e-12)
    assert found.steps[0] < 60.0 * relative**-0.2


@pytest.mark.long
def test_the_explicit_solver_gives_these_up():
    found = courses(CLASSICS, np.array([[0.04, 1e4, 3e7, 1e3]]), no_doses(1), np.array([[2000.0]]), np.zeros((1, 0)),
                    (), (), 1e5, Tolerance(most_steps=20_000))
    assert STATUS[found.status[0]] == "too stiff: step budget"
    assert np.isnan(found.outputs).all()


@pytest.mark.long
def test_target_mediated_disposition_against_the_twin():
    times, doses = [0.1, 1.0, 5.0, 13.9, 14.0, 20.0, 28.0, 29.0, 40.0, 56.0], [0.0, 14.0, 28.0]
    schedule = same_doses(1, doses, [300.0, 300.0, 60.0], [0, 1, 1], [0.0, 0.0, 2.0])
    expected, _ = course(TMDD, dict(zip(TMDD.parameters, TMDD_PARAMETERS, strict=True)),
                         [(0.0, 0, 300.0, 0.0), (14.0, 1, 300.0, 0.0), (28.0, 1, 60.0, 2.0)], times, method="LSODA")
    found = followed(TMDD, TMDD_PARAMETERS, times, schedule)
    np.testing.assert_allclose(found.outputs[0], expected, rtol=2e-6, atol=1e-9)
    sharp = followed(TMDD, TMDD_PARAMETERS, times, schedule, relative=1e-11, absolute=1e-14)
    np.testing.assert_allclose(sharp.outputs[0], expected, rtol=5e-8, atol=1e-9)
    assert found.status[0] == sharp.status[0] == 0
    assert found.steps[0] < 1500 and sharp.steps[0] < 15_000


def exact_error(relative, stiffness):
    found = followed(EXACT, [stiffness, 0.5, 3.0, 0.0], TIMES, relative=relative, absolute=relative)
    assert found.status.tolist() == [0]
    return np.abs(found.outputs[0] / EXACTLY - 1.0).max(), found.steps[0]


@pytest.mark.parametrize("stiffness", [1.0, 1e3, 1e6])
def test_what_is_reached_follows_what_is_asked(stiffness):
    asked = 10.0 ** -np.arange(4.0, 11.0, 2.0)
    reached, steps = zip(*(exact_error(relative, stiffness) for relative in asked), strict=True)
    assert np.all(np.array(reached) < 30.0 * asked)
    assert np.all(np.diff(reached) < 0.0)
    # Order 5: a hundredth of the error for 100^(1/5) = 2.5 times the steps.
    assert np.log(reached[1] / reached[3]) / np.log(steps[3] / steps[1]) > 4.0
    assert steps[-1] < 6.0 * asked[-1] ** -0.2


def test_events_where_the_cumulative_hazard_crosses():
    params = np.array([[1e6, c, 3.0, 0.0] for c in (0.2, 0.5, 1.0, 3.0)])
    limits = np.array([[0.3], [0.3], [1.5], [np.inf]])
    found = followed(EXACT, params, TIMES, thresholds=limits, relative=1e-10, absolute=1e-12)
    np.testing.assert_allclose(found.event_times[:3, 0], np.tan(limits[:3, 0] / params[:3, 1])[:3], rtol=1e-8)
    assert found.event_times[3, 0] == np.inf
    np.testing.assert_allclose(found.outputs, np.tile(EXACTLY, (4, 1, 1)), rtol=1e-7)


def test_every_failure_has_its_reason_and_is_nobody_elses():
    params = np.array([[1e3, 1.0, 3.0, 0.0], [1e3, 1.0, -0.3, 0.0], [1e3, 1.0, 3.0, 0.3], [np.nan, 1.0, 3.0, 0.0],
                       [1e3, -1.0, 3.0, 0.0], [1e4, 1.0, 3.0, 0.0]])
    found = followed(EXACT, params, TIMES, thresholds=np.full((6, 1), 1e9))
    assert [STATUS[code] for code in found.status] == [
        "complete", "not a number in a state, an output or a hazard", "not a number in a state, an output or a hazard",
        "not a number in a state, an output or a hazard", "a negative hazard", "complete"]
    # What came before is kept, what comes after is told to be missing: z runs away at 3.33, the logarithm ends there.
    assert np.isfinite(found.outputs[:, :, 0]).sum(axis=1).tolist() == [5, 3, 3, 0, 0, 5]
    alone = followed(EXACT, params[[0, 5]], TIMES, thresholds=np.full((2, 1), 1e9))
    assert found.outputs[[0, 5]].tobytes() == alone.outputs.tobytes()


def test_the_budget_of_steps_is_kept():
    found = followed(EXACT, [1e3, 0.5, 3.0, 0.0], TIMES, most_steps=40)
    assert (STATUS[found.status[0]], found.steps[0]) == ("too stiff: step budget", 40)
    assert np.isnan(found.outputs[0, -1]).all()


def test_factors_with_exchanges():
    module = compiled(CLASSICS, "stiff")
    factored, solve, at_k = module.factored_with_exchanges, module.solve_with_exchanges, module.AT_K

    @njit
    def solved(w):
        factored(w, 3)
        solve(w, 3, at_k)

    rng = np.random.default_rng(0)
    for k in range(20):
        matrix = rng.standard_normal((5, 5))
        matrix[k % 5, k % 5] = matrix[0, 0] = 0.0
        side = rng.standard_normal(5)
        w = np.zeros((module.N_ROWS, module.LANES))
        w[module.AT_A : module.AT_A + 25, 3] = matrix.ravel()
        w[module.AT_K : module.AT_K + 5, 3] = side
        solved(w)
        np.testing.assert_allclose(w[module.AT_K : module.AT_K + 5, 3], np.linalg.solve(matrix, side), rtol=1e-9)
