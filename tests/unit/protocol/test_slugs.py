"""Every fault of a protocol has an explanation and a document that shows it."""

from __future__ import annotations

import re

from tests.unit.protocol.documents import ROOT
from trialsim.foundation.slugs import SLUGS as LANGUAGE
from trialsim.protocol.slugs import SLUGS

SOURCES = [*(ROOT / "trialsim" / "protocol").glob("*.py"), ROOT / "trialsim" / "foundation" / "library.py"]
TOLD = re.compile(
    r"(?:error|Error|UnreadableText|one_word)\(\s*(?:[^\"()]|\([^\"()]*\))*?\"([a-z]+(?:-[a-z0-9]+)*)\"\s*,"
)
# Told by other tests: they are no faults of one document.
ELSEWHERE = {"no-such-file", "two-documents"}
CASES = {path.parent.name.split("--")[0] for path in (ROOT / "tests" / "errors" / "protocol").glob("*/document.yaml")}


def told() -> set[str]:
    text = "\n".join(path.read_text() for path in SOURCES if not path.name.startswith("slugs"))
    return {slug for slug in re.findall(r'"([a-z]+(?:-[a-z0-9]+)*)"', text) if slug in SLUGS} | set(TOLD.findall(text))


def test_every_slug_that_is_told_is_explained() -> None:
    assert {slug for slug in told() if "-" in slug} <= SLUGS.keys() | LANGUAGE.keys()


def test_every_explanation_is_of_a_slug_that_is_told() -> None:
    assert told() >= SLUGS.keys()


def test_every_slug_has_a_document_with_its_whole_message() -> None:
    assert SLUGS.keys() - ELSEWHERE <= CASES


def test_explanations_are_whole() -> None:
    for slug, explanation in SLUGS.items():
        assert explanation.title[0].isupper() and not explanation.title.endswith("."), slug
        assert explanation.meaning.endswith(".") and explanation.remedy.endswith("."), slug
        assert explanation.wrong_example, slug
