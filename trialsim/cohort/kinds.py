"""Kinds of arguments of kinetics: `volume/time`, or with words that stand for anything, such as `response/time`.

A free word means one dimension throughout a use: `amount` is mass, substance or activity, whichever the first argument
that tells has; `response` may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from trialsim.foundation.dimensions import DIMENSIONLESS, MASS, TIME, VOLUME, Dimension, dimension_name
from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.sections import Phrase

KNOWN = {"number": DIMENSIONLESS, "time": TIME, "volume": VOLUME}
AMOUNT = "amount"
WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Kind:
    """A product of known dimensions and of powers of free words, with the text it was written as."""

    text: str
    known: Dimension = DIMENSIONLESS
    free: tuple[tuple[str, int], ...] = ()

    def dimension(self, bound: Mapping[str, Dimension]) -> Dimension | None:
        """Return the dimension, given those of the free words; None if one of them is not known."""
        total = self.known
        for word, power in self.free:
            if word not in bound:
                return None
            total = total * bound[word] ** power
        return total

    def in_words(self, bound: Mapping[str, Dimension]) -> str:
        found = self.dimension(bound)
        return self.text if found is None or not self.free else f"{self.text} ({dimension_name(found)})"


def kind_of(text: str) -> Kind:
    """Return the kind a text says: words of a to z, divided and multiplied.

    >>> kind_of("amount/volume").free
    (('amount', 1),)
    """
    known, free = DIMENSIONLESS, dict[str, int]()
    pieces = re.split(r"\s*([*/])\s*", text.strip())
    for sign, word in zip(["*", *pieces[1::2]], pieces[::2], strict=True):
        power = 1 if sign == "*" else -1
        if word in KNOWN:
            known = known * KNOWN[word] ** power
        elif WORD.fullmatch(word):
            free[word] = free.get(word, 0) + power
        elif word != "1":
            notes = ["a kind looks like: volume/time, 1/time, amount/volume, response"]
            raise UnreadableText("bad-kind", f"{text!r} is no kind of argument", notes)
    return Kind(text.strip(), known, tuple((word, power) for word, power in free.items() if power))


def bound_by(kind: Kind, found: Dimension, bound: dict[str, Dimension]) -> bool:
    """Return whether a dimension is of a kind; a free word not met before takes what makes it so."""
    unknown = [(word, power) for word, power in kind.free if word not in bound]
    if not unknown:
        return kind.dimension(bound) == found
    if len(unknown) > 1:
        return True  # the equations tell
    word, power = unknown[0]
    rest = found / kind.known
    for other, exponent in kind.free:
        if other != word:
            rest = rest / bound[other] ** exponent
    candidate = rest ** Fraction(1, power)
    if word == AMOUNT and not is_amount(candidate):
        return False
    bound[word] = candidate
    return True


def is_amount(dimension: Dimension) -> bool:
    """Return whether something can be an amount: a mass, a substance, an activity, or a count of things."""
    exponents = [power for power in dimension.exponents if power]
    return dimension.is_dimensionless or (exponents == [1] and dimension not in (TIME, VOLUME))


def settled(bound: Mapping[str, Dimension]) -> dict[str, Dimension]:
    """Return the free words with their dimensions; an amount that nothing tells is a mass."""
    return {AMOUNT: MASS, **bound}


KIND = Phrase(what="a kind", example="volume/time", make=kind_of, pattern=r"[a-z1]+(\s*[*/]\s*[a-z]+)*")
