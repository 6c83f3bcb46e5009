"""What patients make of doses is theirs: no other arm, line, trial or chunk moves it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.property.test_invariance import by_key, rows
from tests.unit.trial.worlds import dosing, pressure_world
from trialsim.foundation.expression import parse
from trialsim.foundation.units import quantity
from trialsim.protocol.dosing_model import Adherence, FormulaAmount, Holidays, Strengths, Timing
from trialsim.protocol.model import Arm
from trialsim.trial.simulate import simulate_trials

N_TRIALS = 4
ADHERENCE = Adherence(
    takes=0.85, between_patients_sd=0.5, timing=Timing(kind="lognormal", location=1 / 24, spread=1.0), doubles=0.4,
    holidays=Holidays(rate=0.04, length=3.0, cv=0.5),
)  # fmt: skip
WORLD = pressure_world(12)
TABLETS = Strengths(available=(quantity("2.5 mg"),), rounded="nearest")
LOW = Arm(name="low", label="", dosing=(dosing(0.1, per_weight=True, strengths=TABLETS),))
HIGH = Arm(name="high", label="", dosing=(dosing(20.0, days=("mon", "wed", "fri")), dosing(5.0, 2.0, start=0.5)))
TOP = Arm(name="top", label="", dosing=(dosing(40.0), dosing(5.0, 1.0, start=0.25)))


def world(*arms: Arm):  # type: ignore[no-untyped-def]
    protocol = WORLD.protocol
    randomise = replace(protocol.randomise, ratio=(1,) * len(arms), block=2 * len(arms))
    conduct = replace(protocol.conduct, adherence=ADHERENCE)
    return replace(WORLD, protocol=replace(protocol, arms=arms, randomise=randomise, conduct=conduct))


@pytest.fixture(scope="module")
def tables():  # type: ignore[no-untyped-def]
    return simulate_trials(world(WORLD.protocol.arms[0], LOW, HIGH), range(N_TRIALS), N_TRIALS)


def counterfactuals(tables):  # type: ignore[no-untyped-def]
    return by_key(tables["counterfactuals"], ("trial", "patient", "estimand", "arm"), ("value",))


def test_another_arm_moves_nobody(tables) -> None:  # type: ignore[no-untyped-def]
    other = simulate_trials(world(WORLD.protocol.arms[0], LOW, HIGH, TOP), range(N_TRIALS), N_TRIALS)
    before, after = counterfactuals(tables), counterfactuals(other)
    assert len(before) > 100
    assert {key: after[key] for key in before} == before
    who = ("trial", "patient")
    first, second = by_key(tables["patients"], who, ("arm",)), by_key(other["patients"], who, ("arm",))
    same = {key for key in first if first[key] == second[key]}
    ours, theirs = ([row for row in rows(each["doses"], *each["doses"]) if row[:2] in same] for each in (tables, other))
    assert ours == theirs and len(ours) > 50


def test_a_trial_alone_is_the_same(tables) -> None:  # type: ignore[no-untyped-def]
    alone = simulate_trials(world(WORLD.protocol.arms[0], LOW, HIGH), range(2, 3), N_TRIALS)
    for name in ("doses", "endpoints", "visits"):
        assert rows(alone[name], *alone[name]) == [row for row in rows(tables[name], *tables[name]) if row[0] == 2]


def test_amounts_are_dispensed_and_taken_as_the_table_says(tables) -> None:  # type: ignore[no-untyped-def]
    low = [row for row in rows(tables["doses"], "line", "amount", "taken_amount", "taken") if row[1] < 20]
    assert {row[1] % 2.5 for row in low} == {0.0}
    assert {row[2] / row[1] for row in low if row[3]} == {1.0, 2.0}


def test_an_amount_that_is_none_is_a_patient_who_fails() -> None:
    nothing = FormulaAmount(text="", value=parse("weight - 75", None, ["weight"]))
    arm = Arm(name="high", label="", dosing=(replace(dosing(1.0), amount=nothing),))
    made = simulate_trials(world(WORLD.protocol.arms[0], LOW, arm), range(2), 2)
    weights = by_key(made["patients"], ("trial", "patient"), ("weight",))
    failed = {row[:2] for row in rows(made["failures"], "trial", "patient")}
    assert failed == {key for key, (weight,) in weights.items() if weight <= 75.0}
    assert 0 < len(failed) < len(weights)
