"""Parameters that change within the courses of a trial: on occasions, and with a covariate that steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trial.worlds import formula, method, shift_world
from trialsim.cohort.model import Covariate, Distribution, Effect, Parameter, RandomEffect, Trajectory
from trialsim.foundation.streams import label, normals
from trialsim.foundation.units import unit
from trialsim.protocol.model import Analysis, Comparison, LossReason, Visit
from trialsim.trial.setup import setup_of
from trialsim.trial.simulate import simulate_trials

N = 12
DRIFT = 0.5  # mg/day
SD = 0.2
WEIGHT = Covariate(
    name="weight",
    unit=unit("kg"),
    distribution=Distribution(kind="normal", location=80.0, spread=0.0, lowest=-np.inf, highest=np.inf),
    over_time=Trajectory(between_points="hold", points=((7.0, 1.5),)),
)
ANALYSIS = Analysis(
    name="main", estimand="main", method=method(), alpha=0.05, multiplicity="none",
    comparisons=(Comparison(treated="dose1", control="control", better="higher", margin=0.0),),
)  # fmt: skip


def drifting(days=(0.0, 3.0, 7.0, 10.0, 21.0), **drift):
    """Return a trial in which a score grows at a rate of its own on every occasion of a week."""
    world = shift_world((N // 2, N // 2), (0.0,), 2.0, 1.0, ANALYSIS)
    names = ["baseline", *(f"d{day:g}" for day in days[1:-1]), "end"]
    visits = tuple(Visit(name=name, at=day, window=0.0) for name, day in zip(names, days, strict=True))
    assess = replace(world.protocol.assess[0], visits=tuple(names))
    kin = Parameter(**{"name": "kin", "unit": unit("mg/day"), "typical": DRIFT, "uncertainty": None,
                       "between_patients": None, **drift})  # fmt: skip
    cohort = replace(
        world.cohort,
        covariates=(*world.cohort.covariates, WEIGHT) if kin.effects else world.cohort.covariates,
        parameters=(*world.cohort.parameters, kin),
        states=(replace(world.cohort.states[0], rate=formula("kin")),),
        occasion_days=7.0 if kin.between_occasions else None,
    )
    return replace(world, cohort=cohort, protocol=replace(world.protocol, visits=visits, assess=(assess,)))


OCCASIONS = {"between_occasions": RandomEffect(scale="normal", sd=SD)}


def truths(world):
    """Return the true values [patients, visits] of trial 0, and where each patient began."""
    tables = simulate_trials(world, range(1), 1)
    return tables["visits"]["true_value"].reshape(N, -1), tables["patients"]


@pytest.mark.long
def test_a_score_grows_on_every_occasion_at_its_own_rate():
    seen, patients = truths(drifting(**OCCASIONS))
    luck = [normals(1, label("occasion", "kin"), np.zeros(N, dtype=np.int64), patients["patient"], 2 * k)
            for k in range(3)]  # fmt: skip
    rates = DRIFT + SD * np.array(luck)  # mg/day on the occasions that begin on days 0, 7 and 14
    expected = [
        patients["level"],
        patients["level"] + 3.0 * rates[0],
        patients["level"] + 7.0 * rates[0],
        patients["level"] + 7.0 * rates[0] + 3.0 * rates[1],
        patients["level"] + 7.0 * rates.sum(axis=0),
    ]
    np.testing.assert_allclose(seen, np.array(expected).T, rtol=1e-12)
    assert np.ptp(rates, axis=0).min() > 0.0


def test_another_occasion_changes_nobodys_other_numbers():
    short, patients = truths(drifting(days=(0.0, 3.0, 7.0, 10.0, 14.0), **OCCASIONS))
    long, others = truths(drifting(days=(0.0, 3.0, 7.0, 10.0, 35.0), **OCCASIONS))
    still, bare = truths(drifting())
    assert short[:, :4].tobytes() == long[:, :4].tobytes()
    for name in ("level", "arm", "site", "randomised_at", "sex"):
        for table in (others, bare):
            one, other = patients[name], table[name]
            assert np.array_equal(getattr(one, "codes", one), getattr(other, "codes", other)), name
    np.testing.assert_allclose(still[:, -1] - still[:, 0], 21.0 * DRIFT, rtol=1e-12)


def test_a_covariate_that_steps_moves_its_parameter_on_that_day():
    effect = Effect(covariate="weight", kind="linear", coefficient=0.05, reference=80.0)
    seen, patients = truths(drifting(effects=(effect,)))
    later = DRIFT * (1.0 + 0.05 * 40.0)
    grown = np.array([0.0, 3.0 * DRIFT, 7.0 * DRIFT, 7.0 * DRIFT + 3.0 * later, 7.0 * DRIFT + 14.0 * later])
    np.testing.assert_allclose(seen - patients["level"][:, None], np.tile(grown, (N, 1)), rtol=1e-9)


def test_a_loss_whose_hazard_changes_is_decided_within_the_course():
    world = drifting(**OCCASIONS)
    reasons = tuple(
        LossReason(name=name, hazard=formula(text), hazard_text=text)
        for name, text in (("tired", "0.1 1/mg * kin"), ("moved", "0.01 1/day"), ("low", "0.001 1/mg/day * level"))
    )
    conduct = replace(world.protocol.conduct, lost_to_follow_up=reasons)
    setup = setup_of(replace(world, protocol=replace(world.protocol, conduct=conduct)))
    assert setup.course_losses == ("tired",)
