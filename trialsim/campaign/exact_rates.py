"""What a count of trials shows about a rate: exact binomial bounds, one side at a time."""

from __future__ import annotations

from trialsim.foundation.distributions import regularized_beta

HALVINGS = 60


def chance_of_so_many(hits: int, trials: int, rate: float) -> float:
    """Return the probability of at least so many hits where each trial hits at the rate."""
    return 1.0 if hits <= 0 else regularized_beta(float(hits), float(trials - hits + 1), rate)


def chance_of_so_few(hits: int, trials: int, rate: float) -> float:
    """Return the probability of at most so many hits where each trial hits at the rate."""
    return 1.0 - chance_of_so_many(hits + 1, trials, rate) if hits < trials else 1.0


def is_above(hits: int, trials: int, rate: float, error: float) -> bool:
    """Return whether a count shows that the rate is at least so much, wrong with probability `error` at most.

    The one-sided bound of Clopper & Pearson (1934, Biometrika 26:404) turned round into a test.
    """
    return trials > 0 and chance_of_so_many(hits, trials, rate) <= error


def is_below(hits: int, trials: int, rate: float, error: float) -> bool:
    """Return whether a count shows that the rate is at most so much, wrong with probability `error` at most."""
    return trials > 0 and chance_of_so_few(hits, trials, rate) <= error


def lower_bound(hits: int, trials: int, error: float) -> float:
    """Return the largest rate that a count shows to be exceeded, by halving: Clopper & Pearson's lower bound."""
    low, high = 0.0, 1.0
    if hits <= 0:
        return 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if chance_of_so_many(hits, trials, middle) <= error else (low, middle)
    return low


def upper_bound(hits: int, trials: int, error: float) -> float:
    """Return Clopper & Pearson's upper bound of a rate."""
    return 1.0 - lower_bound(trials - hits, trials, error)
