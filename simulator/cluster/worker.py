"""What runs in a worker process of a cluster: it says what it is, is given a run once, and simulates tasks of it.

Nothing here knows dask. A run travels as the bytes of an .npz file and a result as named arrays; nothing of ours is
pickled.
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
from simulator.engine.simulation import Job, Taker, pilot
from simulator.errors import RunError
from simulator.finance.metrics import Metric
from simulator.model import Model
from simulator.numerics.jit import code_hash
from simulator.results import provenance
from simulator.results.columns import Column, Event
from simulator.results.digest import rows_hash
from simulator.results.tallies import LAYOUT, Tallies
from simulator.results.tree import flatten, rebuild

PROTOCOL = "cluster/1"  # what is sent and answered
HELD = 4  # runs that a worker keeps
_MODEL = "model/"
_INTEGERS = (np.int8, np.int16, np.int32)


class Held(NamedTuple):
    """A run that this process takes part in."""

    job: Job
    centres: NDArray[np.float64]


_held: dict[str, Held] = {}
_holding = threading.Lock()
_turn = threading.Lock()  # one task at a time: it has all the threads of the worker


def facts() -> dict[str, str]:
    """What must be the same wherever paths of a run are simulated."""
    return {
        "code": code_hash(),
        "random numbers": RNG,
        "sampler": SAMPLER,
        "tallies": LAYOUT,
        "protocol": PROTOCOL,
    }


def canary(job: Job) -> str:
    """Hash of the figures of paths 0-255: other bits mean another processor, library or code."""
    return rows_hash([column.name for column in job.columns], pilot(job))


def pack(job: Job, centres: NDArray[np.float64]) -> bytes:
    """A run as an .npz file: the frozen model, what is counted of it, and the `centres` of its moments."""
    about = {
        "columns": [(column.scope, column.metric, column.row) for column in job.columns],
        "tally": job.tally,
        "events": job.events,
        "seed": job.seed,
    }
    arrays = {_MODEL + name: array for name, array in flatten(job.model).items()}
    text = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    whole = io.BytesIO()
    np.savez(whole, allow_pickle=False, about=text, centres=centres, **arrays)
    return whole.getvalue()


def name_of(run: bytes) -> str:
    """The name under which workers keep a packed run."""
    return hashlib.sha256(run).hexdigest()


def unpack(run: bytes) -> Held:
    """The run that `pack` made."""
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
    return Held(job, arrays["centres"])


def join(run: bytes, wanted: Mapping[str, str]) -> dict[str, Any]:
    """Take part in a run: answers what this worker is and, unless it is unfit, its bits of paths 0-255.

    A worker whose `facts` are not those `wanted` is told nothing more and compiles nothing.
    """
    here = facts()
    answer = {"facts": here, "canary": "", "versions": provenance.versions(), "cpu": provenance.cpu()}
    if here != dict(wanted):
        return answer
    held = unpack(run)
    answer["canary"] = canary(held.job)
    with _holding:
        while len(_held) >= HELD:
            del _held[next(iter(_held))]
        _held[name_of(run)] = held
    return answer


def simulate(name: str, first: int, paths: int, threads: int) -> dict[str, Any]:
    """Tallies of the paths first .. first + paths - 1 of a run that was joined, as `arrays` of their non-empty bins.

    Instead `failed` is said if a path cannot be, and `unknown` if this process has not joined, or forgot the run.
    `first` is a multiple of 1,024.
    """
    held = _held.get(name)
    if held is None:
        return {"unknown": True}
    job = held.job
    tallies = Tallies(job.tallied(), held.centres, job.events)
    take = Taker(job, tallies, None)
    try:
        with _turn:
            for _ in thread_pool.each_task(job.model, job.seed, thread_pool.tasks(first + paths, first), threads, take):
                continue
    except RunError as error:
        return {"failed": str(error)}
    return {"arrays": {key: narrow(array) for key, array in tallies.to_arrays().items()}}


def narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the smallest type that holds them all: half the bytes to send."""
    if array.dtype != np.int64 or not array.size:
        return array
    low, high = array.min(), array.max()
    for kind in _INTEGERS:
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return array.astype(kind)
    return array
