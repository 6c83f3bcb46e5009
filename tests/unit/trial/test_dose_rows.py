"""The table of doses: what was planned, when and how much was taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.unit.trial.worlds import dosing, pressure_world
from trialsim.protocol.dosing_model import Adherence, Timing
from trialsim.protocol.model import Arm
from trialsim.trial.simulate import simulate_trials


def doses(**parts):
    """Return the table of doses of two small trials, columns as arrays, arms by patient, and when dosing stopped."""
    world = pressure_world(24)
    lines = (dosing(10.0, None, start=0.0), dosing(0.1, days=("mon", "thu"), start=1.0, per_weight=True))
    arms = (
        world.protocol.arms[0],
        Arm(name="low", label="", dosing=(dosing(5.0),)),
        Arm(name="high", label="", dosing=lines),
    )
    conduct = replace(world.protocol.conduct, adherence=Adherence(takes=0.7, between_patients_sd=0.0, **parts))
    assess = tuple(replace(item, after_dose=(0.0,)) for item in world.protocol.assess)
    protocol = replace(world.protocol, arms=arms, conduct=conduct, assess=assess)
    tables = simulate_trials(replace(world, protocol=protocol), range(2), 2)
    table = tables["doses"]
    people = tables["patients"]
    arm_of = dict(zip(zip(people["trial"], people["patient"], strict=True), people["arm"].codes, strict=True))
    weight_of = dict(zip(zip(people["trial"], people["patient"], strict=True), people["weight"], strict=True))
    who = list(zip(table["trial"], table["patient"], strict=True))
    columns = {name: np.asarray(table[name]) for name in table if name not in ("drug", "route", "unit")}
    return columns | {"arm": np.array([arm_of[w] for w in who]), "weight": np.array([weight_of[w] for w in who])}


def test_planned_and_taken_times_and_amounts():
    table = doses(timing=Timing(kind="normal", spread=0.1), doubles=0.5)
    taken = table["taken"]
    assert 0.5 < taken.mean() < 0.75
    assert np.array_equal(np.isnan(table["taken_time"]), ~taken)
    off = table["taken_time"][taken] - table["planned_time"][taken]
    assert 0.03 < np.std(off) < 0.12
    assert np.all(table["taken_amount"][~taken] == 0.0)
    times = table["taken_amount"][taken] / table["amount"][taken]
    assert set(times) == {1.0, 2.0} and 0.05 < np.mean(times == 2.0) < 0.3


def test_a_dose_is_doubled_only_after_a_missed_one_of_its_line():
    table = doses(doubles=1.0)
    keys = list(zip(table["trial"], table["patient"], table["line"], strict=True))
    seen = 0
    for i, key in enumerate(keys):
        before = [k for k in range(i) if keys[k] == key]
        if not table["taken"][i]:
            continue
        after_missed = bool(before) and not table["taken"][before[-1]]
        assert table["taken_amount"][i] == table["amount"][i] * (2.0 if after_missed else 1.0)
        seen += after_missed
    assert seen > 50


def test_lines_weights_and_days_of_the_week():
    table = doses()
    assert np.array_equal(table["taken_time"][table["taken"]], table["planned_time"][table["taken"]])
    first = (table["arm"] == 2) & (table["line"] == 1)
    assert set(table["planned_time"][first]) == {0.0} and set(table["amount"][first]) == {10.0}
    second = (table["arm"] == 2) & (table["line"] == 2)
    np.testing.assert_array_equal(table["amount"][second], 0.1 * table["weight"][second])
    assert not np.any(table["arm"] == 0)
    people = set(zip(table["trial"][second], table["patient"][second], strict=True))
    patterns = set()
    for trial, patient in people:
        mine = second & (table["trial"] == trial) & (table["patient"] == patient)
        days = table["planned_time"][mine]
        assert np.all(np.diff(days) > 0) and days.min() >= 1.0 and days.max() < 28.0
        assert set(np.diff(days)) == {3.0, 4.0}
        patterns.add(days[0])
    assert len(people) > 10 and len(patterns) > 2  # patients begin their weeks on different days


def test_rows_are_patient_after_patient_in_the_order_of_time():
    table = doses()
    keys = list(zip(table["trial"], table["patient"], strict=True))
    blocks = [key for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]
    assert len(blocks) == len(set(blocks))
    same = np.array([a == b for a, b in zip(keys, keys[1:], strict=False)])
    assert np.all(np.diff(table["planned_time"])[same] >= 0)
