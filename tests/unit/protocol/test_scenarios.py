"""Scenarios: the conduct that results, and the changes that cannot be."""

from __future__ import annotations

import pytest

from tests.unit.protocol.documents import first_fault, protocol
from trialsim.foundation.expression import Binary, Number, parse
from trialsim.protocol.model import Adherence, Protocol
from trialsim.protocol.scenarios import with_conduct

PESSIMISTIC = "    conduct:\n      lost_to_follow_up.hazard: x 2\n"


def changed(*lines: str) -> Protocol:
    """Return the protocol under the conduct of a scenario with these changes besides its own."""
    found = protocol((PESSIMISTIC, PESSIMISTIC + "".join(f"      {line}\n" for line in lines)))
    return with_conduct(found, found.scenarios[2])


def test_factors_multiply_and_values_replace() -> None:
    conduct = changed().conduct
    assert conduct.accrual.rate == 20 / 30.4375 * 0.5
    loss = conduct.lost_to_follow_up[0]
    assert loss.hazard == Binary("*", Number(2.0), parse("0.01 per month"))
    assert loss.hazard_text == "2 * (0.01 per month)"
    event = conduct.intercurrent_events[0]
    assert (event.hazard, event.hazard_text) == (parse("0.02 per month"), "0.02 per month")


def test_every_field_of_conduct_can_change() -> None:
    conduct = changed(
        "accrual.sites: x 2",
        "accrual.ramp_up: 1 week",
        "adherence.takes: 80%",
        "adherence.between_patients.logit_normal: x 2",
        "missed_visits: 10%",
    ).conduct
    assert (conduct.accrual.sites, conduct.accrual.ramp_up) == (24, 7.0)
    assert conduct.adherence == Adherence(takes=0.8, between_patients_sd=1.0)
    assert conduct.missed_visits == 0.1


def test_truth_and_design_stay() -> None:
    found = protocol()
    under = with_conduct(found, found.scenarios[2])
    assert (under.arms, under.endpoints, under.patients) == (found.arms, found.endpoints, found.patients)
    assert with_conduct(found, found.scenarios[0]) == found


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("accrual.sites: x 0.3", "impossible-value: 'accrual.sites' cannot become 3.5999999999999996"),
        ("accrual.ramp_up: x -1", "impossible-value: 'accrual.ramp_up' cannot become -91.3125"),
        ("adherence.takes: 100%", "impossible-value: 'adherence.takes' cannot become 1"),
        ("adherence.takes: x 2", "impossible-value: 'adherence.takes' cannot become 1.84"),
        ("missed_visits: x 40", "impossible-value: 'missed_visits' cannot become 1.2"),
        ("missed_visits: 2 days", "wrong-unit: '2 days' has a unit where a plain number is wanted"),
        ("accrual.ramp_up: x two", "bad-number: 'two' is no number"),
        ("adherence.takes: 80 mg", "wrong-unit: '80 mg' has a unit where a plain number is wanted"),
    ],
)
def test_a_change_that_cannot_be(line: str, fault: str) -> None:
    assert first_fault((PESSIMISTIC, PESSIMISTIC + f"      {line}\n")) == fault


def test_changes_are_judged_one_upon_the_other() -> None:
    lines = "      adherence.between_patients.logit_normal: 0\n      adherence.takes: 100%\n"
    found = protocol((PESSIMISTIC, PESSIMISTIC + lines))
    assert with_conduct(found, found.scenarios[2]).conduct.adherence == Adherence(takes=1.0, between_patients_sd=0.0)


def test_a_hazard_is_replaced_by_an_expression_checked_like_any_other() -> None:
    old = "intercurrent_events.intolerance.hazard: 0.02 per month"
    new = "intercurrent_events.intolerance.hazard: 0.02 per month * conc"
    assert first_fault((old, new)) == "hazard-unit: a hazard must come out per time"
    label = "intercurrent_events.intolerance.hazard: '0.02 per month * if(sex == female, 2, 1)'"
    override = protocol((old, label)).scenarios[2].overrides[-1]
    assert override.hazard == parse("0.02 per month * if(sex == 0, 2, 1)")
    assert override.text == "0.02 per month * if(sex == female, 2, 1)"
