"""What can go wrong while a trial is simulated, explained for `trialsim explain SLUG`."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "too-few-eligible": Explanation(
        "Hardly any candidate is eligible",
        "A trial screens candidates until enough are eligible. It gives up when fewer than one in a thousand is after"
        " five thousand were screened: the conditions and the cohort do not go together.",
        "eligible: [age >= 85 years]   # of a cohort aged 18 to 60 years",
        "Widen the conditions, or simulate a cohort in which such patients are found.",
    ),
    "negative-hazard": Explanation(
        "A hazard is negative",
        "A hazard is a rate of events and cannot be below zero; with this patient's parameters and covariates the"
        " expression is.",
        "lost_to_follow_up: {hazard: 0.1 per month * (1 - weight / (60 kg))}",
        "Write an expression that stays positive, such as exp(…), or cut it off with max(0 per month, …).",
    ),
}
