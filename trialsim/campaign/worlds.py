"""The world of each cell: a design, a scenario's truth and conduct, a parameters mode, the seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trialsim.campaign.plan import Plan
from trialsim.cohort.model import Cohort
from trialsim.cohort.overrides import with_overrides
from trialsim.protocol.scenarios import with_conduct

if TYPE_CHECKING:
    from trialsim.cohort.posterior import PosteriorDraws
    from trialsim.trial.world import World


def worlds(
    plan: Plan,
    cohort: Cohort,
    posterior: PosteriorDraws | None = None,
) -> Callable[[int], World]:
    """Return the function from a cell's position in the plan to its world."""

    def world_of(position: int) -> World:
        from trialsim.trial.world import World

        cell = plan.cells[position]
        return World(
            protocol=with_conduct(cell.protocol, cell.scenario),
            cohort=with_overrides(cohort, cell.scenario.overrides),
            scenario=cell.scenario.name,
            mode=cell.mode,
            design=cell.key.design,
            seed=cell.protocol.simulate.seed,
            posterior=posterior,
            overrides=cell.scenario.overrides,
        )

    return world_of
