"""Faults of imputations, explained."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "imputation-model": Explanation(
        "Values that a normal model does not impute",
        "Missing numbers are drawn from a joint normal model of the visits, and compared by analysis of covariance. "
        "Yes-or-no endpoints and other methods do not fit it.",
        "method: risk_difference, missing: {missing_at_random: {}}",
        "Write `missing: failure` for a yes-or-no endpoint, `method: ancova` for a number.",
    ),
    "imputation-estimand": Explanation(
        "An imputation that contradicts its estimand",
        "Reference-based imputation says what becomes of patients who stop; a hypothetical event asks for a world "
        "without it, in which they would not have stopped.",
        "events: {rescue: hypothetical}, missing: {jump_to_reference: {reference: placebo}}",
        "Write `missing_at_random`, or make the event `treatment_policy`.",
    ),
    "imputation-visits": Explanation(
        "A visit that does not belong into the imputation",
        "The model is of values under treatment up to the visit of the endpoint.",
        "visits: [baseline, w4, w12]",
        "Leave it out; adjust for the baseline with `covariates`.",
    ),
}
