"""Trials whose missing values are imputed: the tables say what the analysis says of the very values that were seen."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trial.test_simulate import frames
from tests.unit.trial.worlds import failing, method, pressure_world
from trialsim.analysis.imputation import Luck
from trialsim.analysis.imputed_comparisons import Imputation, imputed_comparisons
from trialsim.protocol.missing_model import MissingValues

WHO = ["trial", "patient"]


def imputing(**parts):
    """Return the world of the trial with everything, its first analysis imputing from both visits."""
    whole = {
        "strategy": "jump_to_reference", "reference": "placebo", "after": (), "variance": "rubin", "imputations": 8,
        "visits": ("w2", "w4"), "delta": (), "delta_text": (),
    } | parts  # fmt: skip
    estimand = "pure" if whole["strategy"] == "missing_at_random" else "policy"
    world = pressure_world(48, seed=5)
    how = method("ancova", covariates=(("weight", None),), missing="imputed", imputation=MissingValues(**whole))
    analysis = replace(world.protocol.analyses[0], estimand=estimand, method=how, multiplicity="holm")
    return replace(world, protocol=replace(world.protocol, analyses=(analysis, *world.protocol.analyses[1:])))


def expected(tables, world, strategy, variance, n, hypothetical, delta=()):
    """Return the comparisons computed from the stored tables of visits and events."""
    visits, patients, events = tables["visits"], tables["patients"].set_index(WHO), tables["events"]
    sbp, days = (
        visits[visits.measure == "sbp"].pivot(index=WHO, columns="visit", values=what).reindex(patients.index)
        for what in ("value", "actual_time")
    )
    y = np.column_stack([sbp[visit] - sbp["baseline"] for visit in ("w2", "w4")])
    if hypothetical:
        when = events[events.event == "intolerance"].set_index(WHO)["time"].reindex(patients.index)
        y[np.column_stack([when < days[visit] for visit in ("w2", "w4")])] = np.nan
    arm = patients["arm"].map({"placebo": 0, "low": 1, "high": 2}).to_numpy()
    trials = np.unique(patients.index.get_level_values("trial"))
    offsets = np.arange(len(trials) + 1) * 48
    how = Imputation(strategy=strategy, variance=variance, n=n, delta=delta)
    number = patients.index.get_level_values("patient").to_numpy()
    return imputed_comparisons(
        y, arm, offsets, patients[["weight"]].to_numpy(), None, 0, how, Luck(seed=world.seed, name="primary"), trials,
        number, [(2, 0), (1, 0)], -1, 0.025, 0.0, 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("strategy", "variance", "n", "delta"),
    [
        ("jump_to_reference", "rubin", 8, ()),
        ("copy_increment", "jackknife", 1, ()),
        ("missing_at_random", "rubin", 4, (0.0, 0.0, 3.0)),
    ],
)
def test_estimates_are_those_of_the_values_seen(strategy, variance, n, delta):
    at_random = strategy == "missing_at_random"
    world = imputing(
        strategy=strategy, variance=variance, imputations=n, reference=None if at_random else "placebo",
        delta=(("high", 3.0),) if delta else (),
    )  # fmt: skip
    tables = frames(world, 2)
    looks = tables["looks"][tables["looks"].analysis == "primary"]
    result = expected(tables, world, strategy, variance, n, at_random, delta)
    assert looks["estimate"].tolist() == pytest.approx(result.estimate.reshape(-1), rel=1e-12)
    assert looks["standard_error"].tolist() == pytest.approx(result.se.reshape(-1), rel=1e-12)
    assert looks["p_value"].tolist() == pytest.approx(result.p_value.reshape(-1), rel=1e-12)
    assert (looks["n_missing"] > 0).all() and (looks["n_treated"] == 16).all()


def test_only_what_is_missing_after_an_event_follows_the_strategy():
    world = imputing(after=("intolerance",), variance="jackknife", imputations=1)
    tables = frames(world, 3)
    patients = tables["patients"].set_index(WHO)
    visits = tables["visits"][tables["visits"].measure == "sbp"]
    sbp = visits.pivot(index=WHO, columns="visit", values="value").reindex(patients.index)
    y = np.column_stack([sbp[visit] - sbp["baseline"] for visit in ("w2", "w4")])
    events = tables["events"]
    gone = events[(events.kind == "loss") & events.time.notna()].groupby(WHO)["time"].min().reindex(patients.index)
    when = events[events.event == "intolerance"].set_index(WHO)["time"].reindex(patients.index)
    # Days of visits that nobody came to are in no table: the planned ones stand for them.
    had = (when.notna() & ~(when >= gone)).to_numpy()
    first = np.where(had, (np.array([[14.0, 28.0]]) <= when.to_numpy()[:, None]).sum(axis=1), 2)
    arm = patients["arm"].map({"placebo": 0, "low": 1, "high": 2}).to_numpy()
    how = Imputation(strategy="jump_to_reference", variance="jackknife", n=1)
    number = patients.index.get_level_values("patient").to_numpy()

    def estimates(first):
        return imputed_comparisons(
            y, arm, np.arange(4) * 48, patients[["weight"]].to_numpy(), None, 0, how, Luck(seed=5, name="primary"),
            np.arange(3), number, [(2, 0), (1, 0)], -1, 0.025, 0.0, 3, first,
        ).estimate.reshape(-1)  # fmt: skip

    told = tables["looks"][tables["looks"].analysis == "primary"]["estimate"].tolist()
    assert told == pytest.approx(estimates(first), rel=1e-12)
    assert (np.abs(estimates(None) - told) > 1e-6).all() and had.sum() > 10


def test_patients_whose_course_failed_are_not_imputed():
    world = failing(imputing(), limit=0.4)
    tables = frames(world, 2)
    looks = tables["looks"][tables["looks"].analysis == "primary"]
    assert len(tables["failures"]) and (looks["n_treated"] < 16).any() and (looks["n_treated"] > 4).all()
