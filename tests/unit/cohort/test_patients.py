from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.unit.cohort.populations import (
    AGE,
    CL,
    EMAX,
    EVERYTHING,
    HEIGHT,
    KOUT,
    ROWS,
    SEX,
    WEIGHT,
    F,
    categorical,
    cohort,
    correlated,
    distributed,
)
from trialsim.cohort.draws import typical_values
from trialsim.cohort.patients import candidates
from trialsim.foundation.units import ONE

N = 40_000
ZEROS, NUMBERS = np.zeros(N, dtype=np.int64), np.arange(N)


def drawn(population, n=N, mode="typical", seed=11):
    typical = typical_values(population, seed, np.array([0]), mode, None)
    return candidates(population, typical, seed, ZEROS[:n], ZEROS[:n], NUMBERS[:n])


EVERYBODY = drawn(EVERYTHING)


def assert_distributed_as(values, distribution):
    assert stats.kstest(values, distribution.cdf).pvalue > 1e-4


def test_truncated_covariates_have_their_distribution():
    sigma = np.sqrt(np.log(1 + 0.2**2))
    weight, age = EVERYBODY.covariates["weight"], EVERYBODY.covariates["age"]
    bounds = np.log(np.array([40.0, 130.0]) / 70.0) / sigma
    assert_distributed_as(np.log(weight / 70.0) / sigma, stats.truncnorm(*bounds))
    assert_distributed_as((age - 45.0) / 14.0, stats.truncnorm((18 - 45) / 14, (90 - 45) / 14))
    assert weight.min() >= 40.0 and weight.max() <= 130.0 and age.min() >= 18.0 and age.max() <= 90.0


def test_a_narrow_truncation_keeps_every_value_inside():
    narrow = distributed("bmi", "normal", 25.0, 5.0, "kg/m^2", 37.0, 37.5)
    values = drawn(cohort([narrow])).covariates["bmi"]
    assert values.min() >= 37.0 and values.max() <= 37.5
    assert_distributed_as((values - 25.0) / 5.0, stats.truncnorm(2.4, 2.5))


def test_covariates_without_bounds_have_their_distribution():
    crp, z = distributed("crp", "lognormal", 3.0, 1.2, "mg/L"), distributed("z", "normal", -1.0, 2.0, "kg")
    population = cohort([crp, z])
    values = drawn(population).covariates
    assert_distributed_as(values["crp"], stats.lognorm(np.sqrt(np.log(1 + 1.2**2)), scale=3.0))
    assert_distributed_as(values["z"], stats.norm(-1.0, 2.0))


def test_uniform_covariates_and_categories():
    assert_distributed_as(EVERYBODY.covariates["height"], stats.uniform(150.0, 50.0))
    counts = np.bincount(EVERYBODY.covariates["sex"].astype(int), minlength=3)
    assert stats.chisquare(counts, N * np.array([0.5, 0.3, 0.2])).pvalue > 1e-4


def test_the_correlation_is_that_of_the_scores():
    sigma = np.sqrt(np.log(1 + 0.2**2))
    weight, age = (
        distributed("weight", "lognormal", 70.0, 0.2, "kg"),
        distributed("age", "normal", 45.0, 14.0, "year"),
    )
    wide = cohort([weight, age], covariate_correlation=[correlated("weight", "age", 0.4)])
    values = drawn(wide).covariates
    observed = np.corrcoef(np.log(values["weight"]) / sigma, values["age"])[0, 1]
    assert abs(observed - 0.4) < 4.5 * (1 - 0.4**2) / np.sqrt(N)


def test_rows_are_kept_whole_and_drawn_evenly():
    population = cohort([replace(WEIGHT, distribution=None), categorical("sex", female=0.5, male=0.5), AGE], rows=ROWS)
    population = replace(population, covariates=(
        population.covariates[0], replace(population.covariates[1], shares=(), unit=ONE), AGE))  # fmt: skip
    values = drawn(population).covariates
    pairs, counts = np.unique(np.column_stack([values["weight"], values["sex"]]), axis=0, return_counts=True)
    assert pairs.tolist() == [[60.0, 0.0], [70.0, 1.0], [90.0, 1.0]]
    assert stats.chisquare(counts).pvalue > 1e-4
    assert list(values) == ["weight", "sex", "age"]


def test_parameters_follow_effects_and_variation():
    covariates, parameters = EVERYBODY.covariates, EVERYBODY.parameters
    expected = 2.0 * (covariates["weight"] / 70.0) ** 0.75 * np.array([1.0, 1.3, 1.0])[covariates["sex"].astype(int)]
    cl = np.log(parameters["CL"] / expected) / 0.3
    emax = (parameters["EMAX"] - -12.0 * (1 + 0.01 * (covariates["age"] - 45.0))) / 4.0
    share = parameters["F"] / 100.0
    assert_distributed_as(cl, stats.norm())
    assert_distributed_as(emax, stats.norm())
    assert_distributed_as((np.log(share / (1 - share)) - np.log(4.0)) / 0.5, stats.norm())
    assert abs(np.corrcoef(cl, emax)[0, 1] - -0.5) < 4.5 * (1 - 0.5**2) / np.sqrt(N)
    np.testing.assert_allclose(parameters["KOUT"], 0.2 * np.exp(0.02 * (covariates["age"] - 45.0)), rtol=1e-14)


def test_a_parameter_without_layers_is_its_typical_value():
    population = cohort([categorical("sex", female=0.5, male=0.5)], [replace(CL, effects=(), between_patients=None)])
    assert (drawn(population, n=5).parameters["CL"] == 2.0).all()


def test_a_typical_value_of_zero_is_zero_for_everybody():
    off = cohort(parameters=[replace(CL, effects=(), typical=0.0), replace(F, typical=0.0)])
    for values in drawn(off, n=50, mode="uncertain").parameters.values():
        assert (values == 0.0).all()


def test_nothing_depends_on_who_else_is_asked_for():
    typical = typical_values(EVERYTHING, 11, np.array([0, 5]), "uncertain", None)
    trials, rows, numbers = np.array([5, 0, 5]), np.array([1, 0, 1]), np.array([17, 4, 2])
    three = candidates(EVERYTHING, typical, 11, trials, rows, numbers)
    for i in range(3):
        one = candidates(EVERYTHING, typical, 11, trials[i : i + 1], rows[i : i + 1], numbers[i : i + 1])
        for name, values in {**three.covariates, **three.parameters}.items():
            assert values[i] == {**one.covariates, **one.parameters}[name][0]


def test_a_new_name_moves_no_other_number():
    less = cohort([WEIGHT, AGE, SEX], [CL, EMAX, KOUT], [correlated("weight", "age", 0.4)],
                  [correlated("CL", "EMAX", -0.5)])  # fmt: skip
    more = cohort([HEIGHT, WEIGHT, AGE, SEX, distributed("bmi", "normal", 25.0, 4.0, "kg/m^2")], [F, CL, EMAX, KOUT],
                  [correlated("weight", "age", 0.4), correlated("weight", "bmi", 0.7)],
                  [correlated("CL", "EMAX", -0.5)])  # fmt: skip
    before, after = drawn(less, n=200), drawn(more, n=200)
    for name, values in {**before.covariates, **before.parameters}.items():
        assert (values == {**after.covariates, **after.parameters}[name]).all()


def test_scores_of_an_impossible_matrix_are_a_programming_mistake():
    with pytest.raises(ValueError, match="the reader should have refused"):
        drawn(cohort([WEIGHT, AGE], covariate_correlation=[correlated("weight", "age", 1.0)]), n=3)


@pytest.mark.parametrize("shape", [0.6, -0.6])
def test_a_box_cox_variation_is_the_transformed_normal(shape):
    skewed = replace(CL, between_patients=replace(CL.between_patients, box_cox=shape))
    plain, made = (
        drawn(replace(EVERYTHING, parameters=(each,), random_effect_correlation=())) for each in (CL, skewed)
    )
    factor = drawn(replace(EVERYTHING, parameters=(replace(CL, between_patients=None),), random_effect_correlation=()))
    eta = np.log(plain.parameters["CL"] / factor.parameters["CL"])
    expected = factor.parameters["CL"] * np.exp((np.exp(shape * eta) - 1) / shape)
    np.testing.assert_allclose(made.parameters["CL"], expected, rtol=1e-12)
    assert np.sign(stats.skew(np.log(made.parameters["CL"] / factor.parameters["CL"]))) == np.sign(shape)
