"""The methods of an analysis that compare shares: differences, ratios, odds ratios, and the test over strata."""

from __future__ import annotations

from trialsim.foundation.sections import Choice, Field, ListOf, Name, Section, Text

STRATA = Field(ListOf(Name()), "factors: categorical covariates, or site", default=(), example="[sex]")
COVARIATES = Field(
    ListOf(Text()),
    "continuous covariates, or a measure at a visit up to day 0",
    default=(),
    example="[sbp at baseline, weight]",
)
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
    "logistic": Field(
        Section(
            "a logistic regression",
            {
                "covariates": COVARIATES,
                "strata": STRATA,
                "measure": Field(
                    MEASURES,
                    "what is estimated, of all patients of the trial under either arm",
                    default="risk_difference",
                ),
                "variance": Field(
                    Choice("robust", "model"), "whether it holds where the model is wrong", default="robust"
                ),
                "separated": Field(
                    Choice("not_estimable", "firth"),
                    "what becomes of a trial whose slopes have no finite estimates: no result, or Firth's likelihood",
                    default="not_estimable",
                ),
            },
        ),
        "a logistic regression of all arms, whose predictions under every arm are averaged over all patients",
    ),
}
