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
    "fit-needs-linear": Explanation(
        "Only linear systems can be fitted",
        "Fitting needs exact gradients, which this version has for systems whose rates are linear in their states, "
        "with coefficients that do not change with time.",
        'dynamics: {central: {rate: "-vm * central / (km + central)"}}',
        "Fit a linear model to the data, or give the parameters as values with their uncertainty.",
    ),
}
