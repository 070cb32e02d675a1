"""Does a run survive every interruption? The long form of tests/test_kills.py, test_faults.py and of the overhead.

- 50 runs of `kill -9` at random moments, in chains of ten: each chain ends with the digest of an undisturbed run, and
  no kill loses more than what was simulated since the last checkpoint.
- Every call that writes fails in turn (n = 1, 2, 3 ... until the run succeeds): once, and from then on; for a fresh run
  and for a finished one that is extended. The files left are whole and hold what the error says; a resumed run ends
  with the same bits.
- Disks of every size from nothing to enough: the calls say they are full, and tmpfs where it may be mounted.
- The share of the flagship's time that checkpoints, tallies and log lines take.

    python -m verification.reliability [--kills 50] [--paths 3000077] [--seed 1] [--only kills|calls|disks|overhead]
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, pairwise
from pathlib import Path
from statistics import median
from typing import Any

from simulator.config import freeze, load
from simulator.engine import progress, simulation
from simulator.engine.checkpoint import Checkpointer, RunInputs, Snapshot
from simulator.engine.convergence_tracker import ConvergenceTracker
from simulator.errors import RunError
from simulator.results.store import Run, RunFolder, open_run
from tests.faults import faults
from tests.killing import EVERY, Kill, chain, finish
from tests.resumable import fail, run, same, small_tasks
from tests.smoke import FLAGSHIP

SHORT = 2 * 1024 + 500  # paths of a run with two states and a last, short block
CHAIN = 10  # kills of one run
SLACK = 5.0  # seconds that a checkpoint may be late on a busy machine
MOST = 0.10  # of the time for checkpoints, tallies and log lines together


def kills(home: Path, number: int, paths: int, seed: int) -> bool:
    """Chains of kills; True if every one kept its promise."""
    rng, cut, fine = random.Random(seed), [], True
    whole = run(home / "whole", paths, threads=2, checkpoint=3600.0).manifest["digest"]
    for k in range(0, number, CHAIN):
        out = home / f"chain{k}"
        links = chain(out, paths, min(CHAIN, number - k), rng)
        ordered = all(b.paths >= a.paths for a, b in pairwise(links))
        digest = finish(out, paths, 2)
        late = [link for link in links if link.lost > EVERY + SLACK]
        print(
            f"  chain {k // CHAIN + 1}: {_summary(links)}; digest {'equal' if digest == whole else 'DIFFERENT'}",
            flush=True,
        )
        fine &= ordered and digest == whole and not late
        cut += links
        shutil.rmtree(out)
    lost = sorted(link.lost for link in cut if link.after is not None)
    print(f"  {len(cut)} kills, {len(cut) - len(lost)} of them before the simulation began")
    if lost:
        print(f"  lost: median {median(lost):.2f} s, most {lost[-1]:.2f} s of work ({EVERY} s between checkpoints)")
    return fine


def _summary(links: list[Kill]) -> str:
    return " ".join("-" if link.paths < 0 else f"{link.paths / 1e3:.0f}k" for link in links) + " paths kept"


def every_call(home: Path, step: int) -> bool:
    """The n-th call fails, for every n; True unless an assertion fails (which ends the program)."""
    with small_tasks(1024):
        whole = run(home / "short", SHORT)
        for lasting in (False, True):
            stood: Counter[int] = Counter()
            for n in count(1, step):
                left = fail(home / f"n{n}-{lasting}", SHORT, whole, at=n, lasting=lasting)
                shutil.rmtree(home / f"n{n}-{lasting}")
                if left is None:
                    break
                stood[left[0]] += 1
            what = "all calls from the n-th on" if lasting else "the n-th call"
            print(f"  {what}: {sum(stood.values())} failures, {_stood(stood)}")
        extended = _extensions(home, whole, step)
        print(f"  the n-th call fails while a finished run is extended: {extended} n, each ends with the same digest")
    return True


def _stood(stood: Counter[int]) -> str:
    names = {-1: "nothing", SHORT: "the whole run"}
    return ", ".join(f"{names.get(at, f'{at:,} paths')} left {number} times" for at, number in sorted(stood.items()))


def _extensions(home: Path, whole: Run, step: int) -> int:
    """Let the n-th call fail while 1,500 paths are extended; returns how many n there are."""
    first = run(home / "first", 1500).path
    for n in count(1, step):
        out = home / "extended"
        shutil.copytree(first, out)
        try:
            with faults(at=n):
                run(out, SHORT, resume=True)
        except RunError as error:
            said = str(error)
        else:
            same(open_run(out), whole)
            shutil.rmtree(out)
            return n
        assert n == 1 or "stays in" in said or "goes on from there" in said, said  # 1: the folder itself
        same(run(out, SHORT, resume=True), whole)
        shutil.rmtree(out)
    raise AssertionError


def full_disks(home: Path, steps: int) -> bool:
    """Disks from nothing to enough; True unless an assertion fails."""
    with small_tasks(1024):
        whole = run(home / "roomy", SHORT)
        most = sum(entry["bytes"] for entry in whole.manifest["files"].values()) * 2
        stood: Counter[int] = Counter()
        for k in range(steps):
            left = fail(home / f"room{k}", SHORT, whole, room=most * (k + 1) / steps)
            stood[SHORT if left is None else left[0]] += 1
        print(f"  the calls say the disk is full, {steps} sizes: {_stood(stood)}")
        for kilobytes in (256, 1024, 2048, 4096):
            with _tmpfs(home / f"disk{kilobytes}", kilobytes) as disk:
                if disk is None:
                    print("  no tmpfs may be mounted here")
                    break
                print(f"  a tmpfs of {kilobytes} kB: {_on_disk(disk, whole)}")
    return True


def _on_disk(disk: Path, whole: Run) -> str:
    """Run on a small disk and return its error; then make room and let the run go on."""
    try:
        run(disk / "run", SHORT)
    except RunError as error:
        cause, _, left = str(error).replace(f"{disk}/", "").partition("\n")
        assert "No space left on device" in cause
        shutil.rmtree(disk.parent / "moved", ignore_errors=True)
        if (disk / "run").exists():
            shutil.copytree(disk / "run", disk.parent / "moved")
        same(run(disk.parent / "moved", SHORT, resume=True), whole)
        return f"{cause} {left}"
    return "fits"


@contextmanager
def _tmpfs(place: Path, kilobytes: int) -> Iterator[Path | None]:
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)], capture_output=True, check=False
    )
    try:
        yield None if mounted.returncode else place
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", str(place)], check=True)


def overhead(home: Path, paths: int, every: float) -> bool:
    """The flagship with and without a checkpoint now and then, the time in each part; True if it is little."""
    job = simulation.make_job(freeze(load(FLAGSHIP)), paths)
    canary = simulation.simulate_canary(job)
    spent: Counter[str] = Counter()
    tallies = simulation.empty_tallies(job, canary)
    tallies.record = _timed(tallies.record, "tallies", spent)  # type: ignore[method-assign]
    folder = RunFolder.create(home / "overhead")
    lines = progress.Lines(job.paths, sys.stderr, every)
    lines.advance = _timed(lines.advance, "lines", spent)  # type: ignore[method-assign]
    with Checkpointer(
        folder, job, {}, RunInputs("", {}), Snapshot(tallies, ConvergenceTracker(()), canary)
    ) as checkpointer:
        commit = _timed(checkpointer.commit, "checkpoints", spent)
        checkpointer.record = _timed(checkpointer.record, "sample", spent)  # type: ignore[method-assign]
        seconds = simulation.simulate(job, tallies, checkpointer, lines, commit=commit, every=every)
        checkpointer.close_sample()
    size = sum(path.stat().st_size for path in folder.path.glob("state-*"))
    plans = job.model.plans.order.size
    print(f"  flagship, {plans} plans, {job.paths:,} paths, {job.threads} threads: {seconds:.1f} s")
    work = {"tallies": job.threads, "sample": job.threads, "checkpoints": 1, "lines": 1}
    share = {name: spent[name] / (seconds * threads) for name, threads in work.items()}
    print(
        f"  state of {size / 1e6:.1f} MB every {every:.0f} s; "
        + ", ".join(f"{k} {100 * v:.2f} %" for k, v in share.items())
    )
    return share["tallies"] + share["checkpoints"] + share["lines"] < MOST


def _timed(call: Any, name: str, spent: Counter[str]) -> Any:
    def timed(*arguments: Any) -> Any:
        start = time.perf_counter()
        try:
            return call(*arguments)
        finally:
            spent[name] += time.perf_counter() - start  # type: ignore[assignment]

    return timed


def main() -> int:
    """Run all of it; 0 if every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--paths", type=int, default=3_000_077)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--step", type=int, default=1, help="every so many calls fail")
    parser.add_argument("--flagship", type=float, default=2e7, help="paths of the run whose overhead is measured")
    parser.add_argument("--only", choices=("kills", "calls", "disks", "overhead"))
    options = parser.parse_args()
    parts = {
        "kills": lambda home: kills(home, options.kills, options.paths, options.seed),
        "calls": lambda home: every_call(home, options.step),
        "disks": lambda home: full_disks(home, 24),
        "overhead": lambda home: overhead(home, int(options.flagship), 30.0),
    }
    fine = True
    for name, part in parts.items():
        if options.only in (None, name):
            with tempfile.TemporaryDirectory() as home:
                print(name, flush=True)
                fine &= part(Path(home))
    print("every promise was kept" if fine else "A PROMISE WAS BROKEN")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
