"""Who gets which arm: permuted blocks within strata, in order of arrival."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.model import Cohort
from trialsim.foundation.streams import uniforms
from trialsim.protocol.model import Randomisation
from trialsim.trial.keys import block_key

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def strata_names(randomisation: Randomisation, cohort: Cohort, n_sites: int) -> tuple[str, ...]:
    """Return the name of every stratum, such as `sex=female, site=3`; one nameless stratum where there are none."""
    names = [""]
    for factor in randomisation.strata:
        levels = factor_levels(factor, cohort, n_sites)
        names = [f"{name}, {factor}={level}" if name else f"{factor}={level}" for name in names for level in levels]
    return tuple(names)


def factor_levels(factor: str, cohort: Cohort, n_sites: int) -> tuple[str, ...]:
    """Return the levels of a stratification factor: the sites, or a covariate's categories."""
    if factor == "site":
        return tuple(str(i + 1) for i in range(n_sites))
    return next(covariate.categories for covariate in cohort.covariates if covariate.name == factor)


def crossed(
    factors: tuple[str, ...], covariates: Mapping[str, Floats], sites: Ints, cohort: Cohort, n_sites: int
) -> Ints:
    """Return the position of each patient's combination of factors among all combinations, as in `strata_names`."""
    position = np.zeros(sites.shape[0], dtype=np.int64)
    for factor in factors:
        level = sites - 1 if factor == "site" else covariates[factor].astype(np.int64)
        position = position * len(factor_levels(factor, cohort, n_sites)) + level
    return position


def positions_in_stratum(rows: Ints, strata: Ints, n_strata: int) -> Ints:
    """Return how many patients of the same trial and stratum came before each, in order of arrival."""
    keys = rows * n_strata + strata
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.concatenate((starts[1:], [keys.shape[0]]))
    positions = np.empty_like(keys)
    positions[order] = np.arange(keys.shape[0]) - np.repeat(starts, ends - starts)
    return positions


def allocated_arms(
    randomisation: Randomisation, names: tuple[str, ...], seed: int, trials: Ints, rows: Ints, strata: Ints
) -> Ints:
    """Return the position of each patient's arm: permuted blocks within strata, in the order of the rows.

    The slots of block b of a stratum are ordered by uniforms keyed by (stratum, trial, b, slot), so that what
    one stratum draws never depends on another (Rosenberger & Lachin 2016, section 3.5). Patients of a trial
    come in order of arrival; `rows` tells trials apart.
    """
    size = randomisation.block
    arm_of_rank = np.repeat(np.arange(len(randomisation.ratio)), np.array(randomisation.ratio))
    arm_of_rank = np.tile(arm_of_rank, size // arm_of_rank.shape[0])
    position = positions_in_stratum(rows, strata, len(names))
    block, slot = position // size, position % size
    arms = np.empty(trials.shape[0], dtype=np.int64)
    for i, name in enumerate(names):
        here = np.flatnonzero(strata == i)
        if here.size == 0:
            continue
        drawn = _block_uniforms(seed, block_key(name), trials[here], block[here], size)
        own = np.take_along_axis(drawn, slot[here][:, None], axis=1)
        arms[here] = arm_of_rank[(drawn < own).sum(axis=1)]
    return arms


def _block_uniforms(seed: int, purpose: int, trials: Ints, blocks: Ints, size: int) -> Floats:
    """Return the uniforms of all slots of each patient's block: one row a patient."""
    return uniforms(seed, purpose, trials[:, None], blocks[:, None], np.arange(size))
