"""Families: hypotheses that exist and stand once, an error rate that is spent once, weights within it."""

from __future__ import annotations

from trialsim.foundation.units import number_text
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.hypotheses import families_of, hypothesis_paths, one_spaced, parts_of
from trialsim.protocol.rules_analyses import check_error_rate, one_sided
from trialsim.protocol.written import WrittenFamily, WrittenNode

WHOLE = 0.025  # one-sided: what several families of one trial may spend together
ROUNDING = 1e-9


def check_families(draft: Draft) -> None:
    """Every comparison of an analysis in a family is in it once, and gets its error rate from nowhere else."""
    seen: dict[tuple[str, str], Path] = {}
    for name, family in draft.written.families.items():
        if name in draft.written.analyses:
            message = f"the family {name} is called like an analysis"
            draft.error(draft.key("families", name), "name-taken", message, "", ["choose another name"])
        check_error_rate(draft, ("families", name, "alpha"), family.alpha)
        check_dependence(draft, name, family)
        check_hypotheses(draft, name, family, seen)
        check_weights(draft, name, family)
    check_own_rates(draft)
    check_left_out(draft, seen)
    check_sum(draft)


def check_dependence(draft: Draft, name: str, family: WrittenFamily) -> None:
    """Hochberg's and Hommel's procedures hold for positively dependent tests; those of several analyses may be any."""
    for word in ("hochberg", "hommel"):
        if getattr(family, word) is not None:
            message = f"{word} needs positively dependent tests, which those of different analyses need not be"
            notes = ["write holm, which holds whatever the dependence"]
            draft.error(draft.key("families", name, word), "family-dependence", message, "", notes)


def check_hypotheses(draft: Draft, name: str, family: WrittenFamily, seen: dict[tuple[str, str], Path]) -> None:
    for path, text in hypothesis_paths(name, family):
        for part in parts_of(draft, path, text) or ():
            if part in seen:
                before = seen[part][1]
                where = "twice in this family" if before == name else f"in the family {before} already"
                message = f"{part[1]} of {part[0]} is {where}: one test spends one error rate"
                notes = ["put both families into one graph"] if before != name else ["leave one of them out"]
                draft.error(draft.key(*path), "hypothesis-twice", message, "", notes)
            else:
                seen[part] = path


def check_weights(draft: Draft, name: str, family: WrittenFamily) -> None:
    """Weights sum to at most one, and nobody passes on more than all; whatever is named can be reached."""
    path: Path = ("families", name)
    if family.fallback is not None:
        check_shares(draft, (*path, "fallback"), "the weights", list(family.fallback.values()))
        if next(iter(family.fallback.values())) == 0.0:
            first = next(iter(family.fallback))
            notes = ["give the first one a weight, or begin with another"]
            message = f"{one_spaced(first)} never has weight"
            draft.error((*path, "fallback", first), "never-weighted", message, "", notes)
    graph = family.graph
    if graph is None:
        return
    names = {one_spaced(text): text for text in graph}
    check_shares(draft, (*path, "graph"), "the weights", [node.weight for node in graph.values()])
    for text, node in graph.items():
        where = (*path, "graph", text, "to")
        for other in node.to:
            if one_spaced(other) == one_spaced(text):
                message = f"{one_spaced(text)} passes its weight to itself"
                draft.error(draft.key(*where, other), "family-weights", message, "", ["name other hypotheses"])
            else:
                draft.is_known(draft.key(*where, other), "hypothesis", one_spaced(other), names)
        check_shares(draft, where, f"the shares that {one_spaced(text)} passes on", list(node.to.values()))
    tested = reached({one_spaced(text): node for text, node in graph.items()})
    for text in (each for each in names if each not in tested):
        message = f"{text} has no weight and receives none, so that it is never tested"
        notes = ["give it a weight, or name it in `to` of another hypothesis"]
        draft.error(draft.key(*path, "graph", names[text]), "never-weighted", message, "", notes)


def check_shares(draft: Draft, path: Path, what: str, shares: list[float]) -> None:
    if sum(shares) > 1.0 + ROUNDING:
        message = f"{what} sum to {number_text(round(sum(shares), 9))}, more than 1"
        draft.error(draft.key(*path), "family-weights", message, "", ["shares of one error rate sum to at most 1"])


def reached(graph: dict[str, WrittenNode]) -> set[str]:
    """Return the hypotheses that have weight at first, or may receive some."""
    found = {text for text, node in graph.items() if node.weight > 0.0}
    while True:
        more = {one_spaced(o) for text in found if text in graph for o, share in graph[text].to.items() if share > 0.0}
        if more <= found:
            return found
        found |= more


def check_own_rates(draft: Draft) -> None:
    """An analysis in a family has no error rate and no multiplicity rule of its own."""
    for name, families in families_of(draft).items():
        analysis = draft.written.analyses.get(name)
        for word in ("alpha", "multiplicity") if analysis is not None else ():
            if getattr(analysis, word) is not None:
                message = f"{name} gets its error rate from the family {families[0]}, and has an own {word}"
                notes = [f"leave {word} out here", f"or take {name} out of the family"]
                draft.error(("analyses", name, word), "alpha-twice", message, "", notes)


def check_left_out(draft: Draft, seen: dict[tuple[str, str], Path]) -> None:
    for name, families in families_of(draft).items():
        analysis = draft.written.analyses.get(name)
        for comparison in analysis.compare if analysis is not None else ():
            if (name, one_spaced(comparison)) not in seen and any(part[0] == name for part in seen):
                where = draft.key("analyses", name, "compare", comparison)
                message = f"{one_spaced(comparison)} of {name} is not in the family {families[0]}, as others of it are"
                notes = ["name it in the family, or move it to an analysis of its own"]
                draft.error(where, "hypothesis-left-out", message, "", notes)


def check_sum(draft: Draft) -> None:
    """Several families of one trial divide its error rate."""
    rates = {name: one_sided(family.alpha) or 0.0 for name, family in draft.written.families.items()}
    if len(rates) > 1 and sum(rates.values()) > WHOLE + ROUNDING:
        total = number_text(round(sum(rates.values()), 9))
        message = f"the families {', '.join(rates)} spend {total} on one side together, more than {number_text(WHOLE)}"
        notes = ["put their hypotheses into one graph", "or divide the error rate between them"]
        draft.error(draft.key("families", list(rates)[-1]), "alpha-twice", message, "", notes)
