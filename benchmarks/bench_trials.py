"""How many trials and patients a second does a whole run simulate? One thread, tables written, beside plain scipy.

python -m benchmarks.bench_trials

A patient counts once for each arm, for each walks through all of them. The plain loop follows one patient of the same
model and doses through one arm with scipy's DOP853 at the same tolerance, and draws, observes and analyses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.integrate import solve_ivp

import trialsim

LIBRARY = Path(__file__).resolve().parents[1] / "tests"
Slopes = Callable[[float, np.ndarray], list[float]]


def linear(t: float, y: np.ndarray) -> list[float]:
    """Return the slopes of tests/cohorts/tiny-linear.yaml: depot, central, and the hazard of its rash."""
    return [-1.1 * y[0], 1.1 * y[0] - 2 / 30 * y[1], 0.05 / 24 * y[1] / 30]


def adaptive(t: float, y: np.ndarray) -> list[float]:
    """Return the slopes of tests/cohorts/tiny-adaptive.yaml: depot, central, pressure, and the hazard of its rash."""
    conc = y[1] / 30
    drop = 20 * conc / (0.2 + conc)
    return [-1.1 * y[0], 1.1 * y[0] - 2 * conc, 0.05 * (160 - drop - y[2]), 0.02 / 24 * conc]


def scipy_courses_per_second(slopes: Slopes, start: list[float], every: float, until: float) -> float:
    """Return how many courses of one patient a plain loop over doses follows in a second."""
    begin, n = time.process_time(), 0
    while time.process_time() - begin < 1.0:
        y = np.array(start)
        for dose in np.arange(0.0, until, every):
            y[0] += 10.0
            y = solve_ivp(slopes, (dose, dose + every), y, method="DOP853", rtol=1e-8, atol=1e-8).y[:, -1]
        n += 1
    return n / (time.process_time() - begin)


def report(protocol: str, trials: int, plain: float) -> None:
    """Simulate a protocol twice, the first time to compile, and print a line."""
    with TemporaryDirectory() as folder:
        for n in (1, trials):
            ready = trialsim.campaign_of(protocol, library=LIBRARY, folder=Path(folder) / str(n), trials=n)
            begin = time.process_time()
            result = trialsim.simulate(ready, threads=1)
            took = time.process_time() - begin
    patients = ready.protocol.patients.randomised * len(ready.protocol.arms) * result.n_trials
    print(
        f"{protocol:32s} {result.n_trials / took:10,.0f} trials/s {patients / took:12,.0f} patients/s"
        f"   scipy {plain:8.1f}   ratio {patients / took / plain:10,.0f}"
    )


def main() -> None:
    """Print a line for each workload."""
    report("tiny-linear", 1000, scipy_courses_per_second(linear, [0.0, 0.0, 0.0], 12.0, 72.0))
    report("tiny-adaptive", 500, scipy_courses_per_second(adaptive, [0.0, 0.0, 160.0, 0.0], 24.0, 168.0))


if __name__ == "__main__":
    main()
