"""Runs that may go, and those that must stay."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from simulator import pipeline
from simulator.results import store
from simulator.results.store import RunFolder, open_run
from simulator.run_folders import prune
from simulator.run_folders.index import list_runs
from tests.faults import faults
from tests.resumable import small_tasks, stopped
from tests.smoke import SMOKE
from tests.test_cli import call

ALL = {"a": "finished", "b": "finished", "half": "interrupted", "night/long": "finished"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folders with runs: three finished ones, one of them in a night, and an interrupted one."""
    root = tmp_path_factory.mktemp("made")
    pipeline.run(SMOKE, root / "a", paths=64, threads=1, draw=False)
    for name in ("b", "night/long"):
        shutil.copytree(root / "a", root / name)
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


def test_pruning_says_what_would_go_and_removes_it_when_told(runs):
    said = call("runs", "prune", runs, "--keep", 1)
    assert said.exit_code == 0, said.output
    assert "2 runs would go" in said.stdout
    assert states(runs) == ALL
    size = sum(item.stat().st_size for item in (runs / "a").rglob("*") if item.is_file())
    output = json.loads(call("runs", "prune", runs, "--keep", 1, "--json").stdout)
    assert {row["folder"]: row["bytes"] for row in output["gone"]}["a"] == size
    assert "2 runs removed" in call("runs", "prune", runs, "--keep", 1, "--yes").stdout
    assert states(runs) == {"half": "interrupted", "night/long": "finished"}
    assert not (runs / "a").exists()


def test_runs_are_chosen_by_age_and_state(runs):
    rows = [{**row, "ended": None, "committed": None} for row in list_runs(runs)]
    now = datetime.now(UTC)
    for k, row in enumerate(rows):
        row["ended"] = (now - timedelta(days=k)).isoformat(timespec="seconds").replace("+00:00", "Z")

    def chosen(**how):
        return {row["folder"] for row in prune.choose_runs(rows, prune.PruneChoice(**how))}

    old = {row["folder"] for row in rows[2:] if row["state"] == "finished"}
    assert chosen(before=now - timedelta(days=1.5)) == old
    assert chosen(states=("interrupted",)) == {"half"}
    assert chosen(keep=0) == {"a", "b", "night/long"}
    assert chosen(keep=2, before=now + timedelta(days=1)) < chosen(keep=0)
    rows[0].update(ended=None, started=None)
    assert rows[0]["folder"] not in chosen(before=now + timedelta(days=1))


def test_a_run_that_is_being_written_stays(runs):
    with RunFolder(runs / "half").alone(resume=True):
        assert "0 runs would go" in call("runs", "prune", runs, "--interrupted").stdout
        done = prune.prune_runs(runs, [{"folder": "half", "state": "interrupted"}], remove=True)
    assert done.kept[0]["reason"] == "a run is writing to it"
    assert states(runs) == ALL


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("notes.md", "notes.md, which no run writes"),
        ("data.csv", "data.csv, which no run writes"),
        (".git", ".git, which no run writes"),
        ("sub/config.toml", "config.toml, which no run writes"),
        ("sub/manifest.json", "another run"),
        ("night.json", "another run or night"),
        ("link.json", "link.json, which no run writes"),
    ],
)
def test_a_folder_that_holds_anything_else_stays(runs, name, says):
    path = runs / "a" / name
    if name == ".git":
        path.mkdir()
    elif name == "link.json":
        path.symlink_to(runs / "b" / store.SUMMARY)
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    done = prune.prune_runs(runs, [{"folder": "a", "state": "finished"}], remove=True)
    assert says in done.kept[0]["reason"]
    assert (runs / "a" / store.MANIFEST).exists()


def test_links_and_what_is_no_run_stay(runs, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(runs / "a", other / "a")
    (runs / "link").symlink_to(other / "a")
    (runs / "out").symlink_to(other)
    shutil.copytree(runs / "b", runs / "web")
    (runs / "web" / store.MANIFEST).write_text('{"format": "another"}')
    rows = [{"folder": name, "state": "finished"} for name in ("link", "out/a", "../other/a", "web", ".")]
    done = prune.prune_runs(runs, rows, remove=True)
    assert not done.gone
    assert [row["reason"] for row in done.kept] == [
        "it is a link", "it is a link", "it is a link", "it has no manifest.json of a run",
        "it is the folder that is listed",
    ]  # fmt: skip
    assert (other / "a" / store.MANIFEST).exists()


def test_broken_runs_go_if_they_were_runs(runs):
    (runs / "a" / store.SAMPLE).unlink()
    manifest = runs / "b" / store.MANIFEST
    manifest.write_text(manifest.read_text()[:2000])
    (runs / "half" / store.MANIFEST).unlink()
    said = call("runs", "prune", runs, "--broken", "--yes")
    assert "2 runs removed" in said.stdout
    assert "stays  broken       half: it has no manifest.json of a run" in said.stdout
    assert not (runs / "a").exists()
    assert (runs / "half").exists()


def test_a_night_knows_which_of_its_runs_were_pruned(made, tmp_path, monkeypatch):
    def run(request, _):
        shutil.copytree(made / "a", request.out, dirs_exist_ok=True)
        return open_run(request.out)

    monkeypatch.setattr(pipeline, "execute", run)
    out = tmp_path / "runs" / "night"
    arguments = ("run", SMOKE, SMOKE, "--out", out, "--paths", 64, "--no-report", "--quiet")
    assert call(*arguments).exit_code == 0
    with RunFolder(out).alone(resume=True):
        assert "smoke: its night is running" in call("runs", "prune", tmp_path / "runs", "--keep", 0).stdout
    said = call("runs", "prune", tmp_path / "runs", "--keep", 1, "--yes")
    assert "1 run removed" in said.stdout
    night = json.loads((out / "night.json").read_text())
    (gone,) = [run["folder"] for run in night["runs"] if run["state"] == "pruned"]
    assert not (out / gone).exists()
    page = (out / "index.html").read_text()
    assert "its folder was pruned" in page
    assert f'href="{gone}/"' not in page
    assert call(*arguments, "--resume").exit_code == 0  # it is not simulated again
    assert not (out / gone).exists()


@pytest.mark.parametrize("age", ["30", "0d", "-3d", "d", "1y", "nan d", "1e3d", "9999999d"])
def test_ages_that_make_no_sense_are_refused(runs, age):
    said = call("runs", "prune", runs, f"--older-than={age}")
    assert said.exit_code == 2
    assert f"--older-than: given {age}, wanted an age such as 12h, 30d or 8w" in said.stderr
    assert call("runs", "prune", runs, "--keep=-1").exit_code == 2


@pytest.mark.parametrize("at", [1, 3, 6])
def test_what_a_failing_disk_leaves_of_a_run_is_still_known_as_one(runs, at):
    with faults(at=at, lasting=True):
        said = call("runs", "prune", runs, "--keep", 1, "--yes")
    assert said.exit_code == 1
    assert "stays  finished" in said.stdout
    assert "input/output error" in said.stdout
    left = states(runs)
    assert left["a"] == ("finished" if at == 1 else "broken")
    assert call("runs", "prune", runs, "--broken", "--yes").exit_code == 0
    assert ("a" in states(runs)) == (at == 1)
