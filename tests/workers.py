"""A scheduler and workers on loopback, each a process of its own, for the tests of clusters."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.smoke import ROOT

# Each task takes a while, so that there is time to kill its worker, and one may kill it.
_PRELOAD = """
import os, time
from simulator.cluster import worker

def slowly(simulate, name, first, paths, threads):
    time.sleep(0.1)
    if os.environ.get("DEADLY") == str(first):
        os._exit(9)
    return simulate(name, first, paths, threads)

if not hasattr(worker, "simulate_at_once"):  # dask loads this twice
    worker.simulate_at_once = worker.simulate_task
    worker.simulate_task = lambda *arguments: slowly(worker.simulate_at_once, *arguments)
"""


class Loopback:
    """A scheduler on 127.0.0.1, at a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        (folder / "preload.py").write_text(_PRELOAD)
        self.process = self._start("scheduler", "--port", "0")
        _await(lambda: self.file.exists() and self.file.read_text().endswith("}"))
        self.address = str(json.loads(self.file.read_text())["address"])
        assert self.address.startswith("tcp://127.0.0.1:")

    @contextmanager
    def workers(self, number: int, deadly: int = -1, source: Path = ROOT) -> Iterator[list[subprocess.Popen[bytes]]]:
        """Workers of one thread, of the simulator in `source`; the task whose first path is `deadly` kills them."""
        options = ("--nthreads", "1", "--no-nanny", "--preload", str(self.folder / "preload.py"))
        started = [
            self._start("worker", *options, source=source, environment={"DEADLY": str(deadly)}) for _ in range(number)
        ]
        try:
            yield started
        finally:
            for process in started:
                process.kill()
                process.wait()

    def close(self) -> None:
        """End the scheduler."""
        self.process.kill()
        self.process.wait()

    def _start(
        self, what: str, *options: str, source: Path = ROOT, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", what, "--scheduler-file", str(self.file)]
        command += ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]  # else it listens everywhere
        return subprocess.Popen(
            [*command, *options],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(source), **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def other_source(folder: Path) -> Path:
    """A copy of the simulator whose sampling code is another."""
    shutil.copytree(ROOT / "simulator", folder / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    with open(folder / "simulator" / "sampling" / "normal.py", "a") as file:
        file.write("# changed\n")
    return folder


def _await(done: object, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not start"
        time.sleep(0.05)
