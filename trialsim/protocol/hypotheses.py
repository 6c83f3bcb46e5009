"""What a family tests, as text: an analysis, one of its comparisons, or several of which all must be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.written import WrittenFamily

ALL = re.compile(r"all\s+of\s+(.+)")
AND = re.compile(r"\s+and\s+")
OF = re.compile(r"(.+?\s+vs\s+\S+)\s+of\s+(\S+)")
Parts = tuple[tuple[str, str], ...]  # analysis and comparison


def one_spaced(text: str) -> str:
    """Return a text with one space between its words."""
    return " ".join(text.split())


def parts_of(draft: Draft, path: Path, text: str) -> Parts | None:
    """Return the comparisons that a hypothesis is about, all of which must be shown; None if there is a fault."""
    words = one_spaced(text)
    several = ALL.fullmatch(words)
    found = [named_comparisons(draft, path, each, several is not None) for each in AND.split(several[1])] if (
        several
    ) else [named_comparisons(draft, path, words, False)]
    if any(each is None for each in found):
        return None
    return tuple(dict.fromkeys(part for each in found if each for part in each))


def named_comparisons(draft: Draft, path: Path, text: str, takes_all: bool) -> Parts | None:
    """Return the comparisons of `ANALYSIS` or `COMPARISON of ANALYSIS`."""
    where = draft.key(*path)
    match = OF.fullmatch(text)
    name = match[2] if match else text
    if not draft.is_known(where, "analysis", name, draft.written.analyses):
        return None
    comparisons = [one_spaced(each) for each in draft.written.analyses[name].compare]
    if match:
        known = draft.is_known(where, "comparison", match[1], comparisons)
        return ((name, match[1]),) if known else None
    if len(comparisons) > 1 and not takes_all:
        message = f"{name} has {len(comparisons)} comparisons, and this does not say which is meant"
        notes = [f"write {comparisons[0]} of {name}", f"or all of {name}, if all of them must be shown"]
        draft.error(where, "hypothesis-unclear", message, "", notes)
        return None
    return tuple((name, each) for each in comparisons)


def hypothesis_paths(name: str, family: WrittenFamily) -> Iterator[tuple[Path, str]]:
    """Yield every hypothesis of a family as written, and where it stands."""
    path: Path = ("families", name)
    for text in family.graph or ():
        yield (*path, "graph", text), text
    for text in family.fallback or ():
        yield (*path, "fallback", text), text
    for word in ("fixed_sequence", "holm", "hochberg", "hommel"):
        for i, text in enumerate(getattr(family, word) or ()):
            yield (*path, word, i), text
    for g, gate in enumerate(family.gatekeeping or ()):
        for i, text in enumerate(gate.test):
            yield (*path, "gatekeeping", g, "test", i), text


def families_of(draft: Draft) -> dict[str, list[str]]:
    """Return, for every analysis that a family names, the families that do."""
    found: dict[str, list[str]] = {}
    for name, family in draft.written.families.items():
        for _, text in hypothesis_paths(name, family):
            words = one_spaced(text)
            several = ALL.fullmatch(words)
            for each in AND.split(several[1]) if several else [words]:
                match = OF.fullmatch(each)
                analysis = match[2] if match else each
                if name not in found.setdefault(analysis, []):
                    found[analysis].append(name)
    return found
