"""The methods of an analysis that compare shares: differences, ratios, odds ratios, and the test over strata."""

from __future__ import annotations

from trialsim.foundation.sections import Choice, Field, ListOf, Name, Section

STRATA = Field(ListOf(Name()), "factors: categorical covariates, or site", default=(), example="[sex]")
TESTS = Choice("miettinen_nurminen", "farrington_manning", "wald")
MEASURES = Choice("risk_difference", "risk_ratio", "odds_ratio")


def test_of_shares(default: str) -> Field:
    return Field(TESTS, f"the test, which its interval inverts; {default} unless written", example="miettinen_nurminen")


SHARE_METHODS = {
    "risk_difference": Field(
        Section("a risk difference", {"strata": STRATA, "test": test_of_shares("wald")}),
        "the difference of two shares, within strata if there are any",
    ),
    "risk_ratio": Field(
        Section("a risk ratio", {"strata": STRATA, "test": test_of_shares("miettinen_nurminen")}),
        "the ratio of two shares, within strata if there are any",
    ),
    "odds_ratio": Field(
        Section("an odds ratio", {"strata": STRATA, "test": test_of_shares("miettinen_nurminen")}),
        "the ratio of the odds of two shares, within strata if there are any",
    ),
    "cmh": Field(
        Section(
            "a Cochran-Mantel-Haenszel test",
            {
                "strata": STRATA,
                "measure": Field(MEASURES, "what is estimated beside the test", default="odds_ratio"),
            },
        ),
        "the test of Cochran, Mantel and Haenszel, with the estimate of Mantel and Haenszel",
    ),
}
