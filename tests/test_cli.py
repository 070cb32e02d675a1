"""The command line: what is printed where, and with which exit code."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from simulator import pipeline
from simulator.cli import main, templates
from simulator.cli.main import app
from simulator.config import json_schema
from simulator.errors import Interrupted, RunError
from tests.smoke import FLAGSHIP, ROOT, SMOKE

COUNTS = ["1.5", "0", "-5", "1e99", "nan", "inf", "many", "1e-3", ""]
VERBS = [
    "init", "check", "run", "report", "compare", "replay", "tornado", "training", "schema", "warmup", "bench", "runs"
]  # fmt: skip


def call(*arguments):
    """The command in this process; the exit code, stdout and stderr."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def wrapped(signal_taken):
    """A signal that arrived while Python 3.11 made a class: `__set_name__` wraps what is raised inside it."""
    error = RuntimeError("Error calling __set_name__ on 'cached_property' instance 'mean' in 'Uniform'")
    error.__cause__ = signal_taken
    return error


def command(*arguments):
    """The command in a process of its own, without a terminal."""
    return [sys.executable, "-m", "simulator", *map(str, arguments)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of the smoke programme without a report, made by the command line, and what it said."""
    folder = tmp_path_factory.mktemp("runs") / "smoke"
    return folder, call("run", SMOKE, "--out", folder, "--paths", "2e3", "--threads", 2, "--no-report")


def test_help_lists_every_verb_on_a_line_of_its_own():
    said = call("--help")
    assert said.exit_code == 0
    assert all(re.search(rf"^  {verb} +\w", said.stdout, re.MULTILINE) for verb in VERBS)
    assert "..." not in said.stdout.partition("Commands:")[2]


def test_without_a_verb_help_is_shown():
    assert "Commands:" in call().output


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb):
    said = call(verb, "--help")
    assert said.exit_code == 0
    assert "Usage: " in said.stdout


def test_the_list_of_verbs_has_the_first_line_of_each():
    listed = call("--help").stdout
    for verb, line in main.VERBS.items():
        assert f"  {verb:<8}  {line}\n" in listed
        assert f"\n  {line}\n" in call(verb, "--help").stdout


def test_a_verb_that_is_none_is_refused_with_the_nearest():
    said = call("rum")
    assert said.exit_code == 2
    assert "No such command 'rum'. Did you mean 'run'?" in said.stderr


def test_help_needs_nothing_heavy():
    """Importing the command line must not import numpy and its like: half a second is all that help may take."""
    heavy = ["numpy", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "pydantic", "rich", "joblib"]
    code = f"import sys, simulator.cli.main; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_version():
    assert re.fullmatch(r"simulator \d+\.\d+\.\d+\n", call("--version").stdout)


def test_a_run_prints_results_on_stdout_and_stages_on_stderr(folder):
    path, said = folder
    assert said.exit_code == 0, said.output
    assert "VaR 95 %" in said.stdout
    assert f"run     {path}" in said.stdout
    assert "2,000 paths in" in said.stdout
    assert said.stdout.count("\n  simulator ") == 4
    assert "== simulating 2,000 paths, 2 threads" in said.stderr
    assert "==" not in said.stdout
    assert not (path / "report.html").exists()


def test_json_is_all_there_is_on_stdout(tmp_path):
    said = call("run", SMOKE, "--out", tmp_path / "r", "--paths", 100, "--no-report", "--quiet", "--json")
    assert json.loads(said.stdout)["paths"] == 100
    assert said.stderr == ""


def test_options_reach_the_run(tmp_path):
    out = tmp_path / "r"
    said = call("run", SMOKE, "--out", out, "--paths", 64, "--seed", 9, "--set", "months=24", "--no-report", "--quiet")
    assert said.exit_code == 0, said.output
    assert json.loads((out / "summary.json").read_text())["seed"] == 9
    assert "months = 24" in (out / "config.toml").read_text()


def test_report_draws_the_report(folder):
    path, _ = folder
    said = call("report", path)
    assert said.exit_code == 0, said.output
    assert said.stdout.strip() == str(path / "report.html")
    assert (path / "report.html").stat().st_size > 10_000


def test_a_tornado_leaves_json_and_chart_beside_a_run(folder):
    path, _ = folder
    said = call("tornado", SMOKE, "--metric", "npv", "--measure", "mean", "--paths", 500, "--out", path, "--quiet")
    assert said.exit_code == 0, said.output
    bars = json.loads((path / "tornado.json").read_text())["bars"]
    ends = {"input", "low", "high", "delta_low", "delta_high", "stderr_low", "stderr_high"}
    assert all(set(bar) == ends | {"interval_low", "interval_high"} for bar in bars)
    assert bars[0]["input"] in said.stdout
    assert "No effect on any of 500 paths: " in said.stdout
    figures = said.stdout.partition("input held at")[2].split("\n\n")[0].splitlines()[1:]
    assert len(figures) > 20
    assert all(re.search(r"\S+ to \S+$", line[56:]) for line in figures)
    assert (path / "figures" / "tornado.png").read_bytes().startswith(b"\x89PNG")


def test_a_tornado_as_json(folder):
    said = call("tornado", SMOKE, "--metric", "breach", "--measure", "probability", "--paths", 200, "--quiet", "--json")
    assert json.loads(said.stdout)["measure"] == "probability"


def test_check_describes_the_programme_and_predicts_the_run():
    said = call("check", SMOKE, "--paths", "1e6", "--threads", 2, "--quiet")
    assert said.exit_code == 0, said.output
    for text in ("0.600 GW at 3 sites", "10.0 USD bn", "1,000,000 paths, 2 threads", "GB", "MB", "no mistakes"):
        assert text in said.stdout
    output = json.loads(call("check", SMOKE, "--quiet", "--json").stdout)
    assert output["programme"]["gw"] == 0.6
    assert output["run"]["seconds"] > 0


def test_check_says_how_long_a_site_trains(tmp_path):
    text = SMOKE.read_text().replace(
        "[[sites]]",
        "[[sites]]\nmodel = { parameters = 405e9, tokens = 15.6e12, chips = 16384, peak_flops = 989e12, mfu = 0.404 }",
        1,
    )
    (tmp_path / "my.toml").write_text(text)
    assert "trains for 67 days" in call("check", tmp_path / "my.toml", "--quiet").stdout


@pytest.mark.parametrize("config", [SMOKE, FLAGSHIP])
def test_shipped_configs_have_no_mistakes(config):
    assert call("check", config, "--paths", 64, "--quiet").exit_code == 0


def test_init_writes_a_config_that_runs_and_never_overwrites(tmp_path):
    for name in templates.names():
        target = tmp_path / f"{name}.toml"
        assert call("init", "--template", name, target).exit_code == 0
        assert call("check", target, "--quiet").exit_code == 0
        target.write_text("mine")
        said = call("init", "--template", name, target)
        assert said.exit_code == 2
        assert "there is such a file already" in said.stderr
        assert target.read_text() == "mine"
    assert call("init", "--list").stdout.count("\n") == len(templates.names())


@pytest.mark.parametrize("target", ["nowhere/my.toml", "."])
def test_init_says_where_it_cannot_write(tmp_path, target):
    said = call("init", tmp_path / target)
    assert said.exit_code == 2
    assert said.stderr.endswith("1 error, nothing was run.\n")


def test_schema_is_json():
    assert json.loads(call("schema").stdout) == json_schema()


LLAMA = ["--parameters", "405e9", "--tokens", "15.6e12", "--chips", 16384, "--peak-flops", "989e12", "--mfu", ".404"]


def test_training_calculates():
    assert "67.0 days" in call("training", *LLAMA).stdout
    assert json.loads(call("training", *LLAMA, "--json").stdout)["months"] == 3
    said = call("training", *LLAMA[:-1], "2", "--goodput", "0")
    assert said.exit_code == 2
    assert said.stderr.splitlines()[-1] == "2 errors, nothing was run."


def test_bench_measures(tmp_path):
    said = call("bench", SMOKE, "--paths", 2048, "--out", tmp_path / "b" / "bench.json", "--quiet")
    assert said.exit_code == 0, said.output
    results = json.loads((tmp_path / "b" / "bench.json").read_text())
    assert results["normal_ratio"] > 1
    assert results["ns_per_path"]["1"] > 0
    assert "ns a normal" in said.stdout


def test_warmup_says_when_it_is_ready():
    assert re.search(r"ready in [\d.]+ s", call("warmup").stdout)


@pytest.mark.parametrize("verb", ["run", "check", "tornado"])
@pytest.mark.parametrize("count", COUNTS)
def test_counts_that_make_no_sense_are_refused(verb, count):
    said = call(verb, SMOKE, "--paths", count)
    assert said.exit_code == 2
    assert f"--paths: given {count}, wanted " in said.stderr
    assert said.stdout == ""


@pytest.mark.parametrize("count", ["4096", "4_096", "4.096e3", "4096.0"])
def test_counts_may_be_written_as_people_do(count):
    assert json.loads(call("check", SMOKE, "--paths", count, "--json", "--quiet").stdout)["run"]["paths"] == 4096


def test_every_mistake_is_said_at_once_in_plain_words(tmp_path):
    config = tmp_path / "my.toml"
    config.write_text(SMOKE.read_text().replace("planned = 15", "planned = -99").replace("spot0", "spot00"))
    said = call("run", config, "--paths", "1.5", "--threads", "0", "--seed", "x", "--set", "programme.taxx=1")
    *mistakes, last = said.stderr.splitlines()
    assert said.exit_code == 2
    assert last == f"{len(mistakes)} errors, nothing was run."
    assert len(mistakes) >= 6
    assert "--threads: given 0, wanted at least 1" in mistakes
    assert any(re.match(r".*my\.toml:\d+: sites\[1\]\.planned: given -99, wanted ", line) for line in mistakes)
    assert any(
        re.match(r".*my\.toml:\d+: drivers\.price\.spot00: unknown key, did you mean spot0\?", line)
        for line in mistakes
    )
    assert any(line.startswith("--set programme.taxx: unknown key") for line in mistakes)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "nowhere.toml"], "nowhere.toml"),
        (["run", ROOT], "wanted a file"),
        (
            ["check", "/dev/zero"],
            "/dev/zero: given a path that cannot be read (it is a device, not a regular file), wanted a file",
        ),
        (["run", SMOKE, "--out", SMOKE], "which is a file"),
        (["run", SMOKE, "--out", ""], "--out: given nothing"),
        (["tornado", SMOKE, "--out", SMOKE], "which is a file"),
        (["report", ROOT], "holds no finished run"),
        (["tornado", SMOKE, "--metric", "npw"], "did you mean npv?"),
        (["tornado", SMOKE, "--measure", "best"], "--measure: given best"),
        (["tornado", SMOKE, "--plan", "mine"], "--plan: given mine, wanted one of own"),
        (
            ["tornado", SMOKE, "--metric", "partner_npv", "--paths", "64", "--quiet"],
            "--metric: given partner_npv, which is undefined on all 64 paths of plan own (without a JV)",
        ),
        (
            [
                "tornado",
                SMOKE,
                "--metric",
                "breach",
                "--measure",
                "probability",
                "--paths",
                "64",
                "--quiet",
                "--set",
                "months=24",
            ],
            "undefined on all 64 paths of plan own (no covenant is tested within the horizon)",
        ),
        (["run", SMOKE, "--until", "+0min"], "--until: given +0min, wanted a time such as +30s, +5min or +1h"),
        (["check", SMOKE, "--set", "plans.own.notes=all"], 'notes: given "all", wanted true, false or a number'),
        (["check", SMOKE, "--set", "plans.own.notes=0"], "notes: given 0, wanted true, false or a number above 0"),
        (
            ["check", SMOKE, "--set", "plans.hybrid.own_share=0"],
            "own_share: given 0, wanted a number above 0: lease_excess needs what the plan owns",
        ),
        (["init", "--template", "nothing"], "--template: given nothing"),
        (["bench", SMOKE, "--out", SMOKE / "b.json"], "--out: given "),
        (["run"], "Missing argument"),
        (["run", SMOKE, "--bogus"], "--bogus"),
        (["dance"], "dance"),
    ],
)
def test_what_is_wrong_with_arguments_is_said_with_exit_code_2(arguments, says):
    said = call(*arguments)
    assert said.exit_code == 2
    assert says in said.stderr
    assert "Traceback" not in said.output
    assert said.stdout == ""


@pytest.mark.parametrize("verb", ["check", "run", "tornado", "bench"])
def test_every_verb_that_takes_a_config_takes_changes_of_it(verb):
    said = call(verb, SMOKE, "--set", "drivers.price.spot0=oops")
    assert said.exit_code == 2
    assert '--set drivers.price.spot0: given "oops", wanted a number' in said.stderr


def test_a_folder_that_holds_a_run_is_refused_before_anything_is_computed(folder):
    path, _ = folder
    said = call("run", SMOKE, "--out", path)
    assert said.exit_code == 2
    assert "which holds a run" in said.stderr


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (RunError("disk.bin: could not be written (No space left on device)"), 1, "failed: disk.bin: could not be"),
        (OSError(28, "No space left on device", "x.bin"), 1, "failed: x.bin: no space left on device"),
        (MemoryError(), 1, "out of memory"),
        (ZeroDivisionError("oops"), 1, "ZeroDivisionError: oops"),
        (Interrupted("stopped after 5 of 9 paths", signal.SIGTERM), 143, "stopped after 5 of 9 paths"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (wrapped(Interrupted("stopped, nothing was written.", signal.SIGTERM)), 143, "stopped, nothing was written."),
    ],
)
def test_failures_are_a_line_and_an_exit_code(monkeypatch, error, code, says):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(pipeline, "execute", fail)
    said = call("run", SMOKE)
    assert said.exit_code == code
    assert says in said.stderr
    assert "Traceback" not in said.output


def test_a_traceback_is_there_for_those_who_ask(monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(pipeline, "execute", fail)
    assert f"{main.DEBUG}=1" in call("run", SMOKE).stderr
    monkeypatch.setenv(main.DEBUG, "1")
    assert "Traceback" in call("run", SMOKE).stderr


def test_long_lines_are_not_cut_off_a_terminal(tmp_path):
    deep = tmp_path / ("a" * 120) / "no.toml"
    answer = subprocess.run(command("run", deep), capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert str(deep) in answer.stderr
    assert "\x1b" not in answer.stderr


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_a_run_cleanly(tmp_path, signum, code):
    out = tmp_path / "run"
    with subprocess.Popen(
        command("run", SMOKE, "--out", out, "--paths", "1e9"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        assert any("simulating" in line for line in running.stderr)
        time.sleep(1.0)
        running.send_signal(signum)
        start = time.monotonic()
        stdout, stderr = running.communicate(timeout=60)
    assert time.monotonic() - start < 10
    assert running.returncode == code
    assert re.search(r"stopped after ([\d,]+) of 1,000,000,000 paths; \1 paths are kept: .* --resume goes on", stderr)
    assert "Traceback" not in stderr
    assert stdout == ""
    assert "wanted a finished one" in call("report", out).stderr
