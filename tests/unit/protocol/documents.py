"""A protocol that uses most of the language, and how tests read documents."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from trialsim.cohort.model import Cohort
from trialsim.cohort.read import read_cohort
from trialsim.foundation.errors import InvalidDocument
from trialsim.foundation.library import find
from trialsim.protocol.model import Protocol
from trialsim.protocol.read import protocol_from

ROOT = Path(__file__).parents[3]
LIBRARY = ROOT / "tests" / "errors" / "protocol" / "_library"

FULL = """\
language: protocol 1
id: bp-dose
title: Two doses of X against placebo
phase: 2
context_of_use: {question: "Which dose?", decision: dose of phase III, model_influence: medium, consequence: high}
patients:
  cohort: pressure
  eligible: [18 years <= age <= 75 years, sbp >= 140 mmHg, sex == female or weight > 50 kg]
  randomised: 60
arms:
  placebo: {}
  low: {dosing: [{drug: X, amount: 10 mg, route: oral, every: 24 h, until: week 12}]}
  high: {label: 20 mg, dosing: [{drug: X, amount: 0.25 mg/kg, route: oral, every: 24 h, for: 12 weeks}]}
randomise: {ratio: {placebo: 1, low: 1, high: 1}, blocks: 6, strata: [sex]}
visits: {screening: week -2, baseline: day 0, w4: {at: week 4, window: 3 days}, w11: week 11, w12: week 12}
assess:
  sbp: {at: [screening, baseline, w4, w12]}
  x_conc: {at: [w11], after_dose: [0 h, 2 h]}
conduct:
  accrual: {rate: 20 per month, sites: 12, ramp_up: 3 months}
  adherence: {takes: 92%, between_patients: {logit_normal: 0.5}}
  intercurrent_events:
    intolerance: {hazard: 0.01 per month * exp(0.5 L/mg * conc), then: stop dosing}
  missed_visits: 3%
  lost_to_follow_up: {hazard: 0.01 per month}
endpoints:
  sbp_change: {measure: sbp, derive: change_from_baseline, at: w12}
  responder: {measure: sbp, derive: below, value: 140 mmHg, at: w12}
estimands:
  main: {endpoint: sbp_change, events: {intolerance: treatment_policy}}
  response: {endpoint: responder, events: {intolerance: treatment_policy}}
analyses:
  primary:
    estimand: main
    method: {ancova: {covariates: [sbp at baseline, weight], strata: [sex]}}
    compare: {high vs placebo: {better: lower}, low vs placebo: {better: lower, margin: -2 mmHg}}
    alpha: 0.05 two-sided
    multiplicity: dunnett
  secondary:
    estimand: response
    method: risk_difference
    compare: {high vs placebo: {better: higher}}
success: any of primary
scenarios:
  expected: {}
  no_effect: {parameters: {EMAX: 0 mmHg}, null: [high vs placebo, low vs placebo]}
  pessimistic:
    parameters: {EMAX: x 0.6}
    covariates: {weight.median: 80 kg}
    conduct:
      lost_to_follow_up.hazard: x 2
      accrual.rate: x 0.5
      intercurrent_events.intolerance.hazard: 0.02 per month
vary: {patients.randomised: [60, 120], arms.low.dosing.0.amount: [5 mg, 10 mg]}
simulate: {seed: 20261121, trials: {at_least: 200, until: {power: {standard_error: 2%}}, at_most: 1000}}
keep: {patients_of: first 2 trials}
"""


@cache
def cohort(name: str = "pressure") -> Cohort:
    """Return a cohort made for tests."""
    return read_cohort(find("cohorts", name, LIBRARY))[0]


def protocol(*edits: tuple[str, str], text: str = FULL, about: str = "pressure") -> Protocol:
    """Return the protocol of a text with some stretches of it replaced, each of which must be there."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return protocol_from(text, cohort(about))


def first_fault(*edits: tuple[str, str], text: str = FULL) -> str:
    """Return the first fault of a text with some stretches replaced: slug and message."""
    try:
        protocol(*edits, text=text)
    except InvalidDocument as fault:
        return f"{fault.diagnostics[0].slug}: {fault.diagnostics[0].message}"
    return "valid"
