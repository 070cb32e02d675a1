"""Run folders as a collection: listed, compared and pruned."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import time

import pytest

from simulator import pipeline
from simulator.analyses.compare import compare
from simulator.report.text_tables import interval, value
from simulator.results import store
from simulator.results.store import RunFolder, open_any, open_run
from simulator.risk.intervals import Figure
from simulator.run_folders import index, inventory
from simulator.run_folders.diff import diff_runs
from simulator.run_folders.index import list_runs
from tests.resumable import small_tasks, stopped
from tests.smoke import SMOKE
from tests.test_cli import call

PATHS = 1500
RUN = {"paths": PATHS, "threads": 1, "draw": False}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folders with runs: two on one seed that differ in a price, one longer, one on another seed, one interrupted."""
    root = tmp_path_factory.mktemp("made")
    pipeline.run(SMOKE, root / "a", **RUN)
    pipeline.run(SMOKE, root / "b", overrides=["drivers.price.spot0=20", "metrics.levels=[0.9]"], **RUN)
    pipeline.run(SMOKE, root / "night" / "long", **{**RUN, "paths": 2000})
    pipeline.run(SMOKE, root / "seed", seed=9, **RUN)
    with small_tasks(1024):
        stopped(root / "half", 5000)
    return root


@pytest.fixture
def runs(made, tmp_path):
    """A copy of them, to change."""
    shutil.copytree(made, tmp_path / "runs")
    return tmp_path / "runs"


def states(root):
    return {row["folder"]: row["state"] for row in list_runs(root)}


ALL = {"a": "finished", "b": "finished", "half": "interrupted", "night/long": "finished", "seed": "finished"}


def test_every_run_is_listed_with_what_it_is(runs):
    rows = {row["folder"]: row for row in list_runs(runs)}
    assert {name: row["state"] for name, row in rows.items()} == ALL
    a, half = rows["a"], rows["half"]
    summary = open_run(runs / "a").summary
    assert (a["name"], a["seed"], a["paths"], a["digest"]) == ("smoke", 1, PATHS, summary["digest"])
    assert a["plans"] == ["own", "jv", "hybrid"]
    assert a["headline"]["own"]["cvar"] == summary["plans"]["own"]["npv"]["cvar"]["0.95"]
    assert (half["paths"], half["asked"], half["digest"]) == (1024, 5000, None)


def test_the_list_is_printed_and_as_json(runs):
    said = call("runs", runs)
    assert said.exit_code == 0, said.output
    assert f"RUNS IN {runs}: 4 finished, 1 interrupted" in said.stdout
    cell = Figure.from_dict(open_run(runs / "a").summary["plans"]["own"]["npv"]["cvar"]["0.95"])
    assert f"CVaR 95 % {value(cell, 'amount')} ({interval(cell, 'amount')})" in said.stdout
    assert "night/long\n" in said.stdout
    assert max(map(len, said.stdout.splitlines()[1:])) <= 80
    assert [row["folder"] for row in json.loads(call("runs", "list", runs, "--json").stdout)] == list(rows_in(runs))


def rows_in(root):
    return [row["folder"] for row in list_runs(root)]


def test_a_run_that_is_being_written_is_running(runs):
    with RunFolder(runs / "half").alone(resume=True):
        assert states(runs)["half"] == "running"
        (runs / "new").mkdir()
        with RunFolder(runs / "new").alone():
            assert states(runs)["new"] == "running"
    assert states(runs) == ALL


def test_broken_runs_are_said_to_be(runs):
    states(runs)  # so that the index knows them as whole
    (runs / "a" / store.SAMPLE).unlink()
    (runs / "b" / store.TAIL).write_bytes(b"x")
    manifest = runs / "seed" / store.MANIFEST
    manifest.write_text(manifest.read_text()[:2000])
    (runs / "half" / store.MANIFEST).unlink()
    rows = {row["folder"]: row for row in list_runs(runs)}
    assert [rows[name]["state"] for name in ("a", "b", "seed", "half")] == ["broken"] * 4
    assert "sample.parquet: missing" in rows["a"]["error"]
    assert "not JSON any more" in rows["seed"]["error"]
    assert call("runs", runs).exit_code == 0


def test_what_is_no_run_is_not_listed(runs):
    (runs / "web").mkdir()
    (runs / "web" / "manifest.json").write_text('{"name": "a web page"}')
    (runs / "mine").mkdir()
    (runs / "mine" / "config.toml").write_text("x = 1")
    (runs / "link").symlink_to(runs / "a")
    (runs / "loop").symlink_to(runs)
    (runs / "night" / "night.json").write_text("{}")
    assert states(runs) == ALL


@pytest.mark.parametrize(
    "how", ["missing", "corrupt", "cut", "empty", "foreign", "other columns", "folder", "wrong rows"]
)
def test_an_index_that_is_none_is_made_anew(runs, how):
    file = runs / index._FILE
    list_runs(runs)
    if how in ("missing", "folder", "foreign", "other columns"):
        file.unlink()
    if how == "corrupt":
        file.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    elif how == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "folder":
        file.mkdir()
    elif how in ("foreign", "other columns"):
        with sqlite3.connect(file) as db:
            db.execute("CREATE TABLE runs (name TEXT)" if how == "other columns" else "CREATE TABLE x (name TEXT)")
            db.execute(f"PRAGMA user_version = {0 if how == 'other columns' else 7}")
        db.close()
    elif how == "wrong rows":
        with sqlite3.connect(file) as db:
            db.execute("UPDATE runs SET body = '[]'")
        db.close()
    assert states(runs) == ALL
    if how != "folder":
        assert len(index._load(file)) == len(ALL)
    assert states(runs) == ALL


def test_the_index_follows_the_folders(runs, monkeypatch):
    assert states(runs) == ALL
    read = []
    describe = inventory.describe_run
    monkeypatch.setattr(inventory, "describe_run", lambda folder: read.append(folder.name) or describe(folder))
    assert states(runs) == ALL
    assert read == []
    shutil.rmtree(runs / "seed")
    pipeline.run(SMOKE, runs / "half", resume=True, draw=False, threads=1)
    assert states(runs) == {**{name: state for name, state in ALL.items() if name != "seed"}, "half": "finished"}
    assert read == ["half"]
    list_runs(runs, rebuild=True)
    assert len(read) == 1 + 4


def test_a_folder_that_takes_no_index_goes_without(runs, monkeypatch):
    def refused(*_, **__):
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(index.sqlite3, "connect", refused)
    assert states(runs) == ALL
    assert not (runs / index._FILE).exists()


def test_many_runs_are_listed_fast_the_second_time(made, tmp_path):
    for k in range(250):
        folder = tmp_path / f"r{k}"
        folder.mkdir()
        for item in (made / "a").iterdir():
            (folder / item.name).hardlink_to(item)
    first = len(list_runs(tmp_path))
    start = time.process_time()
    assert len(list_runs(tmp_path)) == first == 250
    assert time.process_time() - start < 0.5  # .05 s; reading them takes 1.5 s


@pytest.mark.parametrize("arguments", [["nowhere"], ["diff", "a", "b"], ["prune"], ["prune", "nowhere", "--keep", "1"]])
def test_what_is_wrong_is_said_with_exit_code_2(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = call("runs", *arguments)
    assert said.exit_code == 2
    assert "wanted" in said.stderr
    assert said.stdout == ""


def test_no_runs_yet_is_no_mistake(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = call("runs")
    assert (said.exit_code, said.stdout) == (0, "no runs in runs\n")


def test_what_changed_between_two_runs(made):
    said = diff_runs(open_any(made / "a"), open_any(made / "b"))
    changed = {item["key"]: (item["a"], item["b"]) for item in said["config"]}
    assert changed["drivers.price.spot0"] == ({"value": 40, "low": 10, "high": 50}, 20)
    assert set(changed) == {"drivers.price.spot0", "metrics"}
    assert said["code"] == said["draws"] == said["machine"] == []
    assert said["data"] == {"known": True, "changed": []}
    assert any(leaf["key"].startswith("price.") for leaf in said["model"]["changed"])
    assert (said["same"], said["paired"]) == (False, True)


def test_differences_on_one_seed_are_those_of_compare(made):
    said = diff_runs(open_any(made / "a"), open_any(made / "b"))
    results = {(row["plan"], row["metric"]): row for row in said["results"]}
    for metric in ("npv", "npv < 0", "breach", "min_cash"):
        pairs = compare(made / "a", made / "b", metric)["pairs"]
        for plan, pair in zip(("own", "jv", "hybrid"), pairs, strict=True):
            moved = results[plan, metric]["difference"]
            assert moved == {key: pair[key] for key in moved}
            assert moved["mean"]["low"] <= moved["mean"]["value"] <= moved["mean"]["high"]
    own = open_run(made / "a").summary["plans"]["own"]["npv"]
    assert results["own", "npv"]["a"]["mean"]["value"] == own["mean"]
    assert results["own", "npv"]["a"]["cvar"] == own["cvar"]


def test_runs_of_another_seed_share_nothing(made):
    said = diff_runs(open_any(made / "a"), open_any(made / "seed"))
    assert not said["paired"]
    assert "seed 9" in said["unpaired_because"]
    assert said["draws"] == [{"key": "seed", "a": 1, "b": 9}]
    assert all(row["difference"] is None for row in said["results"])
    text = call("runs", "diff", made / "a", made / "seed").stdout
    assert "Not the same worlds" in text
    assert "B less A" not in text


def test_one_run_and_itself_are_the_same(made, tmp_path):
    pipeline.run(SMOKE, tmp_path / "again", **{**RUN, "threads": 2})
    said = call("runs", "diff", made / "a", tmp_path / "again")
    assert "The results are the same, bit for bit" in said.stdout
    assert "config: the same" in said.stdout
    assert "machine.threads: 1 -> 2" in said.stdout
    output = json.loads(call("runs", "diff", made / "a", tmp_path / "again", "--json").stdout)
    assert output["same"]
    assert all(row["same"] for row in output["results"])


def test_a_longer_run_is_compared_on_the_paths_that_both_kept(made):
    said = diff_runs(open_any(made / "a"), open_any(made / "night" / "long"))
    assert said["config"] == []
    npv = next(row for row in said["results"] if row["metric"] == "npv")
    assert not npv["same"]
    assert npv["difference"]["n"] == PATHS
    assert npv["difference"]["mean"]["value"] == 0.0


def test_an_unfinished_run_has_a_config_but_no_results(made):
    said = diff_runs(open_any(made / "half"), open_any(made / "a"))
    assert said["results"] is None
    assert not said["same"]
    assert "results: an unfinished run has none" in call("runs", "diff", made / "half", made / "a").stdout


def test_other_plans_and_other_data_are_said(made, tmp_path):
    text = SMOKE.read_text().replace("[plans.jv]", "[plans.venture]")
    text = text.replace("longrun = { value = 12, low = 8, high = 20 }", 'longrun = { csv = "r.csv", column = "r" }')
    (tmp_path / "my.toml").write_text(text)
    for k in range(2):
        (tmp_path / "r.csv").write_text(f"r\n11\n12.{k}\n")
        pipeline.run(tmp_path / "my.toml", tmp_path / f"{k}", **{**RUN, "paths": 64})
    said = diff_runs(open_any(tmp_path / "0"), open_any(tmp_path / "1"))
    assert [item["key"] for item in said["data"]["changed"]] == ["r.csv:r"]
    assert said["config"] == []
    assert "r.csv:r: " in call("runs", "diff", tmp_path / "0", tmp_path / "1").stdout
    said = diff_runs(open_any(made / "a"), open_any(tmp_path / "1"))
    assert said["plans"] == {"both": ["own", "hybrid"], "only_a": ["jv"], "only_b": ["venture"]}
    assert {row["plan"] for row in said["results"]} == {"own", "hybrid"}


def test_a_signal_that_ends_a_run_leaves_it_interrupted(tmp_path):
    with small_tasks(1024):
        stopped(tmp_path / "r", 5000, signum=signal.SIGINT)
    assert states(tmp_path) == {"r": "interrupted"}
