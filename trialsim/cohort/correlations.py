"""Correlation matrices declared pair by pair: is there one, its Cholesky factor, and how far an entry could go.

Small matrices in plain floats and a fixed order of operations, used by the reader (no NumPy) and by the draws alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from trialsim.cohort.model import Correlation

Matrix = list[list[float]]
MOST_SEARCHED, LARGEST_SEARCHED = 20, 4
LEAST_PIVOT = 1e-10  # below this a patient's scores would be determined by the others', which is a mistake, not a model


def correlation_matrix(names: Sequence[str], correlations: Sequence[Correlation]) -> Matrix:
    """Return the matrix over `names` in their order; pairs that are not declared are uncorrelated."""
    position = {name: i for i, name in enumerate(names)}
    matrix = [[1.0 if i == j else 0.0 for j in range(len(names))] for i in range(len(names))]
    for pair in correlations:
        i, j = position[pair.first], position[pair.second]
        matrix[i][j] = matrix[j][i] = pair.value
    return matrix


def matrix_of_rows(rows: Sequence[tuple[float, Sequence[float]]]) -> Matrix:
    """Return the matrix of a table: each row a point in time and the correlations with those before it."""
    n = len(rows)
    matrix = [[1.0] * n for _ in range(n)]
    for i, (_, before) in enumerate(rows):
        for j, value in enumerate(before):
            matrix[i][j] = matrix[j][i] = value
    return matrix


def cholesky(matrix: Matrix) -> Matrix | None:
    """Return the lower triangular L with L L' = matrix, or None if the matrix is not positive definite.

    Row by row (Cholesky 1924): rows of what stands first do not depend on what follows.
    """
    lower: Matrix = []
    for i, row in enumerate(matrix):
        entries: list[float] = []
        for j in range(i + 1):
            rest = row[j]
            for k in range(j):
                rest = rest - (entries[k] * lower[j][k] if j < i else entries[k] * entries[k])
            if j < i:
                entries.append(rest / lower[j][j])
            elif rest < LEAST_PIVOT:
                return None
            else:
                entries.append(math.sqrt(rest))
        lower.append(entries)
    return lower


def possible_range(matrix: Matrix, i: int, j: int) -> tuple[float, float] | None:
    """Return the open interval of entry (i, j) that makes the matrix positive definite, given all other entries.

    a'C^-1 b -+ sqrt((1 - a'C^-1 a)(1 - b'C^-1 b)) with C the matrix of the others, a and b their correlations with
    i and j (the bounds of a partial correlation; Olkin 1981). None if the other entries are impossible themselves.
    """
    others = [k for k in range(len(matrix)) if k not in (i, j)]
    lower = cholesky([[matrix[r][c] for c in others] for r in others])
    if lower is None:
        return None
    a = solved(lower, [matrix[k][i] for k in others])
    b = solved(lower, [matrix[k][j] for k in others])
    left_i, left_j = 1.0 - dot(a, a), 1.0 - dot(b, b)
    if left_i < LEAST_PIVOT or left_j < LEAST_PIVOT:
        return None
    middle, reach = dot(a, b), math.sqrt(left_i * left_j)
    return middle - reach, middle + reach


def impossible_set(matrix: Matrix) -> tuple[int, ...]:
    """Return the positions of rows that no joint distribution can have together; empty if all can.

    A smallest such set if there is one of at most four among at most twenty correlated rows, else all correlated rows.
    """
    correlated = [i for i, row in enumerate(matrix) if any(value != 0.0 for j, value in enumerate(row) if j != i)]
    if cholesky([[matrix[r][c] for c in correlated] for r in correlated]) is not None:
        return ()
    if len(correlated) <= MOST_SEARCHED:
        for size in range(2, LARGEST_SEARCHED + 1):
            for rows in combinations(correlated, size):
                if cholesky([[matrix[r][c] for c in rows] for r in rows]) is None:
                    return rows
    return tuple(correlated)


def solved(lower: Matrix, right: Sequence[float]) -> list[float]:
    """Return L^-1 right by forward substitution."""
    result: list[float] = []
    for i, value in enumerate(right):
        rest = value
        for k in range(i):
            rest = rest - lower[i][k] * result[k]
        result.append(rest / lower[i][i])
    return result


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    total = 0.0
    for x, y in zip(a, b, strict=True):
        total = total + x * y
    return total
