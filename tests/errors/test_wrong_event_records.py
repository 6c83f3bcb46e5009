"""Every wrong file of event records, and the whole message it is refused with.

A folder a case, named SLUG--what-is-wrong: `records.csv`, perhaps `parameters.csv` of the individuals, `expected.txt`.
All are read for the cohort beside them.
"""

from pathlib import Path

import pytest

import trialsim
from trialsim.foundation.errors import InvalidDocument, diagnostic_text

HERE = Path(__file__).parent / "events"
CASES = sorted(path.parent.name for path in HERE.glob("*/records.csv"))


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_file_is_refused_in_these_words(case, monkeypatch):
    monkeypatch.chdir(HERE / case)
    who = Path("parameters.csv") if Path("parameters.csv").exists() else "typical"
    with pytest.raises(InvalidDocument) as fault:
        trialsim.simulate_events(HERE / "cohort.yaml", Path("records.csv"), individuals=who)
    told = [
        diagnostic_text(each, Path(each.place.file).read_text(encoding="utf-8")) for each in fault.value.diagnostics
    ]
    assert "\n\n".join(told) + "\n" == Path("expected.txt").read_text(encoding="utf-8")
    assert case.split("--")[0] in [each.slug for each in fault.value.diagnostics]


def test_the_corpus_is_not_lost():
    assert len(CASES) >= 19
