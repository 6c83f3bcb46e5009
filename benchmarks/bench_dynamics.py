"""How many patients a second does one core follow? Each beside a plain scipy loop in the same run.

python benchmarks/bench_dynamics.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from trialsim.dynamics.courses import courses
from trialsim.dynamics.doses import Schedule, same_doses
from trialsim.dynamics.model import CourseModel, Inlet
from trialsim.foundation.expression import Expr, parse


def _formulas(names: str, *texts: str) -> tuple[Expr, ...]:
    return tuple(parse(text, None, names.split()) for text in texts)


def one_compartment_oral() -> CourseModel:
    """Return depot and central compartment."""
    names = "depot cent ka k v"
    return CourseModel(
        states=("depot", "cent"), parameters=("ka", "k", "v"), starts=_formulas(names, "0", "0"),
        rates=_formulas(names, "-ka * depot", "ka * depot - k * cent"),
        quantities=(("conc", _formulas(names, "cent / v")[0]),), outputs=("conc",),
        inlets=(Inlet(drug="x", route="oral", state="depot"),))


def two_compartments_and_response() -> CourseModel:
    """Return depot, central, peripheral and an indirect response that the drug inhibits."""
    names = "depot cent peri effect ka cl v q v2 kin kout ic50 conc"
    return CourseModel(
        states=("depot", "cent", "peri", "effect"), parameters=("ka", "cl", "v", "q", "v2", "kin", "kout", "ic50"),
        starts=_formulas(names, "0", "0", "0", "kin / kout"),
        rates=_formulas(names, "-ka * depot", "ka * depot - cl * conc - q * conc + q / v2 * peri",
                        "q * conc - q / v2 * peri", "kin * (1 - conc / (ic50 + conc)) - kout * effect"),
        quantities=(("conc", _formulas(names, "cent / v")[0]),), outputs=("conc", "effect"),
        inlets=(Inlet(drug="x", route="oral", state="depot"),))


def scipy_patient(slopes: Callable[..., list[float]], row: np.ndarray, start: list[float], doses: Schedule,
                  samples: np.ndarray) -> None:
    """Follow one patient from dose to dose with scipy's DOP853 at 1e-8."""
    y, t = np.array(start), 0.0
    for dose, until in zip(doses.time, [*doses.time[1:], samples[-1]], strict=True):
        y[0] += doses.amount[0]
        within = samples[(samples > dose) & (samples <= until)]
        times = np.unique(np.append(within, until))
        if until > t:
            y = solve_ivp(slopes, (t, until), y, method="DOP853", t_eval=times, rtol=1e-8, atol=1e-8, args=row).y[:, -1]
            t = until


def _rate(work: Callable[[], object], n: int, repeats: int = 3) -> float:
    spent = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return n / sorted(spent)[repeats // 2]


def _report(name: str, model: CourseModel, typical: list[float], n: int, samples: np.ndarray, times: np.ndarray,
            slopes: Callable[..., list[float]], start: list[float]) -> None:
    rng = np.random.default_rng(1)
    params = np.array(typical) * np.exp(0.3 * rng.standard_normal((n, len(typical))))
    doses, rows, none = same_doses(n, times, 100.0), np.tile(samples, (n, 1)), np.zeros((n, 0))

    def ours() -> object:
        return courses(model, params, doses, rows, none, [], [], 1e5)

    ours()
    rate = _rate(ours, n)
    plain = _rate(lambda: scipy_patient(slopes, params[0], start, same_doses(1, times, 100.0), samples), 1)
    print(f"{name:58s} {rate:12,.0f} patients/s   scipy {plain:8.2f}   ratio {rate / plain:10,.0f}")


def main() -> None:
    """Print a line for each workload."""
    def oral(t: float, y: np.ndarray, ka: float, k: float, v: float) -> list[float]:
        return [-ka * y[0], ka * y[0] - k * y[1]]

    def response(t: float, y: np.ndarray, ka: float, cl: float, v: float, q: float, v2: float, kin: float,
                 kout: float, ic50: float) -> list[float]:
        conc = y[1] / v
        return [-ka * y[0], ka * y[0] - (cl + q) * conc + q / v2 * y[2], q * conc - q / v2 * y[2],
                kin * (1 - conc / (ic50 + conc)) - kout * y[3]]

    weekly = np.arange(7) * 24.0
    grid = np.arange(1, 673) * 0.25
    anywhere = np.sort(np.random.default_rng(2).uniform(0.0, 168.0, 672))
    oral_model, typical = one_compartment_oral(), [1.0, 0.1, 50.0]
    _report("1-compartment oral, 672 samples on a grid", oral_model, typical, 4000, grid, weekly, oral, [0.0, 0.0])
    _report("1-compartment oral, 672 samples anywhere", oral_model, typical, 1000, anywhere, weekly, oral, [0.0, 0.0])
    _report("2-compartment + indirect response, 84 doses, 1e-8", two_compartments_and_response(),
            [1.0, 5.0, 50.0, 3.0, 80.0, 10.0, 0.2, 0.5], 800, np.arange(1, 85) * 12.0, np.arange(84) * 12.0,
            response, [0.0, 0.0, 0.0, 50.0])


if __name__ == "__main__":
    main()
