"""Graphs with several looks: what they have in common with one look, what is never rejected, what is refused."""

import numpy as np
import pytest
from scipy.stats import norm

from trialsim.analysis.graph import adjusted_by_graph, fixed_sequence_graph, graph, holm_graph
from trialsim.analysis.graph_sequential import NEVER, Spending, nominal_levels, rejected_at

OF, POCOCK = Spending(family="obrien_fleming"), Spending(family="pocock")


def test_one_look_is_the_graph():
    p = np.random.default_rng(5).uniform(0.0, 0.05, (200, 3))
    by = graph([0.5, 0.3, 0.2], [[0, 0.5, 0.5], [1, 0, 0], [0.5, 0.5, 0]])
    at = rejected_at(by, p[:, None, :], np.ones((1, 3)), (OF, POCOCK, OF), 0.025)
    assert (at != NEVER).tolist() == (adjusted_by_graph(p, by) <= 0.025).tolist()


def paths(n_trials, information, seed=6):
    """P values under the null of two independent hypotheses at the looks of each."""
    steps = np.diff(information, axis=0, prepend=0.0)
    walk = np.cumsum(np.random.default_rng(seed).normal(size=(n_trials, *information.shape)) * np.sqrt(steps), axis=1)
    return norm.sf(walk / np.sqrt(information))


@pytest.mark.parametrize("looks_back", [False, True])
def test_family_wise_error_stays_at_the_level(looks_back):
    # Two independent true nulls at 0.1 with Holm: the first to be rejected spends 0.05, so 1 - 0.95^2 = 0.0975.
    # 20,000 trials: a standard error of 0.0021; four of them.
    information = np.array([[0.5, 0.3], [0.8, 0.7], [1.0, 1.0]])
    at = rejected_at(holm_graph(2), paths(20_000, information), information, (OF, POCOCK), 0.1, looks_back=looks_back)
    assert (at != NEVER).any(axis=1).mean() == pytest.approx(0.0975, abs=4 * 0.0021)


def test_weight_passed_on_counts_from_then_on():
    # Maurer and Bretz (2013): the second hypothesis has no level before the first is rejected, at the second look.
    p = np.array([[[0.01, 0.0001], [0.001, 0.03]]])
    information = np.array([[0.5, 0.5], [1.0, 1.0]])
    by = fixed_sequence_graph([0, 1])
    assert rejected_at(by, p, information, (OF, OF), 0.025).tolist() == [[1, NEVER]]
    assert rejected_at(by, p, information, (OF, OF), 0.025, looks_back=True).tolist() == [[1, 1]]


def test_what_could_not_be_tested_is_not_rejected():
    information = np.array([[0.5, np.nan], [1.0, 1.0]])
    p = np.array([[[np.nan, 0.0], [0.001, np.nan]], [[0.0001, 0.0], [np.nan, 0.001]]])
    at = rejected_at(holm_graph(2), p, information, (OF, OF), 0.025)
    assert at.tolist() == [[1, NEVER], [0, 1]]
    assert nominal_levels(OF, 0.025, [np.nan, np.nan]).tolist() == [0.0, 0.0]
    assert nominal_levels(OF, 0.0, [0.5, 1.0]).tolist() == [0.0, 0.0]


def test_no_trials_are_no_rejections():
    assert rejected_at(holm_graph(2), np.empty((0, 1, 2)), np.empty((0, 1, 2)), (OF, OF), 0.025).shape == (0, 2)


def test_information_that_does_not_grow_is_refused():
    with pytest.raises(ValueError) as caught:
        nominal_levels(OF, 0.025, [0.5, 0.5])
    assert str(caught.value) == "the information [0.5, 0.5] does not grow from look to look"
    with pytest.raises(ValueError) as caught:
        rejected_at(holm_graph(2), np.zeros((1, 1, 2)), np.ones((1, 2)), (OF,), 0.025)
    assert str(caught.value) == (
        "p values (1, 1, 2), information (1, 2), 1 spending functions and 2 hypotheses do not fit together"
    )
