"""Stress sets through the command line: what they change, where a stressed result says so, and what is refused.

False alarms: the one statistical comparison is of a bound at 5.2 standard errors, below 1e-6.
"""

from __future__ import annotations

import json
import math
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator import pipeline, report
from simulator.analyses.stress import stress
from simulator.cli.main import app
from simulator.config import freeze, load
from simulator.config.stress_files import find_set, find_sets, shipped_sets
from simulator.engine.interrupt import Stop
from simulator.engine.scenario_samples import figures
from simulator.engine.simulation import make_job
from simulator.errors import ConfigError
from simulator.finance.metrics import Metric
from simulator.report.stress_chart import draw_stress
from simulator.results.store import open_run
from simulator.risk.metric_spec import MeasureSpec
from simulator.risk.stress import StressComparison
from tests.smoke import FLAGSHIP, ROOT, SMOKE

NAMES = ("ai_winter", "independent", "paradigm_shift", "power_crunch", "rates_up", "scarcity_lasts")
PATHS = 2000


def call(*arguments):
    """The command in this process; the exit code, stdout and stderr."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def stressed(*names: str, config: Path = FLAGSHIP, overrides: tuple[str, ...] = ()) -> Any:
    """A config under stress."""
    return load(config, overrides, find_sets(names))


def written(folder: Path, text: str, name: str = "mine") -> Path:
    """A stress file."""
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


# The sets that ship


def test_the_shipped_sets_are_the_files_in_configs():
    folder = resources.files("simulator.config") / "templates" / "stress"
    assert shipped_sets() == NAMES == tuple(sorted(path.stem for path in (ROOT / "configs/stress").iterdir()))
    for name in NAMES:
        assert (ROOT / f"configs/stress/{name}.toml").read_bytes() == (folder / f"{name}.toml").read_bytes()
        stress_set = find_set(name)
        assert stress_set.title
        assert stress_set.description.endswith((".", "`."))


@pytest.mark.parametrize("config", [FLAGSHIP, SMOKE])
@pytest.mark.parametrize("name", NAMES)
def test_every_set_fits_every_shipped_config(config, name):
    assert stressed(name, config=config).stress == (name,)


def test_ai_winter():
    drivers = stressed("ai_winter").drivers
    assert (drivers.price.shock, drivers.arpu.elasticity) == (-0.7, 0.0)
    assert (drivers.silicon.shock_loss, drivers.silicon.shock_month) == (0.4, 36)  # .4: the mean of Beta(2, 3)
    base = load(FLAGSHIP).drivers.funding
    assert drivers.funding.spread0 == 2 * base.spread0
    for end in ("value", "low", "high"):
        assert getattr(drivers.funding.spread_mean, end) == 2 * getattr(base.spread_mean, end)


def test_power_crunch_and_paradigm_shift():
    crunch = stressed("power_crunch")
    assert (crunch.drivers.grid.score_shift, crunch.dependence.shift.price) == (1.5, 0.5)
    shift = stressed("paradigm_shift").drivers.silicon
    assert (shift.shock_loss, shift.shock_month) == (0.68, 36)


def test_rates_up_adds_two_points_to_whatever_rates_there_are():
    funding = stressed("rates_up", overrides=("drivers.funding.rate0=.05",)).drivers.funding
    assert funding.rate0 == pytest.approx(0.07)
    assert (funding.rate_mean.value, funding.rate_mean.low) == pytest.approx((0.0647, 0.055))
    assert stressed("scarcity_lasts").drivers.price.kappa == 0.3


def test_independent_drivers_share_nothing():
    config = stressed("independent", overrides=("dependence.correlation.arpu_rates=.3",))
    assert not any(config.dependence.correlation.model_dump().values())
    drivers = config.drivers
    loads = (drivers.silicon.factor_share, drivers.grid.national_share, drivers.arpu.factor_level)
    loads += (drivers.arpu.elasticity_factor_share, drivers.price.factor_level, drivers.price.arpu_correlation)
    assert not any((*loads, drivers.funding.rate_factor_level, drivers.funding.spread_factor_level))


def test_independent_worlds_are_independent(seed):
    """Correlations over worlds of what the drivers gave: within 5.2 / sqrt(n), where the base is far outside."""
    columns = ("eps", "price_mean", "funding_mean", "delay_mean")

    def apart(*sets: str) -> float:
        frozen = freeze(stressed(*sets, config=SMOKE))
        job = make_job(frozen, 20_000, 1, seed)
        rows = [column.row for column in job.columns if column.metric.name in columns]
        with Stop() as stop:
            drawn = figures(frozen.model, rows, job.seed, job.paths, stop)
        ranks = drawn.argsort(axis=1).argsort(axis=1).astype(float)
        return float(np.abs(np.corrcoef(ranks) - np.eye(len(rows))).max()) * math.sqrt(job.paths)

    assert apart("independent") < 5.2
    assert apart() > 10.0


# A stressed result is never mistaken for the base


@pytest.fixture(scope="module")
def winter(tmp_path_factory):
    """A run under stress, and what it printed."""
    folder = tmp_path_factory.mktemp("runs") / "winter"
    said = call("run", SMOKE, "--stress", "ai_winter", "--out", folder, "--paths", PATHS, "--set", "months=48")
    assert said.exit_code == 0, said.output
    return folder, said


def test_a_stressed_run_says_so_everywhere(winter):
    folder, said = winter
    done = open_run(folder)
    assert done.manifest["stress"] == done.summary["stress"] == ["ai_winter"]
    assert tomllib.loads(done.config)["stress"] == ["ai_winter"]
    assert "# --set months=48" in done.config
    assert "Under stress, not the base: ai_winter." in said.stdout
    assert f"simulator tornado {SMOKE} --set months=48 --stress ai_winter" in said.stdout
    page = (folder / "report.html").read_text()
    assert "<h1>Smoke test, under stress: ai_winter</h1>" in page
    assert "Under stress, not the base: ai_winter." in page


def test_the_config_of_a_stressed_run_gives_the_same_run_and_is_stressed(winter, tmp_path):
    folder, _ = winter
    again = pipeline.run(folder / "config.toml", tmp_path / "again", paths=PATHS, draw=False)
    assert again.summary["digest"] == open_run(folder).summary["digest"]
    assert again.manifest["stress"] == ["ai_winter"]


def test_a_set_is_applied_once(winter):
    folder, _ = winter
    said = call("check", folder / "config.toml", "--stress", "ai_winter")
    assert said.exit_code == 2
    assert said.stderr.startswith(
        "--stress ai_winter: given a set that the config contains already, wanted it once\n1 error"
    )


def test_the_base_says_nothing_of_stress(tmp_path):
    done = pipeline.run(SMOKE, tmp_path / "base", paths=64, draw=False)
    assert done.manifest["stress"] == done.summary["stress"] == []
    assert done.config == SMOKE.read_text()


def test_a_run_without_a_folder_is_named_after_its_stress(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sets = ("--stress", "rates_up", "--stress", "power_crunch")
    assert call("run", SMOKE, *sets, "--paths", 64, "--no-report", "--quiet").exit_code == 0
    assert [path.name.startswith("smoke-rates_up-power_crunch-") for path in (tmp_path / "runs").iterdir()] == [True]


def test_check_and_tornado_say_so(tmp_path):
    said = call("check", SMOKE, "--stress", "ai_winter", "--paths", 64, "--quiet")
    assert "under stress, not the base: ai_winter" in said.stdout
    assert "under stress" not in call("check", SMOKE, "--paths", 64, "--quiet").stdout
    said = call("tornado", SMOKE, "--stress", "rates_up", "--plan", "hybrid", "--paths", 64, "--measure", "mean",
                "--out", tmp_path, "--quiet")  # fmt: skip
    assert "under stress, not the base: rates_up" in said.stdout
    assert json.loads((tmp_path / "tornado.json").read_text())["stress"] == ["rates_up"]


# The comparison


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """`simulator stress` on two sets, one of which is a file, with what it left."""
    folder = tmp_path_factory.mktemp("stress")
    mine = written(folder, 'title = "Dear"\n[scale]\nprogramme.compute_cost = 1.5\n')
    said = call("stress", SMOKE, "--sets", f"power_crunch,{mine}", "--paths", PATHS, "--out", folder, "--quiet")
    assert said.exit_code == 0, said.output
    return folder, said.stdout, json.loads((folder / "stress.json").read_text())


def test_the_comparison_is_that_of_runs(compared, tmp_path):
    folder, _, result = compared
    assert [entry["name"] for entry in result["sets"]] == ["power_crunch", "mine"]
    runs = {
        name: pipeline.run(load(SMOKE, (), find_sets(sets)), tmp_path / name, paths=PATHS, draw=False).summary
        for name, sets in (("base", ()), ("power_crunch", ("power_crunch",)), ("mine", (str(folder / "mine.toml"),)))
    }
    for plan, base in result["base"].items():
        assert base["value"] == pytest.approx(runs["base"]["plans"][plan]["npv"]["cvar"]["0.95"]["value"], rel=2e-3)
        for entry in result["sets"]:
            under = entry["plans"][plan]
            value = runs[entry["name"]]["plans"][plan]["npv"]["cvar"]["0.95"]["value"]
            assert under["value"] == pytest.approx(value, rel=2e-3)
            assert under["change"]["value"] == pytest.approx(under["value"] - base["value"], abs=1e-9)
            assert under["change"]["low"] < under["change"]["value"] < under["change"]["high"]
    dear = result["sets"][1]["plans"]["own"]
    assert dear["change"]["low"] > 0.0
    assert dear["change"]["high"] - dear["change"]["low"] < dear["high"] - dear["low"]


def test_the_comparison_is_printed_and_drawn(compared):
    folder, said, result = compared
    assert result["sets"][1]["title"] == "Dear"
    assert result["sets"][1]["changes"] == [{"key": "programme.compute_cost", "scale": 1.5}]
    assert (folder / "figures/stress.png").read_bytes() == report.stress_figure(result)
    picture = draw_stress(result)
    assert "Note: fewer than 300 tail paths." in picture.caption
    assert picture.alt.count(" to ") == 3 * picture.alt.count(" from ") == 3 * 2 * len(result["base"])
    for text in ("CVaR 95 % of NPV, USD bn, under stress: 2,000 paths", "Plan hybrid", "power_crunch", "stress.png"):
        assert text in said
    assert max(map(len, said.partition("\nwritten")[0].splitlines())) <= 100


def test_a_report_shows_the_comparison_beside_it(compared, tmp_path):
    pipeline.run(SMOKE, tmp_path / "run", paths=256, draw=False)
    (tmp_path / "run/stress.json").write_bytes((compared[0] / "stress.json").read_bytes())
    assert call("report", tmp_path / "run").exit_code == 0
    assert "by plan and stress set" in (tmp_path / "run/report.html").read_text()
    (tmp_path / "run/stress.json").write_text("[]")
    said = call("report", tmp_path / "run")
    assert said.exit_code == 1
    assert "stress.json: given something else, wanted a JSON object; run the stress again" in said.stderr


def test_a_set_that_changes_nothing_changes_nothing(tmp_path):
    same = written(tmp_path, '[set]\ntitle = "Other"\n[add]\ndrivers.price.shock = 0\n')
    said = call("stress", SMOKE, "--sets", same, "--metric", "npv < 0", "--measure", "probability", "--paths", PATHS,
                "--json", "--quiet")  # fmt: skip
    (entry,) = json.loads(said.stdout)["sets"]
    for under in entry["plans"].values():
        none = 3.8415 / (PATHS + 3.8415)  # no path changes: up to 3.84 of n might
        assert under["change"] == pytest.approx({"value": 0.0, "low": -none, "high": none}, rel=1e-4)


def test_all_sets_are_compared_where_none_is_named():
    result = stress(SMOKE, metric="price_m12", measure="mean", paths=500)
    assert [entry["name"] for entry in result["sets"]] == list(NAMES)
    assert list(result["base"]) == ["world"]
    moved = {entry["name"]: entry["plans"]["world"]["change"] for entry in result["sets"]}
    assert moved["ai_winter"]["high"] < 0.0 < moved["scarcity_lasts"]["low"]
    assert moved["rates_up"]["value"] == moved["paradigm_shift"]["value"] == 0.0


NPV = Metric("npv", "amount", "USD bn", "low", False, "Net present value")
RATIO = Metric("dscr_min", "ratio", "", "low", True, "DSCR")


def test_changes_are_paired():
    x = np.random.default_rng(1).standard_normal(20_000)
    held = StressComparison({"own": x}, NPV, MeasureSpec("cvar", 0.95))
    sure = held.stressed_figures({"own": x - 3.0})["own"]["change"]
    assert (sure["value"], sure["low"], sure["high"]) == pytest.approx((3.0, 3.0, 3.0), abs=1e-9)
    wider = held.stressed_figures({"own": 1.1 * x})["own"]
    assert wider["change"]["value"] == pytest.approx(0.1 * held.base_figures()["own"]["value"])
    assert wider["change"]["high"] - wider["change"]["low"] < 0.2 * (wider["high"] - wider["low"])


def test_figures_that_cannot_be_trusted_have_no_change():
    x = np.random.default_rng(2).standard_normal(400)
    few = StressComparison({"own": x}, NPV, MeasureSpec("cvar", 0.95)).stressed_figures({"own": x + 1.0})["own"]
    assert few["change"] == {"value": None, "low": None, "high": None, "note": "too few tail paths"}
    nowhere = StressComparison({"own": x}, RATIO, MeasureSpec("mean")).stressed_figures({"own": np.full(400, np.nan)})[
        "own"
    ]
    assert nowhere["change"]["value"] is None
    assert nowhere["change"]["note"] == "undefined on every path"
    alone = StressComparison({"own": x[:1]}, NPV, MeasureSpec("mean")).stressed_figures({"own": x[1:2]})["own"]
    assert (alone["change"]["value"], alone["change"]["note"]) == (x[1] - x[0], "one path only")


# Mistakes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "mine.toml:1: given an empty file, wanted a stress set"),
        ("title = 'x'", "mine.toml:1: given no change, wanted a key in set, scale or add"),
        ("[set", "mine.toml:1: not valid TOML: "),
        ("title = 3\n[set]\nmonths = 60", "mine.toml:1: title: given 3, wanted a text"),
        ("\nfoo = 2", "mine.toml:2: foo: unknown key, wanted title, description, set, scale or add"),
        ("set = 2", "mine.toml:1: set: given 2, wanted a table of keys"),
        ("[scale]\ndrivers.price.spot0 = 'x'", 'mine.toml:2: scale.drivers.price.spot0: given "x", wanted a number'),
        ("[scale]\nmonths = -1", "mine.toml:2: scale.months: given -1, wanted a factor above 0"),
        ("[add]\nmonths = inf", "mine.toml:2: add.months: given inf, wanted a number"),
        ("[set]\ndrivers.price.sigmaa = 1", "mine.toml:2: set.drivers.price.sigmaa: unknown key, did you mean sigma?"),
        ("[add]\ndrivers.price.sigmaa = 1", "mine.toml:2: add.drivers.price.sigmaa: unknown key, did you mean sigma?"),
        ("[set]\nplans.jvv.refit = 1", 'mine.toml:2: set.plans.jvv.refit: unknown plan "jvv", did you mean jv?'),
        (
            "\n[set.drivers.price]\nspot0 = -4",
            "mine.toml:3: set.drivers.price.spot0: given -4, wanted a number above 0",
        ),
        (
            "[set]\n'sites[2].planned' = 1",
            "mine.toml:2: set.sites[2].planned: given 1, wanted a month after start (3)",
        ),
        (
            "[scale]\nplans.own.refit = 10",
            "mine.toml:2: scale.plans.own.refit: given 4, wanted a number from 0 to 1",
        ),
        (
            "[scale]\ndrivers.silicon.gap = 2",
            "mine.toml:2: scale.drivers.silicon.gap: given 2 for a key that holds a table, wanted one that holds a "
            "number, or set",
        ),
        (
            "[set]\ndrivers.price.shock = 1\n[scale]\ndrivers.price.shock = 2",
            "mine.toml:4: scale.drivers.price.shock: given 2, but mine.toml:2: set.drivers.price.shock changes the "
            "same key, wanted one of the two",
        ),
    ],
)
def test_mistakes_in_a_set_name_its_line(tmp_path, monkeypatch, text, says):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, text)
    said = call("check", SMOKE, "--stress", "mine.toml", "--quiet")
    assert said.exit_code == 2
    assert said.stderr.startswith(says), said.stderr
    assert said.stderr.endswith("1 error, nothing was run.\n")


def test_two_sets_that_set_one_key_are_refused(tmp_path):
    mine = written(tmp_path, "[set]\ndrivers.price.shock = 1\n")
    with pytest.raises(ConfigError) as caught:
        stressed("ai_winter", str(mine))
    (text,) = caught.value.mistakes
    assert text.startswith(f"{mine}:2: set.drivers.price.shock: given 1, but stress/ai_winter.toml:")


def test_factors_of_two_sets_multiply(tmp_path):
    mine = written(tmp_path, "[scale]\ndrivers.funding.spread0 = 1.5\nplans.own.refit = 0.5\n'sites[0].mw' = 2\n")
    config = stressed("ai_winter", str(mine), config=SMOKE)
    assert config.stress == ("ai_winter", "mine")
    assert config.drivers.funding.spread0 == pytest.approx(3 * 0.0091)
    assert (config.plans["own"].refit, config.sites[0].mw) == (0.2, 200)
    assert load(SMOKE).plans["own"].refit == 0.4


@pytest.mark.parametrize("verb", ["run", "check", "tornado", "stress"])
def test_unknown_sets_list_the_known(verb):
    option = "--sets" if verb == "stress" else "--stress"
    said = call(verb, SMOKE, option, "ai_wintr", option, "flood", option, "no/Such.toml")
    assert said.exit_code == 2
    assert said.stderr.splitlines()[:2] == [
        "--stress: given ai_wintr, did you mean ai_winter?",
        f"--stress: given flood, wanted one of {', '.join(NAMES)} or a .toml file",
    ]
    assert "wanted a file named with a-z, 0-9 and _" in said.stderr
