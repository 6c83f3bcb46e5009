"""What can be wrong with an SBML model to be imported, explained for `trialsim explain SLUG`."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "no-libsbml": Explanation(
        "Importing SBML needs a package that is not installed",
        "python-libsbml comes with the extra `sbml`: it is LGPL, everything that trialsim needs itself is permissive.",
        "trialsim import model.xml",
        "Run: pip install 'trialsim[sbml]'.",
    ),
    "sbml-invalid": Explanation(
        "A file is no valid SBML model",
        "libsbml finds faults by the rules of SBML itself; the message has its words and lines.",
        "trialsim import notes.xml",
        "Correct the file, or take another.",
    ),
    "sbml-not-supported": Explanation(
        "An SBML model says more than a cohort can",
        "Events, delays, algebraic rules, fast reactions, conversion factors and some functions have no counterpart"
        " in a cohort, and leaving them out would be another model.",
        "<listOfEvents><event …>",
        "Take them out of the model, or write them in the cohort's own words after the import.",
    ),
    "sbml-units": Explanation(
        "The units of an SBML model do not agree with its equations or numbers",
        "SBML converts no units: a model can divide by 60 where its units do not. A cohort converts them, so that its"
        " numbers would be others than the model's.",
        "a rate constant in 1/min in a model whose time runs in seconds",
        "Correct the units, or import the bare numbers with --without-units.",
    ),
    "sbml-time": Explanation(
        "It is not clear in what unit of time a model runs",
        "A cohort says the unit of its time. SBML may leave it open, or count in units that have no name.",
        "<model> without timeUnits   # Level 3",
        "Say it with --time-unit, or in the model.",
    ),
}
