"""Families: comparisons of several analyses that share one error rate."""

from __future__ import annotations

from trialsim.foundation.sections import Field, ListOf, MapOf, Number, Phrase, Section, Text
from trialsim.protocol.written import WrittenFamily, WrittenGate, WrittenNode

SHARE = Number(at_least=0, at_most=1)
HYPOTHESES = ListOf(Text(), at_least=2)

NODE = Section(
    "a hypothesis of a graph",
    {
        "weight": Field(SHARE, "its share of the error rate at first", default=0.0, example="50%"),
        "to": Field(
            MapOf(SHARE, Text()),
            "once it is rejected, which shares of its weight the others receive",
            default={},
            example="{key_secondary: 1}",
        ),
    },
    make=WrittenNode,
)

GATE = Section(
    "a gate",
    {
        "test": Field(ListOf(Text(), at_least=1), "its hypotheses, by Holm's procedure", required=True),
        "keep": Field(
            SHARE,
            "of the weight of a rejected hypothesis, what stays until all of the gate are rejected; the rest opens the"
            " next gate: 1 is the serial gatekeeper, 0 the parallel one",
            default=1.0,
            example="50%",
        ),
    },
    make=WrittenGate,
)

FAMILY = Section(
    "a family",
    {
        "alpha": Field(
            Phrase("an error rate", "0.025 one-sided", str, r"\S+\s+(one|two)-sided"),
            "the type I error rate of the family",
            default="0.025 one-sided",
        ),
        "graph": Field(
            MapOf(NODE, Text(), at_least=1),
            "the graphical procedure: weights, and where they go. A hypothesis is an analysis of one comparison,"
            " `COMPARISON of ANALYSIS`, or `all of ANALYSIS and ANALYSIS`",
            example="{primary: {weight: 1, to: {key_secondary: 1}}, key_secondary: {}}",
        ),
        "fixed_sequence": Field(
            HYPOTHESES, "each is tested if all before it are rejected", example="[primary, key_secondary]"
        ),
        "holm": Field(HYPOTHESES, "Holm's procedure", example="[pain, function]"),
        "fallback": Field(
            MapOf(SHARE, Text(), at_least=2),
            "a sequence whose hypotheses have weights of their own",
            example="{primary: 80%, key_secondary: 20%}",
        ),
        "gatekeeping": Field(
            ListOf(GATE, at_least=2),
            "gates one after the other",
            example="[{test: [pain, function], keep: 0}, {test: [quality_of_life]}]",
        ),
        "hochberg": Field(HYPOTHESES, "refused: it needs tests that are positively dependent; write holm"),
        "hommel": Field(HYPOTHESES, "refused: it needs tests that are positively dependent; write holm"),
    },
    exactly_one=(("graph", "fixed_sequence", "holm", "fallback", "gatekeeping", "hochberg", "hommel"),),
    make=WrittenFamily,
)
