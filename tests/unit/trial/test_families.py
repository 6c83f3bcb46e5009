"""Families of several analyses: each comparison is rejected as the family's procedure says, in every trial."""

from dataclasses import replace

import numpy as np
import pytest

from tests.reference import multiplicity_twins as twins
from tests.unit.trial.test_simulate import frames
from tests.unit.trial.worlds import pressure_world
from trialsim.protocol.family_model import Family, Hypothesis
from trialsim.trial.families import graph_of

HIGH, LOW = ("primary", "high vs placebo"), ("primary", "low vs placebo")
RESPONSE, PURE = ("responders", "high vs placebo"), ("pure", "high vs placebo")


def family(procedure, *hypotheses, **parts):
    named = tuple(Hypothesis(text=str(i), parts=each) for i, each in enumerate(hypotheses))
    return Family(name="main", alpha=0.025, procedure=procedure, hypotheses=named, **parts)


def in_family(family, n_trials=12):
    """Return the looks of trials whose analyses are all in one family, one row a trial and a column a comparison."""
    world = pressure_world(36, seed=11)
    analyses = tuple(replace(each, multiplicity="family") for each in world.protocol.analyses)
    world = replace(world, protocol=replace(world.protocol, analyses=analyses, families=(family,)))
    looks = frames(world, n_trials)["looks"]
    return looks.pivot(index="trial", columns=["analysis", "comparison"])


def test_a_graph_over_three_analyses_is_closed_testing():
    transitions = ((0.0, 0.5, 0.5), (0.0, 0.0, 1.0), (0.5, 0.5, 0.0))
    weights = (0.5, 0.5, 0.0)
    looks = in_family(family("graph", (HIGH,), (LOW, PURE), (RESPONSE,), weights=weights, transitions=transitions))
    shown, untested = 0, 0
    for _, trial in looks.iterrows():
        # Nobody responds in either arm of some trials: not tested, which counts as 1 and is told as missing.
        high, low, pure, response = (
            1.0 if np.isnan(trial["p_value"][each]) else trial["p_value"][each] for each in (HIGH, LOW, PURE, RESPONSE)
        )
        adjusted = twins.graph([high, max(low, pure), response], weights, transitions)
        expected = [adjusted[0], adjusted[1], adjusted[1], adjusted[2] if response < 1.0 else np.nan]
        untested += response == 1.0
        told = [trial["adjusted_p_value"][each] for each in (HIGH, LOW, PURE, RESPONSE)]
        assert told == pytest.approx(expected, rel=1e-12, nan_ok=True)
        rejected = [trial["rejected"][each] for each in (HIGH, LOW, PURE, RESPONSE)]
        assert rejected == [value <= 0.025 for value in told]
        shown += sum(rejected)
    assert 0 < shown < 48 and 0 < untested < 12


def test_a_fixed_sequence_stops_at_the_first_that_is_not_shown():
    looks = in_family(family("fixed_sequence", (RESPONSE,), (HIGH,), (LOW,), (PURE,)), 6)
    p = looks["p_value"][[RESPONSE, HIGH, LOW, PURE]].to_numpy()
    told = looks["adjusted_p_value"][[RESPONSE, HIGH, LOW, PURE]].to_numpy()
    expected = np.maximum.accumulate(np.where(np.isnan(p), 1.0, p), axis=1)
    assert told == pytest.approx(np.where(np.isnan(p), np.nan, expected), rel=1e-15, nan_ok=True)


@pytest.mark.parametrize(
    ("procedure", "parts", "weights"),
    [
        ("holm", {}, [0.25] * 4),
        ("fallback", {"weights": (0.4, 0.3, 0.2, 0.1)}, [0.4, 0.3, 0.2, 0.1]),
        ("gatekeeping", {"gates": (1, 2, 1), "keeps": (1.0, 0.5, 1.0)}, [1.0, 0.0, 0.0, 0.0]),
    ],
)
def test_procedures_are_graphs(procedure, parts, weights):
    graph = graph_of(family(procedure, (HIGH,), (LOW,), (RESPONSE,), (PURE,), **parts))
    assert graph.weights.tolist() == weights
    if procedure == "gatekeeping":
        assert graph.transitions.tolist() == [
            [0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 0.5, 0.5], [0.0, 0.5, 0.0, 0.5], [0.0, 0.0, 0.0, 0.0],
        ]  # fmt: skip
