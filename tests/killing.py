"""Runs killed with SIGKILL at random moments, again and again, and gone on with each time."""

from __future__ import annotations

import json
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
    """What one kill found: seconds since the simulation began (None: before), paths that stood then, and how old."""

    after: float | None
    paths: int
    age: float


def command(out: Path, paths: int, threads: int) -> list[str]:
    """The run that is killed; it says when it simulates."""
    given = ["run", SMOKE, "--out", out, "--paths", paths, "--threads", threads, "--checkpoint", f"{EVERY}s"]
    return [sys.executable, "-m", "simulator", *map(str, given), "--resume", "--no-report"]


def kill(out: Path, paths: int, threads: int, wait: float, from_start: bool = False) -> Kill:
    """Start the run or go on with it, and kill it `wait` seconds after its simulation (or its process) began.

    Every file that the manifest lists is whole afterwards.
    """
    with subprocess.Popen(command(out, paths, threads), stderr=subprocess.PIPE, text=True) as running:
        began = None
        if not from_start:
            assert running.stderr is not None
            assert any("simulating" in line for line in running.stderr), "it did not come to simulate"
            began = time.monotonic()
        time.sleep(wait)
        os.kill(running.pid, signal.SIGKILL)
        at = time.time()
        after = None if began is None else time.monotonic() - began
        running.communicate()
    manifest = out / store.MANIFEST
    if not manifest.exists():
        return Kill(after, -1, 0.0)
    held = open_any(out)
    held.verify()
    return Kill(after, held.manifest["state"]["paths"], at - manifest.stat().st_mtime)


def finish(out: Path, paths: int, threads: int) -> str:
    """Go on to the end; returns the digest."""
    subprocess.run(command(out, paths, threads), check=True, capture_output=True)
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]
    digest: str = json.loads((out / store.SUMMARY).read_text())["digest"]
    return digest


def chain(out: Path, paths: int, kills: int, longest: float, rng: random.Random) -> list[Kill]:
    """`kills` kills of one run; one in four at any moment of the process's life, as it starts or goes on."""
    found = []
    for _ in range(kills):
        early = rng.random() < 0.25
        wait = rng.uniform(0.0, 2.0 if early else longest)
        found.append(kill(out, paths, rng.choice((1, 2)), wait, early))
    return found
