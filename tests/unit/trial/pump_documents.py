"""A pump that reads a sensor: insulin and glucose by the minimal model, and arms that react to them.

Bergman et al. 1979 (Am J Physiol 236:E667) and 1981 (J Clin Invest 68:1456) for the structure; numbers of a patient
without insulin of his own from Fisher 1991 (IEEE Trans Biomed Eng 38:57), who writes p2 = 0.025/min, p3 = 0.000013
L/mU/min2, n = 5/54/min and V = 12 L. Absorption under the skin and from the gut, one step each, and all
variation between patients are made up for tests.
"""

from __future__ import annotations

from pathlib import Path

from trialsim.cohort.model import Cohort
from trialsim.cohort.read import cohort_of_text
from trialsim.protocol.read import protocol_from
from trialsim.trial.world import World

COHORT = """\
language: cohort 1
id: diabetes
title: Insulin and glucose by the minimal model, made for tests
context_of_use: tests of rules that set rates
time: min
covariates:
  weight: {lognormal: {median: 70 kg, cv: 15%}, within: [40 kg, 130 kg]}
parameters:
  p1: {typical: 0.003 1/min}
  p2: {typical: 0.025 1/min}
  p3: {typical: 0.013 L/U/min^2, between_patients: {lognormal: 20%}}
  n: {typical: 0.0926 1/min}
  VI: {typical: 12 L}
  VG: {typical: 126 dL}
  Gb: {typical: 110 mg/dL}
  Ib: {typical: 0.015 U/L}
  ka: {typical: 0.02 1/min, between_patients: {lognormal: 15%}}
  kg: {typical: 0.025 1/min}
  F: {typical: 0.9}
dynamics:
  depot: {rate: -ka * depot, receives: [{drug: insulin, route: sc, bioavailability: F, lag: 3 min}], unit: U}
  plasma: {rate: ka * depot - n * plasma, receives: [{drug: insulin, route: iv}], unit: U, start: Ib * VI}
  action: {rate: p3 * (plasma / VI - Ib) - p2 * action, unit: 1/min}
  gut: {rate: -kg * gut, receives: [{drug: carbohydrate, route: oral}], unit: mg}
  glucose: {rate: kg * gut / VG - p1 * (glucose - Gb) - action * glucose, start: 130 mg/dL, unit: mg/dL}
measures:
  cgm: {is: glucose, unit: mg/dL, error: {proportional: 8%}, lloq: 40 mg/dL, known_after: 5 min}
  glucose_lab: {is: glucose, unit: mg/dL, error: {additive: 2 mg/dL}}
  insulin_lab: {is: plasma / VI, unit: U/L, error: {additive: 0 U/L}}
events:
  low: {when: "glucose < 65 mg/dL"}
"""

MEALS = ", ".join(
    f"{{drug: carbohydrate, amount: {grams} g, route: oral, at: hour {hour}}}"
    for grams, hour in ((35, 8), (50, 13), (45, 19))
)
BOLUS = "{drug: insulin, amount: 0.1 U/kg, at_most: 20 U, route: sc, every: 6 h, until: day 1}"
PUMP = "{drug: insulin, amount: 26 U, route: sc, over: 24 h, at: day 0}"

PROTOCOL = f"""\
language: protocol 1
id: looping
title: A pump that reads a sensor
phase: 2
context_of_use: {{question: Which loop?, decision: the next trial, model_influence: medium, consequence: high}}
patients: {{cohort: diabetes, randomised: 32}}
arms:
  basal: {{dosing: [{PUMP}, {MEALS}]}}
  loop: {{dosing: [{PUMP}, {MEALS}], rules: [loop, rescue]}}
  switched: {{dosing: [{PUMP.replace("26", "39")}, {MEALS}], rules: [switch, gone]}}
  bolus: {{dosing: [{BOLUS}, {MEALS}], rules: [bolus]}}
rules:
  bolus:
    drug: insulin
    at: [noon, evening]
    watch: glucose_lab
    ladder: [0.05 U/kg, 0.1 U/kg, 0.2 U/kg, 0.4 U/kg]
    do:
      - {{when: glucose_lab < 100 mg/dL, then: level down}}
      - {{when: glucose_lab > 150 mg/dL, then: level up}}
  loop:
    drug: insulin
    every: 5 min
    until: day 1
    watch: {{g: sensor(cgm), trend: "slope(cgm, 15 min)"}}
    remember:
      i: 0.98 * i + (g - 110 mg/dL) * 5 min
      asked: {{start: 0, then: asked + 1}}
    do:
      - {{when: g < 80 mg/dL or (g < 100 mg/dL and trend < -1 mg/dL/min), then: {{rate: 0 U/h}}}}
      - when: asked > 12
        then:
          rate: 1 U/h + 0.01 U*dL/mg/h * (g - 110 mg/dL) + 0.005 U*dL/mg * trend + 0.002 U*dL/mg/h^2 * i
          step: 0.05 U/h
          within: [0 U/h, 5 U/h]
  rescue:
    on: low
    do: [{{then: {{add: {{drug: carbohydrate, amount: 15 g, route: oral}}}}}}]
  switch:
    drug: insulin
    on: low
    do: [{{then: [stop dosing, {{add: {{drug: insulin, amount: 1 U, route: sc, every: 4 h, times: 3}}}}]}}]
  gone: {{at: [noon], watch: glucose_lab, do: [{{when: glucose_lab > 500 mg/dL, then: leave trial}}]}}
visits: {{baseline: day 0, noon: hour 12, evening: hour 18, end: day 1}}
assess:
  glucose_lab: {{at: [baseline, noon, evening, end]}}
  insulin_lab: {{at: [baseline, noon, evening, end]}}
conduct: {{accrual: {{rate: 20 per month}}}}
endpoints: {{end: {{measure: glucose_lab, derive: value, at: end}}}}
estimands: {{main: {{endpoint: end}}}}
analyses: {{primary: {{estimand: main, method: t_test, compare: {{loop vs basal: {{better: lower}}}}}}}}
success: any of primary
simulate: {{seed: 11, trials: 1, solver: explicit}}
keep: {{patients_of: all}}
"""


def cohort() -> Cohort:
    """Return the cohort."""
    return cohort_of_text(COHORT, "<cohort>", Path())[0]


def world(text: str = PROTOCOL) -> World:
    """Return the world of a protocol about that cohort."""
    protocol = protocol_from(text, cohort())
    return World(protocol=protocol, cohort=cohort(), scenario="expected", mode="typical", design="", seed=11)
