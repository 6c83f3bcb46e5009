"""The same bits for every processor: numba told to build for each of three generations, digests compared."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DIGEST = """
import hashlib
import numpy as np
from trialsim.foundation import distributions, elementary, streams
trials = np.repeat(np.arange(20), 201)
patients = np.arange(20 * 201)
u = streams.uniforms(2**63 + 11, streams.label("test"), trials, patients)
z = streams.normals(5, streams.label("test", "z"), trials, patients)
parts = [u, z, streams.exponentials(5, 7, trials, patients, 3)]
for x in (z, 200.0 * z, 1e-8 * z):
    parts += [elementary.exp_array(x), elementary.normal_cdf_array(x), elementary.power_array(np.abs(x), z)]
    parts += [elementary.log_array(np.abs(x)), elementary.normal_quantile_array(u)]
    parts += [np.array([f(v) for v in x[:300]]) for f in (elementary.expm1, elementary.logistic)]
parts += [np.array([f(v) for v in u[:300]]) for f in (elementary.log1p, elementary.logit)]
parts += [np.array([distributions.t_cdf(v, 7.5) for v in z[:100]])]
parts += [np.array([distributions.t_quantile(v, 7.5) for v in u[:100]])]
print(hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
"""


@pytest.mark.parametrize("processor", ["generic", "haswell", "skylake-avx512"])
def test_bits_are_the_same_for_every_processor(processor, tmp_path):
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    needed = {"generic": "", "haswell": "avx2", "skylake-avx512": "avx512f"}[processor]
    target = processor if needed in flags else "generic"
    settings = {"NUMBA_CPU_NAME": target, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", DIGEST], env={**os.environ, **settings}, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == SAME_BITS


SAME_BITS = "44368dcb4cb4f5ed47876d9ec0f8d727583c07eeedc25e8a004813f040779604"
