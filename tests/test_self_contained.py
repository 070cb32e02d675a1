"""A run folder is all that a run needs: copied elsewhere, without its config and the CSV files that it read."""

from __future__ import annotations

import json
import shutil

import pytest

import simulator
from simulator.config import freeze, kept_columns, load
from simulator.errors import ConfigError
from simulator.results import store
from simulator.results.store import open_run
from simulator.results.tree import tree_hash
from tests.resumable import run
from tests.smoke import SMOKE
from tests.test_cli import call

SLIP = '[drivers.grid]\nslip = { csv = "../data/delays.csv", column = "months" }\n'


def a_project(folder):
    """A config whose law is a column of a CSV file in another folder."""
    (folder / "configs").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "data" / "delays.csv").write_text("project,months\na,2\nb,7.25\nc,11\nd,30\n")
    text = SMOKE.read_text().replace("[drivers.grid]\n", SLIP)
    (folder / "configs" / "my.toml").write_text(text)
    return folder / "configs" / "my.toml"


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A run folder, copied; config, CSV file and the folder itself are gone. With the run's digest."""
    base = tmp_path_factory.mktemp("moved")
    config = a_project(base / "project")
    done = run(base / "project" / "run", 128, config)
    copy = base / "elsewhere" / "copy"
    shutil.copytree(done.path, copy)
    shutil.rmtree(base / "project")
    return copy, done.manifest["digest"]


def test_the_folder_keeps_the_columns_that_were_read(moved):
    folder, _ = moved
    body = json.loads((folder / store.COLUMNS).read_text())
    assert body["columns"] == {"../data/delays.csv": {"months": [2.0, 7.25, 11.0, 30.0]}}
    assert store.COLUMNS in open_run(folder).manifest["files"]
    assert 'csv = "../data/delays.csv"' in open_run(folder).config
    assert (kept_columns._KEPT, kept_columns._CONFIG) == (store.COLUMNS, store.CONFIG)


def test_its_config_runs_again_to_the_same_digest_and_keeps_them_too(moved, tmp_path):
    folder, digest = moved
    again = run(tmp_path / "again", 128, folder / store.CONFIG)
    assert again.manifest["digest"] == digest
    assert again.columns == open_run(folder).columns
    assert again.manifest["config_hash"] == open_run(folder).manifest["config_hash"]


def test_every_verb_works_on_the_copy(moved, tmp_path):
    folder, digest = moved
    for arguments in (
        ["compare", folder, "--break-even", "drivers.price.longrun", "--paths", 256, "--quiet"],
        ["replay", folder, "--worst", 1, "--quiet", "--out", tmp_path / "replay"],
        ["check", folder / store.CONFIG, "--against", folder, "--quiet"],
        ["tornado", folder / store.CONFIG, "--paths", 64, "--quiet"],
        ["stress", folder / store.CONFIG, "--paths", 64, "--sets", "ai_winter", "--quiet"],
        ["runs", "diff", folder, folder],
    ):
        answer = call(*arguments)
        assert answer.exit_code == 0, (arguments, answer.output)
    longer = shutil.copytree(folder, tmp_path / "longer")
    answer = call("run", longer / store.CONFIG, "--out", longer, "--resume", "--paths", 256, "--no-report", "--quiet")
    assert answer.exit_code == 0, answer.output
    assert open_run(longer).manifest["paths"] == 256
    assert open_run(longer).manifest["digest"] != digest
    assert store.COLUMNS in open_run(longer).manifest["files"]


def test_only_the_config_of_a_run_reads_what_its_folder_keeps(moved, tmp_path):
    """Somebody's own config beside it reads the CSV file, which may have changed since."""
    folder = shutil.copytree(moved[0], tmp_path / "data" / "run")
    shutil.copy(folder / store.CONFIG, folder / "mine.toml")
    with pytest.raises(ConfigError, match=r'given "\.\./data/delays\.csv", wanted a CSV file \(No such file'):
        load(folder / "mine.toml")
    text = (folder / store.CONFIG).read_text().replace("../data/delays.csv", "other.csv")
    (folder / store.CONFIG).write_text(text)
    (folder / "other.csv").write_text("months\n5\n")
    assert freeze(load(folder / store.CONFIG)).config._folder == folder / store.COLUMNS


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "not JSON any more"),
        ("{}", "in the format capex-simulator columns 1"),
        ('{"columns": {"../data/delays.csv": {"months": ["x"]}}}', "wanted numbers in"),
        ('{"columns": {"../data/delays.csv": {"months": [NaN]}}}', "wanted numbers in"),
        ('{"columns": {"../data/delays.csv": {"months": []}}}', "wanted numbers in"),
        ('{"columns": 3}', "wanted a CSV file (No such file"),
    ],
)
def test_damaged_columns_are_a_mistake_of_the_config(moved, tmp_path, body, says):
    folder = shutil.copytree(moved[0], tmp_path / "run")
    head = '{"format": "capex-simulator columns 1", "columns"'
    (folder / store.COLUMNS).write_text(body.replace('{"columns"', head))
    with pytest.raises(ConfigError) as caught:
        load(folder / store.CONFIG)
    assert says in str(caught.value)


def test_a_missing_csv_file_is_said_with_the_whole_path(tmp_path, monkeypatch):
    config = a_project(tmp_path / "project")
    (tmp_path / "project" / "data" / "delays.csv").unlink()
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "my.toml").symlink_to(config)
    monkeypatch.chdir(tmp_path)
    for named, place in ((config, "project/data"), ("links/my.toml", "data")):
        with pytest.raises(ConfigError) as caught:
            simulator.load(named)
        assert f"looked for {tmp_path}/{place}/delays.csv" in str(caught.value)


def test_a_config_that_is_a_link_reads_the_files_beside_the_link(tmp_path):
    config = a_project(tmp_path / "project")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "linked.toml").symlink_to(config)
    shutil.copytree(tmp_path / "project" / "data", tmp_path / "data")
    linked, direct = (freeze(load(path)) for path in (tmp_path / "configs" / "linked.toml", config))
    assert tree_hash(linked.model) == tree_hash(direct.model)


def test_a_run_without_columns_keeps_none(tmp_path):
    done = run(tmp_path / "run", 64)
    assert done.columns == {}
    assert not (done.path / store.COLUMNS).exists()
