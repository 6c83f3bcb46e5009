"""Whatever is done to a document, its reader answers with what it says or with faults at places, never a traceback."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialsim.cohort.model import Cohort
from trialsim.cohort.read import cohort_of_text, read_cohort
from trialsim.foundation.errors import InvalidDocument, TrialsimError, diagnostic_text
from trialsim.foundation.library import find
from trialsim.foundation.positions import Mapping, Node, Scalar, node
from trialsim.protocol.model import Protocol
from trialsim.protocol.read import protocol_from
from trialsim.protocol.write import Data, lines_of, protocol_data, protocol_text

ROOT = Path(__file__).parents[2]
PROTOCOLS = sorted((ROOT / "protocols").rglob("*.yaml"))
COHORTS = sorted((ROOT / "cohorts").glob("*.yaml"))
LINE_MEANT = re.compile(r"[^\n]*:[0-9]+:[0-9]+: error\[[a-z0-9-]+\]: .+")
# Words that mean something somewhere, so that mutations get past the first check.
WORDS = [
    "0", "1", "-1", "1e9", "1e-300", "nan", "5 mg", "5 mg/kg", "12 weeks", "week 12", "day 0", "day -700",
    "28%", "x 2", "x -1", "[]", "{}", "null", "true", "conc", "weight", "sex", "baseline", "placebo",
    "high vs placebo", "none", "all", "holm", "dunnett", "within", "below", "hypothetical", "typical",
    "uncertain", "0.01 per month", "exp(conc)", "a +", "((", "- x", "since(randomised)", "happened(x)",
    "ldl at baseline", "1/0 1/h", "99999999999999999999", "é", "", "'", "\"", "*a", "&a", "!t",
]  # fmt: skip
SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=True,
)


@cache
def cohort_of(name: str) -> Cohort:
    return read_cohort(find("cohorts", name))[0]


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def own_cohort(text: str) -> Cohort:
    match = re.search(r"^  cohort: (\S+)$", text, re.MULTILINE)
    assert match is not None
    return cohort_of(match[1])


def protocol_or_faults(text: str, cohort: Cohort) -> Protocol | None:
    """Return the protocol of a text, None if it has faults, each of which can be printed."""
    try:
        return protocol_from(text, cohort, "document.yaml")
    except InvalidDocument as fault:
        check_faults(fault, text)
        return None


def check_faults(fault: InvalidDocument, text: str) -> None:
    assert 1 <= len(fault.diagnostics) <= 20
    for diagnostic in fault.diagnostics:
        assert diagnostic.place is not None, diagnostic
        assert LINE_MEANT.match(diagnostic_text(diagnostic, text)), diagnostic


def mutated(text: str, seed: int, n: int) -> str:
    """Return a text with n small changes: a value or key replaced, a line dropped, doubled, moved in or out."""
    luck = random.Random(seed)
    lines = text.splitlines()
    for _ in range(n):
        i = luck.randrange(len(lines))
        kind = luck.randrange(6)
        if kind == 0:
            del lines[i]
        elif kind == 1:
            lines.insert(luck.randrange(len(lines) + 1), lines[i])
        elif kind == 2:
            lines[i] = ("  " if luck.random() < 0.5 else "") + lines[i].removeprefix("  ")
        else:
            parts = re.split(r"([\w.%*-]+)", lines[i])
            words = list(range(1, len(parts), 2))
            if words:
                parts[luck.choice(words)] = luck.choice(WORDS)
                lines[i] = "".join(parts)
        lines = lines or [""]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
@SLOW
@given(seed=st.integers(0, 2**32), n=st.integers(1, 4))
def test_a_mutated_protocol_reads_or_has_faults(path: Path, seed: int, n: int) -> None:
    text = mutated(text_of(path), seed, n)
    found = protocol_or_faults(text, own_cohort(text_of(path)))
    if found is not None:
        assert protocol_from(protocol_text(found), own_cohort(text_of(path))) == found


@pytest.mark.parametrize("path", COHORTS, ids=lambda path: path.stem)
@SLOW
@given(seed=st.integers(0, 2**32), n=st.integers(1, 4))
def test_a_mutated_cohort_reads_or_has_faults(path: Path, seed: int, n: int) -> None:
    text = mutated(text_of(path), seed, n)
    try:
        cohort_of_text(text, "document.yaml", path.parent)
    except InvalidDocument as fault:
        check_faults(fault, text)
    except TrialsimError as fault:
        assert fault.slug and fault.message


@SLOW
@given(text=st.text(max_size=200))
def test_any_text_at_all_reads_or_has_faults(text: str) -> None:
    assert protocol_or_faults(text, own_cohort(text_of(PROTOCOLS[0]))) is None


SCALARS = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))


@SLOW
@given(data=st.data())
def test_a_value_anywhere_replaced_by_any_other(data: st.DataObject) -> None:
    """The shape of the whole document stays; one value becomes another text, a list or a mapping."""
    path = data.draw(st.sampled_from(PROTOCOLS))
    cohort = own_cohort(text_of(path))
    document = protocol_data(protocol_from(text_of(path), cohort))
    replacement = data.draw(
        st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(SCALARS.filter(len), SCALARS, max_size=2))
    )
    places = sorted(leaves(document))
    put(document, data.draw(st.sampled_from(places)), replacement)
    try:
        text = "\n".join(lines_of(document, "")) + "\n"
        node(text, "document.yaml")
    except InvalidDocument:
        return  # a key that is no key: positions refuses it, with its own tests
    found = protocol_or_faults(text, cohort)
    if found is not None:
        assert protocol_from(protocol_text(found), cohort) == found


def leaves(data: Data, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(data, str):
        return [path]
    items = data.items() if isinstance(data, dict) else ((str(i), item) for i, item in enumerate(data))
    return [leaf for key, value in items for leaf in leaves(value, (*path, key))]


def put(data: Data, path: tuple[str, ...], value: Data) -> None:
    for part in path[:-1]:
        data = data[part] if isinstance(data, dict) else data[int(part)]
    if isinstance(data, dict):
        data[path[-1]] = value
    elif isinstance(data, list):
        data[int(path[-1])] = value


# Mappings whose order has a meaning: the order of arms, of a fixed sequence, of scenarios and of what varies.
ORDERED = {
    "arms", "compare", "scenarios", "vary", "endpoints", "estimands", "analyses", "assess", "intercurrent_events",
    "lost_to_follow_up", "milestones", "families", "pattern", "parameters", "covariates", "conduct",
}  # fmt: skip


def shuffled(data: Data, luck: random.Random, name: str = "") -> Data:
    """Return the document with the fields of its sections in another order."""
    if isinstance(data, dict):
        keys = list(data)
        is_conduct_section = name == "conduct" and "accrual" in data
        if name not in ORDERED or is_conduct_section:
            luck.shuffle(keys)
        return {key: shuffled(data[key], luck, key) for key in keys}
    return [shuffled(item, luck) for item in data] if isinstance(data, list) else data


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
@SLOW
@given(seed=st.integers(0, 2**32))
def test_the_order_of_fields_changes_nothing(path: Path, seed: int) -> None:
    cohort = own_cohort(text_of(path))
    once = protocol_from(text_of(path), cohort)
    data = shuffled(plain(node(text_of(path), "x")), random.Random(seed))
    assert isinstance(data, dict)
    again = protocol_from("\n".join(block_lines(data)) + "\n", cohort)
    assert again == once
    assert again.digest == once.digest


def plain(value: Node) -> Data:
    if isinstance(value, Scalar):
        return value.text
    if isinstance(value, Mapping):
        return {entry.key.text: plain(entry.value) for entry in value.entries}
    return [plain(item) for item in value.items]


def block_lines(data: dict[str, Data]) -> list[str]:
    return list(lines_of(data, ""))
