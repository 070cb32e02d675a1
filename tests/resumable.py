"""Runs that are cut off: what the tests of checkpoints, of faults and of kills share."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

from simulator import pipeline
from simulator.config import freeze, load
from simulator.engine import progress, session, thread_pool
from simulator.engine.checkpoint import load_snapshot
from simulator.engine.simulation import Job, make_job
from simulator.errors import Interrupted, RunError
from simulator.results import store
from simulator.results.store import Run, open_any, open_run
from tests.faults import faults
from tests.smoke import SMOKE

TASKS = thread_pool.split_tasks


@contextmanager
def small_tasks(size: int) -> Iterator[None]:
    """Tasks of `size` paths: a short run then has as many of them as a long one."""
    with mock.patch.object(thread_pool, "split_tasks", partial(TASKS, size=size)):
        yield


def run(out: Path, paths: int | None = None, config: Any = SMOKE, **options: Any) -> Run:
    """A run without a report, on one thread, that commits a state after every task; options override."""
    return pipeline.run(config, out, paths=paths, **{"threads": 1, "draw": False, "checkpoint": 0.0, **options})


class Stopping(progress.Silent):
    """A meter that sends a signal once so many tasks are done: to its own thread, where it cannot come late."""

    def __init__(self, tasks: int, signum: int) -> None:
        self.left, self.signum = tasks, signum

    def advance(self, count: int) -> None:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(self.signum)


def stopped(out: Path, paths: int, tasks: int = 1, signum: int = signal.SIGTERM, **options: Any) -> Interrupted:
    """Let a signal end a run after so many tasks; return the error. An ignored signal is restored first."""
    before = signal.getsignal(signum)
    if before == signal.SIG_IGN:
        signal.signal(signum, signal.SIG_DFL)
    try:
        with mock.patch.object(session, "meter", return_value=Stopping(tasks, signum)):
            run(out, paths, **options)
    except Interrupted as error:
        return error
    finally:
        signal.signal(signum, before)
    raise AssertionError("the run was not interrupted")


def committed_paths(folder: Path) -> int:
    """Paths in the committed state of a run, every file of which is whole; -1 if nothing was committed."""
    if not (folder / store.MANIFEST).exists():
        return -1
    held = open_any(folder)
    held.verify()
    tallies = load_snapshot(held, _smoke(), ()).tallies
    assert tallies.paths == held.manifest["state"]["paths"]
    return tallies.paths


@cache
def _smoke() -> Job:
    return make_job(freeze(load(SMOKE)))


def fail(out: Path, paths: int, whole: Run, **how: Any) -> tuple[int, str] | None:
    """Let writing fail (`how`: see `faults`), check what is left, go on and compare with the undisturbed run.

    Returns what stood then (-1 nothing, `paths` the run, its manifest in place) and the error; None if nothing failed.
    """
    try:
        with faults(**how):
            run(out, paths)
    except RunError as error:
        said = str(error)
    else:
        same(open_run(out), whole)
        return None
    at = committed_paths(out)
    if at >= 0 and open_any(out).finished:
        at = paths
        same(open_run(out), whole)
    elif at >= 0:
        assert f"{at:,} paths are kept: the same command with --out {out} --resume goes on" in said, said
    elif not how.get("lasting"):  # then nothing can be removed either
        assert not out.exists(), said
    assert "could not be written" in said
    assert how.get("lasting") or not list(out.glob(".*"))
    same(run(out, paths, resume=True), whole)
    return at, said


def same(first: Run, other: Run) -> None:
    """Check that two runs left the same, but for the time they took and where they were resumed."""
    assert first.manifest["digest"] == other.manifest["digest"]
    assert _timeless(first) == _timeless(other)
    for name in (store.SERIES, store.TAIL):
        assert first.manifest["files"][name] == other.manifest["files"][name]


def _timeless(done: Run) -> str:
    return json.dumps({key: value for key, value in done.summary.items() if key not in ("timing", "resumed_at")})
