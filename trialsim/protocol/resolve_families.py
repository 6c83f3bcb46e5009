"""From families as written to families whose hypotheses are comparisons of analyses."""

from __future__ import annotations

from trialsim.protocol.draft import Draft
from trialsim.protocol.family_model import Family, Hypothesis, Procedure
from trialsim.protocol.hypotheses import hypothesis_paths, one_spaced, parts_of
from trialsim.protocol.rules_analyses import one_sided
from trialsim.protocol.written import WrittenFamily

PROCEDURES: tuple[Procedure, ...] = ("graph", "fixed_sequence", "holm", "fallback", "gatekeeping")


def resolved_families(draft: Draft) -> tuple[Family, ...]:
    """Return the families of a draft without faults."""
    return tuple(family(draft, name, written) for name, written in draft.written.families.items())


def family(draft: Draft, name: str, written: WrittenFamily) -> Family:
    alpha = one_sided(written.alpha)
    assert alpha is not None
    found = []
    for path, text in hypothesis_paths(name, written):
        parts = parts_of(draft, path, text)
        assert parts is not None
        found.append(Hypothesis(text=one_spaced(text), parts=parts))
    places = {hypothesis.text: i for i, hypothesis in enumerate(found)}
    weights: tuple[float, ...] = ()
    transitions: list[tuple[float, ...]] = []
    if written.graph is not None:
        weights = tuple(node.weight for node in written.graph.values())
        for node in written.graph.values():
            row = [0.0] * len(found)
            for other, share in node.to.items():
                row[places[one_spaced(other)]] = share
            transitions.append(tuple(row))
    if written.fallback is not None:
        weights = tuple(written.fallback.values())
    gates = written.gatekeeping or ()
    return Family(
        name=name,
        alpha=alpha,
        procedure=next(each for each in PROCEDURES if getattr(written, each) is not None),
        hypotheses=tuple(found),
        weights=weights,
        transitions=tuple(transitions),
        gates=tuple(len(gate.test) for gate in gates),
        keeps=tuple(gate.keep for gate in gates),
    )
