"""Names of an SBML document as names of a cohort: the same wherever the language allows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from trialsim.cohort.names import RESERVED, RESERVED_ENDINGS
from trialsim.foundation.expression_tree import FUNCTIONS
from trialsim.foundation.expression_tree import RESERVED as WORDS

LONGEST = 60  # leaves room for what tells an amount from a concentration


def cohort_names(ids: Iterable[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Return the name of each id: itself, or changed as little as it takes; `taken` are words nobody may have.

    >>> cohort_names(["k1", "t", "_x", "if"])
    {'k1': 'k1', 't': 't_', '_x': 'x', 'if': 'if_'}
    """
    everything = list(ids)
    forbidden = {*RESERVED, *FUNCTIONS, *WORDS, *taken}
    names: dict[str, str] = {}
    given = {each for each in everything if is_free(each, forbidden)}
    for each in everything:
        name = each if each in given else changed(each, forbidden | given)
        given.add(name)
        names[each] = name
    return names


def is_free(name: str, forbidden: Collection[str]) -> bool:
    """Return whether a name can stay as it is."""
    sound = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) is not None and len(name) <= LONGEST
    return sound and name not in forbidden and not name.endswith(RESERVED_ENDINGS)


def changed(name: str, forbidden: Collection[str]) -> str:
    """Return a name like this one that is free."""
    start = re.sub(r"[^A-Za-z0-9_]", "_", name).lstrip("_")[:LONGEST] or "x"
    start = start if start[0].isalpha() else f"x{start}"
    candidate, n = start, 1
    while not is_free(candidate, forbidden):
        candidate, n = f"{start[: LONGEST - 3]}_" + (str(n) if n > 1 else ""), n + 1
    return candidate
