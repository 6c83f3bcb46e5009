"""What this core can do at best, measured, and what a workload asks of it, counted: the computed limit."""

from __future__ import annotations

import ast
import inspect
import time
from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from trialsim.dynamics import lane_power, rodas5p_sums, stage_sums
from trialsim.dynamics.modes import halved
from trialsim.foundation import arithmetic, elementary
from trialsim.foundation.elementary import _exp_into

Floats = NDArray[np.float64]
IMPORTED = (stage_sums, rodas5p_sums, lane_power, elementary, arithmetic)


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _multiplied_and_added(x: Floats, n: int) -> None:
    # Sixteen of each between a load and a store; the chains of many numbers hide one another's latency. Nothing is
    # fused: neither are the kernels.
    for _ in range(n):
        for i in range(x.size):
            a = x[i]
            a = (((a * 0.9 + 0.1) * 0.8 + 0.2) * 0.7 + 0.3) * 0.6 + 0.4
            a = (((a * 0.9 + 0.1) * 0.8 + 0.2) * 0.7 + 0.3) * 0.6 + 0.4
            a = (((a * 0.9 + 0.1) * 0.8 + 0.2) * 0.7 + 0.3) * 0.6 + 0.4
            a = (((a * 0.9 + 0.1) * 0.8 + 0.2) * 0.7 + 0.3) * 0.6 + 0.4
            x[i] = a


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _written(x: Floats, value: float) -> None:
    for i in range(x.size):
        x[i] = value


def median_seconds(work: Callable[[], object], repeats: int = 7) -> float:
    """Return the median processor time of this thread that a piece of work takes, in seconds."""
    work()
    spent = []
    for _ in range(repeats):
        begin = time.thread_time()
        work()
        spent.append(time.thread_time() - begin)
    return sorted(spent)[repeats // 2]


def multiplications_per_ns() -> float:
    """Return how many multiplications, each with an addition, a core makes in a nanosecond at best."""
    x = np.ones(256)
    return 16 * 256 * 20_000 / (1e9 * median_seconds(lambda: _multiplied_and_added(x, 20_000)))


def ns_per_number_written() -> float:
    """Return how long it takes to write one number of 8 bytes to memory that is already there, in nanoseconds."""
    x = np.zeros(8_000_000)
    return 1e9 * median_seconds(lambda: _written(x, 1.0)) / x.size


def ns_per_exponential() -> float:
    """Return how long an exponential takes in a long row of them, in nanoseconds."""
    x, out = np.linspace(-9.0, 0.0, 4096), np.zeros(4096)
    return 1e9 * median_seconds(lambda: [_exp_into(x, out) for _ in range(100)]) / (100 * x.size)


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _halved_into(x: Floats, out: Floats) -> None:
    for i in range(x.size):
        out[i] = halved(x[i])


def ns_per_mode() -> float:
    """Return how long what is left of a mode takes in a long row of them, in nanoseconds."""
    x, out = np.linspace(0.0, 13.0, 4096), np.zeros(4096)
    return 1e9 * median_seconds(lambda: [_halved_into(x, out) for _ in range(100)]) / (100 * x.size)


def multiplications(source: str, function: str) -> int:
    """Return how many multiplications and divisions one call of a generated function makes in one lane.

    What it calls is counted with it: the sums of the stages, and elementary functions once each.
    """
    trees = [ast.parse(text) for text in (source, *(inspect.getsource(module) for module in IMPORTED))]
    functions = {node.name: node for tree in reversed(trees) for node in ast.walk(tree)
                 if isinstance(node, ast.FunctionDef)}

    def counted(name: str, above: frozenset[str]) -> int:
        total = 0
        for node in ast.walk(functions[name]):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
                total += 1
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
                total += counted(node.func.id, above | {name}) if node.func.id not in above | {name} else 0
        return total

    return counted(function, frozenset())
