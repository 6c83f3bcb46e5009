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
        "Fitting follows how a course changes with every estimated parameter. It cannot where an estimated lag lets a "
        "bolus arrive in a state that does not act linearly, or that a condition asks for.",
        'dynamics: {central: {rate: "-Vmax * central / (Km + central)", receives: [{drug: X, route: iv, lag: ALAG}]}}',
        "Let the doses enter a depot or over a time, or give the parameter without an uncertainty.",
    ),
}
