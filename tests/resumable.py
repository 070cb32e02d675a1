"""Runs that are cut off: what the tests of checkpoints, of faults and of kills share."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from simulator import pipeline
from simulator.engine import local, progress
from simulator.engine.checkpoint import load_state
from simulator.errors import Interrupted
from simulator.results import store
from simulator.results.store import Run, open_any
from tests.smoke import SMOKE

TASKS = local.tasks


@contextmanager
def small_tasks(size: int) -> Iterator[None]:
    """Tasks of `size` paths: a short run then has as many of them as a long one."""
    with mock.patch.object(local, "tasks", partial(TASKS, size=size)):
        yield


def run(out: Path, paths: int | None = None, config: Any = SMOKE, **asked: Any) -> Run:
    """A run without a report, on one thread, that commits a state after every task, unless asked otherwise."""
    return pipeline.run(config, out, paths=paths, **{"threads": 1, "draw": False, "checkpoint": 0.0, **asked})


class Stopping(progress.Silent):
    """A meter that sends this process a signal once so many tasks are done."""

    def __init__(self, tasks: int, signum: int) -> None:
        self.left, self.signum = tasks, signum

    def advance(self, count: int) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.signum)


def stopped(out: Path, paths: int, tasks: int = 1, signum: int = signal.SIGTERM, **asked: Any) -> Interrupted:
    """Let a signal end a run after so many tasks; what it said."""
    try:
        with mock.patch.object(pipeline, "meter", lambda *_, **__: Stopping(tasks, signum)):
            run(out, paths, **asked)
    except Interrupted as error:
        return error
    raise AssertionError("the run was not interrupted")


def stands(folder: Path) -> int:
    """Paths in the committed state of a run, every file of which is whole; -1 if nothing was committed."""
    if not (folder / store.MANIFEST).exists():
        return -1
    held = open_any(folder)
    held.verify()
    job = pipeline.job_of(pipeline.freeze(pipeline.load(SMOKE)), held.manifest["paths"])
    tallies, _ = load_state(held, job)
    assert tallies.paths == held.manifest["state"]["paths"]
    return tallies.paths


def same(one: Run, other: Run) -> None:
    """Check that two runs left the same, but for the time they took and where they were resumed."""
    assert one.manifest["digest"] == other.manifest["digest"]
    assert _timeless(one) == _timeless(other)
    for name in (store.SERIES, store.TAIL):
        assert one.manifest["files"][name] == other.manifest["files"][name]


def _timeless(done: Run) -> str:
    return json.dumps({key: value for key, value in done.summary.items() if key not in ("timing", "resumed_at")})
