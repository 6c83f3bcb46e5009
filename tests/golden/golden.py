"""The golden runs: the tiny protocols, and a digest of what every table holds."""

from __future__ import annotations

import json
from pathlib import Path

from tests.whole_runs import PROTOCOLS, content_digests, simulated
from trialsim.foundation.tables import RUN_TABLES

RECORD = Path(__file__).with_name("digests.json")
HOW = (
    "Numbers have moved. If they were meant to, say what moved and why under 'Numbers' in CHANGELOG.md, then remake the"
    " record with `python -m tests.golden.remake`; if not, find the change that moved them."
)


def made(folder: Path) -> dict[str, dict[str, str]]:
    """Return the digests of every table of the golden runs, made in a folder."""
    return {
        protocol: content_digests(simulated(protocol, folder / protocol), RUN_TABLES) for protocol in PROTOCOLS
    }


def recorded() -> dict[str, dict[str, str]]:
    digests: dict[str, dict[str, str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return digests


def moved(record: dict[str, dict[str, str]], now: dict[str, dict[str, str]]) -> str:
    """Return in words which tables are others than recorded and what to do; nothing if none is."""
    tables = sorted({(protocol, table) for side in (record, now) for protocol in side for table in side[protocol]})
    others = [
        f"  {protocol}: {table}" for protocol, table in tables
        if record.get(protocol, {}).get(table) != now.get(protocol, {}).get(table)
    ]  # fmt: skip
    return "\n".join([HOW, "Tables that are others than recorded:", *others]) if others else ""
