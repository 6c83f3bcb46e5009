"""Every fault a trial can raise is explained, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import trialsim.trial.slugs as slugs


def test_every_slug_of_the_package_is_explained():
    sources = [path.read_text() for path in Path(slugs.__file__).parent.glob("*.py")]
    raised = {slug for text in sources for slug in re.findall(r'TrialsimError\(\s*"([a-z-]+)"', text)}
    assert raised == set(slugs.SLUGS)
