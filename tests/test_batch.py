"""Several runs in one night: one folder, one page; what fails fails alone, and what was stopped goes on."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import replace
from unittest import mock

import pytest

from simulator import kernel, pipeline, report
from simulator.batch import planning, record, running
from simulator.config import durations
from simulator.engine import session
from simulator.engine.run_request import RunRequest
from simulator.errors import ConfigError, Interrupted, RunError
from simulator.results.store import RunFolder, open_run
from tests.faults import faults
from tests.pages import Page
from tests.resumable import Stopping, small_tasks
from tests.smoke import FLAGSHIP, ROOT, SMOKE
from tests.test_cli import call

PATHS = 1000
QUICK = ("--paths", PATHS, "--threads", 1, "--no-report", "--quiet")
TITLE = "<script>alert(1)</script> & co"


def a_list(folder, *entries, head=""):
    """A list of runs of the small programme."""
    text = head + "".join(f"\n[[runs]]\nconfig = {json.dumps(str(SMOKE))}\n{entry}\n" for entry in entries)
    (folder / "night.toml").write_text(text)
    return folder / "night.toml"


def known(folder):
    return json.loads((folder / "night.json").read_text())


def failing(error, name, otherwise=pipeline.execute):
    """`pipeline.execute` that fails in one run of a batch."""

    def run(request, on_stage):
        if request.out.name == name:
            raise error
        return otherwise(request, on_stage)

    return mock.patch.object(pipeline, "execute", run)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A finished run, for nights in which it does not matter what is simulated."""
    return pipeline.run(SMOKE, tmp_path_factory.mktemp("runs") / "small", paths=64, threads=1, draw=False)


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A night of three runs of which the second fails as nobody expected, and a config that is wrong."""
    folder = tmp_path_factory.mktemp("night")
    (folder / "titled.toml").write_text(SMOKE.read_text().replace('"Smoke test"', json.dumps(TITLE)))
    (folder / "wrong.toml").write_text(
        SMOKE.read_text().replace("spot0", "spot00").replace("months = 60", "months = 6")
    )
    listed = a_list(folder, 'stress = ["ai_winter"]', f"seed = 5\npaths = {PATHS // 2}", head=f"title = '{TITLE}'\n")

    def drawn(run):
        RunFolder.reopen(run).write("report.html", "a report")

    out = folder / "out"
    files = (folder / "titled.toml", listed, folder / "wrong.toml")
    with failing(ZeroDivisionError("oops"), "smoke-ai_winter"), mock.patch.object(report, "build", drawn):
        said = call("run", *files, "--out", out, "--threads", 1, "--log-json", folder / "log")
    return folder, out, said


@pytest.fixture(scope="module")
def plan():
    """A night of the small programme, twice."""
    return planning.plan_batch([SMOKE, SMOKE], [], RunRequest(SMOKE))


@pytest.fixture
def two(plan, monkeypatch):
    """Commands take that night, whatever configs they are given: reading them takes longest."""
    monkeypatch.setattr(planning, "plan_batch", lambda *_: plan)
    return SMOKE, SMOKE


def test_one_failing_run_does_not_stop_the_others(night):
    _, out, said = night
    assert said.exit_code == 1
    states = [(run["folder"], run["state"]) for run in known(out)["runs"]]
    assert states == [
        ("smoke", "finished"), ("smoke-ai_winter", "failed"), ("smoke-2", "finished"), ("wrong", "refused"),
    ]  # fmt: skip
    assert open_run(out / "smoke-2").summary["paths"] == PATHS // 2
    assert open_run(out / "smoke-2").summary["seed"] == 5
    assert "smoke-ai_winter: failed: ZeroDivisionError: oops\n" in said.stderr
    assert "Traceback" not in said.output


def test_the_mistakes_of_all_configs_are_said_first(night):
    folder, _, said = night
    first, second, third, *rest = said.stderr.splitlines()
    assert re.fullmatch(rf"{folder}/wrong\.toml:\d+: months: given 6, wanted .*", first)
    assert re.fullmatch(rf"{folder}/wrong\.toml:\d+: drivers\.price\.spot00: unknown key, did you mean spot0\?", second)
    assert third == "2 errors: 1 of 4 runs cannot be run, the others are."
    assert rest[0].startswith("== [1/4] smoke: simulating 4,096 paths")


def test_a_traceback_is_kept_for_what_nobody_expected(night):
    _, out, _ = night
    failed = known(out)["runs"][1]
    assert failed["error"] == "ZeroDivisionError: oops"
    assert "in run\n    raise error\nZeroDivisionError: oops" in failed["traceback"]


def test_the_page_names_all_runs_and_its_links_lead_somewhere(night):
    _, out, _ = night
    page = Page((out / "index.html").read_text())
    for run in known(out)["runs"]:
        assert run["folder"] in page.words
    assert {"smoke/report.html", "smoke-2/report.html"} <= set(page.links)
    for link in page.links:
        assert link[1:] in page.ids if link.startswith("#") else (out / link).is_file()
    for text in ("2 of 4 runs finished.", "4,096", "by paths", "ZeroDivisionError: oops", "spot00: unknown key"):
        assert text in page.words
    digest = open_run(out / "smoke").manifest["digest"]
    assert digest[:12] in page.words


def test_the_page_has_the_figures_of_the_summary_with_their_intervals(night):
    _, out, _ = night
    words = Page((out / "index.html").read_text()).words.replace("\N{MINUS SIGN}", "-")
    npv = open_run(out / "smoke").summary["plans"]["own"]["npv"]
    assert f"{npv['mean']:.2f}"[:-1] in words
    assert f"{npv['cvar']['0.95']['value']:.1f}" in words
    assert re.search(r"Own everything\n?-[\d.]+-[\d.]+ to -[\d.]+", words)


def test_what_a_config_is_called_is_text_on_the_page(night):
    _, out, _ = night
    text = (out / "index.html").read_text()
    page = Page(text)
    assert "script" not in page.tags
    assert page.words.count(TITLE) >= 2
    assert "default-src 'none'" in text


def test_a_night_is_as_good_as_single_runs(night, tmp_path):
    _, out, _ = night
    alone = pipeline.run(SMOKE, tmp_path / "r", paths=PATHS // 2, seed=5, draw=False)
    assert alone.manifest["digest"] == known(out)["runs"][2]["digest"]


def test_the_kernel_is_compiled_or_loaded_once(night):
    """A run of another config in the same process adds no machine code."""
    folder, _, _ = night
    assert len(kernel.simulate.signatures) == 1
    lines = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    seconds = [line["seconds"] for line in lines if line["event"] == "compile"]
    assert len(seconds) == 2
    assert seconds[1] < 5.0


def test_an_interrupted_night_goes_on_with_the_digests_of_single_runs(tmp_path):
    out, paths = tmp_path / "out", 2500
    listed = a_list(tmp_path, "seed = 3", "seed = 4", 'stress = ["ai_winter"]\npaths = 64')
    arguments = ("run", listed, "--threads", 1, "--no-report", "--out", out, "--set", f"paths={paths}")
    meters = iter([Stopping(-1, 0), Stopping(1, signal.SIGTERM)])
    with mock.patch.object(session, "meter", side_effect=lambda *_, **__: next(meters)), small_tasks(1024):
        said = call(*arguments)
    assert said.exit_code == 143
    assert "stopped after 1,024 of 2,500 paths; 1 of 3 runs of the night are finished" in said.stderr
    assert f"--out {out} --resume goes on with the others." in said.stderr
    assert [run["state"] for run in known(out)["runs"]] == ["finished", "interrupted", "waiting"]
    assert known(out)["status"] == "interrupted"
    assert "1 is still to be begun." in Page((out / "index.html").read_text()).words
    refused = call("run", "a.toml", "b.toml", "--out", out)
    assert refused.exit_code == 2
    assert "which holds a night, wanted a new folder or --resume" in refused.stderr
    before, took = (out / "smoke" / "manifest.json").stat().st_mtime_ns, known(out)["runs"][0]["seconds"]
    said = call(*arguments, "--resume")
    assert said.exit_code == 0, said.output
    assert (out / "smoke" / "manifest.json").stat().st_mtime_ns == before
    assert known(out)["runs"][0]["seconds"] == took
    assert open_run(out / "smoke-2").summary["resumed_at"] == [1024]
    alone = pipeline.run(SMOKE, tmp_path / "alone", paths=paths, seed=4, draw=False)
    assert open_run(out / "smoke-2").manifest["digest"] == alone.manifest["digest"]
    other = call("run", a_list(tmp_path, ""), "--out", out, "--resume", *QUICK)
    assert other.exit_code == 2
    assert "wanted the runs with which the night began" in other.stderr


def test_going_on_tries_failed_runs_again(tmp_path, small, two):
    arguments = ("run", *two, "--out", tmp_path / "out", *QUICK)
    with failing(RunError("no luck"), "smoke-2", lambda *_, **__: small):
        assert call(*arguments).exit_code == 1
    with mock.patch.object(pipeline, "execute", return_value=small) as ran:
        assert call(*arguments, "--resume").exit_code == 0
    assert ran.call_count == 2
    assert [run["error"] for run in known(tmp_path / "out")["runs"]] == [None, None]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "out of memory"),
        (OSError(28, "No space left on device", "x.bin"), "x.bin: no space left on device"),
        (ConfigError(["--seed: given 3, wanted 4"]), "--seed: given 3, wanted 4"),
    ],
)
def test_whatever_a_run_fails_of_the_next_one_is_run(tmp_path, small, two, error, says):
    with failing(error, "smoke", lambda *_, **__: small):
        said = call("run", *two, "--out", tmp_path / "out", *QUICK)
    assert said.exit_code == 1
    assert f"smoke: failed: {says}" in said.stderr
    assert known(tmp_path / "out")["runs"][1]["paths"] == 64


def test_a_record_that_cannot_be_written_ends_no_night(tmp_path):
    out = tmp_path / "out"
    request = RunRequest(SMOKE, paths=64, threads=1, report=False)
    plan = planning.plan_batch([SMOKE], [], request)
    heard = []
    with mock.patch.object(record.BatchRecord, "save", side_effect=RunError("night.json: could not be written (full)")):
        done = running.run_batch(plan, replace(request, out=out), None, lambda line, bad: heard.append((line, bad)))
    assert done.runs[0]["state"] == "finished"
    assert ("warning: night.json: could not be written (full)", True) in heard


def test_a_disk_that_is_full_for_good_is_said_and_counted(tmp_path):
    with faults(room=10_000):
        said = call("run", SMOKE, SMOKE, "--out", tmp_path / "out", *QUICK)
    assert said.exit_code == 1
    assert said.stderr.count("could not be written (No space left on device)") >= 2
    assert "Traceback" not in said.output


def test_nothing_is_run_where_nothing_can_be(tmp_path):
    out = tmp_path / "out"
    said = call("run", tmp_path / "a.toml", tmp_path / "b.toml", "--out", out, "--threads", 0)
    assert said.exit_code == 2
    assert said.stderr.splitlines()[-1] == "3 errors, nothing was run."
    assert not out.exists()


def test_two_nights_do_not_share_a_folder(tmp_path, small, two):
    out = tmp_path / "out"
    out.mkdir()
    with RunFolder(out).alone():
        said = call("run", *two, "--out", out, *QUICK)
    assert said.exit_code == 2
    assert "which another run is writing to" in said.stderr
    assert "which holds a run" in call("run", *two, "--out", small.path, *QUICK).stderr
    (out / "index.html").write_text("mine")
    assert "which holds an index.html of something else" in call("run", *two, "--out", out, *QUICK).stderr
    (out / "night.json").write_text("{}")
    assert "which holds a night of runs" in call("run", SMOKE, "--out", out, *QUICK).stderr


def test_a_precision_that_was_missed_is_exit_code_3(tmp_path):
    listed = a_list(tmp_path, 'precision = ["own.npv.cvar95:0.001%"]')
    said = call("run", listed, "--out", tmp_path / "out", *QUICK, "--strict")
    assert said.exit_code == 3
    assert "finished, precision not reached" in said.stdout
    assert "Precision was not reached in smoke." in Page((tmp_path / "out" / "index.html").read_text()).words


def test_json_is_the_record(tmp_path, small, two):
    with mock.patch.object(pipeline, "execute", return_value=small):
        said = call("run", *two, "--out", tmp_path / "out", *QUICK, "--json")
    assert json.loads(said.stdout) == known(tmp_path / "out")
    assert said.stderr == ""


def test_the_time_that_is_left_is_shared_evenly(monkeypatch, tmp_path, small):
    """Three runs in 600 s: 200 each; the first takes 30 s, so 285 for the others; the last has a time of its own."""
    now, shares = [1e9], []
    monkeypatch.setattr(durations.time, "monotonic", lambda: now[0])

    def run(request, _):
        shares.append(request.until.text)
        now[0] += 30.0
        return small

    monkeypatch.setattr(pipeline, "execute", run)
    listed = a_list(tmp_path, "", "", 'until = "+20s"', head='until = "+10min"\n')
    plan = planning.plan_batch([listed], [listed], RunRequest(listed))
    running.run_batch(plan, RunRequest(listed, tmp_path / "out"))
    assert shares == ["+200.000s", "+285.000s", "+20s"]
    now[0] = 2e9
    shares.clear()
    running.run_batch(plan, RunRequest(listed, tmp_path / "late", until="+1s"))
    assert shares == ["+0.333s", "+0.001s", "+0.001s"]  # late, but begun all the same


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("runs = []", ":1: runs: given 0 items, wanted at least 1"),
        ("runs = 3", ":1: runs: given 3, wanted a list"),
        ("[[runs]]\nconfig = 3", ":2: runs[0].config: given 3, wanted text in quotes"),
        ("[[runs]]\npaths = 1", ":1: runs[0].config: given nothing, wanted the config, a TOML file"),
        ("[[runs]]\nconfig = 'a'\npathz = 3", ":3: runs[0].pathz: unknown key, did you mean paths?"),
        ("[[runs]]\nconfig = 'a'\npaths = 0", ":3: runs[0].paths: given 0, wanted a whole number of at least 1"),
        ("[[runs]]\nconfig = 'a'\npaths = 1e99", ":3: runs[0].paths: given "),
        ("[[runs]]\nconfig = 'a'\nseed = -1", ":3: runs[0].seed: given -1, wanted "),
        ("[[runs]]\nconfig = 'a'\nuntil = 'soon'", ":3: runs[0].until: given soon, wanted a local time"),
        ("[[runs]]\nconfig = 'a'\nout = '../x'", ':3: runs[0].out: given "../x", wanted the name of a folder'),
        ("[[runs]]\nconfig = 'a'\nout = 'night.json'", ":3: runs[0].out: given "),
        ("[[runs]]\nconfig = 'a'\nout = 'x'\n[[runs]]\nconfig = 'a'\nout = 'x'", ":6: runs[1].out: given "),
        ("[[runs]]\nconfig = 'a'\nstress = 'ai_winter'", ':3: runs[0].stress: given "ai_winter", wanted a list'),
        ("untill = 3\n[[runs]]\nconfig = 'a'", ":1: untill: unknown key, did you mean until?"),
    ],
)
def test_mistakes_of_a_list_are_said_with_their_lines(tmp_path, text, says):
    (tmp_path / "night.toml").write_text(text)
    said = call("run", tmp_path / "night.toml", "--out", tmp_path / "out")
    assert said.exit_code == 2
    assert f"{tmp_path / 'night.toml'}{says}" in said.stderr
    assert "Traceback" not in said.output


def test_mistakes_of_what_a_list_asks_for_are_those_of_its_keys(tmp_path):
    listed = a_list(
        tmp_path, 'set = ["months=3"]', 'stress = ["ai_wintr"]', 'precision = ["own.npw.mean:1%"]', head="\n"
    )
    listed.write_text(listed.read_text() + "\n[[runs]]\nconfig = 'nowhere.toml'\n")
    said = call("run", listed, "--out", tmp_path / "out")
    assert said.exit_code == 2
    wanted = [
        (5, "runs[0].set: months: given 3, wanted a whole number from 12 to 600"),
        (9, "runs[1].stress: given ai_wintr, did you mean ai_winter?"),
        (13, "runs[2].precision: given own.npw.mean:1%, wanted a figure that is tallied: "),
        (16, "runs[3].config: given a path that cannot be read (No such file or directory), wanted a file"),
    ]
    lines = said.stderr.splitlines()
    assert len(lines) == len(wanted) + 1
    for line, (number, says) in zip(lines, wanted, strict=False):
        assert line.startswith(f"{listed}:{number}: {says}")


def test_names_are_distinct_and_those_of_a_list_stay(tmp_path):
    listed = a_list(tmp_path, "", 'out = "smoke"', "", "set = [\"name='index'\"]")
    plan = planning.plan_batch([listed], [listed], RunRequest(listed))
    assert [run.folder for run in plan.runs] == ["smoke-2", "smoke", "smoke-3", "index"]
    assert not plan.mistakes


def test_the_command_line_goes_before_a_list(tmp_path):
    listed = a_list(tmp_path, 'paths = 5\nseed = 6\nset = ["months=24"]\nstress = ["rates_up"]')
    request = RunRequest(listed, paths=7, seed=8, overrides=("months=36",), stress=("ai_winter",))
    (run,) = planning.plan_batch([listed], [listed], request).runs
    assert run.request is not None
    assert (run.request.paths, run.request.seed) == (7, 8)
    assert run.config is not None
    assert run.config.months == 36
    assert run.config.stress == ("rates_up", "ai_winter")


def test_stress_files_of_a_list_are_relative_to_it(tmp_path):
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "mine.toml").write_text("[set]\ndrivers.price.shock = -0.5\n")
    listed = a_list(tmp_path, 'stress = ["sets/mine.toml"]')
    (run,) = planning.plan_batch([listed], [listed], RunRequest(listed)).runs
    assert run.folder == "smoke-mine"


def test_the_list_that_ships_can_be_run():
    listed = ROOT / "configs" / "nightly" / "flagship.toml"
    plan = planning.plan_batch([listed], [listed], RunRequest(listed))
    assert not plan.mistakes
    assert len(plan.runs) == 3
    assert {run.source for run in plan.runs} == {str(FLAGSHIP)}


def test_a_signal_between_two_runs_ends_the_night(tmp_path, small, two, monkeypatch):
    def stopped(*_):
        raise Interrupted("stopped, nothing was written.", signal.SIGHUP)

    monkeypatch.setattr(pipeline, "execute", lambda *_, **__: small)
    monkeypatch.setattr(pipeline, "draw_report", stopped)
    said = call("run", *two, "--out", tmp_path / "out", "--paths", 64, "--quiet")
    assert said.exit_code == 129
    first, second = known(tmp_path / "out")["runs"]
    assert (first["state"], first["paths"], second["state"]) == ("finished", 64, "waiting")
