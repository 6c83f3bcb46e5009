import numpy as np
import pytest
import xarray

from trialsim.cohort.posterior import draws_digest, posterior_draws
from trialsim.foundation.errors import TrialsimError


def written(path, **variables):
    dataset = xarray.Dataset(variables)
    dataset.to_netcdf(path, group="posterior", engine="h5netcdf")
    return path


def test_draws_are_read_chain_after_chain(tmp_path):
    path = written(
        tmp_path / "posterior.nc",
        CL=(("chain", "draw"), np.array([[1.0, 2.0], [3.0, 4.0]])),
        eta=(("chain", "draw", "patient"), np.zeros((2, 2, 3))),
    )
    posterior = posterior_draws(path)
    assert posterior.draws.keys() == {"CL"}
    assert posterior.draws["CL"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert posterior.n_draws == 4
    assert posterior.digest == draws_digest({"CL": np.array([1.0, 2.0, 3.0, 4.0])})
    assert posterior.digest != draws_digest({"CL": np.array([1.0, 2.0, 3.0, 4.5])})


def test_a_file_that_is_none_is_refused(tmp_path):
    path = tmp_path / "posterior.nc"
    path.write_text("no NetCDF")
    with pytest.raises(TrialsimError, match=r"^the draws in posterior\.nc cannot be read: "):
        posterior_draws(path)


def test_broken_draws_are_refused(tmp_path):
    path = written(tmp_path / "posterior.nc", CL=(("chain", "draw"), np.array([[1.0, np.nan]])))
    with pytest.raises(TrialsimError) as fault:
        posterior_draws(path)
    assert str(fault.value) == "posterior.nc holds no finite posterior draws\n  = fit again"
