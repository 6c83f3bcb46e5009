"""What can be made of the strengths on the shelf: sums of whole units, in exact arithmetic."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from trialsim.foundation.units import Quantity, Unit, as_written

MOST_REMAINDERS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The amounts that strengths add up to, counted in their greatest common part.

    A count can be made if it is at least `least[count % len(least)]`; `lowest` and `highest` are the limits between
    which a dose is chosen, both of which can be made (highest None: no limit).
    """

    grain: Fraction  # in the unit of the state
    least: tuple[int, ...]
    lowest: int
    highest: int | None


def sums_of(
    strengths: Sequence[Quantity], unit: Unit, at_least: Quantity | None = None, at_most: Quantity | None = None
) -> Sums | None:
    """Return the sums of strengths between two amounts, None if there is none; the strengths are above 0.

    Numbers of a semigroup by their remainders: Apéry (1946).
    """
    amounts = [exact_in(strength, unit) for strength in strengths]
    grain = common_part(amounts)
    counts = [int(amount / grain) for amount in amounts]
    least = least_by_remainder(counts)
    floor = Fraction(1) if at_least is None else max(Fraction(1), exact_in(at_least, unit) / grain)
    lowest = at_or_above(least, math.ceil(floor))
    if at_most is None:
        return Sums(grain=grain, least=least, lowest=lowest, highest=None)
    highest = at_or_below(least, math.floor(exact_in(at_most, unit) / grain))
    return None if highest < lowest else Sums(grain=grain, least=least, lowest=lowest, highest=highest)


def n_remainders(strengths: Sequence[Quantity], unit: Unit) -> int:
    """Return how many common parts the smallest strength is: what rounding takes time and memory for."""
    amounts = [exact_in(strength, unit) for strength in strengths]
    return int(min(amounts) / common_part(amounts))


def exact_in(amount: Quantity, unit: Unit) -> Fraction:
    return as_written(amount.value) * amount.unit.ratio / unit.ratio


def common_part(amounts: Sequence[Fraction]) -> Fraction:
    """Return the greatest amount of which all are multiples."""
    over = math.lcm(*(amount.denominator for amount in amounts))
    return Fraction(math.gcd(*(int(amount * over) for amount in amounts)), over)


def least_by_remainder(counts: Sequence[int]) -> tuple[int, ...]:
    """Return, for each remainder by the smallest count, the least sum of counts that leaves it; the empty sum is 0.

    >>> least_by_remainder([3, 5])
    (0, 10, 5)
    """
    smallest = min(counts)
    least: dict[int, int] = {}
    waiting = [0]
    while waiting:
        total = heapq.heappop(waiting)
        if total % smallest in least:
            continue
        least[total % smallest] = total
        for count in counts:
            if (total + count) % smallest not in least:
                heapq.heappush(waiting, total + count)
    return tuple(least[remainder] for remainder in range(smallest))


def at_or_below(least: Sequence[int], count: int) -> int:
    """Return the greatest sum that is not above a count; 0 is the sum of nothing.

    >>> at_or_below((0, 10, 5), 7), at_or_below((0, 10, 5), 8)
    (6, 8)
    """
    n = len(least)
    return max((each + (count - each) // n * n for each in least if each <= count), default=0)


def at_or_above(least: Sequence[int], count: int) -> int:
    """Return the least sum that is not below a count.

    >>> at_or_above((0, 10, 5), 7), at_or_above((0, 10, 5), 11)
    (8, 11)
    """
    n = len(least)
    return min(each + max(0, -(-(count - each) // n)) * n for each in least)
