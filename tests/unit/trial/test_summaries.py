"""Measures by summary assumptions in trials: means and spreads by arm and visit, yes and no, no course."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.statistics import assert_matches
from trialsim.api.events import simulate_events
from trialsim.cohort.read import cohort_of_text
from trialsim.cohort.write import cohort_text
from trialsim.foundation.errors import TrialsimError
from trialsim.protocol.read import protocol_from
from trialsim.trial.setup import setup_of
from trialsim.trial.simulate import simulate_trials
from trialsim.trial.world import World

COHORT = """\
language: cohort 1
id: survey
title: Blood pressure and response as a designer knows them
context_of_use: tests
time: day
covariates:
  age: {normal: {mean: 60 year, sd: 8 year}}
inputs:
  treated: {default: 0}
parameters:
  drop: {typical: 8 mmHg}
measures:
  sbp:
    normal:
      mean: {day 0: 160 mmHg + 0.5 mmHg/year * (age - 60 year), week 12: 150 mmHg - drop * treated + 0.5 mmHg/year * (age - 60 year)}
      sd: {day 0: 12 mmHg, week 12: "if(treated == 1, 18 mmHg, 14 mmHg)"}
    correlation: CORRELATION
    known_after: 1 day
  response:
    probability: {day 0: 0, week 12: "if(treated == 1, 0.5, 0.3)"}
    correlation: {exchangeable: 0.6}
"""  # noqa: E501
PROTOCOL = """\
language: protocol 1
id: survey
title: A drug against blood pressure
phase: 2
context_of_use: {question: Does it help?, decision: none, model_influence: low, consequence: low}
patients: {cohort: survey, eligible: ELIGIBLE, randomised: 200}
arms:
  control: {}
  new: {sets: {treated: 1}}
visits: {screening: week -2, baseline: day 0, VISITS w12: {at: week 12, window: 3 days}}
assess:
  sbp: {at: [screening, baseline, ALSO w12]}
  response: {at: [w12]}
conduct: {accrual: {rate: 20 per month}}
endpoints:
  change: {measure: sbp, derive: change_from_baseline, at: w12}
  responder: {measure: response, derive: above, value: 0.5, at: w12}
estimands: {main: {endpoint: change}, response: {endpoint: responder}}
analyses:
  primary: {estimand: main, method: t_test, compare: {new vs control: {better: lower}}}
  secondary: {estimand: response, method: risk_difference, compare: {new vs control: {better: higher}}}
success: any of primary
scenarios: {expected: {}}
simulate: {seed: 1, trials: 10}
"""
AR1 = "{ar1: {value: 0.8, over: 4 weeks}}"
MANY = 60  # trials of 200 patients


def world(correlation: str = AR1, visits: str = "", also: str = "", eligible: str = "[]") -> World:
    cohort = cohort_of_text(COHORT.replace("CORRELATION", correlation), "<cohort>", Path())[0]
    text = PROTOCOL.replace("VISITS", visits).replace("ALSO", also).replace("ELIGIBLE", eligible)
    protocol = protocol_from(text, cohort)
    return World(protocol=protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=7)


def read(tables, measure, visit):
    """Return the values of a measure at a visit, and who is under the second arm."""
    visits, patients = tables["visits"], tables["patients"]
    named = [np.array(visits[name].categories)[visits[name].codes] for name in ("measure", "visit")]
    which = (named[0] == measure) & (named[1] == visit)
    return visits["value"][which], np.array(patients["arm"].categories)[patients["arm"].codes] == "new"


@pytest.fixture(scope="module")
def tables():
    made = world()
    assert not setup_of(made).has_course
    return simulate_trials(made, range(MANY), MANY)


def test_means_and_spreads_are_those_said_by_arm_and_visit(tables):
    age = tables["patients"]["age"]
    n = MANY * 100
    for visit, second, mean, sd in (
        ("screening", None, 160.0, 12.0), ("baseline", None, 160.0, 12.0), ("w12", False, 150.0, 14.0),
        ("w12", True, 142.0, 18.0),
    ):  # fmt: skip
        values, arm = read(tables, "sbp", visit)
        own = slice(None) if second is None else arm == second
        residual = (values - 0.5 * (age - 60.0))[own]
        # Within the window the mean moves along its line by up to half a mmHg: symmetric, and little beside the SD.
        assert_matches(residual.mean(), mean, sd / np.sqrt(n), detects=1.5)
        assert_matches(residual.std(), sd, sd / np.sqrt(2 * n), detects=1.0)
    first, last = (read(tables, "sbp", visit)[0] - 0.5 * (age - 60.0) for visit in ("baseline", "w12"))
    arm = read(tables, "sbp", "w12")[1]
    wanted = 0.8**3
    assert_matches(np.corrcoef(first[~arm], last[~arm])[0, 1], wanted, (1 - wanted**2) / np.sqrt(n), detects=0.06)


def test_yes_and_no_come_with_their_probability_and_the_truth_is_known(tables):
    values, arm = read(tables, "response", "w12")
    assert set(np.unique(values)) == {0.0, 1.0}
    for second, share in ((False, 0.3), (True, 0.5)):
        assert_matches(values[arm == second].mean(), share, np.sqrt(share * (1 - share) / (MANY * 100)), detects=0.05)
    analysis = np.array(tables["looks"]["analysis"].categories)[tables["looks"]["analysis"].codes]
    truth = tables["looks"]["truth"]
    # The same patients under both arms: who responds without the drug responds with it, so that the truth varies less.
    assert_matches(truth[analysis == "secondary"].mean(), 0.2, np.sqrt(0.2 * 0.8 / (MANY * 200)), detects=0.03)
    # A patient's score is one, the spreads are 18 and 14: the true effect of a patient is -8 + 4 z mmHg.
    assert_matches(truth[analysis == "primary"].mean(), -8.0, 4.0 / np.sqrt(MANY * 200), detects=0.3)


def test_another_visit_moves_no_value(tables):
    with_more = simulate_trials(world(visits="w2: week 2, w6: week 6,", also="w2, w6,"), range(MANY), MANY)
    for visit in ("screening", "baseline", "w12"):
        assert read(tables, "sbp", visit)[0].tobytes() == read(with_more, "sbp", visit)[0].tobytes()


def test_screening_sees_the_values_that_are_then_recorded():
    chosen = simulate_trials(world(eligible='["sbp >= 165 mmHg"]'), range(2), 2)
    values, _ = read(chosen, "sbp", "screening")
    assert values.min() >= 165.0 and (chosen["trials"]["screened"] > 400).all()


def test_a_table_of_correlations_is_kept_at_its_points():
    table = "{table: {week -2: [], day 0: [0.9], week 12: [0.5, 0.4]}}"
    made = world(correlation=table)
    tables = simulate_trials(made, range(MANY), MANY)
    age = tables["patients"]["age"]
    scores = [read(tables, "sbp", visit)[0] - 0.5 * (age - 60.0) for visit in ("screening", "baseline", "w12")]
    control = ~read(tables, "sbp", "w12")[1]
    found = np.corrcoef([each[control] for each in scores])
    for i, j, wanted in ((0, 1, 0.9), (0, 2, 0.5), (1, 2, 0.4)):
        assert_matches(found[i, j], wanted, (1 - wanted**2) / np.sqrt(MANY * 100), detects=0.06)


@pytest.mark.parametrize(
    "correlation", [AR1, "none", "{exchangeable: 0.5}", "{table: {week -2: [], day 0: [0.9], week 12: [0.5, 0.4]}}"]
)
def test_a_summary_is_written_as_it_is_read(correlation):
    cohort = world(correlation).cohort
    again = cohort_of_text(cohort_text(cohort), "<cohort>", Path())[0]
    assert again == cohort and cohort_text(again) == cohort_text(cohort)


def test_what_can_be_no_probability_or_spread_is_a_failure_with_a_reason():
    text = COHORT.replace("CORRELATION", AR1)
    for wrong, n in (("if(treated == 1, 1.5, 0.3)", 200), ("if(age > 60 year, 1.5, 0.3)", None)):
        cohort = cohort_of_text(text.replace("if(treated == 1, 0.5, 0.3)", wrong), "<cohort>", Path())[0]
        protocol = protocol_from(PROTOCOL.replace("VISITS", "").replace("ALSO", "").replace("ELIGIBLE", "[]"), cohort)
        made = World(protocol=protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=7)
        failures = simulate_trials(made, range(1), 1)["failures"]
        reasons = np.array(failures["reason"].categories)[failures["reason"].codes]
        assert set(reasons) == {"a probability below 0 or above 1, or a negative standard deviation"}
        assert n is None or reasons.size == n


@pytest.mark.parametrize("dispersion", ["0", "0.5", "{day 0: 0, week 12: if(treated == 1, 1.2, 0.5)}"])
def test_counts_are_negative_binomial_with_the_mean_and_dispersion_said(dispersion):
    counted = f"  response:\n    count: {{mean: {{day 0: 6, week 12: 4 - 2 * treated}}, dispersion: {dispersion}}}\n"
    text = COHORT.replace("CORRELATION", AR1).replace(
        '  response:\n    probability: {day 0: 0, week 12: "if(treated == 1, 0.5, 0.3)"}\n',
        counted.replace("if(treated == 1, 1.2, 0.5)", '"if(treated == 1, 1.2, 0.5)"'),
    )
    cohort = cohort_of_text(text, "<cohort>", Path())[0]
    assert cohort_of_text(cohort_text(cohort), "<cohort>", Path())[0] == cohort
    made = world()
    made = World(protocol=made.protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=7)
    tables = simulate_trials(made, range(MANY), MANY)
    values, arm = read(tables, "response", "w12")
    n = MANY * 100
    for second, mean in ((False, 4.0), (True, 2.0)):
        own = 0.0 if dispersion == "0" else 1.2 if second and dispersion.startswith("{") else 0.5
        known = stats.poisson(mean) if own == 0.0 else stats.nbinom(1.0 / own, 1.0 / (1.0 + own * mean))
        for k in range(8):
            share = known.pmf(k)
            se = np.sqrt(share * (1.0 - share) / n)
            # Within the window of three days the mean moves along its line by a few hundredths.
            assert_matches((values[arm == second] == k).mean(), share, se, detects=0.04)
        assert_matches(values[arm == second].mean(), mean, known.std() / np.sqrt(n), detects=0.35)


def test_records_of_events_ask_for_a_course(tmp_path):
    (tmp_path / "records.csv").write_text("ID,TIME,DV\n1,0,.\n")
    (tmp_path / "survey.yaml").write_text(COHORT.replace("CORRELATION", AR1))
    with pytest.raises(TrialsimError) as fault:
        simulate_events(tmp_path / "survey.yaml", tmp_path / "records.csv")
    assert str(fault.value) == (
        "the measure 'sbp' is a summary assumption and belongs to no course\n"
        "  = use a cohort whose measures say what they read: is"
    )
