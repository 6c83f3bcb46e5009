"""Trials looked at while they run: dates, what is known, bounds, decisions, worked out again from the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.trial.rules_documents import plain
from trialsim.analysis.group_sequential import spending_bounds
from trialsim.analysis.spending import increments, spent
from trialsim.cohort.model import Cohort
from trialsim.cohort.read import cohort_of_text
from trialsim.protocol.model import Protocol
from trialsim.protocol.read import protocol_from
from trialsim.trial.simulate import simulate_trials
from trialsim.trial.world import World

COHORT = """
language: cohort 1
id: tumours
title: Two hazards, made for tests
context_of_use: tests
time: day
inputs: {treated: {default: 0}}
covariates:
  sex: {categories: {female: 0.5, male: 0.5}}
parameters:
  ratio: {typical: 0.6}
events:
  progression: {exponential: {median: 7 months}, times: "if(treated == 1, ratio, 1)"}
  death: {exponential: {median: 30 months}, terminal: true}
"""
PROTOCOL = """
language: protocol 1
id: looks
title: Looked at three times
phase: 3
context_of_use: {question: "Does it work?", decision: none, model_influence: low, consequence: low}
patients: {cohort: tumours, randomised: 120}
arms:
  control: {}
  new: {sets: {treated: 1}}
randomise: {ratio: {control: 1, new: 1}, blocks: 4}
visits: {baseline: day 0}
assess:
  progression: {every: 8 weeks, known_after: 7 days}
conduct:
  accrual: {rate: 15 per month}
  lost_to_follow_up: {hazard: 0.02 per month}
follow_up: 30 months
endpoints:
  pfs: {first_of: [progression, death]}
estimands:
  main: {endpoint: pfs}
analyses:
  primary:
    estimand: main
    method: log_rank
    compare: {new vs control: {better: higher}}
    spend: {obrien_fleming: {full: 80 events}}
milestones:
  first: {when: events(pfs) >= 30 and randomised >= 60, cut_delay: 2 weeks, do: [{test: primary}]}
  second: {when: events(pfs) >= 55, do: [{test: primary}]}
  final: {when: events(pfs) >= 80 or since(first_patient) >= 40 months, do: [{test: primary}]}
success: any of primary
simulate: {seed: 7, trials: 30}
"""
N_TRIALS = 25
Table = dict[str, np.ndarray[Any, Any]]


def cohort() -> Cohort:
    return cohort_of_text(COHORT, "tumours.yaml", Path("."))[0]


def protocol(*changes: tuple[str, str]) -> Protocol:
    text = PROTOCOL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return protocol_from(text, cohort())


def tables_of(*changes: tuple[str, str], n: int = N_TRIALS) -> dict[str, Table]:
    world = World(
        protocol=protocol(*changes), cohort=cohort(), scenario="expected", mode="typical", design="", seed=7
    )
    tables = simulate_trials(world, range(n), n)
    return {name: {column: plain(values) for column, values in table.items()} for name, table in tables.items()}


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    return tables_of()


def days_of(tables: dict[str, Table], trial: int, event: str) -> np.ndarray[Any, Any]:
    """Return the day of an event for each patient of a trial, infinite if it never happened."""
    events = tables["events"]
    mine = (events["trial"] == trial) & (events["event"] == event)
    day = dict(zip(events["patient"][mine].tolist(), events["time"][mine].tolist(), strict=True))
    patients = tables["patients"]["patient"][tables["patients"]["trial"] == trial]
    return np.array([day[p] if np.isfinite(day[p]) else np.inf for p in patients.tolist()])


def pfs_of(tables: dict[str, Table], trial: int) -> Table:
    """Return what the trial sees in the end: time, whether it is an event, the day that is known."""
    progression, death = days_of(tables, trial, "progression"), days_of(tables, trial, "death")
    lost = days_of(tables, trial, "lost")
    until = np.minimum(lost, 30 * 30.4375)
    seen = np.ceil(progression / 56.0) * 56.0
    seen[(seen > until) | (seen > death)] = np.inf
    died = np.where(death <= until, death, np.inf)
    time = np.minimum(seen, died)
    is_event = np.isfinite(time)
    delay = np.where(seen <= died, 7.0, 0.0)
    return {
        "time": np.where(is_event, time, np.floor(until / 56.0) * 56.0), "event": is_event,
        "known": time + delay,
    }  # fmt: skip


def own_log_rank(time: Any, event: Any, treated: Any) -> float:
    """Return the log-rank statistic, positive where the treated live longer."""
    score = variance = 0.0
    for t in np.unique(time[event]):
        at_risk, here = time >= t, event & (time == t)
        n, n1, d, d1 = at_risk.sum(), (at_risk & treated).sum(), here.sum(), (here & treated).sum()
        score += d1 - d * n1 / n
        variance += d * (n1 / n) * (1 - n1 / n) * (n - d) / (n - 1) if n > 1 else 0.0
    return float(-score / np.sqrt(variance))


def rows_of(tables: dict[str, Table], trial: int) -> Table:
    looks = tables["looks"]
    return {name: column[looks["trial"] == trial] for name, column in looks.items()}


def test_looks_are_what_a_plain_reading_of_the_tables_says(tables: dict[str, Table]) -> None:
    """Dates of cuts, who is in, the statistic: all from patients' randomisation, events and losses."""
    compared = 0
    for trial in range(N_TRIALS):
        pfs, rows = pfs_of(tables, trial), rows_of(tables, trial)
        patients = tables["patients"]
        at = patients["randomised_at"][patients["trial"] == trial]
        treated = patients["arm"][patients["trial"] == trial] == "new"
        dates = np.sort(np.where(pfs["event"], at + pfs["known"], np.inf))
        days = [max(dates[29], at[59]), dates[54], min(dates[79], at[0] + 40 * 30.4375)]
        for look, cut_at, statistic, events, n in zip(
            rows["look"], rows["cut_at"], rows["statistic"], rows["n_events"],
            rows["n_treated"] + rows["n_control"], strict=True,
        ):  # fmt: skip
            which = ["first", "second", "final"].index(look)
            expected = days[which] + (14.0 if which == 0 else 0.0)
            if which == 2 and not np.isfinite(days[2]):
                continue
            assert cut_at == pytest.approx(max(expected, days[0] + 14.0 if which else expected), abs=1e-9)
            known = pfs["event"] & (at + pfs["known"] <= cut_at)
            free = np.floor(np.minimum(pfs["time"], cut_at - at - 7.0) / 56.0 + 1e-9) * 56.0
            time = np.where(known, pfs["time"], np.maximum(free, 0.0))
            there = at <= cut_at
            assert (events, n) == (known[there].sum(), there.sum())
            assert statistic == pytest.approx(own_log_rank(time[there], known[there], treated[there]), abs=1e-9)
            compared += 1
    assert compared > 2 * N_TRIALS


def test_bounds_spend_by_the_events_that_were_there(tables: dict[str, Table]) -> None:
    for trial in range(N_TRIALS):
        rows = rows_of(tables, trial)
        fractions = rows["n_events"] / 80.0
        assert rows["information"] == pytest.approx(fractions)
        alpha = spent("obrien_fleming", 0.025, fractions)
        alpha[-1] = 0.025
        wanted = spending_bounds(fractions, increments(alpha)).upper
        rejected = np.maximum.accumulate(rows["statistic"] >= wanted)
        assert (rows["rejected"] == rejected).all()
        open_before = ~np.concatenate(([False], rejected[:-1]))
        assert rows["upper_bound"][open_before] == pytest.approx(wanted[open_before], abs=1e-9)


def test_a_trial_stops_where_it_first_succeeds(tables: dict[str, Table]) -> None:
    stopped = 0
    trials = tables["trials"]
    for trial in range(N_TRIALS):
        rows = rows_of(tables, trial)
        first = int(np.argmax(rows["rejected"])) if rows["rejected"].any() else len(rows["look"]) - 1
        assert rows["concludes"].tolist() == [k == first for k in range(len(rows["look"]))]
        assert rows["after_stop"].tolist() == [k > first for k in range(len(rows["look"]))]
        assert trials["stopped_at"][trial] == rows["look"][first] and trials["success"][trial] == rows["rejected"].any()
        assert trials["duration"][trial] == rows["cut_at"][first]
        assert trials["stopped_for"][trial] == ("success" if rows["rejected"].any() else "end")
        stopped += first < len(rows["look"]) - 1
    assert 0 < stopped < N_TRIALS


def test_looks_move_nobody(tables: dict[str, Table]) -> None:
    """Another look, or none, is another analysis of the same trial: no patient's course is touched."""
    once = tables_of(
        ("  first: {when: events(pfs) >= 30 and randomised >= 60, cut_delay: 2 weeks, do: [{test: primary}]}\n", ""),
        n=5,
    )
    for name in ("patients", "events"):
        for column, values in once[name].items():
            many = tables[name][column][tables[name]["trial"] < 5]
            assert np.array_equal(values, many, equal_nan=values.dtype.kind == "f")


def test_trials_stop_for_futility_where_conditional_power_is_low() -> None:
    added = "do: [{test: primary}, {when: conditional_power(primary) < 20%, then: stop trial}]}\n  second"
    found = tables_of(("do: [{test: primary}]}\n  second", added))
    stopped = found["trials"]["stopped_for"] == "futility"
    assert 0 < stopped.sum() < N_TRIALS
    for trial in np.flatnonzero(stopped):
        rows = rows_of(found, trial)
        z, t = rows["statistic"][0], rows["information"][0]
        last = spending_bounds([t, 1.0], increments([*spent("obrien_fleming", 0.025, [t]), 0.025])).upper[-1]
        # The estimate now is what goes on: Brownian motion from z sqrt(t) with drift z / sqrt(t).
        steps = np.random.default_rng(3).normal(size=200_000) * np.sqrt(1 - t)
        chance = np.mean(z * np.sqrt(t) + z / np.sqrt(t) * (1 - t) + steps >= last)
        assert chance < 0.2 + 0.005 and rows["concludes"][0]


def test_binding_futility_lowers_the_bounds_for_efficacy() -> None:
    plan = "planned: [37.5%, 68.75%, 100%]}"
    spend = "spend: {obrien_fleming: {full: 80 events}}"

    def bounds(binding: str) -> Table:
        futility = f"futility: {{pocock: {{beta: 20%}}, binding: {binding}}}"
        new = f"spend: {{obrien_fleming: {{full: 80 events, {plan}, {futility}}}"
        return tables_of((spend, new), n=10)["looks"]

    free, bound = bounds("false"), bounds("true")
    last = (free["look"] == "final") & ~np.isnan(free["upper_bound"]) & ~np.isnan(bound["upper_bound"])
    assert last.any() and (bound["upper_bound"][last] < free["upper_bound"][last]).all()
    assert (free["lower_bound"][last] == free["upper_bound"][last]).all()
    early = free["look"] == "first"
    assert (free["lower_bound"][early] < free["upper_bound"][early]).all()


RESPONSE = (
    ("  progression: {every: 8 weeks, known_after: 7 days}\n", "  progression: {every: 4 weeks}\n"),
    ("pfs: {first_of: [progression, death]}", "pfs: {happened: progression, by: month 6}"),
    ("lost_to_follow_up: {hazard: 0.02 per month}", "lost_to_follow_up: {hazard: 0.15 per month}"),
    ("method: log_rank", "method: risk_difference\n    missing: failure"),
    ("{new vs control: {better: higher}}", "{new vs control: {better: lower}}"),
    ("full: 80 events", "full: 120 patients"),
    ("events(pfs) >= 30 and randomised >= 60", "due(pfs) >= 40"),
    ("events(pfs) >= 55", "due(pfs) >= 66%"),
    ("events(pfs) >= 80 or since(first_patient) >= 40 months", "due(pfs) >= 100%"),
)


@pytest.mark.parametrize("missing", ["failure", "complete_cases"])
def test_who_left_is_missing_once_due_and_nobody_before(missing: str) -> None:
    """At the end every patient is counted, also those whose visit nobody waited for; before, those who were due."""
    found = tables_of(*RESPONSE, ("missing: failure", f"missing: {missing}"))
    looks, patients = found["looks"], found["patients"]
    counted = looks["n_treated"] + looks["n_control"] + looks["n_missing"]
    assert (counted[looks["look"] == "final"] == 120).all()
    assert (looks["n_missing"] > 0).any() == (missing == "complete_cases")
    for trial in range(N_TRIALS):
        rows, at = rows_of(found, trial), patients["randomised_at"][patients["trial"] == trial]
        for cut_at, n in zip(rows["cut_at"], counted[looks["trial"] == trial], strict=True):
            # Who has the event is known before the six months are over.
            assert (at + 6 * 30.4375 <= cut_at + 1e-9).sum() <= n <= (at <= cut_at).sum()
