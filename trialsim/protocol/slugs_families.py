"""Faults of families of hypotheses, explained."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "family-dependence": Explanation(
        "A procedure whose condition nobody knows to hold",
        "Hochberg's and Hommel's procedures hold the error rate if the tests are positively dependent. Statistics of "
        "different endpoints or methods need not be.",
        "families: {main: {hochberg: [pain, function]}}",
        "Write `holm`, or a graph: they hold whatever the dependence.",
    ),
    "family-weights": Explanation(
        "More than the whole error rate",
        "The weights of a family are shares of its error rate, and what a rejected hypothesis passes on are shares of "
        "its weight: each sum is at most 1, and nobody passes weight to itself.",
        "graph: {primary: {weight: 0.7}, secondary: {weight: 0.7}}",
        "Make the shares smaller; leave out `to` of itself.",
    ),
    "never-weighted": Explanation(
        "A hypothesis that can never be rejected",
        "It has no weight of its own, and no hypothesis that can be rejected passes any to it.",
        "graph: {primary: {weight: 1}, secondary: {}}",
        "Give it a weight, or name it in `to` of another hypothesis.",
    ),
    "hypothesis-unclear": Explanation(
        "One of several comparisons, and not said which",
        "A hypothesis is one comparison, or several of which all must be shown. The analysis makes several.",
        "fixed_sequence: [primary, secondary]   # primary has two comparisons",
        "Write `high vs placebo of primary`, or `all of primary`.",
    ),
    "hypothesis-twice": Explanation(
        "One comparison in two places",
        "A comparison is rejected at the level of its one place in one family; in two, its error rate would be counted "
        "twice.",
        "families: {a: {holm: [x, y]}, b: {holm: [y, z]}}",
        "Leave it out of one, or put both families into one graph.",
    ),
    "hypothesis-left-out": Explanation(
        "A comparison outside the family of its analysis",
        "Some comparisons of an analysis are in a family and one is not, and nothing says what it may be tested at.",
        "holm: [high vs placebo of primary, secondary]   # and low vs placebo of primary?",
        "Name it in the family, or move it to an analysis of its own.",
    ),
    "family-power": Explanation(
        "A conditional power at a level that is not known",
        "Stopping for low conditional power asks for the final level of an analysis; in a family it depends on what "
        "else will be rejected.",
        "do: [{when: conditional_power(primary) < 10%, then: stop trial}]   # and primary is in a family",
        "Write a futility rule in `spend`, or take the analysis out of the family.",
    ),
    "alpha-twice": Explanation(
        "An error rate that is spent twice",
        "An analysis in a family has the error rate that the family gives it. Several families of one trial divide "
        "2.5% on one side between them.",
        "analyses: {primary: {alpha: 0.025 one-sided, …}}   # and families: {main: {holm: [primary, …]}}",
        "Leave out the analysis's own `alpha` and `multiplicity`; put the hypotheses into one graph, or divide alpha.",
    ),
}
