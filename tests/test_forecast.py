"""The forecast of a pilot: half-widths, the path at which a run ends, and the run itself."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from simulator.analyses.forecast_check import check_forecast
from simulator.config import freeze, load
from simulator.engine import run_forecast
from simulator.engine.cost_forecast import run_pilot
from simulator.engine.run_forecast import forecast_from_pilot, forecast_run
from simulator.engine.simulation import make_job
from simulator.engine.stopping import FIRST_LOOK, StoppingCriteria
from simulator.engine.warmup import warm_up
from simulator.finance.metrics import Metric
from simulator.results.columns import Column, tally_columns
from simulator.results.tallies import Tallies
from simulator.risk import precision
from simulator.risk.precision_forecast import forecast_precision
from tests.resumable import run
from tests.smoke import SMOKE
from tests.test_cli import call
from verification.coverage import LAWS
from verification.forecast import MEASURES, simulate_run

LEVELS = (0.95, 0.99)
NORMAL = LAWS[0]


@pytest.fixture(scope="module")
def job():
    job = make_job(freeze(load(SMOKE)), threads=2)
    warm_up(job, lambda _: None)
    return job


@pytest.fixture(scope="module")
def pilot(job):
    """The pilot of every run here."""
    return run_pilot(job, FIRST_LOOK)


@pytest.fixture(scope="module")
def sizes(job, pilot):
    """Half-widths of the pilot, by measure."""
    tallies = pilot.tallies
    columns = tally_columns(job.columns, job.tally, job.events)
    return {
        text: precision.assess_precision(
            tallies, precision.precision_target(f"{text}:1", columns, job.events), 60
        ).half_width
        for text in ("own.npv.mean", "own.npv.cvar95")
    }


@pytest.mark.parametrize("measure", MEASURES)
def test_half_widths_and_ends_are_predicted(seed, measure):
    """Ranges of 95 %: at least four of eight runs lie within but once in ten thousand times; ratios to 15 %."""
    rng = np.random.default_rng([seed, MEASURES.index(measure)])
    runs = [simulate_run(NORMAL, measure, rng) for _ in range(8)]
    assert sum(run.half_held for run in runs) >= 4
    assert np.mean([run.half for run in runs]) == pytest.approx(1.0, abs=0.15)
    assert np.mean([run.stop for run in runs]) == pytest.approx(1.0, abs=0.3)


def test_nothing_is_uncertain_of_the_pilot_itself_and_much_of_what_is_far():
    column = Column("own", Metric("x", "amount", "USD bn", "low", False, "x"), 0)
    tallies = Tallies((column,), (0.0,))
    tallies.record(0, np.random.default_rng(2).normal(10.0, 5.0, (1, FIRST_LOOK)))
    for measure in ("mean:0.01", "var95:0.1%", "sd:0.01", "q01:0.01", "cvar99:1%"):
        forecast = forecast_precision(tallies, precision.precision_target(f"own.x.{measure}", (column,), ()), 60)
        assert forecast is not None
        near, mid, far = (forecast.half_width(times * FIRST_LOOK) for times in (1, 4, 400))
        assert near.low == near.expected == near.high == forecast.pilot.half_width
        assert mid.low < mid.expected < mid.high
        assert mid.low > far.low
        assert math.log(far.high / far.low) >= math.log(mid.high / mid.low)
        if measure.startswith("mean"):
            assert far.expected == pytest.approx(near.expected / 20, rel=1e-9)


def test_what_the_bins_of_the_histogram_hide_is_out_of_reach():
    """Between 512 and 1,024 a bin is half a USD bn wide: no interval of a VaR gets below that."""
    column = Column("own", Metric("x", "amount", "USD bn", "high", False, "x"), 0)
    tallies = Tallies((column,), (700.0,))
    tallies.record(0, np.random.default_rng(2).normal(700.0, 50.0, (1, FIRST_LOOK)))
    for half, within in (("1", True), ("0.05", False)):
        forecast = forecast_precision(tallies, precision.precision_target(f"own.x.var95:{half}", (column,), ()), 60)
        assert (run_forecast.paths_until_precise([forecast], FIRST_LOOK).expected < math.inf) == within


def test_a_run_ends_where_it_was_predicted(job, pilot, sizes, monkeypatch, tmp_path):
    """The pilot is the beginning of the run: its first look is known, the next few nearly."""
    requests = [f"own.npv.cvar95:{sizes['own.npv.cvar95'] / 1.6:.4g}", f"own.npv.mean:{sizes['own.npv.mean']:.4g}"]
    forecast = forecast_from_pilot(job, StoppingCriteria(None, tuple(requests)), LEVELS, pilot)
    monkeypatch.setattr(run_forecast, "run_pilot", lambda job, paths: pilot)
    assert forecast.rule == "precision"
    assert forecast.pilot.paths == FIRST_LOOK
    assert forecast.paths.low <= forecast.paths.expected <= forecast.paths.high
    done = run(tmp_path / "run", precision=requests, threads=2, checkpoint=60.0)
    stop = done.summary["stop"]
    assert stop["rule"] == "precision"
    assert forecast.paths.low <= done.summary["paths"] <= forecast.paths.high
    cvar = done.summary["plans"]["own"]["npv"]["cvar"]["0.95"]
    assert stop["precision"][0] | cvar == stop["precision"][0]  # the interval of the table is the one that was judged
    assert (cvar["high"] - cvar["low"]) / 2 <= float(requests[0].partition(":")[2])
    again, rows, _ = check_forecast(SMOKE, tmp_path / "run", threads=2)
    assert again.paths == forecast.paths
    by = {row["what"]: row for row in rows}
    assert by["paths"]["actual"] == done.summary["paths"]
    assert by["memory"]["actual"] == done.summary["timing"]["peak_memory"] > 1e7
    assert 0.4 < by["disk"]["ratio"] < 2.5
    assert by[requests[0]]["actual"] == (cvar["high"] - cvar["low"]) / 2
    assert by[requests[0]]["ratio"] == pytest.approx(1.0, abs=0.1)
    said = call("check", SMOKE, "--against", tmp_path / "run", "--quiet", "--threads", 2)
    assert said.exit_code == 0, said.output
    assert [line.split()[0] for line in said.stdout.splitlines()[1:]] == [
        "ended", "paths", "time,", "memory,", "disk,", *(f"{text}," for text in requests),
    ]  # fmt: skip


def test_what_is_out_of_reach_is_said(job, pilot):
    forecast = forecast_from_pilot(job, StoppingCriteria(None, ("own.npv.mean:1e-9",)), LEVELS, pilot)
    assert (forecast.rule, forecast.measures[0].needed.expected) == ("paths", math.inf)
    forecast = forecast_from_pilot(job, StoppingCriteria(None, ("own.npv.mean:1e-9",), "+30s"), LEVELS, pilot)
    assert forecast.rule == "until"
    assert forecast.paths.expected == pytest.approx(30 * pilot.paths / pilot.seconds, rel=0.1)
    assert (
        forecast_from_pilot(job, StoppingCriteria(100_000, ("own.npv.mean:1e-9",)), LEVELS, pilot).paths.expected
        == 100_000
    )
    never = forecast_from_pilot(job, StoppingCriteria(None, ("own.npv.var99.999:1",), "+30s"), LEVELS, pilot)
    assert never.measures[0].half is None
    assert never.rule == "until"


def test_check_predicts_what_is_asked_for(pilot, monkeypatch):
    said = call("check", SMOKE, "--quiet", "--paths", 3000, "--threads", 1).stdout
    assert "A run of 3,000 paths, 1 thread, will take about" in said
    assert "from a pilot, 3,000 paths in" in said
    assert said.count("own.npv.") == 3
    assert forecast_run(make_job(freeze(load(SMOKE)), 2000, 1), StoppingCriteria(2000), LEVELS).pilot.paths == 2000
    monkeypatch.setattr(run_forecast, "run_pilot", lambda job, paths: pilot)
    arguments = ("check", SMOKE, "--quiet", "--precision", "own.npv.mean:1%", "--precision", "jv.npv.mean:1e-9")
    said = call(*arguments).stdout
    assert "own.npv.mean:1%" in said
    assert "out of reach: not within 1e12 paths" in said
    forecast = json.loads(call(*arguments, "--json", "--until", "+2s").stdout)["run"]
    assert forecast["rule"] == "until"
    assert forecast["pilot"]["paths"] == FIRST_LOOK
    assert [row["measure"] for row in forecast["measures"]] == ["own.npv.mean:1%", "jv.npv.mean:1e-9"]
    assert forecast["measures"][0]["half"]["low"] <= forecast["measures"][0]["half"]["high"]


def test_what_cannot_be_predicted_is_refused(tmp_path):
    said = call("check", SMOKE, "--precision", "own.npv.mean", "--quiet")
    assert (said.exit_code, "wanted PLAN.METRIC.MEASURE:HALFWIDTH" in said.stderr) == (2, True)
    said = call("check", SMOKE, "--until", "soon", "--paths", "none", "--quiet")
    assert said.exit_code == 2
    assert "--until: given soon" in said.stderr
    assert "--paths: given none" in said.stderr
    said = call("check", SMOKE, "--against", tmp_path, "--paths", 10, "--quiet")
    assert said.exit_code == 2
    assert "--paths: given with --against, which takes the run's own" in said.stderr
    assert "holds no finished run" in said.stderr
    run(tmp_path / "run", 1000)
    said = call("check", SMOKE, "--set", "seed=5", "--against", tmp_path / "run", "--quiet")
    assert (said.exit_code, "a run of another config" in said.stderr) == (2, True)
