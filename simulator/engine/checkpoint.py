"""Checkpoints: the state of a run, committed so that whatever happens next only the time since then is lost.

A state is one snapshot of exactly the paths 0 .. n - 1: every tally, the pilot that the tallies' centres came from, and
how the run converged until then.
It is committed in this order, each file whole and on the disk before the next: config and model (once),
`state-<n>.npz`, the sample once it is complete, the manifest that names them all; only then is the old state removed.
Wherever that is cut off, the manifest lists whole files of one moment.

A sample that is not complete is no part of a state: its paths, at most 131,072, are simulated once more, in a second or
two. A state ends with a whole tally block; the last, short block of a finished run is simulated again when it is
extended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from simulator import event_log
from simulator.engine import thread_pool
from simulator.engine.convergence_tracker import Doublings
from simulator.engine.interrupt import Stop
from simulator.engine.simulation import Job, empty_tallies
from simulator.engine.stopping import Rules
from simulator.errors import RunError
from simulator.results import provenance, store
from simulator.results.sample import SampleWriter
from simulator.results.store import Run, RunFolder
from simulator.results.tallies import Tallies
from simulator.results.tree import flatten

_TALLY, _DOUBLINGS = "tally/", "convergence/"
_PILOT = "pilot"
_RESULTS = (store.SUMMARY, store.TAIL, store.SERIES, store.REPORT)  # of a finished run


class Begun(NamedTuple):
    """Where a run stands that is to go on."""

    paths: int  # in the tallies
    sample: str | None  # hash of the sample, if it is complete
    seconds: float  # simulated so far
    file: str  # name of the state, empty before the first


NOTHING = Begun(0, None, 0.0, "")


def begun(run: Run) -> Begun:
    """Where the run in a folder stands."""
    state = run.manifest["state"]
    return Begun(int(state["paths"]), state["sample"], float(state["seconds"]), state["file"])


def load_state(run: Run, job: Job) -> tuple[Tallies, NDArray[np.float64]]:
    """Tallies and pilot (figures, 256) of a state; RunError names a file that is no state of this run."""
    arrays = run.state()
    with _is_of(run):
        pilot = arrays[_PILOT]
        if pilot.dtype != np.float64 or pilot.ndim != 2:
            raise RunError("its pilot is no matrix of figures")
        tallies = empty_tallies(job, pilot)
        tallies.from_arrays(_part(arrays, _TALLY))
        if tallies.paths != run.manifest["state"]["paths"]:
            raise RunError(f"it is of {tallies.paths:,} paths, wanted {run.manifest['state']['paths']:,}")
    return tallies, pilot


def load_doublings(run: Run, levels: Sequence[float]) -> Doublings:
    """How the run converged so far."""
    doublings = Doublings(levels)
    with _is_of(run):
        doublings.load(_part(run.state(), _DOUBLINGS), run.manifest["state"]["paths"])
    return doublings


def _part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}


@contextmanager
def _is_of(run: Run) -> Iterator[None]:
    """Name the state if it cannot be read as one of this run."""
    try:
        yield
    except (RunError, KeyError, IndexError, ValueError, TypeError) as error:
        name = run.path / run.manifest["state"]["file"]
        raise RunError(f"{name}: is no state of this run ({error})") from error


class Keeper:
    """Keeps what a run has so far: takes the sample, commits states, and signs the finished run.

    Used as a context manager around the simulation: an exception drops a sample that is not complete.
    """

    def __init__(
        self,
        folder: RunFolder,
        job: Job,
        about: Mapping[str, Any],
        text: str,
        tallies: Tallies,
        pilot: NDArray[np.float64],
        held: Run | None = None,
        rules: Rules | None = None,
        doublings: Doublings | None = None,
    ) -> None:
        self.rules, self.doublings = rules or Rules(), doublings or Doublings(())
        self.begun = NOTHING if held is None else begun(held)
        self.resumed_at: list[int] = [] if held is None else [*held.manifest["resumed_at"], self.begun.paths]
        self._folder, self._job, self._text = folder, job, text
        self.tallies = tallies
        self._about, self._pilot = dict(about), pilot
        self.cluster: Callable[[], dict[str, Any]] | None = None  # says who simulates, if not this machine
        self._state, self._sample = self.begun, self.begun.sample
        self._finished = held is not None and held.finished
        self._writer: SampleWriter | None = None
        if held is not None:
            folder.entries.update(held.manifest["files"])

    def __enter__(self) -> Self:
        if self._sample is None:
            self._writer = SampleWriter(self._folder, self._job.columns)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.__exit__(kind, error, trace)

    def record(self, first_path: int, out: NDArray[np.float64], /) -> None:
        """Keep what belongs to the sample. Thread-safe."""
        if self._writer is not None:
            self._writer.record(first_path, out)

    def replay(self, stop: Stop) -> None:
        """Simulate the paths of the state once more for the sample, if that was not complete, until a signal comes."""
        if self._writer is not None:
            job, work = self._job, thread_pool.until(stop, thread_pool.tasks(min(self.begun.paths, self._writer.limit)))
            for _ in thread_pool.each_task(job.model, job.seed, work, job.threads, self._writer.record):
                continue

    def commit(self, paths: int, seconds: float) -> None:
        """Commit the state of paths 0 .. paths - 1, which the tallies hold, `seconds` after this leg began."""
        if self._state.file and paths == self._state.paths:
            return  # nothing new
        if not self._state.file:
            self._folder.write(store.CONFIG, self._text)
            self._folder.write_npz(store.MODEL, flatten(self._job.model))
        name = f"state-{paths}.npz"
        arrays = {_TALLY + key: array for key, array in self.tallies.to_arrays().items()}
        arrays |= {_DOUBLINGS + key: array for key, array in self.doublings.arrays().items()}
        self._folder.write_npz(name, {_PILOT: self._pilot, **arrays})
        if self._writer is not None and self._writer.complete:
            self.close_sample()
        self._state = Begun(paths, self._sample, self.begun.seconds + seconds, name)
        self._sign_unfinished()
        self._drop_results()
        self._drop_states()
        event_log.event("checkpoint", paths=paths, seconds=self._state.seconds)

    def close_sample(self) -> str:
        """Finish the sample; returns its hash."""
        self._take_back()
        if self._writer is not None:
            self._sample = self._writer.close()
            self._writer = None
        assert self._sample is not None
        return self._sample

    def finish(self, *, paths: int, digest: str, ended: datetime) -> None:
        """Sign the finished run: its manifest lists the results and the state to extend it from."""
        body = provenance.finished(self._body(), paths=paths, digest=digest, ended=ended)
        self._folder.write_manifest({"status": store.FINISHED, **body}, [*store.DATA, self._state.file])
        self._drop_states()

    def _take_back(self) -> None:
        """Before results of a finished run are replaced by those of more paths, let its manifest list them no more."""
        if self._finished:
            self._sign_unfinished()
            self._drop_results()

    def _drop_results(self) -> None:
        """Remove the results of a finished run that has become the beginning of a longer one."""
        if self._finished:
            self._finished = False
            for name in (*_RESULTS, *([] if self._state.sample else [store.SAMPLE])):
                self._folder.remove(name)

    def _sign_unfinished(self) -> None:
        sample = [store.SAMPLE] if self._state.sample else []
        self._folder.write_manifest(
            self._body() | {"status": store.UNFINISHED, "paths": self._job.paths},
            [store.CONFIG, store.MODEL, *sample, self._state.file],
        )

    def _body(self) -> dict[str, Any]:
        state = dict(zip(("paths", "sample", "seconds", "file"), self._state, strict=True))
        rules = {"asked": self.rules.asked._asdict(), "look_at": self.rules.look_at}
        about = dict(self._about)
        if self.cluster is not None:
            about["clusters"] = [*about.get("clusters", []), {"from": self.begun.paths, **self.cluster()}]
        return {**about, **rules, "state": state, "resumed_at": self.resumed_at}

    def _drop_states(self) -> None:
        """Remove the states that the manifest does not name: the last one, and what a crash left of others."""
        for stale in sorted(self._folder.path.glob(store.STATES)):
            if stale.name != self._state.file:
                self._folder.remove(stale.name)
