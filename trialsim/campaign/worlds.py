"""The world of each cell: a design, a scenario's truth and conduct, a parameters mode, the seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def dynamics(world_of: Callable[[int], World]) -> Callable[[int], Mapping[str, str | None]]:
    """Return the function from a cell's position to how its courses are computed: tier, solver, and why."""

    def dynamics_of(position: int) -> Mapping[str, str | None]:
        from trialsim.trial.setup import setup_of
        from trialsim.trial.solver import solution

        found = solution(setup_of(world_of(position)))
        return {"tier": found.tier, "solver": found.solver, "why": found.why}

    return dynamics_of
