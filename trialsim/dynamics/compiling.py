"""How kernels are compiled: kept on disk, without the interpreter's lock, reproducibly, and without memory.

A kernel allocates nothing (it does not compile if it does): everything it works on is handed to it. So nobody need
count who holds which array, which at every instant of every patient would cost more than what is done there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import binding  # type: ignore[import-untyped]
from numba import cfunc, njit, types
from numba.core import config

Function = TypeVar("Function", bound=Callable[..., Any])
_KEPT = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": False}


# Doors through which Python would call take a quarter of the time of compiling; kernels call one another without.
_WITHOUT_DOORS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def kernel(function: Function) -> Function:
    """Return a function that kernels call, compiled with them; called from Python it would crash the interpreter."""
    return cast(Function, njit(**_KEPT, **_WITHOUT_DOORS, _nrt=False)(function))


def part_of_kernel(function: Function) -> Function:
    """Return a kernel that becomes part of each that calls it, with the numbers it is given there written out."""
    return cast(Function, njit(**_KEPT, **_WITHOUT_DOORS, _nrt=False, forceinline=True)(function))


def allocating_kernel(function: Function) -> Function:
    """Return a kernel that is called so rarely that it may ask for memory of its own."""
    # Said, not left out: what is compiled for a kernel takes over its settings otherwise.
    return cast(Function, njit(**_KEPT, **_WITHOUT_DOORS, _nrt=True)(function))


def called_at_its_address(signature: Any) -> Callable[[Function], Function]:
    """Return a decorator for what kernels call without becoming one with it; compiled when it is imported.

    Whatever a kernel calls by name is optimised once more with each that calls it, and with each that calls those.
    """
    def called(function: Function) -> Function:
        if config.DISABLE_JIT:
            return function
        code = cfunc(signature, **_KEPT, _nrt=False)(function)
        symbol = f"{function.__module__}.{function.__name__}"
        binding.add_symbol(symbol, code.address)
        found = types.ExternalFunction(symbol, signature)
        found.code = code  # lives as long
        return cast(Function, found)

    return called


def outer_kernel(function: Function) -> Function:
    """Return a kernel that Python calls; compiled when first called."""
    return cast(Function, njit(**_KEPT, _nrt=False)(function))
