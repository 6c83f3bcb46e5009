"""What was measured, by arm and visit, in the trials whose patients were kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from trialsim.protocol.model import Scenario
from trialsim.report.evidence import Evidence
from trialsim.report.kept import Kept, measure_of
from trialsim.report.numbers import plain
from trialsim.report.times import time_unit
from trialsim.report.words import arm_words, scenario_words, short_arm_words, spaced

TAIL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePoint:
    """Measured values of one arm at one visit: median and 90% interval over n values."""

    visit: str
    day: float
    n: int
    median: float
    low: float
    high: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmProfile:
    arm: str
    label: str
    short: str  # label beside a line
    points: tuple[ProfilePoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One measure in one scenario, by arm over the visits."""

    measure: str
    unit: str
    scenario: str
    lloq: float | None
    time_name: str  # unit of the time axis
    time_days: float  # its length in days
    arms: tuple[ArmProfile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    panels: tuple[Profile, ...]
    words: str


def quantile(values: Sequence[float], p: float) -> float:
    """Return the quantile by linear interpolation between order statistics (Hyndman and Fan 1996, definition 7)."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * p
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def profiles(run: Evidence, kept: Kept) -> Profiles:
    """Return every assessed measure in every scenario by arm over the visits."""
    panels = tuple(
        panel
        for item in run.protocol.assess
        for scenario in run.protocol.scenarios
        if (panel := profile(run, kept, scenario, item.measure)).arms
    )
    return Profiles(panels=panels, words=profiles_words(run, kept, panels))


def profiles_words(run: Evidence, kept: Kept, panels: tuple[Profile, ...]) -> str:
    if not run.protocol.assess:
        return "Nothing is measured at visits, so there are no profiles."
    if not panels:
        return "No patient's data were kept, so there are no profiles; the protocol's `keep` says how much is stored."
    first = run.protocol.scenarios[0].name
    trials = kept.n_trials(first)
    n, size = len(kept.patients[first]), run.shown_design.protocol.patients.randomised
    of = "one kept trial" if trials == 1 else f"{trials} kept trials"
    return (
        f"Medians and 90% prediction intervals (5% to 95% quantiles) of measured values, by arm, of the {n} patients "
        f"of {of} ({size} patients each, {run.modes[0]} parameters); visits where somebody was missed or had left "
        "count those who came."
    )


def profile(run: Evidence, kept: Kept, scenario: Scenario, measure: str) -> Profile:
    """Return one panel."""
    arm_of = kept.arm_of(scenario.name)
    values: dict[tuple[str, float, str], list[float]] = {}
    for row in kept.visits[scenario.name]:
        if row["measure"] == measure:
            place = (arm_of[row["trial"], row["patient"]], row["nominal_time"], row["visit"])
            values.setdefault(place, []).append(row["value"])
    described = measure_of(run, measure)
    name, length = time_unit(run.protocol.visits[-1].at - run.protocol.visits[0].at)
    arms = tuple(
        ArmProfile(
            arm=arm.name,
            label=arm_words(arm),
            short=short_arm_words(arm),
            points=tuple(
                point(visit, day, found) for (own, day, visit), found in sorted(values.items()) if own == arm.name
            ),
        )
        for arm in run.protocol.arms
    )
    return Profile(
        measure=described.label or spaced(measure),
        unit=described.unit.text,
        scenario=scenario_words(scenario),
        lloq=described.lloq,
        time_name=name,
        time_days=length,
        arms=tuple(arm for arm in arms if arm.points),
    )


def point(visit: str, day: float, values: Sequence[float]) -> ProfilePoint:
    low, middle, high = (quantile(values, p) for p in (TAIL, 0.5, 1 - TAIL))
    decimals = 0 if high - low >= 20 else 1 if high - low >= 2 else 2
    text = f"{plain(middle, decimals)} ({plain(low, decimals)} to {plain(high, decimals)}; n = {len(values)})"
    return ProfilePoint(visit=spaced(visit), day=day, n=len(values), median=middle, low=low, high=high, text=text)
