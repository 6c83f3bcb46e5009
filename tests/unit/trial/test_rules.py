"""Rules inside a course: what they see is what is stored, what they did is in the tables, and gives the same course."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.unit.trial.rules_documents import PROTOCOL, own, patients_of, plain, world
from trialsim.dynamics.courses import Luck, courses
from trialsim.dynamics.doses import Schedule
from trialsim.trial.setup import setup_of
from trialsim.trial.simulate import simulate_trials

Tables = dict[str, dict[str, Any]]
LADDER = [10.0, 20.0, 40.0, 80.0]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return simulate_trials(world(), range(1), 1)


def texts(tables: Tables, patient: int) -> dict[str, np.ndarray[Any, Any]]:
    return own(tables["decisions"], patient)


def seen(decision: str) -> dict[str, float]:
    """Return the values of a decision by name; what is not known is not among them."""
    parts = [part.split(" = ") for part in decision.split(", ")]
    return {name: float(value.split()[0]) for name, value in parts if value != "not known"}


def test_a_rule_sees_the_newest_number_that_is_known_and_stored(tables: Tables) -> None:
    compared = 0
    names = {"c": "level_x", "n": "anc", "anc": "anc"}
    for arm in ("titrated", "careful", "rescued"):
        for patient in patients_of(tables, arm):
            visits, decided = own(tables["visits"], patient), texts(tables, patient)
            for time, values in zip(decided["time"], decided["values"], strict=True):
                for name, value in seen(values).items():
                    delay = 1.0 if names[name] == "anc" else 0.0
                    known = (visits["measure"] == names[name]) & ~visits["missed"]
                    known &= visits["actual_time"] + delay <= time + 1e-9
                    newest = np.flatnonzero(known)[np.argmax(visits["actual_time"][known])]
                    assert value == visits["value"][newest]
                    compared += 1
    assert compared > 200


def test_doses_given_replayed_as_a_fixed_schedule_give_the_same_course(tables: Tables) -> None:
    setup = setup_of(world())
    inlets = [inlet.drug for inlet in setup.model.inlets]
    parameters = tables["patients"]
    compared = 0
    for arm in ("titrated", "careful", "rescued"):
        for patient in patients_of(tables, arm):
            doses, visits = own(tables["doses"], patient), own(tables["visits"], patient)
            row = int(np.flatnonzero(np.asarray(parameters["patient"]) == patient)[0])
            given = np.flatnonzero(doses["taken"])
            given = given[np.argsort(doses["taken_time"][given], kind="stable")]
            shown = np.flatnonzero(~visits["missed"] & (visits["measure"] == "level_x"))
            times = visits["actual_time"][shown]
            n_lines = setup.ruling.n_lines
            schedule = Schedule(
                offsets=np.concatenate(([0], np.full(n_lines, given.size))),
                time=doses["taken_time"][given],
                inlet=np.array([inlets.index(drug) for drug in doses["drug"][given]]),
                amount=doses["taken_amount"][given],
                duration=np.zeros(given.size),
                n_lines=n_lines,
            )
            course = courses(
                setup.model,
                np.array([[parameters[name][row] for name in setup.model.parameters]]),
                schedule,
                times[None, :],
                np.empty((1, 0)),
                False,
                False,
                100.0,
                luck=Luck(seed=0, trial=np.zeros(1, np.int64), patient=np.zeros(1, np.int64)),
            )
            again = course.outputs[0, :, setup.model.outputs.index("level_x")]
            np.testing.assert_allclose(again, visits["true_value"][shown], rtol=1e-10)
            compared += shown.size
    assert compared > 80


def test_titration_is_what_the_closed_form_says(tables: Tables) -> None:
    """One compartment, boluses: C(t) = sum D exp(-K (t - t_i)) / V, and the ladder moves by what it is at visits."""
    moved = 0
    table = tables["patients"]
    for patient in patients_of(tables, "titrated"):
        row = int(np.flatnonzero(np.asarray(table["patient"]) == patient)[0])
        rate, volume = float(table["K"][row]), float(table["V"][row])
        doses, visits, decided = own(tables["doses"], patient), own(tables["visits"], patient), texts(tables, patient)
        at_visits = visits["measure"] == "level_x"
        asked = [float(t) for t, missed, name in zip(
            visits["actual_time"][at_visits], visits["missed"][at_visits], visits["visit"][at_visits], strict=True)
            if not missed and name != "w12"]  # fmt: skip
        level, given = 1, []
        waiting = [float(t) for t in doses["planned_time"]]
        # Who takes a dose is no matter of rules: it is as in the table.
        takes = dict(zip(waiting, doses["taken"].tolist(), strict=True))
        for time in sorted({*asked, *waiting}):
            if time in asked:
                c = sum(amount * math.exp(-rate * (time - at)) for at, amount in given) / volume
                level = max(level - 1, 0) if c > 3 else min(level + 1, 3) if c < 2 else level
                done = "level down" if c > 3 else "level up" if c < 2 else "nothing"
                here = np.flatnonzero(np.abs(decided["time"] - time) < 1e-6)
                assert [decided["done"][i] for i in here] == [done]
                assert decided["level"][here[0]] == level + 1
                assert seen(decided["values"][here[0]])["c"] == pytest.approx(c, rel=1e-9)
                moved += done != "nothing"
            if time in takes and takes[time]:
                given.append((time, LADDER[level]))
        taken = doses["taken"]
        assert doses["taken_amount"][taken].tolist() == [amount for _, amount in given]
        assert len(decided["time"]) == len(asked)
    assert moved > 15


def test_what_is_done_is_in_the_doses(tables: Tables) -> None:
    stopped = delayed = held = added = 0
    for patient in patients_of(tables, "careful"):
        doses, decided = own(tables["doses"], patient), texts(tables, patient)
        for time, done in zip(decided["time"], decided["done"], strict=True):
            later = doses["taken_time"][doses["taken"] & (doses["taken_time"] >= time)]
            if done == "stop dosing":
                assert later.size == 0
                stopped += 1
            elif "delay" in done:
                assert np.all(later >= time + 7)
                delayed += 1
    for patient in patients_of(tables, "rescued"):
        doses, decided = own(tables["doses"], patient), texts(tables, patient)
        rescue = doses["drug"] == "gcsf"
        first = decided["time"][decided["done"] == "add gcsf"]
        assert doses["taken_time"][rescue].tolist() == [t + k for t in first for k in range(3)]
        assert np.all(doses["line"][rescue] == 2) and np.all(doses["taken_amount"][rescue] == 5.0)
        at = {done: time for time, done in zip(decided["time"], decided["done"], strict=True)}
        later = ~rescue & doses["taken"] & (doses["taken_time"] >= 42.0)
        if "hold dosing" in at:
            assert not later.any()
            held += 1
        elif "amount 30 mg" in at:
            assert np.all(doses["taken_amount"][later] == 30.0)
        added += int(first.size)
    assert min(stopped, delayed, held, added) > 0


def test_every_time_a_rule_is_asked_is_a_row(tables: Tables) -> None:
    for patient in patients_of(tables, "rescued"):
        decided = texts(tables, patient)
        assert decided["time"][decided["rule"] == "rescue"].tolist() == [7.0 * k for k in range(1, 10)]
    assert not any(len(texts(tables, patient)["time"]) for patient in patients_of(tables, "fixed"))
    assert "nothing: a value is not known" in plain(tables["decisions"]["done"])  # type: ignore[operator]


def test_a_trial_and_its_decisions_are_the_same_whatever_is_computed_with_it(tables: Tables) -> None:
    several = simulate_trials(world(), range(2), 2)
    for name in ("decisions", "doses", "visits", "counterfactuals"):
        for column, values in tables[name].items():
            whole = np.asarray(plain(several[name][column]))
            first = whole[np.asarray(several[name]["trial"]) == 0]
            np.testing.assert_array_equal(first, np.asarray(plain(values)))


def test_rules_of_one_arm_change_no_other_arm(tables: Tables) -> None:
    text = PROTOCOL.replace("at: [w2, w4, w8]\n", "at: [w4, w8]\n")
    other = simulate_trials(world(text), range(1), 1)
    values, changed = (np.asarray(each["counterfactuals"]["value"]) for each in (tables, other))
    titrated = plain(tables["counterfactuals"]["arm"]) == "titrated"
    np.testing.assert_array_equal(values[~titrated], changed[~titrated])
    assert np.any(values[titrated] != changed[titrated])
