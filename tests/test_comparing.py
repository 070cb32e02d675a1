"""Comparisons of real runs: from the run folder to the tables, the file and the charts; and all that is refused."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator import pipeline
from simulator.analyses.break_even import break_even
from simulator.analyses.compare import compare
from simulator.cli.main import app
from simulator.config import freeze, load
from simulator.engine.interrupt import Stop
from simulator.engine.scenario_samples import threaded_figures
from simulator.engine.simulation import make_job
from simulator.errors import ConfigError
from simulator.results.store import RunFolder
from simulator.risk import comparison_inputs, measures
from tests.smoke import SMOKE

PATHS = 3000
PLANS = {
    "own": "",
    "deferred": 'chips = "deferred"\n',
    "cash": "notes = false\n",
}
SEVERAL = "own_deferred_cash.toml"


def config(folder, plans=PLANS):
    """The smoke programme with several plans."""
    text = re.sub(r"(?ms)^\[plans\.[^\n]*\n.*?(?=^\[|\Z)", "", SMOKE.read_text())
    path = folder / f"{'_'.join(plans)}.toml"
    path.write_text(text + "".join(f"\n[plans.{name}]\n{lines}" for name, lines in plans.items()))
    return path


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Runs: base; dear, with dearer compute, shorter; another seed; a single plan."""
    home = tmp_path_factory.mktemp("comparing")
    file = config(home)
    pipeline.run(file, home / "base", paths=PATHS, threads=2)
    pipeline.run(file, home / "dear", overrides=["programme.compute_cost=40"], paths=2000, threads=2, draw=False)
    pipeline.run(file, home / "seed", paths=500, threads=1, seed=99, draw=False)
    pipeline.run(config(home, {"own": ""}), home / "one", paths=500, threads=1, draw=False)
    return home


@pytest.fixture(scope="module")
def comparison(home):
    return compare(home / "base")


def npv(home, plan, run="base"):
    return pipeline.open_run(home / run).sample([f"{plan}.npv"])[f"{plan}.npv"]


def test_the_whole_run_is_the_sample_where_both_hold_all_paths(home, comparison):
    d = npv(home, "deferred") - npv(home, "own")
    block = pipeline.open_run(home / "base").summary["comparison"]
    said = block["differences"]["deferred"]["npv"]
    assert (block["first"], list(block["differences"])) == ("own", ["deferred", "cash"])
    assert said["value"] == pytest.approx(d.mean(), rel=1e-12)
    assert said["beats"]["value"] == (d > 1e-6).mean()
    first = comparison["pairs"][0]
    assert (first["plan"], first["against"]) == ("deferred", "own")
    assert (first["mean"]["value"], first["mean"]["n"]) == (said["value"], PATHS)
    exact = measures.paired_cvar(npv(home, "deferred"), npv(home, "own"), 0.95, "low")
    assert first["cvar"]["0.95"]["value"] == pytest.approx(exact.value)
    assert comparison["regret"] == block["regret"]


def test_any_number_of_threads_compares_alike(home, tmp_path):
    alone = pipeline.run(home / SEVERAL, tmp_path / "alone", paths=PATHS, threads=1, draw=False)
    base = pipeline.open_run(home / "base")
    assert alone.summary["digest"] == base.summary["digest"]
    assert alone.summary["comparison"] == base.summary["comparison"]


def test_plans_that_differ_by_notes_alone_have_one_npv(comparison):
    pair = next(entry for entry in comparison["pairs"] if entry["plan"] == "cash" and entry["against"] == "own")
    assert (pair["mean"]["value"], pair["ties"]["value"]) == (0.0, 1.0)
    assert pair["dominance"]["first"]["over"]["verdict"] == "dominates"


def test_plans_are_chosen_and_ordered(home):
    chosen = compare(home / "base", plans=["cash", "deferred"])
    assert chosen["plans"] == ["cash", "deferred"]
    (pair,) = chosen["pairs"]
    assert (pair["plan"], pair["against"], pair["n"]) == ("deferred", "cash", PATHS)
    every = compare(home / "base", metric="eps_fy2028")
    assert (every["unit"], len(every["pairs"])) == ("USD/share", 3)


def test_two_runs_on_one_seed_differ_by_what_was_changed(home):
    between = compare(home / "base", home / "dear")
    assert [(entry["plan"], entry["against"]) for entry in between["pairs"]] == [
        (f"{plan}@dear", f"{plan}@base") for plan in PLANS
    ]
    d = npv(home, "own", "dear") - npv(home, "own")[:2000]
    own = between["pairs"][0]
    assert (between["n"], own["n"]) == (2000, 2000)
    assert own["mean"]["value"] == pytest.approx(d.mean())
    assert own["beats"]["value"] == 0.0
    assert own["dominance"]["first"]["under"]["verdict"] == "dominates"


def test_single_plans_of_two_runs_need_no_common_name(home, tmp_path):
    other = pipeline.run(
        config(tmp_path, {"mine": ""}), tmp_path / "mine", paths=500, seed=1, threads=1, draw=False
    ).path
    (pair,) = compare(home / "one", other)["pairs"]
    assert (pair["plan"], pair["against"]) == ("mine@mine", "own@one")


def test_an_event_is_compared_as_a_probability(home):
    (pair,) = compare(home / "base", metric="npv < 0", plans=["own", "deferred"])["pairs"]
    shares = [(npv(home, plan) < 0).mean() for plan in ("deferred", "own")]
    assert pair["mean"]["value"] == pytest.approx(shares[0] - shares[1])


def test_a_break_even_is_where_runs_held_there_are_even(home):
    """The cancellation fee at which deferring is worth as much as committing."""
    several, key = home / SEVERAL, "programme.cancellation_fee"
    options = {"plans": ["deferred", "own"], "paths": 2000}
    result = break_even(several, key, 0.0, 1.0, **options, threads=2)
    assert [result["points"][k]["value"] for k in (0, -1)] == [0.0, 1.0]
    (root,) = result["roots"]
    assert result["leaders"] == [0, 1]
    held = freeze(load(several, [f"{key}={root['value']!r}"]))
    job = make_job(held, 2000, 1)
    rows = [column.row for column in job.columns if column.name in ("own.npv", "deferred.npv")]
    with Stop() as stop:
        own, deferred = threaded_figures(held.model, rows, job.seed, job.paths, 2, stop)
    d = deferred - own
    assert abs(d.mean()) < 0.05 * d.std() / np.sqrt(d.size)
    assert result == break_even(several, key, 0.0, 1.0, **options, threads=1)


def test_compare_prints_tables_and_writes_file_and_charts(home, tmp_path):
    said = call("compare", home / "base", "--out", tmp_path / "out")
    assert said.exit_code == 0, said.stderr
    assert max(map(len, said.stdout.split("\nwritten")[0].splitlines())) <= 80
    for words in ("deferred less own", "Regret", "Stochastic dominance, tolerance 0.1 USD bn", "Efficient set"):
        assert words in said.stdout
    assert "cash and own: the same distribution" in said.stdout
    tables = re.sub(r"(?s)Stochastic dominance.*?(?=Efficient)", "", said.stdout.partition("\n\n")[2])
    figures = [line for line in tables.splitlines() if re.search(r"^ {2,4}\S.* -?[\d.,]+( %)?\b", line[:56])]
    assert all(" to " in line[56:] or " [" in line[56:] for line in figures if line[46:56].strip())
    edge = said.stdout.partition("Efficient set")[2]
    assert re.search(r"mean +-\S+   -\S+ to -\S+\n +CVaR 95 % +\S+   \S+ to \S+ \[1\]", edge)
    assert re.search(r"the same on +100\.0+ % +99\.\d+ to 100\.0+ %\n  mean the same, CVaR 95 % the same", said.stdout)
    assert json.loads((tmp_path / "out/comparison.json").read_text())["n"] == PATHS
    assert {path.name for path in (tmp_path / "out/figures").iterdir()} == {"differences.png", "efficient.png"}


def test_compare_says_where_plans_change_places(home, tmp_path):
    said = call(
        "compare", home / "base", "--plans", "own,deferred", "--break-even", "drivers.price.longrun", "--paths", "1500",
        "--out", tmp_path / "out", "--quiet",
    )  # fmt: skip
    assert said.exit_code == 0, said.stderr
    assert re.search(r"change places at|never changes places between 8 and 20", said.stdout)
    assert (tmp_path / "out/figures/breakeven.png").read_bytes().startswith(b"\x89PNG")
    body = json.loads((tmp_path / "out/comparison.json").read_text())["break_even"]
    assert (body["input"], body["low"], body["high"], body["paths"]) == ("drivers.price.longrun", 8.0, 20.0, 1500)


def test_json_is_all_that_is_printed(home):
    said = call("compare", home / "base", home / "dear", "--json", "--metric", "peak_funding")
    assert said.exit_code == 0
    body = json.loads(said.stdout)
    assert (body["metric"], body["bad"], [run["tag"] for run in body["runs"]]) == (
        "peak_funding",
        "high",
        ["base", "dear"],
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["base", "--plans", "own,xx"], "--plans: given own,xx, wanted some of own, deferred, cash"),
        (["base", "--plans", "own,own"], "each once"),
        (["base", "--plans", "own"], "given one plan (own), wanted two, or a second run"),
        (["base", "seed"], "given seed 99, wanted that of"),
        (["one"], "given one plan (own), wanted two"),
        (["nothing"], "holds no finished run"),
        (["base", "nothing"], "holds no finished run"),
        (["base", "--metric", "npw"], "--metric: given npw, did you mean npv?"),
        (["base", "--tolerance", "-1"], "--tolerance: given -1, wanted a number of at least 0"),
        (["base", "--low", "3"], "given without --break-even"),
        (["base", "dear", "--break-even", "programme.wacc"], "given with two runs, wanted one"),
        (["base", "--break-even", "drivers.price.longrum"], "did you mean drivers.price.longrun?"),
        (["base", "--break-even", "programme.waxx", "--low", "1", "--high", "2"], "programme.waxx: unknown key"),
        (["base", "--break-even", "programme.wacc", "--low", "2", "--high", "1"], "wanted less than --high"),
        (["base", "--break-even", "programme.wacc", "--low", "x"], "--low: given x, wanted a number"),
        (["base", "--break-even", "programme.wacc", "--plans", "own,cash,deferred"], "wanted two of own"),
        (
            [
                "base",
                "--break-even",
                "programme.wacc",
                "--low",
                ".05",
                "--high",
                ".1",
                "--measure",
                "cvar95",
                "--paths",
                "100",
            ],
            "too few tail paths",
        ),
        (["base", "--break-even", "programme.wacc", "--metric", "payback"], "a month that may never come"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_line(home, arguments, says):
    folders = ("base", "dear", "seed", "one", "nothing")
    said = call("compare", *(home / entry if entry in folders else entry for entry in arguments), "--quiet")
    assert said.exit_code == 2
    assert says in said.stderr
    assert "Traceback" not in said.output
    assert said.stdout == ""


def test_a_damaged_run_is_said_to_be_one(home, tmp_path):
    import shutil

    folder = shutil.copytree(home / "base", tmp_path / "run")
    (folder / "sample.parquet").write_bytes(b"x")
    said = call("compare", folder)
    assert said.exit_code == 1
    assert re.search(r"failed: .*sample\.parquet: missing or cut short", said.stderr)


def test_other_path_ids_are_refused(home, tmp_path):
    import shutil

    folder = shutil.copytree(home / "dear", tmp_path / "other")
    run, stored = pipeline.open_run(folder), RunFolder.reopen(folder)
    stored.write_table("sample.parquet", {**run.sample(), "path": run.sample()["path"] + 1})
    manifest = {key: value for key, value in run.manifest.items() if key not in ("format", "files")}
    stored.write_manifest(manifest)
    with pytest.raises(ConfigError, match="given other path ids than"):
        compare(home / "base", folder)


def test_runs_of_equal_name_are_numbered(home, tmp_path):
    import shutil

    folder = shutil.copytree(home / "dear", tmp_path / "base")
    assert compare(home / "base", folder, plans=["own"])["plans"] == ["own@1", "own@2"]


def test_the_report_compares_the_plans(home):
    text = (home / "base" / "report.html").read_text()
    for words in ("Plans compared", "less that of", "Stochastic dominance over", "Debt against the assets"):
        assert words in text
    drawn = {path.name for path in (home / "base" / "figures").iterdir()}
    assert {"differences.png", "efficient.png", "debt_own.png", "debt_deferred.png"} <= drawn
    assert "debt_cash.png" not in drawn  # it owes nothing


def test_bounds_come_from_the_swing_where_none_are_given():
    swing = [comparison_inputs.Swing("a.b", 1.0, 5.0)]
    assert comparison_inputs.search_bounds("a.b", None, None, swing) == (1.0, 5.0)
    assert comparison_inputs.search_bounds("a.b", 2.0, None, swing) == (2.0, 5.0)
    assert comparison_inputs.search_bounds("c", 2.0, 3.0, swing) == (2.0, 3.0)
    with pytest.raises(ConfigError, match="--high: given nothing"):
        comparison_inputs.search_bounds("c", 2.0, None, swing)
