"""Graphical procedures against closed testing by brute force, their laws, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import multiplicity_twins as twins
from trialsim.analysis.graph import (
    adjusted_by_graph,
    fallback_graph,
    fixed_sequence_graph,
    gatekeeping_graph,
    graph,
    holm_graph,
    weights_left,
)
from trialsim.analysis.multiplicity import bonferroni, fixed_sequence, holm

P = np.random.default_rng(4).uniform(0.0, 0.1, (300, 4)).round(3)  # rounded: ties


@st.composite
def graphs(draw, at_most=5):
    """Weights and transitions in twentieths: sums of one, below one, and hypotheses that nobody passes anything to."""
    n = draw(st.integers(1, at_most))
    shares = st.lists(st.integers(0, 20), min_size=n, max_size=n)
    weights = draw(shares)
    rows = [draw(shares) for _ in range(n)]
    for i, row in enumerate(rows):
        row[i] = 0
    total = max(sum(weights), draw(st.sampled_from([1, 20])))
    edges = [[value / max(sum(row), draw(st.sampled_from([1, 20]))) for value in row] for row in rows]
    p = draw(st.lists(st.sampled_from([0.0, 1e-4, 0.003, 0.01, 0.011, 0.02, 0.4, 1.0]), min_size=n, max_size=n))
    return [value / total for value in weights], edges, p


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_adjusted_values_are_those_of_closed_testing(drawn):
    weights, edges, p = drawn
    adjusted = adjusted_by_graph(np.array([p]), graph(weights, edges))
    assert adjusted[0] == pytest.approx(twins.graph(p, weights, edges), rel=1e-9, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.data())
def test_weights_do_not_depend_on_the_order_of_rejection(drawn, data):
    weights, edges, _ = drawn
    rejected = data.draw(st.lists(st.booleans(), min_size=len(weights), max_size=len(weights)))
    left = weights_left(graph(weights, edges), rejected)
    other = twins.graph_weights(weights, edges, [i for i, gone in enumerate(rejected) if not gone])
    assert left == pytest.approx([other.get(i, 0.0) for i in range(len(weights))], abs=1e-9)
    assert left.sum() <= 1.0 + 1e-9


def test_known_procedures_are_graphs():
    assert adjusted_by_graph(P, holm_graph(4)) == pytest.approx(holm(P), rel=1e-12)
    order = [2, 0, 3, 1]
    assert adjusted_by_graph(P, fixed_sequence_graph(order)).tolist() == fixed_sequence(P, order).tolist()
    assert adjusted_by_graph(P, graph([0.25] * 4, np.zeros((4, 4)))) == pytest.approx(bonferroni(P), rel=1e-15)
    assert adjusted_by_graph(P[:, :1], holm_graph(1)).tolist() == P[:, :1].tolist()


def test_fallback_passes_its_level_to_the_next():
    # Wiens (2003): what a rejected hypothesis had is added to the next one's level.
    by = fallback_graph([0, 1, 2], [0.5, 0.25, 0.25])
    adjusted = adjusted_by_graph(np.array([[0.01, 0.02, 0.024], [0.02, 0.005, 0.01]]), by)
    assert adjusted[0] == pytest.approx([0.02, 0.02 / 0.75, 0.02 / 0.75])
    assert adjusted[1] == pytest.approx([0.04, 0.02, 0.02])


def test_gatekeepers_open_as_their_family_is_rejected():
    p = np.array([[0.001, 0.2, 0.004, 0.03], [0.001, 0.02, 0.004, 0.03]])
    parallel = adjusted_by_graph(p, gatekeeping_graph([[0, 1], [2, 3]], [0.0]))
    # With one of two gates rejected, half of the error rate is divided between the two of the next family; with Holm.
    assert parallel[0] == pytest.approx([0.002, 0.4, 0.016, 0.06])
    serial = adjusted_by_graph(p, gatekeeping_graph([[0, 1], [2, 3]], [1.0]))
    assert serial[0] == pytest.approx([0.002, 0.2, 0.2, 0.2], rel=1e-5)
    assert serial[1] == pytest.approx([0.002, 0.02, 0.02, 0.03], rel=1e-5)
    alone = adjusted_by_graph(p[:, :3], gatekeeping_graph([[0], [1], [2]], [1.0, 1.0]))
    assert alone.tolist() == fixed_sequence(p[:, :3], [0, 1, 2]).tolist()


def test_a_hypothesis_without_weight_is_never_rejected():
    assert adjusted_by_graph(np.zeros((1, 2)), graph([1.0, 0.0], np.zeros((2, 2)))).tolist() == [[0.0, 1.0]]


def test_senseless_graphs_are_refused():
    wrong = [
        (lambda: graph([0.5], [[0.0, 1.0]]), "there are weights (1,) and transitions (1, 2)"),
        (lambda: graph([-0.5, 1], np.zeros((2, 2))), "a weight or a transition is negative or not a number"),
        (lambda: graph([0.7, 0.7], np.zeros((2, 2))), "the weights sum to 1.4, more than the whole error rate"),
        (lambda: graph([0.5, 0.5], [[0.5, 0], [0, 0]]), "hypothesis 0 passes its weight to itself"),
        (lambda: graph([1, 0, 0], [[0, 0.9, 0.3], [0, 0, 0], [0, 0, 0]]), "hypothesis 0 passes on 1.2 of its weight"),
        (lambda: fallback_graph([0, 0], [0.5, 0.5]), "the order [0, 0] does not name each of the 2 hypotheses once"),
        (lambda: gatekeeping_graph([[0], [0]], [1]), "families do not name each hypothesis once"),
        (
            lambda: gatekeeping_graph([[0], [1]], [1.5]),
            "2 families need 1 kept shares, each between 0 and 1",
        ),
        (lambda: adjusted_by_graph(np.zeros((1, 3)), holm_graph(2)), "there are p values (1, 3) and 2 hypotheses"),
    ]
    for make, message in wrong:
        with pytest.raises(ValueError) as caught:
            make()
        assert str(caught.value) == message
