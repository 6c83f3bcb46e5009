"""Faults of models of drug and disease, explained: what `trialsim explain SLUG` prints."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "not-in-dynamics": Explanation(
        "A function that rates cannot use",
        "Rates, quantities and hazards see states, parameters and the time t; what has happened to the patient "
        "is not among them.",
        'disease: {rate: "-k * since(first_dose)"}',
        "Write the rate with t, or keep what has happened in a state of its own.",
    ),
    "fit-needs-gradient": Explanation(
        "A course whose slopes cannot be followed",
        "Fitting follows how a course changes with every estimated parameter. It cannot where a measured value is made "
        "of what the path amounts to: a highest or lowest value, an integral, a share of time.",
        "quantities: {peak: {highest: conc, unit: mg/L}}, measures: {x_peak: {value: peak, unit: mg/L}}",
        "Fit the values that were measured over time; what the path amounts to follows from the posterior.",
    ),
}
