"""Paths simulated by the workers of a dask cluster, with the bits that this machine would give.

The sample, the first 131,072 paths, is simulated here; those beyond it in tasks of up to 2^20 paths there, each on all
threads of a worker. What comes back are tallies, added up in the order of the paths: so this process always holds
exactly paths 0 .. n - 1, may commit them while others are under way, and loses no more than those if the cluster goes.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
import importlib.util
import logging
import re
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from numpy.typing import NDArray

from simulator.cluster import worker, worker_pool
from simulator.cluster.worker_pool import CallLost, ClusterTask, WorkerPool
from simulator.engine.simulation import Job
from simulator.engine.thread_pool import Executor, PathSink, StopCheck, ThreadExecutor
from simulator.errors import ConfigError, RunError
from simulator.event_log import StageListener
from simulator.kernel import SAMPLE_PATHS
from simulator.results.tallies import Tallies

TASK = 1 << 20  # paths of a task
LEAST = 1 << 17  # of one at the end of a run, where smaller tasks let all workers end together
AHEAD = 4  # tasks a worker that were assigned and are not yet added up
CONNECT_SECONDS = 10.0  # for a scheduler to answer
_EXTRA = "pip install 'capex-simulator[cluster]'"
_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|\[::1\]")
_LOGS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application", "asyncio")


def check_address(address: str | None) -> None:
    """Refuse what is no address of a scheduler, and any without dask; None is no cluster."""
    if address is None:
        return
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match[3]) < 65_536:
        raise ConfigError([f"--cluster: given {address}, wanted tcp://HOST:PORT or tls://HOST:PORT of a scheduler"])
    try:
        dask = importlib.util.find_spec("distributed")
    except (ImportError, ValueError):
        dask = None
    if dask is None:
        raise ConfigError([f"--cluster: given {address}, but dask is not installed, wanted it: {_EXTRA}"])


@contextmanager
def connect(address: str | None, on_stage: StageListener) -> Iterator[Callable[[Job, Tallies], Executor]]:
    """Connect to the scheduler at `address`, which `check_address` accepts; yield what makes the executor of a job.

    Without an address that is the threads of this machine. RunError if no scheduler answers; ConfigError if tls://
    lacks certificates.
    """
    if address is None:
        yield lambda job, _: ThreadExecutor(job.model, job.seed, job.threads)
        return
    dask: Any = importlib.import_module("distributed")
    if address.startswith("tls") and dask.Security().get_connection_args("client")["ssl_context"] is None:
        keys = ", ".join(f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY"))
        raise ConfigError([f"--cluster: given {address} and no certificates, wanted {keys} in the environment"])
    match = _ADDRESS.fullmatch(address)
    if address.startswith("tcp") and match is not None and not _LOOPBACK.fullmatch(match[2]):
        on_stage(f"{address} is another machine and tcp:// keeps nobody out: wanted tls://, or a network that does")
    with _silence_dask():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of versions that differ: the manifest keeps them
                client = dask.Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="capex-simulator")
        except Exception as error:  # sockets, certificates, versions: each has its own
            raise RunError(f"--cluster {address}: no scheduler answers ({_first_line(error)})") from error
        try:
            yield lambda job, tallies: _ClusterExecutor(client, address, job, tallies, on_stage)
        finally:
            with suppress(Exception):  # it may be gone
                client.close(timeout=CONNECT_SECONDS)


class _Scheduler:
    """A dask scheduler, as the pool needs it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def gone(self) -> bool:
        """Return True once the client has given up connecting again, after CONNECT_SECONDS."""
        return bool(self._client.status == "closed")

    def workers(self) -> Mapping[str, Mapping[str, Any]] | None:
        """Return what the scheduler knows of its workers, by address; None if it does not answer."""
        try:
            identity = self._client.sync(self._client.scheduler.identity, callback_timeout=CONNECT_SECONDS)
        except Exception:  # whatever a connection can fail with
            return None
        workers: Mapping[str, Mapping[str, Any]] = identity["workers"]
        return workers

    def call(self, address: str, function: Callable[..., Any], *arguments: Any) -> Call:
        """Call a function on one worker, and no other."""
        key = f"{function.__name__}-{uuid.uuid4().hex}"
        try:
            future = self._client.submit(
                function, *arguments, key=key, workers=[address], allow_other_workers=False, pure=False
            )
        except Exception:  # the client is connecting again, or closed
            return Call(self._client, None)
        return Call(self._client, future)


class Call:
    """A function called on a worker; its answer is fetched in the background."""

    def __init__(self, client: Any, future: Any) -> None:
        self._client, self._future = client, future
        self._fetch: concurrent.futures.Future[list[Any]] | None = None

    def done(self) -> bool:
        """Return True if the answer has arrived, or never will."""
        if self._future is None:
            return True
        if self._fetch is None and self._future.status != "pending":
            fetching = self._client.gather([self._future], asynchronous=True)
            self._fetch = asyncio.run_coroutine_threadsafe(fetching, self._client.loop.asyncio_loop)
        return self._fetch is not None and self._fetch.done()

    def answer(self) -> Any:
        """Return the answer, or raise what was raised there; CallLost."""
        if self._fetch is None:
            raise CallLost
        try:
            return self._fetch.result()[0]
        except BaseException as error:
            if self._future.status != "error":
                raise CallLost from error
            if type(error).__name__ == "KilledWorker":  # processes that had the same address, one after the other
                return {"unknown": True}
            raise

    def drop(self) -> None:
        """Cancel the call, or release its answer."""
        if self._fetch is not None:
            self._fetch.cancel()
        if self._future is not None:
            self._future.release()


class _ClusterExecutor:
    """An Executor on the workers behind a scheduler. Tasks in flight when a call of `simulate` ends stay in flight."""

    def __init__(self, client: Any, address: str, job: Job, tallies: Tallies, on_stage: StageListener) -> None:
        packed = worker.pack_run(job, tallies.centres)
        run = worker_pool.SharedRun(packed, worker.run_name(packed), worker.canary_hash(job), job.seed)
        self._pool = WorkerPool(_Scheduler(client), address, run, on_stage)
        self._address, self._local = address, ThreadExecutor(job.model, job.seed, job.threads)
        self._added = 0  # paths below are added up
        self._assigned = 0  # paths below were assigned, or are simulated here
        self._early: dict[int, tuple[int, dict[str, NDArray[Any]]]] = {}  # came back before their turn, by first path

    def wait_until_ready(self, stop_now: StopCheck) -> None:
        """Wait until a worker can be used, or `stop_now()` is true; ClusterError names what is wrong with each."""
        self._pool.wait_for_worker(stop_now)

    def describe(self) -> dict[str, Any]:
        """Return where paths of this run were simulated, for its manifest."""
        return {"address": self._address, "workers": self._pool.to_dicts()}

    def simulate(self, first: int, last: int, stop_now: StopCheck, sink: PathSink) -> Iterator[int]:
        """Simulate paths, those of the sample on this machine; see Executor."""
        if first != self._added or not (self._early or self._pool.in_flight):
            self._start_at(first)
        self._assign_below(last)
        if first < SAMPLE_PATHS:
            for paths in self._local.simulate(first, min(last, SAMPLE_PATHS), stop_now, sink):
                self._added += paths
                yield paths
            if self._added < SAMPLE_PATHS:
                return
        while self._added < last:
            for task, arrays in self._pool.collect():
                self._early[task.first] = task.paths, arrays
            self._assign_below(last)
            while self._added in self._early:
                paths, arrays = self._early.pop(self._added)
                sink.absorb(arrays)
                self._added += paths
                yield paths
            if stop_now():
                return

    def _start_at(self, first: int) -> None:
        self._pool.cancel_tasks()
        self._early.clear()
        self._added, self._assigned = first, max(first, SAMPLE_PATHS)

    def _assign_below(self, last: int) -> None:
        """Assign paths below `last` to workers with capacity, not too far ahead of what is added up."""
        pool, workers = self._pool, len(self._pool.usable)
        while self._assigned < last and len(self._early) + pool.in_flight < AHEAD * workers and pool.has_capacity():
            paths = task_size(last - self._assigned, workers)
            pool.assign(ClusterTask(self._assigned, paths))
            self._assigned += paths


def task_size(left: int, workers: int) -> int:
    """Return the paths of the next task, of `left` and with so many workers: 2^20, fewer where the end is near."""
    share = -(-left // (2 * workers * LEAST)) * LEAST
    return min(left, TASK, share)


@contextmanager
def _silence_dask() -> Iterator[None]:
    """Switch off the log of dask inside the block: a run reports what matters of it in its own words."""
    loggers = [logging.getLogger(name) for name in _LOGS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
