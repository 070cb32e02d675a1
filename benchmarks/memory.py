"""Memory and time of whole runs by their number of paths: runs by the command line, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.flagship import CONFIG

_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes of ru_maxrss


def memory(counts: list[int], threads: int) -> list[dict[str, Any]]:
    """Peak resident memory (bytes), wall clock and simulated seconds of a run of the flagship, all plans, by paths."""
    return [_run(paths, threads) for paths in counts]


def _run(paths: int, threads: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        out = Path(home) / "run"
        command = [sys.executable, "-m", "simulator", "run", str(CONFIG), "--out", str(out), "--paths", str(paths)]
        command += ["--threads", str(threads), "--no-report", "--quiet"]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            raise RuntimeError(f"{' '.join(command)}: given exit status {status}, wanted 0")
        timing = json.loads((out / "summary.json").read_text("utf-8"))["timing"]
    return {
        "paths": paths,
        "threads": threads,
        "peak_bytes": usage.ru_maxrss * _UNIT,
        "wall_s": seconds,
        "simulate_s": timing["simulate_s"],
    }
