"""The shipped cohorts do what their sources say."""

from pathlib import Path

import numpy as np
import pytest

from trialsim.cohort.course_model import course_model, parameter_matrix
from trialsim.cohort.draws import typical_values
from trialsim.cohort.patients import candidates
from trialsim.cohort.read import read_cohort
from trialsim.dynamics.courses import courses
from trialsim.dynamics.doses import Schedule

COHORTS = Path(__file__).parents[3] / "cohorts"


def simulated(cohort, outputs, times, doses, amount, n, inlet=0):
    """Return the outputs [n, times, outputs] of n candidates who all take the same doses, and the candidates."""
    model = course_model(cohort, (), outputs, 0.0)
    zeros = np.zeros(n, dtype=np.int64)
    typical = typical_values(cohort, 1, np.array([0]), "typical", None)
    people = candidates(cohort, typical, 1, zeros, zeros, np.arange(n))
    schedule = Schedule(
        offsets=np.arange(n + 1) * len(doses),
        time=np.tile(doses, n),
        inlet=np.full(n * len(doses), inlet),
        amount=np.full(n * len(doses), amount),
        duration=np.zeros(n * len(doses)),
    )
    samples = np.tile(times, (n, 1))
    made = courses(
        model, parameter_matrix(model, people), schedule, samples, np.zeros((n, 0)), [], [], np.full(n, times[-1])
    )
    assert (made.status == 0).all()
    return made.outputs, people


@pytest.fixture(scope="module")
def on_180_mg():
    cohort, _ = read_cohort(COHORTS / "bempedoic-acid.yaml")
    days = np.arange(84)
    last_day = 83 * 24.0 + np.arange(0.0, 24.5, 1.0)
    return simulated(cohort, ("conc", "ldl"), np.concatenate([[0.0], last_day]), days * 24.0, 180.0, 300)


def test_bempedoic_acids_steady_state_is_the_published_one(on_180_mg):
    outputs, _ = on_180_mg
    average = outputs[:, 1:, 0].mean(axis=1)
    # Jadhav 2023: an average of 12.5 mg/L at steady state on 180 mg a day, all patients of the analysis together
    assert average.mean() == pytest.approx(12.5, rel=0.1)


def test_bempedoic_acids_effect_is_the_published_one(on_180_mg):
    outputs, _ = on_180_mg
    change = 100.0 * (outputs[:, -1, 1] / outputs[:, 0, 1] - 1.0)
    # Jadhav 2023, online resource 5: -30.5% (90% CI -31.6, -29.6) without a statin
    assert change.mean() == pytest.approx(-30.5, abs=2.0)
    assert change.max() < 0.0 and change.min() > -100.0


def test_nobody_changes_without_a_dose():
    cohort, _ = read_cohort(COHORTS / "bempedoic-acid.yaml")
    outputs, people = simulated(cohort, ("ldl",), np.array([0.0, 2016.0]), np.array([]), 0.0, 20)
    np.testing.assert_allclose(outputs[:, 1, 0], outputs[:, 0, 0], rtol=1e-7)
    np.testing.assert_allclose(outputs[:, 0, 0], people.parameters["baseline"], rtol=1e-12)


@pytest.mark.parametrize(("inlet", "rate_factor"), [(0, 1.0), (1, 0.1)])
def test_theophylline_follows_the_one_compartment_curve_in_both_forms(inlet, rate_factor):
    cohort, _ = read_cohort(COHORTS / "theophylline.yaml")
    times = np.array([0.0, 0.5, 2.0, 8.0, 24.0])
    outputs, people = simulated(cohort, ("theophylline_conc",), times, np.array([0.0]), 320.0, 25, inlet)
    ka, cl, v = (people.parameters[name][:, None] for name in ("ka", "CL", "V"))
    ka = ka * rate_factor
    expected = 320.0 * ka / (v * (ka - cl / v)) * (np.exp(-cl / v * times) - np.exp(-ka * times))
    np.testing.assert_allclose(outputs[:, :, 0], expected, rtol=1e-8, atol=1e-12)
