"""A protocol as text: one way of writing everything, and read again the same protocol."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.protocol.documents import FULL, ROOT, cohort, protocol
from trialsim.cohort.read import read_cohort
from trialsim.foundation.library import find
from trialsim.foundation.positions import Mapping, Node, Scalar, node
from trialsim.protocol.read import protocol_from, read_protocol
from trialsim.protocol.write import Data, lines_of, protocol_digest, protocol_text, scalar_text

SHIPPED = sorted((ROOT / "protocols").rglob("*.yaml"))


def test_read_again_it_is_the_same_protocol() -> None:
    once = protocol()
    again = protocol_from(protocol_text(once), cohort())
    assert again == once
    assert protocol_text(again) == protocol_text(once)


def test_the_shipped_protocols_are_there() -> None:
    assert [path.stem for path in SHIPPED] == [
        "theophylline-dose-finding",
        "bempedoic-acid-ldl",
        "ixekizumab-fewer-injections",
        "nsclc-overall-survival",
    ]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_protocol_reads_and_is_called_as_its_file(path) -> None:  # type: ignore[no-untyped-def]
    found, document = read_protocol(path)
    assert found.id == path.stem
    assert document.warnings == ()
    assert document.text == path.read_text(encoding="utf-8")
    of = read_cohort(find("cohorts", found.patients.cohort))[0]
    assert protocol_from(protocol_text(found), of) == found
    assert any(scenario.null for scenario in found.scenarios), "type I error is estimated somewhere"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../docs/reference/protocol.schema.json"


def test_the_digest_is_of_what_is_said_not_of_how() -> None:
    spaced = protocol(
        ("  missed_visits: 3%", "  missed_visits:    0.03   # a comment"), ("0.05 two-sided", "2.5% one-sided")
    )
    assert spaced.digest == protocol().digest == protocol_digest(protocol())
    assert protocol(("missed_visits: 3%", "missed_visits: 4%")).digest != protocol().digest
    assert replace(protocol(), digest="").digest == ""


def test_every_design_has_a_digest_of_its_own() -> None:
    digests = [design.protocol.digest for design in protocol().designs]
    assert len(set(digests)) == 4
    assert all(protocol_digest(design.protocol) == design.protocol.digest for design in protocol().designs)


@pytest.mark.parametrize(
    "text",
    ["a: b", "- x", "a #b", "yes", "12:30", "{}", "", " a", "a ", "*star", "&amp", "!tag", "%", "-5%", "µg", "a, b",
     "[1]", "'", '"', "\\n", "x 0.6", "1e-3", "a\u00a0b", "?", "| x", "> x", "@x", "`x", "a:", "null", "~"],
)  # fmt: skip
def test_any_text_is_one_scalar(text: str) -> None:
    written = scalar_text(text)
    for document in (f"key: {written}\n", f"key: [{written}, {written}]\n"):
        root = node(document, "x")
        assert isinstance(root, Mapping)
        value = root.entries[0].value
        scalars = [value] if isinstance(value, Scalar) else list(value.items)  # type: ignore[union-attr]
        assert {scalar.text for scalar in scalars if isinstance(scalar, Scalar)} == {text}


def plain(value: Node) -> Data:
    if isinstance(value, Scalar):
        return value.text
    if isinstance(value, Mapping):
        return {entry.key.text: plain(entry.value) for entry in value.entries}
    return [plain(item) for item in value.items]


def test_lines_read_as_the_data_they_were_made_of() -> None:
    data: dict[str, Data] = {
        "a": {"b": ["c", "d: e"], "f": {}},
        "g": [{"h": "i", "j": "k"}, {"h": "l"}],
        "m": [],
        "n": "",
    }
    assert plain(node("\n".join(lines_of(data, "")), "x")) == data


def test_one_dose_and_a_precision_are_written_as_they_are_read() -> None:
    text = protocol_text(protocol(("every: 24 h, for: 12 weeks", "at: week 11")))
    assert "      - {drug: X, amount: 0.25 mg/kg, route: oral, at: week 11, over: 0 days}\n" in text
    assert (
        "  trials:\n    at_least: 200\n    until:\n      power:\n        standard_error: 0.02\n    at_most: 1000\n"
        in text
    )
    assert "language: protocol 1\nid: bp-dose\n" in text and FULL.startswith("language: protocol 1\nid: bp-dose\n")
