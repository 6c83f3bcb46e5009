"""Permuted blocks: balance within every block of every stratum, all orders as likely, strata apart."""

from __future__ import annotations

import numpy as np

from tests.unit.trial.worlds import pressure_cohort
from trialsim.protocol.model import Randomisation
from trialsim.trial.randomize import allocated_arms, crossed, positions_in_stratum, strata_names

TWO_TO_ONE = Randomisation(ratio=(1, 2), block=6, strata=("sex", "site"))


def test_strata_are_crossed_in_the_order_of_their_names():
    cohort = pressure_cohort()
    names = strata_names(TWO_TO_ONE, cohort, 2)
    assert names == ("sex=female, site=1", "sex=female, site=2", "sex=male, site=1", "sex=male, site=2")
    sex, site = np.array([0.0, 1.0, 1.0]), np.array([2, 1, 2])
    assert crossed(("sex", "site"), {"sex": sex}, site, cohort, 2).tolist() == [1, 2, 3]
    assert strata_names(Randomisation(ratio=(1, 1), block=2, strata=()), cohort, 2) == ("",)


def test_positions_count_those_before_in_the_same_trial_and_stratum():
    rows, strata = np.array([0, 0, 0, 0, 1, 1, 1]), np.array([0, 1, 0, 0, 0, 0, 1])
    assert positions_in_stratum(rows, strata, 2).tolist() == [0, 0, 1, 2, 0, 1, 0]


def allocation(strata, names, trials, ratio=(1, 2), block=6):
    randomisation = Randomisation(ratio=ratio, block=block, strata=())
    return allocated_arms(randomisation, names, 5, trials, trials, strata)


def test_every_whole_block_of_a_stratum_has_the_ratio():
    trials = np.repeat(np.arange(50), 60)
    strata = np.tile(np.arange(60) % 5 // 3, 50)  # 36 and 24 a trial, in mixed order
    arms = allocation(strata, ("a", "b"), trials)
    for stratum in (0, 1):
        blocks = arms[strata == stratum].reshape(-1, 6)
        assert np.all(blocks.sum(axis=1) == 4)


def test_a_stratum_is_allocated_the_same_whatever_happens_in_another():
    trials = np.zeros(60, dtype=np.int64)
    mixed = np.arange(60) % 2
    both = allocation(mixed, ("a", "b"), trials)[mixed == 0]
    alone = allocation(np.zeros(30, dtype=np.int64), ("a", "b"), trials[:30])
    assert both.tolist() == alone.tolist()


def test_all_orders_of_a_block_are_as_likely():
    n = 12_000
    trials = np.repeat(np.arange(n), 4)
    arms = allocation(np.zeros(4 * n, dtype=np.int64), ("",), trials, ratio=(1, 1), block=4).reshape(n, 4)
    orders, counts = np.unique(arms @ np.array([8, 4, 2, 1]), return_counts=True)
    assert orders.shape == (6,)
    assert np.sum((counts - n / 6) ** 2 / (n / 6)) < 25.8  # 1 - 1e-4 quantile of chi-squared on 5
