"""Families and imputations: what a document says is what the protocol has, and reads back the same."""

import pytest

from tests.unit.protocol.documents import cohort, protocol
from trialsim.protocol.family_model import Hypothesis
from trialsim.protocol.missing_model import MissingValues
from trialsim.protocol.read import protocol_from
from trialsim.protocol.write import protocol_text

RULE = "    alpha: 0.05 two-sided\n    multiplicity: dunnett\n"
HIGH, LOW = ("primary", "high vs placebo"), ("primary", "low vs placebo")
SECONDARY = ("secondary", "high vs placebo")


def with_family(text):
    families = f"families: {{main: {{alpha: 0.02 one-sided, {text}}}}}\n"
    return protocol((RULE, ""), ("success: any", f"{families}success: any"))


@pytest.mark.parametrize(
    ("text", "parts", "numbers"),
    [
        (
            "graph: {high vs  placebo of primary: {weight: 50%, to: {secondary: 0.5}}, secondary: {},"
            " low vs placebo of primary: {weight: 0.25}}",
            [(HIGH,), (SECONDARY,), (LOW,)],
            {"weights": (0.5, 0.0, 0.25), "transitions": ((0.0, 0.5, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))},
        ),
        ("fixed_sequence: [all of primary, secondary]", [(HIGH, LOW), (SECONDARY,)], {}),
        ("holm: [all of secondary, all of primary]", [(SECONDARY,), (HIGH, LOW)], {}),
        ("fallback: {all of primary: 80%, secondary: 20%}", [(HIGH, LOW), (SECONDARY,)], {"weights": (0.8, 0.2)}),
        (
            "gatekeeping: [{test: [secondary], keep: 0},"
            " {test: [high vs placebo of primary, low vs placebo of primary]}]",
            [(SECONDARY,), (HIGH,), (LOW,)],
            {"gates": (1, 2), "keeps": (0.0, 1.0)},
        ),
        ("graph: {all of primary and secondary: {weight: 1}}", [(HIGH, LOW, SECONDARY)], {"weights": (1.0,)}),
    ],
)
def test_families_read_back_the_same(text, parts, numbers):
    made = with_family(text)
    family = made.families[0]
    assert [hypothesis.parts for hypothesis in family.hypotheses] == parts
    assert all(isinstance(each, Hypothesis) and "  " not in each.text for each in family.hypotheses)
    assert {name: getattr(family, name) for name in numbers} == numbers
    assert (family.alpha, family.procedure) == (0.02, text.split(":")[0])
    assert {(each.alpha, each.multiplicity) for each in made.analyses} == {(0.02, "family")}
    assert protocol_from(protocol_text(made), cohort()) == made


def test_without_families_an_analysis_has_its_own_error_rate():
    made = protocol((RULE, "    multiplicity: hommel\n"))
    assert (made.analyses[0].alpha, made.analyses[0].multiplicity, made.families) == (0.025, "hommel", ())


def test_a_null_may_be_of_one_analysis():
    written = "null: [high vs placebo, low vs placebo]"
    made = protocol((written, "null: [high  vs placebo of secondary, low vs placebo]"))
    scenario = next(each for each in made.scenarios if each.name == "no_effect")
    assert scenario.null == ("high vs placebo of secondary", "low vs placebo")
    assert [scenario.is_null(*each) for each in (HIGH, LOW, SECONDARY)] == [False, True, True]
    assert [scenario.nulls_of(name) for name in ("primary", "secondary")] == [
        ("low vs placebo",), ("high vs placebo", "low vs placebo"),
    ]  # fmt: skip
    assert protocol_from(protocol_text(made), cohort()) == made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{missing_at_random: {}}", ("missing_at_random", None, "rubin", 50, ("w4", "w12"), (), ())),
        (
            "{jump_to_reference: {reference: placebo, after: [intolerance], imputations: 20, visits: [w12]}}",
            ("jump_to_reference", "placebo", "rubin", 20, ("w12",), (), ()),
        ),
        (
            "{copy_increment: {reference: low, variance: jackknife, visits: [w4], delta: {high: 0.1 kPa}}}",
            ("copy_increment", "low", "jackknife", 1, ("w4", "w12"), None, None),
        ),
    ],
)
def test_imputations_read_back_the_same(text, expected):
    made = protocol((RULE, f"    missing: {text}\n    multiplicity: holm\n"))
    how = made.analyses[0].method.imputation
    assert isinstance(how, MissingValues) and made.analyses[0].method.missing == "imputed"
    assert (how.strategy, how.reference, how.variance, how.imputations, how.visits) == expected[:5]
    if expected[5] is None:
        assert how.delta[0][0] == "high" and how.delta[0][1] == pytest.approx(0.7500617, rel=1e-6)
    else:
        assert (how.delta, how.delta_text) == expected[5:]
    assert protocol_from(protocol_text(made), cohort()) == made


def test_deltas_can_vary():
    text = "    missing: {missing_at_random: {delta: {high: 0 mmHg}}}\n    multiplicity: holm\n"
    path = "analyses.primary.missing.missing_at_random.delta.high"
    usual = "patients.randomised: [60, 120], arms.low.dosing.0.amount: [5 mg, 10 mg]"
    varied = (RULE, text), (usual, f"{path}: [0 mmHg, 2 mmHg]")
    designs = protocol(*varied).designs
    deltas = [each.protocol.analyses[0].method.imputation.delta for each in designs]
    assert deltas == [(("high", 0.0),), (("high", 2.0),)]
