"""Every benchmark, one after the other: `make bench` or `python -m benchmarks`."""

from __future__ import annotations

from benchmarks import bench_dynamics, bench_events, bench_start, bench_survival, bench_trials


def main() -> None:
    """Print each benchmark's question and its answer on this machine today."""
    for bench in (bench_dynamics, bench_events, bench_trials, bench_survival, bench_start):
        print(f"\n{(bench.__doc__ or '').splitlines()[0]}")
        bench.main()


if __name__ == "__main__":
    main()
