"""The command with a standard output that is full or that nobody reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from simulator import pipeline
from tests.smoke import ROOT, SMOKE


def command(*arguments):
    """The command in a process of its own, without a terminal."""
    return [sys.executable, "-m", "simulator", *map(str, arguments)]


@pytest.mark.parametrize("arguments", [["--help"], ["schema"], ["--version"]])
def test_a_full_standard_output_is_named(arguments):
    with open("/dev/full", "w") as full:
        answer = subprocess.run(command(*arguments), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (1, "failed: standard output: no space left on device\n")


def test_a_run_whose_results_cannot_be_printed_says_where_it_is(tmp_path):
    out = tmp_path / "run"
    arguments = command("run", SMOKE, "--paths", 64, "--no-report", "--quiet", "--out", out)
    with open("/dev/full", "w") as full:
        answer = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr == f"failed: standard output: no space left on device\nThe run is complete in {out}.\n"
    assert pipeline.open_run(out).summary["paths"] == 64


def test_a_reader_that_leaves_early_ends_a_run_quietly(tmp_path):
    arguments = " ".join(command("run", SMOKE, "--paths", 64, "--no-report", "--quiet", "--out", tmp_path / "run"))
    answer = subprocess.run(
        ["bash", "-c", f"{arguments} | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (answer.stdout, answer.stderr) == ("0\n", "")


def test_a_reader_that_leaves_early_is_no_error():
    """`simulator schema | head -1`"""
    if shutil.which("head") is None:
        pytest.skip("no head")
    text = " ".join(command("schema"))
    answer = subprocess.run(
        ["bash", "-c", f"{text} | head -1"], capture_output=True, text=True, check=False, env={**os.environ}, cwd=ROOT
    )
    assert answer.stdout == "{\n"
    assert "Traceback" not in answer.stderr
