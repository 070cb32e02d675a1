"""Simulating paths on the threads of this machine.

A task is 16,384 paths. Threads take tasks in order and finish them in any; what a task adds to a result must
therefore not depend on who came first (simulator.results sees to that). Each thread owns one workspace and one
matrix of figures, so memory does not grow with paths; at most two tasks a thread wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from simulator import kernel
from simulator.engine.interrupt import Stop
from simulator.errors import RunError
from simulator.model import Model
from simulator.results.tally_kernel import BLOCK

TASK = 16_384  # paths
T = TypeVar("T")
R = TypeVar("R")
Take = Callable[[int, NDArray[np.float64]], None]
Over = Callable[[], bool]


class Task(NamedTuple):
    """Paths first .. first + paths - 1."""

    first: int
    paths: int


class Taker(Protocol):
    """Takes what became of paths, in any order and from any thread."""

    def __call__(self, first: int, figures: NDArray[np.float64], /) -> None:
        """Take the figures (figures, count) of the paths from `first` on."""

    def absorb(self, arrays: Mapping[str, NDArray[Any]], /) -> None:
        """Take the tallies of paths, as `Tallies.to_arrays` gave them."""


class Place(Protocol):
    """Where paths are simulated."""

    def each(self, first: int, last: int, over: Over, take: Taker) -> Iterator[int]:
        """Simulate the paths first .. last - 1, or the first of them if it is `over()` before that, into `take`.

        Yields how many more paths were taken each time some were. Whenever it ends they are first .. n - 1, none
        missing; a later call goes on from n.
        """


def tasks(paths: int, first: int = 0, size: int = TASK, threads: int = 1) -> Iterator[Task]:
    """The tasks that make up paths first .. paths - 1, in order; of several `threads` the last ones are shorter.

    So all threads end at about the same time: none has more than half its share of what is left, in whole tally blocks.
    """
    start = first
    while start < paths:
        left = paths - start
        fair = left if threads == 1 else BLOCK * -(-left // (2 * threads * BLOCK))
        yield Task(start, min(size, fair, left))
        start += min(size, fair, left)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Slot:
    """What one thread writes to: the kernel's workspace and a matrix of figures, both used again and again."""

    def __init__(self, model: Model, most: int = TASK, lanes: int = kernel.LANES) -> None:
        self._model, self._rows = model, kernel.figure_count(model)
        self.work = kernel.workspace(model, lanes)  # after a task: the world and the last plan of its last block
        self._out = np.empty(self._rows * most)
        self._untraced = np.empty((0, model.months, 0))

    def simulate(self, seed: int, task: Task, trace: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Figures (figures, paths) of a task, valid until the next call; `trace` (series, months, paths) if given."""
        return self.simulate_paths(seed, np.arange(task.first, task.first + task.paths), trace)

    def simulate_paths(
        self, seed: int, paths: NDArray[np.int64], trace: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """The same of any rising `paths`, at most as many as the slot was made for."""
        out = self._out[: self._rows * paths.size].reshape(self._rows, paths.size)
        kept = self._untraced if trace is None else trace
        stuck = kernel.simulate(self._model, seed, paths, self.work, out, kept)
        if stuck != kernel.DONE:
            last = paths[min(int(np.searchsorted(paths, stuck)) + kernel.LANES, paths.size) - 1]
            raise RunError(
                f"a path between {stuck} and {last} of seed {seed} has more generations, shifts or "
                "jumps than fit; rates this high are outside what the model is made for"
            )
        return out


class Threads:
    """The threads of this machine, a Place. At least one task is done before it can be over."""

    def __init__(self, model: Model, seed: int, threads: int) -> None:
        self._model, self._seed, self._threads = model, seed, threads

    def each(self, first: int, last: int, over: Over, take: Take) -> Iterator[int]:
        """Simulate paths; tasks are handed out until it is over, and those in flight are finished."""
        work = _before(over, tasks(last, first, threads=self._threads))
        for task in each_task(self._model, self._seed, work, self._threads, take):
            yield task.paths


def _before(over: Over, work: Iterator[Task]) -> Iterator[Task]:
    """The first task of `work`, and more of them until it is `over()`."""
    for task in work:
        yield task
        if over():
            return


def each_task(model: Model, seed: int, work: Iterator[Task], threads: int, take: Take) -> Iterator[Task]:
    """Simulate every task of `work` and hand its figures to `take(first path, figures)` in the thread that made them.

    Yields tasks as they are done, in any order.
    """
    slots: SimpleQueue[Slot] = SimpleQueue()  # made as they are needed: there may be more threads than tasks

    def run(task: Task) -> Task:
        try:
            slot = slots.get_nowait()
        except Empty:
            slot = Slot(model)
        try:
            take(task.first, slot.simulate(seed, task))
        finally:
            slots.put(slot)
        return task

    yield from in_threads(run, work, threads)


def in_threads(work: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """`map(work, items)` on threads: results in the order they are ready, items drawn as threads come free."""
    pool = Parallel(n_jobs=threads, prefer="threads", return_as="generator_unordered", batch_size=1)
    yield from pool(delayed(work)(item) for item in items)


def until(stop: Stop, work: Iterator[Task]) -> Iterator[Task]:
    """The tasks of `work`, no more of them once a signal came."""
    for task in work:
        if stop:
            return
        yield task
