"""Whole group-sequential trials, patients and calendar and all, against what packages compute or simulated of the same.

The numbers are asymptotic (rpact, gsDesign) or simulated (lrstat); trials here are of patients who arrive at random,
so they are compared within Monte-Carlo error (four standard errors) and what the source itself leaves open.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.trial.rules_documents import plain
from trialsim.cohort.read import cohort_of_text
from trialsim.protocol.read import protocol_from
from trialsim.trial.simulate import simulate_trials
from trialsim.trial.world import World

CASES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "trials_with_looks.json").read_text("utf-8"))
MONTH = 30.4375
LOSS_OF_FIVE_PERCENT = f"{float(-np.log(0.95)) / 12.0!r} per month"  # a year
COHORT = """
language: cohort 1
id: patients
title: Summary assumptions
context_of_use: tests against published numbers
time: day
inputs: {treated: {default: 0}}
parameters: {none: {typical: 1}}
events:
  EVENT
"""
PROTOCOL = """
language: protocol 1
id: published
title: A published design
phase: 3
context_of_use: {question: "Do we get the same?", decision: none, model_influence: low, consequence: low}
patients: {cohort: patients, randomised: NUMBER}
arms:
  control: {}
  new: {sets: {treated: 1}}
randomise: {ratio: {control: 1, new: 1}, blocks: 2}
visits: {baseline: day 0}
conduct:
  accrual: ACCRUAL
  lost_to_follow_up: {hazard: LOSS}
follow_up: 60 months
endpoints:
  end: ENDPOINT
estimands:
  main: {endpoint: end}
analyses:
  primary:
    estimand: main
    method: METHOD
    compare: {new vs control: {better: higher}}
    spend: SPEND
milestones:
LOOKS
success: any of primary
simulate: {seed: 11, trials: 10}
"""


def looks_of(conditions: list[str]) -> str:
    names = ["first", "second", "third"][: len(conditions)]
    return "\n".join(
        f"  {name}: {{when: {when}, do: [{{test: primary}}]}}" for name, when in zip(names, conditions, strict=True)
    )


def simulated(n: int, event: str, **texts: str) -> dict[str, dict[str, Any]]:
    """Return the tables of looks and trials of n trials, columns as arrays."""
    text = PROTOCOL
    for name, value in texts.items():
        text = text.replace(name, value)
    cohort = cohort_of_text(COHORT.replace("EVENT", event), "patients.yaml", Path("."))[0]
    world = World(
        protocol=protocol_from(text, cohort), cohort=cohort, scenario="expected", mode="typical", design="", seed=11
    )
    parts = [simulate_trials(world, range(i, i + 200), 0) for i in range(0, n, 200)]
    return {
        name: {column: np.concatenate([plain(part[name][column]) for part in parts]) for column in parts[0][name]}
        for name in ("looks", "trials")
    }


def share_within(found: float, wanted: float, n: int, more: float = 0.0) -> bool:
    return abs(found - wanted) <= 4.0 * np.sqrt(wanted * (1.0 - wanted) / n) + more


def stops(tables: dict[str, Any], why: str, names: list[str]) -> list[float]:
    """Return the share of trials that stop for a reason at each look."""
    trials = tables["trials"]
    return [float(np.mean((trials["stopped_for"] == why) & (trials["stopped_at"] == name))) for name in names]


def months(tables: dict[str, Any], names: list[str]) -> list[float]:
    looks = tables["looks"]
    return [float(looks["cut_at"][looks["look"] == name].mean()) / MONTH for name in names]


def test_rates_at_three_looks() -> None:
    """A yes-or-no endpoint, 40% against 25%, looks at 33, 67 and 100% of 308 patients."""
    case, n = CASES["GSD-15"], 2000
    # 1 - exp(-28 h) of 25% without treatment, and of the wanted share with it.
    for share, power, size in zip((0.25, 0.325, 0.40), case["power"], case["expected_size"], strict=True):
        base, ratio = float(-np.log1p(-0.25)) / 28.0, float(np.log1p(-share) / np.log1p(-0.25))
        tables = simulated(
            n, f"response: {{hazard: {{day 0: {base!r} per day}}, times: 'if(treated == 1, {ratio!r}, 1)'}}",
            NUMBER="308", ACCRUAL="{rate: 20 per month}", LOSS="0 per month",
            METHOD="{risk_difference: {test: farrington_manning}}",
            ENDPOINT="{happened: response, by: day 28}", SPEND="{obrien_fleming: {full: 308 patients}}",
            LOOKS=looks_of(["due(end) >= 102", "due(end) >= 206", "due(end) >= 308"]),
        )  # fmt: skip
        trials = tables["trials"]
        # rpact's numbers are the normal approximation of the pooled test, which is that of a margin of 0.
        assert share_within(float(trials["success"].mean()), power, n, 0.002)
        looked = {"first": 102, "second": 206, "third": 308}
        sizes = np.array([looked[name] for name in trials["stopped_at"]])
        assert abs(sizes.mean() - size) <= 4.0 * sizes.std() / np.sqrt(n) + 1.0


def survival(n: int, hr: str, **texts: str) -> dict[str, dict[str, Any]]:
    event = f'death: {{exponential: {{median: 12 months}}, times: "if(treated == 1, {hr}, 1)", terminal: true}}'
    return simulated(n, event, ENDPOINT="{first_of: [death]}", METHOD="log_rank", **texts)


@pytest.mark.long
def test_survival_with_piecewise_accrual_and_beta_spending() -> None:
    case, n, names = CASES["GSD-16"], 2000, ["first", "second", "third"]
    rates = {"day 0": 1.0, "month 1": 1.5, "month 3": 2.5, "month 6": 4.0}
    pattern = ", ".join(f"{point}: {100 * rate / 4.0}%" for point, rate in rates.items())
    texts = {
        "NUMBER": "676", "ACCRUAL": f"{{rate: 32.363873 per month, pattern: {{{pattern}}}}}", "LOSS": "0.001 per month",
        "LOOKS": looks_of(["events(end) >= 111", "events(end) >= 332", "events(end) >= 443"]),
        "SPEND": "{obrien_fleming: {full: 443 events, planned: [25%, 75%, 100%]}, "
                 "futility: {hwang_shih_decani: {gamma: -7, beta: 15%}}}",
    }  # fmt: skip
    found = survival(n, "0.75", **texts)
    looks = found["looks"]
    assert months(found, names) == pytest.approx(case["months"], abs=case["months_within"])
    for name, wanted in zip(names, case["efficacy_z"], strict=True):
        here = (looks["look"] == name) & ~np.isnan(looks["upper_bound"])
        assert np.median(looks["upper_bound"][here]) == pytest.approx(wanted, abs=0.02)
    for name, wanted in zip(names[:2], case["futility_z"], strict=True):
        assert np.nanmedian(looks["lower_bound"][looks["look"] == name]) == pytest.approx(wanted, abs=0.03)
    for cumulative, wanted in zip(np.cumsum(stops(found, "success", names)), case["cumulative_efficacy"], strict=True):
        assert share_within(float(cumulative), wanted, n, 0.01)
    null = survival(n, "1", **texts)
    futile = np.cumsum(stops(null, "futility", names[:2]))
    for cumulative, wanted in zip(futile, case["cumulative_futility_null"][:2], strict=True):
        assert share_within(float(cumulative), wanted, n, 0.01)


def test_survival_with_two_kinds_of_spending() -> None:
    case, n, names = CASES["GSD-18"], 2000, ["first", "second", "third"]
    found = survival(
        n, "0.7", NUMBER="558", ACCRUAL="{rate: 23.27 per month}", LOSS=LOSS_OF_FIVE_PERCENT,
        LOOKS=looks_of(["events(end) >= 179", "events(end) >= 268", "events(end) >= 358"]),
        SPEND="{obrien_fleming: {full: 357.7407 events, planned: [50%, 75%, 100%]}, "
              "futility: {obrien_fleming: {beta: 10%}}}",
    )  # fmt: skip
    looks = found["looks"]
    for name, wanted in zip(names, case["efficacy_z"], strict=True):
        here = (looks["look"] == name) & ~np.isnan(looks["upper_bound"])
        assert np.median(looks["upper_bound"][here]) == pytest.approx(wanted, abs=0.004)
    for name, wanted in zip(names[:2], case["futility_z"], strict=True):
        assert np.nanmedian(looks["lower_bound"][looks["look"] == name]) == pytest.approx(wanted, abs=0.006)
    assert months(found, names) == pytest.approx(case["months"], abs=0.3)
    for share, wanted in zip(stops(found, "success", names), case["reject_per_look"], strict=True):
        assert share_within(share, wanted, n, 0.006)
    for share, wanted in zip(stops(found, "futility", names[:2]), case["futility_per_look"], strict=True):
        assert share_within(share, wanted, n, 0.004)
    assert float(found["trials"]["duration"].mean()) / MONTH == pytest.approx(case["expected_months"], abs=0.5)


def test_a_delayed_effect_with_a_ramp() -> None:
    """An effect after six months, accrual in nine steps, two looks: as lrstat simulated it."""
    case, n, names = CASES["SUR-11"], 2000, ["first", "second"]
    steps = ", ".join(f"{'day 0' if k == 0 else f'month {k}'}: {100 * (k + 1) / 9!r}%" for k in range(9))
    event = (
        "death: {exponential: {median: 13 months}, "
        'times: {day 0: 1, month 6: "if(treated == 1, 0.58, 1)"}, terminal: true}'
    )
    found = simulated(
        n, event, NUMBER="468", ACCRUAL=f"{{rate: 26 per month, pattern: {{{steps}}}}}",
        LOSS=LOSS_OF_FIVE_PERCENT, ENDPOINT="{first_of: [death]}", METHOD="log_rank",
        LOOKS=looks_of(["events(end) >= 252", "events(end) >= 315"]), SPEND="{obrien_fleming: {full: 315 events}}",
    )  # fmt: skip
    within = case["simulated_cumulative_within"]
    for cumulative, wanted in zip(np.cumsum(stops(found, "success", names)), case["simulated_cumulative"], strict=True):
        assert share_within(float(cumulative), wanted, n, within)
    assert months(found, names) == pytest.approx(case["simulated_months"], abs=case["simulated_months_within"] + 0.2)
    looks = found["looks"]
    for name, wanted in zip(names, case["efficacy_z"], strict=True):
        here = (looks["look"] == name) & ~np.isnan(looks["upper_bound"])
        assert np.median(looks["upper_bound"][here]) == pytest.approx(wanted, abs=0.003)
