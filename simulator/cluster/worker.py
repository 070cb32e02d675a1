"""The functions that a worker process of a cluster executes: it joins a run once and simulates tasks of it.

Nothing here depends on dask. A run travels as the bytes of an .npz file and a result as named arrays; no object of the
simulator is pickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine import thread_pool
from simulator.engine.continuity import RNG, SAMPLER
from simulator.engine.simulation import Job, TallySink, simulate_canary
from simulator.errors import RunError
from simulator.finance.metrics import Metric
from simulator.model import Model
from simulator.numerics.jit import code_hash
from simulator.results import provenance
from simulator.results.columns import Column, Event
from simulator.results.digest import rows_hash
from simulator.results.tallies import LAYOUT, Tallies
from simulator.results.tree import flatten, rebuild

PROTOCOL = "cluster/1"  # version of the messages
MOST_RUNS = 4  # that a worker keeps
_MODEL = "model/"
_INTEGERS = (np.int8, np.int16, np.int32)


class JoinedRun(NamedTuple):
    """A run that this process takes part in."""

    job: Job
    centres: NDArray[np.float64]


_joined: dict[str, JoinedRun] = {}
_joining = threading.Lock()
_one_task = threading.Lock()  # one task at a time: it has all the threads of the worker


def requirements() -> dict[str, str]:
    """Return what must be the same wherever paths of a run are simulated."""
    return {
        "code": code_hash(),
        "random numbers": RNG,
        "sampler": SAMPLER,
        "tallies": LAYOUT,
        "protocol": PROTOCOL,
    }


def canary_hash(job: Job) -> str:
    """Return the hash of the figures of paths 0-255: other bits mean another processor, library or code."""
    return rows_hash([column.name for column in job.columns], simulate_canary(job))


def pack_run(job: Job, centres: NDArray[np.float64]) -> bytes:
    """Return a run as an .npz file: the frozen model, what is counted of it, and the `centres` of its moments."""
    about = {
        "columns": [(column.scope, column.metric, column.row) for column in job.columns],
        "tally": job.tally,
        "events": job.events,
        "seed": job.seed,
    }
    arrays = {_MODEL + name: array for name, array in flatten(job.model).items()}
    text = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, about=text, centres=centres, **arrays)
    return buffer.getvalue()


def run_name(run: bytes) -> str:
    """Return the name under which workers keep a packed run."""
    return hashlib.sha256(run).hexdigest()


def _unpack_run(run: bytes) -> JoinedRun:
    """Return the run that `pack_run` packed."""
    with np.load(io.BytesIO(run), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(arrays["about"].tobytes())
    job = Job(
        model=rebuild(Model, arrays, _MODEL),
        columns=tuple(Column(scope, Metric(*metric), row) for scope, metric, row in about["columns"]),
        tally=tuple(about["tally"]),
        events=tuple(Event(*event) for event in about["events"]),
        seed=about["seed"],
        paths=0,
        threads=1,
    )
    return JoinedRun(job, arrays["centres"])


def join_run(run: bytes, required: Mapping[str, str]) -> dict[str, Any]:
    """Join a run; return what this worker is and, unless it is unfit, its canary hash.

    A worker whose `requirements` differ from those `required` unpacks nothing and compiles nothing.
    """
    here = requirements()
    answer = {"facts": here, "canary": "", "versions": provenance.versions(), "cpu": provenance.cpu()}
    if here != dict(required):
        return answer
    joined = _unpack_run(run)
    answer["canary"] = canary_hash(joined.job)
    with _joining:
        while len(_joined) >= MOST_RUNS:
            del _joined[next(iter(_joined))]
        _joined[run_name(run)] = joined
    return answer


def simulate_task(name: str, first: int, paths: int, threads: int) -> dict[str, Any]:
    """Return `arrays`: the tallies of the paths first .. first + paths - 1 of a joined run, non-empty bins only.

    Instead `failed` names a path that cannot be, and `unknown` means that this process has not joined, or dropped, the
    run. `first` is a multiple of 1,024.
    """
    joined = _joined.get(name)
    if joined is None:
        return {"unknown": True}
    job = joined.job
    tallies = Tallies(job.tallied(), joined.centres, job.events)
    sink, tasks = TallySink(job, tallies, None), thread_pool.split_tasks(first + paths, first)
    try:
        with _one_task:
            for _ in thread_pool.simulate_tasks(job.model, job.seed, tasks, threads, sink):
                continue
    except RunError as error:
        return {"failed": str(error)}
    return {"arrays": {key: narrow(array) for key, array in tallies.to_arrays().items()}}


def narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers in the smallest type that holds them all: half the bytes to send."""
    if array.dtype != np.int64 or not array.size:
        return array
    low, high = array.min(), array.max()
    for kind in _INTEGERS:
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return array.astype(kind)
    return array
