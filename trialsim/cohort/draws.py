"""What each trial takes for true: the typical values, spreads and measurement errors of one simulated trial.

In typical mode every trial has the best estimates; in uncertain mode each trial draws them once, from the published
uncertainty or as one joint draw of a posterior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.model import Cohort, Effect, Uncertainty
from trialsim.cohort.posterior import (
    PosteriorDraws,
    additive_key,
    between_occasions_key,
    between_patients_key,
    proportional_key,
)
from trialsim.foundation.elementary import exp_array
from trialsim.foundation.streams import draws_of_trials, label, normals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mode = Literal["typical", "uncertain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalValues:
    """The truth of each of T trials, every array [T], in the cohort's declared units.

    `between_patients_sd` and `between_occasions_sd` are on the scale of the random effect. `coefficients` has, by
    (parameter, covariate), the coefficient of an effect [T] or the factors of a covariate's categories [T, categories].
    `draw` is the posterior draw, -1 where none was used.
    """

    parameters: Mapping[str, Floats]
    between_patients_sd: Mapping[str, Floats]
    coefficients: Mapping[tuple[str, str], Floats]
    additive: Mapping[str, Floats]
    proportional: Mapping[str, Floats]
    draw: Integers
    between_occasions_sd: Mapping[str, Floats] = field(default_factory=dict)


def typical_values(
    cohort: Cohort, seed: int, trials: Integers, mode: Mode, posterior: PosteriorDraws | None
) -> TypicalValues:
    """Return the typical values, spreads and measurement errors of every trial, in the cohort's declared units.

    Typical mode: as published, or the medians of the posterior. Uncertain mode: one draw a trial, keyed by the
    trial's number: a posterior's draw for all it estimated, published uncertainty for the rest.
    """
    source = _Source(cohort, seed, np.asarray(trials, dtype=np.int64), mode, posterior)
    effects = [(p.name, p.between_patients) for p in cohort.parameters if p.between_patients is not None]
    occasions = [(p.name, p.between_occasions) for p in cohort.parameters if p.between_occasions is not None]
    errors = [(m.name, m.error) for m in cohort.measures]
    return TypicalValues(
        parameters={p.name: source.values(p.name, p.typical, p.uncertainty, p.unit.factor)
                    for p in cohort.parameters},
        between_patients_sd={name: source.values(between_patients_key(name), effect.sd, effect.uncertainty)
                             for name, effect in effects},
        coefficients={(p.name, effect.covariate): source.coefficients(p.name, effect)
                      for p in cohort.parameters for effect in p.effects},
        additive={name: source.values(additive_key(name), e.additive, e.additive_uncertainty) for name, e in errors},
        proportional={name: source.values(proportional_key(name), e.proportional, e.proportional_uncertainty)
                      for name, e in errors},
        draw=source.draw,
        between_occasions_sd={name: source.values(between_occasions_key(name), effect.sd, effect.uncertainty)
                              for name, effect in occasions},
    )  # fmt: skip


class _Source:
    """Where one batch of trials takes its values from."""

    def __init__(
        self, cohort: Cohort, seed: int, trials: Integers, mode: Mode, posterior: PosteriorDraws | None
    ) -> None:
        self.cohort, self.seed, self.trials, self.mode, self.posterior = cohort, seed, trials, mode, posterior
        self.draw = np.full(len(trials), -1, dtype=np.int64)
        if posterior is not None and mode == "uncertain":
            self.draw = draws_of_trials(seed, trials, posterior.n_draws)

    def values(self, key: str, published: float, uncertainty: Uncertainty | None, share: float = 1.0) -> Floats:
        """One value a trial; `share` turns the value into a share of one for the logit scale."""
        draws = self.posterior.draws.get(key) if self.posterior is not None else None
        if draws is not None:
            return draws[self.draw] if self.mode == "uncertain" else np.full(len(self.trials), median(draws))
        if uncertainty is None or self.mode == "typical":
            return np.full(len(self.trials), published)
        purpose = label("prior", key)
        errors = uncertainty.sd * normals(self.seed, purpose, self.trials, np.zeros_like(self.trials))
        if uncertainty.scale == "lognormal":
            return published * exp_array(errors)
        if uncertainty.scale == "normal":
            return published + errors
        return logit_shifted(np.full(len(errors), published * share), errors) / share

    def coefficients(self, parameter: str, effect: Effect) -> Floats:
        """The coefficient of an effect [T], or its factors [T, categories]."""
        key = f"{parameter} on {effect.covariate}"
        if effect.kind != "factors":
            return self.values(key, effect.coefficient, effect.uncertainty)
        uncertain = effect.factors_uncertainty or (None,) * len(effect.factors)
        columns = [
            self.values(f"{key} {i}", factor, uncertainty)
            for i, (factor, uncertainty) in enumerate(zip(effect.factors, uncertain, strict=True))
        ]
        return np.column_stack(columns)


def logit_shifted(shares: Floats, shifts: Floats) -> Floats:
    """Return the shares whose logits are those of `shares` plus the shifts; zero and one stay what they are."""
    odds_ratio = exp_array(shifts)
    return shares * odds_ratio / ((1.0 - shares) + shares * odds_ratio)


def median(values: Floats) -> float:
    """Return the middle value, or the mean of the two middle values."""
    ordered = np.sort(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float(low + (high - low) * 0.5) if low != high else float(low)
