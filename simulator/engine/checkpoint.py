"""Checkpoints: the state of a run, committed so that whatever happens next only the time since then is lost.

A state is one snapshot of exactly the paths 0 .. n - 1: every tally, the canary that the tallies' centres came from,
and the convergence of the run until then. It is committed in this order, each file whole and on the disk before the
next: config and model (once), `state-<n>.npz`, the sample once it is complete, the manifest that names them all; only
then is the old state removed. Wherever that is cut off, the manifest lists whole files of one moment.

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
from simulator.engine.convergence_tracker import ConvergenceTracker
from simulator.engine.interrupt import Stop
from simulator.engine.simulation import Job, empty_tallies
from simulator.engine.stopping import StoppingRule
from simulator.errors import RunError
from simulator.results import provenance, store
from simulator.results.sample import SampleWriter
from simulator.results.store import Run, RunFolder
from simulator.results.tallies import Tallies
from simulator.results.tree import flatten

_TALLY, _CONVERGENCE = "tally/", "convergence/"
_CANARY = "pilot"  # its name in a state file
_RESULTS = (store.SUMMARY, store.TAIL, store.SERIES, store.REPORT)  # of a finished run


class RunState(NamedTuple):
    """The last committed state of a run."""

    paths: int  # in the tallies
    sample: str | None  # hash of the sample, if it is complete
    seconds: float  # simulated so far
    file: str  # name of the state, empty before the first


NO_STATE = RunState(0, None, 0.0, "")


class RunInputs(NamedTuple):
    """All that a run was made from: with it a copy of its folder can be run again anywhere."""

    config: str  # TOML
    columns: Mapping[str, Any]  # of CSV files, as `columns.json` keeps them; empty if the config reads none


class Snapshot(NamedTuple):
    """Everything that a state restores."""

    tallies: Tallies
    tracker: ConvergenceTracker
    canary: NDArray[np.float64]  # (figures, 256)


def _read_state(run: Run) -> RunState:
    """Return the committed state of the run in a folder."""
    state = run.manifest["state"]
    return RunState(int(state["paths"]), state["sample"], float(state["seconds"]), state["file"])


def load_snapshot(run: Run, job: Job, levels: Sequence[float]) -> Snapshot:
    """Read the state of a run; RunError names a file that is no state of it."""
    arrays = run.state()
    with _state_errors(run):
        canary = arrays[_CANARY]
        if canary.dtype != np.float64 or canary.ndim != 2:
            raise RunError("its pilot is no matrix of figures")
        tallies = empty_tallies(job, canary)
        tallies.from_arrays(_part(arrays, _TALLY))
        if tallies.paths != run.manifest["state"]["paths"]:
            raise RunError(f"it is of {tallies.paths:,} paths, wanted {run.manifest['state']['paths']:,}")
        tracker = ConvergenceTracker(levels)
        tracker.from_arrays(_part(arrays, _CONVERGENCE), tallies.paths)
    return Snapshot(tallies, tracker, canary)


def _part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}


@contextmanager
def _state_errors(run: Run) -> Iterator[None]:
    """Name the state file in errors that reading it raises."""
    try:
        yield
    except (RunError, KeyError, IndexError, ValueError, TypeError) as error:
        name = run.path / run.manifest["state"]["file"]
        raise RunError(f"{name}: is no state of this run ({error})") from error


class Checkpointer:
    """Writes what a run has so far: streams the sample, commits states, and signs the finished run.

    Used as a context manager around the simulation: an exception drops a sample that is not complete.
    """

    def __init__(
        self,
        folder: RunFolder,
        job: Job,
        origin: Mapping[str, Any],
        inputs: RunInputs,
        snapshot: Snapshot,
        stored: Run | None = None,
        rule: StoppingRule | None = None,
    ) -> None:
        self.rule = rule or StoppingRule()
        self.tallies, self.tracker, self._canary = snapshot
        self.start = NO_STATE if stored is None else _read_state(stored)
        self.resumed_at: list[int] = [] if stored is None else [*stored.manifest["resumed_at"], self.start.paths]
        self._folder, self._job, self._inputs = folder, job, inputs
        self._origin = dict(origin)  # entries of the manifest that describe how the run began
        self.describe_cluster: Callable[[], dict[str, Any] | None] = lambda: None
        self._state, self._sample = self.start, self.start.sample
        self._finished = stored is not None and stored.finished
        self._writer: SampleWriter | None = None
        if stored is not None:
            folder.entries.update(stored.manifest["files"])

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
        """Store the figures of paths that belong to the sample. Thread-safe."""
        if self._writer is not None:
            self._writer.record(first_path, out)

    def restore_sample(self, stop: Stop) -> None:
        """Simulate the paths of the state once more for the sample, if that is not complete, until a signal comes."""
        if self._writer is not None:
            job, tasks = self._job, thread_pool.split_tasks(min(self.start.paths, self._writer.limit))
            tasks = thread_pool.until_signal(stop, tasks)
            for _ in thread_pool.simulate_tasks(job.model, job.seed, tasks, job.threads, self._writer.record):
                continue

    def commit(self, paths: int, seconds: float) -> None:
        """Commit the state of the paths 0 .. paths - 1, which the tallies hold, `seconds` after this leg began."""
        if self._state.file and paths == self._state.paths:
            return  # nothing new
        if not self._state.file:
            self._folder.write(store.CONFIG, self._inputs.config)
            if self._inputs.columns:
                self._folder.write_json(store.COLUMNS, self._inputs.columns)
            self._folder.write_npz(store.MODEL, flatten(self._job.model))
        name = f"state-{paths}.npz"
        arrays = {_TALLY + key: array for key, array in self.tallies.to_arrays().items()}
        arrays |= {_CONVERGENCE + key: array for key, array in self.tracker.to_arrays().items()}
        self._folder.write_npz(name, {_CANARY: self._canary, **arrays})
        if self._writer is not None and self._writer.complete:
            self.close_sample()
        self._state = RunState(paths, self._sample, self.start.seconds + seconds, name)
        self._sign_unfinished()
        self._drop_results()
        self._drop_states()
        event_log.log_event("checkpoint", paths=paths, seconds=self._state.seconds)

    def close_sample(self) -> str:
        """Finish the sample; return its hash."""
        self._withdraw_results()
        if self._writer is not None:
            self._sample = self._writer.close()
            self._writer = None
        assert self._sample is not None
        return self._sample

    def finish(self, *, paths: int, digest: str, ended: datetime) -> None:
        """Sign the finished run: its manifest lists the results and the state from which it can be extended."""
        body = provenance.finished(self._manifest(), paths=paths, digest=digest, ended=ended)
        names = [name for name in store.DATA if name != store.COLUMNS or self._inputs.columns]
        self._folder.write_manifest({"status": store.FINISHED, **body}, [*names, self._state.file])
        self._drop_states()

    def _withdraw_results(self) -> None:
        """Take the results of a finished run off its manifest before those of more paths replace them."""
        if self._finished:
            self._sign_unfinished()
            self._drop_results()

    def _drop_results(self) -> None:
        """Remove the results of a finished run that is being extended."""
        if self._finished:
            self._finished = False
            for name in (*_RESULTS, *([] if self._state.sample else [store.SAMPLE])):
                self._folder.remove(name)

    def _sign_unfinished(self) -> None:
        sample = [store.SAMPLE] if self._state.sample else []
        columns = [store.COLUMNS] if self._inputs.columns else []
        self._folder.write_manifest(
            self._manifest() | {"status": store.UNFINISHED, "paths": self._job.paths},
            [store.CONFIG, *columns, store.MODEL, *sample, self._state.file],
        )

    def _manifest(self) -> dict[str, Any]:
        origin = dict(self._origin)
        if cluster := self.describe_cluster():
            origin["clusters"] = [*origin.get("clusters", []), {"from": self.start.paths, **cluster}]
        return {
            **origin,
            "asked": self.rule.criteria._asdict(),
            "look_at": self.rule.look_at,
            "state": self._state._asdict(),
            "resumed_at": self.resumed_at,
        }

    def _drop_states(self) -> None:
        """Remove the states that the manifest does not name: the last one, and those that a crash left."""
        for stale in sorted(self._folder.path.glob(store.STATES)):
            if stale.name != self._state.file:
                self._folder.remove(stale.name)
