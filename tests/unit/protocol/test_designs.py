"""Designs: every point of what varies, named, checked and nothing but the design changed."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.protocol.documents import first_fault, protocol
from trialsim.protocol.designs import designs, file_text, short_names
from trialsim.protocol.dosing_model import PlainAmount
from trialsim.protocol.model import Protocol

VARY = "vary: {patients.randomised: [60, 120], arms.low.dosing.0.amount: [5 mg, 10 mg]}\n"


def amount_of(found: Protocol) -> float:
    """Return the amount of the first line of the second arm."""
    amount = found.arms[1].dosing[0].amount
    assert isinstance(amount, PlainAmount)
    return amount.value


def test_all_combinations_in_order() -> None:
    found = designs(protocol())
    assert [design.name for design in found] == [
        "randomised-60_amount-5-mg",
        "randomised-60_amount-10-mg",
        "randomised-120_amount-5-mg",
        "randomised-120_amount-10-mg",
    ]
    assert found[1].label == "patients.randomised = 60, arms.low.dosing.0.amount = 10 mg"
    assert [(d.protocol.patients.randomised, amount_of(d.protocol)) for d in found] == [
        (60, 5.0), (60, 10.0), (120, 5.0), (120, 10.0),
    ]  # fmt: skip


def test_nothing_but_the_field_changes() -> None:
    base = protocol()
    varied = designs(base)[3].protocol
    patients = replace(varied.patients, randomised=60)
    assert replace(varied, patients=patients, digest="", vary=base.vary) == replace(base, digest="", designs=())


def test_without_variation_there_is_one_design() -> None:
    plain = protocol((VARY, ""))
    (only,) = designs(plain)
    assert (only.name, only.label) == ("base", "base")
    assert only.protocol == replace(plain, designs=())


def test_a_whole_section_of_the_design_can_vary_by_its_fields() -> None:
    found = protocol(
        (VARY, "vary: {visits.w4.at: [week 3, week 5], analyses.primary.multiplicity: [holm, bonferroni]}\n")
    )
    assert [design.name for design in designs(found)][:2] == [
        "at-week-3_multiplicity-holm",
        "at-week-3_multiplicity-bonferroni",
    ]
    assert [design.protocol.visit("w4").at for design in designs(found)] == [21.0, 21.0, 35.0, 35.0]


def test_a_design_is_checked_like_any_protocol() -> None:
    assert first_fault((VARY, "vary: {visits.w4.at: [week 3, week 12]}\n")) == (
        "visits-overlap: with visits.w4.at = week 12: the visits w4 and w12 are at one moment"
    )
    assert first_fault((VARY, "vary: {patients.randomised: [60, many]}\n")) == (
        "bad-number: with patients.randomised = many: 'many' is no number"
    )


def test_names_tell_fields_apart() -> None:
    paths = [("arms", "low", "dosing", "0", "amount"), ("arms", "high", "dosing", "0", "amount")]
    assert short_names(paths) == ["low-dosing-0-amount", "high-dosing-0-amount"]
    assert (file_text("-2 mmHg"), file_text("10 mg/kg"), file_text("%")) == ("2-mmHg", "10-mg-kg", "0")


def test_values_that_make_one_name_are_numbered() -> None:
    found = protocol((VARY, "vary: {analyses.primary.compare.low vs placebo.margin: [2 mmHg, -2 mmHg]}\n"))
    assert [design.name for design in designs(found)] == ["margin-2-mmHg-1", "margin-2-mmHg-2"]
