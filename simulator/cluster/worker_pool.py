"""The workers of a cluster that a run can use, the tasks they were given, and what becomes of both.

Each task is given to one worker by name, at most two at a time to each, so that nothing but this module decides where
a task runs: a worker that is unfit gets none, one that joins gets some, and those of a lost one are given to others.
A task that was lost is given to a worker that has no other, so that what kills workers is known for certain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from simulator.cluster import worker
from simulator.errors import ClusterError, RunError

LOOK = 1.0  # seconds between looks at who is there
PATIENCE = 60.0  # seconds without a worker that can be used, or without the scheduler, before the run fails
GETTING_READY = 900.0  # seconds for workers to compile, or to end what others gave them
AT_ONCE = 2  # tasks that a worker is given
LOSSES = 3  # times that a task may be lost with its worker and is given to another
_NAP = 0.02  # seconds between looks at what is done

Say = Callable[[str], None]


class Lost(Exception):
    """A call that was lost on its way, as with the scheduler."""


class Call(Protocol):
    """A function called on a worker."""

    def done(self) -> bool:
        """Whether its answer has arrived, or it never will."""

    def answer(self) -> Any:
        """What was returned, or raised there; Lost."""

    def drop(self) -> None:
        """Give it up, or let go of its answer."""


class Scheduler(Protocol):
    """What the crew needs of one."""

    def gone(self) -> bool:
        """Whether the connection is lost for good."""

    def workers(self) -> Mapping[str, Mapping[str, Any]] | None:
        """`status` and `nthreads` of each worker by its address; None if the scheduler does not answer."""

    def call(self, address: str, function: Callable[..., Any], *given: Any) -> Call:
        """Let one worker, and no other, call a function."""


@dataclass
class Work:
    """A task: paths first .. first + paths - 1, and the workers with which it was lost."""

    first: int
    paths: int
    lost: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"paths {self.first}-{self.first + self.paths - 1}"


@dataclass
class Member:
    """A worker process, by its address."""

    address: str
    threads: int
    seen: float  # when it was last there and running
    running: bool = True  # not paused, as one that is short of memory
    asked: Call | None = None  # to join
    unfit: str = ""  # why it cannot be used
    about: tuple[str, tuple[tuple[str, str], ...]] = ("", ())  # processor; versions of packages
    given: list[tuple[Work, Call]] = field(default_factory=list)
    paths: int = 0  # simulated for this run

    @property
    def fit(self) -> bool:
        """Whether it takes part."""
        return self.asked is None and not self.unfit

    def takes(self, work: Work) -> bool:
        """Whether it may be given `work` now: one that was lost before stays alone."""
        if not self.fit or not self.running or any(other.lost for other, _ in self.given):
            return False
        return len(self.given) < (1 if work.lost else AT_ONCE)


class Run(NamedTuple):
    """The run that workers take part in."""

    packed: bytes
    name: str
    canary: str
    seed: int


class Crew:
    """The workers behind a scheduler. Everything is done on the caller's thread, in `muster` and `answers`."""

    def __init__(self, scheduler: Scheduler, address: str, run: Run, say: Say) -> None:
        self._scheduler, self._address, self._run, self._say = scheduler, address, run, say
        self._members: dict[str, Member] = {}
        self._gone: list[Member] = []  # that did something for the run
        self._again: list[Work] = []  # lost, to be given to another worker
        self._wanted = worker.facts()
        self._looked = -LOOK
        self._heard = self._usable = time.monotonic()  # of the scheduler; when a worker could last be used
        self._alone = False  # it was said that no worker is left

    @property
    def fit(self) -> list[Member]:
        """The workers that take part now."""
        return [member for member in self._members.values() if member.fit]

    @property
    def in_flight(self) -> int:
        """Tasks that were given and have not come back."""
        return len(self._again) + sum(len(member.given) for member in self._members.values())

    def room(self) -> bool:
        """Whether a worker may be given a new task."""
        return not self._again and any(member.takes(Work(0, 0)) for member in self._members.values())

    def give(self, work: Work) -> None:
        """Give a task to the worker with the fewest, or as soon as there is one."""
        free = [member for member in self._members.values() if member.takes(work)]
        if not free:
            self._again.append(work)
            return
        member = min(free, key=lambda one: len(one.given))
        given = (self._run.name, work.first, work.paths, member.threads)
        member.given.append((work, self._scheduler.call(member.address, worker.simulate, *given)))

    def forget(self) -> None:
        """Give up every task that has not come back."""
        self._again.clear()
        for member in self._members.values():
            for _, call in member.given:
                call.drop()
            member.given.clear()

    def muster(self, over: Callable[[], bool]) -> None:
        """Wait until a worker can be used or it is `over()`; ClusterError says why none can be."""
        while not (self.fit or over()):
            time.sleep(_NAP)
            self._look()
            if self._members and all(member.unfit for member in self._members.values()):
                raise ClusterError(f"--cluster {self._address}: no worker is fit for this run\n{self._refusals()}")

    def answers(self) -> Iterator[tuple[Work, dict[str, NDArray[Any]]]]:
        """Tasks that came back since, with their tallies, after a nap; tasks of workers that were lost go to others.

        RunError if a path cannot be; ClusterError if a task keeps being lost or there is nobody left to give it to.
        """
        time.sleep(_NAP)
        for member in list(self._members.values()):
            for work, call in [one for one in member.given if one[1].done()]:
                if (work, call) not in member.given:
                    break  # the worker was found to be lost
                member.given.remove((work, call))
                answer = self._answer(member, work, call)
                if answer is not None:
                    member.paths += work.paths
                    yield work, answer
        if self._look():
            waiting, self._again = sorted(self._again, key=lambda work: work.first), []
            for work in waiting:
                self.give(work)

    def told(self) -> list[dict[str, Any]]:
        """Who simulated how many paths: workers alike by processor, threads and versions are one line."""
        kinds: dict[Any, list[int]] = {}
        for member in (*self._gone, *self._members.values()):
            if member.paths:
                kinds.setdefault((member.threads, member.about), []).append(member.paths)
        return [
            {"workers": len(paths), "threads": threads, "cpu": cpu, "versions": dict(versions), "paths": sum(paths)}
            for (threads, (cpu, versions)), paths in kinds.items()
        ]

    def _look(self) -> bool:
        """See who is there, once a second; whether that is known now."""
        now = time.monotonic()
        if now - self._looked < LOOK:
            return False
        self._looked = now
        if self._scheduler.gone():
            raise ClusterError(f"--cluster {self._address}: the scheduler is gone")
        there = self._scheduler.workers()
        if there is None:
            if now - self._heard > PATIENCE:
                raise ClusterError(f"--cluster {self._address}: the scheduler has not answered for {PATIENCE:.0f} s")
            return False
        self._heard = now
        self._compare(there, now)
        self._hope(now)
        return True

    def _compare(self, there: Mapping[str, Mapping[str, Any]], now: float) -> None:
        """Ask who is new to join, and drop who is gone, or has been paused for long."""
        for address, told in there.items():
            running = told["status"] == "running"
            if address not in self._members and running:
                member = self._members[address] = Member(address, int(told["nthreads"]), now)
                member.asked = self._scheduler.call(address, worker.join, self._run.packed, self._wanted)
            elif address in self._members:
                member = self._members[address]
                member.running, member.seen = running, now if running else member.seen
        for member in list(self._members.values()):
            if member.address not in there or now - member.seen > PATIENCE:
                self._lose(member)
            elif member.asked is not None and member.asked.done():
                self._joined(member, member.asked)

    def _joined(self, member: Member, asked: Call) -> None:
        """Hear what a worker that was asked to join has answered."""
        member.asked = None
        try:
            told = asked.answer()
            member.unfit = self._apart(told["facts"], told["canary"])
            member.about = told["cpu"], tuple(told["versions"].items())
        except Lost:
            self._lose(member)
            return
        except Exception as error:  # of any kind: it may be another program's
            member.unfit = f"cannot take part ({_of(error)})"
        finally:
            asked.drop()
        count = f"{member.threads} thread{'' if member.threads == 1 else 's'}"
        said = f"is refused: {member.unfit}" if member.unfit else f"takes part, {count}"
        self._say(f"worker {member.address} {said}")

    def _apart(self, facts: Mapping[str, str], canary: str) -> str:
        """In what a worker differs from what the run needs; empty if in nothing."""
        apart = [(key, facts.get(key), value) for key, value in self._wanted.items() if facts.get(key) != value]
        if not apart and canary != self._run.canary:
            apart = [("bits of paths 0-255 (another processor or library)", canary, self._run.canary)]
        return "; ".join(f"{key}: given {_short(given)}, wanted {_short(value)}" for key, given, value in apart)

    def _hope(self, now: float) -> None:
        """Fail once no worker could be used for long."""
        if self.fit:
            self._usable = now
            self._alone = False
            return
        if not self._alone and self.in_flight:
            self._alone = True
            self._say(f"no worker is left; waiting {PATIENCE:.0f} s for one")
        ready = any(member.asked is not None for member in self._members.values())
        if now - self._usable > (GETTING_READY if ready else PATIENCE):
            refusals = self._refusals()
            raise ClusterError(
                f"--cluster {self._address}: no worker to give paths to for {now - self._usable:.0f} s"
                + (f"\n{refusals}" if refusals else "")
            )

    def _refusals(self) -> str:
        return "\n".join(f"  {member.address}: {member.unfit}" for member in self._members.values() if member.unfit)

    def _lose(self, member: Member) -> None:
        """A worker is gone: its tasks are given to others."""
        del self._members[member.address]
        if member.asked is not None:
            member.asked.drop()
        tasks, member.given = member.given, []
        if member.paths:
            self._gone.append(member)
        if not member.unfit:
            what = f", {len(tasks)} of its tasks go to another" if tasks else ""
            self._say(f"worker {member.address} is lost{what}")
        for work, call in tasks:
            call.drop()
            self._again_after(member, work)

    def _again_after(self, member: Member, work: Work) -> None:
        """A task was lost with a worker: once more, unless that happened too often."""
        work.lost.append(member.address)
        if len(work.lost) > LOSSES:
            raise ClusterError(
                f"{work} of seed {self._run.seed} were lost with {len(work.lost)} workers, one after the other "
                f"({', '.join(work.lost)}): they may need more memory than a worker has, see the workers' logs. "
                "Without --cluster this machine simulates them"
            )
        self._again.append(work)

    def _answer(self, member: Member, work: Work, call: Call) -> dict[str, NDArray[Any]] | None:
        """What a task that ended came to; None if it was lost."""
        try:
            told = call.answer()
        except Lost:  # its worker, if that is gone as well, is found to be so at the next look
            self._again.append(work)
            return None
        except Exception as error:
            text = f"{work} of seed {self._run.seed} failed on {member.address}: {_of(error)}"
            raise ClusterError(text) from error
        finally:
            call.drop()
        if "failed" in told:
            raise RunError(told["failed"])
        if "arrays" in told:
            arrays: dict[str, NDArray[Any]] = told["arrays"]
            return arrays
        self._lose(member)  # another process has its address
        self._again_after(member, work)
        return None


def _of(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _short(value: object) -> str:
    """The beginning of a hash, or all of what is no hash."""
    text = str(value)
    return text[:12] if len(text) == 64 else text
