"""Remake the record of the golden runs, and say which tables are others: `python -m tests.golden.remake`."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.golden.golden import RECORD, made, moved, recorded


def main() -> None:
    with TemporaryDirectory() as folder:
        now = made(Path(folder))
    print(moved(recorded() if RECORD.exists() else {}, now) or "Every table is as recorded.")
    RECORD.write_text(json.dumps(now, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
