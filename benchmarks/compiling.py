"""Compile time, apart: a fresh process with an empty cache simulates one block, then another finds the cache full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

_SCRIPT = """
import json, sys, time
start = time.perf_counter()
from benchmarks.contest import Entry, build
simulator = build(Entry(sys.argv[1], 1, int(sys.argv[2])))[0]
loaded = time.perf_counter()
simulator.simulate(int(sys.argv[3]))
print(json.dumps({"import_s": loaded - start, "first_call_s": time.perf_counter() - loaded}))
"""


def compiling(kind: str, size: int, paths: int, again: bool = False) -> dict[str, Any]:
    """Seconds to import and to the first result; `again` measures a second process on the same cache."""
    with tempfile.TemporaryDirectory() as home:
        times = _fresh(kind, size, paths, home)
        return times | ({"warm": _fresh(kind, size, paths, home)} if again else {})


def _fresh(kind: str, size: int, paths: int, home: str) -> dict[str, Any]:
    environment = os.environ | {"XDG_CACHE_HOME": home, "NUMBA_CACHE_DIR": ""}
    command = [sys.executable, "-W", "ignore", "-c", _SCRIPT, kind, str(size), str(paths)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    times: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return times
