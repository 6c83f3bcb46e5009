"""How kernels are compiled: kept on disk, without the interpreter's lock, in reproducible arithmetic, and without memory.

A kernel allocates nothing (it does not compile if it does): everything it works on is handed to it. So nobody need count
who holds which array, which at every instant of every patient would cost more than what is done there.
"""

from __future__ import annotations

from typing import Any

from numba import njit

kernel: Any = njit(cache=True, nogil=True, error_model="numpy", fastmath=False, _nrt=False)
# For what happens so rarely that it may ask for memory of its own.
allocating_kernel: Any = njit(cache=True, nogil=True, error_model="numpy", fastmath=False)
