"""Whole trials: what the tables say agrees with what the protocol says, and failures are rows."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.trial.worlds import failing, formula, pressure_world
from trialsim.campaign.part import joined
from trialsim.campaign.plan import patient_columns
from trialsim.cohort.posterior import PosteriorDraws
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.tables import Coded
from trialsim.foundation.tables_parquet import parquet_bytes
from trialsim.protocol.model import Accrual, LossReason, Override
from trialsim.trial.simulate import simulate_trials

WORLD = pressure_world(60, seed=7)
WHO = ["trial", "patient"]


def frames(world, n_trials=3):
    return {name: frame(table) for name, table in simulate_trials(world, range(n_trials), n_trials).items()}


def frame(table):
    columns = {}
    for name, column in table.items():
        if isinstance(column, Coded):
            column = [None if code < 0 else column.categories[code] for code in column.codes]
        columns[name] = np.ma.filled(column, -1) if isinstance(column, np.ma.MaskedArray) else column
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def tables():
    return frames(WORLD)


def with_conduct(**parts):
    return replace(WORLD, protocol=replace(WORLD.protocol, conduct=replace(WORLD.protocol.conduct, **parts)))


def test_a_world_travels_and_stays_the_same():
    sent = pickle.loads(pickle.dumps(WORLD))
    assert sent == WORLD


def test_every_table_can_be_stored_whole_or_joined_from_chunks():
    pieces = [simulate_trials(WORLD, range(i, i + 1), 1) for i in range(2)]
    whole, chunked = simulate_trials(WORLD, range(2), 1), joined(pieces)
    for name, table in whole.items():
        further = patient_columns(WORLD.cohort) if name == "patients" else ()
        assert parquet_bytes(name, table, further) == parquet_bytes(name, chunked[name], further)


def test_arms_are_balanced_within_strata(tables):
    counts = tables["patients"].groupby(["trial", "stratum", "arm"]).size().unstack()
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 2
    assert set(tables["patients"].stratum) == {"sex=female", "sex=male"}


def test_change_is_the_difference_of_two_visits(tables):
    visits = tables["visits"]
    sbp = visits[visits.measure == "sbp"].pivot(index=WHO, columns="visit", values="value")
    change = tables["endpoints"][tables["endpoints"].estimand == "policy"].set_index(WHO)["value"]
    expected = (sbp["w4"] - sbp["baseline"]).reindex(change.index)
    pd.testing.assert_series_equal(change, expected, check_names=False, rtol=0, atol=0)
    assert 0 < change.isna().sum() < 40


def test_a_hypothetical_estimand_has_no_values_after_its_event(tables):
    events = tables["events"]
    happened = events[(events.event == "intolerance") & events.time.notna()].set_index(WHO)["time"]
    values = tables["endpoints"].pivot(index=WHO, columns="estimand", values="value")
    visits = tables["visits"]
    ends = visits[(visits.measure == "sbp") & (visits.visit == "w4")].set_index(WHO)["actual_time"]
    late = happened.reindex(values.index) < ends.reindex(values.index)
    assert late.sum() > 10
    assert values["pure"][late].isna().all()
    assert values["policy"][late].notna().any()
    pd.testing.assert_series_equal(values["pure"][~late], values["policy"][~late], check_names=False)


def test_nothing_is_seen_after_loss_and_only_what_is_seen_has_a_reason_not_to_be(tables):
    visits, events = tables["visits"], tables["events"]
    gone = events[(events.kind == "loss") & events.time.notna()].set_index(WHO)["time"]
    assert len(gone) > 5
    at = visits.set_index(WHO)
    lost_at = gone.reindex(at.index).to_numpy()
    assert (at.reason.eq("lost").to_numpy() <= ~np.isnan(lost_at)).all()
    seen = at[at.value.notna()]
    assert not (seen.actual_time.to_numpy() >= lost_at[at.value.notna().to_numpy()]).any()
    assert (visits.missed == visits.value.isna()).all()
    assert (visits.missed == visits.reason.notna()).all()
    assert visits[["actual_time", "known_at", "true_value"]].isna().any(axis=1).eq(visits.missed).all()
    completed = events[events.kind == "completed"].set_index(WHO)["time"]
    assert (completed.isna() == gone.reindex(completed.index).notna()).all()
    assert (tables["trials"].lost == gone.groupby("trial").size().to_numpy()).all()


def test_values_are_known_after_their_delay_and_the_cut_comes_after_the_last(tables):
    patients = tables["patients"].set_index(WHO)["randomised_at"]
    seen = tables["visits"][~tables["visits"].missed].set_index(WHO)
    delay = np.where(seen.measure == "sbp", 1.0, 3.0)
    np.testing.assert_allclose(seen.known_at, patients.reindex(seen.index) + seen.actual_time + delay)
    needed = seen[(seen.measure == "sbp") & seen.visit.isin(["baseline", "w4"])]
    last = np.maximum(needed.groupby("trial").known_at.max(), patients.groupby("trial").max())
    np.testing.assert_allclose(tables["trials"].duration, last + WORLD.protocol.cut_delay)
    np.testing.assert_allclose(tables["trials"].accrual_ended_at, patients.groupby("trial").max())
    assert (tables["looks"].cut_at == np.repeat(tables["trials"].duration.to_numpy(), 4)).all()


def test_looks_count_who_is_in_and_who_is_missing(tables):
    arms = tables["patients"].groupby(["trial", "arm"]).size().unstack()
    looks = tables["looks"].set_index(["trial", "analysis", "comparison"])
    primary = looks.xs(("primary", "high vs placebo"), level=("analysis", "comparison"))
    both = arms["high"] + arms["placebo"]
    assert (primary.n_treated + primary.n_control + primary.n_missing == both).all()
    responders = looks.xs("responders", level="analysis").droplevel("comparison")
    assert (responders.n_missing == 0).all()  # a missing response counts as a failure
    assert (responders.n_treated == arms["high"]).all()
    assert looks.status.isna().all()
    assert (looks.rejected == (looks.adjusted_p_value <= 0.025)).all()


def test_the_truth_is_the_mean_over_the_trials_own_patients(tables):
    values = tables["counterfactuals"].pivot(index=[*WHO, "estimand"], columns="arm", values="value")
    looks = tables["looks"].set_index(["trial", "analysis", "comparison"]).truth
    for analysis, estimand, arm in (("primary", "policy", "low"), ("pure", "pure", "high")):
        difference = (values[arm] - values["placebo"]).xs(estimand, level="estimand").groupby("trial").mean()
        truth = looks.xs((analysis, f"{arm} vs placebo"), level=("analysis", "comparison"))
        np.testing.assert_allclose(truth, difference, rtol=1e-12)
    high = looks.xs("high vs placebo", level="comparison")
    pure, policy = (high.xs(name, level="analysis") for name in ("pure", "primary"))
    assert (pure < policy).all()  # without intolerance the drug helps more


def test_success_follows_the_deciding_analysis(tables):
    rejected = tables["looks"][tables["looks"].analysis == "primary"].groupby("trial").rejected.any()
    assert (tables["trials"].success.to_numpy() == rejected.to_numpy()).all()
    every = replace(WORLD.protocol, success=replace(WORLD.protocol.success, quantifier="all"))
    trials = frames(replace(WORLD, protocol=every))["trials"]
    all_rejected = tables["looks"][tables["looks"].analysis == "primary"].groupby("trial").rejected.all()
    assert (trials.success.to_numpy() == all_rejected.to_numpy()).all()


def test_a_course_that_fails_is_a_row_and_leaves_the_others_alone(tables):
    broken = frames(failing(WORLD, limit=0.3))
    failures = broken["failures"]
    assert 0 < len(failures) < 150
    assert set(failures.arm) == {"high"}
    assert set(failures.reason) == {"not a number in a state, an output or a hazard"}
    assert failures.command.isna().all()
    per_trial = failures.groupby("trial").patient.nunique().reindex(range(3), fill_value=0)
    assert (broken["trials"].failed_patients == per_trial.to_numpy()).all()
    bad = pd.MultiIndex.from_frame(failures[WHO])
    keys = [*WHO, "estimand", "arm"]
    ours, theirs = (each["counterfactuals"].set_index(keys).value for each in (broken, tables))
    missing = ours.isna()
    assert (ours[~missing] == theirs[~missing]).all()
    pure = missing.xs(("pure", "high"), level=("estimand", "arm"))  # who never stops dosing fails if anybody does
    assert set(pure[pure].index) == set(bad)
    assert missing.sum() == missing.xs("high", level="arm").sum()
    as_is = missing.xs(("policy", "high"), level=("estimand", "arm"))
    values = broken["endpoints"].merge(broken["patients"][[*WHO, "arm"]]).set_index(WHO)
    own = values[(values.arm == "high") & values.index.isin(as_is[as_is].index)]
    assert len(own) > 0
    assert own.value.isna().all()
    looks = broken["looks"][broken["looks"].analysis == "responders"]
    assert looks.n_missing.sum() == len(own) / 3  # their response is missing, not a failure


def test_a_candidate_whose_screening_fails_is_a_row_without_an_arm():
    broken = frames(failing(WORLD, floor=150.0))
    assert len(broken["failures"]) > 5
    assert broken["failures"].arm.isna().all()
    assert (broken["trials"].failed_patients == 0).all()
    assert (broken["patients"].base > 150.0).all()


def test_a_trial_too_small_to_analyse_says_why():
    lost = LossReason(name="moved", hazard=formula("2000 per month"), hazard_text="")
    tables = frames(with_conduct(lost_to_follow_up=(lost,)))
    primary = tables["looks"][tables["looks"].analysis != "responders"]
    assert set(primary.status) == {"too few patients"}
    assert primary[["estimate", "standard_error", "p_value", "adjusted_p_value", "lower"]].isna().all(axis=None)
    assert not primary.rejected.any()
    assert primary.truth.notna().all()
    assert (tables["trials"].lost == 60).all()


def test_a_difference_without_variance_is_known_and_not_tested():
    """If nobody can respond no trial tests anything, and leaving its zeros out would bias the mean of the estimates."""
    endpoints = tuple(replace(e, threshold=(1.0,)) if e.derive == "below" else e for e in WORLD.protocol.endpoints)
    tables = frames(replace(WORLD, protocol=replace(WORLD.protocol, endpoints=endpoints)))
    responders = tables["looks"][tables["looks"].analysis == "responders"]
    assert set(responders.status) == {"no variance"}
    assert (responders.estimate == 0.0).all()
    assert responders[["standard_error", "p_value", "adjusted_p_value", "lower", "upper"]].isna().all(axis=None)
    assert not responders.rejected.any()


def test_loss_at_a_constant_rate_is_exponential():
    lost = LossReason(name="moved", hazard=formula("0.5 per month"), hazard_text="")
    events = frames(with_conduct(lost_to_follow_up=(lost,)))["events"]
    times = events[events.event == "moved"].time
    share = np.exp(-0.5 * 20.0 / 30.4375)
    observed = 1.0 - (times < 20.0).mean()
    assert abs(observed - share) < 4 * np.sqrt(share * (1 - share) / 180)


@pytest.mark.long
def test_loss_that_depends_on_the_state_is_decided_by_the_course():
    constant = (LossReason(name="moved", hazard=formula("0.5 per month"), hazard_text=""),)
    varying = (LossReason(name="moved", hazard=formula("0.5 per month * (1 + 0 * pressure / base)"), hazard_text=""),)
    times = [frames(with_conduct(lost_to_follow_up=losses), 1)["events"].time for losses in (constant, varying)]
    assert (times[0].isna() == times[1].isna()).all()
    both = times[0].notna()
    assert both.sum() > 60
    np.testing.assert_allclose(times[0][both], times[1][both], rtol=1e-6)


def test_a_negative_constant_hazard_is_refused():
    lost = LossReason(name="moved", hazard=formula("0.1 per month * (1 - base / (100 mmHg))"), hazard_text="")
    with pytest.raises(TrialsimError) as fault:
        frames(with_conduct(lost_to_follow_up=(lost,)), 1)
    assert fault.value.slug == "negative-hazard"
    first = frames(WORLD, 1)["patients"].patient[0]
    assert str(fault.value) == f"the hazard of moved is negative for patient {first} of trial 0"


def test_sites_may_be_strata():
    protocol = replace(
        WORLD.protocol,
        randomise=replace(WORLD.protocol.randomise, strata=("site", "sex"), block=3),
        conduct=replace(WORLD.protocol.conduct, accrual=Accrual(rate=1.0, sites=2, ramp_up=0.0)),
    )
    patients = frames(replace(WORLD, protocol=protocol))["patients"]
    assert (patients.stratum == "site=" + patients.site.astype(str) + ", sex=" + patients.sex).all()


def test_a_posterior_gives_each_trial_its_draw_and_scenarios_change_the_draws():
    bases = np.array([150.0, 160.0, 170.0, 180.0])
    posterior = PosteriorDraws(draws={"base": bases}, digest="", n_draws=4)
    half = Override(path=("parameters", "base"), factor=1.1, value=None, text="x 1.1")
    easy = replace(WORLD.protocol.patients, eligible=(), eligible_text=())
    world = replace(WORLD, protocol=replace(WORLD.protocol, patients=easy), mode="uncertain", posterior=posterior)
    plain, changed = frames(world, 4), frames(replace(world, overrides=(half,)), 4)
    assert sorted(plain["trials"].draw) == [0, 1, 2, 3]
    assert (plain["trials"].draw == changed["trials"].draw).all()
    medians = plain["patients"].groupby("trial").base.median()
    np.testing.assert_allclose(medians, bases[plain["trials"].draw], rtol=0.05)
    np.testing.assert_allclose(changed["patients"].base, 1.1 * plain["patients"].base, rtol=1e-12)
    assert (frames(WORLD, 1)["trials"].draw == -1).all()
