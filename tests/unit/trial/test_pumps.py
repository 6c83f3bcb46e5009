"""A pump that reads a sensor, a switch on an event, patients who leave: what rules see, remember and do."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.trial.pump_documents import world
from tests.unit.trial.rules_documents import own, patients_of, plain
from trialsim.dynamics.courses import Courses, Luck, courses
from trialsim.dynamics.doses import Schedule
from trialsim.trial.setup import setup_of
from trialsim.trial.sight import trials_at_once
from trialsim.trial.simulate import simulate_trials

Tables = dict[str, dict[str, Any]]
EVERY = 5.0  # minutes


@pytest.fixture(scope="module")
def tables() -> Tables:
    return simulate_trials(world(), range(1), 1)


def seen(values: str) -> dict[str, float]:
    """Return the values of a decision by name; what is not known is not a number."""
    parts = [part.split(" = ") for part in values.split(", ")]
    return {name: math.nan if value == "not known" else float(value.split()[0]) for name, value in parts}


def replayed(tables: Tables, patient: int, times: np.ndarray[Any, Any]) -> Courses:
    """Return the course of a patient who is given, by a fixed schedule, what the table of doses says was given."""
    setup = setup_of(world())
    doses, parameters = own(tables["doses"], patient), own(tables["patients"], patient)
    inlets = [(inlet.drug, inlet.route) for inlet in setup.model.inlets]
    given = np.flatnonzero(doses["taken"])
    given = given[np.argsort(doses["taken_time"][given], kind="stable")]
    n_lines = setup.ruling.n_lines
    schedule = Schedule(
        offsets=np.concatenate(([0], np.full(n_lines, given.size))),
        time=np.round(doses["taken_time"][given] * 1440.0, 6),
        inlet=np.array([inlets.index((doses["drug"][i], doses["route"][i])) for i in given]),
        amount=doses["taken_amount"][given],
        duration=np.round(doses["infusion"][given] * 1440.0, 6),
        n_lines=n_lines,
    )
    return courses(
        setup.model,
        np.array([[parameters[name][0] for name in setup.model.parameters]]),
        schedule,
        times[None, :],
        np.empty((1, 0)),
        [False],
        [False],
        1440.0,
        luck=Luck(seed=0, trial=np.zeros(1, np.int64), patient=np.zeros(1, np.int64)),
    )


def test_doses_given_replayed_as_a_fixed_schedule_give_the_same_course(tables: Tables) -> None:
    setup = setup_of(world())
    compared = 0
    for arm in ("basal", "loop", "switched", "bolus"):
        for patient in patients_of(tables, arm):
            visits = own(tables["visits"], patient)
            shown = np.flatnonzero(~visits["missed"])
            times = np.unique(visits["actual_time"][shown] * 1440.0)
            again = replayed(tables, patient, times).outputs[0]
            for i in shown:
                at = int(np.searchsorted(times, visits["actual_time"][i] * 1440.0))
                theirs = again[at, setup.model.outputs.index(visits["measure"][i])]
                assert theirs == pytest.approx(visits["true_value"][i], rel=2e-6), (arm, patient)
                compared += 1
    assert compared > 200


def test_a_pump_is_set_to_what_the_rule_says(tables: Tables) -> None:
    """What is remembered, the slope, the condition, steps and limits, worked out again from what the sensor read."""
    rated = stood = limited = 0
    for patient in patients_of(tables, "loop"):
        decided = own(tables["decisions"], patient)
        mine = decided["rule"] == "loop"
        assert np.allclose(decided["time"][mine] * 1440.0, EVERY * np.arange(288), atol=1e-6)
        read: list[float] = []
        i = asked = 0.0
        for values, done in zip(decided["values"][mine], decided["done"][mine], strict=True):
            told = seen(values)
            g, last = told["g"], 0.0
            if math.isnan(g):
                assert not read and done == "nothing: a value is not known"
                continue
            read.append(g)
            if len(read) < 4:
                assert math.isnan(told["trend"]) and done == "nothing: a value is not known"
                continue
            trend = sum((k - 1.5) * what for k, what in enumerate(read[-4:])) / (5.0 * EVERY)
            assert told["trend"] == pytest.approx(trend, abs=1e-12)
            i, asked = 0.98 * i + (g - 110.0) * EVERY, asked + 1
            assert told["i"] == pytest.approx(i / 6.0, rel=1e-12) and told["asked"] == asked  # mg*h/L
            if g < 80 or (g < 100 and trend < -1):
                assert done == "rate 0 U/h"
                stood += 1
            elif asked > 12:
                wanted = 1 + 0.01 * (g - 110) + 0.005 * trend * 60 + 0.002 * i / 60
                last = min(max(math.floor(wanted / 0.05 + 0.5) * 0.05, 0.0), 5.0)
                assert done.startswith("rate ") and float(done.split()[1]) == pytest.approx(last, abs=1e-9)
                rated, limited = rated + 1, limited + (wanted > 5 or wanted < 0)
            else:
                assert done == "nothing"
    assert min(rated, stood, limited) > 20


def test_rates_that_were_set_are_in_the_table_of_doses(tables: Tables) -> None:
    for patient in patients_of(tables, "loop"):
        decided, doses = own(tables["decisions"], patient), own(tables["doses"], patient)
        mine = (decided["rule"] == "loop") & np.char.startswith(decided["done"].astype(str), "rate ")
        rates = [26.0 / 24.0, *(float(done.split()[1]) for done in decided["done"][mine])]
        at = np.append(0.0, decided["time"][mine])
        lasts = np.diff(np.append(at, 1.0)) * 24.0
        insulin = (doses["drug"] == "insulin") & doses["taken"]
        assert doses["taken_amount"][insulin].sum() == pytest.approx(float(np.dot(rates, lasts)), rel=1e-9)
        assert np.all(doses["infusion"][insulin] > 0)


def test_fewer_trials_are_simulated_at_once_where_sensors_are_read_often(tables: Tables) -> None:
    protocol = world().protocol
    assert trials_at_once(protocol) == 2_000_000 // (2 * 288 * 32)
    assert trials_at_once(replace(protocol, rules=())) is None


def test_a_sensor_reads_with_its_error_and_is_known_later(tables: Tables) -> None:
    setup = setup_of(world())
    errors = []
    for patient in patients_of(tables, "loop"):
        decided = own(tables["decisions"], patient)
        mine = decided["rule"] == "loop"
        g = np.array([seen(values)["g"] for values in decided["values"][mine]])
        true = replayed(tables, patient, EVERY * np.arange(288)).outputs[0, :, setup.model.outputs.index("cgm")]
        # Known five minutes after it is read: at each asking the reading of the one before.
        plainly = g[1:] > 40.0
        errors += ((g[1:] - true[:-1]) / (0.08 * true[:-1]))[plainly].tolist()
        assert np.isnan(g[0])
    assert len(errors) > 2000
    assert abs(np.mean(errors)) < 4.0 / math.sqrt(len(errors))
    assert abs(np.std(errors) - 1.0) < 4.0 / math.sqrt(2.0 * len(errors))


def test_a_rule_is_asked_on_the_event_in_its_own_arm_and_switches_treatment(tables: Tables) -> None:
    switched = rescued = 0
    for arm in ("basal", "loop", "switched", "bolus"):
        for patient in patients_of(tables, arm):
            events, decided = own(tables["events"], patient), own(tables["decisions"], patient)
            doses = own(tables["doses"], patient)
            low = float(events["time"][events["event"] == "low"][0])
            asked = np.isin(decided["rule"], ["switch", "rescue"])
            if arm in ("basal", "bolus") or math.isnan(low):
                assert not asked.any()
                continue
            assert decided["time"][asked].tolist() == [pytest.approx(low, abs=1e-9)]
            insulin = doses["drug"] == "insulin"
            if arm == "loop":
                assert decided["done"][asked].tolist() == ["add carbohydrate"]
                rescue = (doses["drug"] == "carbohydrate") & (doses["planned_time"] == low)
                assert doses["taken_amount"][rescue].tolist() == [15_000.0]
                rescued += 1
                continue
            assert decided["done"][asked].tolist() == ["stop dosing, add insulin"]
            ran = insulin & (doses["infusion"] > 0)
            assert doses["infusion"][ran].tolist() == [pytest.approx(low, rel=1e-9)]
            assert doses["taken_amount"][ran].tolist() == [pytest.approx(39.0 * low, rel=1e-9)]
            added = insulin & (doses["planned_time"] >= low - 1e-9)
            assert np.allclose(doses["taken_time"][added], low + np.arange(3) / 6.0)
            switched += 1
    assert min(switched, rescued) > 0


def test_who_leaves_by_a_rule_is_lost_for_that_reason(tables: Tables) -> None:
    left = stayed = 0
    for patient in patients_of(tables, "switched"):
        events, decided = own(tables["events"], patient), own(tables["decisions"], patient)
        visits = own(tables["visits"], patient)
        gone = events["event"] == "gone"
        assert plain(events["kind"])[gone].tolist() == ["loss"]  # type: ignore[index]
        day = float(events["time"][gone][0])
        done = decided["done"][decided["rule"] == "gone"].tolist()
        noon = (visits["visit"] == "noon") & (visits["measure"] == "glucose_lab")
        if math.isnan(day):
            assert done == ["nothing"] and not visits["missed"].any() and visits["value"][noon][0] <= 500
            stayed += 1
            continue
        assert (day, done) == (0.5, ["leave trial"])
        # What was measured at that instant made the rule decide.
        assert visits["value"][noon][0] > 500
        after = np.isin(visits["visit"], ["evening", "end"])
        assert set(visits["reason"][after]) == {"lost"} and not visits["missed"][~after].any()
        assert np.all(decided["time"] <= 0.5)
        left += 1
    assert min(left, stayed) > 0 and tables["trials"]["lost"].tolist() == [left]


def test_the_truth_of_who_leaves_goes_on(tables: Tables) -> None:
    values, who = (np.asarray(tables["counterfactuals"][name]) for name in ("value", "patient"))
    analysed = dict(zip(np.asarray(tables["endpoints"]["patient"]).tolist(), tables["endpoints"]["value"], strict=True))
    for patient in patients_of(tables, "switched"):
        day = own(tables["events"], patient)
        is_gone = math.isfinite(float(day["time"][day["event"] == "gone"][0]))
        assert np.isfinite(values[who == patient]).all() and math.isnan(analysed[patient]) == is_gone


def test_a_ladder_per_kilogram_is_multiplied_by_each_patients_weight(tables: Tables) -> None:
    ladder, moved = [0.05, 0.1, 0.2, 0.4], 0
    for patient in patients_of(tables, "bolus"):
        doses, decided = own(tables["doses"], patient), own(tables["decisions"], patient)
        weight = float(own(tables["patients"], patient)["weight"][0])
        insulin = doses["drug"] == "insulin"
        for time, amount in zip(doses["taken_time"][insulin], doses["taken_amount"][insulin], strict=True):
            before = decided["level"][decided["time"] <= time + 1e-9]
            level = int(before[-1]) if before.size else 2
            assert amount == pytest.approx(min(ladder[level - 1] * weight, 20.0), rel=1e-12)
            moved += level != 2
    assert moved > 5
