"""Mixed models for repeated measures in whole trials: which values enter, and what the tables say of them."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.protocol.documents import cohort, protocol
from tests.unit.trial.test_simulate import WHO, WORLD, frames
from tests.unit.trial.worlds import comparison, method
from trialsim.analysis.mmrm import RepeatedModel, mmrm
from trialsim.cohort.draws import typical_values
from trialsim.protocol.model import Analysis
from trialsim.protocol.read import protocol_from
from trialsim.protocol.write import protocol_text
from trialsim.trial.compared import compared
from trialsim.trial.enroll import enrolled
from trialsim.trial.known import known_at
from trialsim.trial.repeated import repeated_values
from trialsim.trial.setup import setup_of
from trialsim.trial.simulate import _lived

ARMS = ["placebo", "low", "high"]
SWITCHED = "pure"


def analysis(name, visits, **parts):
    made = method(
        "mmrm", visits=visits, covariances=parts.pop("covariances", ("unstructured",)), df="kenward_roger", **parts
    )
    return Analysis(name=name, estimand=SWITCHED if name == "pure" else "policy", method=made, alpha=0.025,
                    comparisons=(comparison("high", "placebo"), comparison("low", "placebo")),
                    multiplicity="holm")  # fmt: skip


ADJUSTED = {"covariates": (("sbp", "baseline"), ("weight", None)), "strata": ("sex",)}
ANALYSES = (
    analysis("primary", ("w2", "w4"), **ADJUSTED),
    analysis("pure", ("w2", "w4"), covariances=("ar1",)),
    analysis("constrained", ("baseline", "w2", "w4"), covariances=("heterogeneous_toeplitz", "ar1")),
)


@pytest.fixture(scope="module")
def tables():
    return frames(replace(WORLD, protocol=replace(WORLD.protocol, analyses=ANALYSES)))


def values(tables, visits):
    """Return the patients of the trials in order, and what was measured at some visits."""
    patients = tables["patients"].set_index(WHO)
    sbp = tables["visits"][tables["visits"].measure == "sbp"]
    return patients, sbp.pivot(index=WHO, columns="visit", values="value").reindex(patients.index)[visits].to_numpy()


def concluded(tables, name):
    """Return the estimates, standard errors and degrees of freedom that the looks hold, [trials, comparisons]."""
    rows = tables["looks"][tables["looks"].analysis == name]
    return {column: rows[column].to_numpy().reshape(3, 2) for column in ("estimate", "standard_error", "df")}


def peer(tables, y, visits, model, **parts):
    patients, _ = values(tables, ["w4"])
    arm = np.array([ARMS.index(name) for name in patients.arm])
    arguments = {"covariates": None, "by_visit": None, "stratum": None, "n_strata": 0} | parts
    result, _ = mmrm(y, arm, [0, 60, 120, 180], len(visits) - 1, *arguments.values(), [(2, 0), (1, 0)], -1, 0.025,
                     0.0, 3, model)  # fmt: skip
    assert (result.status == 0).all()
    return {"estimate": result.estimate, "standard_error": result.se, "df": result.df}


def same(found, expected):
    for name, column in expected.items():
        assert found[name] == pytest.approx(column, rel=1e-9), name


def test_changes_at_every_visit_enter_with_covariates_and_factors(tables):
    patients, y = values(tables, ["baseline", "w2", "w4"])
    expected = peer(
        tables, y[:, 1:] - y[:, :1], ("w2", "w4"), RepeatedModel(),
        covariates=np.column_stack([y[:, 0], patients.weight]), by_visit=[True, False],
        stratum=(patients.sex == "male").to_numpy().astype(int), n_strata=2,
    )  # fmt: skip
    same(concluded(tables, "primary"), expected)
    assert np.isnan(y).any(axis=0).tolist() == [False, True, True]


def test_values_after_an_event_that_is_hypothetical_are_set_aside(tables):
    patients, y = values(tables, ["baseline", "w2", "w4"])
    events = tables["events"]
    day = events[events.event == "intolerance"].set_index(WHO)["time"].reindex(patients.index).fillna(np.inf)
    sbp = tables["visits"][tables["visits"].measure == "sbp"]
    at = sbp.pivot(index=WHO, columns="visit", values="actual_time").reindex(patients.index)[["w2", "w4"]]
    late = day.to_numpy()[:, None] < at.to_numpy()
    assert (late & ~np.isnan(y[:, 1:])).sum(axis=0).min() > 3
    kept = np.where(late, np.nan, y[:, 1:] - y[:, :1])
    same(concluded(tables, "pure"), peer(tables, kept, ("w2", "w4"), RepeatedModel(structures=("ar1",))))


def test_the_baseline_among_the_visits_is_an_outcome_with_one_mean(tables):
    _, y = values(tables, ["baseline", "w2", "w4"])
    model = RepeatedModel(structures=("heterogeneous_toeplitz",), equal_at_first_visit=True)
    same(concluded(tables, "constrained"), peer(tables, y, ("baseline", "w2", "w4"), model))


def test_the_truth_and_the_covariance_that_was_used_stand_beside_the_estimate(tables):
    looks = tables["looks"]
    used = looks.groupby("analysis")["covariance"].unique().map(list).to_dict()
    assert used == {"primary": ["unstructured"], "pure": ["ar1"], "constrained": ["heterogeneous_toeplitz"]}
    worlds = tables["counterfactuals"]
    worlds = worlds[worlds.estimand == "policy"].pivot(index=WHO, columns="arm", values="value")
    truth = (worlds["high"] - worlds["placebo"]).groupby("trial").mean()
    rows = looks[(looks.analysis == "constrained") & (looks.comparison == "high vs placebo")]
    assert rows.truth.to_numpy() == pytest.approx(truth.to_numpy(), rel=1e-12)
    assert ((rows.estimate - rows.truth) / rows.standard_error).abs().max() < 3.5


def test_a_document_says_all_of_it_and_read_again_it_is_the_same():
    written = "{mmrm: {visits: [w12, w4], covariates: [sbp at baseline], strata: [site], covariance: toeplitz, " \
        "fallback: [ar1, compound_symmetry], df: satterthwaite}}"  # fmt: skip
    found = protocol(
        ("{ancova: {covariates: [sbp at baseline, weight], strata: [sex]}}", written), ("dunnett", "holm")
    )
    own = found.analyses[0].method
    assert (own.visits, own.covariances, own.df) == (
        ("w4", "w12"), ("toeplitz", "ar1", "compound_symmetry"), "satterthwaite"
    )  # fmt: skip
    assert (own.covariates, own.strata, own.missing) == ((("sbp", "baseline"),), ("site",), "complete_cases")
    assert protocol_from(protocol_text(found), cohort()) == found


def test_a_look_sees_the_visits_that_are_known_by_its_cut():
    world = replace(WORLD, protocol=replace(WORLD.protocol, analyses=ANALYSES))
    setup = setup_of(world)
    numbers = np.arange(2, dtype=np.int64)
    typical = typical_values(world.cohort, world.seed, numbers, world.mode, None)
    batch, _ = _lived(setup, typical, enrolled(setup, typical, numbers))
    data = batch.endpoints["policy"]
    cut = np.array([42.0, 55.0])
    after = np.repeat(cut, 60)

    def values(days):
        known = known_at(data, batch.randomised_at, days, 60, "complete_cases", ~batch.own_failed)
        return repeated_values(setup, ANALYSES[2], batch, known, np.repeat(days, 60))

    whole, part = values(np.full(2, np.inf)), values(cut)
    for j, visit in enumerate(("baseline", "w2", "w4")):
        reading = setup.calendar.first_reading("sbp", visit)
        day = batch.randomised_at + batch.seen.actual_days[reading] + 1.0  # known a day after
        is_known = (day <= after) & (batch.randomised_at <= after)
        assert np.isnan(part[~is_known, j]).all() and 5 < is_known.sum() < 120
        assert part[is_known, j] == pytest.approx(whole[is_known, j], nan_ok=True, rel=0)
    # Patients whose last visit is still to come count with what they have.
    assert (np.isnan(part[:, 2]) & ~np.isnan(part[:, 1])).sum() > 5
    known = known_at(data, batch.randomised_at, cut, 60, "complete_cases", ~batch.own_failed)
    result = compared(setup, ANALYSES[2], batch, known, after)
    assert (result.status == 0).all()
    seen = ~np.isnan(part[:, 2]).reshape(2, 60)
    arms = batch.arms.reshape(2, 60)
    assert result.n_treated[:, 0].tolist() == [int((seen[t] & (arms[t] == 2)).sum()) for t in range(2)]
