"""How many times of events a second does one core find in closed form? Beside numpy, and beside a course followed.

python -m benchmarks.bench_events

The first table is of times alone, from standard exponential numbers that are there: numpy does the same arithmetic over
whole arrays. The second is of whole trials of 500 patients under two arms, without tables written: the same hazard
in closed form, and as an expression that the solver integrates. Processor times of the thread, medians.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.limits import median_seconds
from trialsim.cohort.read import cohort_of_text
from trialsim.dynamics.event_times import event_times, piecewise_event_times
from trialsim.foundation.streams import exponentials, label
from trialsim.protocol.read import protocol_from
from trialsim.trial.simulate import simulate_trials
from trialsim.trial.world import World

Floats = NDArray[np.float64]
N = 1_000_000
STARTS = np.array([0.0, 6.0, 12.0])
RATES = np.repeat([[0.05], [0.02], [0.04]], N, axis=1)

COHORT = """\
language: cohort 1
id: survival
title: Survival that a drug prolongs, made for measuring
context_of_use: benchmarks
time: month
inputs: {treated: {default: 0}}
parameters: {hr: {typical: 0.7}, frailty: {typical: 1, between_patients: {lognormal: 30%}}}
events:
  death: {HAZARD, terminal: true}
"""
CLOSED = 'hazard: {day 0: 0.05 1/month * frailty, month 6: 0.02 1/month * frailty}, times: "if(treated == 1, hr, 1)"'
FOLLOWED = 'hazard: "if(since(randomised) < 6 month, 0.05, 0.02) * 1 1/month * frailty * if(treated == 1, hr, 1)"'
PROTOCOL = """\
language: protocol 1
id: survival
title: A drug against death
phase: 3
context_of_use: {question: How fast?, decision: none, model_influence: low, consequence: low}
patients: {cohort: survival, randomised: 500}
arms: {control: {}, new: {sets: {treated: 1}}}
visits: {baseline: day 0}
follow_up: 36 months
conduct: {accrual: {rate: 20 per month}}
endpoints: {dead: {happened: death, by: month 24}}
estimands: {main: {endpoint: dead, events: {}}}
analyses: {primary: {estimand: main, method: risk_difference, compare: {new vs control: {better: lower}}}}
success: any of primary
scenarios: {expected: {}}
simulate: {seed: 1, trials: 1000}
"""


def piecewise_by_numpy(luck: Floats) -> Floats:
    """Return the times of three steps as numpy finds them."""
    before = np.concatenate(([np.zeros(N)], np.cumsum(RATES[:-1] * np.diff(STARTS)[:, None], axis=0)))
    step = (luck >= before[1:]).sum(axis=0)
    who = np.arange(N)
    found: Floats = STARTS[step] + (luck - before[step, who]) / RATES[step, who]
    return found


def report(name: str, ours: Callable[[], object], plain: Callable[[], object]) -> None:
    """Print a line for a law."""
    took, numpy_took = median_seconds(ours), median_seconds(plain)
    print(f"{name:24s} {N / took / 1e6:8.1f} million/s   numpy {N / numpy_took / 1e6:8.1f}   "
          f"ratio {numpy_took / took:6.1f}")  # fmt: skip


def trials_per_second(hazard: str, trials: int) -> float:
    """Return how many trials with a hazard are simulated in a second."""
    cohort = cohort_of_text(COHORT.replace("HAZARD", hazard), "<cohort>", Path())[0]
    protocol = protocol_from(PROTOCOL, cohort)
    world = World(protocol=protocol, cohort=cohort, scenario="expected", mode="typical", design="", seed=1)
    return trials / median_seconds(lambda: simulate_trials(world, range(trials), 0), 3)


def main() -> None:
    """Print a line for each law, and one for whole trials."""
    luck = exponentials(1, label("test", "benchmark"), 0, np.arange(N))
    one, zero = np.ones((1, N)), np.zeros(1)
    report("three steps", lambda: piecewise_event_times(STARTS, RATES, luck), lambda: piecewise_by_numpy(luck))
    report("Weibull", lambda: event_times("weibull", zero, (1.2 * one, 20.0 * one), one, luck),
           lambda: 20.0 * luck ** (1.0 / (1.2 * one[0])))  # fmt: skip
    report("Gompertz", lambda: event_times("gompertz", zero, (0.02 * one, 0.05 * one), one, luck),
           lambda: np.log1p(0.05 * one[0] * luck / 0.02) / 0.05)  # fmt: skip
    closed, followed = trials_per_second(CLOSED, 200), trials_per_second(FOLLOWED, 20)
    print(f"{'500 patients, 2 arms':24s} {closed:8.0f} trials/s    followed {followed:5.0f}   "
          f"ratio {closed / followed:6.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
