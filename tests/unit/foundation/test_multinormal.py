"""Probabilities of correlated normals against one more integral, by conditioning, and where they are known."""

import numpy as np
import pytest
from scipy import integrate, stats

from trialsim.foundation.multinormal import normal_pair_below, normals_below


def given_the_first(bound, correlation, below):
    """P(Z < bound) by integrating over the first variable; `below` gives the probability of the others."""
    spread = np.sqrt(1.0 - correlation[0, 1:] ** 2)
    partial = correlation[1:, 1:] - np.outer(correlation[0, 1:], correlation[0, 1:])
    partial = np.clip(partial / np.outer(spread, spread), -1.0, 1.0)
    np.fill_diagonal(partial, 1.0)

    def density(z):
        return stats.norm.pdf(z) * below((bound[1:] - correlation[0, 1:] * z) / spread, partial)

    return integrate.quad(density, -9.0, bound[0], epsabs=1e-12, limit=400)[0]


def correlations(rng, n, rank):
    loadings = rng.normal(size=(n, rank))
    covariance = loadings @ loadings.T
    return covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))


@pytest.mark.parametrize("r", [-1.0, -0.9999, -0.95, -0.9, -0.4, 0.0, 0.3, 0.92, 0.93, 0.97, 0.9999, 1.0])
def test_two_at_zero_and_at_their_limits(r):
    assert normal_pair_below(0.0, 0.0, r) == pytest.approx(0.25 + np.arcsin(r) / (2 * np.pi), abs=1e-14)
    assert normal_pair_below(np.inf, 0.7, r) == pytest.approx(stats.norm.cdf(0.7), abs=1e-14)
    assert normal_pair_below(-np.inf, 0.7, r) == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize("r", [-0.99, -0.93, -0.8, 0.2, 0.92, 0.93, 0.99])
def test_two_against_conditioning(r):
    rng = np.random.default_rng(1)
    for h, k in rng.normal(size=(8, 2)) * 1.5:
        matrix = np.array([[1.0, r], [r, 1.0]])
        expected = given_the_first(np.array([h, k]), matrix, lambda b, _: stats.norm.cdf(b[0]))
        assert normal_pair_below(h, k, r) == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("rank", [2, 3, 5])
def test_three_against_conditioning_also_where_singular(rank):
    rng = np.random.default_rng(rank)
    for _ in range(8):
        correlation, bound = correlations(rng, 3, rank), rng.normal(size=3) + 0.5
        expected = given_the_first(bound, correlation, lambda b, p: normal_pair_below(b[0], b[1], p[0, 1]))
        assert normals_below(bound, correlation) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("rank", [2, 3, 6])
def test_four_against_conditioning_also_where_singular(rank):
    rng = np.random.default_rng(10 + rank)
    for _ in range(3):
        correlation, bound = correlations(rng, 4, rank), rng.normal(size=4) + 0.5
        expected = given_the_first(bound, correlation, lambda b, p: normals_below(b, np.ascontiguousarray(p)))
        assert normals_below(bound, correlation) == pytest.approx(expected, abs=1e-8)


def test_equal_correlations_of_a_half_and_independence():
    for k in (2, 3, 4):
        half = np.full((k, k), 0.5) + 0.5 * np.eye(k)
        assert normals_below(np.zeros(k), half) == pytest.approx(1.0 / (k + 1.0), abs=1e-12)
        assert normals_below(np.full(k, 1.3), np.eye(k)) == pytest.approx(stats.norm.cdf(1.3) ** k, rel=1e-14)
        assert normals_below(np.full(k, 1.3), np.ones((k, k))) == pytest.approx(stats.norm.cdf(1.3), abs=1e-11)
    assert np.isnan(normals_below(np.zeros(5), np.eye(5)))
