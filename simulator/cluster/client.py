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
from simulator.cluster.worker_pool import Crew, Lost, Say, Work
from simulator.engine import thread_pool
from simulator.engine.simulation import Job
from simulator.errors import ConfigError, RunError
from simulator.results.sample import SAMPLE_PATHS
from simulator.results.tallies import Tallies

TASK = 1 << 20  # paths of a task
LEAST = 1 << 17  # of one at the end of a run, where smaller tasks let all workers end together
AHEAD = 4  # tasks a worker that were given and are not yet added up
CONNECT = 10.0  # seconds for a scheduler to answer
_EXTRA = "pip install 'capex-simulator[cluster]'"
_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|\[::1\]")
_LOGS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application", "asyncio")


def check(address: str) -> None:
    """Refuse what is no address of a scheduler, and any without dask."""
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match[3]) < 65_536:
        raise ConfigError([f"--cluster: given {address}, wanted tcp://HOST:PORT or tls://HOST:PORT of a scheduler"])
    try:
        found = importlib.util.find_spec("distributed")
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise ConfigError([f"--cluster: given {address}, but dask is not installed, wanted it: {_EXTRA}"])


@contextmanager
def connected(address: str | None, say: Say) -> Iterator[Any]:
    """A client of the scheduler at `address`, which `check` let pass; None without one.

    RunError if nobody answers; ConfigError if tls:// lacks certificates.
    """
    if address is None:
        yield None
        return
    dask: Any = importlib.import_module("distributed")
    if address.startswith("tls") and dask.Security().get_connection_args("client")["ssl_context"] is None:
        keys = ", ".join(f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY"))
        raise ConfigError([f"--cluster: given {address} and no certificates, wanted {keys} in the environment"])
    match = _ADDRESS.fullmatch(address)
    if address.startswith("tcp") and match is not None and not _LOOPBACK.fullmatch(match[2]):
        say(f"{address} is another machine and tcp:// keeps nobody out: wanted tls://, or a network that does")
    with _quiet():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of versions that differ: the manifest keeps them
                client = dask.Client(address, timeout=CONNECT, set_as_default=False, name="capex-simulator")
        except Exception as error:  # sockets, certificates, versions: each has its own
            raise RunError(f"--cluster {address}: no scheduler answers ({_first_line(error)})") from error
        try:
            yield client
        finally:
            with suppress(Exception):  # it may be gone
                client.close(timeout=CONNECT)


class Scheduler:
    """A dask scheduler, as the crew needs it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def gone(self) -> bool:
        """Whether the client gave up connecting again, after CONNECT seconds."""
        return bool(self._client.status == "closed")

    def workers(self) -> Mapping[str, Mapping[str, Any]] | None:
        """What the scheduler knows of its workers, by address; None if it does not answer."""
        try:
            told = self._client.sync(self._client.scheduler.identity, callback_timeout=CONNECT)
        except Exception:  # whatever a connection can fail with
            return None
        workers: Mapping[str, Mapping[str, Any]] = told["workers"]
        return workers

    def call(self, address: str, function: Callable[..., Any], *given: Any) -> Call:
        """Let one worker, and no other, call a function."""
        key = f"{function.__name__}-{uuid.uuid4().hex}"
        try:
            future = self._client.submit(
                function, *given, key=key, workers=[address], allow_other_workers=False, pure=False
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
        """Whether the answer has arrived, or never will."""
        if self._future is None:
            return True
        if self._fetch is None and self._future.status != "pending":
            fetching = self._client.gather([self._future], asynchronous=True)
            self._fetch = asyncio.run_coroutine_threadsafe(fetching, self._client.loop.asyncio_loop)
        return self._fetch is not None and self._fetch.done()

    def answer(self) -> Any:
        """What was returned, or raised there; Lost."""
        if self._fetch is None:
            raise Lost
        try:
            return self._fetch.result()[0]
        except BaseException as error:
            if self._future.status != "error":
                raise Lost from error
            if type(error).__name__ == "KilledWorker":  # processes that had the same address, one after the other
                return {"unknown": True}
            raise

    def drop(self) -> None:
        """Give it up, or let go of the answer."""
        if self._fetch is not None:
            self._fetch.cancel()
        if self._future is not None:
            self._future.release()


class Cluster:
    """The workers behind a scheduler, a Place. What is in flight when a call of `each` ends goes on into the next."""

    def __init__(self, client: Any, address: str, job: Job, tallies: Tallies, say: Say) -> None:
        packed = worker.pack(job, tallies.centres)
        run = worker_pool.Run(packed, worker.name_of(packed), worker.canary(job), job.seed)
        self._crew = Crew(Scheduler(client), address, run, say)
        self._address, self._here = address, thread_pool.Threads(job.model, job.seed, job.threads)
        self._at = 0  # paths below are added up
        self._given = 0  # paths below were given, or are simulated here
        self._waiting: dict[int, tuple[int, dict[str, NDArray[Any]]]] = {}  # came back too early, by first path

    def muster(self, over: thread_pool.Over) -> None:
        """Wait until a worker can be used, or it is `over()`; ClusterError names what is wrong with each."""
        self._crew.muster(over)

    def told(self) -> dict[str, Any]:
        """Where paths of this run were simulated, for its manifest."""
        return {"address": self._address, "workers": self._crew.told()}

    def each(self, first: int, last: int, over: thread_pool.Over, take: thread_pool.Taker) -> Iterator[int]:
        """Simulate paths, those of the sample here; see Place."""
        if first != self._at or not (self._waiting or self._crew.in_flight):
            self._begin(first)
        self._hand_out(last)
        if first < SAMPLE_PATHS:
            for paths in self._here.each(first, min(last, SAMPLE_PATHS), over, take):
                self._at += paths
                yield paths
            if self._at < SAMPLE_PATHS:
                return
        while self._at < last:
            for work, arrays in self._crew.answers():
                self._waiting[work.first] = work.paths, arrays
            self._hand_out(last)
            while self._at in self._waiting:
                paths, arrays = self._waiting.pop(self._at)
                take.absorb(arrays)
                self._at += paths
                yield paths
            if over():
                return

    def _begin(self, first: int) -> None:
        self._crew.forget()
        self._waiting.clear()
        self._at, self._given = first, max(first, SAMPLE_PATHS)

    def _hand_out(self, last: int) -> None:
        """Give paths below `last` to workers that have room, not too far ahead of what is added up."""
        fit = len(self._crew.fit)
        while self._given < last and len(self._waiting) + self._crew.in_flight < AHEAD * fit and self._crew.room():
            paths = size(last - self._given, fit)
            self._crew.give(Work(self._given, paths))
            self._given += paths


def size(left: int, workers: int) -> int:
    """Paths of the next task, of `left` and with so many workers: 2^20, fewer where the end is near."""
    share = -(-left // (2 * workers * LEAST)) * LEAST
    return min(left, TASK, share)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to ourselves what dask logs: what matters of it, a run says in its own words."""
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
