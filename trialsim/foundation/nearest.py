"""The name somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 64


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `name`, or None if none is near enough to be meant.

    Near enough: equal but for case, or at most a third of its letters (at least one, at most three) changed,
    left out, added or swapped with their neighbour. Ties go to the candidate that comes first in the alphabet.

    >>> nearest("dosin", ["arms", "dosing"])
    'dosing'
    >>> nearest("dosin", ["arms", "rules"]) is None
    True
    """
    if not name or len(name) > LONGEST:
        return None
    best: tuple[int, str] | None = None
    for candidate in sorted(set(candidates)):
        if abs(len(candidate) - len(name)) > 3 or candidate == name:
            continue
        if candidate.lower() == name.lower():
            return candidate
        distance = edits(name.lower(), candidate.lower())
        allowed = min(3, max(1, max(len(name), len(candidate)) // 3))
        if distance <= allowed and distance < len(name) and (best is None or distance < best[0]):
            best = (distance, candidate)
    return best[1] if best else None


def edits(a: str, b: str) -> int:
    """Return the optimal string alignment distance: changes, omissions, additions, swaps of neighbours."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        two_before, before, row = before, row, [i]
        for j, y in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
    return row[-1]
