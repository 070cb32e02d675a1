"""Every call that writes is made to fail in turn: whatever is left can be gone on with, and ends with the same bits."""

from __future__ import annotations

import subprocess
import sys
from itertools import count

import pytest

from simulator.errors import RunError
from simulator.results import store
from simulator.results.store import open_run
from tests.faults import faults
from tests.resumable import committed_paths, fail, run, same, small_tasks, stopped
from tests.smoke import SMOKE

PATHS = 2 * 1024 + 500  # two states, and a last block that is short
STEP = 24


@pytest.fixture(scope="module", autouse=True)
def _small():
    with small_tasks(1024):
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that nothing disturbs."""
    return run(tmp_path_factory.mktemp("runs") / "whole", PATHS)


@pytest.mark.parametrize("first", range(1, STEP + 1, STEP // 3))
def test_the_nth_write_sync_or_rename_fails(whole, tmp_path, first):
    """One n in eight of all until the run succeeds; `make verify` takes every one."""
    failures = []
    for n in count(first, STEP):
        left = fail(tmp_path / f"n{n}", PATHS, whole, at=n)
        if left is None:
            break
        failures.append(left)
    assert {at for at, _ in failures} <= {-1, 1024, 2048, PATHS}
    assert len(failures) >= 3
    assert all("could not be written (Input/output error)" in said for _, said in failures)


@pytest.mark.parametrize("at", [20, 60])
def test_a_disk_that_fails_for_good_leaves_the_last_state(whole, tmp_path, at):
    with pytest.raises(RunError, match="could not be written"), faults(at=at, lasting=True):
        run(tmp_path / "run", PATHS)
    assert committed_paths(tmp_path / "run") == {20: -1, 60: 2048}[at]
    same(run(tmp_path / "run", PATHS, resume=True), whole)


def test_the_fuller_a_disk_the_earlier_the_state_it_leaves(whole, tmp_path):
    size = {name: entry["bytes"] for name, entry in whole.manifest["files"].items()}
    state, before = size[whole.manifest["state"]["file"]], size[store.CONFIG] + size[store.MODEL]
    stood = []
    for room in (before + 0.5 * state, before + 1.5 * state, before + 2 * state + 0.5 * size[store.SAMPLE]):
        left = fail(tmp_path / f"{room}", PATHS, whole, room=room)
        assert left is not None
        stood.append(left[0])
        assert "could not be written (No space left on device)" in left[1]
    assert stood == [-1, 1024, 2048]


def test_a_full_disk_while_a_run_is_extended(whole, tmp_path):
    out = tmp_path / "run"
    run(out, 1500)
    with pytest.raises(RunError, match=r"finished run of 1,500 paths stays"), faults(room=1e5):
        run(out, PATHS, resume=True)
    assert open_run(out).summary["paths"] == 1500
    state = next(out.glob("state-*.npz")).stat().st_size
    with pytest.raises(RunError, match=r"2,048 paths are kept"), faults(room=2 * state):
        run(out, PATHS, resume=True)
    same(run(out, PATHS, resume=True), whole)


def test_a_signal_that_finds_the_disk_full_names_the_disk(whole, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(RunError, match="No space left"), faults(room=1e5):
        stopped(out, PATHS)
    assert not out.exists()


def test_a_limit_on_the_size_of_files(tmp_path):
    """A real one, in a process of its own: exit 1, the file and the cause are named, no traceback."""
    out = tmp_path / "run"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"
    code = f"{limit}; import sys; sys.argv[0] = 'simulator'; from simulator.__main__ import main; main()"
    arguments = ["run", SMOKE, "--out", out, "--paths", PATHS, "--no-report", "--threads", 1]
    said = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert said.returncode == 1
    assert "could not be written (File too large)" in said.stderr
    assert "Traceback" not in said.stderr
    assert not out.exists()
