"""Screening: the conditions hold, numbers do not depend on blocks, hopeless conditions are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trial.worlds import failing, formula, pressure_protocol, pressure_world
from trialsim.cohort.draws import typical_values
from trialsim.cohort.patients import candidates
from trialsim.foundation.errors import TrialsimError
from trialsim.trial import enroll
from trialsim.trial.setup import setup_of

TRIALS = np.arange(3, dtype=np.int64)


def enrolled(world):
    setup = setup_of(world)
    return enroll.enrolled(setup, typical_values(world.cohort, world.seed, TRIALS, "typical", None), TRIALS)


def without_measures(world, text="45 kg <= weight <= 120 kg and sex == female"):
    patients = replace(world.protocol.patients, eligible=(formula(text),), eligible_text=(text,))
    return replace(world, protocol=replace(world.protocol, patients=patients))


def test_patients_are_the_first_eligible_candidates_in_order():
    patients = enrolled(pressure_world(30))
    assert patients.trials.tolist() == np.repeat(TRIALS, 30).tolist()
    assert np.all(np.diff(patients.patients.reshape(3, 30), axis=1) > 0)
    assert patients.screened.tolist() == (patients.patients.reshape(3, 30)[:, -1] + 1).tolist()
    assert np.all((patients.covariates["weight"] >= 45.0) & (patients.covariates["weight"] <= 120.0))
    fewer = enrolled(pressure_world(20))
    assert fewer.patients.tolist() == patients.patients.reshape(3, 30)[:, :20].reshape(-1).tolist()


def test_categories_are_compared_by_their_names():
    patients = enrolled(without_measures(pressure_world(30)))
    assert np.all(patients.covariates["sex"] == 0.0)
    assert np.all(patients.screened >= 45)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_block_size_changes_nothing(monkeypatch, size):
    usual = enrolled(pressure_world(12))
    monkeypatch.setattr(enroll, "block_size", lambda setup: size)
    other = enrolled(pressure_world(12))
    assert usual.patients.tolist() == other.patients.tolist()
    assert usual.screened.tolist() == other.screened.tolist()
    assert all(usual.parameters[name].tobytes() == other.parameters[name].tobytes() for name in usual.parameters)


def test_screening_values_decide_who_gets_in():
    lenient = pressure_world(30)
    text = "sbp >= 185 mmHg"
    patients = replace(pressure_protocol(30).patients, eligible=(formula(text),), eligible_text=(text,))
    strict = replace(lenient, protocol=replace(lenient.protocol, patients=patients))
    assert enrolled(strict).screened.sum() > 3 * enrolled(lenient).screened.sum()
    assert enrolled(strict).parameters["base"].mean() > enrolled(lenient).parameters["base"].mean() + 5.0


def test_hopeless_conditions_are_refused():
    with pytest.raises(TrialsimError) as fault:
        enrolled(without_measures(pressure_world(30), "weight >= 139.99 kg"))
    assert fault.value.slug == "too-few-eligible"
    assert str(fault.value) == (
        "trial 0 of scenario expected found 0 eligible among 5005 candidates, fewer than 1 in 1000\n"
        "  = conditions: weight >= 139.99 kg\n"
        "  = widen the conditions or use another cohort"
    )


def test_hopeless_for_failed_courses_says_so():
    world = failing(pressure_world(30), floor=1e6)
    with pytest.raises(TrialsimError) as fault:
        enrolled(world)
    trial, numbers = np.zeros(5005, dtype=np.int64), np.arange(5005)
    typical = typical_values(world.cohort, world.seed, TRIALS, "typical", None)
    weight = candidates(world.cohort, typical, world.seed, trial, trial, numbers).covariates["weight"]
    tried = np.count_nonzero((weight >= 45.0) & (weight <= 120.0))
    assert str(fault.value) == (
        "trial 0 of scenario expected found 0 eligible among 5005 candidates, fewer than 1 in 1000\n"
        "  = conditions: 45 kg <= weight <= 120 kg; sbp >= 155 mmHg\n"
        f"  = candidates whose course up to screening could not be computed: {tried}\n"
        "  = widen the conditions or use another cohort"
    )
