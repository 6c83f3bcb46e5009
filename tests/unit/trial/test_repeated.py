"""Mixed models for repeated measures in whole trials: which values enter, and what the tables say of them."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.protocol.documents import cohort, protocol
from tests.unit.trial.test_simulate import WHO, WORLD, frames
from tests.unit.trial.worlds import comparison, method
from trialsim.analysis.mmrm import RepeatedModel, mmrm
from trialsim.protocol.model import Analysis
from trialsim.protocol.read import protocol_from
from trialsim.protocol.write import protocol_text

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
