"""From a course model to a compiled kernel: a content-addressed module file, compiled once a machine."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numba

from trialsim.dynamics import (
    adaptive_kernel,
    adaptive_steady_kernel,
    administrations,
    arrays,
    bundles,
    chain,
    closed_kernel,
    compiling,
    dop853,
    doses,
    exponentials,
    instant_kernel,
    lane_power,
    lane_table,
    linear_kernel,
    linear_steady_kernel,
    modes,
    no_paths,
    no_rules,
    no_series,
    no_steady,
    no_switches,
    path_kernel,
    plain,
    plain_kernel,
    rodas5p,
    rodas5p_sums,
    rule_kernel,
    series,
    series_kernel,
    stage_sums,
    steady_kernel,
    step_kernel,
    stiff_step_kernel,
    switch_kernel,
    watching,
)
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.source import model_source
from trialsim.dynamics.stiff_system import Solver
from trialsim.dynamics.system import tier_of
from trialsim.foundation import arithmetic, elementary, gamma, normal, streams
from trialsim.foundation.caches import cache_directory
from trialsim.foundation.version import VERSION

# What generated modules import: their compiled code holds it, of which numba's own cache knows nothing.
_IMPORTED = (administrations, arrays, bundles, chain, compiling, dop853, doses, exponentials, lane_power, modes, plain,
             series, stage_sums, watching, arithmetic, elementary, gamma, normal, streams)
_MARKER = "# --- copied from here ---\n"
_LARGE_MARKER = "# --- copied for large models ---\n"
# What only linear models import, and what is compiled when it is imported.
_OF_LINEAR = [Path(str(series.__file__)).with_name(name) for name in ("together.py", "timeline.py")]
_LOADING = threading.Lock()


def kernel_source(model: CourseModel, solver: Solver = "explicit", steady: bool = False) -> str:
    """Return the whole text of the module that computes the courses of a model; a linear one needs no solver.

    What a model has none of (rules, paths that are followed) and a schedule does not ask for (steady states) is left
    out, for it would have to be compiled.
    """
    is_linear = tier_of(model)[0] == "linear"
    own = model_source(model, "explicit" if is_linear else solver)
    parts = [own, _copied(lane_table), _copied(rule_kernel if model.rules else no_rules),
             _copied(path_kernel if model.functionals else no_paths),
             _copied(steady_kernel if steady else no_steady),
             _copied(switch_kernel if model.switches else no_switches), _copied(instant_kernel)]
    if is_linear:
        last = [_copied(linear_steady_kernel)] if steady else []
        together = _copied(no_series if model.functionals else series_kernel)
        plain = [_copied(closed_kernel)] if "\ndef read_across(" in own else []
        plain += [_copied(plain_kernel)] if "import laid_out" in own else []
        return "\n\n".join([*parts, together, _copied(linear_kernel), *last, *plain])
    step, alone = _copied(step_kernel).split(_LARGE_MARKER)
    if solver == "stiff":
        step += f"\n\n{_copied(stiff_step_kernel)}"
    lockstep = "" if "\ndef lockstep(" in own else alone
    last = [_copied(adaptive_steady_kernel)] if steady else []
    return "\n\n".join([*parts, f"{step}{lockstep}", _copied(adaptive_kernel), *last])


def _copied(kernel: ModuleType) -> str:
    return _text(kernel).split(_MARKER, 1)[1]


def compiled(model: CourseModel, solver: Solver = "explicit", steady: bool = False) -> ModuleType:
    """Return the module that computes the courses of a model; its functions compile when first called."""
    # Two threads that load one module at once would compile it twice.
    with _LOADING:
        return _compiled(model, solver, steady)


@lru_cache(maxsize=64)
def _compiled(model: CourseModel, solver: Solver = "explicit", steady: bool = False) -> ModuleType:
    source = kernel_source(model, solver, steady)
    method = (rodas5p, rodas5p_sums) if solver == "stiff" else ()
    imported = [_text(module) for module in (*_IMPORTED, *method)]
    imported += [path.read_text(encoding="utf-8") for path in _OF_LINEAR]
    key = hashlib.sha256("\0".join([source, *imported, VERSION, numba.__version__]).encode()).hexdigest()[:32]
    name = f"trialsim_model_{key}"
    return sys.modules[name] if name in sys.modules else _loaded(name, _written(name, source))


def _text(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


def _written(name: str, source: str) -> Path:
    """Return the path of the module file, written if it is not there yet."""
    path = cache_directory() / "models" / f"{name}.py"
    try:
        if path.exists():
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    except OSError:
        # No cache can be kept here: compile for this process alone.
        path = Path(tempfile.mkdtemp(prefix="trialsim-")) / f"{name}.py"
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(source)
    os.replace(temporary, path)
    return path


def _loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # Numba looks the module up by name when it loads compiled code from its cache.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
