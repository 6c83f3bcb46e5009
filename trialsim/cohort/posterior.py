"""The posterior draws of a fit: read from its NetCDF file, changed by a scenario's overrides.

Variables of the file's `posterior` group, each over (chain, draw): `CL` (typical values in the declared unit) and
`CL_between_patients` (on the scale of the random effect) for a parameter CL, `CONC_additive` and `CONC_proportional`
for a measure CONC. What a fit did not estimate is absent and stays as published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.overrides import Change
from trialsim.foundation.errors import TrialsimError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PosteriorDraws:
    """Joint draws: row i of every array belongs to draw i. `digest` is that of the draws as they were fitted."""

    draws: Mapping[str, Floats] = field(compare=False)
    digest: str
    n_draws: int


def between_patients_key(parameter: str) -> str:
    return f"{parameter}_between_patients"


def between_occasions_key(parameter: str) -> str:
    return f"{parameter}_between_occasions"


def additive_key(measure: str) -> str:
    return f"{measure}_additive"


def proportional_key(measure: str) -> str:
    return f"{measure}_proportional"


def posterior_draws(path: Path) -> PosteriorDraws:
    """Return all draws of a fit's NetCDF file, chain after chain."""
    import xarray

    try:
        with xarray.open_dataset(path, group="posterior", engine="h5netcdf") as dataset:
            arrays = {
                str(name): np.ascontiguousarray(variable.values, dtype=np.float64).reshape(-1)
                for name, variable in dataset.data_vars.items()
                if variable.dims == ("chain", "draw")
            }
    except (OSError, ValueError) as fault:
        raise TrialsimError("posterior-unreadable", f"the draws in {path.name} cannot be read: {fault}") from fault
    if not arrays or any(not np.isfinite(values).all() for values in arrays.values()):
        raise TrialsimError("posterior-unreadable", f"{path.name} holds no finite posterior draws", ["fit again"])
    return PosteriorDraws(draws=arrays, digest=draws_digest(arrays), n_draws=len(next(iter(arrays.values()))))


def draws_digest(draws: Mapping[str, Floats]) -> str:
    """Return the SHA-256 of the draws' names and values, whatever file they were in."""
    digest = hashlib.sha256()
    for name in sorted(draws):
        digest.update(f"{name} {len(draws[name])}\n".encode())
        digest.update(np.ascontiguousarray(draws[name], dtype="<f8").tobytes())
    return digest.hexdigest()


def posterior_with_overrides(posterior: PosteriorDraws | None, changes: Iterable[Change]) -> PosteriorDraws | None:
    """Return the draws as a scenario has them: multiplied by its factors, without what it replaces by a value."""
    if posterior is None:
        return None
    draws = dict(posterior.draws)
    for change in changes:
        key = change.path[1] if change.path[0] == "parameters" else ""
        if key not in draws:
            continue
        if change.factor is None:
            del draws[key]
        else:
            draws[key] = draws[key] * change.factor
    return PosteriorDraws(draws=draws, digest=posterior.digest, n_draws=posterior.n_draws)
