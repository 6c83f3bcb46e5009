"""What a design is asked to reach: `power >= 90% in expected; type_1 <= 2.5% in null`, read against a protocol."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from trialsim.foundation.errors import TrialsimError, UnreadableText
from trialsim.foundation.nearest import nearest
from trialsim.foundation.units import quantity
from trialsim.protocol.model import Analysis, ParameterMode, Protocol, Scenario

Quantity = Literal["success", "power", "assurance", "type_1"]
QUANTITIES: tuple[Quantity, ...] = ("success", "power", "assurance", "type_1")
FORM = re.compile(
    r"(?P<quantity>\w+)(?:\s+of\s+(?P<comparison>.+?))?\s*(?P<sign>>=|<=|≥|≤)\s*(?P<level>[0-9.]+\s*%?)"
    r"\s+in\s+(?P<scenario>[\w-]+)"
)
EXAMPLE = "written like: power >= 90% in expected; type_1 <= 2.5% in null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A rate that a design is asked to reach (`floor`), or not to exceed, in one scenario and parameters mode.

    It is the rate at which any of `parts`, comparisons of analyses, is rejected; without parts, the rate of success.
    """

    quantity: Quantity
    comparison: str | None  # or family, as asked for
    parts: tuple[tuple[str, str], ...]  # analysis, comparison
    level: float
    scenario: Scenario
    mode: ParameterMode

    @property
    def is_floor(self) -> bool:
        return self.quantity != "type_1"

    @property
    def rate_text(self) -> str:
        """What the rate is, in words: `power of high vs placebo in expected`."""
        of = f" of {self.comparison}" if self.comparison else ""
        return f"{self.quantity}{of} in {self.scenario.name}"

    def __str__(self) -> str:
        of = f" of {self.comparison}" if self.comparison else ""
        sign = ">=" if self.is_floor else "<="
        return f"{self.quantity}{of} {sign} {100 * self.level:.6g}% in {self.scenario.name}"


def targets(text: str, protocol: Protocol) -> tuple[Target, ...]:
    """Return the targets that a text asks for, floors first; TrialsimError where one cannot be meant."""
    found = tuple(target(part.strip(), protocol) for part in text.split(";") if part.strip())
    if not any(each.is_floor for each in found):
        notes = [EXAMPLE, "without a rate to reach, the smallest design is always the first"]
        raise TrialsimError("bad-target", "no target asks for power, assurance or success", notes, exit_code=2)
    twice = [str(each) for i, each in enumerate(found) if place_of(each) in map(place_of, found[:i])]
    if twice:
        raise TrialsimError("bad-target", f"asked for twice: {twice[0]}", ["keep the stricter one"], exit_code=2)
    return tuple(sorted(found, key=lambda each: not each.is_floor))


def place_of(target: Target) -> tuple[object, ...]:
    return target.quantity, target.comparison, target.scenario.name


def target(text: str, protocol: Protocol) -> Target:
    """Return one target."""
    match = FORM.fullmatch(text)
    if match is None:
        raise TrialsimError("bad-target", f"'{text}' is no target", [EXAMPLE], exit_code=2)
    name = match["quantity"]
    if name not in QUANTITIES:
        near = nearest(name, QUANTITIES)
        notes = [f"nearest name: {near}" if near else f"there are: {', '.join(QUANTITIES)}"]
        raise TrialsimError("bad-target", f"no target is called '{name}'", notes, exit_code=2)
    scenario = scenario_of(match["scenario"], protocol)
    comparison = " ".join(match["comparison"].split()) if match["comparison"] else None
    found = Target(
        quantity=name,
        comparison=comparison,
        parts=parts(name, comparison, protocol, scenario),
        level=level_of(match["level"], text),
        scenario=scenario,
        mode="uncertain" if name == "assurance" else "typical",
    )
    if found.mode == "uncertain" and "uncertain" not in protocol.simulate.parameters:
        notes = ["written in the protocol: simulate: {parameters: both}", "with typical parameters it is power"]
        raise TrialsimError("bad-target", "the protocol draws no parameters: no assurance", notes, exit_code=2)
    wanted = ">=" if found.is_floor else "<="
    if match["sign"] not in (wanted, {">=": "≥", "<=": "≤"}[wanted]):
        why = "is a rate to reach" if found.is_floor else "is an error to keep low"
        raise TrialsimError("bad-target", f"'{text}': {name} {why}", [f"written: {found}"], exit_code=2)
    return found


def deciding(protocol: Protocol) -> Analysis:
    return next(each for each in protocol.analyses if each.name == protocol.success.analysis)


def level_of(text: str, whole: str) -> float:
    try:
        level = quantity(text).coherent if text.endswith("%") else float(text)
    except (UnreadableText, ValueError):
        level = -1.0
    if not 0 < level < 1:
        notes = ["a rate lies between 0% and 100%, and neither can be shown by simulation"]
        raise TrialsimError("bad-target", f"'{whole}': {text} is no rate", notes, exit_code=2)
    return level


def scenario_of(name: str, protocol: Protocol) -> Scenario:
    names = [scenario.name for scenario in protocol.scenarios]
    if name not in names:
        near = nearest(name, names)
        notes = [f"nearest name: {near}" if near else f"there are: {', '.join(names)}"]
        raise TrialsimError("unknown-scenario", f"the protocol has no scenario '{name}'", notes, exit_code=2)
    return protocol.scenarios[names.index(name)]


def parts(quantity: str, asked: str | None, protocol: Protocol, scenario: Scenario) -> tuple[tuple[str, str], ...]:
    """Return the comparisons of analyses whose rejection counts; none where it is success that counts.

    A type I error is of what the scenario declares null: of the deciding analysis, or of all of a family.
    """
    analysis = deciding(protocol)
    family = next((each for each in protocol.families if each.name == asked), None)
    if quantity == "type_1" and family is not None:
        every = dict.fromkeys(part for hypothesis in family.hypotheses for part in hypothesis.parts)
        nulls = tuple(part for part in every if scenario.is_null(*part))
        if not nulls:
            notes = [f"declare what is null there: scenarios: {{{scenario.name}: {{null: […]}}}}"]
            message = f"scenario '{scenario.name}' declares no null of the family '{family.name}'"
            raise TrialsimError("target-not-null", message, notes, exit_code=2)
        return nulls
    check_comparison(quantity, asked, analysis, scenario)
    if quantity == "type_1":
        names = [asked] if asked else [each.name for each in analysis.comparisons]
        return tuple((analysis.name, name) for name in names if scenario.is_null(analysis.name, name))
    if quantity == "success":
        return ()
    return ((analysis.name, asked or analysis.comparisons[0].name),)


def check_comparison(quantity: str, comparison: str | None, analysis: Analysis, scenario: Scenario) -> None:
    """The rate that is meant exists, and is in this scenario what its name says."""
    names = [each.name for each in analysis.comparisons]
    if quantity == "success" and comparison is not None:
        notes = [f"written: power of {comparison}, or success alone"]
        raise TrialsimError("bad-target", "success is of the trial, not of a comparison", notes, exit_code=2)
    if comparison is not None and comparison not in names:
        notes = [f"comparisons of '{analysis.name}', which decides: {', '.join(names)}"]
        raise TrialsimError("bad-target", f"the trial does not compare '{comparison}'", notes, exit_code=2)
    if quantity in ("power", "assurance") and comparison is None and len(names) > 1:
        notes = [f"written: {quantity} of {names[0]}, or success"]
        message = f"'{analysis.name}' has {len(names)} comparisons: {quantity} of which?"
        raise TrialsimError("bad-target", message, notes, exit_code=2)
    meant = [comparison] if comparison else names
    nulls = [name for name in meant if scenario.is_null(analysis.name, name)]
    if quantity == "type_1" and not (nulls if comparison is None else meant == nulls):
        notes = [f"declare what is null there: scenarios: {{{scenario.name}: {{null: [{meant[0]}]}}}}"]
        message = f"scenario '{scenario.name}' declares no null for a type I error: {', '.join(meant)}"
        raise TrialsimError("target-not-null", message, notes, exit_code=2)
    if quantity in ("power", "assurance") and nulls:
        notes = ["a rate of rejecting a null is a type I error: type_1 <= …"]
        message = f"scenario '{scenario.name}' declares {', '.join(nulls)} null: it has no {quantity} there"
        raise TrialsimError("target-null", message, notes, exit_code=2)
