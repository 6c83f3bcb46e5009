"""Draws from the posterior by nutpie's No-U-Turn sampler, compiled by numba: no C compiler is needed or used.

The sampler is that of Hoffman and Gelman (2014, J. Mach. Learn. Res. 15, 1593-1623) as nutpie adapts it.
"""

from __future__ import annotations

import hashlib
import platform
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.bayes_model import FitProblem, individual_key, pymc_model
from trialsim.foundation.streams import label, uniforms
from trialsim.foundation.version import VERSION

Progress = Callable[[int, int, str], None]  # draws done, draws in all, what is going on
STATISTICS = {
    "diverging": "diverging", "depth": "tree_depth", "n_steps": "n_steps", "energy": "energy", "logp": "lp",
    "step_size": "step_size", "mean_tree_accept": "acceptance_rate",
}  # fmt: skip
SOFTWARE = ("pymc", "nutpie", "pytensor", "numba", "numpy", "arviz")
SECONDS_BETWEEN_LOOKS = 2.0  # each look costs the sampler some time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sampled:
    """Draws by name, each [chains, draws] or [chains, draws, patients], the sampler's statistics, and its time."""

    posterior: Mapping[str, NDArray[np.float64]]
    statistics: Mapping[str, NDArray[Any]]
    seconds: float


def software() -> dict[str, str]:
    """Return the version of everything whose change may change the draws."""
    return {"trialsim": VERSION, "python": platform.python_version(), **{name: version(name) for name in SOFTWARE}}


def sampled(problem: FitProblem, cache_folder: Path, on_progress: Progress | None) -> tuple[Sampled, bool]:
    """Return draws from the posterior, and whether they came from the cache: the same fit is sampled once."""
    from joblib import Memory

    fit = problem.fit
    content = {
        "cohort": problem.cohort.digest,
        "data": fit.digest,
        "sampler": (fit.chains, fit.tune, fit.draws, fit.seed, fit.target_accept),
        "software": software(),
        "source": _source_digest(),
    }
    runs: list[str] = []
    memory = Memory(cache_folder, verbose=0)
    draws = memory.cache(draws_of_posterior, ignore=["problem", "on_progress", "runs"])
    return draws(content, problem, on_progress, runs), not runs


def draws_of_posterior(
    content: Mapping[str, Any], problem: FitProblem, on_progress: Progress | None, runs: list[str]
) -> Sampled:
    """Return draws from the posterior. `content` names all they depend on; `runs` notes that this has been run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # ArviZ announces its next version on every import
        import nutpie
    import pytensor

    runs.append(problem.cohort.id)
    fit = problem.fit
    total = fit.chains * (fit.tune + fit.draws)
    started = perf_counter()
    _tell(on_progress, 0, total, "compiling the model")
    with pytensor.config.change_flags(cxx=""), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numba, on what it can do with objects it does not cache
        names = [each.key for each in problem.estimated] + [individual_key(p.name) for p in problem.varying]
        compiled = nutpie.compile_pymc_model(pymc_model(problem), backend="numba", var_names=names)
        sampler = nutpie.sample(
            compiled, chains=fit.chains, tune=fit.tune, draws=fit.draws, target_accept=fit.target_accept,
            seed=_sampler_seed(fit.seed), progress_bar=False, blocking=False,
        )  # fmt: skip
        trace = _finished(sampler, on_progress, total)
    _tell(on_progress, total, total, "sampling")
    return Sampled(
        posterior={name: _array(trace.posterior[name]) for name in names},
        statistics={new: np.asarray(trace.sample_stats[old].values) for old, new in STATISTICS.items()},
        seconds=perf_counter() - started,
    )


def _finished(sampler: Any, on_progress: Progress | None, total: int) -> Any:
    """The sampler's trace once it has finished, progress told on the way."""
    try:
        while True:
            try:
                return sampler.wait(timeout=SECONDS_BETWEEN_LOOKS)
            except TimeoutError:
                if on_progress is not None:
                    on_progress(_draws_so_far(sampler.inspect()), total, "sampling")
    except BaseException:
        sampler.cancel()  # its threads must not outlive the interpreter
        raise


def _draws_so_far(trace: Any) -> int:
    groups = [getattr(trace, name) for name in ("warmup_sample_stats", "sample_stats") if hasattr(trace, name)]
    return sum(int(np.isfinite(group["step_size"].values).sum()) for group in groups)


def _array(variable: Any) -> NDArray[np.float64]:
    return np.ascontiguousarray(variable.values, dtype=np.float64)


def _tell(on_progress: Progress | None, done: int, total: int, phrase: str) -> None:
    if on_progress is not None:
        on_progress(done, total, phrase)


def _sampler_seed(seed: int) -> int:
    return int(uniforms(seed, label("fit", "sampler"), 0, 0) * 2.0**32)


def _source_digest() -> str:
    """SHA-256 of the code between a cohort and its draws, so that a change of it samples anew."""
    package = Path(__file__).resolve().parents[1]
    files = sorted([*package.glob("cohort/bayes_*.py"), *package.glob("dynamics/*.py"),
                    package / "cohort/course_model.py", package / "foundation/expression_numbers.py"])  # fmt: skip
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
