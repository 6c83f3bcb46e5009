"""The course of one stated patient of a cohort, by scipy from the cohort's equations and by trialsim's own solvers.

The first shares nothing with the kernels but the equations as numbers; both take the same patient: covariates, the
patient's deviations on the scale of each parameter's variation, factors on typical values, and doses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from trialsim.cohort.course_model import course_model
from trialsim.cohort.draws import typical_values
from trialsim.cohort.model import Cohort
from trialsim.cohort.patients import covariate_factor, shifted
from trialsim.dynamics.courses import Tolerance, courses
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.stiff_system import Solver
from trialsim.foundation.expression import Binary, Call, Compare, Expr, Logic, Name, Not, Number, Unary
from trialsim.foundation.units import quantity

WORDS = {"^": "**", "and": " and ", "or": " or "}


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A patient as a case states it: covariates, deviations in standard deviations, factors on typical values."""

    covariates: Mapping[str, str] = field(default_factory=dict)
    effects: Mapping[str, float] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    typical: Mapping[str, str] = field(default_factory=dict)  # instead of the document's


@dataclass(frozen=True, kw_only=True)
class Dose:
    """An amount at a time of the cohort's clock, over a duration in the same unit (0: at once)."""

    drug: str
    route: str
    amount: str
    time: float = 0.0
    duration: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Integrator:
    """A method of scipy and its tolerances; a stretch is looked at no nearer to its ends than a share `inside`."""

    name: str
    relative: float
    absolute: float
    inside: float


LSODA = Integrator(name="LSODA", relative=1e-11, absolute=1e-13, inside=5e-10)


def individual(cohort: Cohort, patient: Patient) -> dict[str, float]:
    """Return the patient's covariates and parameters by name, in the cohort's declared units."""
    covariates: dict[str, float] = {}
    for covariate in cohort.covariates:
        written = str(patient.covariates[covariate.name])
        if covariate.categories:
            covariates[covariate.name] = float(covariate.categories.index(written))
        else:
            covariates[covariate.name] = quantity(written).to(covariate.unit)
    known = {}
    for p in cohort.parameters:
        typical = quantity(patient.typical[p.name]).to(p.unit) if p.name in patient.typical else p.typical
        known[p.name] = replace(p, typical=typical * patient.factors.get(p.name, 1.0))
    assert {*patient.effects, *patient.factors, *patient.typical} <= set(known), (cohort.id, patient)
    truth = typical_values(replace(cohort, posterior=None), 1, np.array([0]), "typical", None)
    row = np.array([0])
    values = {}
    for name, parameter in known.items():
        factor = covariate_factor(parameter, truth, {n: np.array([v]) for n, v in covariates.items()}, row)
        value = parameter.typical * factor
        if name in patient.effects:
            value = shifted(parameter, value, np.array([patient.effects[name] * parameter.between_patients.sd]))
        values[name] = float(value[0])
    return {**values, **covariates}


def amount_in(cohort: Cohort, dose: Dose) -> float:
    """Return the dose's amount in the unit of the state it enters."""
    return quantity(dose.amount).to(cohort.amount_unit(dose.drug, dose.route))


def by_scipy(
    cohort: Cohort,
    patient: Patient,
    doses: Sequence[Dose],
    outputs: Sequence[str],
    times: Sequence[float],
    breaks: Sequence[float] = (),
    method: Integrator = LSODA,
) -> np.ndarray:
    """Return the outputs [times, outputs] in coherent units, from the equations by an integrator of scipy."""
    model = course_model(cohort, (), tuple(outputs), 0.0)
    numbers = individual(cohort, patient)
    slopes, seen = equations(model, numbers)
    doors = {(inlet.drug, inlet.route): inlet for inlet in model.inlets}
    arriving = []
    for dose in doses:
        inlet = doors[dose.drug, dose.route]
        lag = alone(inlet.lag, numbers) if inlet.lag is not None else 0.0
        share = alone(inlet.bioavailability, numbers) if inlet.bioavailability is not None else 1.0
        arriving.append(
            (dose.time + lag, dose.duration, model.states.index(inlet.state), amount_in(cohort, dose) * share)
        )
    y = np.array([alone(start, numbers) for start in model.starts], dtype=float)
    out = np.empty((len(times), len(outputs)))
    changes = {a[0] for a in arriving} | {a[0] + a[1] for a in arriving} | set(times) | set(breaks) | {0.0}
    stops = sorted(c for c in changes if 0.0 <= c <= times[-1])
    for here, following in zip(stops, [*stops[1:], None], strict=True):
        for i in (i for i, time in enumerate(times) if time == here):
            out[i] = seen(here, y)
        for start, duration, state, size in arriving:
            if start == here and duration == 0.0:
                y[state] += size
        if following is not None and len(y):
            running = np.zeros(len(y))
            for start, duration, state, size in arriving:
                if duration > 0 and start <= here < start + duration:
                    running[state] += size / duration
            y = advanced(slopes, running, here, following, y, method)
    return out * np.array([unit_of(cohort, output) for output in outputs])


def advanced(
    slopes: Any, running: np.ndarray, here: float, following: float, y: np.ndarray, method: Integrator
) -> np.ndarray:
    """Return the states at the end of a stretch in which nothing enters but at constant rates."""
    # A step in time at either end belongs to the stretch that it begins or ends.
    inside = method.inside * (following - here)

    def moved(t: float, state: np.ndarray) -> np.ndarray:
        return slopes(min(max(t, here + inside), following - inside), state) + running

    atol = method.absolute * np.maximum(np.abs(y), 1e-3)
    solved = solve_ivp(moved, (here, following), y, method=method.name, rtol=method.relative, atol=atol)
    assert solved.success, solved.message
    return solved.y[:, -1]


def unit_of(cohort: Cohort, output: str) -> float:
    """Return the coherent unit's worth of an output's unit."""
    return next(named.unit.factor for named in (*cohort.quantities, *cohort.states) if named.name == output)


def by_engine(
    cohort: Cohort,
    patients: Sequence[Patient],
    doses: Sequence[Dose],
    outputs: Sequence[str],
    times: Sequence[float],
    tolerance: Tolerance | None = None,
    solver: Solver = "explicit",
) -> np.ndarray:
    """Return the outputs [patients, times, outputs] in coherent units, by trialsim's own solver."""
    people = [individual(cohort, patient) for patient in patients]
    columns = {name: np.array([numbers[name] for numbers in people]) for name in people[0]} if people[0] else {}
    made = engine_outputs(cohort, columns, len(people), doses, outputs, times, tolerance, solver)
    return made * np.array([unit_of(cohort, output) for output in outputs])


def engine_outputs(
    cohort: Cohort,
    columns: Mapping[str, np.ndarray],
    n: int,
    doses: Sequence[Dose],
    outputs: Sequence[str],
    times: Sequence[float],
    tolerance: Tolerance | None = None,
    solver: Solver = "explicit",
) -> np.ndarray:
    """Return the outputs [n, times, outputs] in declared units of n patients with these parameters and covariates."""
    model = course_model(cohort, (), tuple(outputs), 0.0)
    rows = np.column_stack([columns[name] for name in model.parameters]) if model.parameters else np.empty((n, 0))
    doors = [(inlet.drug, inlet.route) for inlet in model.inlets]
    ordered = sorted(doses, key=lambda dose: dose.time)
    m = len(ordered)
    schedule = Schedule(
        offsets=np.arange(n + 1) * m,
        time=np.tile([dose.time for dose in ordered], n),
        inlet=np.tile(np.array([doors.index((dose.drug, dose.route)) for dose in ordered], dtype=np.int64), n),
        amount=np.tile([amount_in(cohort, dose) for dose in ordered], n),
        duration=np.tile([dose.duration for dose in ordered], n),
    )
    samples = np.tile(np.array(times, dtype=float), (n, 1))
    ends = np.full(n, times[-1])
    made = courses(
        model, np.ascontiguousarray(rows), schedule, samples, np.zeros((n, 0)), [], [], ends, tolerance, solver=solver
    )
    assert (made.status == 0).all(), (cohort.id, np.unique(made.status, return_counts=True))
    return made.outputs


def alone(expr: Expr, numbers: Mapping[str, float]) -> float:
    """Return an expression of parameters and covariates as a number."""
    return float(eval(source(expr), dict(FUNCTIONS), {f"v_{name}": value for name, value in numbers.items()}))


def equations(model: CourseModel, numbers: Mapping[str, float]) -> tuple[Any, Any]:
    """Return the model's rates and its outputs as functions of time and states, for one patient."""
    unpacked = "".join(f"    v_{state} = y[{i}]\n" for i, state in enumerate(model.states))
    named = "".join(f"    v_{name} = {source(value)}\n" for name, value in model.quantities)
    rates = ", ".join(source(rate) for rate in model.rates)
    outputs = ", ".join(f"v_{output}" for output in model.outputs)
    text = (
        f"def slopes(v_t, y):\n{unpacked}{named}    return array([{rates}], dtype=float)\n"
        f"def seen(v_t, y):\n{unpacked}{named}    return array([{outputs}], dtype=float)\n"
    )
    space: dict[str, Any] = {**FUNCTIONS, **{f"v_{name}": value for name, value in numbers.items()}}
    exec(text, space)
    return space["slopes"], space["seen"]


def source(expr: Expr) -> str:
    """Return an expression of numbers as Python text."""
    match expr:
        case Number(value):
            return repr(float(value))
        case Name(name):
            return f"v_{name}"
        case Unary(_, a):
            return f"(-{source(a)})"
        case Binary("^", a, b):
            return f"raised({source(a)}, {source(b)})"
        case Binary(op, a, b):
            return f"({source(a)} {op} {source(b)})"
        case Compare(ops, operands):
            rest = "".join(f" {op} {source(b)}" for op, b in zip(ops, operands[1:], strict=True))
            return f"({source(operands[0])}{rest})"
        case Logic(op, operands):
            return "(" + WORDS[op].join(source(o) for o in operands) + ")"
        case Not(a):
            return f"(not {source(a)})"
        case Call("if", (condition, a, b)):
            return f"({source(a)} if {source(condition)} else {source(b)})"
        case Call(function, args):
            return f"{function}({', '.join(source(a) for a in args)})"
    raise TypeError(expr)


def raised(a: float, b: float) -> float:
    """Return a power; a negative base with a broken exponent has none."""
    return math.nan if a < 0 and b != int(b) else float(a) ** b


FUNCTIONS = {
    "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "abs": abs, "min": min, "max": max, "raised": raised,
    "logistic": lambda x: 1 / (1 + math.exp(-x)), "logit": lambda p: math.log(p / (1 - p)), "array": np.array,
}  # fmt: skip
