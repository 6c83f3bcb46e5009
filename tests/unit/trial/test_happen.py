"""Events of the cohort in the course of trials: on a hazard, again and again, on a condition, and the last one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trial.worlds import formula, method, shift_world
from trialsim.cohort.model import Event
from trialsim.foundation.streams import exponentials, label
from trialsim.protocol.model import Analysis, Comparison
from trialsim.trial.simulate import simulate_trials

N = 40
ANALYSIS = Analysis(
    name="main", estimand="main", method=method(), alpha=0.05, multiplicity="none",
    comparisons=(Comparison(treated="dose1", control="control", better="higher", margin=0.0),),
)  # fmt: skip
EVENTS = (
    Event(name="death", hazard=formula("0.1 1/day"), when=None, terminal=True),
    Event(name="cough", hazard=formula("0.5 1/day"), when=None, recurrent=True),
    Event(name="high", hazard=None, when=formula("score >= 14 mg")),
)


def words(column):
    return np.array(column.categories)[column.codes]


def luck(name, patients, index=0):
    trials = np.zeros(len(patients), dtype=np.int64)
    return exponentials(1, label("event", "of the cohort", name), trials, patients, index)


def lived(events, n=N):
    world = shift_world((n // 2, n // 2), (5.0,), 2.0, 1.0, ANALYSIS)
    return simulate_trials(replace(world, cohort=replace(world.cohort, events=events)), range(1), 1)


def test_events_happen_and_a_terminal_one_is_the_end():
    tables = lived(EVENTS)
    patients, events, visits, trials = (tables[name] for name in ("patients", "events", "visits", "trials"))
    number, arm = patients["patient"], words(patients["arm"])
    death = luck("death", number) / 0.1
    dead = death <= 7.0
    assert 5 < dead.sum() < N
    name, kind, day = words(events["event"]), words(events["kind"]), events["time"]
    assert set(kind[np.isin(name, ["death", "cough", "high"])]) == {"cohort"}
    np.testing.assert_allclose(day[name == "death"], np.where(dead, death, np.nan), rtol=1e-9)
    for i, patient in enumerate(number):
        own = events["patient"] == patient
        gaps = np.cumsum([luck("cough", number[i : i + 1], k)[0] / 0.5 for k in range(40)])
        expected = gaps[gaps <= min(7.0, death[i])]
        np.testing.assert_allclose(day[own & (name == "cough")], expected if expected.size else [np.nan], rtol=1e-9)
        level = patients["level"][i] + np.array([0.0, 5.0 * (arm[i] == "dose1")])
        over = [at for at, score in zip((0.0, 1.0), level, strict=True) if score >= 14.0 and at < death[i]][:1]
        np.testing.assert_allclose(day[own & (name == "high")], over or [np.nan], atol=1e-12)
        assert np.isnan(day[own & (name == "completed")][0]) == dead[i]
    end = words(visits["visit"]) == "end"
    assert np.array_equal(np.isnan(visits["value"][end]), dead)
    assert (words(visits["reason"])[end][dead] == "ended").all()
    assert trials["lost"][0] == 0
    looks = tables["looks"]
    assert looks["n_missing"][0] == dead.sum()
    assert looks["n_treated"][0] + looks["n_control"][0] == N - dead.sum()
    assert tables["failures"]["trial"].size == 0


@pytest.mark.long
def test_what_happens_moves_nobodys_numbers():
    with_events, without = lived(EVENTS[1:2]), lived(())
    for column in ("true_value", "value"):
        assert with_events["visits"][column].tobytes() == without["visits"][column].tobytes()
    assert with_events["looks"]["estimate"].tobytes() == without["looks"]["estimate"].tobytes()
