"""Rules asked on an intercurrent event, what it does to a pump, and ladders per body surface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.trial.rules_documents import COHORT, PROTOCOL, own, patients_of, plain
from trialsim.cohort.read import cohort_of_text
from trialsim.protocol.read import protocol_from
from trialsim.trial.simulate import simulate_trials
from trialsim.trial.world import World

Tables = dict[str, dict[str, Any]]
HEAD, REST = PROTOCOL.split("arms:\n")[0], PROTOCOL[PROTOCOL.index("visits:\n") :]
ARMS = """\
arms:
  basal: {dosing: [WEEKLY]}
  switched: {dosing: [WEEKLY], rules: [switch]}
  pumped: {dosing: [{drug: X, amount: 84 mg, route: iv, over: 28 days, at: day 0}], rules: [set]}
  titrated: {dosing: [WEEKLY], rules: [titrate]}
rules:
  switch: {on: rash, do: [{then: {add: {drug: gcsf, amount: 5 mg, route: sc, every: 24 h, times: 3}}}]}
  set: {at: [day 14], watch: anc, do: [{then: {rate: 5 mg/day}}]}
  titrate:
    at: [day 20]
    watch: {c: level_x}
    ladder: [10 mg/m2, 20 mg/m2, 40 mg/m2]
    do: [{when: c > 4 mg/L, then: level down}, {then: level up}]
"""
WEEKLY = "{drug: X, amount: 20 mg/m2, surface: mosteller, route: iv, every: 7 days, times: 8}"
SURE = REST.replace("adherence: {takes: 90%}, missed_visits: 10%", "missed_visits: 0%").replace(
    "conduct: {", "conduct: {intercurrent_events: {rash: {hazard: 0.04 per day, then: stop dosing}}, "
)


@pytest.fixture(scope="module")
def tables() -> Tables:
    people = COHORT.replace("covariates:\n", "covariates:\n  height: {normal: {mean: 170 cm, sd: 8 cm}}\n")
    cohort = cohort_of_text(people, "<cohort>", Path())[0]
    text = HEAD + ARMS.replace("WEEKLY", WEEKLY) + SURE.replace("titrated vs fixed", "titrated vs basal").replace(
        "estimands: {main: {endpoint: end}}", "estimands: {main: {endpoint: end, events: {rash: treatment_policy}}}")
    protocol = protocol_from(text, cohort)
    world = World(protocol=protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=7)
    return simulate_trials(world, range(1), 1)


def rashes(tables: Tables, arm: str) -> dict[int, float]:
    """Return the day of the rash of every patient of an arm; infinite for none."""
    events = tables["events"]
    is_rash = plain(events["event"]) == "rash"
    day = dict(zip(np.asarray(events["patient"])[is_rash], np.asarray(events["time"])[is_rash], strict=True))
    return {int(p): float(np.nan_to_num(day[p], nan=np.inf)) for p in patients_of(tables, arm)}


def test_an_intercurrent_event_stops_one_drug_and_a_rule_gives_another(tables: Tables) -> None:
    day = rashes(tables, "switched")
    assert 2 < sum(d < 56.0 for d in day.values()) < len(day)
    for patient, at in day.items():
        doses = own(tables["doses"], patient)
        own_drug, other = doses["drug"] == "X", doses["drug"] == "gcsf"
        assert np.array_equal(doses["taken"][own_drug] > 0, doses["planned_time"][own_drug] < at)
        expected = [at, at + 1.0, at + 2.0] if at < 84.0 else []
        np.testing.assert_allclose(doses["taken_time"][other], expected, atol=1e-9)
        decisions = own(tables["decisions"], patient)
        np.testing.assert_allclose(decisions["time"], expected[:1], atol=1e-9)
    for patient in rashes(tables, "basal"):
        assert own(tables["decisions"], patient)["time"].size == 0
        assert (own(tables["doses"], patient)["drug"] == "X").all()


def test_an_intercurrent_event_stops_a_pump(tables: Tables) -> None:
    """3 mg a day from the start, 5 from day 14, nothing from day 28 or the rash."""
    day = rashes(tables, "pumped")
    assert any(at < 14.0 for at in day.values()) and any(14.0 < at < 28.0 for at in day.values())
    for patient, at in day.items():
        doses = own(tables["doses"], patient)
        given = 3.0 * min(at, 14.0) + 5.0 * max(min(at, 28.0) - 14.0, 0.0)
        assert doses["taken_amount"][doses["taken"] > 0].sum() == pytest.approx(given, rel=1e-9)


def test_a_ladder_per_surface_is_multiplied_by_each_patients_surface(tables: Tables) -> None:
    levels = set()
    for patient, at in rashes(tables, "titrated").items():
        doses = own(tables["doses"], patient)
        taken = doses["taken"] > 0
        by_first = doses["taken_amount"][taken] / doses["amount"][0]
        people = own(tables["patients"], patient)
        surface = np.sqrt(people["weight"][0] * people["height"][0] / 3600.0)  # Mosteller 1987
        assert doses["amount"][0] == pytest.approx(20.0 * surface, rel=1e-12)
        early = doses["taken_time"][taken] <= 20.0
        assert (by_first[early] == 1.0).all()
        if at > 28.0:
            (factor,) = {round(float(f), 12) for f in by_first[~early]}
            levels.add(factor)
    assert levels == {0.5, 2.0}
