"""The same bits on every x86-64 processor, in every piece and on every thread: kernels compiled for other targets.

The compiler is told to write for another processor than this one. numpy, the C library and BLAS are told to do
without the instructions that processor lacks, so that a number of theirs on the way to a table would be seen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__  # type: ignore[import-not-found]

from tests.golden.golden import moved, recorded
from tests.verification.same_bits import workload

ROOT = Path(__file__).resolve().parents[3]
NO_AVX512 = [name for name in __cpu_dispatch__ if "AVX512" in name or name == "X86_V4"]
NO_AVX = list(__cpu_dispatch__)
# Name: features for the compiler, the widest registers it may then use, what numpy, BLAS and libm do without.
TARGETS: dict[str, tuple[str, str, list[str], str, str]] = {
    "skylake-avx512": ("-prefer-256-bit", "zmm", [], "SkylakeX", ""),
    "haswell": ("", "ymm", NO_AVX512, "Haswell", "-AVX512F,-AVX512VL,-AVX512DQ"),
    "x86-64": ("", "xmm", NO_AVX, "Nehalem", "-AVX512F,-AVX2,-AVX,-FMA,-FMA4"),
}


def environment(target: str, folder: Path) -> dict[str, str]:
    """Return the environment of a process that computes as if on another processor, with nothing compiled yet."""
    features, _, numpy_without, blas, libm_without = TARGETS[target]
    return {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CPU_NAME": target, "NUMBA_CPU_FEATURES": features,
            "NUMBA_CACHE_DIR": str(folder / "numba"), "XDG_CACHE_HOME": str(folder / "cache"),
            "NPY_DISABLE_CPU_FEATURES": " ".join(numpy_without), "OPENBLAS_CORETYPE": blas,
            "GLIBC_TUNABLES": f"glibc.cpu.hwcaps={libm_without}"}


def told(target: str, folder: Path, *words: str) -> Any:
    """Return what a module run on a target prints, read as JSON."""
    done = subprocess.run([sys.executable, "-m", *words], env=environment(target, folder), cwd=ROOT, text=True,
                          capture_output=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def others(here: dict[str, str], there: dict[str, str]) -> list[str]:
    """Return what was computed with other bits there than here, or is missing on a side."""
    return sorted(name for name in {*here, *there} if here.get(name) != there.get(name))


def by_how(digests: dict[str, str]) -> list[str]:
    """Return what has other bits if computed in another way."""
    return sorted(name for name, found in digests.items() if found != digests[name.split(":")[0]])


def test_a_processor_without_wide_registers_computes_the_same_bits(tmp_path: Path) -> None:
    there = told("x86-64", tmp_path, "tests.verification.same_bits.workload", "small")
    here = dict(workload.small())
    assert there["register"] == "xmm"
    assert len(here) == 14
    assert by_how(here) == []
    assert others(here, there["digests"]) == []


def test_a_digest_sees_the_last_bit_and_no_more() -> None:
    numbers = np.array([1.0, 2.0, np.nan])
    other = np.array([1.0, np.nextafter(2.0, 3.0), -np.nan])
    assert workload.digest(numbers) != workload.digest(other)
    other[1] = 2.0
    assert workload.digest(numbers) == workload.digest(other)
    assert others({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == ["b", "c"]
    assert by_how({"a": "1", "a: 7 at a time": "2", "a: on two threads": "1"}) == ["a: 7 at a time"]


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS)
def test_every_kernel_computes_the_same_bits(target: str, tmp_path: Path, everything_here: dict[str, str]) -> None:
    there = told(target, tmp_path, "tests.verification.same_bits.workload", "whole")
    assert there["register"] == TARGETS[target][1]
    assert others(everything_here, there["digests"]) == []


@pytest.fixture(scope="module")
def everything_here() -> dict[str, str]:
    digests = dict(workload.whole())
    assert by_how(digests) == []
    return digests


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS)
def test_whole_runs_are_the_golden_ones(target: str, tmp_path: Path) -> None:
    assert moved(recorded(), told(target, tmp_path, "tests.verification.same_bits.golden_here", str(tmp_path))) == ""
