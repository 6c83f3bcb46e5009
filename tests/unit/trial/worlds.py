"""Small worlds, built by hand, that the tests of trialsim.trial share."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from trialsim.cohort.model import (
    Cohort,
    Covariate,
    Distribution,
    Inlet,
    Measure,
    MeasurementError,
    NamedQuantity,
    Parameter,
    RandomEffect,
    State,
    Uncertainty,
)
from trialsim.foundation.expression import Expr, parse
from trialsim.foundation.units import ONE, Quantity, unit
from trialsim.protocol.dosing_model import DoseTimes, PlainAmount
from trialsim.protocol.model import (
    Accrual,
    Adherence,
    Analysis,
    Arm,
    Assessment,
    Comparison,
    Conduct,
    ContextOfUse,
    Dosing,
    Endpoint,
    Estimand,
    IntercurrentEvent,
    Keep,
    LossReason,
    Method,
    Patients,
    Protocol,
    Randomisation,
    Simulate,
    Success,
    Visit,
)
from trialsim.trial.enrolled import Enrolled
from trialsim.trial.world import World

NAMES = (
    "weight sex floor limit base kin kout ka CL V emax EC50 depot central pressure conc sbp x_conc level score y female"
    " male treated hr"
)


def formula(text: str) -> Expr:
    """Return the tree of an expression over the names of these worlds."""
    return parse(text, None, NAMES.split())


def parameter(
    name: str, typical: float, unit_text: str = "", sd: float = 0.0, scale: Any = "lognormal", rse: float = 0.0
) -> Parameter:
    """Return a parameter with variation between patients of this SD on its scale."""
    return Parameter(
        name=name,
        unit=unit(unit_text) if unit_text else ONE,
        typical=typical,
        uncertainty=Uncertainty(scale="lognormal", sd=rse) if rse else None,
        between_patients=RandomEffect(scale=scale, sd=sd) if sd else None,
    )


def empty_cohort(**parts: Any) -> Cohort:
    """Return a cohort of these parts, everything else absent."""
    whole: dict[str, Any] = {
        "id": "made-up", "title": "", "context_of_use": "", "references": (), "time": unit("h"), "covariates": (),
        "covariate_correlation": (), "covariates_from": None, "parameters": (), "random_effect_correlation": (),
        "states": (), "quantities": (), "measures": (), "posterior": None, "fit": None, "digest": "",
    }  # fmt: skip
    nothing = {field.name: () for field in fields(Cohort)}
    return Cohort(**{**nothing, **whole, **parts})


def pressure_cohort() -> Cohort:
    """Return patients with high blood pressure and a drug that lowers it: kinetics and an indirect response.

    What is measured is no number in a patient whose base is below `floor`, or when a concentration exceeds `limit`:
    `failing` moves these, so that tests of failures need no model of their own, which would have to be compiled.
    """
    return empty_cohort(
        covariates=(
            Covariate(
                name="weight",
                unit=unit("kg"),
                distribution=Distribution(kind="lognormal", location=75.0, spread=0.2, lowest=40.0, highest=140.0),
            ),
            Covariate(name="sex", unit=ONE, distribution=None, categories=("female", "male"), shares=(0.5, 0.5)),
        ),
        parameters=(
            parameter("base", 165.0, "mmHg", 0.08, rse=0.02),
            parameter("kout", 0.05, "1/h", 0.1),
            parameter("ka", 1.0, "1/h", 0.4),
            parameter("CL", 5.0, "L/h", 0.3, rse=0.05),
            parameter("V", 40.0, "L", 0.15),
            parameter("emax", 0.3, "", 0.2),
            parameter("EC50", 0.2, "mg/L", 0.4),
            parameter("floor", 0.0, "mmHg"),
            parameter("limit", 1e9, "mg/L"),
        ),
        states=(
            State(
                name="depot",
                unit=unit("mg"),
                start=None,
                rate=formula("-ka * depot"),
                receives=(Inlet(drug="X", route="oral"),),
            ),
            State(name="central", unit=unit("mg"), start=None, rate=formula("ka * depot - CL / V * central")),
            State(
                name="pressure",
                unit=unit("mmHg"),
                start=formula("base"),
                rate=formula("kout * base * (1 - emax * conc / (EC50 + conc)) - kout * pressure"),
            ),
        ),
        quantities=(NamedQuantity(name="conc", value=formula("central / V"), unit=unit("mg/L")),),
        measures=(
            Measure(
                name="sbp",
                value=formula("if(base >= floor, pressure, sqrt(-floor))"),
                unit=unit("mmHg"),
                error=MeasurementError(additive=6.0),
            ),
            Measure(
                name="x_conc",
                value=formula("if(conc <= limit, conc, sqrt(-conc))"),
                unit=unit("mg/L"),
                error=MeasurementError(additive=0.002, proportional=0.1),
                lloq=0.02,
            ),
        ),
    )


def failing(world: World, **moved: float) -> World:
    """Return a world in which courses fail beyond these values of `floor` and `limit`."""
    parameters = tuple(replace(p, typical=moved.get(p.name, p.typical)) for p in world.cohort.parameters)
    return replace(world, cohort=replace(world.cohort, parameters=parameters))


def dosing(amount: float, every: float | None = 1.0, until: float | None = 28.0, **parts: Any) -> Dosing:
    """Return a dosing line of drug X by mouth, in mg and days; a dose that is not repeated is at `start`."""
    per = "kg" if parts.pop("per_weight", False) else "patient"
    start = parts.pop("start", 0.0)
    once = {"at": (start,)} if every is None else {"start": start, "every": every, "until": until}
    times = {name: parts.pop(name) for name in DoseTimes.__dataclass_fields__ if name in parts}
    line: dict[str, Any] = {
        "drug": "X", "route": "oral", "unit": unit("mg"), "when": DoseTimes(**{**once, **times}),
        "amount": PlainAmount(written=Quantity(amount, unit("mg")), value=amount, per=per),
    }  # fmt: skip
    return Dosing(**{**line, **parts})


def method(kind: Any = "t_test", **parts: Any) -> Method:
    """Return a method without covariates and strata that takes complete cases."""
    return Method(**{"kind": kind, "covariates": (), "strata": (), "missing": "complete_cases", **parts})


def comparison(treated: str, control: str, better: Any = "lower", margin: float = 0.0) -> Comparison:
    """Return a comparison of two arms."""
    return Comparison(treated=treated, control=control, better=better, margin=margin)


def endpoint(name: str, measure: str, derive: Any, at: str, **parts: Any) -> Endpoint:
    """Return an endpoint without a unit, label and threshold."""
    whole: dict[str, Any] = {
        "after_dose": 0.0, "baseline": None, "threshold": (), "is_binary": False, "unit": "", "label": "",
    }  # fmt: skip
    return Endpoint(name=name, measure=measure, derive=derive, at=at, **{**whole, **parts})


def simple_conduct(**parts: Any) -> Conduct:
    """Return the conduct in which nothing goes wrong: 1 patient a day at one site."""
    whole: dict[str, Any] = {
        "accrual": Accrual(rate=1.0, sites=1, ramp_up=0.0), "adherence": Adherence(takes=1.0, between_patients_sd=0.0),
        "intercurrent_events": (), "missed_visits": 0.0, "lost_to_follow_up": (),
    }  # fmt: skip
    return Conduct(**{**whole, **parts})


def protocol(**parts: Any) -> Protocol:
    """Return a protocol of these parts; the rest is plain."""
    whole: dict[str, Any] = {
        "id": "made-up", "title": "", "phase": "2",
        "context_of_use": ContextOfUse(question="", decision="", model_influence="low", consequence="low"),
        "screening": None, "conduct": simple_conduct(), "cut_delay": 0.0, "scenarios": (), "vary": (),
        "simulate": Simulate(seed=1, parameters=("typical",), at_least=1, at_most=1, until=None),
        "keep": Keep(patients_of=1), "digest": "",
    }  # fmt: skip
    return Protocol(**{**whole, **parts})


def world_of(protocol: Protocol, cohort: Cohort, seed: int = 1, **parts: Any) -> World:
    """Return the world of a protocol and a cohort."""
    whole: dict[str, Any] = {"scenario": "expected", "mode": "typical", "design": "base"}
    return World(protocol=protocol, cohort=cohort, seed=seed, **{**whole, **parts})


def pressure_protocol(randomised: int = 30) -> Protocol:
    """Return a trial with everything: three arms, screening, windows, events, loss, strata, adherence."""
    return protocol(
        patients=Patients(
            cohort="made-up",
            eligible=(formula("45 kg <= weight <= 120 kg"), formula("sbp >= 155 mmHg")),
            eligible_text=("45 kg <= weight <= 120 kg", "sbp >= 155 mmHg"),
            randomised=randomised,
        ),
        arms=(
            Arm(name="placebo", label="", dosing=()),
            Arm(name="low", label="", dosing=(dosing(5.0),)),
            Arm(name="high", label="", dosing=(dosing(20.0),)),
        ),
        randomise=Randomisation(ratio=(1, 1, 1), block=6, strata=("sex",)),
        visits=(
            Visit(name="screening", at=-7.0, window=2.0),
            Visit(name="baseline", at=0.0, window=0.0),
            Visit(name="w2", at=14.0, window=1.0),
            Visit(name="w4", at=28.0, window=2.0),
        ),
        assess=(
            Assessment(measure="sbp", visits=("screening", "baseline", "w2", "w4"), after_dose=(0.0,), known_after=1.0),
            Assessment(measure="x_conc", visits=("w2",), after_dose=(0.0, 2.0 / 24.0), known_after=3.0),
        ),
        screening="screening",
        conduct=Conduct(
            accrual=Accrual(rate=1.5, sites=4, ramp_up=20.0),
            adherence=Adherence(takes=0.9, between_patients_sd=0.6),
            intercurrent_events=(
                IntercurrentEvent(
                    name="intolerance",
                    hazard=formula("0.002 1/h * conc / EC50"),
                    hazard_text="",
                    action="stop dosing",
                ),
            ),
            missed_visits=0.05,
            lost_to_follow_up=(LossReason(name="moved", hazard=formula("0.1 per month"), hazard_text=""),),
        ),
        cut_delay=5.0,
        endpoints=(
            endpoint("change", "sbp", "change_from_baseline", "w4", baseline="baseline", unit="mmHg"),
            endpoint("controlled", "sbp", "below", "w4", threshold=(150.0,), is_binary=True),
        ),
        estimands=(
            Estimand(name="policy", endpoint="change", strategies=(("intolerance", "treatment_policy"),)),
            Estimand(name="pure", endpoint="change", strategies=(("intolerance", "hypothetical"),)),
            Estimand(name="responders", endpoint="controlled", strategies=(("intolerance", "treatment_policy"),)),
        ),
        analyses=(
            Analysis(
                name="primary",
                estimand="policy",
                method=method("ancova", covariates=(("sbp", "baseline"), ("weight", None)), strata=("sex",)),
                comparisons=(comparison("high", "placebo"), comparison("low", "placebo")),
                alpha=0.025,
                multiplicity="dunnett",
            ),
            Analysis(
                name="pure",
                estimand="pure",
                method=method("welch"),
                comparisons=(comparison("high", "placebo"),),
                alpha=0.025,
                multiplicity="none",
            ),
            Analysis(
                name="responders",
                estimand="responders",
                method=method("risk_difference", missing="failure"),
                comparisons=(comparison("high", "placebo", "higher"),),
                alpha=0.025,
                multiplicity="none",
            ),
        ),
        success=Success(quantifier="any", analysis="primary"),
    )


def pressure_world(randomised: int = 30, **parts: Any) -> World:
    """Return the world of the trial with everything."""
    return world_of(pressure_protocol(randomised), pressure_cohort(), **parts)


def shift_cohort(sd: float, error: float, mean: float = 10.0) -> Cohort:
    """Return patients whose score stays what it is, normal with this SD, but for doses that raise it for good."""
    spread = parameter("level", mean, "", sd, "normal") if sd else parameter("level", mean)
    sex = Covariate(name="sex", unit=ONE, distribution=None, categories=("female", "male"), shares=(0.5, 0.5))
    return empty_cohort(
        time=unit("day"),
        covariates=(sex,),
        parameters=(replace(spread, unit=unit("mg")),),
        states=(
            State(
                name="score",
                unit=unit("mg"),
                start=formula("level"),
                rate=formula("0 mg/day"),
                receives=(Inlet(drug="X", route="oral"),),
            ),
        ),
        measures=(Measure(name="y", value=formula("score"), unit=unit("mg"), error=MeasurementError(additive=error)),),
    )


def shift_world(
    sizes: tuple[int, ...], effects: tuple[float, ...], sd: float, error: float, analysis: Analysis, **parts: Any
) -> World:
    """Return a trial whose arms (a control without doses, then others) differ by exact shifts of a normal score.

    With one block for the whole trial the arms have exactly these sizes.
    """
    names = ("control", *(f"dose{i + 1}" for i in range(len(effects))))
    plans = ((), *(((dosing(effect, None, None, start=1.0),) if effect else ()) for effect in effects))
    arms = tuple(Arm(name=name, label="", dosing=plan) for name, plan in zip(names, plans, strict=True))
    return world_of(
        protocol(
            patients=Patients(cohort="made-up", eligible=(), eligible_text=(), randomised=sum(sizes)),
            arms=arms,
            randomise=Randomisation(ratio=sizes, block=sum(sizes), strata=()),
            visits=(Visit(name="baseline", at=0.0, window=0.0), Visit(name="end", at=7.0, window=0.0)),
            assess=(Assessment(measure="y", visits=("baseline", "end"), after_dose=(0.0,), known_after=0.0),),
            endpoints=(endpoint("final", "y", "value", "end", unit="mg"),),
            estimands=(Estimand(name="main", endpoint="final", strategies=()),),
            analyses=(analysis,),
            success=Success(quantifier="any", analysis=analysis.name),
        ),
        shift_cohort(sd, error),
        **parts,
    )


def patients_of(covariates: dict[str, Any], n_trials: int = 1) -> Enrolled:
    """Return enrolled patients with these covariates, numbered from 0 in each trial, as many as there are values."""
    n = len(next(iter(covariates.values())))
    nothing = np.zeros(0, dtype=np.int64)
    rows = np.repeat(np.arange(n_trials), n // n_trials)
    return Enrolled(
        rows=rows, trials=rows, patients=np.tile(np.arange(n // n_trials), n_trials), parameters={},
        covariates={name: np.asarray(values, dtype=np.float64) for name, values in covariates.items()},
        screened=nothing, failed_rows=nothing, failed_patients=nothing, failed_status=nothing,
    )  # fmt: skip
