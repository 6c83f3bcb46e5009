"""The order of elimination: solutions, what is filled, and what is never touched."""

from __future__ import annotations

import numpy as np
import pytest

from trialsim.dynamics.elimination import elimination


def solved(plan, matrix, side):
    """Return the solution by the plan's steps alone, in which a place never named is never read."""
    a, b = matrix.copy(), side.copy()
    for p, rows, columns in zip(plan.pivots, plan.below, plan.right, strict=True):
        for i in rows:
            a[i, p] /= a[p, p]
            for j in columns:
                a[i, j] -= a[i, p] * a[p, j]
            b[i] -= a[i, p] * b[p]
    for p, columns in zip(reversed(plan.pivots), reversed(plan.right), strict=True):
        for j in columns:
            b[p] -= a[p, j] * b[j]
        b[p] /= a[p, p]
    return b


@pytest.mark.parametrize("seed", range(12))
def test_any_sparse_matrix_is_solved(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    entries = [(i, j) for i in range(n) for j in range(n) if rng.random() < 0.35]
    matrix = np.eye(n)
    for i, j in entries:
        matrix[i, j] += rng.uniform(-1.0, 1.0) + (n if i == j else 0.0)
    side = rng.standard_normal(n)
    plan = elimination(n, entries)
    assert sorted(plan.pivots) == list(range(n))
    np.testing.assert_allclose(solved(plan, matrix, side), np.linalg.solve(matrix, side), rtol=1e-9, atol=1e-12)


def test_a_chain_with_areas_is_not_eliminated():
    # Three compartments in a row, and two integrals on which nothing depends.
    plan = elimination(5, [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (4, 0), (4, 1)])
    assert (plan.n_products, plan.plain) == (5, frozenset({3, 4}))
    assert all(not (rows and columns) for rows, columns in zip(plan.below, plan.right, strict=True))


def test_an_integral_goes_before_what_fills():
    plan = elimination(3, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)])
    assert plan.pivots[0] == 2
    assert (plan.below[0], plan.right[0]) == ((), (0, 1))


def test_the_order_that_fills_least():
    # An arrow: eliminated from its head it would fill all places.
    arrow = [(0, j) for j in range(6)] + [(i, 0) for i in range(6)] + [(i, i) for i in range(6)]
    plan = elimination(6, arrow)
    assert plan.pivots[-1] == 5 and plan.pivots[-2] == 0
    assert plan.n_products == 10
