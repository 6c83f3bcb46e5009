"""How long does the command take to say anything? Beside a bare interpreter in the same run.

python -m benchmarks.bench_start
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

WORKLOADS = {
    "python -c pass": ["-c", "pass"],
    "import trialsim": ["-c", "import trialsim"],
    "trialsim --help": ["-m", "trialsim.cli.main", "--help"],
    "trialsim check bempedoic-acid-ldl": ["-m", "trialsim.cli.main", "check", "bempedoic-acid-ldl"],
}


def seconds(words: list[str], repeats: int = 9) -> float:
    """Return the median time that an interpreter takes from its start to its end, in seconds."""
    spent = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, capture_output=True)
        spent.append(time.perf_counter() - begin)
    return median(spent[1:])  # the first reads from the disk


def main() -> None:
    """Print a line for each workload."""
    bare = seconds(WORKLOADS["python -c pass"])
    for name, words in WORKLOADS.items():
        took = seconds(words)
        print(f"{name:58s} {1000 * took:12,.0f} ms           ratio to a bare interpreter {took / bare:6.1f}")


if __name__ == "__main__":
    main()
