"""Inputs of a cohort: what they are, how they are written, and that arms set them in their units."""

from __future__ import annotations

from pathlib import Path

import pytest

from trialsim.cohort.course_model import course_model, parameter_columns
from trialsim.cohort.model import Input
from trialsim.cohort.read import read_cohort
from trialsim.cohort.write import cohort_text
from trialsim.foundation.units import ONE, unit
from trialsim.protocol.model import Setting
from trialsim.protocol.read import protocol_from
from trialsim.protocol.write import protocol_text

COHORT = """\
language: cohort 1
id: set
title: A score that a device and a diet change
context_of_use: tests
time: day
inputs:
  device: {default: 0, label: Device}
  energy: {default: 2000 kcal/day}
parameters:
  E0: {typical: 50}
  gain: {typical: 0.1 1/day}
dynamics:
  score: {start: E0, rate: gain * device * energy / (2000 kcal/day)}
quantities:
  shown: {is: score + device}
events:
  fall: {hazard: 0.01 1/day * (1 - device)}
measures:
  points: {is: shown, error: {additive: 3}}
  intake: {is: energy, error: {}}
"""
ARMS = "{device: 1, energy: {week 1: 6276 kJ/day, month 6: 4184 kJ/day}}"
PROTOCOL = f"""\
language: protocol 1
id: device
title: A device against none
phase: 2
context_of_use: {{question: Does it help?, decision: none, model_influence: low, consequence: low}}
patients: {{cohort: set, randomised: 60}}
arms:
  none: {{}}
  device: {{sets: {ARMS}}}
visits: {{baseline: day 0, w4: week 4}}
assess:
  points: {{at: [baseline, w4]}}
conduct:
  accrual: {{rate: 20 per month}}
endpoints:
  change: {{measure: points, derive: change_from_baseline, at: w4}}
estimands:
  main: {{endpoint: change, events: {{}}}}
analyses:
  primary:
    estimand: main
    method: t_test
    compare: {{device vs none: {{better: higher}}}}
success: any of primary
scenarios:
  expected: {{}}
simulate: {{seed: 1, trials: 100}}
"""


@pytest.fixture
def cohort(tmp_path: Path):  # type: ignore[no-untyped-def]
    (tmp_path / "set.yaml").write_text(COHORT)
    return read_cohort(tmp_path / "set.yaml")[0]


def test_an_input_is_read_written_and_a_column_of_the_model(cohort, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert cohort.inputs == (
        Input(name="device", unit=ONE, default=0.0, label="Device"),
        Input(name="energy", unit=unit("kcal/day"), default=2000.0),
    )
    (tmp_path / "again.yaml").write_text(cohort_text(cohort))
    assert read_cohort(tmp_path / "again.yaml")[0] == cohort
    assert parameter_columns(cohort) == ("E0", "gain", "device", "energy")
    assert course_model(cohort, (), ("points",), 0.0, events=True).parameters == parameter_columns(cohort)
    assert next(measure.unit for measure in cohort.measures if measure.name == "intake") == unit("kcal/day")


def test_an_arm_sets_inputs_in_their_units_and_in_steps(cohort) -> None:  # type: ignore[no-untyped-def]
    protocol = protocol_from(PROTOCOL, cohort)
    device, energy = protocol.arms[1].sets
    assert (device, protocol.arms[0].sets) == (Setting(input="device", unit=ONE, steps=((0.0, 1.0),)), ())
    assert (energy.input, energy.unit) == ("energy", unit("kcal/day"))
    days, values = zip(*energy.steps, strict=True)
    assert days == (7.0, 182.625)
    assert values == pytest.approx((1500.0, 1000.0))
    assert protocol_from(protocol_text(protocol), cohort) == protocol


def test_a_design_varies_what_an_arm_sets(cohort) -> None:  # type: ignore[no-untyped-def]
    text = PROTOCOL.replace("success:", "vary: {arms.device.sets.device: [1, 0.5]}\nsuccess:")
    sets = [design.protocol.arms[1].sets[0].steps for design in protocol_from(text, cohort).designs]
    assert sets == [((0.0, 1.0),), ((0.0, 0.5),)]
