"""Whatever somebody does to a document, the answer is a cohort or a fault with a place: never a traceback."""

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.cohort.test_read_write import EVERY_FIELD, folder_with_files
from trialsim.cohort.read import cohort_of_text
from trialsim.foundation.errors import InvalidDocument, diagnostic_text

TOKENS = re.findall(r"[A-Za-z0-9_.%/]+|[^A-Za-z0-9_.%/\s]|\s+", EVERY_FIELD)
WORDS = sorted({token for token in TOKENS if not token.isspace()} | {"-1", "0", "1e300", "mg", "x 0", "[]", "~", "if("})


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, len(TOKENS) - 1), st.sampled_from(["", *WORDS])), min_size=1, max_size=3)
)
def test_any_change_of_a_few_words_is_answered(changes, tmp_path_factory):
    folder = folder_with_files(tmp_path_factory.getbasetemp())
    tokens = list(TOKENS)
    for position, word in changes:
        tokens[position] = word
    text = "".join(tokens)
    try:
        cohort, _ = cohort_of_text(text, "cohort.yaml", Path(folder))
    except InvalidDocument as fault:
        assert all(d.message and d.place and diagnostic_text(d, text) for d in fault.diagnostics)
    else:
        assert cohort.id
