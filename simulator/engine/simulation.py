"""One simulation: every path into the tallies, the first ones into the sample, the worst ones once more."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.engine import thread_pool
from simulator.engine.convergence_tracker import Doublings
from simulator.engine.interrupt import Stop
from simulator.engine.progress import Meter
from simulator.engine.stopping import UNLIMITED, Rules
from simulator.engine.thread_pool import Slot, Task, Threads
from simulator.errors import ClusterError, Interrupted, RunError
from simulator.model import Model
from simulator.results.columns import WORLD, Column, Event, pilot_centres, tally_columns
from simulator.results.sample import SAMPLE_PATHS
from simulator.results.tallies import Tallies
from simulator.results.tally_kernel import BLOCK

PILOT = 256  # paths: the run's fingerprint, and the centres of its moments
Sample = Callable[[str], NDArray[np.float64]]
Commit = Callable[[int, float], None]


class Recorder(Protocol):
    """Takes the figures (figures, count) of paths from a first one on."""

    def record(self, first_path: int, out: NDArray[np.float64], /) -> None: ...


class Job(NamedTuple):
    """What is simulated: `columns` name the rows of the kernel's figures, `tally` the plan metrics that are counted."""

    model: Model
    columns: tuple[Column, ...]
    tally: tuple[str, ...]
    events: tuple[Event, ...]
    seed: int
    paths: int
    threads: int

    def tallied(self) -> tuple[Column, ...]:
        """The columns that are counted."""
        return tally_columns(self.columns, self.tally, self.events)


def pilot(job: Job) -> NDArray[np.float64]:
    """Figures (figures, 256) of the first paths, whatever number of paths is asked for.

    Whoever repeats a run compares their hash: other bits mean another machine, library or source.
    """
    return Slot(job.model, PILOT).simulate(job.seed, Task(0, PILOT))


def empty_tallies(job: Job, first: NDArray[np.float64]) -> Tallies:
    """Tallies that hold no path yet; `first` is the pilot."""
    counted = job.tallied()
    return Tallies(counted, pilot_centres(counted, first), job.events)


def simulate(
    job: Job,
    tallies: Tallies,
    sample: Recorder | None,
    meter: Meter,
    *,
    first: int = 0,
    commit: Commit | None = None,
    every: float = math.inf,
    rules: Rules | None = None,
    doublings: Doublings | None = None,
    stop: Stop | None = None,
    place: thread_pool.Place | None = None,
) -> float:
    """Simulate the paths first .. job.paths - 1 of a job, or fewer if `rules` say so; returns the seconds it took.

    `commit` is told every `every` seconds, at the end, at a signal and if a cluster is lost that the tallies hold paths
    0 .. n - 1, and how long it took. `doublings` looks at powers of two. A signal, noted by `stop` if given, ends the
    run early: Interrupted. `first` is a multiple of 1,024, `place` the threads of this machine unless given.
    """
    take, place = Taker(job, tallies, sample), place or Threads(job.model, job.seed, job.threads)
    start, done, whole, rules = time.perf_counter(), first, job.paths // BLOCK * BLOCK, rules or Rules()

    def simulate_until(last: int, over: Callable[[], bool], where: thread_pool.Place) -> None:
        nonlocal done
        try:
            for paths in where.each(done, last, over, take):
                done += paths
                meter.advance(paths)
        except ClusterError:
            if done > first:
                keep()
            raise

    def keep() -> None:
        if commit is not None and (done > first or not signal):
            commit(done, time.perf_counter() - start)

    with Stop() if stop is None else nullcontext(stop) as signal, meter:
        rules.look(tallies)
        ended = rules.met
        while not (signal or ended):
            due = time.perf_counter() + every
            while True:
                over = lambda due=due: bool(signal) or rules.late() or time.perf_counter() >= due  # noqa: E731
                until = min(whole, max(rules.look_at, done), doublings.next if doublings else whole)
                simulate_until(until, over, place)
                if doublings:
                    doublings.look(tallies)
                rules.look(tallies)
                ended = rules.met or rules.late()
                if signal or ended or done >= whole or time.perf_counter() >= due:
                    break
            keep()
            if done >= whole and not (ended or signal):  # the last, short block: nothing goes on from its end
                simulate_until(job.paths, lambda: False, Threads(job.model, job.seed, 1))
            ended = ended or done == job.paths
        if signal and not ended:
            raise _interrupted(done, job.paths, signal.signum)
    return time.perf_counter() - start


def _interrupted(done: int, paths: int, signum: int) -> Interrupted:
    asked = "" if paths == UNLIMITED else f" of {paths:,}"
    return Interrupted(f"stopped after {done:,}{asked} paths", signum)


class Taker:
    """What is done with the figures of a task: into the tallies, the first ones into the sample."""

    def __init__(self, job: Job, tallies: Tallies, sample: Recorder | None) -> None:
        self._check, self._seed = Check(job), job.seed
        self._tallies, self._sample = tallies, sample

    def __call__(self, first: int, figures: NDArray[np.float64], /) -> None:
        """Check, count and keep the figures (figures, count) of the paths from `first` on. Thread-safe."""
        self._check(first, figures)
        try:
            self._tallies.record(first, figures)
        except RunError as error:
            raise RunError(f"{error} (seed {self._seed})") from None
        if self._sample is not None:
            self._sample.record(first, figures)

    def absorb(self, arrays: Mapping[str, NDArray[Any]], /) -> None:
        """Count paths beyond the sample, which were tallied elsewhere."""
        self._tallies.absorb(arrays)


class Check:
    """Refuses figures without a tally that cannot be; tallies refuse theirs themselves."""

    def __init__(self, job: Job) -> None:
        counted = {column.row for column in job.tallied()}
        self._columns = [column for column in job.columns if column.row not in counted]
        self._seed = job.seed

    def __call__(self, first: int, figures: NDArray[np.float64]) -> None:
        for column in self._columns:
            row = figures[column.row]
            bad = np.isinf(row) if column.metric.undefined else ~np.isfinite(row)
            if bad.any():
                lane = int(np.argmax(bad))
                raise RunError(
                    f"path {first + lane}: {column.name} is {row[lane]}, wanted a finite number (seed {self._seed})"
                )


def worst(job: Job, tallies: Tallies, sample: Sample) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Path ids (k,), rising, and figures (figures, k) of the worst paths of each amount a plan tallies.

    The sample (column name -> values of the first paths) has most of them; the rest are simulated once more.
    """
    names = [c.name for c in tallies.columns if c.metric.kind == "amount" and c.scope != WORLD]
    found = [tallies.worst_paths(name) for name in names]
    paths = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
    known = int(np.searchsorted(paths, min(job.paths, SAMPLE_PATHS)))
    figures = np.empty((len(job.columns), paths.size))
    for column in job.columns:
        figures[column.row, :known] = sample(column.name)[paths[:known]]
    if known == paths.size:
        return paths, figures
    slot = Slot(job.model, BLOCK)
    for k in range(known, paths.size, BLOCK):
        some = paths[k : k + BLOCK]
        figures[:, k : k + some.size] = slot.simulate_paths(job.seed, some)
    return paths, figures
