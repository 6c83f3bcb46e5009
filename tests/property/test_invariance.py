"""Luck belongs to candidates: no chunk, arm, visit, dose, scenario or design moves anybody's random numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trial.worlds import dosing, formula, parameter, pressure_world
from trialsim.foundation.tables import COLUMNS, PATIENT_LEVEL, TRIAL_LEVEL, Coded
from trialsim.protocol.model import Arm, Assessment, IntercurrentEvent, Visit
from trialsim.trial.setup import setup_of
from trialsim.trial.simulate import simulate_trials
from trialsim.trial.treat import thresholds

N_TRIALS = 5
WORLD = pressure_world(18, mode="uncertain", seed=11)


@pytest.fixture(scope="module")
def tables():
    return simulate_trials(WORLD, range(N_TRIALS), N_TRIALS)


def plain(column):
    """Return a column as a list of plain values; NaN as None, so that missing equals missing."""
    if isinstance(column, Coded):
        return [None if code < 0 else column.categories[code] for code in column.codes]
    values = column.tolist()
    return [None if isinstance(value, float) and value != value else value for value in values]


def rows(table, *names):
    """Return the rows of some columns of a table."""
    return list(zip(*(plain(table[name]) for name in names), strict=True))


def by_key(table, keys, values):
    """Return a table's values by their keys."""
    out = dict(zip(rows(table, *keys), rows(table, *values), strict=True))
    assert len(out) == len(plain(table[keys[0]]))
    return out


def with_protocol(**parts):
    return replace(WORLD, protocol=replace(WORLD.protocol, **parts))


def simulated(world, n_trials=N_TRIALS):
    return simulate_trials(world, range(n_trials), n_trials)


def counterfactuals(tables):
    return by_key(tables["counterfactuals"], ("trial", "patient", "estimand", "arm"), ("value",))


WHO = ("trial", "patient")
CANDIDATE = (*WHO, "site", "randomised_at", "adherence", "weight", "sex", "base", "kout", "CL", "V", "EC50", "stratum")


def test_tables_have_exactly_their_columns(tables):
    assert set(tables) == {*PATIENT_LEVEL, *TRIAL_LEVEL}
    for name, table in tables.items():
        own = {*(p.name for p in WORLD.cohort.parameters), *(c.name for c in WORLD.cohort.covariates)}
        assert set(table) == {c.name for c in COLUMNS[name]} | (own if name == "patients" else set())
        assert len({len(column) for column in table.values()}) == 1
        assert len(table["trial"]) > 0 or name in ("failures", "decisions")
        for column in COLUMNS[name]:
            if not column.nullable:
                assert None not in plain(table[column.name]), (name, column.name)


@pytest.mark.parametrize("size", [1, 3])
def test_the_chunk_changes_no_bit(tables, size):
    pieces = [
        simulate_trials(WORLD, range(first, min(first + size, N_TRIALS)), N_TRIALS)
        for first in range(0, N_TRIALS, size)
    ]
    for name, table in tables.items():
        for column in table:
            assert plain(table[column]) == [v for piece in pieces for v in plain(piece[name][column])], (name, column)


def test_what_is_kept_changes_nothing_else(tables):
    fewer = simulate_trials(WORLD, range(N_TRIALS), 2)
    for name in TRIAL_LEVEL:
        assert rows(fewer[name], *fewer[name]) == rows(tables[name], *tables[name])
    for name in PATIENT_LEVEL:
        kept = [row for row in rows(tables[name], *tables[name]) if row[0] < 2]
        assert rows(fewer[name], *tables[name]) == kept
    assert all(len(simulate_trials(WORLD, range(2), 0)[name]["trial"]) == 0 for name in PATIENT_LEVEL)


def test_a_trial_started_late_is_the_same(tables):
    late = simulate_trials(WORLD, range(3, 5), N_TRIALS)
    for name, table in tables.items():
        expected = [row for row in rows(table, *table) if row[0] >= 3]
        assert rows(late[name], *table) == expected


def test_another_arm_moves_nobody(tables):
    arms = (*WORLD.protocol.arms, Arm(name="top", label="", dosing=(dosing(40.0), dosing(5.0, start=0.5))))
    randomise = replace(WORLD.protocol.randomise, ratio=(1, 1, 1, 1), block=8)
    other = simulated(with_protocol(arms=arms, randomise=randomise))
    assert rows(other["patients"], *CANDIDATE) == rows(tables["patients"], *CANDIDATE)
    assert rows(other["patients"], "arm") != rows(tables["patients"], "arm")
    before, after = counterfactuals(tables), counterfactuals(other)
    assert {key: after[key] for key in before} == before
    assert plain(other["trials"]["screened"]) == plain(tables["trials"]["screened"])


def test_the_order_of_the_arms_moves_nobody(tables):
    other = simulated(with_protocol(arms=WORLD.protocol.arms[::-1]))
    assert counterfactuals(other) == counterfactuals(tables)


def test_a_patient_who_keeps_the_arm_keeps_everything(tables):
    arms = (*WORLD.protocol.arms, Arm(name="top", label="", dosing=(dosing(40.0),)))
    other = simulated(with_protocol(arms=arms, randomise=replace(WORLD.protocol.randomise, ratio=(1,) * 4, block=8)))
    first, second = by_key(tables["patients"], WHO, ("arm",)), by_key(other["patients"], WHO, ("arm",))
    same = {key for key in first if first[key] == second[key]}
    assert 10 < len(same) < len(first)
    for name in ("visits", "doses", "events", "endpoints"):
        columns = list(tables[name])
        ours = [row for row in rows(tables[name], *columns) if row[columns.index("trial") :][:2] in same]
        theirs = [row for row in rows(other[name], *columns) if row[columns.index("trial") :][:2] in same]
        assert ours == theirs
        assert len(ours) > 10


def test_another_visit_moves_no_luck(tables):
    visits = (*WORLD.protocol.visits[:3], Visit(name="w3", at=21.0, window=1.0), WORLD.protocol.visits[3])
    sbp = replace(WORLD.protocol.assess[0], visits=("screening", "baseline", "w2", "w3", "w4"))
    other = simulated(with_protocol(visits=visits, assess=(sbp, WORLD.protocol.assess[1])))
    assert rows(other["patients"], *CANDIDATE, "arm") == rows(tables["patients"], *CANDIDATE, "arm")
    before, after = counterfactuals(tables), counterfactuals(other)
    continuous = [key for key in before if key[2] != "responders"]
    np.testing.assert_allclose([after[k] for k in continuous], [before[k] for k in continuous], rtol=1e-5, atol=1e-4)
    keys, luck = (*WHO, "measure", "visit", "nominal_time"), ("actual_time", "missed", "reason")
    mine, theirs = by_key(tables["visits"], keys, luck), by_key(other["visits"], keys, luck)
    assert {key: theirs[key] for key in mine} == mine


def test_a_dose_more_leaves_the_others_as_they_were(tables):
    high = replace(WORLD.protocol.arms[2], dosing=(dosing(20.0), dosing(10.0, 7.0, start=0.25)))
    other = simulated(with_protocol(arms=(*WORLD.protocol.arms[:2], high)))
    keys = (*WHO, "drug", "route", "planned_time", "amount")
    stopped = {row[:2] for name in (tables, other) for row in rows(name["events"], *WHO, "kind", "time")
               if row[2] == "intercurrent" and row[3] is not None}  # fmt: skip
    before = by_key(tables["doses"], keys, ("taken",))
    after = by_key(other["doses"], keys, ("taken",))
    free = {key: taken for key, taken in before.items() if key[:2] not in stopped}
    assert len(free) > 100
    assert {key: after[key] for key in free} == free
    assert len(after) > len(before)


def test_conduct_moves_no_truth(tables):
    conduct = replace(WORLD.protocol.conduct, missed_visits=0.5, lost_to_follow_up=())
    conduct = replace(conduct, accrual=replace(conduct.accrual, rate=0.5))
    other = simulated(replace(with_protocol(conduct=conduct), scenario="slow"))
    same = [name for name in CANDIDATE if name != "randomised_at"]
    assert rows(other["patients"], *same, "arm") == rows(tables["patients"], *same, "arm")
    assert counterfactuals(other) == counterfactuals(tables)
    keys = (*WHO, "measure", "visit", "nominal_time")
    before, after = (by_key(each["visits"], keys, ("actual_time", "true_value", "value")) for each in (tables, other))
    both = [key for key in before if None not in before[key] + after[key]]
    assert len(both) > 100
    assert [before[key] for key in both] == [after[key] for key in both]


def test_another_event_moves_no_threshold(tables):
    never = IntercurrentEvent(name="rare", hazard=formula("0 1/h * conc / EC50"), hazard_text="", action="stop dosing")
    events = (never, *WORLD.protocol.conduct.intercurrent_events)
    rare = ("rare", "treatment_policy")
    strategies = [replace(e, strategies=(*e.strategies, rare)) for e in WORLD.protocol.estimands]
    conduct = replace(WORLD.protocol.conduct, intercurrent_events=events)
    other = simulated(with_protocol(conduct=conduct, estimands=tuple(strategies)))
    keys = (*WHO, "event", "kind")
    before, after = by_key(tables["events"], keys, ("time",)), by_key(other["events"], keys, ("time",))
    assert len(after) > len(before)
    for key, (time,) in before.items():
        assert after[key][0] == (None if time is None else pytest.approx(time, rel=1e-6))
    trials, patients = np.repeat(np.arange(3), 20), np.tile(np.arange(20), 3)
    alone = thresholds(setup_of(WORLD), trials, patients)
    beside = thresholds(setup_of(with_protocol(conduct=conduct)), trials, patients)
    assert alone.shape == (60, 1)
    assert np.array_equal(alone[:, 0], beside[:, 1])
    assert not np.any(beside[:, 0] == beside[:, 1])


@pytest.mark.long
def test_another_parameter_moves_nobody(tables):
    more = replace(WORLD.cohort, parameters=(parameter("y", 3.0, "", 0.5), *WORLD.cohort.parameters))
    other = simulated(replace(WORLD, cohort=more))
    assert rows(other["patients"], *CANDIDATE, "arm") == rows(tables["patients"], *CANDIDATE, "arm")
    assert counterfactuals(other) == counterfactuals(tables)


def test_a_larger_trial_begins_with_the_same_patients(tables):
    patients = replace(WORLD.protocol.patients, randomised=24)
    other = simulated(with_protocol(patients=patients))
    first = set(rows(tables["patients"], *CANDIDATE, "arm"))
    assert first < set(rows(other["patients"], *CANDIDATE, "arm"))
    before, after = counterfactuals(tables), counterfactuals(other)
    assert {key: after[key] for key in before} == before


def test_another_measure_moves_no_error(tables):
    times = (0.0, 1.0 / 24.0, 2.0 / 24.0)
    conc = Assessment(measure="x_conc", visits=("w2", "w4"), after_dose=times, known_after=3.0)
    other = simulated(with_protocol(assess=(WORLD.protocol.assess[0], conc)))
    keys = (*WHO, "measure", "visit", "nominal_time")
    before, after = (by_key(each["visits"], keys, ("true_value", "value")) for each in (tables, other))
    pairs = [(before[key], after[key]) for key in before if None not in before[key]]
    mine, theirs = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    np.testing.assert_allclose(mine[:, 1] - mine[:, 0], theirs[:, 1] - theirs[:, 0], rtol=1e-5, atol=1e-6)
