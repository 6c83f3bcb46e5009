"""What can be wrong with a command, explained for `trialsim explain SLUG`."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "file-exists": Explanation(
        "A copy would replace a file",
        "A file of that name is there already, perhaps with changes of your own.",
        "trialsim library copy theophylline   # for the second time",
        "Copy to another folder with --to, or replace the file with --force.",
    ),
    "no-pymc": Explanation(
        "Fitting needs packages that are not installed",
        "PyMC, ArviZ and nutpie come with the extra `fit`; everything but fitting works without them.",
        "trialsim fit theophylline",
        "Run: pip install 'trialsim[fit]'.",
    ),
    "unknown-cell": Explanation(
        "A run has no such cell",
        "A cell is one scenario under one parameters mode and one design; the message lists those of the run.",
        "trialsim replay theophylline-dose-finding --scenario optimistic --trial 3",
        "Use names of the list.",
    ),
    "unknown-slug": Explanation(
        "No error has this name",
        "The name of an error is the word in the brackets of error[…].",
        "trialsim explain unit-missmatch",
        "`trialsim explain` without a name lists them all.",
    ),
}
