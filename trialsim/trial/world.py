"""What one batch of trials is simulated from: a design, a truth, and the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trialsim.cohort.model import Cohort
from trialsim.protocol.model import Override, ParameterMode, Protocol

if TYPE_CHECKING:
    from trialsim.cohort.posterior import PosteriorDraws


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One scenario under one design, ready to simulate; frozen, and sent to workers as it stands.

    The scenario's conduct is already in `protocol` and its truth already in `cohort`. `posterior` is the fit's as
    it was read: the scenario's `overrides` of parameters are applied to its draws while simulating.
    """

    protocol: Protocol
    cohort: Cohort
    scenario: str
    mode: ParameterMode
    design: str
    seed: int
    posterior: PosteriorDraws | None = None
    overrides: tuple[Override, ...] = ()
