"""The cost of a cluster: two workers of one thread on this machine against two threads, the same run in turns.

    python -m benchmarks.cluster [CONFIG] [PATHS] [ROUNDS]

Seconds of all processors together are told as well: on a shared machine they say more than the clock.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import psutil
from distributed import LocalCluster

from simulator import pipeline
from simulator.config import load


def main(config: str = "configs/hyperscaler.toml", paths: str = "4e6", rounds: str = "1") -> None:
    """Print a line for each run and the ratios."""
    checked, total = load(config), int(float(paths))
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
    ):
        for address in (
            None,
            cluster.scheduler_address,
        ):  # load imports and compiled code first
            pipeline.run(checked, Path(folder) / f"warm-{bool(address)}", paths=300_000, draw=False, cluster=address)
        for k in range(int(rounds)):
            timings = []
            for address in (None, cluster.scheduler_address):
                before = _processor_seconds()
                done = pipeline.run(
                    checked, Path(folder) / f"{k}-{bool(address)}", paths=total, threads=2, draw=False, cluster=address
                )
                timings.append((done.summary["timing"]["simulate_s"], _processor_seconds() - before, done))
            (clock, work, here), (other_clock, other_work, there) = timings
            assert here.summary["digest"] == there.summary["digest"]
            print(f"threads  {clock:8.1f} s  {work:8.1f} processor seconds")
            print(f"cluster  {other_clock:8.1f} s  {other_work:8.1f} processor seconds")
            print(f"ratio    {other_clock / clock:8.3f}    {other_work / work:8.3f}", flush=True)


def _processor_seconds() -> float:
    """Processor seconds of this process and of all that it started."""
    here = psutil.Process()
    return sum(sum(process.cpu_times()[:2]) for process in (here, *here.children(recursive=True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
