"""Who takes part in a run and who gets which task, with a scheduler that does as it is told."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.cluster import client, worker, worker_pool
from simulator.cluster.client import task_size
from simulator.cluster.worker_pool import CallLost, ClusterTask, SharedRun, WorkerPool
from simulator.errors import ClusterError, RunError
from simulator.results.sizes import TASK_PATHS

RUN = SharedRun(b"", "run", "canary", 7)
RUNNING = {"status": "running", "nthreads": 3}


class Call:
    """A call that was answered, or waits."""

    def __init__(self, answer=None):
        self.result, self.dropped = answer, False

    def done(self):
        return self.result is not None

    def answer(self):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def drop(self):
        self.dropped = True


class Scheduler:
    """Workers come and go as a test likes; `tasks` waits by worker for its answers."""

    def __init__(self, *addresses):
        self.there = {address: dict(RUNNING) for address in addresses}
        self.facts, self.canary = worker.requirements(), "canary"
        self.tasks = {}
        self.over = self.silent = False

    def gone(self):
        return self.over

    def workers(self):
        return None if self.silent else self.there

    def call(self, address, function, *arguments):
        if function is worker.join_run:
            if isinstance(self.facts, Exception):
                return Call(self.facts)
            return Call({"facts": self.facts, "canary": self.canary, "cpu": "one", "versions": {"numba": "1"}})
        call = Call()
        self.tasks.setdefault(address, []).append((arguments, call))
        return call

    def waiting(self):
        """First paths of the tasks that wait for an answer, by worker."""
        return {
            address: [arguments[1] for arguments, call in tasks if not (call.done() or call.dropped)]
            for address, tasks in self.tasks.items()
        }

    def answer(self, address, answer=None):
        """Let the first task that a worker has come back."""
        next(call for _, call in self.tasks[address] if not (call.done() or call.dropped)).result = (
            {"arrays": {}} if answer is None else answer
        )


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(worker_pool, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(worker_pool, "_POLL_SECONDS", 0.0)


def waited_pool(*addresses):
    scheduler, said = Scheduler(*addresses), []
    pool = WorkerPool(scheduler, "tcp://s:1", RUN, said.append)
    pool.wait_for_worker(lambda: False)
    list(pool.collect())
    return scheduler, pool, said


def test_tasks_go_to_the_worker_with_the_fewest_two_at_most():
    scheduler, pool, said = waited_pool("a", "b")
    for first in range(4):
        assert pool.has_capacity()
        pool.assign(ClusterTask(first, 1))
    assert not pool.has_capacity()
    assert scheduler.waiting() == {"a": [0, 2], "b": [1, 3]}
    assert scheduler.tasks["a"][0][0] == ("run", 0, 1, 3)  # on all its threads
    assert said == ["worker a takes part, 3 threads", "worker b takes part, 3 threads"]


def test_tasks_of_a_lost_worker_go_to_others_each_alone():
    scheduler, pool, said = waited_pool("a", "b")
    for first in range(4):
        pool.assign(ClusterTask(first, 1))
    del scheduler.there["a"]
    list(pool.collect())
    assert said[-1] == "worker a is lost, 2 of its tasks go to another"
    assert scheduler.waiting()["b"] == [1, 3]
    assert not pool.has_capacity()
    for _ in range(2):
        scheduler.answer("b")
    assert [work.first for work, _ in pool.collect()] == [1, 3]
    assert scheduler.waiting()["b"] == [0]  # and 2 waits until b is free
    scheduler.answer("b")
    assert [work.first for work, _ in pool.collect()] == [0]
    assert scheduler.waiting()["b"] == [2]
    assert pool.in_flight == 1
    assert pool.to_dicts() == [{"workers": 1, "threads": 3, "cpu": "one", "versions": {"numba": "1"}, "paths": 3}]


def test_a_task_that_kills_each_worker_fails_with_its_paths():
    scheduler, pool, _ = waited_pool("w0")
    pool.assign(ClusterTask(5, 10))
    for k in range(1, worker_pool.MOST_LOSSES + 1):
        scheduler.there = {f"w{k}": dict(RUNNING)}
        list(pool.collect())
        list(pool.collect())
        assert scheduler.waiting()[f"w{k}"] == [5]
    scheduler.there = {}
    with pytest.raises(ClusterError, match=r"paths 5-14 of seed 7 were lost with 4 workers.* \(w0, w1, w2, w3\)"):
        list(pool.collect())


def test_a_worker_that_joins_is_used_and_one_that_pauses_is_not():
    scheduler, pool, _ = waited_pool("a")
    scheduler.there["a"]["status"] = "paused"
    list(pool.collect())
    assert not pool.has_capacity()
    scheduler.there["b"] = dict(RUNNING)
    list(pool.collect())
    pool.assign(ClusterTask(0, 1))
    assert scheduler.waiting() == {"b": [0]}


def test_a_worker_that_is_paused_for_long_loses_its_tasks(monkeypatch):
    scheduler, pool, _ = waited_pool("a")
    pool.assign(ClusterTask(0, 1))
    scheduler.there["a"]["status"] = "paused"
    list(pool.collect())
    assert pool.in_flight == 1
    assert scheduler.waiting() == {"a": [0]}
    monkeypatch.setattr(worker_pool, "TIMEOUT_SECONDS", -1.0)
    with pytest.raises(ClusterError, match="no worker to give paths to"):
        list(pool.collect())


def test_another_process_at_the_same_address_is_asked_anew():
    scheduler, pool, said = waited_pool("a")
    pool.assign(ClusterTask(0, 1))
    scheduler.answer("a", {"unknown": True})
    list(pool.collect())
    list(pool.collect())
    list(pool.collect())
    assert said[1:] == ["worker a is lost", "worker a takes part, 3 threads"]
    assert scheduler.waiting() == {"a": [0]}


@pytest.mark.parametrize("key", sorted(worker.requirements()))
def test_a_worker_that_is_not_alike_is_refused_with_the_reason(key):
    scheduler = Scheduler("a", "b")
    scheduler.facts = {**scheduler.facts, key: "another"}
    with pytest.raises(ClusterError, match=rf"tcp://s:1: no worker is fit for this run\n  a: {key}: given another, w"):
        WorkerPool(scheduler, "tcp://s:1", RUN, lambda _: None).wait_for_worker(lambda: False)


def test_other_bits_and_no_simulator_are_refused():
    for scheduler, text in ((Scheduler("a"), "bits of paths 0-255"), (Scheduler("a"), "cannot take part")):
        scheduler.canary = "x" * 64
        scheduler.facts = scheduler.facts if "bits" in text else ModuleNotFoundError("No module named 'simulator'")
        with pytest.raises(ClusterError, match=text):
            WorkerPool(scheduler, "tcp://s:1", RUN, lambda _: None).wait_for_worker(lambda: False)


def test_no_workers_and_a_silent_or_lost_scheduler_end_the_wait(monkeypatch):
    scheduler, pool, _ = waited_pool("a")
    scheduler.over = True
    with pytest.raises(ClusterError, match="tcp://s:1: the scheduler is gone"):
        list(pool.collect())
    monkeypatch.setattr(worker_pool, "TIMEOUT_SECONDS", 0.0)
    scheduler.over, scheduler.silent = False, True
    with pytest.raises(ClusterError, match="has not answered for 0 s"):
        list(pool.collect())
    with pytest.raises(ClusterError, match="no worker to give paths to for 0 s"):
        WorkerPool(Scheduler(), "tcp://s:1", RUN, lambda _: None).wait_for_worker(lambda: False)
    WorkerPool(Scheduler(), "tcp://s:1", RUN, lambda _: None).wait_for_worker(lambda: True)  # a signal came


def test_what_a_task_raises_ends_the_run_at_once():
    for answer, kind, text in (
        ({"failed": "path 3: own.npv is inf"}, RunError, "^path 3: own.npv is inf$"),
        (MemoryError("no room"), ClusterError, "paths 0-0 of seed 7 failed on a: MemoryError: no room"),
    ):
        scheduler, pool, _ = waited_pool("a")
        pool.assign(ClusterTask(0, 1))
        scheduler.answer("a", answer)
        with pytest.raises(kind, match=text):
            list(pool.collect())


def test_an_answer_that_never_arrives_is_asked_for_again():
    scheduler, pool, _ = waited_pool("a")
    pool.assign(ClusterTask(0, 1))
    for _ in range(2 * worker_pool.MOST_LOSSES):  # no fault of the task's
        scheduler.answer("a", CallLost())
        assert list(pool.collect()) == []
        assert scheduler.waiting() == {"a": [0]}


def test_a_task_lost_before_its_worker_is_counted_with_it():
    scheduler, pool, said = waited_pool("a", "b")
    for first in range(3):
        pool.assign(ClusterTask(first, 1))
    scheduler.answer("a", CallLost())
    del scheduler.there["a"]
    list(pool.collect())
    assert said[-1] == "worker a is lost, 2 of its tasks go to another"


@pytest.mark.parametrize("workers", [1, 2, 50])
def test_tasks_shrink_towards_the_end_and_cover_all(workers):
    left, sizes = 40_000_000, []
    while left:
        sizes.append(task_size(left, workers))
        left -= sizes[-1]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == min(client.TASK, -(-40_000_000 // (2 * workers * client.LEAST)) * client.LEAST)
    assert all(paths % TASK_PATHS == 0 for paths in sizes[:-1])
    assert min(sizes[:-1]) >= client.LEAST


def test_whole_numbers_travel_in_the_smallest_type_that_holds_them():
    for top, kind in ((127, np.int8), (-129, np.int16), (40_000, np.int32), (2**31, np.int64)):
        array = np.array([0, top])
        assert worker.narrow(array).dtype == kind
        np.testing.assert_array_equal(worker.narrow(array), array)
    assert worker.narrow(np.array([0.5])).dtype == np.float64
