"""One simulation: every path into the tallies, the first ones into the sample, the worst ones once more."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.config import Frozen
from simulator.engine import thread_pool
from simulator.engine.convergence_tracker import ConvergenceTracker
from simulator.engine.interrupt import Stop
from simulator.engine.progress import Meter
from simulator.engine.run_request import check_counts
from simulator.engine.stopping import UNLIMITED, StoppingRule
from simulator.engine.thread_pool import BlockSimulator, Executor, Task, ThreadExecutor
from simulator.errors import ClusterError, ConfigError, Interrupted, RunError
from simulator.kernel import SAMPLE_PATHS
from simulator.model import Model
from simulator.results.columns import WORLD, Column, Event, all_columns, pilot_centres, tally_columns
from simulator.results.tallies import Tallies
from simulator.results.tally_kernel import BLOCK
from simulator.risk.metric_spec import Calendar
from simulator.risk.precision import PrecisionTarget, precision_target
from simulator.risk.structure import describe_structure

CANARY_PATHS = 256  # the first paths: the run's fingerprint, and the centres of its moments
ReadSample = Callable[[str], NDArray[np.float64]]
Commit = Callable[[int, float], None]


class Recorder(Protocol):
    """Stores the figures (figures, count) of paths from a first one on."""

    def record(self, first_path: int, out: NDArray[np.float64], /) -> None: ...


class Job(NamedTuple):
    """A simulation: `columns` name the rows of the kernel's figures, `tally` the plan metrics that are counted."""

    model: Model
    columns: tuple[Column, ...]
    tally: tuple[str, ...]
    events: tuple[Event, ...]
    seed: int
    paths: int
    threads: int
    calendar: Calendar = Calendar()

    def tallied(self) -> tuple[Column, ...]:
        """Return the columns that are counted."""
        return tally_columns(self.columns, self.tally, self.events)

    def targets(self, precision: Sequence[str]) -> list[PrecisionTarget]:
        """Return the targets of --precision texts; ConfigError lists the mistakes of all."""
        plans = tuple(dict.fromkeys(column.scope for column in self.columns if column.scope != WORLD))
        structure = describe_structure(self.model, plans, self.calendar)
        targets: list[PrecisionTarget] = []
        mistakes: list[str] = []
        for text in precision:
            try:
                targets.append(precision_target(text, self.tallied(), self.events, structure))
            except ConfigError as error:
                mistakes += error.mistakes
        if mistakes:
            raise ConfigError(mistakes)
        return targets


def make_job(frozen: Frozen, paths: int | None = None, threads: int | None = None, seed: int | None = None) -> Job:
    """Return the job of a frozen config; paths and seed default to the config's, threads to one a core."""
    paths, threads, seed = check_counts(paths, threads, seed)
    return Job(
        model=frozen.model,
        columns=all_columns(frozen.world, frozen.plan, frozen.plans),
        tally=frozen.tally,
        events=frozen.events,
        seed=frozen.config.seed if seed is None else seed,
        paths=frozen.config.paths if paths is None else paths,
        threads=thread_pool.count_cores() if threads is None else threads,
        calendar=frozen.calendar,
    )


def simulate_canary(job: Job) -> NDArray[np.float64]:
    """Return the figures (figures, 256) of the first paths, whatever the number of paths of the job.

    Whoever repeats a run compares their hash: other bits mean another machine, library or source.
    """
    return BlockSimulator(job.model, CANARY_PATHS).simulate(job.seed, Task(0, CANARY_PATHS))


def empty_tallies(job: Job, canary: NDArray[np.float64]) -> Tallies:
    """Return tallies that hold no path yet; `canary` gives the centres of their moments."""
    columns = job.tallied()
    return Tallies(columns, pilot_centres(columns, canary), job.events)


def simulate(
    job: Job,
    tallies: Tallies,
    sample: Recorder | None,
    meter: Meter,
    *,
    first: int = 0,
    commit: Commit | None = None,
    every: float = math.inf,
    rule: StoppingRule | None = None,
    tracker: ConvergenceTracker | None = None,
    stop: Stop | None = None,
    executor: Executor | None = None,
) -> float:
    """Simulate the paths first .. job.paths - 1 of a job, or fewer if `rule` ends it; return the seconds it took.

    `commit(n, seconds)` is called every `every` seconds, at the end, at a signal and if a cluster is lost; the tallies
    then hold paths 0 .. n - 1. `tracker` is updated at powers of two. A signal, noted by `stop` if given, ends the run
    early: Interrupted. `first` is a multiple of 1,024; `executor` defaults to the threads of this machine.
    """
    sink, executor = TallySink(job, tallies, sample), executor or ThreadExecutor(job.model, job.seed, job.threads)
    start, done, whole, rule = time.perf_counter(), first, job.paths // BLOCK * BLOCK, rule or StoppingRule()

    def simulate_until(last: int, stop_now: Callable[[], bool], executor: Executor) -> None:
        nonlocal done
        try:
            for paths in executor.simulate(done, last, stop_now, sink):
                done += paths
                meter.advance(paths)
        except ClusterError:
            if done > first:
                save()
            raise

    def save() -> None:
        if commit is not None and (done > first or not signal):
            commit(done, time.perf_counter() - start)

    with Stop() if stop is None else nullcontext(stop) as signal, meter:
        rule.look(tallies)
        ended = rule.ended
        while not (signal or ended):
            due = time.perf_counter() + every
            while True:
                stop_now = lambda due=due: bool(signal) or rule.is_late() or time.perf_counter() >= due  # noqa: E731
                until = min(whole, max(rule.look_at, done), tracker.next_paths if tracker else whole)
                simulate_until(until, stop_now, executor)
                if tracker:
                    tracker.update(tallies)
                rule.look(tallies)
                ended = rule.ended or rule.is_late()
                if signal or ended or done >= whole or time.perf_counter() >= due:
                    break
            save()
            if done >= whole and not (ended or signal):  # the last, short block: nothing goes on from its end
                simulate_until(job.paths, lambda: False, ThreadExecutor(job.model, job.seed, 1))
            ended = ended or done == job.paths
        if signal and not ended:
            raise _interrupted(done, job.paths, signal.signum)
    return time.perf_counter() - start


def _interrupted(done: int, paths: int, signum: int) -> Interrupted:
    total = "" if paths == UNLIMITED else f" of {paths:,}"
    return Interrupted(f"stopped after {done:,}{total} paths", signum)


class TallySink:
    """A PathSink that checks figures, adds them to the tallies, and the first ones to the sample."""

    def __init__(self, job: Job, tallies: Tallies, sample: Recorder | None) -> None:
        self._check, self._seed = _FigureCheck(job), job.seed
        self._tallies, self._sample = tallies, sample

    def __call__(self, first: int, figures: NDArray[np.float64], /) -> None:
        """Check, count and store the figures (figures, count) of the paths from `first` on. Thread-safe."""
        self._check(first, figures)
        try:
            self._tallies.record(first, figures)
        except RunError as error:
            raise RunError(f"{error} (seed {self._seed})") from None
        if self._sample is not None:
            self._sample.record(first, figures)

    def absorb(self, arrays: Mapping[str, NDArray[Any]], /) -> None:
        """Add tallies, made elsewhere, of paths beyond the sample."""
        self._tallies.absorb(arrays)


class _FigureCheck:
    """Refuses impossible figures in columns without a tally; tallies refuse theirs themselves."""

    def __init__(self, job: Job) -> None:
        tallied = {column.row for column in job.tallied()}
        self._columns = [column for column in job.columns if column.row not in tallied]
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


def find_worst(job: Job, tallies: Tallies, sample: ReadSample) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return ids (k,), rising, and figures (figures, k) of the worst paths of each amount that a plan tallies.

    The sample (column name -> values of the first paths) has most of them; the rest are simulated once more.
    """
    names = [c.name for c in tallies.columns if c.metric.kind == "amount" and c.scope != WORLD]
    ids = [tallies.worst_paths(name) for name in names]
    paths = np.unique(np.concatenate(ids)) if ids else np.empty(0, dtype=np.int64)
    in_sample = int(np.searchsorted(paths, min(job.paths, SAMPLE_PATHS)))
    figures = np.empty((len(job.columns), paths.size))
    for column in job.columns:
        figures[column.row, :in_sample] = sample(column.name)[paths[:in_sample]]
    if in_sample == paths.size:
        return paths, figures
    block_simulator = BlockSimulator(job.model, BLOCK)
    for k in range(in_sample, paths.size, BLOCK):
        block = paths[k : k + BLOCK]
        figures[:, k : k + block.size] = block_simulator.simulate_paths(job.seed, block)
    return paths, figures
