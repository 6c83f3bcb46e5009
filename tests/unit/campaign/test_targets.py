"""Targets and candidates: what can be asked for, and every refusal whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.campaign.fakes import protocol
from tests.whole_runs import LIBRARY
from trialsim.campaign.candidates import candidates, derived_seed
from trialsim.campaign.targets import targets
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.library import find
from trialsim.protocol.family_model import Family, Hypothesis
from trialsim.protocol.read import read_protocol


@pytest.fixture(scope="module")
def two_means():
    return read_protocol(find("protocols", "two-means", LIBRARY), LIBRARY)[0]


def refusal(call, *arguments):
    with pytest.raises(TrialsimError) as caught:
        call(*arguments)
    assert caught.value.exit_code == 2
    return f"{caught.value.slug}: {caught.value}"


def test_targets_are_read_floors_first(two_means):
    text = "type_1≤2.5% in null; power >= 0.9 in expected ; assurance of treated vs control >= 60 % in smaller"
    found = targets(text, two_means)
    assert [str(target) for target in found] == [
        "power >= 90% in expected", "assurance of treated vs control >= 60% in smaller", "type_1 <= 2.5% in null"
    ]  # fmt: skip
    assert [target.mode for target in found] == ["typical", "uncertain", "typical"]
    assert [target.level for target in found] == pytest.approx([0.9, 0.6, 0.025])
    assert {target.parts for target in found} == {(("primary", "treated vs control"),)}
    assert targets("success >= 50% in expected", two_means)[0].parts == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("power of 90%", "bad-target: 'power of 90%' is no target\n"
         "  = written like: power >= 90% in expected; type_1 <= 2.5% in null"),
        ("powr >= 90% in expected", "bad-target: no target is called 'powr'\n  = nearest name: power"),
        ("type_1 <= 2.5% in null", "bad-target: no target asks for power, assurance or success\n"
         "  = written like: power >= 90% in expected; type_1 <= 2.5% in null\n"
         "  = without a rate to reach, the smallest design is always the first"),
        ("power >= 90% in expectd", "unknown-scenario: the protocol has no scenario 'expectd'\n"
         "  = nearest name: expected"),
        ("power >= 100% in expected", "bad-target: 'power >= 100% in expected': 100% is no rate\n"
         "  = a rate lies between 0% and 100%, and neither can be shown by simulation"),
        ("power <= 90% in expected", "bad-target: 'power <= 90% in expected': power is a rate to reach\n"
         "  = written: power >= 90% in expected"),
        ("type_1 >= 2.5% in null", "bad-target: 'type_1 >= 2.5% in null': type_1 is an error to keep low\n"
         "  = written: type_1 <= 2.5% in null"),
        ("type_1 <= 2.5% in expected",
         "target-not-null: scenario 'expected' declares no null for a type I error: treated vs control\n"
         "  = declare what is null there: scenarios: {expected: {null: [treated vs control]}}"),
        ("power >= 90% in null", "target-null: scenario 'null' declares treated vs control null: it has no power there"
         "\n  = a rate of rejecting a null is a type I error: type_1 <= …"),
        ("power of high vs low >= 90% in expected", "bad-target: the trial does not compare 'high vs low'\n"
         "  = comparisons of 'primary', which decides: treated vs control"),
        ("success of treated vs control >= 90% in expected",
         "bad-target: success is of the trial, not of a comparison\n"
         "  = written: power of treated vs control, or success alone"),
        ("power >= 90% in expected; power >= 80% in expected",
         "bad-target: asked for twice: power >= 80% in expected\n  = keep the stricter one"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_meant(two_means, text, told):
    assert refusal(targets, text, two_means) == told


def test_a_type_1_error_of_a_family(two_means):
    both = Hypothesis(text="both", parts=(("primary", "treated vs control"), ("other", "treated vs control")))
    main = Family(name="main", alpha=0.025, procedure="holm", hypotheses=(both,))
    with_family = replace(two_means, families=(main,))
    asked = "power >= 90% in expected; type_1 of main <= 2.5% in null"
    assert targets(asked, with_family)[1].parts == both.parts
    assert refusal(targets, asked.replace("null", "smaller"), with_family) == (
        "target-not-null: scenario 'smaller' declares no null of the family 'main'\n"
        "  = declare what is null there: scenarios: {smaller: {null: […]}}"
    )


def test_power_of_which_of_several_comparisons():
    assert refusal(targets, "power >= 90% in expected", protocol()) == (
        "bad-target: 'primary' has 2 comparisons: power of which?\n"
        "  = written: power of low vs placebo, or success"
    )
    (target,) = targets("power of high  vs placebo >= 80% in expected", protocol())
    assert target.comparison == "high vs placebo"


def test_no_assurance_where_nothing_is_drawn():
    assert refusal(targets, "assurance of low vs placebo >= 50% in expected", protocol(modes=("typical",))) == (
        "bad-target: the protocol draws no parameters: no assurance\n"
        "  = written in the protocol: simulate: {parameters: both}\n"
        "  = with typical parameters it is power"
    )


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("patients.randomised: 100..110", (100, 102, 104, 106, 108, 110)),
        ("patients.randomised: 100 .. 103 by 1", (100, 101, 102, 103)),
        ("patients.randomised: 120, 60,90", (60, 90, 120)),
        ("patients.randomised:100..10000", tuple(range(100, 10001, 26))),
        ("randomise.blocks: 2..8", (2, 3, 4, 5, 6, 7, 8)),
    ],
)
def test_candidates_ascend_and_keep_the_ratio(two_means, text, sizes):
    found = candidates(text, two_means)
    assert found.sizes == sizes
    assert found.below(sizes[0]) is None and found.below(sizes[1]) == sizes[0]
    assert found.at_or_above(sizes[0] + 0.5) == sizes[1] and found.at_or_above(1e9) == sizes[-1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("100..800", "bad-range: '100..800' names no field and its values\n"
         "  = written like: patients.randomised: 100..800, or 100..800 by 10, or 100, 150, 200"),
        ("patients.number: 100..800", "bad-range: the protocol has no field 'patients.number'\n"
         "  = fields: cohort, eligible, randomised\n  = the number of patients is patients.randomised"),
        ("patients.cohort: 1..3", "bad-range: 'patients.cohort' is 'two-means', no whole number\n"
         "  = a search goes over whole numbers; other fields are varied with vary and trialsim run"),
        ("patients.randomised: 800..100", "bad-range: '800..100' is no ascending range\n"
         "  = written like: patients.randomised: 100..800, or 100..800 by 10, or 100, 150, 200"),
        ("patients.randomised: 100", "bad-range: '100' is no range of whole numbers\n"
         "  = written like: patients.randomised: 100..800, or 100..800 by 10, or 100, 150, 200"),
        ("patients.randomised: 100..101", "bad-range: '100..101' leaves one design, 100\n"
         "  = trialsim run simulates one design"),
        ("patients.randomised: 100..2000 by 1",
         "bad-range: 1901 designs are more than the 400 of one search\n  = step by 5"),
    ],
)  # fmt: skip
def test_candidates_that_cannot_be_meant(two_means, text, told):
    assert refusal(candidates, text, two_means) == told


def test_seeds_of_parts_differ_and_can_be_written():
    seeds = {derived_seed(seed, *words) for seed in (1, 2) for words in (("search", "1"), ("search", "2"), ("v", "1"))}
    assert len(seeds) == 6 and all(0 <= seed < 10**15 for seed in seeds)
