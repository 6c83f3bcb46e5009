"""Families whose analyses spend over two looks: rejected is what Maurer and Bretz's procedure rejects."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trial.test_simulate import frames
from tests.unit.trial.worlds import comparison, method, shift_world
from trialsim.analysis.graph import adjusted_by_graph, graph
from trialsim.analysis.graph_sequential import NEVER, Spending, rejected_at
from trialsim.protocol.family_model import Family, Hypothesis
from trialsim.protocol.milestone_model import Milestone, Reach, Spend
from trialsim.protocol.milestone_model import Test as Made
from trialsim.protocol.model import Analysis, Randomisation

N = 20  # patients an arm
NAMES = ("primary", "second", "third")
SPENDING = (("obrien_fleming", 0.0), ("pocock", 0.0), ("hwang_shih_decani", -4.0))
WEIGHTS = (0.5, 0.3, 0.2)
TRANSITIONS = ((0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.0, 1.0, 0.0))


def analysis(number, with_spend):
    family, parameter = SPENDING[number]
    spend = Spend(family=family, parameter=parameter, full=2 * N, counted="patients") if with_spend else None
    return Analysis(
        name=NAMES[number], estimand="main", method=method(), alpha=0.025, multiplicity="family", spend=spend,
        comparisons=(comparison(f"dose{number + 1}", "control", "higher"),),
    )  # fmt: skip


def milestone(name, share, tests):
    when = Reach(counted="due", of="final", number=share, is_share=True)
    do = tuple(Made(analysis=each) for each in tests)
    return Milestone(name=name, when=when, when_text="", cut_delay=0.0, do=do)


def looks_of(milestones, spends, n_trials=60):
    """Return the looks of trials with three doses against one control, each analysis one of them."""
    world = shift_world((N,) * 4, (0.9, 1.1, 1.2), 1.0, 0.1, analysis(0, spends[0]), seed=4)
    analyses = tuple(analysis(i, spends[i]) for i in range(3))
    hypotheses = tuple(Hypothesis(text=each.name, parts=((each.name, each.comparisons[0].name),)) for each in analyses)
    family = Family(
        name="main", alpha=0.025, procedure="graph", hypotheses=hypotheses, weights=WEIGHTS, transitions=TRANSITIONS
    )  # fmt: skip
    protocol = replace(
        world.protocol, analyses=analyses, families=(family,), milestones=milestones,
        randomise=Randomisation(ratio=(1, 1, 1, 1), block=4, strata=()),
    )  # fmt: skip
    return frames(replace(world, protocol=protocol), n_trials)["looks"]


def cube(looks, column):
    """Return a column as [T, looks, H]."""
    wide = looks.pivot(index="trial", columns=["look", "analysis"], values=column)
    return np.stack([wide[look].reindex(columns=NAMES).to_numpy() for look in looks["look"].unique()], axis=1)


def test_rejections_over_looks_are_those_of_the_sequential_graph():
    looks = looks_of((milestone("interim", 0.6, NAMES), milestone("end", 1.0, NAMES)), (True,) * 3)
    p, information = cube(looks, "p_value"), cube(looks, "information")
    spending = [Spending(family=family, parameter=parameter) for family, parameter in SPENDING]
    at = rejected_at(graph(WEIGHTS, TRANSITIONS), p, information, spending, 0.025)
    rejected = cube(looks, "rejected").astype(bool)
    assert rejected[:, 0].tolist() == (at == 0).tolist()
    assert rejected[:, 1].tolist() == (at != NEVER).tolist()
    counts = [(at == k).sum() for k in (0, 1, NEVER)]
    assert min(counts) > 15, counts  # each of them happens often enough to tell procedures apart
    assert looks["adjusted_p_value"].isna().all() and looks["upper_bound"].notna().any()


def test_a_hypothesis_whose_looks_are_over_is_judged_again_with_what_it_receives():
    # The second is made at the interim look alone, without spending: what it receives later counts all the same.
    milestones = milestone("interim", 0.6, ("second",)), milestone("end", 1.0, ("primary", "third"))
    looks = looks_of(milestones, (False,) * 3)
    by_name = looks.set_index(["trial", "analysis"])
    p = by_name["p_value"].unstack()[list(NAMES)].to_numpy()
    adjusted = adjusted_by_graph(p, graph(WEIGHTS, TRANSITIONS))
    expected = adjusted <= 0.025
    rejected = by_name["rejected"].unstack()[list(NAMES)].to_numpy().astype(bool)
    assert rejected.tolist() == expected.tolist()
    assert (expected[:, 1] & (p[:, 1] > 0.3 * 0.025)).any()
    end = looks[looks["look"] == "end"].pivot(index="trial", columns="analysis", values="adjusted_p_value")
    assert end[["primary", "third"]].to_numpy() == pytest.approx(adjusted[:, [0, 2]], rel=1e-12)
