"""The exponential of many small matrices as a PyTensor graph: elementwise, so that structural zeros cost nothing.

A matrix is a nested list whose entries are vectors over rows (one row, one matrix), scalars, or None for a zero
that is always there. The Taylor polynomial of the matrix shifted to a nonnegative diagonal, by Paterson &
Stockmeyer (1973, SIAM J. Comput. 2, 60-66), scaled and squared a fixed number of times (cf. Shao, Gao & Xue 2014).
"""

from __future__ import annotations

import math
from typing import Any

Vector = list[Any]
Matrix = list[list[Any]]

LARGEST = 0.25


def exponential_action(a: Matrix, pulse: Vector, tau: Any, n_squarings: int) -> Vector:
    """Return exp(a tau) pulse; in closed form where what enters a state moves on once at most."""
    n = len(a)
    entered = [j for j in range(n) if pulse[j] is not None]
    if all(not _next(a, i) for j in entered for i in _next(a, j)):
        return [_once(a, pulse, tau, i) for i in range(n)]
    step, _ = _step(a, None, tau, n_squarings)
    for left in reversed(range(1, n_squarings)):
        step = _squared(step, a, tau * 2.0**-left)
    # The last squaring is two products with a vector.
    return _applied(step, _applied(step, pulse))


def inflow_integral(a: Matrix, inflow: Vector, tau: Any, n_squarings: int) -> Vector:
    """Return what a constant inflow leaves in the states after tau, from empty; in closed form if it stays there."""
    if all(u is None or not _next(a, j) for j, u in enumerate(inflow)):
        return [None if u is None else u * tau * _divided_difference(0.0, _decayed(a, j, tau))
                for j, u in enumerate(inflow)]
    step, gained = _step(a, inflow, tau, n_squarings)
    for left in reversed(range(n_squarings)):
        gained = [_sum(x, y) for x, y in zip(_applied(step, gained), gained, strict=True)]
        if left:
            step = _squared(step, a, tau * 2.0**-left)
    return gained


def _next(a: Matrix, j: int) -> list[int]:
    """Return the states that state j flows into."""
    return [i for i in range(len(a)) if i != j and a[i][j] is not None]


def _decayed(a: Matrix, i: int, tau: Any) -> Any:
    """Return the exponent of a state's own decay."""
    return 0.0 if a[i][i] is None else a[i][i] * tau


def _once(a: Matrix, pulse: Vector, tau: Any, i: int) -> Any:
    """Return what is in state i: left of its own pulse, or come from a neighbour's."""
    import pytensor.tensor as pt

    own = _decayed(a, i, tau)
    total = None if pulse[i] is None else pulse[i] * pt.exp(own)
    for j, entered in enumerate(pulse):
        if entered is not None and i in _next(a, j):
            total = _sum(total, entered * a[i][j] * tau * _divided_difference(_decayed(a, j, tau), own))
    return total


def _divided_difference(x: Any, y: Any) -> Any:
    """Return (exp(x) - exp(y)) / (x - y), accurate with its gradient wherever x and y are, equal too."""
    import pytensor.tensor as pt

    swapped = pt.gt(x, y)
    high, low = pt.switch(swapped, x, y), pt.switch(swapped, y, x)
    d = high - low
    is_near = d < 0.1
    near = pt.switch(is_near, d, 0.0)
    series: Any = 0.0
    for k in reversed(range(11)):
        series = series * -near + 1.0 / math.factorial(k + 1)
    far = pt.switch(is_near, 1.0, d)
    return pt.exp(high) * pt.switch(is_near, series, -pt.expm1(-far) / far)


def _squared(step: Matrix, a: Matrix, h: Any) -> Matrix:
    """Return the step twice as long, which lasts h.

    A state on no cycle with others simply decays: its exponential is known, and written so because PyTensor's
    algebra would flatten a product squared again and again into thousands of factors.
    """
    import pytensor.tensor as pt

    result = _product(step, step)
    for i in _alone(a):
        result[i][i] = 1.0 if a[i][i] is None else pt.exp(a[i][i] * h)
    return result


def _alone(a: Matrix) -> list[int]:
    """Return the states that no path through other states leads back to."""
    n = len(a)
    reached = [{j for j in range(n) if j != i and a[i][j] is not None} for i in range(n)]
    for _ in range(n):
        reached = [others.union(*(reached[j] for j in others)) for others in reached]
    return [i for i in range(n) if i not in reached[i]]


def _step(a: Matrix, inflow: Vector | None, tau: Any, n_squarings: int) -> tuple[Matrix, Vector]:
    """Return exp(a h) and the gain from the inflow over h = tau / 2^n_squarings."""
    import pytensor.tensor as pt
    from pytensor.gradient import disconnected_grad

    n = len(a)
    shift: Any = 0.0
    for i in range(n):
        shift = shift if a[i][i] is None else pt.maximum(shift, -a[i][i])
    # The result does not depend on the shift, so neither does its gradient.
    shift = disconnected_grad(pt.as_tensor(shift))
    shifted = [[_sum(a[i][j], shift) if i == j else a[i][j] for j in range(n)] for i in range(n)]
    norm: Any = shift
    for row in shifted:
        norm = pt.maximum(norm, sum(abs(entry) for entry in row if entry is not None))
    scale = 2.0**-n_squarings
    h = pt.switch(disconnected_grad(norm) * tau * scale > LARGEST, math.nan, tau * scale)
    if inflow is not None:
        # One more column carries the inflow; what stands below it stays exp(0) = 1.
        shifted = [[*row, entry] for row, entry in zip(shifted, inflow, strict=True)] + [[*[None] * n, shift]]
    grown = _polynomial([[None if entry is None else entry * h for entry in row] for row in shifted], n + 9)
    decay = pt.exp(-shift * h)
    step = [[None if entry is None else entry * decay for entry in row] for row in grown]
    return [row[:n] for row in step[:n]], [row[n] if inflow is not None else None for row in step[:n]]


def _polynomial(x: Matrix, degree: int) -> Matrix:
    """Return the Taylor polynomial of exp(x), of at least the given degree, in blocks of four powers."""
    second = _product(x, x)
    powers = [x, second, _product(second, x)]
    fourth = _product(second, second)
    n_blocks = math.ceil(degree / 4)
    result = _combined([fourth], [1.0 / math.factorial(4 * n_blocks)], None, len(x))
    for block in reversed(range(n_blocks)):
        weights = [1.0 / math.factorial(4 * block + k) for k in range(4)]
        lower = _combined(powers, weights[1:], weights[0], len(x))
        result = [[_sum(p, q) for p, q in zip(row, other, strict=True)]
                  for row, other in zip(result, lower, strict=True)]
        if block:
            result = _product(fourth, result)
    return result


def _combined(matrices: list[Matrix], weights: list[float], diagonal: float | None, n: int) -> Matrix:
    """Return a weighted sum of matrices plus a multiple of the unit matrix."""
    result: Matrix = [[diagonal if i == j else None for j in range(n)] for i in range(n)]
    for matrix, weight in zip(matrices, weights, strict=True):
        result = [[_sum(result[i][j], None if matrix[i][j] is None else matrix[i][j] * weight) for j in range(n)]
                  for i in range(n)]
    return result


def _sum(x: Any, y: Any) -> Any:
    if x is None or y is None:
        return y if x is None else x
    return x + y


def _applied(matrix: Matrix, vector: Vector) -> Vector:
    return [row[0] for row in _product(matrix, [[entry] for entry in vector])]


def _product(a: Matrix, b: Matrix) -> Matrix:
    result: Matrix = []
    for row in a:
        products = [None] * len(b[0])
        for entry, other in zip(row, b, strict=True):
            if entry is None:
                continue
            products = [p if q is None else _sum(p, entry * q) for p, q in zip(products, other, strict=True)]
        result.append(products)
    return result
