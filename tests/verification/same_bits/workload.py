"""A fixed piece of every kernel's work, told as digests: `python -m tests.verification.same_bits.workload small`.

Inputs come from keyed streams alone. A name before the colon says what was computed, the words after it how; however
it is computed, the digest must be the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tests.reference.course_models import built, two_compartments
from trialsim.dynamics.courses import Tolerance, courses
from trialsim.dynamics.doses import Schedule, no_doses
from trialsim.dynamics.model import CourseModel
from trialsim.foundation.distributions import t_cdf_array
from trialsim.foundation.elementary import exp_array, log_array, normal_cdf_array, normal_quantile_array, power_array
from trialsim.foundation.streams import exponentials, label, normals, permutation, uniforms

Floats = NDArray[np.float64]
SEED, LABEL = 20260401, label("test", "same bits")
# One state moved by every elementary function, and an event.
SMALL = built(
    "cent", "vm km gamma kin", ("kin * exp(-cent) - vm * cent ^ gamma / (km + cent) + 0.01 * log(1 + cent)",),
    inlets=(("cent", None, None),), hazards={"event": "0.02 * cent / (km + cent)"})
# Conditions on states and time, least and greatest, logistic and logit, two kinds of event, lag and bioavailability.
LARGE = built(
    "depot cent effect", "ka vm km kin kout gamma at",
    ("-ka * depot", "ka * depot - vm * conc / (km + conc) - if(t > at and cent > 1 or effect < 0.2, 0.05 * cent, 0)",
     "kin * exp(-min(conc, 3)) / (1 + conc ^ gamma) - kout * max(effect, 0.01) + 0.01 * logistic(effect)"),
    starts=("0", "0", "kin / kout"), quantities={"conc": "cent / 20"}, outputs="cent effect conc",
    inlets=(("depot", "at / 100", "0.9"), ("cent", None, None)),
    hazards={"intolerance": "0.01 * conc + if(t > at, 0.001, 0)", "death": "0.002 * effect"})
LINEAR = two_compartments()
CONSTANT = built("cent", "k h1 h2", ("-k * cent",), starts=("10",), inlets=(("cent", None, None),),
                 hazards={"stop": "h1", "death": "if(t > 30, h2, h1 / 2)"})
# Followed plainly: boluses and samples alone; and outputs of time alone.
PLAIN = built("depot cent", "ka k v", ("-ka * depot", "ka * depot - k * cent"), outputs="conc cent",
              quantities={"conc": "cent / v"}, inlets=(("depot", None, None),))
CLOSED = built("", "size grows kills fades", (), outputs="y",
               quantities={"y": "size * exp(grows * t - kills / fades * (1 - exp(-fades * t)))"})
TYPICAL = {SMALL: (2.0, 1.0, 1.4, 0.3), LARGE: (1.0, 8.0, 0.5, 2.0, 0.4, 1.7, 11.0),
           LINEAR: (1.0, 5.0, 50.0, 3.0, 80.0), CONSTANT: (0.1, 0.02, 0.05),
           PLAIN: (0.9, 0.1, 50.0), CLOSED: (60.0, 0.002, 0.02, 0.01)}
PIECES = (1, 7, 33)


@njit(error_model="numpy")
def _summed(a: Floats, b: Floats) -> None:
    for i in range(a.size):
        a[i] += b[i]


def widest_register() -> str:
    """Return which registers the compiler uses for many numbers at once: xmm, ymm or zmm; proof of the target."""
    _summed(np.ones(9), np.ones(9))
    text = "".join(_summed.inspect_asm().values())
    return next(name for name in ("zmm", "ymm", "xmm") if re.search(rf"%?{name}\d", text))


def digest(*arrays: NDArray[np.generic]) -> str:
    """Return the SHA-256 of arrays' bytes; one NaN is as good as another."""
    found = hashlib.sha256()
    for array in arrays:
        flat = np.array(array, copy=True)
        if flat.dtype.kind == "f":
            flat[np.isnan(flat)] = np.nan
        found.update(str((flat.shape, flat.dtype.str)).encode() + flat.tobytes())
    return found.hexdigest()


def luck(of: Callable[..., Floats], n: int, index: int) -> Floats:
    """Return n numbers of a stream; another index, other numbers."""
    return of(SEED, LABEL, 0, np.arange(n), index)


def streams() -> Iterator[tuple[str, str]]:
    """Yield the digests of random numbers and of elementary functions."""
    n = 4000
    yield "streams", digest(luck(uniforms, n, 0), luck(normals, n, 1), luck(exponentials, n, 2),
                            permutation(SEED, LABEL, 3, 500))
    x, y = 30.0 * luck(normals, n, 4), np.abs(luck(normals, n, 5)) + 1e-6
    yield "elementary", digest(exp_array(x), log_array(y), power_array(y, x), normal_cdf_array(0.2 * x),
                               normal_quantile_array(luck(uniforms, n, 6)), t_cdf_array(0.2 * x, 1.0 + 40.0 * y))


def analyses() -> Iterator[tuple[str, str]]:
    """Yield the digests of analyses of 40 trials of 90 patients in three arms."""
    # Not at the top: they compile when they are imported, which the small workload need not wait for.
    from trialsim.analysis.ancova import ancova
    from trialsim.analysis.mmrm import mmrm
    from trialsim.analysis.multiplicity import adjusted_p_values
    from trialsim.analysis.risk_difference import risk_difference
    from trialsim.analysis.t_test import t_test
    from trialsim.analysis.wilcoxon import wilcoxon

    n, n_trials = 3600, 40
    arm, offsets = np.arange(n) % 3, np.arange(n_trials + 1) * 90
    covariates = np.column_stack([luck(normals, n, 10), luck(exponentials, n, 11)])
    stratum = np.floor(4.0 * luck(uniforms, n, 12)).astype(np.int64)
    y = luck(normals, n, 13) + 0.3 * arm + covariates[:, 0]
    pairs = [[1, 0], [2, 0]]
    adjusted = ancova(y, arm, offsets, covariates, stratum, 4, pairs, 1, 0.025)
    found = {"ancova": adjusted, "t test": t_test(y, arm, offsets, pairs, 1, 0.025, 0.1, False),
             "risk difference": risk_difference((y > 0).astype(float), arm, offsets, stratum, 4, pairs, 1, 0.025)}
    for name, each in found.items():
        yield name, digest(each.estimate, each.se, each.df, each.statistic, each.p_value, each.lower, each.upper)
    visits = np.column_stack([y, y + luck(normals, n, 14), y - luck(exponentials, n, 15)])
    visits[luck(uniforms, n, 16) < 0.1, 1] = np.nan
    repeated, fits = mmrm(visits, arm, offsets, 2, covariates, [True, False], stratum, 4, pairs, 1, 0.025)
    yield "mixed model", digest(repeated.estimate, repeated.se, repeated.df, fits.deviance, fits.covariance)
    ranks = wilcoxon(np.round(y, 1), arm, offsets, pairs, 1, 0.025)
    yield "rank sums", digest(ranks.estimate, ranks.p_value, ranks.lower, ranks.upper)
    yield "dunnett", digest(adjusted_p_values("dunnett", adjusted, 1))


def patients(model: CourseModel, n: int) -> dict[str, NDArray[np.generic] | Schedule]:
    """Return the arguments of `courses` for n patients, no two alike."""
    typical = np.array(TYPICAL[model])
    spread = np.column_stack([luck(normals, n, 20 + j) for j in range(typical.size)])
    n_doses = 6
    # Exact in binary: differences of luck shall not become differences of time.
    time = np.sort(np.floor(240.0 * np.column_stack([luck(uniforms, n, 30 + j) for j in range(n_doses)])) / 4.0, axis=1)
    whole = np.column_stack([luck(uniforms, n, 40 + j) for j in range(n_doses)])
    schedule = Schedule(
        offsets=np.arange(n + 1) * n_doses, time=time.ravel(), amount=10.0 + 100.0 * whole.ravel(),
        inlet=np.where(whole.ravel() < 0.5, 0, len(model.inlets) - 1),
        duration=np.where((whole.ravel() < 0.3) & (model != PLAIN), 1.0 + 20.0 * whole.ravel(), 0.0))
    samples = np.sort(90.0 * np.column_stack([luck(uniforms, n, 50 + j) for j in range(8)]), axis=1)
    thresholds = np.column_stack([np.zeros((n, 0)), *(luck(exponentials, n, 60 + j)
                                                      for j in range(len(model.hazards)))])
    schedule = schedule if model.inlets else no_doses(n)
    return {"params": typical * exp_array(0.3 * spread.ravel()).reshape(spread.shape), "schedule": schedule,
            "samples": samples, "thresholds": thresholds}


def followed(model: CourseModel, n: int, size: int, threads: int) -> str:
    """Return the digest of n patients' courses, computed so many at a time on so many threads."""
    known = patients(model, n)

    def part(first: int) -> tuple[NDArray[np.generic], ...]:
        last = min(first + size, n)
        found = courses(
            model, known["params"][first:last], known["schedule"].of_patients(first, last),
            known["samples"][first:last], known["thresholds"][first:last], [True] + [False] * (len(model.hazards) - 1)
            if model.hazards else [], [False] * len(model.hazards), 80.0, Tolerance(most_steps=4000))
        return found.outputs, found.event_times, found.status, found.steps

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(part, range(0, n, size)))
    return digest(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def all_courses(models: dict[str, CourseModel], n: int, pieces: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Yield the digests of courses in one piece, in smaller ones, and on two threads."""
    for name, model in models.items():
        yield name, followed(model, n, n, 1)
        for size in pieces:
            yield f"{name}: {size} at a time", followed(model, n, size, 1)
        yield f"{name}: on two threads", followed(model, n, 9, 2)


def small() -> Iterator[tuple[str, str]]:
    """Yield what takes a few seconds to compile."""
    yield from streams()
    yield from all_courses({"linear": LINEAR, "plain": PLAIN, "closed": CLOSED, "adaptive": SMALL}, 40, (7,))


def whole() -> Iterator[tuple[str, str]]:
    """Yield everything."""
    yield from streams()
    yield from analyses()
    models = {"linear": LINEAR, "plain": PLAIN, "closed": CLOSED, "constant hazards": CONSTANT, "adaptive": SMALL,
              "adaptive, large": LARGE}
    yield from all_courses(models, 120, PIECES)


WORKLOADS = {"small": small, "whole": whole}

if __name__ == "__main__":
    print(json.dumps({"register": widest_register(), "digests": dict(WORKLOADS[sys.argv[1]]())}))
