"""Simulates paths on the threads of this machine.

A task is 16,384 paths. Threads take tasks in order and finish them in any order; what a task adds to a result must
therefore not depend on which came first (simulator.results sees to that). Each thread owns one workspace and one
matrix of figures, so memory does not grow with paths; at most two tasks a thread wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator import kernel
from simulator.engine.interrupt import Stop
from simulator.errors import RunError
from simulator.model import Model
from simulator.results.sizes import TASK_PATHS
from simulator.results.tally_kernel import BLOCK

T = TypeVar("T")
R = TypeVar("R")
RecordFigures = Callable[[int, NDArray[np.float64]], None]
StopCheck = Callable[[], bool]


class Task(NamedTuple):
    """The paths first .. first + paths - 1."""

    first: int
    paths: int


class PathSink(Protocol):
    """Receives simulated paths, in any order and from any thread."""

    def __call__(self, first: int, figures: NDArray[np.float64], /) -> None:
        """Receive the figures (figures, count) of the paths from `first` on."""

    def absorb(self, arrays: Mapping[str, NDArray[Any]], /) -> None:
        """Receive the tallies of paths, as `Tallies.to_arrays` makes them."""


class Executor(Protocol):
    """Simulates ranges of paths somewhere: on threads, on a cluster."""

    def wait_until_ready(self, stop_now: StopCheck) -> None:
        """Wait until paths can be simulated, or until `stop_now()` is true."""

    def describe(self) -> dict[str, Any] | None:
        """Return where paths were simulated, for the manifest; None on this machine alone."""

    def simulate(self, first: int, last: int, stop_now: StopCheck, sink: PathSink) -> Iterator[int]:
        """Simulate the paths first .. last - 1 into `sink`, or the first of them once `stop_now()` is true.

        Yields the number of further paths each time some arrive. Whenever it ends, the paths received are
        first .. n - 1, none missing; a later call goes on from n.
        """


def split_tasks(paths: int, first: int = 0, size: int = TASK_PATHS, threads: int = 1) -> Iterator[Task]:
    """Yield the tasks that make up the paths first .. paths - 1, in order; of several `threads` the last are shorter.

    So all threads end at about the same time: none has more than half its share of the rest, in whole tally blocks.
    """
    start = first
    while start < paths:
        left = paths - start
        fair = left if threads == 1 else BLOCK * -(-left // (2 * threads * BLOCK))
        yield Task(start, min(size, fair, left))
        start += min(size, fair, left)


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class BlockSimulator:
    """Simulates paths into arrays of its own, which are reused: the kernel's workspace and a matrix of figures."""

    def __init__(self, model: Model, capacity: int = TASK_PATHS, lanes: int = kernel.LANES) -> None:
        self._model, self._rows = model, kernel.figure_count(model)
        # after a task: the world and the last plan of its last block
        self.work = kernel.allocate_workspace(model, lanes)
        self._out = np.empty(self._rows * capacity)
        self._no_trace = np.empty((0, model.months, 0))

    def simulate(self, seed: int, task: Task, trace: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Return the figures (figures, paths) of a task, valid until the next call; fill `trace` if given."""
        return self.simulate_paths(seed, np.arange(task.first, task.first + task.paths), trace)

    def simulate_paths(
        self, seed: int, paths: NDArray[np.int64], trace: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the figures of any rising `paths`, at most `capacity` of them."""
        out = self._out[: self._rows * paths.size].reshape(self._rows, paths.size)
        stuck = kernel.simulate(self._model, seed, paths, self.work, out, self._no_trace if trace is None else trace)
        if stuck != kernel.DONE:
            last = paths[min(int(np.searchsorted(paths, stuck)) + kernel.LANES, paths.size) - 1]
            raise RunError(
                f"a path between {stuck} and {last} of seed {seed} has more generations, shifts or "
                "jumps than fit; rates this high are outside what the model is made for"
            )
        return out


class ThreadExecutor:
    """An Executor on the threads of this machine. At least one task is done before it stops."""

    def __init__(self, model: Model, seed: int, threads: int) -> None:
        self._model, self._seed, self._threads = model, seed, threads

    def wait_until_ready(self, stop_now: StopCheck) -> None:
        """Return at once."""

    def describe(self) -> None:
        """Return None."""

    def simulate(self, first: int, last: int, stop_now: StopCheck, sink: RecordFigures) -> Iterator[int]:
        """Simulate paths; no task starts once `stop_now()` is true, and those in flight are finished."""
        tasks = _until_stopped(stop_now, split_tasks(last, first, threads=self._threads))
        for task in simulate_tasks(self._model, self._seed, tasks, self._threads, sink):
            yield task.paths


def _until_stopped(stop_now: StopCheck, tasks: Iterator[Task]) -> Iterator[Task]:
    """Yield the first of `tasks`, and further ones until `stop_now()` is true."""
    for task in tasks:
        yield task
        if stop_now():
            return


def simulate_tasks(
    model: Model, seed: int, tasks: Iterator[Task], threads: int, record: RecordFigures
) -> Iterator[Task]:
    """Simulate `tasks` and pass their figures to `record(first path, figures)` in the thread that made them.

    Yields tasks as they are done, in any order.
    """
    idle: SimpleQueue[BlockSimulator] = SimpleQueue()  # made as they are needed: there may be more threads than tasks

    def simulate(task: Task) -> Task:
        try:
            block_simulator = idle.get_nowait()
        except Empty:
            block_simulator = BlockSimulator(model)
        try:
            record(task.first, block_simulator.simulate(seed, task))
        finally:
            idle.put(block_simulator)
        return task

    yield from map_in_threads(simulate, tasks, threads)


def map_in_threads(work: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """Yield `work(item)` for each item as results come, in any order; items are drawn as threads become free."""
    if threads == 1:  # a short run on one thread need not wait for the import of joblib
        yield from map(work, items)
        return
    from joblib import Parallel, delayed

    pool = Parallel(n_jobs=threads, prefer="threads", return_as="generator_unordered", batch_size=1)
    yield from pool(delayed(work)(item) for item in items)


def until_signal(stop: Stop, tasks: Iterator[Task]) -> Iterator[Task]:
    """Yield `tasks` until a signal comes."""
    for task in tasks:
        if stop:
            return
        yield task
