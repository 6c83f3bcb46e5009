"""Events in closed form in the course of trials: the same times as an integrated hazard with the same luck."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.statistics import assert_matches
from trialsim.api.documents import check_document
from trialsim.cohort.read import cohort_of_text
from trialsim.cohort.write import cohort_text
from trialsim.foundation.streams import exponentials, label
from trialsim.protocol.read import protocol_from
from trialsim.protocol.write import protocol_text
from trialsim.trial.setup import setup_of
from trialsim.trial.simulate import simulate_trials
from trialsim.trial.solver import Solution, solution
from trialsim.trial.world import World

COHORT = """\
language: cohort 1
id: falls
title: Falls and deaths
context_of_use: tests
time: month
covariates:
  age: {normal: {mean: 70 year, sd: 8 year}, within: [50 year, 95 year]}
inputs:
  treated: {default: 0}
parameters:
  frailty: {typical: 1, between_patients: {lognormal: 60%}}
  hr: {typical: 0.5}
  level: {typical: 10, between_patients: {normal: 2}}
quantities:
  risk: {is: "frailty * exp(0.04 1/year * (age - 70 year))"}
events:
EVENTS
measures:
  score: {is: level - 0.1 1/month * since(randomised) + treated, error: {additive: 1}}
"""
PROTOCOL = """\
language: protocol 1
id: falls
title: A device against falls
phase: 2
context_of_use: {question: Does it help?, decision: none, model_influence: low, consequence: low}
patients: {cohort: falls, randomised: 80}
arms:
  none: {}
  device: {sets: {treated: SETS}}
visits: {baseline: day 0, m6: month 6, m24: month 24}
assess:
  score: {at: [baseline, m6, m24]}
conduct:
  accrual: {rate: 20 per month}
endpoints:
  end: {measure: score, derive: value, at: m24}
estimands:
  main: {endpoint: end, events: {}}
analyses:
  primary:
    estimand: main
    method: t_test
    compare: {device vs none: {better: higher}}
success: any of primary
scenarios:
  expected: {}
simulate: {seed: 1, trials: 10}
"""
STATE = "dynamics:\n  drift: {start: 0, rate: 0.1 1/month}\n"
MONTH = 30.4375
TREATED = "if(treated == 1, hr, 1)"


def world(events: str, sets: str = "1", more: str = "") -> World:
    cohort = cohort_of_text(COHORT.replace("EVENTS", events) + more, "<cohort>", Path())[0]
    protocol = protocol_from(PROTOCOL.replace("SETS", sets), cohort)
    return World(protocol=protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=7)


def days_of(tables, name):
    """Return the days on which an event happened, and to whom, all in order."""
    events = tables["events"]
    which = np.array(events["event"].categories)[events["event"].codes] == name
    return np.array(events["time"])[which], np.array(events["patient"])[which]


def second_arm(tables):
    patients = tables["patients"]
    return np.array(patients["arm"].categories)[patients["arm"].codes] == "device", patients


# A law or steps; the same hazard as an expression, which a course integrates.
PAIRS = [
    ('{hazard: {day 0: 0.08 per month * risk, month 6: 0.02 per month * risk}, times: "TREATED"}',
     '{hazard: "if(since(randomised) < 6 month, 0.08, 0.02) * 1 per month * risk * TREATED"}'),
    ('{hazard: 0.05 per month, times: {day 0: 1, month 4: "TREATED", month 12: 2 * risk}}',
     '{hazard: "0.05 per month * if(AT < 4 month, 1, if(AT < 12 month, TREATED, 2 * risk))"}'),
    ('{weibull: {shape: 1.7, scale: 15 months / risk}, times: "TREATED"}',
     '{hazard: "1.7 * risk / (15 months) * (since(randomised) * risk / (15 months)) ^ 0.7 * TREATED"}'),
    ('{gompertz: {initial: 0.02 per month * risk, growth: 1 1/year}, times: "TREATED"}',
     '{hazard: "0.02 per month * risk * exp(1 1/year * since(randomised)) * TREATED"}'),
    ('{log_logistic: {shape: 2, median: 12 months / risk}, times: "TREATED"}',
     '{hazard: "2 * risk / (12 months) * (AT * risk / (12 months)) / (1 + (AT * risk / (12 months)) ^ 2) * TREATED"}'),
]  # fmt: skip


def in_full(told: str) -> str:
    return told.replace("TREATED", TREATED).replace("AT", "since(randomised)")


@pytest.mark.parametrize(
    ("closed", "followed"),
    [PAIRS[1], PAIRS[2], *(pytest.param(*pair, marks=pytest.mark.long) for pair in (PAIRS[0], *PAIRS[3:]))],
    ids=["factors", "weibull", "steps", "gompertz", "log-logistic"],
)
def test_a_closed_form_is_the_integrated_hazard_of_the_same_luck(closed, followed):
    found = [
        simulate_trials(world(f"  fall: {in_full(told)}", "{day 0: 1, month 9: 0}"), range(2), 2)
        for told in (closed, followed)
    ]
    here, there = (days_of(tables, "fall")[0] for tables in found)
    np.testing.assert_array_equal(np.isnan(here), np.isnan(there))
    np.testing.assert_allclose(here, there, rtol=1e-6)
    assert 20 < np.isfinite(here).sum() < 160
    np.testing.assert_allclose(found[0]["visits"]["true_value"], found[1]["visits"]["true_value"], rtol=1e-9)


def test_a_terminal_law_ends_the_course_with_states_as_without():
    events = '  death: {weibull: {shape: 1.2, scale: 20 months}, times: "TREATED", terminal: true}\n'
    events += "  fall: {hazard: {day 0: 0.1 per month * risk}, recurrent: true}"
    events = events.replace("TREATED", TREATED)
    bare, beside = world(events), world(events, more=STATE)
    assert not setup_of(bare).has_course and setup_of(beside).has_course
    tables = simulate_trials(bare, range(2), 2)
    for name in ("events", "visits", "looks"):
        other = simulate_trials(beside, range(2), 2)[name]
        for column in ("time", "true_value", "value", "estimate", "truth"):
            if column in other:
                np.testing.assert_allclose(tables[name][column], other[column], rtol=1e-12)
    death, patients = days_of(tables, "death")
    second, told = second_arm(tables)
    key = label("event", "of the cohort", "death")
    luck = exponentials(7, key, told["trial"], told["patient"]) / np.where(second, 0.5, 1.0)
    expected = 20.0 * luck ** (1.0 / 1.2) * MONTH
    expected[expected > 24 * MONTH] = np.nan
    np.testing.assert_allclose(death, expected, rtol=1e-12)
    m24 = np.array(tables["visits"]["visit"].categories)[tables["visits"]["visit"].codes] == "m24"
    np.testing.assert_array_equal(np.isnan(tables["visits"]["value"][m24]), np.isfinite(expected))


def test_what_recurs_comes_at_sums_of_the_luck_and_not_after_death():
    events = "  death: {exponential: {median: 12 months}, terminal: true}\n"
    events += "  fall: {hazard: {day 0: 0.2 per month * frailty, month 12: 0.1 per month * frailty}, recurrent: true}"
    tables = simulate_trials(world(events), range(1), 1)
    _, told = second_arm(tables)
    number = told["patient"]
    zeros = np.zeros(number.size, dtype=np.int64)
    death = exponentials(7, label("event", "of the cohort", "death"), zeros, number) * 12.0 / np.log(2.0)
    days, who = days_of(tables, "fall")
    count = 0
    for i, patient in enumerate(number):
        steps = [exponentials(7, label("event", "of the cohort", "fall"), 0, [patient], k)[0] for k in range(60)]
        total = np.cumsum(steps) / told["frailty"][i]
        at = np.where(total <= 2.4, total / 0.2, 12.0 + (total - 2.4) / 0.1)
        at = at[at <= min(24.0, death[i])]
        count += at.size
        np.testing.assert_allclose(days[who == patient], at * MONTH if at.size else [np.nan], rtol=1e-12)
    assert count > 100


def test_arms_share_luck_and_an_arm_more_moves_nobody():
    events = '  fall: {weibull: {shape: 1.2, scale: 20 months}, times: "TREATED"}'.replace("TREATED", TREATED)
    one, other = (simulate_trials(world(events, sets), range(1), 1) for sets in ("1", "0"))
    second, told = second_arm(one)
    first_days, same = days_of(one, "fall")[0], days_of(other, "fall")[0]
    np.testing.assert_array_equal(first_days[~second], same[~second])
    both = second & np.isfinite(first_days)
    np.testing.assert_allclose(first_days[both] / same[both], 0.5 ** (-1 / 1.2), rtol=1e-12)


def test_what_changes_within_a_course_is_followed_and_so_is_what_rules_ask_for():
    events = "  fall: {hazard: {day 0: 0.08 per month * frailty, month 6: 0.02 per month}}"
    made = world(events)
    assert [each.name for each in setup_of(made).closed] == ["fall"]
    changes = COHORT.replace("between_patients: {lognormal: 60%}", "between_occasions: {lognormal: 60%}")
    text = changes.replace("EVENTS", events) + "occasions: {every: 30 days}\n"
    cohort = cohort_of_text(text, "<cohort>", Path())[0]
    moving = World(protocol=made.protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=7)
    assert [hazard.name for hazard in setup_of(moving).model.hazards] == ["fall"]
    assert setup_of(moving).closed == ()


def test_a_patient_whose_law_cannot_be_is_a_failure_with_a_reason():
    tables = simulate_trials(world("  fall: {weibull: {shape: level - 9, scale: 9 months}}"), range(1), 1)
    failures = tables["failures"]
    reason = np.array(failures["reason"].categories)[failures["reason"].codes]
    wrong = second_arm(tables)[1]["level"] <= 9.0
    assert wrong.sum() > 5 and failures["patient"].size == 2 * wrong.sum()
    assert set(reason) == {"a start, coefficient, lag, bioavailability, dose or horizon that is not finite or has the "
                           "wrong sign"}  # fmt: skip
    often = simulate_trials(world("  fall: {hazard: 1 per second, recurrent: true}"), range(1), 1)["failures"]
    assert set(np.array(often["reason"].categories)[often["reason"].codes]) == {
        "an event that recurs more than ten thousand times"}  # fmt: skip


EVENTS_ALONE = PROTOCOL.replace("assess:\n  score: {at: [baseline, m6, m24]}\n", "").replace(
    "end: {measure: score, derive: value, at: m24}", "dead: {happened: death, by: month 24}"
).replace("method: t_test", "method: risk_difference").replace("endpoint: end", "endpoint: dead")


def test_a_trial_of_events_alone_needs_no_measure_and_no_course():
    law = f'  death: {{exponential: {{median: 24 months}}, times: "{TREATED}", terminal: true}}'
    text = COHORT.replace("EVENTS", law)
    cohort = cohort_of_text(text.split("measures:")[0], "<cohort>", Path())[0]
    protocol = protocol_from(EVENTS_ALONE.replace("SETS", "1").replace("randomised: 80", "randomised: 400"), cohort)
    assert protocol_from(protocol_text(protocol), cohort) == protocol
    made = World(protocol=protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=7)
    assert not setup_of(made).has_course
    tables = simulate_trials(made, range(50), 1)
    assert tables["visits"]["visit"].codes.size == 0 and tables["failures"]["trial"].size == 0
    # Exactly half of a control arm die in 24 months, 1 - 2^(-1/2) under the device: known up to who is randomised.
    expected = -(0.5 - (1.0 - 0.5**0.5))
    se = np.sqrt((0.25 + 0.5**0.5 * (1.0 - 0.5**0.5)) / 200.0 / 50.0)
    assert abs(tables["looks"]["estimate"].mean() - expected) < 4.0 * se
    assert abs(tables["looks"]["truth"].mean() - expected) < 4.0 * se


def test_what_is_in_closed_form_is_told():
    events = "  fall: {hazard: {day 0: 0.1 per month * frailty}, recurrent: true}"
    assert solution(setup_of(world(events))) == Solution(
        tier="closed", solver=None, why="closed: nothing that happens or is measured needs a course"
    )
    beside = solution(setup_of(world(events, more=STATE)))
    assert (beside.tier, beside.solver) == ("linear", None)


def test_check_says_which_events_need_no_course(tmp_path):
    events = "  fall: {hazard: {day 0: 0.1 per month, month 6: 0.2 per month}}\n  low: {when: drift > 3}"
    (tmp_path / "falls.yaml").write_text(COHORT.replace("EVENTS", events) + STATE)
    assert check_document(tmp_path / "falls.yaml").notes == (
        "dynamics of falls: adaptive: the path is followed for the event low",
        "events of falls in closed form: fall",
    )


def test_a_gamma_frailty_makes_counts_negative_binomial():
    events = "  fall: {hazard: {day 0: 0.1 per month * frailty}, recurrent: true}"
    made = world(events)
    text = COHORT.replace("EVENTS", events).replace("{lognormal: 60%}", "{gamma: 80%}")
    cohort = cohort_of_text(text, "<cohort>", Path())[0]
    assert cohort_of_text(cohort_text(cohort), "<cohort>", Path())[0] == cohort
    made = World(protocol=made.protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=7)
    n_trials = 60
    tables = simulate_trials(made, range(n_trials), n_trials)
    events_table = tables["events"]
    which = np.array(events_table["event"].categories)[events_table["event"].codes] == "fall"
    seen = which & np.isfinite(events_table["time"])
    n = n_trials * 80
    counts = np.bincount(np.asarray(events_table["trial"])[seen] * 80 + np.asarray(events_table["patient"])[seen],
                         minlength=n)  # fmt: skip
    # Mean 2.4 in 24 months, variance 2.4 + 0.64 * 2.4^2; none with (1 + 0.64 * 2.4)^(-1 / 0.64).
    known = stats.nbinom(1.0 / 0.64, 1.0 / (1.0 + 0.64 * 2.4))
    for k in range(6):
        share = known.pmf(k)
        assert_matches((counts == k).mean(), share, np.sqrt(share * (1.0 - share) / n), detects=0.04)
    assert_matches(counts.mean(), 2.4, known.std() / np.sqrt(n), detects=0.25)


def test_an_event_that_a_rule_is_asked_on_stays_in_the_course():
    events = "  fall: {hazard: {day 0: 0.1 per month, month 6: 0.2 per month}}\n"
    events += "  death: {exponential: {median: 9 months}}"
    drug = "dynamics:\n  central: {rate: -0.1 1/day * central, receives: [{drug: X, route: iv}], unit: mg}\n"
    cohort = world(events, more=drug).cohort
    dosing = "dosing: [{drug: X, amount: 10 mg, route: iv, every: 7 days, until: month 24}]"
    text = PROTOCOL.replace("{sets: {treated: SETS}}", f"{{{dosing}, rules: [careful]}}").replace(
        "visits:", "rules:\n  careful: {on: fall, do: [{then: stop dosing}]}\nvisits:"
    )
    protocol = protocol_from(text, cohort)
    made = World(protocol=protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=7)
    setup = setup_of(made)
    assert [hazard.name for hazard in setup.model.hazards] == ["fall"]
    assert [each.name for each in setup.closed] == ["death"]


def test_intercurrent_events_and_losses_beside_what_is_closed_move_no_time():
    events = '  death: {weibull: {shape: 1.2, scale: 20 months}, times: "TREATED", terminal: true}'
    made = world(events.replace("TREATED", TREATED))
    conduct = "{accrual: {rate: 20 per month}, intercurrent_events: {rash: {hazard: 0.05 per month * (1 + treated), "
    conduct += "then: stop dosing}}, lost_to_follow_up: {hazard: 0.01 per month}}"
    text = PROTOCOL.replace("SETS", "1").replace("conduct:\n  accrual: {rate: 20 per month}", f"conduct: {conduct}")
    text = text.replace("events: {}", "events: {rash: hypothetical}")
    beside = World(protocol=protocol_from(text, made.cohort), cohort=made.cohort, scenario="expected", mode="typical",
                   design="", seed=7)  # fmt: skip
    assert not setup_of(made).has_course and setup_of(beside).has_course
    plain, other = (simulate_trials(each, range(2), 2) for each in (made, beside))
    death, _ = days_of(plain, "death")
    seen, _ = days_of(other, "death")
    there = np.isfinite(seen)
    np.testing.assert_array_equal(seen[there], death[there])
    assert there.sum() > 40 and np.isfinite(days_of(other, "rash")[0]).sum() > 20
    np.testing.assert_allclose(plain["looks"]["truth"], other["looks"]["truth"], rtol=1e-12)


def test_a_cox_model_finds_the_factor_of_the_hazard():
    law = f'  death: {{weibull: {{shape: 1.4, scale: 20 months}}, times: "{TREATED}", terminal: true}}'
    cohort = cohort_of_text(COHORT.replace("EVENTS", law), "<cohort>", Path())[0]
    text = EVENTS_ALONE.replace("{happened: death, by: month 24}", "{first_of: [death]}").replace("SETS", "1")
    text = text.replace("method: risk_difference", "method: cox").replace("conduct:", "follow_up: 36 months\nconduct:")
    protocol = protocol_from(text.replace("randomised: 80", "randomised: 400"), cohort)
    made = World(protocol=protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=7)
    looks = simulate_trials(made, range(60), 1)["looks"]
    se = looks["standard_error"].mean() / np.sqrt(60)
    assert_matches(looks["estimate"].mean(), np.log(0.5), se, detects=0.1)
    assert_matches(looks["truth"].mean(), np.log(0.5), se, detects=0.1)
