from dataclasses import dataclass

import numpy as np
import pytest

from tests.unit.cohort.populations import EVERYTHING
from trialsim.cohort.draws import typical_values
from trialsim.cohort.overrides import with_overrides
from trialsim.cohort.posterior import PosteriorDraws, posterior_with_overrides
from trialsim.foundation.errors import TrialsimError


@dataclass(frozen=True)
class Change:
    path: tuple[str, ...]
    factor: float | None = None
    value: float | None = None


def parameter(cohort, name):
    return next(p for p in cohort.parameters if p.name == name)


def test_a_factor_multiplies_typical_value_and_every_draw():
    smaller = with_overrides(EVERYTHING, [Change(("parameters", "EMAX"), factor=0.5)])
    assert parameter(smaller, "EMAX").typical == -6.0
    trials = np.arange(50)
    before = typical_values(EVERYTHING, 1, trials, "uncertain", None)
    after = typical_values(smaller, 1, trials, "uncertain", None)
    np.testing.assert_allclose(after.parameters["EMAX"], 0.5 * before.parameters["EMAX"], rtol=1e-14)
    assert (after.parameters["CL"] == before.parameters["CL"]).all()


def test_a_value_replaces_and_is_certain():
    off = with_overrides(EVERYTHING, [Change(("parameters", "CL"), value=0.0)])
    assert (typical_values(off, 1, np.arange(9), "uncertain", None).parameters["CL"] == 0.0).all()
    assert parameter(off, "CL").between_patients == parameter(EVERYTHING, "CL").between_patients


def test_a_covariates_distribution_can_be_changed():
    older = with_overrides(EVERYTHING, [Change(("covariates", "age", "mean"), value=60.0),
                                        Change(("covariates", "weight", "cv"), factor=2.0),
                                        Change(("conduct", "missed_visits"), value=0.1)])  # fmt: skip
    age = next(c for c in older.covariates if c.name == "age").distribution
    weight = next(c for c in older.covariates if c.name == "weight").distribution
    assert (age.location, age.spread, weight.spread) == (60.0, 14.0, 0.4)


def test_posterior_draws_are_scaled_or_dropped():
    draws = {"CL": np.array([1.0, 2.0]), "EMAX": np.array([-10.0, -12.0])}
    posterior = PosteriorDraws(draws=draws, digest="d", n_draws=2)
    changes = [Change(("parameters", "EMAX"), factor=0.5), Change(("parameters", "CL"), value=3.0)]
    changed = posterior_with_overrides(posterior, changes)
    assert {name: values.tolist() for name, values in changed.draws.items()} == {"EMAX": [-5.0, -6.0]}
    assert (changed.digest, changed.n_draws) == ("d", 2)
    assert posterior_with_overrides(None, changes) is None
    typical = typical_values(with_overrides(EVERYTHING, changes), 1, np.arange(2), "uncertain", changed)
    assert sorted(typical.parameters["EMAX"].tolist()) == [-6.0, -5.0]
    assert typical.parameters["CL"].tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change(("parameters", "EMX"), factor=0.5), "the cohort has no parameter 'EMX'\n  = nearest name: EMAX"),
        (
            Change(("parameters", "CL", "sd"), factor=0.5),
            "a scenario cannot change 'CL.sd'\n  = a parameter is changed as NAME",
        ),
        (
            Change(("covariates", "age"), factor=0.5),
            "a scenario cannot change 'age'\n  = a covariate is changed as NAME.FIELD, like weight.median",
        ),
        (
            Change(("covariates", "age", "median"), factor=0.5),
            "a scenario cannot change 'age.median'\n  = fields of age: mean, sd",
        ),
        (
            Change(("covariates", "sex", "female"), factor=0.5),
            "a scenario cannot change 'sex.female'\n  = only distributions can be changed",
        ),
        (
            Change(("parameters", "F"), factor=1.5),
            "the parameter 'F' cannot be 120%\n  = a logit-normal parameter lies between 0 and 1",
        ),
        (
            Change(("parameters", "CL"), value=-1.0),
            "the parameter 'CL' cannot be -1 L/h\n  = a lognormal parameter is not negative",
        ),
        (Change(("covariates", "weight", "cv"), value=0.0), "'weight.cv' cannot be 0.0"),
        (
            Change(("parameters", "F"), value=300.0),
            "the parameter 'F' cannot be 300%\n  = a logit-normal parameter lies between 0 and 1",
        ),
        (
            Change(("covariates", "weight", "median"), value=1.0),
            "only 0% of 'weight' would lie within its bounds\n  = at least 1% must lie within them",
        ),
    ],
)
def test_impossible_changes_are_refused(change, message):
    with pytest.raises(TrialsimError) as fault:
        with_overrides(EVERYTHING, [change])
    assert str(fault.value) == message
