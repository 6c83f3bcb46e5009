"""Posteriors of fits: which are taken, which are refused, and with which words."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import xarray

from tests.unit.cohort.fitted import fit_section, with_digest
from tests.unit.cohort.populations import EVERYTHING
from trialsim.cohort.fits import posterior_of, read_fit
from trialsim.cohort.posterior import draws_digest
from trialsim.foundation.errors import TrialsimError

COHORT = with_digest(replace(EVERYTHING, id="probe", posterior="probe"))
DRAWS = {"CL": np.array([[2.0, 2.1], [1.9, 2.2]]), "CL_between_patients": np.array([[0.3, 0.31], [0.29, 0.33]])}


def written(folder, cohort=COHORT, failures=(), draws=DRAWS, data_digest="of-the-data"):
    """A fit as fit_cohort leaves it."""
    place = folder / "probe"
    place.mkdir(parents=True)
    dataset = xarray.Dataset({name: (("chain", "draw"), values) for name, values in draws.items()})
    dataset["CL_individual"] = (("chain", "draw", "patient"), np.ones((2, 2, 3)))
    dataset.to_netcdf(place / "posterior.nc", group="posterior", engine="h5netcdf")
    record = {
        "format": "trialsim fit 1", "cohort": {"id": cohort.id, "digest": cohort.digest},
        "data": {"digest": data_digest},
        "posterior": {"digest": draws_digest({k: v.reshape(-1) for k, v in DRAWS.items()}), "n_draws": 4},
        "converged": not failures, "failures": list(failures), "divergences": 0, "diagnostics": [],
        "environment": {"seconds": 1.0},
    }  # fmt: skip
    (place / "fit.json").write_text(json.dumps(record))
    return folder


def refusal(folder, cohort=COHORT):
    with pytest.raises(TrialsimError) as caught:
        posterior_of(cohort, folder)
    return caught.value.slug, str(caught.value)


def test_the_draws_of_a_fit_of_this_cohort_are_taken(tmp_path):
    posterior = posterior_of(COHORT, written(tmp_path))
    assert posterior.n_draws == 4
    assert {name: values.tolist() for name, values in posterior.draws.items()} == {
        "CL": [2.0, 2.1, 1.9, 2.2], "CL_between_patients": [0.3, 0.31, 0.29, 0.33]}  # fmt: skip
    assert posterior.digest == read_fit(tmp_path / "probe").digest


def test_a_fit_that_was_never_made_is_missing(tmp_path):
    assert refusal(tmp_path) == (
        "fit-missing",
        "the cohort 'probe' takes its values from the fit 'probe', which has not been made\n"
        f"  = looked for {tmp_path}/probe/fit.json and posterior.nc beside it\n"
        "  = run: trialsim fit probe",
    )


def test_a_fit_of_another_text_of_the_cohort_is_stale(tmp_path):
    other = with_digest(replace(COHORT, title="Another"))
    assert other.digest != COHORT.digest
    assert refusal(written(tmp_path), other) == (
        "fit-stale",
        "the fit 'probe' was made from another text of the cohort 'probe'\n"
        f"  = digest of the cohort: {other.digest}\n  = digest of the cohort that was fitted: {COHORT.digest}\n"
        "  = run: trialsim fit probe",
    )


def test_a_fit_of_other_data_is_stale(tmp_path):
    cohort = with_digest(replace(COHORT, fit=fit_section()))
    assert refusal(written(tmp_path, cohort), cohort) == (
        "fit-stale",
        "the fit 'probe' was made from other data than 'theophylline.csv' holds now\n"
        f"  = digest of the data: {cohort.fit.digest}\n  = digest of the data that were fitted: of-the-data\n"
        "  = run: trialsim fit probe",
    )


def test_a_fit_that_has_not_converged_is_refused(tmp_path):
    failures = ("R-hat of CL is 1.0312 (at most 1.01)", "3 divergent transitions (at most 0)")
    assert refusal(written(tmp_path, failures=failures)) == (
        "fit-not-converged",
        "the fit 'probe' has not converged: R-hat of CL is 1.0312 (at most 1.01); 3 divergent transitions (at most 0)\n"
        "  = more draws or a longer warm-up help against few or poorly mixed draws: "
        "fit.sampler.draws, fit.sampler.tune\n"
        "  = a higher fit.sampler.target_accept helps against divergences\n"
        "  = then run: trialsim fit probe",
    )


def test_draws_that_the_record_does_not_describe_are_refused(tmp_path):
    changed = {**DRAWS, "CL": DRAWS["CL"] + 1.0}
    folder = written(tmp_path, draws=changed)
    found, described = (draws_digest({k: v.reshape(-1) for k, v in draws.items()}) for draws in (changed, DRAWS))
    assert refusal(folder) == (
        "fit-damaged",
        "the draws of the fit 'probe' are not those that its fit.json describes\n"
        f"  = digest of the draws: {found}\n  = digest in fit.json: {described}\n  = run: trialsim fit probe",
    )


def test_a_record_that_is_none_is_refused(tmp_path):
    folder = written(tmp_path)
    (folder / "probe" / "fit.json").write_text('{"format": "trialsim fit 9"}')
    assert refusal(folder) == (
        "fit-unreadable",
        f"the fit in {folder}/probe cannot be read: its format is 'trialsim fit 9'\n  = run: trialsim fit probe",
    )


def test_a_folder_without_a_record_holds_no_fit(tmp_path):
    with pytest.raises(TrialsimError) as caught:
        read_fit(tmp_path)
    assert str(caught.value) == f"there is no fit in {tmp_path}\n  = the file fit.json is missing"


def test_reading_a_posterior_imports_no_sampler(tmp_path):
    program = (
        "import sys, trialsim.cohort.fits\n"
        "print([m for m in ('pymc', 'arviz', 'nutpie', 'pytensor') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "[]\n"
