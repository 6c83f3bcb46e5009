"""The methods of an analysis that compare numbers at one visit and have options."""

from __future__ import annotations

from trialsim.foundation.sections import Choice, Field, Section, Truth
from trialsim.protocol.schema_repeated import COVARIATES
from trialsim.protocol.schema_shares import STRATA

MEAN_METHODS = {
    "ancova": Field(
        Section(
            "an analysis of covariance",
            {
                "covariates": COVARIATES,
                "strata": STRATA,
                "variance": Field(
                    Choice("model", "hc0", "hc3"),
                    "of the estimates: by one residual variance of all patients, or by each patient's own residual"
                    " (robust); model unless written",
                    example="hc3",
                ),
                "slopes": Field(
                    Choice("common", "by_arm"),
                    "whether all arms have the same slopes; by_arm comes with a robust variance of its own; common"
                    " unless written",
                    example="by_arm",
                ),
            },
        ),
        "one linear model of all arms, with covariates and factors",
    ),
    "wilcoxon": Field(
        Section(
            "a rank-sum test",
            {"continuity": Field(Truth(), "whether the normal approximation is corrected", default=True)},
        ),
        "Wilcoxon's rank sums, with the median of all differences between the arms",
    ),
}
