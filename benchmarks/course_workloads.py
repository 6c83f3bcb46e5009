"""The fixed workloads of the courses: models, patients, doses and samples, and the same for plain scipy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from trialsim.dynamics.doses import Schedule, no_doses, same_doses
from trialsim.dynamics.model import CourseModel, Inlet
from trialsim.foundation.expression import parse

Floats = NDArray[np.float64]
Slopes = Callable[..., list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Patients who all take and are sampled alike, `typical` parameters spread by 30 %; and how scipy follows one."""

    name: str
    model: CourseModel
    typical: tuple[float, ...]
    n: int
    dose_times: Floats
    dose_amount: float
    samples: Floats
    plain: Callable[[Floats, Floats], object]
    solver: str = "explicit"
    spread: float = 0.3

    def params(self) -> Floats:
        """Return the parameters of every patient."""
        luck = np.random.default_rng(1).standard_normal((self.n, len(self.typical)))
        return np.array(self.typical) * np.exp(self.spread * luck)

    def schedule(self) -> Schedule:
        """Return what every patient takes."""
        if not self.dose_times.size:
            return no_doses(self.n)
        return same_doses(self.n, self.dose_times, self.dose_amount)


def _model(states: str, parameters: str, starts: tuple[str, ...], rates: tuple[str, ...], into: str | None,
           outputs: str, **quantities: str) -> CourseModel:
    names = [*states.split(), *parameters.split(), *quantities, "t"]
    return CourseModel(
        states=tuple(states.split()), parameters=tuple(parameters.split()),
        starts=tuple(parse(text, None, names) for text in starts),
        rates=tuple(parse(text, None, names) for text in rates),
        quantities=tuple((name, parse(text, None, names)) for name, text in quantities.items()),
        outputs=tuple(outputs.split()), inlets=(Inlet(drug="x", route="in", state=into),) if into else ())


def _by_scipy(
    slopes: Slopes, start: Callable[[Floats], list[float]], dose_times: Floats, amount: float, method: str,
    tolerance: float,
) -> Callable[[Floats, Floats], object]:
    """Return how one patient is followed from dose to dose with a solver of scipy's."""
    def followed(row: Floats, samples: Floats) -> object:
        y, t = np.array(start(row)), 0.0
        for dose, until in zip(dose_times, [*dose_times[1:], samples[-1]], strict=True):
            y[0] += amount
            within = samples[(samples > dose) & (samples <= until)]
            if until > t:
                y = solve_ivp(slopes, (t, until), y, method=method, t_eval=np.unique(np.append(within, until)),
                              rtol=tolerance, atol=tolerance, args=tuple(row)).y[:, -1]
                t = until
        return y
    return followed


def _oral(name: str, n: int, samples: Floats) -> Workload:
    def slopes(t: float, y: Floats, ka: float, k: float, v: float) -> list[float]:
        return [-ka * y[0], ka * y[0] - k * y[1]]

    daily = np.arange(7) * 24.0
    return Workload(
        name=name, typical=(1.0, 0.1, 50.0), n=n, dose_times=daily, dose_amount=100.0, samples=samples,
        model=_model("depot cent", "ka k v", ("0", "0"), ("-ka * depot", "ka * depot - k * cent"), "depot", "conc",
                     conc="cent / v"),
        plain=_by_scipy(slopes, lambda row: [0.0, 0.0], daily, 100.0, "DOP853", 1e-8))


def _response() -> Workload:
    def slopes(t: float, y: Floats, ka: float, cl: float, v: float, q: float, v2: float, kin: float, kout: float,
               ic50: float) -> list[float]:
        conc = y[1] / v
        return [-ka * y[0], ka * y[0] - (cl + q) * conc + q / v2 * y[2], q * conc - q / v2 * y[2],
                kin * (1 - conc / (ic50 + conc)) - kout * y[3]]

    twice_daily = np.arange(84) * 12.0
    return Workload(
        name="b  2-compartment + indirect response, 84 doses, 1e-8", n=1600,
        typical=(1.0, 5.0, 50.0, 3.0, 80.0, 10.0, 0.2, 0.5),
        dose_times=twice_daily, dose_amount=100.0, samples=np.arange(1, 85) * 12.0,
        model=_model(
            "depot cent peri effect", "ka cl v q v2 kin kout ic50", ("0", "0", "0", "kin / kout"),
            ("-ka * depot", "ka * depot - cl * conc - q * conc + q / v2 * peri", "q * conc - q / v2 * peri",
             "kin * (1 - conc / (ic50 + conc)) - kout * effect"), "depot", "conc effect", conc="cent / v"),
        plain=_by_scipy(slopes, lambda row: [0.0, 0.0, 0.0, row[5] / row[6]], twice_daily, 100.0, "DOP853", 1e-8))


def _target() -> Workload:
    def slopes(t: float, y: Floats, kel: float, kpt: float, ktp: float, kon: float, koff: float, ksyn: float,
               kdeg: float, kint: float) -> list[float]:
        bound = kon * y[0] * y[2] - koff * y[3]
        return [-(kel + kpt) * y[0] + ktp * y[1] - bound, kpt * y[0] - ktp * y[1], ksyn - kdeg * y[2] - bound,
                bound - kint * y[3]]

    every_three_weeks = np.arange(4) * 21.0
    return Workload(
        name="c  target-mediated disposition, stiff, 4 doses, 1e-8", typical=(0.1, 0.2, 0.15, 10.0, 0.1, 1.0, 0.5, 0.2),
        n=3200, dose_times=every_three_weeks, dose_amount=100.0, samples=np.arange(1, 91) * 1.0, solver="stiff",
        model=_model(
            "free tissue target complex", "kel kpt ktp kon koff ksyn kdeg kint", ("0", "0", "ksyn / kdeg", "0"),
            ("-(kel + kpt) * free + ktp * tissue - bound", "kpt * free - ktp * tissue",
             "ksyn - kdeg * target - bound", "bound - kint * complex"), "free", "free target complex",
            bound="kon * free * target - koff * complex"),
        plain=_by_scipy(slopes, lambda row: [0.0, 0.0, row[5] / row[6], 0.0], every_three_weeks, 100.0, "LSODA", 1e-8))


def _tumour() -> Workload:
    def plain(row: Floats, samples: Floats) -> object:
        size, grows, kills, fades, exposure = row
        return size * np.exp(grows * samples - kills * exposure / fades * (1.0 - np.exp(-fades * samples)))

    return Workload(
        name="d  tumour growth in closed form (Claret 2009), 13 visits", n=200_000,
        typical=(60.0, 0.002, 0.02, 0.01, 1.0),
        dose_times=np.zeros(0), dose_amount=0.0, samples=np.arange(13) * 42.0, plain=plain,
        model=_model("", "size grows kills fades exposure", (), (), None, "y",
                     y="size * exp(grows * t - kills * exposure / fades * (1 - exp(-fades * t)))"))


def workloads() -> list[Workload]:
    """Return every workload: a (twice), b, c, d."""
    anywhere = np.sort(np.random.default_rng(2).uniform(0.0, 168.0, 672))
    return [_oral("a  1-compartment oral, 672 samples on a grid", 8000, np.arange(1, 673) * 0.25),
            _oral("a  1-compartment oral, 672 samples anywhere", 8000, anywhere), _response(), _target(), _tumour()]
