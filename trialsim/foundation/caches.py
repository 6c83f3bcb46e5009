"""Where trialsim keeps what it can always make again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """Return the directory of everything that can be made again; it need not exist yet.

    `$XDG_CACHE_HOME/trialsim`, else `~/.cache/trialsim` (XDG Base Directory Specification: a relative
    `$XDG_CACHE_HOME` does not count).
    """
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(chosen) if chosen and Path(chosen).is_absolute() else Path.home() / ".cache"
    return root / "trialsim"
