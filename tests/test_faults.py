"""Every call that writes is made to fail in turn: whatever is left can be gone on with, and ends with the same bits."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import count

import pytest

from simulator.errors import RunError
from simulator.results import store
from simulator.results.store import open_any, open_run
from tests.faults import faults
from tests.resumable import run, same, small_tasks, stands, stopped
from tests.smoke import SMOKE

PATHS = 2 * 1024 + 500  # two states, and a last block that is short


@pytest.fixture(scope="module", autouse=True)
def _small():
    with small_tasks(1024):
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that nothing disturbs."""
    return run(tmp_path_factory.mktemp("runs") / "whole", PATHS)


def left_by(out, error):
    """What a run that failed left: nothing, or a state whose files are whole and which the error tells of."""
    at = stands(out)
    if at < 0:
        assert not out.exists()
        assert str(error).endswith("Nothing of it is kept.")
    else:
        assert f"{at:,} paths are kept: the same command with --out {out} --resume goes on" in str(error)
    assert not list(out.glob(".*"))
    return at


@pytest.mark.slow
def test_the_nth_write_sync_or_rename_fails(whole, tmp_path):
    """n = 1, 2, 3 ... until the run succeeds."""
    seen = set()
    for n in count(1):
        out = tmp_path / f"n{n}"
        try:
            with faults(at=n) as disk:
                run(out, PATHS)
        except RunError as error:
            assert "could not be written (Input/output error)" in str(error)
            if not out.exists() and n == 1:  # the folder itself
                continue
            if open_finished(out):
                continue
            seen.add(left_by(out, error))
            same(run(out, PATHS, resume=True), whole)
        else:
            assert len(disk.calls) < n
            break
    assert seen == {-1, 1024, 2048}
    assert n > 80


def open_finished(out):
    """Whether the failure came when the manifest was already in its place: then the run is whole."""
    if (out / store.MANIFEST).exists() and open_any(out).finished:
        open_run(out).verify()
        return True
    return False


@pytest.mark.parametrize("at", [9, 25, 40, 55, 70])
def test_a_disk_that_fails_for_good_leaves_the_last_state(whole, tmp_path, at):
    out = tmp_path / "run"
    with pytest.raises(RunError, match="could not be written"), faults(at=at, lasting=True):
        run(out, PATHS)
    assert stands(out) in (-1, 1024, 2048)
    same(run(out, PATHS, resume=True), whole)


@pytest.mark.parametrize("room", [1e4, 3e5, 8e5, 1.3e6, 1.9e6])
def test_a_full_disk(whole, tmp_path, room):
    out = tmp_path / "run"
    with pytest.raises(RunError, match="could not be written .No space left on device") as caught, faults(room=room):
        run(out, PATHS)
    left_by(out, caught.value)
    same(run(out, PATHS, resume=True), whole)


def test_a_full_disk_while_a_run_is_extended(whole, tmp_path):
    out = tmp_path / "run"
    run(out, 1500)
    with pytest.raises(RunError, match=r"finished run of 1,500 paths stays"), faults(room=1e5):
        run(out, PATHS, resume=True)
    assert open_run(out).summary["paths"] == 1500
    with pytest.raises(RunError, match=r"2,048 paths are kept"), faults(room=1.5e6):
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
    given = ["run", SMOKE, "--out", out, "--paths", PATHS, "--no-report", "--threads", 1]
    said = subprocess.run(
        [sys.executable, "-c", code, *map(str, given)], capture_output=True, text=True, check=False, env=os.environ
    )
    assert said.returncode == 1
    assert "could not be written (File too large)" in said.stderr
    assert "Traceback" not in said.stderr
    assert not out.exists()
