"""`simulator replay` from the command line: what is printed, what is written and where, and how it refuses."""

from __future__ import annotations

import csv
import io
import json
import struct

import pytest

from simulator.analyses.replay.replay import replay
from simulator.engine import continuity
from simulator.report.replay_tables import by_year, monthly_csv
from tests.resumable import run
from tests.smoke import SMOKE
from tests.test_cli import call


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return run(tmp_path_factory.mktemp("runs") / "smoke", 1_100).path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_story_is_printed_and_kept_beside_the_run(folder):
    before = contents(folder)
    said = call("replay", folder, "--worst", 2, "--plan", "own", "--metric", "npv")
    assert said.exit_code == 0, said.output
    assert "Shown, worst first: the 2 worst paths by own.npv, of all 1,100 paths." in said.stdout
    assert said.stdout.count("Every figure equals, bit for bit, that in tail.parquet and sample.parquet.") == 2
    assert "; no. 1\n" in said.stdout
    assert "\nWhat happened\n2026-07  notes of USD 10.00 bn issued at 4.50 % to 5.50 %\n" in said.stdout
    assert "Plan own (Own everything), USD bn by year, levels at its end" in said.stdout
    assert max(map(len, said.stdout.replace(str(folder), "").splitlines())) <= 130
    assert contents(folder) == before
    beside = folder.with_name("smoke-replay")
    worst = [entry["path"] for entry in replay(folder, worst=2)["replays"]]
    names = {f"path-{path}.{kind}" for path in worst for kind in ("json", "csv", "png")}
    assert {path.name for path in beside.iterdir()} == names
    assert said.stdout.splitlines()[-2:] == [f"written {beside / f'path-{path}'}.json, .csv, .png" for path in worst]


def test_files_hold_what_python_returns(folder, tmp_path):
    said = call("replay", folder, "--path", 3, "--path", 7, "--path", 3, "--out", tmp_path / "out", "--quiet")
    assert (said.exit_code, said.stderr) == (0, "")
    result = replay(folder, [3, 7])
    kept = [json.loads((tmp_path / "out" / f"path-{path}.json").read_text()) for path in (3, 7)]
    assert kept == [{**result, "replays": [entry]} for entry in json.loads(json.dumps(result["replays"]))]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "path-7.csv").read_text())))
    assert [row["date"] for row in rows] == result["replays"][1]["dates"]
    cash = result["replays"][1]["plans"]["hybrid"]["months"]["cash"]
    assert [struct.pack("d", float(row["hybrid.cash"])) for row in rows] == [struct.pack("d", x) for x in cash]
    assert rows[0]["own.dscr"] == ""  # no test yet
    png = (tmp_path / "out" / "path-7.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (1488, 2104)  # A4


def test_json_is_all_that_is_printed_and_nothing_is_written(folder):
    beside = folder.with_name("smoke-replay")
    before = contents(beside) if beside.exists() else None
    said = call("replay", folder, "--path", 5, "--plan", "jv", "--plan", "own", "--json", "--quiet")
    result = json.loads(said.stdout)
    assert list(result["replays"][0]["plans"]) == ["jv", "own"]
    assert result == json.loads(json.dumps(replay(folder, [5], plans=["jv", "own"])))
    assert (contents(beside) if beside.exists() else None) == before


def test_months_instead_of_years(folder, tmp_path):
    years, months = (
        call("replay", folder, "--path", 2, "--plan", "own", "--out", tmp_path, *more).stdout
        for more in ((), ("--monthly",))
    )
    assert "\n2027-02 " in months
    assert "\n2027 " in years
    assert "\n2027 " not in months
    [entry] = replay(folder, [2], plans=["own"])["replays"]
    flow = entry["plans"]["own"]["months"]["cash_flow"]
    sums = by_year(flow, entry["dates"])
    assert sums[0][0] == list(range(6))  # July to December
    assert sum(total for _, total in sums) == pytest.approx(sum(flow))
    assert monthly_csv(entry).count("\n") == 61


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--path", "-1"], ["--path: given -1, wanted at least 0"]),
        (["--path", "x", "--worst", "0"], [
            "--path: given x, wanted the whole number of a path", "--worst: given 0, wanted at least 1",
            "--worst: given with --path, wanted one of them"]),
        (["--path", "1.5"], ["--path: given 1.5, wanted the whole number of a path"]),
        (["--path", "1100"], ["--path: given 1100, wanted 0 to 1099: the run has 1,100 paths, from 0 on"]),
        (["--path", "1e12"], ["--path: given 1000000000000, wanted 0 to 1099: the run has 1,100 paths, from 0 on"]),
        (["--worst", "101"], ["--worst: given 101, wanted at most 100"]),
        (["--worst", "2", "--metric", "npw"], ["--metric: given npw, did you mean npv?"]),
        (["--worst", "2", "--plan", "hybird"], ["--plan: given hybird, did you mean hybrid?"]),
        ([], ["--path: given none, wanted a path of the run, or --worst K"]),
        (["--path", "1", "--out", str(SMOKE)], [f"--out: given {SMOKE}, which is a file, wanted a folder"]),
    ],
)  # fmt: skip
def test_bad_input_ends_with_two(folder, options, said):
    done = call("replay", folder, *options)
    assert done.exit_code == 2
    assert done.stdout == ""
    number = f"{len(said)} error{'s' if len(said) > 1 else ''}, nothing was run."
    assert done.stderr.splitlines() == [*said, number]


def test_no_run_and_another_program(folder, tmp_path, monkeypatch):
    done = call("replay", tmp_path, "--path", 1)
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        2, f"{tmp_path}: holds no run (no manifest.json), wanted a run folder"
    )  # fmt: skip
    monkeypatch.setattr(continuity, "code_hash", lambda: "0" * 64)
    done = call("replay", folder, "--path", 1)
    assert done.exit_code == 2
    assert f"{folder}: code: given 000000000000, the run began with " in done.stderr
    assert "--accept-changes replays nevertheless" in done.stderr
    done = call("replay", folder, "--path", 1, "--accept-changes", "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "\nCHANGED: code: given 000000000000" in done.stdout


def test_a_folder_that_cannot_be_written_is_named(folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".path-1.csv.part").mkdir()
    done = call("replay", folder, "--path", 1, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "path-1.csv: could not be written" in done.stderr


def test_a_run_says_how_its_worst_paths_are_seen(tmp_path):
    done = call("run", SMOKE, "--paths", 300, "--out", tmp_path / "run", "--no-report", "--threads", 1)
    assert f"  simulator replay {tmp_path / 'run'} --worst 5\n" in done.stdout


def test_names_from_a_config_cannot_break_the_page(folder):
    result = replay(folder, [1])
    result["title"] = "$x^2$ <b>\n" * 20
    result["replays"][0]["plans"]["own"]["title"] = "$\\frac{" * 30
    from simulator.report import replay_figure
    from simulator.report.replay_text import replay_text

    assert replay_figure(result, result["replays"][0]).startswith(b"\x89PNG")
    assert "\n\n\n" not in replay_text(result)
