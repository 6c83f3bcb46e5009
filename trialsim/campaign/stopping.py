"""When a cell has enough trials: judged at part boundaries in order, from the parts before the boundary alone."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, sqrt

from trialsim.campaign.plan import Cell
from trialsim.store.marker import Marker


def rate_standard_error(n_rejected: int, n: int) -> float:
    """Return the Monte-Carlo standard error of a rejection rate; also 0 of n has one.

    The rate is taken as (x + 2) / (n + 4) of n + 4 trials (Agresti & Coull 1998, Am. Stat. 52:119, section 2).
    """
    rate = (n_rejected + 2) / (n + 4)
    return sqrt(rate * (1 - rate) / (n + 4))


class CellTrials:
    """What is known of one cell while a run goes on; the one mutable thing here, owned by the loop that runs parts."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.n_parts: int | None = None if cell.n_parts else 0  # how many parts the cell has in the end, once known
        self.n_done = 0  # trials in parts that are done, in whatever order
        self._done: dict[int, Marker] = {}
        self._next = 0
        self._judged = 0  # parts before this boundary have been judged
        self._trials = 0
        self._rejected: dict[tuple[str, str], int] = {}

    def record(self, marker: Marker) -> None:
        """Take in one finished part and judge every boundary that is now complete."""
        self._done[marker.number] = marker
        self.n_done += marker.stop - marker.first
        while self.n_parts is None and self._judged in self._done:
            self._judge(self._done[self._judged])

    def _judge(self, marker: Marker) -> None:
        self._judged += 1
        self._trials += marker.n_trials
        for analysis, comparison, count in marker.rejections:
            self._rejected[analysis, comparison] = self._rejected.get((analysis, comparison), 0) + count
        if self._judged == self.cell.n_parts or self._is_enough():
            self.n_parts = self._judged

    def _is_enough(self) -> bool:
        return (
            self.cell.until is not None
            and bool(self._rejected)
            and self._trials >= self.cell.at_least
            and self.standard_error() <= self.cell.until
        )

    def standard_error(self) -> float:
        """Return the largest Monte-Carlo standard error over the rejection rates judged so far."""
        return max((rate_standard_error(count, self._trials) for count in self._rejected.values()), default=1.0)

    def next_part(self) -> int | None:
        """Return the next part to compute, None if none is wanted (any more)."""
        limit = self.cell.n_parts if self.n_parts is None else self.n_parts
        while self._next < limit and self._next in self._done:
            self._next += 1
        if self._next >= limit:
            return None
        self._next += 1
        return self._next - 1

    def trials_at_most(self) -> int:
        return self.cell.at_most if self.n_parts is None else self._trials_in(self.n_parts)

    def trials_expected(self) -> int:
        """Return how many trials the cell will have if its rates stay as they are."""
        cell = self.cell
        if self.n_parts is not None or cell.until is None or not self._rejected:
            return self.trials_at_most()
        needed = ceil(self._trials * (self.standard_error() / cell.until) ** 2)
        boundary = -(-max(needed, cell.at_least, self._trials) // cell.trials_per_part)
        return self._trials_in(min(boundary, cell.n_parts))

    def _trials_in(self, n_parts: int) -> int:
        return min(n_parts * self.cell.trials_per_part, self.cell.at_most)

    def counted(self) -> int:
        """Return the trials done that count: those in parts before the stop."""
        if self.n_parts is None:
            return self.n_done
        return sum(m.stop - m.first for number, m in self._done.items() if number < self.n_parts)


def failed_trials(markers: Mapping[int, Marker]) -> int:
    return sum(marker.failed for marker in markers.values())
