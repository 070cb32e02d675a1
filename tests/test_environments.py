"""Environments that commands are called in: docs/reliability.md lists them and what each is promised.

A process of its own where the environment is one of a process; compiled code comes from the cache of this one, because
a cold compile takes a minute.
"""

from __future__ import annotations

import ast
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import pytest

import simulator
from simulator import pipeline, report
from simulator.cli import output, streams
from simulator.errors import Terminated, describe_error, exit_code, find_signal
from simulator.numerics.jit import CACHE
from simulator.results.store import RunFolder, open_run
from tests import house
from tests.smoke import ROOT, SMOKE
from tests.test_cli import call

CACHES = "" if CACHE.path is None else str(CACHE.path.parents[1])  # above `capex-simulator`
STRANGE = "数据中心 Δ — Zürich"
NOTEBOOK = "module://matplotlib_inline.backend_inline"
# The command as a user without an entry runs it: in a container with `--user 12345`.
NOBODY = """
import pwd
def find_nobody(*_):
    raise KeyError("uid not found: 12345")
pwd.getpwuid = find_nobody
from simulator.__main__ import main
main()
"""


class Answer(NamedTuple):
    """The exit code of a command and what it printed."""

    code: int
    stdout: str
    stderr: str


def command(*arguments, closed=(), program=("-m", "simulator"), **environment):
    """Run the command in a process of its own, with some standard streams closed and an environment of little else."""

    def prepare():
        for number in closed:
            os.close(number)

    known = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
    }
    settings = {**known, "NUMBA_CACHE_DIR": CACHES, "PYTHONPATH": str(ROOT), **environment}
    answer = subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        env={name: str(value) for name, value in settings.items() if value is not None},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        preexec_fn=prepare,
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    return Answer(answer.returncode, answer.stdout.decode(errors="replace"), answer.stderr.decode(errors="replace"))


def small(out, *options):
    """The arguments of a small run."""
    return ("run", SMOKE, "--out", out, "--paths", 64, "--no-report", *options)


@pytest.fixture(scope="module")
def digest(tmp_path_factory):
    """The digest of the small run in this environment."""
    run = pipeline.run(SMOKE, tmp_path_factory.mktemp("here") / "run", paths=64, draw=False)
    if CACHE.path is None or CACHE.obstacle:
        pytest.skip(f"each process would compile for a minute: {CACHE.obstacle}")
    return run.manifest["digest"]


def test_a_container_without_home_or_user_runs_and_draws(tmp_path, digest):
    """Also: no locale, an encoding that lacks letters, a terminal that can do nothing, the backend of a notebook."""
    foreign = {"MPLBACKEND": NOTEBOOK, "TERM": "dumb", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "HOME": None}
    titled = small(tmp_path / "Zürich", "--set", f"title={STRANGE}")
    replay = ("replay", tmp_path / "Zürich", "--path", 1, "--out", tmp_path / "replay")
    for arguments, says in ((titled, "RISK OF THE PROGRAMME"), (replay, "???? ? ? Z?rich: ")):
        answer = command(*arguments, program=("-c", NOBODY), MPLCONFIGDIR=mpl.get_cachedir(), **foreign)
        assert (answer.code, says in answer.stdout) == (0, True), answer.stderr
        assert "\x1b" not in answer.stdout + answer.stderr
        assert "compil" not in answer.stderr
    assert open_run(tmp_path / "Zürich").manifest["digest"] == digest
    assert (tmp_path / "replay" / "path-1.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("closed", [(1,), (0, 1, 2)], ids=str)
def test_a_daemon_with_closed_streams_runs_all_the_same(tmp_path, digest, closed):
    answer = command(*small(tmp_path / "run"), closed=closed)
    assert answer.code == 0, answer.stderr
    run = open_run(tmp_path / "run")
    run.verify()
    assert run.manifest["digest"] == digest
    assert ("RISK OF THE PROGRAMME" in answer.stdout) == (1 not in closed)
    assert ("== simulating" in answer.stderr) == (2 not in closed)


def test_a_cut_and_an_empty_file_of_the_cache_are_compiled_again(tmp_path, digest):
    folder = tmp_path / "capex-simulator" / CACHE.path.name
    shutil.copytree(CACHE.path, folder)
    (empty,) = folder.glob("results.exact_sum.add_all-*")
    (cut,) = folder.glob("results.plan_comparison._regrets-*")
    whole = {file: file.read_bytes() for file in (empty, cut)}
    empty.write_bytes(b"")
    cut.write_bytes(whole[cut][:1000])
    answer = command(*small(tmp_path / "run"), NUMBA_CACHE_DIR=tmp_path)
    assert answer.code == 0, answer.stderr
    assert open_run(tmp_path / "run").manifest["digest"] == digest
    assert all(len(file.read_bytes()) > 1000 for file in whole), "what was compiled again is not kept"


def test_a_cache_disk_that_is_full_keeps_code_in_memory(tmp_path):
    """No file may grow beyond 4 kB: a disk that is full for compiled code."""
    program = (
        "import resource; from simulator.numerics import jit\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "import numpy as np\n"
        "from simulator.sampling.normal import uniform\n"
        "print(uniform(np.uint32(7)), jit.CACHE.obstacle)"
    )
    answer = command(program=("-c", program), NUMBA_CACHE_DIR=tmp_path)
    assert answer.code == 0, answer.stderr
    (folder,) = (tmp_path / "capex-simulator").iterdir()
    assert answer.stdout.rstrip().endswith(f"{folder}: {os.strerror(errno.EFBIG).lower()}")
    assert not list(folder.iterdir()), "a part of a file is left"


def test_a_home_that_cannot_be_made_or_written_is_no_obstacle(tmp_path):
    """Root may write anywhere, so the home lies where no file can be made; test_code_cache.py has the rest."""
    for verb, code in ((["init", tmp_path / "my.toml"], 0), (["tornado", tmp_path / "my.toml", "--metric", "x"], 2)):
        answer = command(*verb, HOME="/proc/nowhere", NUMBA_CACHE_DIR=None)
        assert answer.code == code, answer.stderr
        assert "Traceback" not in answer.stderr


def test_a_signal_in_the_middle_of_a_compile_ends_it_as_any_other(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cold"), "PYTHONUNBUFFERED": "1"}
    arguments = [sys.executable, "-m", "simulator", *map(str, small(tmp_path / "run"))]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as running:
        assert running.stderr is not None
        assert any("compiling" in line for line in running.stderr)
        time.sleep(1.0)
        running.terminate()
        said = running.communicate(timeout=60)[1]
    assert (running.returncode, said) == (128 + signal.SIGTERM, "stopped; nothing of it is kept.\n")
    assert not (tmp_path / "run").exists()


def test_a_signal_that_a_library_wraps_is_still_a_signal():
    """Numba raises errors of its own while it handles one: the signal is their context, not their cause."""
    error = RuntimeError("Failed in nopython mode pipeline (step: nopython frontend)")
    error.__context__ = Terminated(signal.SIGTERM)
    assert isinstance(find_signal(error), Terminated)
    assert exit_code(error) == 143
    assert describe_error(find_signal(error)) == "stopped, nothing was written."
    assert not isinstance(Terminated(signal.SIGTERM), Exception), "a library may catch it and go on"


def test_a_notebooks_backend_stays_its_own(monkeypatch):
    """Figures are drawn with Agg; the variable is as before for whoever imports pyplot later."""
    monkeypatch.setenv("MPLBACKEND", NOTEBOOK)
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    report._load_matplotlib()
    assert os.environ["MPLBACKEND"] == NOTEBOOK
    assert "matplotlib" in sys.modules


@pytest.mark.parametrize("error", [ValueError("no backend"), OSError(errno.EROFS, "Read-only file system", "mpl")])
def test_a_report_that_cannot_be_drawn_never_hides_the_table(tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(pipeline, "draw_report", fail)
    answer = call("run", SMOKE, "--out", tmp_path / "run", "--paths", 64, "--quiet")
    assert answer.exit_code == 1
    assert "RISK OF THE PROGRAMME" in answer.stdout
    assert "report  " not in answer.stdout
    assert answer.stderr.startswith("failed: ")


def test_two_runs_and_two_nights_of_one_second_have_two_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [RunFolder.create_numbered(Path("runs/smoke-20260701T060000Z-s1")).path for _ in range(3)]
    assert [path.name for path in paths] == [f"smoke-20260701T060000Z-s1{end}" for end in ("", "-2", "-3")]
    same = "2026-07-01T06:00:00+00:00"
    moment = simulator.engine.session.datetime.fromisoformat(same)
    clock = type("Clock", (), {"now": staticmethod(lambda _: moment)})
    monkeypatch.setattr(simulator.engine.session, "datetime", clock)
    for end in ("-4", "-5"):
        run = pipeline.run(SMOKE, paths=64, draw=False)
        assert run.path.name == f"smoke-20260701T060000Z-s1{end}"


def test_a_tilde_is_the_home_folder_and_nothing_else(tmp_path, monkeypatch, digest):
    """Another run's sample in the home folder is not taken for this one's, and no folder is called `~`."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    shutil.copy(SMOKE, tmp_path / "home" / "my.toml")
    answer = call(
        "run", "~/my.toml", "--out=~/runs/mine", "--paths", 64, "--quiet", "--no-report", "--log-json", "~/log"
    )
    assert answer.exit_code == 0, answer.output
    assert not (tmp_path / "~").exists()
    assert open_run("~/runs/mine").manifest["digest"] == digest
    assert (tmp_path / "home" / "log").exists()
    for arguments in (["compare", "~/runs/mine"], ["runs", "~/runs"], ["runs", "diff", "~/runs/mine", "~/runs/mine"]):
        assert call(*arguments).exit_code == 0
    assert call("check", "~/my.toml", "--against", "~/runs/mine", "--quiet").exit_code == 0


def test_every_path_of_every_verb_is_expanded():
    """A parameter that is a path has a parser; those that are texts go through `arguments`."""
    parameters = [
        ast.unparse(node)
        for file in house.python_files("simulator/cli")
        for node in ast.walk(house.parse(file))
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Annotated"
    ]
    paths = [text for text in parameters if text.startswith(("Annotated[Path", "Annotated[list[Path"))]
    assert len(paths) >= 7
    assert not [text for text in paths if "parser=" not in text]


def test_a_folder_that_is_called_tilde_is_read_where_it_is(tmp_path, monkeypatch):
    """`./~/run`: pyarrow would read the home folder's."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    run = pipeline.run(SMOKE, "./~x/~run", paths=64, draw=False, overrides=["seed=5"])
    monkeypatch.chdir("~x")
    assert len(open_run("./~run").sample(["own.npv"])["own.npv"]) == 64
    assert run.manifest["seed"] == 5


def test_commands_to_go_on_with_can_be_pasted_into_a_shell(tmp_path):
    config = tmp_path / "my plan; rm -rf $HOME.toml"
    shutil.copy(SMOKE, config)
    out = tmp_path / "it's mine"
    answer = call("run", config, "--out", out, "--set", "months=48", "--paths", 64, "--no-report", "--quiet")
    lines = [line.strip() for line in answer.stdout.partition("What next:")[2].strip().splitlines()]
    printed = subprocess.run(
        ["bash", "-c", "simulator() { printf '%s\\n' \"$@\"; }\n" + lines[0]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.splitlines() == ["tornado", str(config), "--set", "months=48", "--out", str(out)]
    answer = call("init", tmp_path / "a b.toml")
    assert f"simulator check '{tmp_path}/a b.toml'" in answer.stdout


def test_only_standard_output_is_called_so(monkeypatch):
    assert describe_error(OSError(errno.ENOSPC, "No space left on device")) == "no space left on device"
    assert describe_error(OSError(errno.ENOSPC, "No space left on device", "x")) == "x: no space left on device"
    full = streams._StandardOutput(os.open("/dev/full", os.O_WRONLY), "w")
    with full, pytest.raises(OSError, match="No space left") as caught:
        full.write(b"x")
    assert describe_error(caught.value) == "standard output: no space left on device"
    with pytest.raises(OSError, match="elsewhere"), output.printing("The run is complete."):
        raise OSError(errno.EIO, "elsewhere")


def test_a_process_without_streams_reports_nothing_and_fails_nowhere(tmp_path, monkeypatch):
    """Python's own streams are None where a daemon or pythonw imports the package."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    run = pipeline.run(SMOKE, tmp_path / "run", paths=64, draw=False, say=output.print_stage)
    assert run.finished
