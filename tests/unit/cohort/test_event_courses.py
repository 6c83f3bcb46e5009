"""Event records and what the kernel makes of them: order at one time, covariates in time, infusions, steady states."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import trialsim
from trialsim.foundation.errors import InvalidDocument

COHORT = """
language: cohort 1
id: vein
title: One compartment, a bolus with a lag of the individual's, an infusion of the cohort's own length
context_of_use: tests
time: h
covariates:
  weight: {lognormal: {median: 70 kg, cv: 20%}, within: [40 kg, 130 kg]}
  delay: {uniform: {low: 0 h, high: 5 h}}
  share: {uniform: {low: 0, high: 1}}
parameters:
  CL: {typical: 2 L/h, effects: {weight: {power: 1, reference: 70 kg}}}
  V: {typical: 20 L}
dynamics:
  central:
    unit: mg
    rate: -CL / V * central
    receives:
      - {drug: x, route: iv, lag: delay, bioavailability: share}
      - {drug: x, route: pump, bioavailability: share, duration: 4 h}
measures:
  conc: {is: central / V, unit: mg/L, error: {proportional: 10%}}
"""
K = 0.1  # CL / V at 70 kg
EMPTY = {"AMT": np.nan, "RATE": np.nan, "EVID": np.nan, "II": np.nan, "ADDL": np.nan, "SS": np.nan}


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    path = tmp_path / "vein.yaml"
    path.write_text(COHORT, encoding="utf-8")
    return path


def conc(cohort: Path, *rows: dict[str, float], **options: object) -> np.ndarray:
    """Return the amounts in mg over 20 L at every record of one individual of 70 kg without lag, wholly available."""
    person = {"ID": 1, "weight": 70.0, "delay": 0.0, "share": 1.0}
    simulated = trialsim.simulate_events(cohort, pd.DataFrame([{**person, **EMPTY, **row} for row in rows]), **options)  # type: ignore[arg-type]
    assert simulated.failures == ()
    return simulated.frame["IPRED"].to_numpy()


def bolus(time: float, amount: float = 100.0, **more: float) -> dict[str, float]:
    return {"TIME": time, "AMT": amount, "EVID": 1, "RATE": 0, **more}


def seen(time: float, **more: float) -> dict[str, float]:
    return {"TIME": time, "EVID": 0, **more}


def test_records_of_one_time_are_gone_through_in_their_order(cohort: Path) -> None:
    found = conc(cohort, seen(0), bolus(0), seen(0), bolus(0, 20.0), seen(0), seen(10))
    left = math.exp(-K * 10)
    np.testing.assert_allclose(found, [0, 5, 5, 6, 6, 6 * left], rtol=1e-11)


def test_an_additional_dose_is_seen_by_the_records_of_its_time(cohort: Path) -> None:
    found = conc(cohort, bolus(0, II=12, ADDL=1), seen(12), seen(12))
    once = 5 * math.exp(-K * 12)
    np.testing.assert_allclose(found, [5, once + 5, once + 5], rtol=1e-11)


def test_a_lagged_dose_is_seen_when_it_arrives(cohort: Path) -> None:
    found = conc(cohort, bolus(0, delay=3.0), seen(2, delay=3.0), seen(3, delay=3.0), seen(5, delay=3.0))
    np.testing.assert_allclose(found, [0, 0, 5, 5 * math.exp(-K * 2)], rtol=1e-11)


def test_covariates_hold_since_the_record_before_or_from_their_record_on(cohort: Path) -> None:
    records = (bolus(0), seen(4, weight=140.0), seen(10, weight=35.0), seen(12))
    backward = [0, 2 * 4, 2 * 4 + 0.5 * 6, 2 * 4 + 0.5 * 6 + 2]
    forward = [0, 4, 4 + 2 * 6, 4 + 2 * 6 + 0.5 * 2]
    np.testing.assert_allclose(conc(cohort, *records), 5 * np.exp(-K * np.array(backward)), rtol=1e-11)
    np.testing.assert_allclose(
        conc(cohort, *records, carry="forward"), 5 * np.exp(-K * np.array(forward)), rtol=1e-11
    )  # fmt: skip


def test_lag_and_bioavailability_are_those_of_the_dose(cohort: Path) -> None:
    found = conc(cohort, bolus(0, delay=2.0, share=0.5), seen(1, delay=0.0, share=1.0), seen(4, delay=1.0))
    np.testing.assert_allclose(found, [0, 0, 2.5 * math.exp(-K * 2)], rtol=1e-11)


def infused(time: float, rate: float, until: float) -> float:
    """Return the concentration of an infusion in mg/h, 20 L, from 0 until a time."""
    during = min(time, until)
    return rate / 20 / K * (1 - math.exp(-K * during)) * math.exp(-K * (time - during))


def test_bioavailability_shortens_an_infusion_at_a_rate_and_thins_one_of_a_length(cohort: Path) -> None:
    at_a_rate = conc(cohort, bolus(0, RATE=25, share=0.5), *(seen(t, share=0.5) for t in (1, 2, 3, 6)))
    np.testing.assert_allclose(at_a_rate, [0, *(infused(t, 25, 2) for t in (1, 2, 3, 6))], rtol=1e-11, atol=1e-14)
    of_a_length = conc(cohort, bolus(0, RATE=-2, share=0.5), *(seen(t, share=0.5) for t in (1, 2, 3, 6)))
    np.testing.assert_allclose(of_a_length, [0, *(infused(t, 12.5, 4) for t in (1, 2, 3, 6))], rtol=1e-11, atol=1e-14)


def test_steady_states_replace_and_add(cohort: Path) -> None:
    found = conc(cohort, bolus(0, 1000.0), bolus(1, SS=1, II=12), seen(2), bolus(3, 40.0, SS=2, II=8), seen(5))
    one = 5 / (1 - math.exp(-K * 12))
    two = 2 / (1 - math.exp(-K * 8))
    left = math.exp(-K)
    expected = [50, one, one * left, one * left**2 + two, (one * left**2 + two) * left**2]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_a_steady_state_of_infusions_longer_than_their_interval(cohort: Path) -> None:
    """Each lasts 15 h and the next begins after 12 h: what still runs at the record goes on."""
    found = conc(cohort, bolus(0, 150.0, RATE=10, SS=1, II=12), seen(3), seen(9), seen(20))
    doses = [-12.0 * k for k in range(40)]
    expected = [sum(infused(t - dose, 10, 15) for dose in doses) for t in (0, 3, 9, 20)]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_what_changes_with_time_has_no_steady_state(cohort: Path) -> None:
    text = COHORT.replace("-CL / V * central", "-CL / V * central * (1 + since(randomised) / 1 day)")
    cohort.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidDocument) as fault:
        conc(cohort, bolus(0, SS=1, II=12), seen(1))
    assert str(fault.value) == (
        "records:2:23: error[records-not-honoured]: a cohort whose rates change with time has no steady state\n"
        "  = write the doses before with ADDL, as many as it takes"
    )


@pytest.mark.long
def test_a_chain_has_the_steady_state_that_many_doses_lead_to(cohort: Path) -> None:
    cohort.write_text(COHORT.replace("lag: delay", "transit: {number: 2, mean_time: 1 h}"), encoding="utf-8")
    many = conc(cohort, bolus(0, 10.0, II=12, ADDL=40, ROUTE="iv"), seen(40 * 12 + 1), seen(40 * 12 + 5))[1:]
    found = conc(cohort, bolus(0, 10.0, SS=1, II=12, ROUTE="iv"), seen(1), seen(5))[1:]
    np.testing.assert_allclose(found, many, rtol=1e-7)


@pytest.mark.long
def test_the_steady_state_of_saturable_elimination_is_where_many_doses_lead(cohort: Path) -> None:
    text = COHORT.replace("-CL / V * central", "-CL / V * central / (1 + central / 50 mg)")
    cohort.write_text(text, encoding="utf-8")
    many = conc(cohort, bolus(0, 10.0, II=12, ADDL=120), seen(120 * 12), seen(120 * 12 + 5))[1:]
    np.testing.assert_allclose(conc(cohort, bolus(0, 10.0, SS=1, II=12), seen(5)), many, rtol=1e-6)
