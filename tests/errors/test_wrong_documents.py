"""Every wrong document of the corpus, and the whole message it is refused with.

A folder a case, named SLUG--what-is-wrong: `document.yaml`, the files it names, and `expected.txt`.
"""

from pathlib import Path

import pytest

from trialsim.foundation.errors import InvalidDocument, diagnostic_text

HERE = Path(__file__).parent
CASES = sorted(path.parent.relative_to(HERE) for path in HERE.glob("*/*/document.yaml"))


def faults(kind, path):
    """Return the faults a document is refused with."""
    if kind == "cohort":
        from trialsim.cohort.read import read_cohort

        with pytest.raises(InvalidDocument) as fault:
            read_cohort(path)
    else:
        from trialsim.protocol.read import read_protocol

        with pytest.raises(InvalidDocument) as fault:
            read_protocol(path, library=HERE / "protocol" / "_library")
    return fault.value.diagnostics


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_wrong_document_is_refused_in_these_words(case, monkeypatch):
    monkeypatch.chdir(HERE / case)
    text = Path("document.yaml").read_text(encoding="utf-8")
    told = faults(case.parts[0], Path("document.yaml"))
    assert "\n\n".join(diagnostic_text(fault, text) for fault in told) + "\n" == Path("expected.txt").read_text("utf-8")
    assert case.name.split("--")[0] in [fault.slug for fault in told]


def test_the_corpus_is_not_lost():
    kinds = [case.parts[0] for case in CASES]
    assert kinds.count("cohort") >= 80 and set(kinds) <= {"cohort", "protocol"}
