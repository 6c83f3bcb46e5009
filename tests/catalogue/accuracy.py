"""How accurate courses are: the error reached at each tolerance asked, by model and solver.

`make accuracy` computes the page docs/models/accuracy.md anew (some minutes, for every model is compiled twice).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.catalogue.model_courses import Integrator, Patient, by_engine, by_scipy
from tests.catalogue.test_model_library import CASES, FIRST, MODELS, doses_of, encoding, patients_of
from trialsim.cohort.course_model import course_model
from trialsim.dynamics.courses import Tolerance, tier_of
from trialsim.dynamics.stiff_system import Solver

ASKED = (1e-4, 1e-6, 1e-8, 1e-10)
TIGHT = 1e-13
SOLVERS: tuple[Solver, ...] = ("explicit", "stiff")
# The library has no second encoding of this one, and so no case.
BEMPEDOIC: Mapping[str, Any] = {
    "outputs": ["conc", "cholesterol"],
    "covariates": {"weight": ["84.5 kg"], "age": ["62 year"], "sex": ["male"], "race": ["other"],
                   "egfr": ["89.3 mL/min"], "hyperlipidaemia": ["yes"]},
    "doses": [{"drug": "bempedoic_acid", "route": "oral", "amount": "120 mg", "time": 24.0 * i} for i in range(7)],
    "times": [1, 5, 23, 50, 169, 400],
}  # fmt: skip
REFERENCE = Integrator(name="DOP853", relative=TIGHT, absolute=1e-15, inside=1e-14)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """The largest errors of a model's outputs, relative to the size of each, at the tolerances `ASKED` by solver.

    `tight` is the error of the explicit solver asked for 1e-13: what separates it from the reference, an
    implementation that shares nothing with it.
    """

    model: str
    states: int
    errors: Mapping[Solver, tuple[float, ...]]
    tight: float


def case_of(name: str) -> Mapping[str, Any]:
    return BEMPEDOIC if name == "bempedoic-acid" else CASES[name]


def people_of(name: str) -> list[Patient]:
    if name != "bempedoic-acid":
        return patients_of(name)
    return [Patient(covariates={covariate: values[0] for covariate, values in BEMPEDOIC["covariates"].items()})]


@lru_cache
def tier(name: str) -> str:
    return tier_of(course_model(encoding(FIRST, name), (), tuple(case_of(name)["outputs"]), 0.0))[0]


def models(wanted: str) -> list[str]:
    """Return the shipped cohorts of a tier; one without outputs has no course."""
    names = [path.stem for path in sorted(FIRST.glob("*.yaml")) if path.stem != "nsclc-second-line-survival"]
    return [name for name in names if tier(name) == wanted]


@lru_cache
def reference(name: str) -> np.ndarray:
    """Return the outputs [patients, times, outputs] by scipy at a relative tolerance of 1e-13."""
    case, cohort = case_of(name), encoding(FIRST, name)
    at = case["outputs"], case["times"], case.get("breaks", ())
    return np.array([by_scipy(cohort, who, doses_of(case), *at, REFERENCE) for who in people_of(name)])


def error(name: str, asked: float, solver: Solver) -> float:
    """Return the largest difference from the reference, relative to the largest value of each patient's output."""
    case = case_of(name)
    made = by_engine(encoding(FIRST, name), people_of(name), doses_of(case), case["outputs"], case["times"],
                     Tolerance(relative=asked, absolute=asked / 100), solver)  # fmt: skip
    expected = reference(name)
    size = np.abs(expected).max(axis=1, keepdims=True)
    return float((np.abs(made - expected) / np.where(size > 0, size, 1.0)).max())


def reached(name: str) -> Reached:
    """Return what an adaptive model reaches under both solvers."""
    return Reached(
        model=name,
        states=len(encoding(FIRST, name).states),
        errors={solver: tuple(error(name, asked, solver) for asked in ASKED) for solver in SOLVERS},
        tight=error(name, TIGHT, "explicit"),
    )


HEAD = """# Accuracy asked and reached

What a relative tolerance buys: the largest error of any output of a model, relative to the largest value of that output
in the course, over the patients, doses and times of [library_cases.yaml](../../tests/catalogue/library_cases.yaml)
(three patients a model, two of them with deviations and other typical values). The absolute tolerance is a hundredth of
the relative one, as by default; a run asks for 1e-8.

The reference is scipy's DOP853 at 1e-13, from the cohort's equations as numbers: it shares no code with the solvers.
The last column is how far the explicit solver is from it when asked for 1e-13 itself, which bounds what this table can
tell.

`make accuracy` computed this page on {day}. The tests hold every number to {most:g} times the tolerance asked, or to
1e-11 (`make test-all`).

| model | states | solver | {asked} | asked 1e-13 |
|---|---|---|{rule}---|
"""
MOST = 30.0  # times the tolerance asked
FLOOR = 1e-11


def page(found: Sequence[Reached], linear: float, day: date) -> str:
    """Return the page as Markdown."""
    asked = " | ".join(f"asked {number(tolerance)}" for tolerance in ASKED)
    text = HEAD.format(day=f"{day:%-d %B %Y}", asked=asked, rule="---|" * len(ASKED), most=MOST)
    for each in found:
        for solver, errors in each.errors.items():
            tight = number(each.tight) if solver == "explicit" else ""
            cells = [each.model, str(each.states), solver, *map(number, errors), tight]
            text += f"| {' | '.join(cells)} |\n"
    exact = f"{len(models('linear'))} models of the linear tier, exact at any tolerance"
    return text + f"| {exact} | | | {' | '.join([number(linear)] * len(ASKED))} | {number(linear)} |\n"


def number(x: float) -> str:
    """Return a number with one digit, as 3e-9."""
    digits, _, power = f"{x:.0e}".partition("e")
    return f"{digits}e{int(power)}"


def main() -> None:
    found = []
    for name in models("adaptive"):
        found.append(reached(name))
        print(found[-1], file=sys.stderr, flush=True)
    linear = max(error(name, 1e-8, "explicit") for name in models("linear"))
    Path(MODELS / "accuracy.md").write_text(page(found, linear, date.today()), encoding="utf-8")


if __name__ == "__main__":
    main()
