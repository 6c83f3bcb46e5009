"""How many patients a second does one core follow? Each beside plain scipy, and beside what this core can do at best.

python -m benchmarks.bench_dynamics

Times are processor times of the thread that computes, medians, compiled beforehand, so that other work on the machine
moves them little. The share of the limit says how near the arithmetic that a workload cannot do without (written
numbers, exponentials, multiplications of one solver step) comes to the time taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.course_workloads import Workload, workloads
from benchmarks.limits import (
    median_seconds,
    multiplications,
    multiplications_per_ns,
    ns_per_exponential,
    ns_per_mode,
    ns_per_number_written,
)
from trialsim.dynamics.courses import Courses, courses
from trialsim.dynamics.generate import kernel_source
from trialsim.dynamics.system import tier_of

# Evaluations of the rates in one step that is accepted: DOP853's stages, and Rodas5P's.
STAGES = {"explicit": 12, "stiff": 8}


def ready(work: Workload, first: int, last: int) -> Callable[[], Courses]:
    """Return what follows some of the patients when called.

    The times of the samples are the same for all and stand in memory once; the outputs go to memory that is there.
    """
    n = last - first
    params, doses = work.params()[first:last], work.schedule().of_patients(first, last)
    samples, none = np.broadcast_to(work.samples, (n, work.samples.size)), np.zeros((n, 0))
    outputs = np.zeros((n, work.samples.size, len(work.model.outputs)))
    return lambda: courses(work.model, params, doses, samples, none, [], [], 1e5,
                           solver=work.solver, outputs=outputs)  # type: ignore[arg-type]


def scipy_per_second(work: Workload) -> float:
    """Return how many patients a second scipy follows, one after the other; the first few patients, for a second."""
    rows, n = work.params(), 0
    begin = time.thread_time()
    while time.thread_time() - begin < 1.0:
        work.plain(rows[n % work.n], work.samples)
        n += 1
    return n / (time.thread_time() - begin)


def ratio_of_two_threads(work: Workload, alone: float) -> float:
    """Return how many times as many patients two threads follow as one, by the processor time that each takes."""
    half = work.n // 2
    halves = [ready(work, 0, half), ready(work, half, 2 * half)]

    def timed(follow: Callable[[], Courses]) -> float:
        begin = time.thread_time()
        follow()
        return time.thread_time() - begin

    rates = []
    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            rates.append(sum(half / seconds for seconds in pool.map(timed, halves)))
    return sorted(rates)[1] / alone


def ns_at_best(work: Workload, steps: float) -> float:
    """Return the nanoseconds that a patient takes at the least on this core, by what the workload is bound by."""
    n_numbers = work.samples.size * len(work.model.outputs)
    written = n_numbers * ns_per_number_written()
    if tier_of(work.model)[0] == "adaptive":
        return written + steps * multiplications(kernel_source(work.model, work.solver), "lockstep") \
            / multiplications_per_ns()  # type: ignore[arg-type]
    on_a_grid = np.ptp(np.diff(work.samples)) < 1e-9 and work.model.states
    each = ns_per_mode() if work.model.states else ns_per_exponential()
    return written + (0.0 if on_a_grid else 2.0 * work.samples.size * each)


def report(work: Workload) -> None:
    """Print a line for one workload."""
    follow = ready(work, 0, work.n)
    found = follow()
    assert not found.status.any()
    rate = work.n / median_seconds(follow, 5)
    plain, steps = scipy_per_second(work), float(found.steps.mean())
    adaptive = tier_of(work.model)[0] == "adaptive"
    each = 1e9 / rate / (steps * STAGES[work.solver] if adaptive else work.samples.size)
    share = ns_at_best(work, steps) * rate / 1e9
    print(f"{work.name:58s} {rate:12,.0f} patients/s  {each:6.2f} ns a {'rate ' if adaptive else 'sample'}"
          f"  scipy {plain:10,.1f}  ratio {rate / plain:8,.0f}  of the limit {share:4.0%}"
          f"  two threads x{ratio_of_two_threads(work, rate):.2f}")


def main() -> None:
    """Print what this core can do, then a line for each workload."""
    print(f"this core: {multiplications_per_ns():.1f} multiplications, each with an addition, in a ns; "
          f"{ns_per_exponential():.2f} ns an exponential; {ns_per_mode():.2f} ns what is left of a mode; "
          f"{ns_per_number_written():.2f} ns a number written")
    for work in workloads():
        report(work)


if __name__ == "__main__":
    main()
