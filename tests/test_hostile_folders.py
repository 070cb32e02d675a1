"""Run folders that others can write to: pipes and devices in place of files, manifests and tables of other types.

Checksums fit wherever a text is changed here: whoever can write to a folder can write those, too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import simulator
from simulator import pipeline
from simulator.errors import ConfigError, RunError
from simulator.file_access import describe_path, open_regular
from simulator.report import report_page, stress_chart, tornado_chart
from simulator.report.report_data import read_report_data
from simulator.results import manifest as manifests
from simulator.results import store
from simulator.results.store import open_any, open_run
from simulator.risk.summary import read_summary
from simulator.run_folders.index import list_runs
from tests.resumable import run
from tests.smoke import SMOKE
from tests.test_cli import call

SECONDS = 20.0  # for a command that must not wait for ever


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small finished run."""
    return run(tmp_path_factory.mktemp("runs") / "run", 64).path


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of it."""
    return shutil.copytree(finished, tmp_path / "runs" / "run")


@contextmanager
def in_time():
    """Fail a block that waits for a pipe."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits for ever"))
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def sign(folder, change=None):
    """Write the manifest anew: sizes and checksums of the files that are there, then `change` on its entries."""
    entries = json.loads((folder / store.MANIFEST).read_text())
    del entries["checksum"]
    for name in entries["files"]:
        data = (folder / name).read_bytes()
        entries["files"][name] = {"bytes": len(data), "sha256": store.hashlib.sha256(data).hexdigest()}
    if change is not None:
        change(entries)
    (folder / store.MANIFEST).write_text(json.dumps({**entries, "checksum": manifests.checksum(entries)}))


def commands(folder):
    """Every command that reads a run folder."""
    yield ["runs", folder.parent]
    yield ["runs", "prune", folder.parent, "--keep", 0]
    yield ["runs", "diff", folder, folder]
    yield ["compare", folder]
    yield ["report", folder]
    yield ["replay", folder, "--path", 3, "--quiet"]
    yield ["check", SMOKE, "--against", folder, "--quiet"]
    yield ["run", SMOKE, "--out", folder, "--quiet"]
    yield ["run", SMOKE, "--out", folder, "--resume", "--quiet"]


PLACES = {"a pipe": os.mkfifo, "a device": lambda path: path.symlink_to("/dev/zero"), "a folder": os.mkdir}


@pytest.mark.parametrize("place", PLACES)
def test_no_command_waits_for_what_is_no_file(folder, place):
    file = folder / store.MANIFEST
    file.unlink()
    PLACES[place](file)
    with in_time():
        for arguments in commands(folder):
            answer = call(*arguments)
            assert "This should not happen" not in answer.output, arguments
            assert answer.exception is None or isinstance(answer.exception, SystemExit), arguments
            assert answer.exit_code in ((0,) if arguments[0] == "runs" and arguments[1] != "diff" else (1, 2)), (
                arguments
            )


@pytest.mark.parametrize("name", [store.SUMMARY, store.SAMPLE, store.MODEL, store.CONFIG])
def test_a_pipe_that_the_manifest_lists_is_refused(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    entries = json.loads((folder / store.MANIFEST).read_text())
    entries["files"][name]["bytes"] = 0
    del entries["checksum"]
    (folder / store.MANIFEST).write_text(json.dumps({**entries, "checksum": manifests.checksum(entries)}))
    with in_time(), pytest.raises(RunError, match=rf"{name}: cannot be read \(it is a pipe, not a regular file\)"):
        open_run(folder).verify()


def test_a_config_that_is_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "my.toml")
    os.mkfifo(tmp_path / ".index.sqlite")
    with in_time():
        with pytest.raises(ConfigError, match="it is a pipe, not a regular file"):
            simulator.load(tmp_path / "my.toml")
        assert list_runs(tmp_path) == []


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("files", [], "files: given [], wanted a table"),
        ("files", None, "files: given null, wanted a table"),
        ("files", {"../x": {"bytes": 1, "sha256": "0" * 64}}, 'files: given "../x", wanted the name of a file in the'),
        ("files", {"/etc/passwd": {}}, 'files: given "/etc/passwd", wanted the name of a file in the folder'),
        ("files", {"x.npz": {"bytes": "9"}}, 'files.x.npz.bytes: given "9", wanted a whole number from 0 on'),
        ("files", {"x.npz": {"bytes": 9}}, "files.x.npz.sha256: given nothing, wanted a SHA-256 in hex"),
        ("status", "done", 'status: given "done", wanted finished or unfinished'),
        ("state", 3, "state: given 3, wanted a table"),
        ("state", {}, "state.paths: given nothing, wanted a whole number from 0 on"),
        ("seed", "1", 'seed: given "1", wanted a whole number from 0 on'),
        ("seed", True, "seed: given true, wanted a whole number from 0 on"),
        ("paths", -1, "paths: given -1, wanted a whole number from 0 on"),
        ("started", "yesterday", 'started: given "yesterday", wanted a time with its zone'),
        ("streams", {"a": "b"}, 'streams: given {"a": "b"}, wanted a table, each value a whole number from 0 on'),
        ("stress", "ai_winter", 'stress: given "ai_winter", wanted a list, each item a text'),
        ("asked", {"paths": 3}, "asked.precision: given nothing, wanted a list, each item a text"),
        ("machine", {}, "machine.threads: given nothing, wanted a whole number from 0 on"),
        ("resumed_at", 4, "resumed_at: given 4, wanted a list, each item a whole number from 0 on"),
    ],
)
def test_a_manifest_of_other_types_is_refused_by_key(folder, key, value, says):
    sign(folder, lambda entries: entries.update({key: value}))
    with pytest.raises(RunError) as caught:
        open_any(folder)
    assert str(caught.value).startswith(f"{folder / store.MANIFEST}: {says}")


RESUMED = ("asked", "code_sha256", "seed", "state", "streams")  # each takes a second
KEYS = [
    *(
        "asked",
        "canary_sha256",
        "code_sha256",
        "commit",
        "config_hash",
        "data",
        "digest",
        "ended",
        "look_at",
        "machine",
    ),
    *("name", "paths", "resumed_at", "rng", "sampler", "seed", "started", "state", "status", "streams", "stress"),
    *("tallies", "versions", "model_sha256", "config_sha256", "machine"),
]


def test_a_manifest_without_a_key_never_ends_in_a_traceback(folder, monkeypatch):
    """Each key in turn, with the commands that do not simulate; a run of an older version is still read."""
    whole = (folder / store.MANIFEST).read_text()
    known = set(json.loads(whole)) - {"format", "files", "checksum"}
    assert known == set(KEYS)
    for key in KEYS:
        (folder / store.MANIFEST).write_text(whole)
        sign(folder, lambda entries, key=key: entries.pop(key))
        resume = ["run", SMOKE, "--out", folder, "--resume", "--quiet", "--no-report"]
        for arguments in (["runs", "diff", folder, folder], ["compare", folder], *([resume] if key in RESUMED else ())):
            answer = call(*arguments)
            assert "This should not happen" not in answer.output, (key, arguments, answer.output)
            assert answer.exit_code in (0, 1, 2), (key, arguments)


def write_table(folder, name, columns):
    pq.write_table(pa.table(columns), folder / name)
    sign(folder)


TABLES = {
    "no Parquet": (lambda columns: None, "is no table that a run wrote"),
    "no rows": (lambda columns: {name: values[:0] for name, values in columns.items()}, "given a table without rows"),
    "no path": (lambda columns: {k: v for k, v in columns.items() if k != "path"}, "has no column path, wanted one"),
    "a path of numbers": (
        lambda columns: {**columns, "path": columns["path"].astype(float)},
        "column path: given double, wanted int64",
    ),
    "words for numbers": (
        lambda columns: {**columns, "own.npv": np.array(["a"] * 64, dtype=object)},
        "column own.npv: given string, wanted double",
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_sample_that_no_run_wrote_is_refused(folder, kind):
    change, says = TABLES[kind]
    columns = change(open_run(folder).sample())
    if columns is None:
        (folder / store.SAMPLE).write_bytes(b"PAR1 and nothing else PAR1")
        sign(folder)
    else:
        write_table(folder, store.SAMPLE, columns)
    with pytest.raises(RunError, match=says) as caught:
        open_run(folder).sample(["own.npv"])
    assert str(caught.value).startswith(str(folder / store.SAMPLE))
    for arguments in (["compare", folder], ["report", folder], ["replay", folder, "--worst", 1, "--quiet"]):
        answer = call(*arguments)
        assert (answer.exit_code, "This should not happen" in answer.output) == (1, False), answer.output


@pytest.mark.parametrize("name", ["tornado", "stress"])
def test_a_result_that_no_command_wrote_is_refused(folder, name):
    """These files have no checksum: other commands put them beside a run."""
    draw = {"tornado": tornado_chart.draw_tornado, "stress": stress_chart.draw_stress}[name]
    for body in ({"bars": [1], "sets": [1]}, {"bars": [{"delta_low": "x"}], "sets": [{}]}, {"bars": 1, "sets": 1}, []):
        (folder / f"{name}.json").write_text(json.dumps(body))
        with pytest.raises(RunError, match=rf"{name}\.json: .*run the {name} again"):
            report_page._draw_result(draw, read_report_data(folder), name)


def test_a_series_of_other_columns_is_refused(folder):
    columns = open_run(folder).series()
    write_table(folder, store.SERIES, {name: columns[name] for name in ("series", "month", "q50")})
    answer = call("report", folder)
    assert answer.exit_code == 1
    assert "series.parquet: has no column q05, q25, q75, q95, mean, wanted one" in answer.stderr


def test_a_sample_of_other_columns_is_refused_by_name(folder):
    columns = open_run(folder).sample()
    write_table(folder, store.SAMPLE, {name: columns[name] for name in ("path", "own.irr")})
    answer = call("compare", folder)
    assert answer.exit_code == 1
    assert "given column own.npv, wanted one that the run kept" in answer.stderr


@pytest.mark.parametrize(
    "body", [[], {}, {"digest": 1}, {"digest": "", "paths": "many", "seed": 1, "stop": [], "plans": 3}, "{" * 2000]
)
def test_a_summary_that_no_run_wrote_is_refused(folder, body):
    (folder / store.SUMMARY).write_text(body if isinstance(body, str) else json.dumps(body))
    sign(folder)
    with pytest.raises(RunError, match=r"summary\.json: "):
        read_summary(open_run(folder))
    (row,) = list_runs(folder.parent, rebuild=True)
    assert row["state"] == "broken"
    for arguments in (["compare", folder], ["report", folder], ["runs", "diff", folder, folder]):
        answer = call(*arguments)
        assert (answer.exit_code, "This should not happen" in answer.output) == (1, False), answer.output


def test_a_figure_of_a_summary_of_another_type_is_refused_by_key(folder):
    body = json.loads((folder / store.SUMMARY).read_text())
    for change, key in (
        ({"paths": "many"}, "paths"),
        ({"stop": {**body["stop"], "rule": 3}}, "stop.rule"),
        ({"plans": {**body["plans"], "own": {"npv": {**body["plans"]["own"]["npv"], "n": "9"}}}}, "plans.own.npv.n"),
    ):
        (folder / store.SUMMARY).write_text(json.dumps({**body, **change}))
        sign(folder)
        with pytest.raises(RunError, match=rf"is no summary of a run \({key} is of another type\)"):
            read_summary(open_run(folder))


@pytest.mark.parametrize("text", ["not = [TOML", "name = 'x'\nsites = 3\nplans = 4\n", "\ud800"])
def test_a_config_that_no_run_wrote_is_refused(folder, text):
    (folder / store.CONFIG).write_bytes(text.encode("utf-8", "surrogatepass"))
    sign(folder)
    for arguments in (["replay", folder, "--path", 1, "--quiet"], ["runs", "diff", folder, folder]):
        answer = call(*arguments)
        assert "This should not happen" not in answer.output, answer.output


def test_a_device_is_not_even_opened(tmp_path):
    began = time.monotonic()
    with pytest.raises(OSError, match="it is a device, not a regular file"):
        open_regular("/dev/tty")
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    assert time.monotonic() - began < 1.0


def test_the_whole_path_is_said_where_a_link_or_a_folder_leads_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "latest").symlink_to(tmp_path / "gone")
    assert describe_path(tmp_path / "latest") == f"{tmp_path / 'latest'} (that is {tmp_path / 'gone'})"
    assert describe_path(tmp_path / "here") == str(tmp_path / "here")
    monkeypatch.chdir(tmp_path)
    for arguments, says in (
        (
            ["run", "my.toml"],
            f"my.toml: given a path that cannot be read (No such file or directory; looked for {tmp_path}/my.toml)",
        ),
        (["compare", "latest"], f"latest (that is {tmp_path}/gone): holds no finished run"),
        (["replay", "latest", "--path", 1], f"latest (that is {tmp_path}/gone): holds no run"),
    ):
        answer = call(*arguments)
        assert (answer.exit_code, says in answer.stderr) == (2, True), answer.stderr
    with pytest.raises(RunError, match=r"latest \(that is .*gone\): given no run folder"):
        pipeline.open_run("latest")
