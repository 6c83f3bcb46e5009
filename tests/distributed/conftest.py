"""Undisturbed runs of the tiny protocols, each made once: one thread, no chunks, no interruption."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.whole_runs import digests, simulated


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """Return the function from a protocol to the digests of its undisturbed run."""

    @cache
    def made(protocol: str) -> dict[str, str]:
        return digests(simulated(protocol, tmp_path_factory.mktemp("undisturbed") / protocol))

    return made
