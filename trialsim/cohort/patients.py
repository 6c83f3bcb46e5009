"""Candidates: virtual patients before anybody has screened them, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.covariates import correlated_scores, covariate_values
from trialsim.cohort.draws import TypicalValues, logit_shifted
from trialsim.cohort.model import Cohort, Effect, Parameter, RandomEffect
from trialsim.foundation.elementary import exp_array, power_array
from trialsim.foundation.incomplete_gamma import gamma_factors

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The properties of n candidates, every array [n] in the cohort's declared units; categories as positions."""

    covariates: Mapping[str, Floats]
    parameters: Mapping[str, Floats]


def candidates(
    cohort: Cohort, typical: TypicalValues, seed: int, trials: Integers, rows: Integers, patients: Integers
) -> Candidates:
    """Return the covariates and individual parameters of candidates, in the cohort's declared units.

    `trials` and `patients` are the numbers that key the luck of each candidate, `rows` the position of its trial in
    `typical`. Nothing depends on which other candidates are asked for at the same time.
    """
    trials, rows, patients = (np.asarray(a, dtype=np.int64) for a in (trials, rows, patients))
    covariates = covariate_values(cohort, seed, trials, patients)
    varying = [p.name for p in cohort.parameters if p.between_patients is not None]
    scores = correlated_scores("individual", varying, cohort.random_effect_correlation, seed, trials, patients)
    parameters: dict[str, Floats] = {}
    for parameter in cohort.parameters:
        value = typical.parameters[parameter.name][rows] * covariate_factor(parameter, typical, covariates, rows)
        if parameter.between_patients is not None:
            sds = typical.between_patients_sd[parameter.name][rows]
            value = varied(parameter, value, sds, scores[parameter.name])
        parameters[parameter.name] = value
    return Candidates(covariates=covariates, parameters=parameters)


def varied(parameter: Parameter, values: Floats, sds: Floats, scores: Floats) -> Floats:
    """Return values varied between patients: spreads on the scale of the random effect, standard normal scores."""
    assert parameter.between_patients is not None
    if parameter.between_patients.scale == "gamma":
        return values * gamma_factors(sds, scores)
    return shifted(parameter, values, sds * scores)


def shifted(parameter: Parameter, values: Floats, shifts: Floats) -> Floats:
    """Return values moved by random effects of patients on the parameter's scale."""
    assert parameter.between_patients is not None
    return shifted_by(parameter, parameter.between_patients, values, shifts)


def shifted_by(parameter: Parameter, variation: RandomEffect, values: Floats, shifts: Floats) -> Floats:
    """Return values moved by random effects of patients or occasions on their scale.

    Box-Cox (Petersson et al. 2009, Pharm Res 26:2174, equation 4): the effect is (exp(shape eta) - 1) / shape.
    """
    if variation.scale == "lognormal":
        if variation.box_cox:
            shifts = (exp_array(variation.box_cox * shifts) - 1.0) / variation.box_cox
        return values * exp_array(shifts)
    if variation.scale == "normal":
        return values + shifts
    share = parameter.unit.factor  # 0.01 for a parameter in %
    return logit_shifted(values * share, shifts) / share


def covariate_factor(
    parameter: Parameter, typical: TypicalValues, covariates: Mapping[str, Floats], rows: Integers
) -> Floats:
    """Return the product of a parameter's covariate effects, dimensionless [n]; one where it has none."""
    factor = np.ones(len(rows))
    for effect in parameter.effects:
        coefficients = typical.coefficients[parameter.name, effect.covariate][rows]
        factor = factor * effect_factor(effect, coefficients, covariates[effect.covariate])
    return factor


def effect_factor(effect: Effect, coefficients: Floats, values: Floats) -> Floats:
    """Return the factor of one covariate effect at the covariate's values, [n]."""
    if effect.kind == "factors":
        chosen: Floats = coefficients[np.arange(len(values)), values.astype(np.int64)]
        return chosen
    if effect.kind == "power":
        return power_array(values / effect.reference, coefficients)
    distance = coefficients * (values - effect.reference)
    return 1.0 + distance if effect.kind == "linear" else exp_array(distance)
