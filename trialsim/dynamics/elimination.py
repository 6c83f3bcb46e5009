"""In which order a sparse matrix is eliminated, and what each step of it touches: known before any number is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Elimination:
    """LU factors of I - c J without exchanges, on the diagonal, for the places of J that are not zero.

    Step k divides by the pivot at `pivots[k]`; `below[k]` are the rows it is subtracted from and `right[k]` the columns
    in which. `own` are the places of J that are not zero; `plain` are the pivots that are 1.
    """

    pivots: tuple[int, ...]
    below: tuple[tuple[int, ...], ...]
    right: tuple[tuple[int, ...], ...]
    own: frozenset[Place]
    plain: frozenset[int]

    @property
    def n_products(self) -> int:
        """Return how many products a factorisation takes."""
        return sum(len(rows) * (1 + len(columns)) for rows, columns in zip(self.below, self.right, strict=True))

    @property
    def n_solving(self) -> int:
        """Return how many products a solution takes."""
        return len(self.pivots) + sum(map(len, self.below)) + sum(map(len, self.right))


def elimination(n: int, entries: Iterable[Place]) -> Elimination:
    """Return the elimination of an n by n matrix with a full diagonal and the given other places.

    Pivots are taken where they fill least (Markowitz 1957, Management Science 3:255, on the diagonal), the first such.
    What nothing depends on (a cumulative hazard, an area) so goes before what fills, and costs a row of products.
    """
    own = set(entries)
    filled = {(i, j) for i, j in own if i != j}
    touched = {i for i, j in own if i == j}
    waiting = list(range(n))
    pivots, below, right = [], [], []
    while waiting:
        rows = {p: tuple(i for i in waiting if (i, p) in filled) for p in waiting}
        columns = {p: tuple(j for j in waiting if (p, j) in filled) for p in waiting}
        pivot = min(waiting, key=lambda p: (len(rows[p]) * len(columns[p]), p))
        new = {(i, j) for i in rows[pivot] for j in columns[pivot]}
        touched |= {i for i, j in new if i == j}
        filled |= {(i, j) for i, j in new if i != j}
        waiting.remove(pivot)
        pivots.append(pivot)
        below.append(rows[pivot])
        right.append(columns[pivot])
    return Elimination(pivots=tuple(pivots), below=tuple(below), right=tuple(right), own=frozenset(own),
                       plain=frozenset(set(range(n)) - touched))
