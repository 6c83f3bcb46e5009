"""Milestones and spending as text with nothing implied."""

from __future__ import annotations

from trialsim.foundation.units import number_text
from trialsim.protocol.dosing_write import Data
from trialsim.protocol.milestone_model import Futility, Milestone, Spend, Test
from trialsim.protocol.schema_milestones import OWN_NUMBERS
from trialsim.protocol.times import duration_text

OWN_NAMES = {family: own[0] for family, own in OWN_NUMBERS.items() if own} | {
    "haybittle_peto": "bound",
    "wang_tsiatis": "shape",
}


def milestone_data(milestone: Milestone) -> dict[str, Data]:
    """Return a milestone as plain data."""
    actions: list[Data] = [
        {"test": act.analysis} if isinstance(act, Test) else {"when": act.text, "then": "stop trial"}
        for act in milestone.do
    ]
    return {"when": milestone.when_text, "cut_delay": duration_text(milestone.cut_delay), "do": actions}


def spend_data(spend: Spend) -> dict[str, Data]:
    """Return how an error rate is spent as plain data."""
    own: dict[str, Data] = {"full": f"{number_text(spend.full)} {spend.counted}"}
    if spend.family in OWN_NAMES:
        own[OWN_NAMES[spend.family]] = number_text(spend.parameter)
    if spend.planned:
        own["planned"] = [number_text(each) for each in spend.planned]
    if spend.spent:
        own["spent"] = [number_text(each) for each in spend.spent]
    data: dict[str, Data] = {spend.family: own}
    return data | ({"futility": futility_data(spend.futility)} if spend.futility else {})


def futility_data(futility: Futility) -> dict[str, Data]:
    """Return a futility rule as plain data."""
    binding: dict[str, Data] = {"binding": "true" if futility.binding else "false"}
    if futility.family is None:
        assert futility.z is not None
        return {"z": number_text(futility.z)} | binding
    own: dict[str, Data] = {"beta": number_text(futility.beta)}
    if futility.family in OWN_NAMES:
        own[OWN_NAMES[futility.family]] = number_text(futility.parameter)
    return {futility.family: own} | binding
