"""Contestants, each in a process of its own, so that they can be timed in turns: A B C A B C ...

A process holds one way to simulate the flagship on a number of threads. NumPy's linear algebra gets one thread; JAX,
which starts threads of its own, is tied to one core where it has to do with one.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.flagship import flagship, moments

PIECE = 16_384  # paths simulated at a time: results of a piece are looked at, then dropped
SEED = 2026
LIBRARIES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
MISSING_JAX = "JAX is not installed: pip install 'capex-simulator[bench]', or make bench"


class Simulator(Protocol):
    """A way to simulate on one thread."""

    def simulate(self, paths: int) -> NDArray[np.float64]:
        """Figures (rows, paths) of fresh paths."""


class Entry(NamedTuple):
    """A contestant: its kind, threads, and paths that it takes at once (lanes, block or batch; 0: has none)."""

    kind: str
    threads: int
    size: int = 0


def has_jax() -> bool:
    """True if JAX is installed; does not import it."""
    return importlib.util.find_spec("jax") is not None


class Kernel:
    """The simulator's own kernel, from the first path on that has no IRR."""

    def __init__(self, model: Any, lanes: int, seed: int) -> None:
        from simulator import kernel
        from simulator.engine.thread_pool import BlockSimulator, Task

        self._slot, self._task, self._seed = BlockSimulator(model, PIECE, lanes), Task, seed
        self._next = kernel.SAMPLE_PATHS

    def simulate(self, paths: int) -> NDArray[np.float64]:
        """Figures (rows, paths), valid until the next call."""
        first, self._next = self._next, self._next + paths
        return self._slot.simulate(self._seed, self._task(first, paths))


def build(entry: Entry) -> list[Simulator]:
    """One simulator a thread; JAX has threads of its own."""
    model = flagship().model
    seeds = [SEED + k for k in range(entry.threads)]
    if entry.kind == "kernel":
        return [Kernel(model, entry.size, seed) for seed in seeds]
    if entry.kind == "numpy":
        from benchmarks.numpy_model import NumpyModel

        return [NumpyModel(model, entry.size, seed) for seed in seeds]
    if entry.kind.startswith("numba"):
        from benchmarks.numba_plain import NumbaPlain

        return [NumbaPlain(model, seed, generator=entry.kind == "numba_sfc64") for seed in seeds]
    import jax

    jax.config.update("jax_num_cpu_devices", entry.threads)
    from benchmarks.jax_model import JaxModel

    return [JaxModel(model, entry.size, SEED)]


class Team:
    """All threads of a contestant."""

    def __init__(self, entry: Entry) -> None:
        self._simulators = build(entry)
        self._pool = ThreadPoolExecutor(len(self._simulators))
        self._piece = max(PIECE, entry.size * entry.threads)

    def run(self, paths: int) -> tuple[float, float]:
        """Seconds of wall clock and of processor that `paths` paths take, figures thrown away."""
        start, used = time.perf_counter(), time.process_time()
        list(self._pool.map(lambda s: [None for _ in self._pieces(s, paths)], self._simulators))
        return time.perf_counter() - start, time.process_time() - used

    def figures(self, paths: int) -> NDArray[np.float64]:
        """Figures (rows, paths)."""
        parts = self._pool.map(lambda s: [part.copy() for part in self._pieces(s, paths)], self._simulators)
        return np.concatenate([part for some in parts for part in some], axis=1)

    def _pieces(self, simulator: Simulator, paths: int) -> Any:
        share = paths // len(self._simulators)
        for begin in range(0, share, self._piece):
            yield simulator.simulate(min(self._piece, share - begin))


def _serve(entry: Entry, pipe: Connection) -> None:
    """A contestant's process: ("run", paths) -> seconds, ("check", paths) -> moments."""
    if entry.kind == "jax" and entry.threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    team = Team(entry)
    start = time.perf_counter()
    team.run(max(PIECE, entry.size * entry.threads))
    pipe.send(time.perf_counter() - start)
    while (order := pipe.recv()) is not None:
        what, paths = order
        pipe.send(team.run(paths) if what == "run" else moments(team.figures(paths)))


class Contestant:
    """A contestant's process as seen from outside; `first_s` is its first run, compilation included."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        os.environ.update(dict.fromkeys(LIBRARIES, "1"))
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(entry, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.first_s: float = self._pipe.recv()

    def us_per_path(self, paths: int) -> tuple[float, float]:
        """Microseconds a path, of wall clock and of processor (on a busy machine the better measure)."""
        self._pipe.send(("run", paths))
        wall, used = self._pipe.recv()
        return wall / paths * 1e6, used / paths * 1e6

    def moments(self, paths: int) -> NDArray[np.float64]:
        """See `benchmarks.flagship.moments`."""
        self._pipe.send(("check", paths))
        values: NDArray[np.float64] = self._pipe.recv()
        return values

    def close(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join()


def race(entries: list[Entry], paths: dict[str, int], rounds: int) -> dict[Entry, list[tuple[float, float]]]:
    """Microseconds a path, wall and processor, of every entry by round; in a round all run one after another."""
    field = [Contestant(entry) for entry in entries]
    try:
        times: dict[Entry, list[tuple[float, float]]] = {entry: [] for entry in entries}
        for _ in range(rounds):
            for contestant in field:
                times[contestant.entry].append(contestant.us_per_path(paths[contestant.entry.kind]))
        return times
    finally:
        for contestant in field:
            contestant.close()
