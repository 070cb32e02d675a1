"""The workers of a cluster that a run can use, and the tasks assigned to them.

Each task is assigned to one worker by name, at most two at a time to each, so that nothing but this module decides
where a task runs: a worker that is unfit gets none, one that joins gets some, and those of a lost one go to others. A
task that was lost is assigned to a worker that has no other, so that a task that kills its workers is identified.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from simulator.cluster import worker
from simulator.config.wording import count_noun
from simulator.errors import ClusterError, RunError
from simulator.event_log import StageListener

REFRESH_SECONDS = 1.0  # between two requests for the list of workers
TIMEOUT_SECONDS = 60.0  # without a usable worker, or without the scheduler, before the run fails
STARTUP_SECONDS = 900.0  # for workers to compile, or to end the tasks of other runs
TASKS_PER_WORKER = 2
MOST_LOSSES = 3  # times that a task may be lost with its worker and is assigned to another
_POLL_SECONDS = 0.02  # between two checks for answers


class CallLost(Exception):
    """A call was lost on its way, as with the scheduler."""


class Call(Protocol):
    """A function called on a worker."""

    def done(self) -> bool:
        """Return True if its answer has arrived, or never will."""

    def answer(self) -> Any:
        """Return the answer, or raise what was raised there; CallLost."""

    def drop(self) -> None:
        """Cancel the call, or release its answer."""


class Scheduler(Protocol):
    """The part of a scheduler that the pool needs."""

    def gone(self) -> bool:
        """Return True if the connection is lost for good."""

    def workers(self) -> Mapping[str, Mapping[str, Any]] | None:
        """Return `status` and `nthreads` of each worker by its address; None if the scheduler does not answer."""

    def call(self, address: str, function: Callable[..., Any], *arguments: Any) -> Call:
        """Call a function on one worker, and no other."""


@dataclass
class ClusterTask:
    """The paths first .. first + paths - 1, and the workers with which the task was lost."""

    first: int
    paths: int
    losses: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"paths {self.first}-{self.first + self.paths - 1}"


@dataclass
class Worker:
    """A worker process, by its address."""

    address: str
    threads: int
    last_seen: float  # when it was last listed and running
    running: bool = True  # not paused, as one that is short of memory
    join_call: Call | None = None
    unfit: str = ""  # why it cannot be used
    about: tuple[str, tuple[tuple[str, str], ...]] = ("", ())  # processor; versions of packages
    tasks: list[tuple[ClusterTask, Call]] = field(default_factory=list)
    paths: int = 0  # simulated for this run
    lost_calls: int = 0  # tasks whose call was lost, as with the worker, before the scheduler said so

    @property
    def usable(self) -> bool:
        """True if it takes part in the run."""
        return self.join_call is None and not self.unfit

    def can_take(self, task: ClusterTask) -> bool:
        """Return True if `task` may be assigned to it now: one that was lost before stays alone."""
        if not self.usable or not self.running or any(other.losses for other, _ in self.tasks):
            return False
        return len(self.tasks) < (1 if task.losses else TASKS_PER_WORKER)


class SharedRun(NamedTuple):
    """The run that workers join."""

    packed: bytes
    name: str
    canary: str
    seed: int


class WorkerPool:
    """The workers behind a scheduler. All work is done on the caller's thread, in `wait_for_worker` and `collect`."""

    def __init__(self, scheduler: Scheduler, address: str, run: SharedRun, on_stage: StageListener) -> None:
        self._scheduler, self._address, self._run, self._on_stage = scheduler, address, run, on_stage
        self._workers: dict[str, Worker] = {}
        self._departed: list[Worker] = []  # that simulated paths of the run
        self._unassigned: list[ClusterTask] = []  # lost, to be assigned to another worker
        self._required = worker.requirements()
        self._refreshed = -REFRESH_SECONDS
        self._scheduler_seen = self._usable_seen = time.monotonic()
        self._alone = False  # it was reported that no worker is left

    @property
    def usable(self) -> list[Worker]:
        """The workers that take part now."""
        return [member for member in self._workers.values() if member.usable]

    @property
    def in_flight(self) -> int:
        """The number of tasks that were assigned and have not come back."""
        return len(self._unassigned) + sum(len(member.tasks) for member in self._workers.values())

    def has_capacity(self) -> bool:
        """Return True if a worker may be assigned a new task."""
        return not self._unassigned and any(member.can_take(ClusterTask(0, 0)) for member in self._workers.values())

    def assign(self, task: ClusterTask) -> None:
        """Assign a task to the worker with the fewest, or as soon as there is one."""
        free = [member for member in self._workers.values() if member.can_take(task)]
        if not free:
            self._unassigned.append(task)
            return
        chosen = min(free, key=lambda member: len(member.tasks))
        arguments = (self._run.name, task.first, task.paths, chosen.threads)
        chosen.tasks.append((task, self._scheduler.call(chosen.address, worker.simulate_task, *arguments)))

    def cancel_tasks(self) -> None:
        """Cancel every task that has not come back."""
        self._unassigned.clear()
        for member in self._workers.values():
            for _, call in member.tasks:
                call.drop()
            member.tasks.clear()

    def wait_for_worker(self, stop_now: Callable[[], bool]) -> None:
        """Wait until a worker can be used or `stop_now()` is true; ClusterError says why none can be."""
        while not (self.usable or stop_now()):
            time.sleep(_POLL_SECONDS)
            self._refresh()
            if self._workers and all(member.unfit for member in self._workers.values()):
                raise ClusterError(f"--cluster {self._address}: no worker is fit for this run\n{self._refusals()}")

    def collect(self) -> Iterator[tuple[ClusterTask, dict[str, NDArray[Any]]]]:
        """Wait a moment and yield the tasks that came back, with their tallies; tasks of lost workers go to others.

        RunError if a path cannot be; ClusterError if a task keeps being lost or no worker is left to assign it to.
        """
        time.sleep(_POLL_SECONDS)
        for member in list(self._workers.values()):
            for task, call in [entry for entry in member.tasks if entry[1].done()]:
                if (task, call) not in member.tasks:
                    break  # the worker turned out to be lost
                member.tasks.remove((task, call))
                tallies = self._receive(member, task, call)
                if tallies is not None:
                    member.paths += task.paths
                    yield task, tallies
        if self._refresh():
            waiting, self._unassigned = sorted(self._unassigned, key=lambda task: task.first), []
            for task in waiting:
                self.assign(task)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return who simulated how many paths; workers alike by processor, threads and versions are one entry."""
        kinds: dict[Any, list[int]] = {}
        for member in (*self._departed, *self._workers.values()):
            if member.paths:
                kinds.setdefault((member.threads, member.about), []).append(member.paths)
        return [
            {"workers": len(paths), "threads": threads, "cpu": cpu, "versions": dict(versions), "paths": sum(paths)}
            for (threads, (cpu, versions)), paths in kinds.items()
        ]

    def _refresh(self) -> bool:
        """Update the list of workers, once a second; return True if it is known now."""
        now = time.monotonic()
        if now - self._refreshed < REFRESH_SECONDS:
            return False
        self._refreshed = now
        if self._scheduler.gone():
            raise ClusterError(f"--cluster {self._address}: the scheduler is gone")
        listed = self._scheduler.workers()
        if listed is None:
            if now - self._scheduler_seen > TIMEOUT_SECONDS:
                raise ClusterError(
                    f"--cluster {self._address}: the scheduler has not answered for {TIMEOUT_SECONDS:.0f} s"
                )
            return False
        self._scheduler_seen = now
        self._update_workers(listed, now)
        self._check_usable(now)
        return True

    def _update_workers(self, listed: Mapping[str, Mapping[str, Any]], now: float) -> None:
        """Let new workers join, and drop those that are gone, or have been paused for long."""
        for address, entry in listed.items():
            running = entry["status"] == "running"
            if address not in self._workers and running:
                joining = self._workers[address] = Worker(address, int(entry["nthreads"]), now)
                joining.join_call = self._scheduler.call(address, worker.join_run, self._run.packed, self._required)
            elif address in self._workers:
                known = self._workers[address]
                known.running, known.last_seen = running, now if running else known.last_seen
                known.lost_calls = 0 if running else known.lost_calls
        for member in list(self._workers.values()):
            if member.address not in listed or now - member.last_seen > TIMEOUT_SECONDS:
                self._lose(member)
            elif member.join_call is not None and member.join_call.done():
                self._admit(member, member.join_call)

    def _admit(self, member: Worker, join_call: Call) -> None:
        """Admit or refuse a worker by its answer to `join_run`."""
        member.join_call = None
        try:
            answer = join_call.answer()
            member.unfit = self._differences(answer["facts"], answer["canary"])
            member.about = answer["cpu"], tuple(answer["versions"].items())
        except CallLost:
            self._lose(member)
            return
        except Exception as error:  # of any kind: it may be another program's
            member.unfit = f"cannot take part ({_error_text(error)})"
        finally:
            join_call.drop()
        threads = count_noun(member.threads, "thread")
        verdict = f"is refused: {member.unfit}" if member.unfit else f"takes part, {threads}"
        self._on_stage(f"worker {member.address} {verdict}")

    def _differences(self, facts: Mapping[str, str], canary: str) -> str:
        """Return in what a worker differs from what the run requires; empty if in nothing."""
        rows = [(key, facts.get(key), value) for key, value in self._required.items() if facts.get(key) != value]
        if not rows and canary != self._run.canary:
            rows = [("bits of paths 0-255 (another processor or library)", canary, self._run.canary)]
        return "; ".join(f"{key}: given {_short(actual)}, wanted {_short(value)}" for key, actual, value in rows)

    def _check_usable(self, now: float) -> None:
        """Raise ClusterError once no worker has been usable for long."""
        if self.usable:
            self._usable_seen = now
            self._alone = False
            return
        if not self._alone and self.in_flight:
            self._alone = True
            self._on_stage(f"no worker is left; waiting {TIMEOUT_SECONDS:.0f} s for one")
        joining = any(member.join_call is not None for member in self._workers.values())
        if now - self._usable_seen > (STARTUP_SECONDS if joining else TIMEOUT_SECONDS):
            refusals = self._refusals()
            raise ClusterError(
                f"--cluster {self._address}: no worker to give paths to for {now - self._usable_seen:.0f} s"
                + (f"\n{refusals}" if refusals else "")
            )

    def _refusals(self) -> str:
        return "\n".join(f"  {member.address}: {member.unfit}" for member in self._workers.values() if member.unfit)

    def _lose(self, member: Worker) -> None:
        """Drop a worker that is gone and put its tasks back."""
        del self._workers[member.address]
        if member.join_call is not None:
            member.join_call.drop()
        tasks, member.tasks = member.tasks, []
        if member.paths:
            self._departed.append(member)
        if not member.unfit:
            returned = len(tasks) + member.lost_calls
            what = f", {returned} of its tasks go to another" if returned else ""
            self._on_stage(f"worker {member.address} is lost{what}")
        for task, call in tasks:
            call.drop()
            self._retry(member, task)

    def _retry(self, member: Worker, task: ClusterTask) -> None:
        """Put back a task that was lost with a worker; ClusterError if that happened too often."""
        task.losses.append(member.address)
        if len(task.losses) > MOST_LOSSES:
            raise ClusterError(
                f"{task} of seed {self._run.seed} were lost with {len(task.losses)} workers, one after the other "
                f"({', '.join(task.losses)}): they may need more memory than a worker has, see the workers' logs. "
                "Without --cluster this machine simulates them"
            )
        self._unassigned.append(task)

    def _receive(self, member: Worker, task: ClusterTask, call: Call) -> dict[str, NDArray[Any]] | None:
        """Return the tallies of a task that ended; None if it was lost."""
        try:
            answer = call.answer()
        except CallLost:  # its worker, if that is gone as well, is dropped at the next refresh
            self._unassigned.append(task)
            member.lost_calls += 1
            return None
        except Exception as error:
            text = f"{task} of seed {self._run.seed} failed on {member.address}: {_error_text(error)}"
            raise ClusterError(text) from error
        finally:
            call.drop()
        if "failed" in answer:
            raise RunError(answer["failed"])
        if "arrays" in answer:
            arrays: dict[str, NDArray[Any]] = answer["arrays"]
            return arrays
        self._lose(member)  # another process has its address
        self._retry(member, task)
        return None


def _error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _short(value: object) -> str:
    """Return the beginning of a hash, or all of what is no hash."""
    text = str(value)
    return text[:12] if len(text) == 64 else text
