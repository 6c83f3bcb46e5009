"""Every fault that the store and campaigns raise is explained, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import trialsim.campaign.slugs
import trialsim.store.slugs


@pytest.mark.parametrize("module", [trialsim.store.slugs, trialsim.campaign.slugs])
def test_every_slug_raised_is_explained(module):
    sources = [path.read_text() for path in Path(module.__file__).parent.glob("*.py") if path.name != "slugs.py"]
    raised = {slug for text in sources for slug in re.findall(r'TrialsimError\(\s*"([a-z-]+)"', text)}
    assert raised == set(module.SLUGS)
