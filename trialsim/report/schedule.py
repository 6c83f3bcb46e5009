"""The design in words, and what a picture of it needs: lanes, doses, visits."""

from __future__ import annotations

from dataclasses import dataclass

from trialsim.cohort.model import Cohort
from trialsim.foundation.units import quantity_text
from trialsim.protocol.model import Arm, Protocol, Setting
from trialsim.protocol.times import rate_text
from trialsim.report.dosing_words import adherence_words, dose_days, dosing_words
from trialsim.report.evidence import Evidence
from trialsim.report.looks_words import cut_words
from trialsim.report.numbers import count, listed, share
from trialsim.report.times import duration_words, moment_words, point, time_unit
from trialsim.report.words import arm_words, designs_words, first_upper, spaced

MOST_TICKS = 120  # doses drawn one by one in a lane; more become a band


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One arm: its label, its dosing in words, the days it is dosed on."""

    arm: str
    label: str
    dosing: str
    doses: tuple[float, ...]  # days
    ratio: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitMark:
    name: str
    day: float
    window: float
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The design: sentences, and the parts of its picture."""

    sentences: tuple[str, ...]
    lanes: tuple[Lane, ...]
    visits: tuple[VisitMark, ...]
    first_day: float
    last_day: float
    unit_name: str
    unit_days: float


def schedule(run: Evidence) -> Schedule:
    """Return the design of a run."""
    protocol = run.protocol
    lanes = tuple(lane(arm, ratio) for arm, ratio in zip(protocol.arms, protocol.randomise.ratio, strict=True))
    visits = tuple(
        VisitMark(
            name=spaced(visit.name),
            day=visit.at,
            window=visit.window,
            measures=tuple(item.measure for item in protocol.assess if visit.name in item.visits),
        )
        for visit in protocol.visits
    )
    days = [visit.day for visit in visits] + [day for each in lanes for day in each.doses] + [0.0]
    name, length = time_unit(max(days) - min(days))
    return Schedule(
        sentences=tuple(sentences(run)),
        lanes=lanes,
        visits=visits,
        first_day=min(days),
        last_day=max(days),
        unit_name=name,
        unit_days=length,
    )


def lane(arm: Arm, ratio: int) -> Lane:
    days = sorted({day for line in arm.dosing for day in dose_days(line)})
    settings = [setting_words(each) for each in arm.sets]
    words = listed([*(dosing_words(line) for line in arm.dosing), *settings]) or "no drug"
    return Lane(arm=arm.name, label=arm_words(arm), dosing=words, doses=tuple(days), ratio=ratio)


def setting_words(setting: Setting) -> str:
    """Return what an arm sets an input to, and from when on: `energy 1500 kcal/day from week 2`."""
    values = [(quantity_text(value, setting.unit), moment_words(day)) for day, value in setting.steps]
    return f"{spaced(setting.input)} {listed([f'{value} from {when}' for value, when in values], 'then')}"


def sentences(run: Evidence) -> list[str]:
    """Return the design as a synopsis would tell it."""
    protocol = run.protocol
    told = [randomised_words(protocol), randomisation_words(protocol), visits_words(protocol, run.cohort)]
    if protocol.patients.eligible_text:
        when = f" at {spaced(protocol.screening)}" if protocol.screening else ""
        conditions = "; ".join(protocol.patients.eligible_text).replace("<=", "\u2264").replace(">=", "\u2265")
        told.append(f"Eligible{when}: {conditions}.")
    return [each for each in told if each] + cut_words(protocol)


def randomised_words(protocol: Protocol) -> str:
    """Return how many patients are randomised to what, and which designs are compared."""
    arms, ratio = listed([arm_words(arm) for arm in protocol.arms]), ":".join(map(str, protocol.randomise.ratio))
    sizes = next((item.values for item in protocol.vary if item.path == ("patients", "randomised")), ())
    n = listed(list(sizes), "or") if sizes else str(protocol.patients.randomised)
    others = [name for name in designs_words(protocol).values() if name] if len(protocol.vary) > bool(sizes) else []
    compared = f" Designs compared: {listed(others)}." if others else ""
    return f"{n} patients are randomised {ratio} to {arms}.{compared}"


def randomisation_words(protocol: Protocol) -> str:
    strata = protocol.randomise.strata
    kind = f"stratified by {listed([spaced(name) for name in strata])}, " if strata else ""
    return f"Randomisation: {kind}permuted blocks of {protocol.randomise.block}."


def visits_words(protocol: Protocol, cohort: Cohort) -> str:
    """Return what is measured when."""
    labels = {measure.name: measure.label or spaced(measure.name) for measure in cohort.measures}
    parts, (unit, length) = (
        [],
        time_unit(protocol.visits[-1].at - protocol.visits[0].at) if protocol.visits else ("day", 1.0),
    )
    for item in protocol.assess:
        visits = listed([f"{spaced(name)} ({unit} {point(protocol.visit(name).at, length)})" for name in item.visits])
        parts.append(f"{labels[item.measure]} is measured at {visits}")
    windows = {visit.window for visit in protocol.visits}
    spread = (
        f", within {duration_words(max(windows))} of the planned day at most" if max(windows, default=0.0) > 0 else ""
    )
    return f"{first_upper('; '.join(parts))}{spread}." if parts else ""


def conduct_words(protocol: Protocol) -> list[tuple[str, str]]:
    """Return what is assumed about how the trial runs: (what, value)."""
    conduct = protocol.conduct
    ramp = f", all open after {duration_words(conduct.accrual.ramp_up)}" if conduct.accrual.ramp_up else ""
    if conduct.accrual.opening:
        ramp = f", which open at random within {duration_words(conduct.accrual.opening)}"
    if conduct.accrual.pattern:
        steps = [f"{share(part)} from {moment_words(day)}" for day, part in conduct.accrual.pattern]
        again = f", again every {duration_words(conduct.accrual.repeats)}" if conduct.accrual.repeats else ""
        ramp = f", of which {', '.join(steps)}{again}"
    told = [("Accrual", f"{rate_text(conduct.accrual.rate)} at {count(conduct.accrual.sites, 'site')}{ramp}")]
    told += adherence_words(conduct.adherence)
    for event in conduct.intercurrent_events:
        told.append((first_upper(spaced(event.name)), f"hazard {event.hazard_text}, then {event.action}"))
    told.append(("Missed visits", f"{share(conduct.missed_visits)} of the visits after baseline"))
    for loss in conduct.lost_to_follow_up:
        told.append((f"Leaving the trial: {spaced(loss.name)}", f"hazard {loss.hazard_text}"))
    return told
