"""A cohort whose courses are known in closed form, and a protocol whose arms decide about doses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trialsim.cohort.model import Cohort
from trialsim.cohort.read import cohort_of_text
from trialsim.protocol.read import protocol_from
from trialsim.trial.world import World

COHORT = """\
language: cohort 1
id: counted
title: Neutrophils that a drug lowers while it is there, made for tests
context_of_use: tests of rules
time: day
covariates:
  weight: {normal: {mean: 70 kg, sd: 5 kg}, within: [40 kg, 100 kg]}
parameters:
  K: {typical: 0.1 1/day, between_patients: {lognormal: 30%}}
  V: {typical: 10 L}
  SLOPE: {typical: 0.4 L/mg, between_patients: {lognormal: 40%}}
dynamics:
  central: {rate: -K * central, receives: [{drug: X, route: iv}, {drug: gcsf, route: sc}], unit: mg}
quantities:
  conc: {is: central / V, unit: mg/L}
measures:
  anc: {is: 5 * exp(-SLOPE * conc), error: {proportional: 10%}, lloq: 0.1, known_after: 1 day}
  level_x: {is: conc, unit: mg/L, error: {additive: 0 mg/L}}
"""

PROTOCOL = """\
language: protocol 1
id: deciding
title: Doses that react
phase: 2
context_of_use: {question: Which dose?, decision: dose of phase III, model_influence: medium, consequence: high}
patients: {cohort: counted, randomised: 48}
arms:
  fixed: {dosing: [{drug: X, amount: 20 mg, route: iv, every: 7 days, times: 12}]}
  titrated: {dosing: [{drug: X, amount: 20 mg, route: iv, every: 7 days, times: 12}], rules: [titrate]}
  careful: {dosing: [{drug: X, amount: 40 mg, route: iv, every: 7 days, times: 12}], rules: [toxicity]}
  rescued: {dosing: [{drug: X, amount: 40 mg, route: iv, every: 7 days, times: 12}], rules: [rescue, stop]}
rules:
  titrate:
    at: [w2, w4, w8]
    watch: {c: level_x}
    ladder: [10 mg, 20 mg, 40 mg, 80 mg]
    do:
      - {when: c > 3 mg/L, then: level down}
      - {when: c < 2 mg/L, then: level up}
  toxicity:
    before: doses
    watch: {n: anc, c: level_x}
    ladder: [10 mg, 20 mg, 40 mg]
    do:
      - {when: n < 0.5, in_a_row: 2, then: stop dosing}
      - {when: n < 1 and level > 1, then: [level down, {delay: 1 week}]}
      - {when: n < 1.5, then: {delay: 1 week}}
  rescue:
    every: 7 days
    start: week 1
    until: week 10
    watch: anc
    do: [{when: anc < 1.5, then: {add: {drug: gcsf, amount: 5 mg, route: sc, every: 24 h, times: 3}}}]
  stop: {at: week 6, watch: anc, do: [{when: anc < 1.5, then: hold dosing}, {then: {amount: 30 mg}}]}
visits:
  baseline: day 0
  w2: {at: week 2, window: 2 days}
  w4: {at: week 4, window: 2 days}
  w6: {at: day 41, window: 1 day}
  w8: week 8
  w12: week 12
assess: {anc: {at: [baseline, w2, w4, w6, w8, w12]}, level_x: {at: [w2, w4, w8, w12]}}
conduct: {accrual: {rate: 20 per month}, adherence: {takes: 90%}, missed_visits: 10%}
endpoints: {end: {measure: anc, derive: value, at: w12}}
estimands: {main: {endpoint: end}}
analyses: {primary: {estimand: main, method: t_test, compare: {titrated vs fixed: {better: higher}}}}
success: any of primary
simulate: {seed: 7, trials: 1}
keep: {patients_of: all}
"""


def cohort() -> Cohort:
    """Return the cohort."""
    return cohort_of_text(COHORT, "<cohort>", Path())[0]


def world(text: str = PROTOCOL) -> World:
    """Return the world of a protocol about that cohort."""
    protocol = protocol_from(text, cohort())
    return World(protocol=protocol, cohort=cohort(), scenario="expected", mode="typical", design="", seed=7)


def patients_of(tables: dict[str, dict[str, Any]], arm: str) -> list[int]:
    """Return the patients of an arm."""
    table = tables["patients"]
    return [int(p) for p in np.asarray(table["patient"])[plain(table["arm"]) == arm]]  # type: ignore[index]


def own(table: dict[str, object], patient: int) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Return the rows of a patient."""
    here = np.asarray(table["patient"]) == patient
    return {name: np.asarray(plain(values))[here] for name, values in table.items()}


def plain(values: object) -> object:
    """Return a column with its categories as text."""
    categories = getattr(values, "categories", None)
    if categories is None:
        return values
    return np.array([*categories, ""], dtype=object)[values.codes]  # type: ignore[attr-defined]
