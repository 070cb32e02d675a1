"""The command line at night: going on with a run, readers that leave, disks that fill up, interrupts at any moment."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

import pytest

from simulator import report
from simulator.cli import arguments
from simulator.config import json_schema
from simulator.engine.run_request import PATHS as PATHS_OPTION
from simulator.errors import ConfigError, RunError
from simulator.results.store import open_run
from tests.resumable import stopped
from tests.smoke import SMOKE
from tests.test_cli import call, command

PATHS = 20_000


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), (".5s", 0.5), ("5min", 300), ("1.5h", 5400), ("2 m", 120)])
def test_times_may_be_written_as_people_do(text, seconds):
    assert arguments.seconds("--checkpoint", text) == seconds


@pytest.mark.parametrize("text", ["", "30", "0s", "-5s", "1d", "nan s", "1e3s", "200h", "often"])
def test_times_that_make_no_sense_are_refused(text):
    with pytest.raises(ConfigError, match=f"--checkpoint: given {text}, wanted a time such as 30s"):
        arguments.seconds("--checkpoint", text)


def test_a_count_of_paths_has_the_limit_of_the_config():
    assert json_schema()["properties"]["paths"]["maximum"] == PATHS_OPTION.most
    said = call("check", SMOKE, "--paths", "1e13")
    assert (said.exit_code, said.stderr.splitlines()[0]) == (2, "--paths: given 1e13, wanted at most 1000000000000")


def test_a_run_goes_on_and_then_there_is_nothing_left_to_do(tmp_path):
    out = tmp_path / "run"
    stopped(out, PATHS)
    arguments = ("run", SMOKE, "--out", out, "--resume", "--no-report", "--json", "--checkpoint", "5min")
    said, again = call(*arguments), call(*arguments)
    assert said.exit_code == again.exit_code == 0, said.output
    assert json.loads(said.stdout)["resumed_at"] == [16_384]
    assert "== simulating 20,000 paths from 16,384 on" in said.stderr
    assert json.loads(again.stdout) == json.loads(said.stdout)
    assert f"== {out} holds the finished run of 20,000 paths" in again.stderr
    refused = call("run", SMOKE, "--out", out, "--resume", "--set", "months=24")
    assert refused.exit_code == 2
    assert "--resume: months: given 24, the run began with 60\n--accept-changes goes on" in refused.stderr
    assert refused.stderr.endswith("\n1 error, nothing was run.\n")
    refused = call("run", SMOKE, "--out", out)
    assert refused.exit_code == 2
    assert "which holds a run (manifest.json), wanted a new folder or --resume" in refused.stderr


def test_going_on_needs_a_folder():
    said = call("run", SMOKE, "--resume", "--checkpoint", "soon")
    assert said.exit_code == 2
    assert said.stderr.splitlines()[-1] == "2 errors, nothing was run."
    assert "--resume: given no --out" in said.stderr


def test_results_are_printed_though_the_report_cannot_be_drawn(tmp_path, monkeypatch):
    def full(_):
        raise RunError("report.html: could not be written (No space left on device)")

    monkeypatch.setattr(report, "build", full)
    said = call("run", SMOKE, "--out", tmp_path / "r", "--paths", 64, "--quiet")
    assert said.exit_code == 1
    assert "64 paths in" in said.stdout
    assert "report.html" not in said.stdout
    assert "failed: report.html: could not be written (No space left on device)\nThe run is complete" in said.stderr


@pytest.mark.parametrize("stream", ["|", "2>&1 |"])
def test_a_run_whose_reader_leaves_is_finished_all_the_same(tmp_path, stream):
    text = " ".join(command("run", SMOKE, "--out", tmp_path / "r", "--paths", 500, "--no-report"))
    answer = subprocess.run(
        ["bash", "-c", f"{text} {stream} head -c 9 > /dev/null; exit ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0
    assert "Traceback" not in answer.stderr
    assert "Exception" not in answer.stderr
    assert open_run(tmp_path / "r").summary["paths"] == 500


def test_results_that_cannot_be_printed_are_a_failure():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "w") as full:
        answer = subprocess.run(command("schema"), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr == "failed: standard output: no space left on device\n"


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.1, 0.15, 0.3, 0.6, 1.0])
def test_an_interrupt_at_any_moment_is_said_in_plain_words(tmp_path, wait):
    """From the first moment after Python itself is up and the command has begun."""
    code = (
        "import sys\n"
        "class Up:\n"
        "    def find_spec(self, name, *_):\n"
        "        name == 'simulator.cli.main' and print('up', flush=True)\n"
        "sys.meta_path.insert(0, Up())\n"
        "from simulator.__main__ import main\n"
        "main()"
    )
    _, _, _, *arguments = command("run", SMOKE, "--out", tmp_path / "r", "--paths", "1e9")
    with subprocess.Popen(
        [command()[0], "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline() == "up\n"
        time.sleep(wait)
        running.send_signal(signal.SIGINT)
        _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert re.search(
        r"(interrupted, nothing was written|nothing of it is kept|--resume goes on from there)\.\n$", stderr
    )
    assert "Traceback" not in stderr
