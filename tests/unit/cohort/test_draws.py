from dataclasses import replace

import numpy as np
import pytest

from tests.unit.cohort.populations import EVERYTHING
from trialsim.cohort.draws import logit_shifted, median, typical_values
from trialsim.cohort.model import Uncertainty
from trialsim.cohort.posterior import PosteriorDraws

TRIALS = np.arange(40_000)
POSTERIOR = PosteriorDraws(
    draws={"CL": np.array([1.0, 2.0, 4.0]), "CL_between_patients": np.array([0.1, 0.2, 0.4]),
           "sbp_additive": np.array([3.0, 5.0, 7.0])},
    digest="none", n_draws=3,
)  # fmt: skip


def test_typical_mode_gives_every_trial_the_published_values():
    typical = typical_values(EVERYTHING, 7, np.array([3, 9]), "typical", None)
    assert {name: values.tolist() for name, values in typical.parameters.items()} == {
        "CL": [2.0, 2.0], "EMAX": [-12.0, -12.0], "F": [80.0, 80.0], "KOUT": [0.2, 0.2]
    }  # fmt: skip
    assert {name: values.tolist() for name, values in typical.between_patients_sd.items()} == {
        "CL": [0.3, 0.3], "EMAX": [4.0, 4.0], "F": [0.5, 0.5]
    }  # fmt: skip
    assert typical.additive["sbp"].tolist() == [4.0, 4.0]
    assert typical.proportional["sbp"].tolist() == [0.1, 0.1]
    assert typical.draw.tolist() == [-1, -1]


def test_published_uncertainty_has_the_stated_centre_and_spread():
    typical = typical_values(EVERYTHING, 7, TRIALS, "uncertain", None)
    cl, emax = np.log(typical.parameters["CL"] / 2.0), typical.parameters["EMAX"]
    f = typical.parameters["F"] / 100.0
    spread = np.log(typical.between_patients_sd["CL"] / 0.3)
    additive = np.log(typical.additive["sbp"] / 4.0)
    for errors, centre, sd in [(cl, 0.0, 0.1), (emax, -12.0, 2.0), (np.log(f / (1 - f)), np.log(4.0), 0.2),
                               (spread, 0.0, 0.2), (additive, 0.0, 0.1)]:  # fmt: skip
        assert abs(errors.mean() - centre) < 4.5 * sd / np.sqrt(len(TRIALS))
        assert abs(errors.std() / sd - 1.0) < 4.5 / np.sqrt(2 * len(TRIALS))
    assert (typical.parameters["KOUT"] == 0.2).all()
    assert (typical.between_patients_sd["EMAX"] == 4.0).all()


def test_coefficients_of_effects_are_uncertain_too():
    cl = next(p for p in EVERYTHING.parameters if p.name == "CL")
    power, factors = cl.effects
    power = replace(power, uncertainty=Uncertainty(scale="normal", sd=0.05))
    factors = replace(factors, factors_uncertainty=(None, Uncertainty(scale="lognormal", sd=0.1), None))
    population = replace(EVERYTHING, parameters=(replace(cl, effects=(power, factors)),))
    certain = typical_values(population, 7, TRIALS[:2], "typical", None).coefficients
    assert certain["CL", "weight"].tolist() == [0.75, 0.75]
    assert certain["CL", "sex"].tolist() == [[1.0, 1.3, 1.0], [1.0, 1.3, 1.0]]
    uncertain = typical_values(population, 7, TRIALS, "uncertain", None).coefficients
    male = np.log(uncertain["CL", "sex"][:, 1] / 1.3)
    for errors, centre, sd in [(uncertain["CL", "weight"], 0.75, 0.05), (male, 0.0, 0.1)]:
        assert abs(errors.mean() - centre) < 4.5 * sd / np.sqrt(len(TRIALS))
        assert abs(errors.std() / sd - 1.0) < 4.5 / np.sqrt(2 * len(TRIALS))
    assert (uncertain["CL", "sex"][:, [0, 2]] == 1.0).all()


def test_a_trials_values_do_not_depend_on_which_trials_are_asked_for():
    many = typical_values(EVERYTHING, 7, TRIALS[:100], "uncertain", None)
    one = typical_values(EVERYTHING, 7, np.array([57]), "uncertain", None)
    assert one.parameters["CL"][0] == many.parameters["CL"][57]


def test_a_posterior_replaces_published_uncertainty_jointly():
    typical = typical_values(EVERYTHING, 7, np.arange(6), "uncertain", POSTERIOR)
    assert sorted(typical.draw.tolist()) == [0, 0, 1, 1, 2, 2]
    assert typical.parameters["CL"].tolist() == [[1.0, 2.0, 4.0][i] for i in typical.draw]
    assert typical.between_patients_sd["CL"].tolist() == [[0.1, 0.2, 0.4][i] for i in typical.draw]
    assert typical.additive["sbp"].tolist() == [[3.0, 5.0, 7.0][i] for i in typical.draw]
    published = typical_values(EVERYTHING, 7, np.arange(6), "uncertain", None)
    assert (typical.parameters["EMAX"] == published.parameters["EMAX"]).all()


def test_typical_mode_with_a_posterior_takes_its_medians():
    typical = typical_values(EVERYTHING, 7, np.arange(2), "typical", POSTERIOR)
    assert typical.parameters["CL"].tolist() == [2.0, 2.0]
    assert typical.additive["sbp"].tolist() == [5.0, 5.0]
    assert typical.draw.tolist() == [-1, -1]


def test_the_median_of_an_even_number_lies_in_the_middle():
    assert median(np.array([4.0, 1.0, 2.0, 9.0])) == 3.0


def test_shares_of_zero_and_one_stay():
    assert logit_shifted(np.array([0.0, 1.0]), np.array([2.0, -3.0])).tolist() == [0.0, 1.0]
    assert logit_shifted(np.array([0.5]), np.array([np.log(3.0)]))[0] == pytest.approx(0.75)
