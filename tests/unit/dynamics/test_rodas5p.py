"""The coefficients of Rodas5P: conditions of order, convergence, and the sums written out of them."""

from __future__ import annotations

import numpy as np
import pytest

from trialsim.dynamics import rodas5p_sums
from trialsim.dynamics.rodas5p import CARRIED, GAMMA, N_STAGES, NODES, STAGES, TIME_WEIGHTS, C

# The usual form of the method: alpha, gamma and weights from the form without products of the Jacobian.
INNER = np.linalg.inv(np.eye(N_STAGES) / GAMMA - C)
ALPHA = STAGES @ INNER
BETA = ALPHA + INNER
WEIGHTS = np.append(STAGES[-1, :-1], 1.0) @ INNER
EMBEDDED = np.append(STAGES[-1, :-1], 0.0) @ INNER


def trees(order):
    """Return the rooted trees of an order as nested tuples."""
    if order == 1:
        return [()]
    return sorted({tuple(sorted(forest)) for forest in forests(order - 1)})


def forests(order, largest=None):
    """Return lists of trees with so many vertices in all."""
    if order == 0:
        return [()]
    return [(tree, *rest) for first in range(1, order + 1) for tree in trees(first) for rest in forests(order - first)]


def size(tree):
    return 1 + sum(map(size, tree))


def density(tree):
    return size(tree) * int(np.prod([density(branch) for branch in tree]))


def stage_sums(tree):
    """Return the sums over a tree at every stage (Hairer & Wanner 1996, section IV.7, theorem 7.3)."""
    if len(tree) == 1:
        return BETA @ stage_sums(tree[0])
    result = np.ones(N_STAGES)
    for branch in tree:
        result = result * (ALPHA @ stage_sums(branch))
    return result


def test_there_are_as_many_trees_as_there_should_be():
    assert [len(trees(order)) for order in range(1, 6)] == [1, 1, 2, 4, 9]


@pytest.mark.parametrize("tree", [tree for order in range(1, 6) for tree in trees(order)], ids=repr)
def test_conditions_of_order_five(tree):
    assert WEIGHTS @ stage_sums(tree) == pytest.approx(1.0 / density(tree), abs=5e-13)


@pytest.mark.parametrize("tree", [tree for order in range(1, 5) for tree in trees(order)], ids=repr)
def test_the_error_is_that_of_order_four(tree):
    assert EMBEDDED @ stage_sums(tree) == pytest.approx(1.0 / density(tree), abs=5e-13)


def test_the_embedded_method_has_no_order_five():
    assert max(abs(EMBEDDED @ stage_sums(tree) - 1.0 / density(tree)) for tree in trees(5)) > 1e-4


def test_nodes_and_weights_of_time_are_row_sums():
    np.testing.assert_allclose(ALPHA.sum(axis=1), NODES, atol=1e-14)
    np.testing.assert_allclose(INNER.sum(axis=1), TIME_WEIGHTS, atol=1e-14)


def test_stiffly_accurate_and_stable_at_infinity():
    np.testing.assert_allclose(BETA[-1], WEIGHTS, atol=1e-13)
    z = -1e9
    step = WEIGHTS @ np.linalg.solve(np.eye(N_STAGES) - z * BETA, np.ones(N_STAGES))
    assert abs(1.0 + z * step) < 1e-5


def ended(n_steps):
    """Return exp(sin t) at t = 2, as y' = y cos t, by steps of the method written plainly."""
    h, y = 2.0 / n_steps, 1.0
    for k in range(n_steps):
        t, u = k * h, np.zeros(N_STAGES)
        for s in range(N_STAGES):
            x, at = y + STAGES[s] @ u, t + NODES[s] * h
            side = GAMMA * h * (x * np.cos(at) - TIME_WEIGHTS[s] * h * y * np.sin(t)) + CARRIED[s] @ u
            u[s] = side / (1.0 - GAMMA * h * np.cos(t))
        y += np.append(STAGES[-1, :-1], 1.0) @ u
    return y


def test_convergence_with_time_in_the_rate_is_of_order_five():
    errors = np.array([abs(ended(n) - np.exp(np.sin(2.0))) for n in (16, 32, 64)])
    orders = np.log2(errors[:-1] / errors[1:])
    assert np.all((orders > 4.7) & (orders < 5.6)), orders


def test_the_sums_of_the_stages_are_those_of_the_tables():
    rng = np.random.default_rng(1)
    rows = [(getattr(rodas5p_sums, f"state_at_{s}"), STAGES[s, :s]) for s in range(1, 6)]
    rows += [(getattr(rodas5p_sums, f"side_at_{s}"), CARRIED[s, :s]) for s in range(1, N_STAGES)]
    for function, row in rows:
        for u in rng.standard_normal((20, len(row))):
            total = 0.0
            for weight, number in zip(row, u, strict=True):
                total += weight * number
            assert function(0.3, *u) == 0.3 + total
    # The last two stages add the stage before: all their own coefficients are 1.
    assert STAGES[6].tolist() == [*STAGES[5, :5], 1.0, 0.0, 0.0]
    assert STAGES[7].tolist() == [*STAGES[5, :5], 1.0, 1.0, 0.0]


def test_the_tenth_root():
    x = np.exp(np.random.default_rng(2).uniform(-460.0, 460.0, 2000))
    found = np.array([rodas5p_sums.inverse_tenth_root(number) for number in x])
    np.testing.assert_allclose(found, x**-0.1, rtol=3e-4)
    ends = [rodas5p_sums.inverse_tenth_root(number) for number in (0.0, 1e-310, np.inf)]
    np.testing.assert_allclose(ends, [1e20, 1e20, 1e-20], rtol=3e-4)
