"""Runs killed with SIGKILL at random moments, again and again, and gone on with each time."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from simulator.results import store
from simulator.results.store import open_any
from tests.smoke import SMOKE

EVERY = 0.1  # seconds between checkpoints


class Kill(NamedTuple):
    """The state of a run after a kill."""

    after: float | None  # seconds since the simulation began; None: before it did
    paths: int  # committed; -1: nothing
    age: float  # seconds since the commit

    @property
    def lost(self) -> float:
        """Seconds of simulation that were lost."""
        return 0.0 if self.after is None else min(self.after, self.age)


def command(out: Path, paths: int, threads: int) -> list[str]:
    """The run that is killed; it says when it simulates."""
    arguments = ["run", SMOKE, "--out", out, "--paths", paths, "--threads", threads, "--checkpoint", f"{EVERY}s"]
    return [sys.executable, "-m", "simulator", *map(str, arguments), "--resume", "--no-report"]


def kill(out: Path, paths: int, threads: int, wait: float, commits: int | None) -> Kill:
    """Start the run or go on with it; kill it `wait` seconds after its process began (`commits` None) or after so many
    checkpoints, 0 for the beginning of the simulation.

    Every file that the manifest lists is whole afterwards.
    """
    manifest = out / store.MANIFEST
    with subprocess.Popen(command(out, paths, threads), stderr=subprocess.PIPE, text=True) as running:
        began = None
        if commits is not None:
            assert running.stderr is not None
            assert any("simulating" in line for line in running.stderr), "it did not come to simulate"
            began = time.monotonic()
            _await(manifest, commits, running)
        time.sleep(wait)
        os.kill(running.pid, signal.SIGKILL)
        at = time.time()
        after = None if began is None else time.monotonic() - began
        running.communicate()
    if not manifest.exists():
        return Kill(after, -1, math.inf)
    held = open_any(out)
    held.verify()
    return Kill(after, held.manifest["state"]["paths"], at - manifest.stat().st_mtime)


def _await(manifest: Path, commits: int, running: subprocess.Popen[str]) -> None:
    """Wait until the manifest was replaced so many times, or the run is over."""
    seen, last = 0, _written(manifest)
    while seen < commits and running.poll() is None:
        now = _written(manifest)
        seen, last = seen + (now != last), now
        time.sleep(0.002)


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def finish(out: Path, paths: int, threads: int) -> str:
    """Go on to the end; returns the digest."""
    subprocess.run(command(out, paths, threads), check=True, capture_output=True)
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]
    digest: str = json.loads((out / store.SUMMARY).read_text())["digest"]
    return digest


def chain(out: Path, paths: int, kills: int, rng: random.Random) -> list[Kill]:
    """`kills` kills of one run: one in four at any moment of the process's life, as it starts or goes on."""
    killed = []
    for _ in range(kills):
        commits = None if rng.random() < 0.25 else rng.randrange(4)
        wait = rng.uniform(0.0, 2.0) if commits is None else rng.expovariate(2.0 / EVERY)
        killed.append(kill(out, paths, rng.choice((1, 2)), wait, commits))
    return killed
