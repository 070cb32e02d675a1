"""Runs on a cluster: a real scheduler and two worker processes on loopback, some of which are killed."""

from __future__ import annotations

import json
import re
import signal
import sys
from functools import partial
from unittest import mock

import pytest

from simulator.cluster import client, worker_pool
from simulator.config import load
from simulator.engine import progress, session
from simulator.errors import ConfigError, Interrupted, RunError
from simulator.kernel import SAMPLE_PATHS
from simulator.results import store
from simulator.results.store import open_any
from tests import resumable
from tests.resumable import same
from tests.smoke import SMOKE
from tests.test_cli import call
from tests.workers import Loopback, other_source

TASK = 32_768
PATHS = SAMPLE_PATHS + 8 * TASK + 700
DEADLY = SAMPLE_PATHS + 2 * TASK


@pytest.fixture(scope="module", autouse=True)
def _small():
    """Eight tasks beyond the sample, and workers that are not waited for."""
    with (
        mock.patch.multiple(client, TASK=TASK, LEAST=TASK, CONNECT_SECONDS=2.0),
        mock.patch.multiple(worker_pool, REFRESH_SECONDS=0.1, TIMEOUT_SECONDS=30.0),
    ):
        yield


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """The smoke test with one plan and one year: fast."""
    text = SMOKE.read_text()
    file = tmp_path_factory.mktemp("config") / "one.toml"
    file.write_text(text[: text.index("[plans.jv]")])
    return load(file, ["months=12"])


@pytest.fixture(scope="module")
def loopback(tmp_path_factory):
    running = Loopback(tmp_path_factory.mktemp("cluster"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def workers(loopback):
    """Two workers, until one test kills them."""
    with loopback.workers(2) as started:
        yield started


@pytest.fixture(scope="module")
def two(loopback, workers):
    """The address at which they are found."""
    return loopback.address


@pytest.fixture(scope="module")
def run(config):
    return partial(resumable.run, config=config, paths=PATHS, checkpoint=60.0)


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    """The run on this machine."""
    return run(tmp_path_factory.mktemp("runs") / "whole")


class Doing(progress.Silent):
    """A meter that does something once so many paths are done."""

    def __init__(self, paths, action):
        self.left, self.action = paths, action

    def advance(self, count):
        self.left -= count
        if self.left <= 0 and self.action is not None:
            self.action()
            self.action = None


def doing(paths, action):
    """Do something once so many paths of a run are done."""
    return mock.patch.object(session, "meter", return_value=Doing(paths, action))


def test_the_same_digest_as_on_this_machine(two, run, whole, tmp_path):
    said = []
    done = run(tmp_path / "run", cluster=two, say=said.append)
    same(done, whole)
    assert len([line for line in said if line.endswith("takes part, 1 thread")]) == 2
    (entry,) = done.manifest["clusters"]
    assert (entry["address"], entry["from"]) == (two, 0)
    assert sum(kind["workers"] for kind in entry["workers"]) == 2
    assert sum(kind["paths"] for kind in entry["workers"]) == 8 * TASK
    assert "numba" in entry["workers"][0]["versions"]
    assert "clusters" not in whole.manifest


def test_stopped_there_and_gone_on_with_here(two, run, whole, tmp_path):
    with doing(SAMPLE_PATHS + TASK, lambda: signal.raise_signal(signal.SIGTERM)), pytest.raises(Interrupted) as caught:
        run(tmp_path / "run", cluster=two)
    stood = open_any(tmp_path / "run").manifest["state"]["paths"]
    assert f"{stood:,} paths are kept" in str(caught.value)
    assert SAMPLE_PATHS < stood < PATHS
    done = run(tmp_path / "run", resume=True)
    assert done.summary["resumed_at"] == [stood]
    same(done, whole)
    assert done.manifest["clusters"][0]["address"] == two


def test_begun_here_and_gone_on_with_there(two, config, run, whole, tmp_path):
    resumable.stopped(tmp_path / "run", PATHS, 10, config=config, checkpoint=60.0)
    stood = open_any(tmp_path / "run").manifest["state"]["paths"]
    assert stood == SAMPLE_PATHS + 2 * 16_384
    done = run(tmp_path / "run", resume=True, cluster=two, checkpoint=0.0)
    same(done, whole)
    assert done.manifest["clusters"][0]["from"] == stood


def test_a_worker_killed_in_the_middle_of_a_run(two, workers, run, whole, tmp_path):
    said = []
    with doing(SAMPLE_PATHS + 2 * TASK, workers[0].kill):
        same(run(tmp_path / "run", cluster=two, say=said.append), whole)
    for process in workers:  # what follows has workers of its own
        process.kill()
    assert len([line for line in said if re.search(r" is lost(, \d of its tasks go to another)?$", line)]) == 1


def test_a_task_that_kills_its_workers_fails_the_run_with_its_paths(loopback, run, whole, tmp_path):
    with (
        mock.patch.object(worker_pool, "MOST_LOSSES", 1),
        loopback.workers(2, deadly=DEADLY),
        pytest.raises(RunError) as caught,
    ):
        run(tmp_path / "run", cluster=loopback.address)
    assert f"paths {DEADLY}-{DEADLY + TASK - 1} of seed 1 were lost with 2 workers" in str(caught.value)
    assert f"{DEADLY:,} paths are kept" in str(caught.value)
    done = run(tmp_path / "run", resume=True)
    assert done.summary["resumed_at"] == [DEADLY]
    same(done, whole)


def test_workers_with_other_code_are_refused(loopback, run, tmp_path):
    with loopback.workers(1, source=other_source(tmp_path / "other")), pytest.raises(RunError) as caught:
        run(tmp_path / "run", cluster=loopback.address)
    assert "no worker is fit for this run\n  tcp://127.0.0.1:" in str(caught.value)
    assert ": code: given " in str(caught.value)
    assert str(caught.value).endswith("Nothing of it is kept.")
    assert not (tmp_path / "run").exists()


def test_a_scheduler_without_workers_is_waited_for_and_no_longer(loopback, run, tmp_path, monkeypatch):
    monkeypatch.setattr(worker_pool, "TIMEOUT_SECONDS", 0.5)
    with pytest.raises(RunError, match=r"no worker to give paths to for \d+ s"):
        run(tmp_path / "run", cluster=loopback.address)


def test_nobody_at_the_address(run, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.3)
    with pytest.raises(RunError, match=r"--cluster tcp://127.0.0.1:9: no scheduler answers \("):
        run(tmp_path / "run", cluster="tcp://127.0.0.1:9")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:8786", "tcp://127.0.0.1", "tcp://:8786", "tcp://h:0", "tcp://h:65536", "http://h:80"]
)
def test_what_is_no_address_is_refused(address):
    text = f"--cluster: given {address}, wanted tcp://HOST:PORT or tls://HOST:PORT of a scheduler"
    with pytest.raises(ConfigError) as caught:
        client.check_address(address)
    assert caught.value.mistakes == [text]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tls://node-1.example.com:443", "tcp://[::1]:8786"])
def test_addresses(address):
    client.check_address(address)


def test_without_dask_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = call("run", SMOKE, "--cluster", "tcp://127.0.0.1:8786", "--paths", "none")
    assert said.exit_code == 2
    assert "but dask is not installed, wanted it: pip install 'capex-simulator[cluster]'\n" in said.stderr
    assert said.stderr.endswith("2 errors, nothing was run.\n")


def test_tls_needs_certificates(run, tmp_path):
    with pytest.raises(ConfigError, match=r"given tls://127.0.0.1:9 and no certificates, wanted DASK_DISTRIBUTED__"):
        run(tmp_path / "run", cluster="tls://127.0.0.1:9")


def test_a_scheduler_that_is_lost_leaves_what_came_back(run, whole, tmp_path_factory, tmp_path):
    own = Loopback(tmp_path_factory.mktemp("own"))
    try:
        with (
            own.workers(1),
            doing(SAMPLE_PATHS + TASK, own.process.kill),
            pytest.raises(RunError, match="the scheduler is gone") as caught,
        ):
            run(tmp_path / "run", cluster=own.address)
    finally:
        own.close()
    stood = json.loads((tmp_path / "run" / store.MANIFEST).read_text())["state"]["paths"]
    assert stood >= SAMPLE_PATHS + TASK
    assert f"{stood:,} paths are kept" in str(caught.value)
    same(run(tmp_path / "run", resume=True), whole)
