"""Parameters within a course: what changes, when, and with whose luck."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from trialsim.cohort.course_model import course_model, parameter_matrix
from trialsim.cohort.draws import typical_values
from trialsim.cohort.parameter_rows import occasion_at, occasion_key, parameter_rows
from trialsim.cohort.patients import candidates
from trialsim.cohort.read import cohort_of_text
from trialsim.foundation.expression import to_text
from trialsim.foundation.streams import label, normals

TEXT = """language: cohort 1
id: moving
title: What changes
context_of_use: Tests.
time: h
covariates:
  weight: {lognormal: {median: 70 kg, cv: 20%}WEIGHT}
  fat: {uniform: {low: 10 kg, high: 30 kg}FAT}
parameters:
  CL: {typical: 2 L/h, uncertainty: {rse: 10%}, between_patients: {lognormal: 30%}OCCASION,
       effects: {weight: {power: 0.75, reference: 70 kg}}}
  V: {typical: 20 L}
EVERYdynamics:
  central: {rate: -CL / (V + fat * 0.1 L/kg) * central, receives: [{drug: x, route: iv}], unit: mg}
measures:
  amount: {is: central, error: {additive: 1 mg}}
"""
SEED, N = 5, 6


def moving(weight="", fat="", occasion="", every=""):
    text = TEXT.replace("WEIGHT", weight).replace("FAT", fat).replace("OCCASION", occasion).replace("EVERY", every)
    return cohort_of_text(text, "moving.yaml", Path("."))[0]


OCCASIONS = {"occasion": ", between_occasions: {lognormal: 10%}", "every": "occasions: {every: 7 days}\n"}


def rows_of(cohort, first_day=-14.0, last_day=21.0, n=N, mode="typical"):
    trials, patients = np.zeros(n, dtype=np.int64), np.arange(n)
    typical = typical_values(cohort, SEED, np.array([0]), mode, None)
    people = candidates(cohort, typical, SEED, trials, trials, patients)
    model = course_model(cohort, [], ["amount"], -first_day)
    made = parameter_rows(
        cohort, model, typical, people, SEED, trials, trials, patients, first_day, last_day,
        lambda days: (days - first_day) * 24.0,
    )  # fmt: skip
    return made, model, people


def column(made, model, name):
    """[times, patients]: the beginning, then each change."""
    j, n = model.parameters.index(name), len(made.first)
    return np.vstack([made.first[:, j], made.rows[:, j].reshape(-1, n)])


def test_nothing_changes_where_nothing_is_said():
    cohort = moving()
    made, model, people = rows_of(cohort)
    assert not cohort.changes_in_time and made.time.size == 0 and made.offsets.tolist() == [0] * (N + 1)
    assert made.first.tobytes() == parameter_matrix(model, people).tobytes()


def test_occasions_are_counted_from_randomisation_both_ways():
    assert [occasion_at(0.1, k * 0.1) for k in range(-40, 40)] == list(range(-40, 40))
    assert [occasion_key(k) for k in (-2, -1, 0, 1, 2)] == [3, 1, 0, 2, 4]


def test_a_parameter_on_each_occasion_has_luck_of_its_own_by_key():
    cohort = moving(**OCCASIONS)
    made, model, people = rows_of(cohort)
    assert made.time.reshape(N, -1)[0].tolist() == [168.0, 336.0, 504.0, 672.0, 840.0]  # weeks after day -14
    ratios = column(made, model, "CL") / people.parameters["CL"]
    sd = cohort.parameters[0].between_occasions.sd
    zeros = np.zeros(N, dtype=np.int64)
    for row, occasion in zip(ratios, (-2, -1, 0, 1, 2, 3), strict=True):
        key = label("occasion", "CL")
        luck = normals(SEED, key, zeros, np.arange(N), np.full(N, occasion_key(occasion)))
        np.testing.assert_allclose(np.log(row), sd * luck, atol=1e-14)
    assert (column(made, model, "V") == 20.0).all()
    assert column(made, model, "_change")[:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_an_earlier_beginning_and_a_later_end_move_nobodys_luck():
    cohort = moving(**OCCASIONS)
    short, model, _ = rows_of(cohort, 0.0, 13.0)
    long, _, _ = rows_of(cohort, -30.0, 100.0)
    ours, theirs = column(short, model, "CL"), column(long, model, "CL")
    assert len(theirs) == 20  # the occasions -5 to 14; ours are 0 and 1
    assert ours.tobytes() == theirs[5:7].tobytes()


def test_the_spread_between_occasions_is_the_stated_one():
    made, model, people = rows_of(moving(**OCCASIONS), 0.0, 6.0, n=20_000)
    scores = np.log(column(made, model, "CL")[0] / people.parameters["CL"]) / np.sqrt(np.log(1.01))
    assert stats.kstest(scores, "norm").pvalue > 1e-4


def test_a_covariate_that_steps_takes_the_parameters_with_it():
    made, model, people = rows_of(moving(weight=", over_time: {points: {week 1: x 0.9, week 2: x 0.8}}"))
    assert made.time.reshape(N, -1)[0].tolist() == [504.0, 672.0]
    weights = column(made, model, "weight")
    np.testing.assert_array_equal(weights, np.outer([1.0, 0.9, 0.8], people.covariates["weight"]))
    expected = people.parameters["CL"] * np.array([[1.0], [0.9**0.75], [0.8**0.75]])
    np.testing.assert_allclose(column(made, model, "CL"), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("over_time", "days", "factors", "slopes"),
    [
        ("{trend: 0.5 kg/week, until: week 2}", [0.0, 14.0], None, [0.0, 0.5 / 168, 0.0]),
        ("{points: {day 10: x 1.5, day 20: x 1}, between_points: line}", [0.0, 10.0, 20.0], [1, 1, 1.5, 1],
         [0.0, 0.05 / 24, -0.05 / 24, 0.0]),
    ],
)  # fmt: skip
def test_a_covariate_on_a_line_has_a_value_a_slope_and_a_time(over_time, days, factors, slopes):
    made, model, people = rows_of(moving(fat=f", over_time: {over_time}"))
    fat = people.covariates["fat"]
    assert made.time.reshape(N, -1)[0].tolist() == [(day + 14.0) * 24.0 for day in days]
    since = column(made, model, "_since_fat")[:, 0]
    assert since.tolist() == [0.0, *((day + 14.0) * 24.0 for day in days)]
    values = np.outer(factors, fat) if factors else fat + np.array([[0.0], [0.0], [1.0]])
    np.testing.assert_allclose(column(made, model, "fat"), values, rtol=1e-14)
    scale = fat if factors else np.ones(N)
    np.testing.assert_allclose(column(made, model, "_slope_fat"), np.outer(slopes, scale), rtol=1e-12)
    assert to_text(model.rates[0]) == "-CL / (V + (fat + _slope_fat * (t - _since_fat)) * 0.1) * central"


def test_a_course_cannot_be_run_with_rows_that_stand_still():
    made, model, people = rows_of(moving(**OCCASIONS))
    with pytest.raises(ValueError) as fault:
        parameter_matrix(model, people)
    assert str(fault.value) == (
        "parameters that change within a course are rows of several moments: ask parameter_rows"
    )


def test_the_spread_between_occasions_is_drawn_a_trial():
    cohort = moving(occasion=", between_occasions: {lognormal: 10%, uncertainty: {rse: 50%}}", every=OCCASIONS["every"])
    spreads = typical_values(cohort, SEED, np.arange(500), "uncertain", None).between_occasions_sd["CL"]
    assert np.unique(spreads).size == 500
    sd = np.sqrt(np.log(1.25))
    assert stats.kstest(np.log(spreads / np.sqrt(np.log(1.01))) / sd, "norm").pvalue > 1e-4
