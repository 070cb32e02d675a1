"""When a run ends: paths, precision or time, whichever comes first; and what it says of that."""

from __future__ import annotations

import json
import math

import pytest

from simulator.config import freeze, load
from simulator.engine import stopping
from simulator.engine.simulation import make_job
from simulator.errors import ConfigError
from simulator.results.columns import tally_columns
from simulator.results.sizes import TASK_PATHS
from simulator.results.store import open_any
from simulator.risk.precision import precision_target
from tests.resumable import run, same, stopped
from tests.smoke import SMOKE
from tests.test_cli import call

LOOSE, TIGHT = "own.npv.mean:1%", "own.npv.cvar95:0.000001%"


@pytest.fixture(scope="module")
def wanted():
    """Targets by text, of the smoke programme."""
    job = make_job(freeze(load(SMOKE)))
    columns = tally_columns(job.columns, job.tally, job.events)
    return lambda text: precision_target(text, columns, job.events)


@pytest.mark.parametrize(
    ("text", "column", "measure", "level", "half", "relative"),
    [
        ("own.npv.cvar95:1%", "own.npv", "cvar", 0.95, 0.01, True),
        ("own.npv.var99.5:0.5", "own.npv", "var", 0.995, 0.5, False),
        ("own.npv.q05:2%", "own.npv", "q", 0.05, 0.02, True),
        ("world.price_m12.mean:1e-3", "world.price_m12", "mean", math.nan, 1e-3, False),
        ("own.npv < 0.probability:1%", "own.npv", "probability", math.nan, 0.01, True),
        ("own.dscr_min<1.2.probability:.01", "own.dscr_min", "probability", math.nan, 0.01, False),
        ("own.breach.probability:.01", "own.breach", "probability", math.nan, 0.01, False),
    ],
)
def test_a_target_says_what_is_to_be_known_how_well(wanted, text, column, measure, level, half, relative):
    parsed = wanted(text)
    assert (parsed.column, parsed.measure.kind, parsed.relative) == (column, measure, relative)
    assert parsed.half_width == pytest.approx(half)
    assert parsed.measure.level == pytest.approx(level, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("own.npv.cvar95", "wanted PLAN.METRIC.MEASURE:HALFWIDTH"),
        ("own.npv.cvar95:0%", "wanted PLAN.METRIC.MEASURE:HALFWIDTH"),
        ("own.npv.best:1%", "wanted PLAN.METRIC.MEASURE:HALFWIDTH"),
        ("mine.npv.mean:1%", "wanted a figure that is tallied: world."),
        ("own.irr.mean:1%", "wanted a figure that is tallied"),
        ("own.npv.probability:1%", "npv is no event"),
        ("own.breach.mean:1%", "breach is an event: its measure is probability"),
        ("own.payback.cvar95:1%", "payback is no amount"),
        ("own.payback.mean:1%", "it has no mean"),
    ],
)
def test_targets_that_make_no_sense_are_refused(wanted, text, says):
    with pytest.raises(ConfigError, match=says):
        wanted(text)


def test_tails_are_looked_at_once_they_hold_300_paths(wanted):
    assert wanted("own.npv.cvar95:1%").first_look == 6000
    assert wanted("own.npv.var99.9:1%").first_look == 300_000
    assert wanted("own.npv.q01:1%").first_look == 30_000
    criteria = stopping.StoppingCriteria(None, ("own.npv.var99.9:1%",))
    assert stopping.StoppingRule(criteria, [wanted(criteria.precision[0])]).look_at == 19 * TASK_PATHS  # 311,296
    assert stopping.StoppingRule(criteria, [wanted("own.npv.mean:1%")]).look_at == 65_536


@pytest.mark.parametrize(("excess", "factor"), [(1.01, 1.25), (1.2, 1.584), (3.0, 2.0), (math.inf, 2.0)])
def test_the_next_look_is_planned_from_the_last(excess, factor):
    planned = stopping.next_look(1_000_000, excess)
    assert planned % TASK_PATHS == 0
    assert 0 <= planned - 1_000_000 * factor < TASK_PATHS


def test_a_run_ends_once_it_is_precise_enough_at_the_same_path_on_any_threads(tmp_path):
    done = run(tmp_path / "one", precision=[LOOSE], checkpoint=60.0)
    stop = done.summary["stop"]
    assert (stop["rule"], stop["asked"]) == ("precision", [LOOSE])
    assert stop["precision"][0]["met"]
    npv = done.summary["plans"]["own"]["npv"]
    assert 1.96 * npv["stderr"] <= 0.01 * abs(npv["mean"])
    assert done.manifest["paths"] >= 65_536
    assert done.manifest["paths"] % TASK_PATHS == 0
    stopped(tmp_path / "two", None, 2, precision=[LOOSE], threads=2)
    assert open_any(tmp_path / "two").manifest["asked"] == {"paths": None, "precision": [LOOSE], "until": None}
    again = run(tmp_path / "two", resume=True, checkpoint=60.0)  # what it was begun for
    same(again, done)
    assert run(tmp_path / "two", resume=True).manifest == again.manifest


def test_paths_end_a_run_that_is_not_precise_enough_yet(tmp_path):
    done = run(tmp_path / "run", 70_000, precision=[LOOSE, TIGHT], checkpoint=60.0)
    stop = done.summary["stop"]
    assert (stop["rule"], stop["asked"], stop["reached"]) == ("paths", 70_000, 70_000)
    assert [target["met"] for target in stop["precision"]][1] is False
    same(run(tmp_path / "plain", 70_000, checkpoint=60.0, precision=[LOOSE, TIGHT]), done)


def test_a_time_ends_a_run_and_strict_wants_the_precision(tmp_path):
    arguments = ("run", SMOKE, "--until", "+1s", "--precision", TIGHT, "--no-report", "--quiet", "--threads", 1)
    said = call(*arguments, "--out", tmp_path / "a")
    assert said.exit_code == 0, said.output
    assert "stopped by until, asked for +1s" in said.stdout
    assert f"  {TIGHT}  NOT reached, own.npv.cvar95:" in said.stdout
    stop = json.loads((tmp_path / "a" / "summary.json").read_text())["stop"]
    assert (stop["rule"], stop["asked"]) == ("until", "+1s")
    assert call(*arguments, "--out", tmp_path / "b", "--strict").exit_code == 3


def test_what_is_wrong_with_a_rule_is_said_before_anything_is_run(tmp_path):
    said = call("run", SMOKE, "--out", tmp_path / "r", "--until", "soon", "--paths", "none")
    assert said.exit_code == 2
    assert "--until: given soon, wanted a local time such as 06:00, or +5min" in said.stderr
    said = call("run", SMOKE, "--out", tmp_path / "r", "--precision", "own.npw.mean:1%", "--quiet")
    assert said.exit_code == 2
    assert "--precision: given own.npw.mean:1%, wanted a figure that is tallied" in said.stderr
    assert not (tmp_path / "r").exists()
