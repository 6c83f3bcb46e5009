"""The golden runs on this processor as JSON: `python -m tests.verification.same_bits.golden_here folder`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.golden.golden import made

if __name__ == "__main__":
    print(json.dumps(made(Path(sys.argv[1]))))
