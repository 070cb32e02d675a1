"""From a config to a run folder, with the real kernel and the shipped smoke programme."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import simulator
from simulator import kernel, pipeline, report
from simulator.analyses import tornado
from simulator.config import config_hash, freeze, load
from simulator.config.toml_writer import toml
from simulator.engine import cost_forecast, progress, session, simulation, thread_pool, warmup
from simulator.engine.interrupt import Stop
from simulator.engine.scenario_samples import figure, figures, only_plan
from simulator.errors import ConfigError, Interrupted, RunError
from simulator.model import Model
from simulator.results.digest import rows_hash, run_digest
from simulator.results.sample import SampleWriter
from simulator.results.sizes import TASK_PATHS
from simulator.results.store import RunFolder
from simulator.results.tree import tree_hash
from tests.smoke import SMOKE

PATHS = 3000


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run of the smoke programme, with its report."""
    return pipeline.run(SMOKE, tmp_path_factory.mktemp("runs") / "smoke", paths=PATHS, threads=2)


@pytest.fixture(scope="module")
def frozen():
    return freeze(load(SMOKE))


def job_of(frozen, paths, threads=1, seed=1):
    return simulation.make_job(frozen, paths, threads, seed)


def test_a_run_leaves_a_folder_that_can_be_read_back(done):
    held = {path.name for path in done.path.iterdir()}
    assert held >= {"manifest.json", "config.toml", "model.npz", "summary.json", "sample.parquet", "tail.parquet"}
    assert held >= {"series.parquet", "report.html", "figures"}
    summary = done.summary
    assert (summary["paths"], summary["seed"], summary["sampler"]) == (PATHS, 1, "philox")
    assert summary["stop"] == {"rule": "paths", "asked": PATHS, "reached": PATHS}
    assert summary["digest"] == done.manifest["digest"]
    assert summary["timing"]["paths_per_s"] > 0
    assert {"npv", "irr"} <= set(summary["plans"]["own"])


def test_the_config_is_kept_word_for_word_and_the_model_bit_for_bit(done, frozen):
    assert done.config == SMOKE.read_text()
    assert tree_hash(done.model(Model)) == done.manifest["model_sha256"] == tree_hash(frozen.model)


def test_a_config_edited_during_its_run_is_kept_as_it_was_run(tmp_path, monkeypatch):
    config = tmp_path / "my.toml"
    config.write_text(SMOKE.read_text())
    fan = pipeline.trace.fan

    def edited(*arguments):
        config.write_text("months = 1")
        return fan(*arguments)

    monkeypatch.setattr(pipeline.trace, "fan", edited)
    run = pipeline.run(config, tmp_path / "run", paths=64, threads=1, draw=False)
    assert run.config == SMOKE.read_text()


def test_two_runs_into_one_folder_leave_the_first_alone(tmp_path, monkeypatch):
    warm, refused = session.warm_up, []

    def second(*arguments):
        with pytest.raises(ConfigError, match="another run is writing to") as error:
            pipeline.run(SMOKE, tmp_path / "run", paths=64, seed=2, threads=1, draw=False)
        refused.append(error)
        return warm(*arguments)

    monkeypatch.setattr(session, "warm_up", second)
    run = pipeline.run(SMOKE, tmp_path / "run", paths=64, threads=1, draw=False)
    assert refused
    assert run.summary["seed"] == run.manifest["seed"] == 1


def test_a_report_that_cannot_be_drawn_leaves_the_run(tmp_path, monkeypatch):
    def fail(_):
        raise RunError("figures/npv.png: could not be written (No space left on device)")

    monkeypatch.setattr(report, "build", fail)
    with pytest.raises(RunError, match=r"No space left.*\nThe run is complete without its report; simulator report "):
        pipeline.run(SMOKE, tmp_path / "run", paths=64, threads=1)
    assert pipeline.open_run(tmp_path / "run").summary["paths"] == 64


def test_more_threads_than_tasks_take_no_memory(frozen, monkeypatch):
    made = []
    make = thread_pool.BlockSimulator
    monkeypatch.setattr(thread_pool, "BlockSimulator", lambda model: made.append(model) or make(model))
    assert (
        len(
            list(
                thread_pool.simulate_tasks(
                    frozen.model, 1, thread_pool.split_tasks(300), 64, lambda first, figures: None
                )
            )
        )
        == 1
    )
    assert len(made) == 1


def test_a_changed_config_is_kept_as_it_was_run(tmp_path):
    overrides = ["drivers.price.spot0=20", "sites.second.mw=450", 'title="Ti\\"tle"', "months=24"]
    run = pipeline.run(SMOKE, tmp_path / "run", overrides=overrides, paths=100, threads=1, draw=False)
    assert config_hash(load(run.path / "config.toml")) == config_hash(load(SMOKE, overrides))
    assert "# --set drivers.price.spot0=20" in run.config


def test_a_config_made_in_python_runs_as_well(tmp_path):
    run = pipeline.run(load(SMOKE), tmp_path / "run", paths=64, threads=1, draw=False)
    assert config_hash(load(run.path / "config.toml")) == config_hash(load(SMOKE))


@pytest.mark.parametrize(
    "tree", [{}, {"a": 1, "b": {"c": {}}, "d": [{"e": [True, 1.5, "x\n"]}], "f g": {"h": {"i": {"j": 2}}}}]
)
def test_trees_are_written_as_toml(tree):
    import tomllib

    assert tomllib.loads(toml(tree)) == tree


def digest(job, folder, order=list):
    """Digest of a simulation whose tasks come in another order."""
    tallies = simulation.empty_tallies(job, simulation.simulate_canary(job))
    with SampleWriter(RunFolder.create(folder), job.columns, limit=2 * TASK_PATHS) as sample:
        work = order(thread_pool.split_tasks(job.paths))

        def take(first, figures):
            tallies.record(first, figures)
            sample.record(first, figures)

        list(thread_pool.simulate_tasks(job.model, job.seed, iter(work), job.threads, take))
        return run_digest(tallies, sample.close())


def test_any_number_of_threads_and_any_order_give_the_same_bits(frozen, tmp_path):
    paths = 2 * TASK_PATHS + 1500
    single = digest(job_of(frozen, paths, threads=1), tmp_path / "one")
    assert digest(job_of(frozen, paths, threads=3), tmp_path / "three") == single
    last_first = lambda tasks: list(tasks)[::-1]  # noqa: E731
    assert digest(job_of(frozen, paths, threads=2), tmp_path / "back", last_first) == single
    assert digest(job_of(frozen, paths, seed=2), tmp_path / "seed") != single
    assert digest(job_of(frozen, paths - 1), tmp_path / "fewer") != single


def test_a_shorter_run_is_the_beginning_of_a_longer_one(done, tmp_path):
    short = pipeline.run(SMOKE, tmp_path / "short", paths=700, threads=1, draw=False).sample()
    for name, values in done.sample().items():
        np.testing.assert_array_equal(values[:700], short[name], err_msg=name)


def test_the_canary_is_the_first_256_paths(done, tmp_path):
    sample = done.sample()
    names = [name for name in sample if name != "path"]
    rows = np.array([sample[name][:256] for name in names], dtype=float)
    assert done.manifest["canary_sha256"] == rows_hash(names, rows)
    tiny = pipeline.run(SMOKE, tmp_path / "tiny", paths=5, threads=1, draw=False)
    assert tiny.manifest["canary_sha256"] == done.manifest["canary_sha256"]


def test_the_tail_holds_the_worst_paths_with_the_bits_they_had(done):
    sample, tail = done.sample(), done.tail()
    assert np.all(np.diff(tail["path"]) > 0)
    worst = np.argsort(sample["own.npv"], kind="stable")[:1000]
    assert set(worst) <= set(tail["path"])
    for name in sample:
        np.testing.assert_array_equal(tail[name], sample[name][tail["path"]], err_msg=name)


def test_worst_paths_beyond_the_sample_are_simulated_once_more(frozen, done, monkeypatch):
    """With a sample of 1,000 paths only, the tail has the bits it had, but for what is computed for a sample alone."""
    monkeypatch.setattr(simulation, "SAMPLE_PATHS", 1000)
    job = job_of(frozen, PATHS)
    tallies = simulation.empty_tallies(job, simulation.simulate_canary(job))
    simulation.simulate(job, tallies, None, progress.Silent())
    sample, tail = done.sample(), done.tail()
    paths, figures = simulation.find_worst(job, tallies, lambda name: sample[name][:1000])
    np.testing.assert_array_equal(paths, tail["path"])
    for column in job.columns:
        np.testing.assert_array_equal(figures[column.row], tail[column.name], err_msg=column.name)


def test_series_are_the_quantiles_of_the_paths(done):
    sample, series = done.sample(["world.price_m12"]), done.series()
    row = (series["series"] == "world.price") & (series["month"] == 11)
    ordered = np.sort(sample["world.price_m12"])
    for name, share in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95)):
        assert series[name][row][0] == pytest.approx(ordered[int(np.ceil(share * PATHS)) - 1], rel=1e-6)
    assert series["mean"][row][0] == pytest.approx(ordered.mean(), rel=1e-6)


def test_a_folder_that_holds_a_run_is_refused(done):
    with pytest.raises(ConfigError, match="holds a run"):
        pipeline.run(SMOKE, done.path, paths=10)


def test_a_run_folder_is_named_after_config_time_and_seed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = pipeline.run(SMOKE, paths=10, threads=1, seed=77, draw=False)
    assert re.fullmatch(r"runs/smoke-\d{8}T\d{6}Z-s77", run.path.as_posix())
    assert run.summary["seed"] == 77


def poisoned(row, path, value):
    """The kernel, but for one figure of one path."""

    def simulate(model, seed, paths, work, out, kept):
        kernel.simulate(model, seed, paths, work, out, kept)
        out[row, paths == path] = value
        return kernel.DONE

    return SimpleNamespace(**{**vars(kernel), "simulate": simulate})


@pytest.mark.parametrize(("name", "value"), [("own.npv", np.nan), ("own.dscr_min", np.inf), ("own.llcr", np.inf)])
def test_a_number_that_cannot_be_stops_the_run_and_names_the_path(frozen, monkeypatch, tmp_path, name, value):
    """With a tally or without one, undefined or infinite; nothing of the run is left behind."""
    row = {column.name: column.row for column in job_of(frozen, 1).columns}[name]
    monkeypatch.setattr(thread_pool, "kernel", poisoned(row, 2000, value))
    with pytest.raises(RunError, match=rf"path 2000: {name} is {value}.*seed 1"):
        pipeline.run(SMOKE, tmp_path / "run", paths=3000, threads=2)
    assert not (tmp_path / "run").exists()


def test_a_tornado_moves_what_must_move_and_nothing_else():
    result = tornado.tornado(SMOKE, "npv", "mean", paths=2000, threads=2)
    bars = {bar["input"]: bar for bar in result["bars"]}
    assert list(result) == [
        "config",
        "stress",
        "metric",
        "plan",
        "measure",
        "unit",
        "kind",
        "base",
        "paths",
        "seed",
        "bars",
    ]
    assert bars["drivers.arpu.elasticity"]["delta_high"] > 0 > bars["drivers.arpu.elasticity"]["delta_low"]
    assert bars["programme.cost_multiplier"]["delta_high"] < 0 < bars["programme.cost_multiplier"]["delta_low"]
    idle = bars["drivers.funding.rate_mean"]
    assert (idle["delta_low"], idle["delta_high"], idle["stderr_low"]) == (0, 0, 0)
    widths = [abs(bar["delta_high"] - bar["delta_low"]) for bar in result["bars"]]
    assert widths == sorted(widths, reverse=True)


def test_a_tornado_is_the_same_on_any_number_of_threads_and_ends_at_a_signal(monkeypatch):
    single, three = (tornado.tornado(SMOKE, "npv", "cvar95", paths=1000, threads=threads) for threads in (1, 3))
    assert single == three

    class Signalling(progress.Silent):
        def advance(self, count):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(tornado, "meter", lambda *_, **__: Signalling())
    with pytest.raises(Interrupted, match="nothing is kept"):
        tornado.tornado(SMOKE, paths=1000, threads=2)


def test_an_end_of_a_bar_is_the_run_with_that_value(done):
    result = tornado.tornado(SMOKE, "npv < 0", "probability", paths=PATHS, threads=1)
    bar = next(bar for bar in result["bars"] if bar["input"] == "drivers.arpu.elasticity")
    held = [f"drivers.arpu.elasticity={bar['high']!r}"]
    model = freeze(load(SMOKE, held))
    npv = next(column.row for column in job_of(model, 1).columns if column.name == "own.npv")
    again = float((figure(model.model, npv, 1, PATHS, Stop()) < 0).mean())
    assert result["base"] == done.summary["plans"]["own"]["npv"]["probability"]["npv < 0"]
    assert result["base"]["value"] + bar["delta_high"] == pytest.approx(again)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"plan": "owm"}, "--plan: given owm, wanted one of own"),
        ({"metric": "npw"}, "--metric: given npw, did you mean npv"),
        ({"metric": "npv < 0", "measure": "cvar95"}, "no amount"),
    ],
)
def test_a_tornado_of_nothing_is_refused(options, says):
    with pytest.raises(ConfigError, match=says):
        tornado.tornado(SMOKE, **options)


def test_one_plan_of_several_has_the_figures_it_has_among_them(frozen):
    """Each plan of the config alone gives its own rows, bit for bit."""
    world, own = len(frozen.world), len(frozen.plan)
    assert len(frozen.plans) > 1
    with Stop() as stop:
        every = figures(frozen.model, range(world + own * len(frozen.plans)), 3, 200, stop)
        for k, rows in enumerate(np.split(every[world:], len(frozen.plans))):
            alone = figures(only_plan(frozen.model, k), range(world + own), 3, 200, stop)
            np.testing.assert_array_equal(alone[world:], rows)


def test_a_forecast_is_of_the_right_size(frozen, done):
    expected = cost_forecast.forecast_cost(job_of(frozen, PATHS, threads=2))
    assert expected.seconds == pytest.approx(PATHS / expected.paths_per_s)
    written = sum(path.stat().st_size for path in done.path.glob("*.*"))
    assert written / 3 < expected.disk < 3 * written
    assert 5e7 < expected.memory < 4e9


def test_the_kernel_is_not_cold_once_it_ran(done):
    assert not warmup.is_cold()


def test_the_package_is_light_until_something_is_asked_for():
    heavy = ["numpy", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "pydantic", "typer"]
    code = f"import sys, simulator; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_public_names_are_there():
    assert all(getattr(simulator, name) is not None for name in simulator.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = simulator.nothing
